using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Scripts of labs that were copied or moved, run by every shell there is. All they may do is say
/// so.</summary>
public sealed class PlaceScriptTests : IDisposable
{
    private static readonly string[] Programs =
    [
        "postgres",
        "pg_ctl",
        "psql",
        "pg_basebackup",
        "pg_controldata",
        "pg_rewind",
    ];

    private readonly LocalHost _host = new(TimeProvider.System);
    private readonly TemporaryFolder _outer = new();

    public void Dispose() => _outer.Dispose();

    private static CancellationToken None => CancellationToken.None;

    public static TheoryData<string> Kinds => ["own", "own-watchdog", "own-r", "old-watchdog", "old-i"];

    /// <summary>All files of a lab, as setup writes them; programs that write down that they were called.</summary>
    private Lab Make(string kind, string name = "it's a lab")
    {
        var pgpools = kind.EndsWith("watchdog", StringComparison.Ordinal) ? 2 : 1;
        var mode = kind switch
        {
            "own-r" => ClusteringMode.NativeReplication,
            "old-i" => ClusteringMode.SnapshotIsolation,
            _ => ClusteringMode.StreamingReplication,
        };
        var lab = kind.StartsWith("own", StringComparison.Ordinal)
            ? Labs.Fixed(root: _outer[name], alias: _outer["alias"], mode: mode, pgpools: pgpools)
            : Labs.Old(mode, root: _outer[name], alias: _outer["alias"], pgpools: pgpools);
        lab = lab with
        {
            Owner = Labs.Me,
            Tools = Labs.Tools() with
            {
                PostgresBin = _outer["programs"],
                PgpoolProgram = _outer["programs/bin/pgpool"],
                PcpBin = _outer["programs"],
            },
            PgpoolSetup = lab.PgpoolSetup is null
                ? null
                : new PgpoolSetupConventions { InstallDirectory = _outer["programs"] },
        };
        Directory.CreateDirectory(_outer["programs/bin"]);
        foreach (var program in Programs.Append("bin/pgpool"))
        {
            Write(
                _outer[$"programs/{program}"],
                $"#!/bin/sh\necho \"$0 $*\" >>{Shell.Quote(_outer["calls"])}\n",
                ForItsUser
            );
        }

        var machine = RenderedFiles.Machine(lab);
        foreach (
            var folder in machine.Folders.Append(lab.Root).Where(f => f.StartsWith(lab.Root, StringComparison.Ordinal))
        )
        {
            Directory.CreateDirectory(folder);
        }

        foreach (
            var (path, text) in machine.Files.Where(f => f.Key.StartsWith(lab.Root + "/", StringComparison.Ordinal))
        )
        {
            Write(
                path,
                text,
                RenderedFiles.IsScript(path) && Path.GetFileName(path) != "bashrc.ports"
                    ? ForItsUser
                    : UnixFileMode.UserRead | UnixFileMode.UserWrite
            );
        }

        Write(
            lab.Paths.Manifest,
            $"{{\n  \"lab\": {{\n    \"id\": \"{lab.Id}\"\n  }}\n}}\n",
            UnixFileMode.UserRead | UnixFileMode.UserWrite
        );
        Directory.CreateSymbolicLink(_outer["alias"], lab.Root);
        return lab;
    }

    private const UnixFileMode ForItsUser = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static void Write(string path, string text, UnixFileMode mode)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Executable.Write(path, text, mode);
    }

    private async Task<string> CopyAsync(Lab lab, string name = "a copy")
    {
        Assert.Equal(
            0,
            (await _host.Programs.RunAsync(new CommandSpec("cp", "-a", lab.Root, _outer[name]), None)).ExitCode
        );
        return _outer[name];
    }

    /// <summary>Those that hand over to pgpoollab, which says all that is to say: without it they say less.</summary>
    private static bool HandsOver(string script) =>
        Path.GetFileName(script) is "startall" or "stopall" or "shutdownall"
        && File.ReadAllText(script).Contains("hand_over", StringComparison.Ordinal);

    private static string[] ScriptsIn(string folder) =>
        [
            .. Directory
                .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
                .Where(f => RenderedFiles.IsScript(f) && Path.GetFileName(f) != "bashrc.ports")
                .Order(StringComparer.Ordinal),
        ];

    private Task<CommandResult> RunAsync(string shell, string script, params string[] arguments) =>
        _host.Programs.RunAsync(
            new CommandSpec(shell, [script, .. arguments])
            {
                WorkingDirectory = "/",
                Timeout = TimeSpan.FromSeconds(60),
            },
            None
        );

    /// <summary>Every file and what is in it.</summary>
    private static string[] StateOf(string folder) =>
        [
            .. Directory
                .EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal)
                .Select(f => File.Exists(f) ? $"{f}: {File.ReadAllText(f)}" : f),
        ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Every_script_of_a_copy_refuses_and_says_whose_copy_it_is(string kind)
    {
        var lab = Make(kind);
        var copy = await CopyAsync(lab);
        var (before, copied) = (StateOf(lab.Root), StateOf(copy));
        var scripts = ScriptsIn(copy);
        Assert.True(scripts.Length >= 5, $"{scripts.Length}");
        foreach (var script in scripts)
        {
            foreach (var shell in kind == "own" ? Shells.All : ["/bin/sh"])
            {
                var result = await RunAsync(
                    shell,
                    script,
                    HandsOver(script) ? "--plain" : "0",
                    "localhost",
                    "11002",
                    "1",
                    "localhost",
                    "0",
                    "0",
                    "11003"
                );
                var to = Shell.Quote(lab.Root);
                if (HandsOver(script))
                {
                    Assert.Equal(
                        (
                            1,
                            "",
                            $"{Path.GetFileName(script)}: this script belongs to the lab in {lab.Root}, "
                                + "and works only there\n"
                        ),
                        (result.ExitCode, result.Output, result.Error)
                    );
                    continue;
                }

                Assert.Equal(
                    (
                        1,
                        "",
                        Path.GetFileName(script)
                            + $": '{copy}' is a copy of the lab '{lab.Name}' in {to}; its configuration names that "
                            + $"""
                            folder, so it cannot be used.
                              Use the lab itself:  cd {to}
                              Or make another:     pgpoollab setup DIR
                              Delete the copy:     rm -rf '{copy}'

                            """
                    ),
                    (result.ExitCode, result.Output, result.Error)
                );
            }
        }

        Assert.False(File.Exists(_outer["calls"]));
        Assert.Equal(before, StateOf(lab.Root));
        Assert.Equal(copied, StateOf(copy));
    }

    [Theory]
    [InlineData("own-watchdog")]
    [InlineData("old")]
    public async Task Every_script_of_a_moved_lab_says_how_to_move_it_back(string kind)
    {
        var lab = Make(kind);
        Directory.Move(lab.Root, _outer["else where"]);
        foreach (var script in ScriptsIn(_outer["else where"]).Where(s => !HandsOver(s)))
        {
            var result = await RunAsync("/bin/sh", script);
            var (from, to) = (Shell.Quote(_outer["else where"]), Shell.Quote(lab.Root));
            Assert.Equal(
                (
                    1,
                    Path.GetFileName(script)
                        + $": the lab '{lab.Name}' was made in {to} and moved to {from}; its configuration still "
                        + $"""
                        names the old folder.
                          Move it back:  mv {from} {to}
                          Or delete it:  pgpoollab destroy {from}

                        """
                ),
                (result.ExitCode, result.Error)
            );
        }

        Assert.False(File.Exists(_outer["calls"]));
        // What it says works.
        var hint = (
            await RunAsync(
                "/bin/sh",
                ScriptsIn(_outer["else where"]).First(s => s.EndsWith("/pgpool_reload", StringComparison.Ordinal))
            )
        )
            .Error.Split('\n')[1]
            .Split(":  ")[1];
        Assert.Equal(0, (await _host.Programs.RunAsync(new CommandSpec("/bin/sh", "-c", hint), None)).ExitCode);
        Assert.True(File.Exists(lab.Paths.Manifest));
    }

    [Theory]
    [InlineData("an empty folder", "  Move it back:  rmdir LAB && mv MOVED LAB")]
    [InlineData("something else", "  To move it back, first move away what is in LAB now.")]
    [InlineData("another lab", "  To move it back, first move away what is in LAB now.")]
    [InlineData("a link to nowhere", "  To move it back, first move away what is in LAB now.")]
    [InlineData("no folder above", "  Move it back:  mkdir -p ABOVE && mv MOVED LAB")]
    public async Task No_advice_to_move_a_lab_back_would_move_it_into_something(string what, string advice)
    {
        var lab = Make("own", "above/lab");
        var moved = _outer["moved"];
        Directory.Move(lab.Root, moved);
        switch (what)
        {
            case "an empty folder":
                Directory.CreateDirectory(lab.Root);
                break;
            case "something else":
                Write($"{lab.Root}/notes", "mine", ForItsUser);
                break;
            case "another lab":
                Write(lab.Paths.Manifest, "{ \"lab\": { \"id\": \"ffffffff\" } }", ForItsUser);
                break;
            case "a link to nowhere":
                File.CreateSymbolicLink(lab.Root, "/nonexistent");
                break;
            default:
                Directory.Delete(_outer["above"]);
                break;
        }

        var result = await RunAsync("/bin/sh", $"{moved}/pgpool_reload");
        Assert.Equal(1, result.ExitCode);
        Assert.Equal(
            [
                advice
                    .Replace("LAB", lab.Root, StringComparison.Ordinal)
                    .Replace("MOVED", moved, StringComparison.Ordinal)
                    .Replace("ABOVE", _outer["above"], StringComparison.Ordinal),
                $"  Or delete it:  pgpoollab destroy {moved}",
            ],
            result.Error.Split('\n')[1..3]
        );
    }

    [Fact]
    public async Task A_folder_that_is_no_copy_of_the_lab_is_never_advised_to_be_deleted()
    {
        var lab = Make("own");
        Directory.CreateDirectory(_outer["home/bin"]);
        File.CreateSymbolicLink(_outer["home/bin/reload-lab"], $"{lab.Root}/pgpool_reload");
        File.Copy($"{lab.Paths.Etc}/failover.sh", _outer["home/bin/failover.sh"]);
        foreach (var script in (string[])["reload-lab", "failover.sh"])
        {
            var result = await RunAsync("/bin/sh", _outer[$"home/bin/{script}"]);
            Assert.Equal(
                (
                    1,
                    $"{script}: this script belongs to the lab '{lab.Name}' in {Shell.Quote(lab.Root)}, and "
                        + "works only there; it lies elsewhere, and does nothing.\n"
                ),
                (result.ExitCode, result.Error)
            );
        }
    }

    [Fact]
    public async Task A_copy_from_which_a_server_runs_is_not_advised_to_be_deleted_under_it()
    {
        var lab = Make("own");
        var copy = await CopyAsync(lab);
        Executable.Copy("/bin/sleep", _outer["programs/postgres"]);
        using var server = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo(_outer["programs/postgres"], "60")
            {
                WorkingDirectory = $"{copy}/data0",
            }
        )!;
        try
        {
            var said = (await RunAsync("/bin/sh", $"{copy}/pgpool_reload")).Error;
            Assert.Contains($"  Delete the copy:     pgpoollab destroy '{copy}'\n", said, StringComparison.Ordinal);
            Assert.DoesNotContain("rm -rf", said, StringComparison.Ordinal);
        }
        finally
        {
            server.Kill();
        }
    }

    [Theory]
    [InlineData("own")]
    [InlineData("old-watchdog")]
    public async Task A_lab_that_is_reached_by_a_link_or_was_replaced_by_one_is_in_its_place(string kind)
    {
        var lab = Make(kind);
        File.CreateSymbolicLink(_outer["link"], lab.Root);
        await WorksAsync(_outer["link"]);
        // To a larger disk, say.
        Directory.Move(lab.Root, _outer["larger disk"]);
        File.CreateSymbolicLink(lab.Root, _outer["larger disk"]);
        await WorksAsync(lab.Root);
        await WorksAsync(_outer["larger disk"]);

        async Task WorksAsync(string root)
        {
            // What does the least of all, and nothing here has ever been started.
            var result = await RunAsync(
                "/bin/sh",
                $"{root}/{(kind.StartsWith("own", StringComparison.Ordinal) ? "stopall" : "shutdownall")}",
                "--plain"
            );
            Assert.DoesNotContain("lab '", result.Error, StringComparison.Ordinal);
            foreach (
                var script in ScriptsIn(root)
                    .Where(s =>
                        s.EndsWith(".sh", StringComparison.Ordinal)
                        && !s.EndsWith("basebackup.sh", StringComparison.Ordinal)
                    )
            )
            {
                Assert.DoesNotContain(
                    "lab '",
                    (await RunAsync("/bin/sh", script, "1", "localhost", "11003", "-1")).Error,
                    StringComparison.Ordinal
                );
            }
        }
    }
}
