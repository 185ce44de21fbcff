using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>How startall and stopall hand over to pgpoollab.</summary>
[Collection(nameof(RunsScripts))]
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
        File.WriteAllText(library, "");
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
                    (1, "what", " <what>"),
                ]
        )
        {
            foreach (var script in (string[])["startall", "stopall"])
            {
                var result = await HandOverAsync(
                    script,
                    argument is null ? [] : [argument],
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
    public async Task What_is_not_the_program_is_not_run_and_plain_lines_take_its_place(string what)
    {
        switch (what)
        {
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
                break;
            case "a file of somebody else":
                Assert.SkipUnless(Identity.IsRoot, "Only root can give files away.");
                await HostRunAsync(new CommandSpec("chown", "12345", Made));
                break;
            default:
                File.Move(Made, $"{_lab.Root}/pgpoollab");
                Exports("PATH", ".::/usr/bin:/bin");
                break;
        }

        var result = await HandOverAsync("stopall", [], new ScriptProgram(Made, null, 0));
        Assert.Equal(
            (
                0,
                "Pgpool-II: is not running\nnode 0: is not running\nnode 1: is not running\nnode 2: is not running\n",
                "stopall: there is no pgpoollab here: using pg_ctl and pgpool as they are\n"
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
