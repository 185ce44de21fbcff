using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>How startall and stopall hand over to pgpoollab.</summary>
public sealed class HandOverTests : ScriptBench
{
    private string Made => _outer["its program's/pgpoollab"];

    public HandOverTests()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Made)!);
        Fakes(Made, "made it");
        // The test's own machine may have a pgpoollab on PATH.
        Exports("PATH", "/nonexistent:/usr/bin:/bin");
    }

    /// <summary>A program that says what it was called with.</summary>
    private static void Fakes(string path, string name) =>
        Script(path, $"#!/bin/sh\nprintf '{name}'; printf ' <%s>' \"$@\"; echo\nexit 42\n");

    private async Task<CommandResult> HandOverAsync(
        string script,
        string[] arguments,
        ScriptProgram? program = null,
        PgpoolNode? pgpool = null,
        string? template = null
    )
    {
        var renderer = new ConfigRenderer(new TemplateStore(), "1.2.3") { Program = program ?? new(Made, null, 0) };
        var folder = pgpool?.Folder ?? _lab.Root;
        Directory.CreateDirectory(folder);
        Script($"{folder}/{script}", renderer.Render($"scripts/{template ?? script}", _lab, pgpool));
        return await HostRunAsync(new CommandSpec($"{folder}/{script}", arguments) { WorkingDirectory = _lab.Root });
    }

    [Theory]
    [InlineData("startall")]
    [InlineData("stopall")]
    [InlineData("shutdownall")]
    public async Task The_program_that_made_the_lab_is_called_and_its_exit_code_is_the_scripts(string script)
    {
        var command = script == "startall" ? "startall" : "stopall";
        foreach (
            var arguments in (string[][])
                [
                    [],
                    ["nodes"],
                    ["pgpool"],
                    ["what ever"],
                ]
        )
        {
            var result = await HandOverAsync(script, arguments);
            Assert.Equal(
                (
                    42,
                    $"made it <{command}> <--lab> <{_lab.Root}>{string.Concat(arguments.Select(a => $" <{a}>"))}\n",
                    ""
                ),
                (result.ExitCode, result.Output, result.Error)
            );
        }
    }

    [Fact]
    public async Task It_becomes_the_program_with_all_that_its_caller_exports()
    {
        Exports("DOTNET_ROOT_OF_MINE", "/opt/net");
        Script(Made, "#!/bin/sh\necho $$ $DOTNET_ROOT_OF_MINE\n");
        await HandOverAsync("startall", []);
        var result = await HostRunAsync(
            new CommandSpec("/bin/sh", "-c", "echo $$; exec \"$1\"", "sh", $"{_lab.Root}/startall")
        );
        var lines = result.Output.Split('\n');
        Assert.Equal($"{lines[0]} /opt/net", lines[1]);
    }

    [Fact]
    public async Task Dotnet_is_called_with_the_programs_library()
    {
        var library = _outer["its program's/pgpoollab.dll"];
        File.WriteAllText(library, "code");
        var result = await HandOverAsync("startall", ["nodes"], new ScriptProgram(Made, library));
        Assert.Equal($"made it <{library}> <startall> <--lab> <{_lab.Root}> <nodes>\n", result.Output);
    }

    [Fact]
    public async Task Each_folder_of_a_watchdog_is_about_its_own_servers()
    {
        _lab = Labs.Fixed(root: _lab.Root, pgpools: 2) with { Owner = Labs.Me };
        foreach (
            var (pgpool, argument, parts) in (IEnumerable<(int, string?, string?)>)
                [
                    (0, null, " <nodes> <pgpool0>"),
                    (0, "nodes", " <nodes>"),
                    (0, "pgpool", " <pgpool0>"),
                    (1, null, " <pgpool1>"),
                    (1, "pgpool", " <pgpool1>"),
                    (1, "nodes", null),
                    (1, "what", " <pgpool1> <what>"),
                    (0, "--json", " <nodes> <pgpool0> <--json>"),
                    (1, "--dry-run", " <pgpool1> <--dry-run>"),
                    (1, "pgpool --dry-run", " <pgpool1> <--dry-run>"),
                    (1, "--dry-run pgpool", " <--dry-run> <pgpool1>"),
                    (0, "nodes --dry-run", " <nodes> <--dry-run>"),
                    (0, "nodes pgpool", " <nodes> <pgpool0>"),
                    (1, "nodes pgpool", " <pgpool1>"),
                    (1, "pgpool nodes", " <pgpool1>"),
                    (1, "nodes --json", null),
                    (1, "--json pgpool0", " <--json> <pgpool0>"),
                ]
        )
        {
            foreach (var script in (string[])["startall", "stopall"])
            {
                var result = await HandOverAsync(
                    script,
                    argument is null ? [] : argument.Split(' '),
                    pgpool: _lab.Pgpools[pgpool]
                );
                Assert.Equal(
                    parts is null ? (0, "") : (42, $"made it <{script}> <--lab> <{_lab.Root}>{parts}\n"),
                    (result.ExitCode, result.Output)
                );
            }
        }

        var whole = await HandOverAsync("startall", [], template: "watchdog_startall");
        Assert.Equal($"made it <startall> <--lab> <{_lab.Root}>\n", whole.Output);
    }

    [Fact]
    public async Task A_program_on_PATH_takes_the_place_of_one_that_is_gone()
    {
        File.Delete(Made);
        Directory.CreateDirectory(_outer["bin"]);
        Fakes(_outer["bin/pgpoollab"], "on PATH");
        Exports("PATH", $"{_outer["bin"]}:/usr/bin:/bin");
        Assert.Equal($"on PATH <stopall> <--lab> <{_lab.Root}>\n", (await HandOverAsync("stopall", [])).Output);
    }

    /// <summary>Someone may have put it into the place of one that was deleted, in /tmp for example.</summary>
    [Theory]
    [InlineData("nothing")]
    [InlineData("a folder")]
    [InlineData("no program")]
    [InlineData("a file that everybody can write")]
    [InlineData("a file of somebody else")]
    [InlineData("in a relative folder of PATH")]
    [InlineData("an empty file")]
    [InlineData("a file that another group can write")]
    [InlineData("in a folder that everybody can write in")]
    [InlineData("in a folder of somebody else")]
    [InlineData("a folder above it that everybody can write in")]
    [InlineData("a link in a folder that everybody can write in")]
    [InlineData("a link by way of a folder that everybody can write in")]
    [InlineData("a link of somebody else")]
    [InlineData("a library in a folder that everybody can write in")]
    [InlineData("find fails")]
    public async Task What_is_not_the_program_is_not_run_and_plain_lines_take_its_place(string what)
    {
        const UnixFileMode everybody = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
        var (folder, changed, library) = (Path.GetDirectoryName(Made)!, (string?)null, (string?)null);
        switch (what)
        {
            case "an empty file":
                File.WriteAllText(Made, "");
                break;
            case "a file that another group can write":
                Assert.SkipUnless(Identity.IsRoot, "Only root can give files to any group.");
                await HostRunAsync(new CommandSpec("chgrp", "12345", Made));
                File.SetUnixFileMode(Made, File.GetUnixFileMode(Made) | UnixFileMode.GroupWrite);
                changed = Made;
                break;
            case "in a folder that everybody can write in":
                File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | everybody);
                changed = folder;
                break;
            case "in a folder of somebody else":
                Assert.SkipUnless(Identity.IsRoot, "Only root can give files away.");
                await HostRunAsync(new CommandSpec("chown", "12345", folder));
                changed = folder;
                break;
            case "a folder above it that everybody can write in":
                File.SetUnixFileMode(_outer.Path, File.GetUnixFileMode(_outer.Path) | everybody);
                changed = _outer.Path;
                break;
            case "a link in a folder that everybody can write in":
                File.Move(Made, _outer["moved"]);
                File.CreateSymbolicLink(Made, "../moved");
                goto case "in a folder that everybody can write in";
            case "a link by way of a folder that everybody can write in":
                // Neither the path as it is written nor the one it comes to in the end has that folder.
                File.Move(Made, _outer["moved"]);
                changed = Directory.CreateDirectory(_outer["open"]).FullName;
                File.SetUnixFileMode(changed, File.GetUnixFileMode(changed) | everybody);
                File.CreateSymbolicLink(_outer["open/link"], _outer["moved"]);
                File.CreateSymbolicLink(Made, _outer["open/link"]);
                break;
            case "a link of somebody else":
                Assert.SkipUnless(Identity.IsRoot, "Only root can give files away.");
                File.Move(Made, _outer["moved"]);
                File.CreateSymbolicLink(Made, _outer["moved"]);
                await HostRunAsync(new CommandSpec("chown", "-h", "12345", Made));
                changed = Made;
                break;
            case "a library in a folder that everybody can write in":
                changed = Directory.CreateDirectory(_outer["open"]).FullName;
                File.SetUnixFileMode(changed, File.GetUnixFileMode(changed) | everybody);
                File.WriteAllText(library = _outer["open/pgpoollab.dll"], "code");
                break;
            case "find fails":
                Directory.CreateDirectory(_outer["bin"]);
                Script(_outer["bin/find"], "#!/bin/sh\nexit 1\n");
                Exports("PATH", $"{_outer["bin"]}:/usr/bin:/bin");
                break;
            case "nothing":
                File.Delete(Made);
                break;
            case "a folder":
                File.Delete(Made);
                Directory.CreateDirectory(Made);
                break;
            case "no program":
                File.SetUnixFileMode(Made, UnixFileMode.UserRead);
                break;
            case "a file that everybody can write":
                File.SetUnixFileMode(Made, File.GetUnixFileMode(Made) | UnixFileMode.OtherWrite);
                changed = Made;
                break;
            case "a file of somebody else":
                Assert.SkipUnless(Identity.IsRoot, "Only root can give files away.");
                await HostRunAsync(new CommandSpec("chown", "12345", Made));
                changed = Made;
                break;
            default:
                File.Move(Made, $"{_lab.Root}/pgpoollab");
                Exports("PATH", ".::/usr/bin:/bin");
                break;
        }

        var why =
            changed is not null ? $"{library ?? Made} is not run, for others may have changed {changed}"
            : what == "find fails" ? $"{Made} is not run, for find cannot say whose {Made} is"
            : "there is no pgpoollab here";
        var result = await HandOverAsync("stopall", [], new ScriptProgram(Made, library, 0));
        Assert.Equal(
            (
                0,
                "Pgpool-II: is not running\nnode 0: is not running\nnode 1: is not running\nnode 2: is not running\n",
                $"stopall: {why}: using pg_ctl and pgpool as they are\n"
            ),
            (result.ExitCode, result.Output, result.Error)
        );
    }

    [Fact]
    public async Task A_file_of_who_had_it_when_the_lab_was_made_is_the_program()
    {
        Assert.SkipUnless(Identity.IsRoot, "Only root can give files away.");
        await HostRunAsync(new CommandSpec("chown", "12345", Made));
        Assert.Equal(42, (await HandOverAsync("stopall", [], new ScriptProgram(Made, null, 12345))).ExitCode);
    }

    [Fact]
    public async Task A_program_is_run_by_way_of_links_of_its_owners_through_folders_nobody_else_can_change()
    {
        var folder = Path.GetDirectoryName(Made)!;
        // What lies in a sticky folder only its owner can rename; a group of one's own is nobody else.
        File.SetUnixFileMode(_outer.Path, (UnixFileMode)Convert.ToInt32("1777", 8));
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupWrite);
        File.SetUnixFileMode(Made, File.GetUnixFileMode(Made) | UnixFileMode.GroupWrite);
        File.CreateSymbolicLink(_outer["link"], Path.GetFileName(folder));
        File.CreateSymbolicLink(_outer["program"], "./link/../link/pgpoollab");
        var result = await HandOverAsync("stopall", [], new ScriptProgram(_outer["program"], null, 0));
        Assert.Equal((42, ""), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("--dry-run")]
    [InlineData("--help")]
    [InlineData("pgpool1")]
    [InlineData("nodes", "pgpool")]
    public async Task Without_pgpoollab_nothing_is_started_or_stopped_for_what_only_pgpoollab_knows(
        params string[] arguments
    )
    {
        FakePgCtl();
        File.Delete(Made);
        foreach (var script in (string[])["startall", "stopall", "shutdownall"])
        {
            foreach (
                var plain in (string[][])
                    [
                        [],
                        ["--plain"],
                    ]
            )
            {
                var result = await HandOverAsync(script, [.. plain, .. arguments]);
                Assert.Equal((2, ""), (result.ExitCode, result.Output));
                Assert.EndsWith(
                    $"{script}: without pgpoollab it takes 'nodes' or 'pgpool' or nothing, not: "
                        + $"{string.Join(' ', arguments)}\n",
                    result.Error,
                    StringComparison.Ordinal
                );
            }
        }

        Assert.Empty(Calls("pg_ctl"));
    }

    /// <summary>util-linux takes what follows the user's name for its own options up to <c>--</c>; others hand that on,
    /// too.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_runuser_root_goes_on_by_su_with_all_arguments(bool takesDashes)
    {
        Assert.SkipUnless(Identity.IsRoot, "Only root goes on as somebody else.");
        OnlyPrograms("id", "find", "readlink", "basename", "sed", "printf", "env", "sh");
        Program(
            "su",
            $$"""
            user=$1 command=$3; shift 3
            [ {{(takesDashes ? 1 : 0)}} = 0 ] || [ "$1" != -- ] || shift
            exec /bin/sh -c "$(printf %s "$command" | sed 's,/bin/sh,printf "<%s>" "$USER",')" "$@"
            """
        );
        _lab = _lab with { Owner = "daemon" };
        var result = await HandOverAsync("stopall", ["--plain", "nodes"]);
        Assert.Equal($"<daemon><{_lab.Root}/stopall><--plain><nodes>", result.Output);
    }

    [Theory]
    [InlineData("startall")]
    [InlineData("stopall")]
    public async Task Who_wants_the_plain_lines_has_them(string script)
    {
        FakePgCtl();
        var result = await HandOverAsync(script, ["--plain", "nodes"]);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.StartsWith("node 0: ", result.Output, StringComparison.Ordinal);
    }
}
