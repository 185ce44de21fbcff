using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>The scripts of pgpool_setup's conventions, run by a real shell; PostgreSQL's programs and pgpool are small
/// scripts that write down how they were called. The numbers are those of the drop-in contract's lines.</summary>
public sealed class OldScriptTests : IDisposable
{
    private readonly LocalHost _host = new(TimeProvider.System);
    private readonly TemporaryFolder _outer = new();

    public void Dispose()
    {
        foreach (var file in Directory.EnumerateFiles(_outer.Path, "pgpool.pids", SearchOption.AllDirectories))
        {
            foreach (var id in File.ReadAllLines(file).Select(int.Parse))
            {
                try
                {
                    using var process = System.Diagnostics.Process.GetProcessById(id);
                    process.Kill();
                }
                catch (ArgumentException)
                {
                    // It has ended.
                }
            }
        }

        _outer.Dispose();
    }

    [Theory]
    [InlineData("startall")]
    [InlineData("shutdownall")]
    [InlineData("pgpool_reload")]
    public void Pgpools_programs_may_lie_in_a_folder_whose_name_means_something_to_a_shell(string script)
    {
        var lab = Labs.Old() with
        {
            Tools = Labs.Tools() with { PgpoolProgram = "/opt/it's (mine)/pgpool" },
            PgpoolSetup = new PgpoolSetupConventions { InstallDirectory = "/opt" },
        };
        Assert.Contains(
            "\"$PGPOOL_INSTALL_DIR\"/'it'\\''s (mine)'/pgpool ",
            RenderedFiles.Of(lab)[script],
            StringComparison.Ordinal
        );
    }

    private Lab Make(
        string folder = "lab",
        string install = "P",
        int pgpools = 1,
        ClusteringMode mode = ClusteringMode.StreamingReplication,
        Func<PgpoolSetupConventions, PgpoolSetupConventions>? change = null
    )
    {
        var prefix = _outer[install];
        var lab = Labs.Old(
            mode,
            root: _outer[folder],
            alias: Shell.IsSafeWord(folder) ? null : _outer["alias"],
            pgpools: pgpools
        ) with
        {
            Owner = Labs.Me,
            Tools = Labs.Tools() with { PostgresBin = _outer["pg bin"], PgpoolProgram = $"{prefix}/bin/pgpool" },
            PgpoolSetup = (change ?? (c => c))(new PgpoolSetupConventions { InstallDirectory = prefix }),
        };
        Directory.CreateDirectory(lab.Root);
        Directory.CreateDirectory(lab.Tools.PostgresBin);
        Directory.CreateDirectory(lab.Tools.PgpoolBin);
        var machine = RenderedFiles.Machine(lab);
        foreach (var made in machine.Folders)
        {
            Directory.CreateDirectory(made);
        }

        foreach (var (path, text) in machine.Files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            Executable.Write(
                path,
                text,
                machine.Modes.GetValueOrDefault(path, UnixFileMode.UserRead | UnixFileMode.UserWrite)
            );
        }

        if (lab.SafeAlias is { } alias)
        {
            Directory.CreateSymbolicLink(alias, lab.Root);
        }

        Program($"{lab.Tools.PostgresBin}/pg_ctl", "");
        // A shell cannot take back that signals are ignored, as they are in what a script starts in the background; the
        // real pgpool can.
        Executable.Write(
            lab.Tools.PgpoolProgram,
            """
            #!/usr/bin/perl
            use Cwd;
            my $home = getcwd;
            open(my $calls, '>>', "$home/pgpool.calls"); print $calls join(' ', @ARGV), "\n"; close $calls;
            exit 1 if grep { $_ eq 'stop' or $_ eq 'reload' } @ARGV;
            $| = 1; print "pgpool says\n"; print STDERR "and complains\n";
            open(my $all, '>>', "$home/pgpool.pids"); print $all "$$\n"; close $all;
            $SIG{INT} = sub { unlink "$home/run/pgpool.pid"; exit };
            open(my $pid, '>', "$home/run/pgpool.pid"); print $pid "$$\n"; close $pid;
            if (!fork) { # a child, which calls itself by what it does
                my $parent = getppid;
                select undef, undef, undef, 0.3;
                $0 = 'pgpool: wait for connection request';
                open(my $name, '>', '/proc/self/comm'); print $name 'pgpool'; close $name;
                open(my $mark, '>', "$home/run/child"); close $mark;
                select undef, undef, undef, 0.05 while getppid == $parent;
                exit;
            }
            sleep 60;
            """
        );
        return lab;
    }

    private static void Program(string path, string body) =>
        Executable.Write(path, "#!/bin/sh\necho \"$*\" >>\"$0.calls\"\n" + body + "\n");

    private Task<CommandResult> ShAsync(string folder, string script, string? install = null)
    {
        var command = new CommandSpec("/bin/sh", script)
        {
            WorkingDirectory = folder,
            Timeout = TimeSpan.FromMinutes(3),
        };
        return _host.Programs.RunAsync(
            install is null ? command : command.With("PGPOOL_INSTALL_DIR", install),
            CancellationToken.None
        );
    }

    private static string[] Calls(string file) =>
        File.Exists(file + ".calls") ? File.ReadAllLines(file + ".calls") : [];

    private static string[] PgCtl(Lab lab) =>
        Calls($"{lab.Tools.PostgresBin}/pg_ctl").Order(StringComparer.Ordinal).ToArray();

    private static string StartOf(string folder) =>
        $"-D -n -f {folder}/etc/pgpool.conf -F {folder}/etc/pcp.conf -a {folder}/etc/pool_hba.conf";

    [Theory]
    [InlineData("lab")]
    [InlineData("mein Prüfstand")]
    [InlineData(Labs.NastyName)]
    public async Task Line_5_the_line_works_alone_with_dir_and_PGPOOL_INSTALL_DIR_set(string folder)
    {
        var lab = Make(folder);
        var line = File.ReadAllLines($"{lab.Root}/startall")
            .Single(l => l.Contains("pgpool.conf", StringComparison.Ordinal));
        // What test 055 does; the wait is for the file the background process writes.
        File.WriteAllText(
            $"{lab.Root}/pgpool.sh",
            $"dir=`pwd`\n{line}\nuntil [ -s run/pgpool.pid ]; do sleep 0.05; done\n"
        );
        var result = await ShAsync(lab.Root, "pgpool.sh", lab.PgpoolSetup!.InstallDirectory);
        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.Equal([StartOf(lab.Root)], Calls($"{lab.Root}/pgpool"));
        Assert.Equal("pgpool says\nand complains\n", File.ReadAllText(lab.Pgpool.Paths.PgpoolLog));
    }

    [Fact]
    public async Task Line_6_what_the_tests_replace_in_it_makes_Pgpool_read_its_old_status()
    {
        var lab = Make();
        var file = $"{lab.Root}/startall";
        File.WriteAllText(file, File.ReadAllText(file).Replace("pgpool -D", "pgpool", StringComparison.Ordinal));
        Assert.Equal(0, (await ShAsync(lab.Root, "startall")).ExitCode);
        Assert.StartsWith("-n -f ", Assert.Single(Calls($"{lab.Root}/pgpool")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lab")]
    [InlineData("mein Prüfstand")]
    [InlineData(Labs.NastyName)]
    public async Task Line_7_to_9_everything_starts_and_stops_again_and_again(string folder)
    {
        var lab = Make(folder);
        for (var round = 1; round <= 2; round++)
        {
            File.WriteAllText(lab.Pgpool.Paths.PgpoolLog, "of an earlier run\n");
            var result = await ShAsync(lab.Root, "startall");
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
            Assert.Equal(round, Calls($"{lab.Root}/pgpool").Count(c => c == StartOf(lab.Root)));
            Assert.DoesNotContain("earlier", File.ReadAllText(lab.Pgpool.Paths.PgpoolLog), StringComparison.Ordinal);
            Assert.True(File.Exists(lab.Pgpool.Paths.PgpoolPid));

            result = await ShAsync(lab.Root, "shutdownall");
            Assert.Equal((0, ""), (result.ExitCode, result.Error));
            Assert.False(File.Exists(lab.Pgpool.Paths.PgpoolPid));
        }

        var root = lab.Pgpool.ServerFolder;
        string[] once =
        [
            $"-D {root}/data0 -m f stop",
            $"-D {root}/data1 -m f stop",
            $"-w -D {root}/data0 -l {root}/log/node0.log start",
            $"-w -D {root}/data1 -l {root}/log/node1.log start",
        ];
        Assert.Equal(once.Concat(once).Order(StringComparer.Ordinal), PgCtl(lab));
    }

    [Fact]
    public async Task Line_8_startall_goes_on_when_one_backend_does_not_start()
    {
        var lab = Make();
        Program($"{lab.Tools.PostgresBin}/pg_ctl", "case \"$*\" in *data0*) exit 1 ;; esac");
        await ShAsync(lab.Root, "startall");
        Assert.Equal(2, PgCtl(lab).Length);
        Assert.Equal([StartOf(lab.Root)], Calls($"{lab.Root}/pgpool"));
    }

    [Fact]
    public async Task Line_8_startall_does_not_keep_its_callers_output_open()
    {
        var lab = Make();
        // RunAsync reads until everybody has closed it: with a pipe held by pgpool this would end by the time limit.
        Assert.Equal(0, (await ShAsync(lab.Root, "startall")).ExitCode);
        Assert.Single(File.ReadAllLines($"{lab.Root}/pgpool.pids"));
    }

    [Fact]
    public async Task Line_8_startall_is_done_when_a_child_of_Pgpool_waits_for_clients()
    {
        var lab = Make();
        Assert.Equal(0, (await ShAsync(lab.Root, "startall")).ExitCode);
        // With num_init_children = 1 who comes before is turned away (Pgpool-II's tests 060 and 069).
        Assert.True(File.Exists($"{lab.Root}/run/child"));
    }

    /// <summary>A shell says itself that it cannot open a file. What silences that must stand before or around it;
    /// after it, it is too late.</summary>
    [Fact]
    public void No_script_complains_of_a_process_that_ends_while_it_is_looked_at()
    {
        const string file = "<\"(?:/proc/\\$|\\$process/)[^\"]*\"";
        Lab[] labs =
        [
            Labs.Old(),
            Labs.Old(pgpools: 2),
            Labs.Fixed(),
            Labs.Fixed(pgpools: 2),
            Labs.Fixed(mode: ClusteringMode.NativeReplication),
        ];
        var lines = labs.SelectMany(l => RenderedFiles.Of(l))
            .Where(f => RenderedFiles.IsScript(f.Key))
            .SelectMany(f =>
                f.Value.Split('\n')
                    .Select((line, at) => (f.Key, Line: line, From: string.Join('\n', f.Value.Split('\n').Skip(at))))
            )
            .Where(l => Regex.IsMatch(l.Line, file))
            .ToArray();
        Assert.NotEmpty(lines);
        Assert.All(
            lines,
            l =>
                Assert.True(
                    Regex.IsMatch(l.Line, file + "[^}]*\\} 2>/dev/null")
                        || Regex.IsMatch(l.Line, "2>/dev/null " + file)
                        || Regex
                            .Match(l.From, "^ *done.*", RegexOptions.Multiline)
                            .Value.EndsWith("done 2>/dev/null", StringComparison.Ordinal),
                    $"{l.Key}: {l.Line}"
                )
        );
    }

    [Fact]
    public async Task Line_9_shutdownall_tolerates_what_is_stopped_and_stops_the_rest()
    {
        var lab = Make();
        Program(
            $"{lab.Tools.PostgresBin}/pg_ctl",
            "case \"$*\" in *data0*) echo 'pg_ctl: no server running' >&2; exit 1 ;; esac"
        );
        for (var i = 0; i < 2; i++)
        {
            var result = await ShAsync(lab.Root, "shutdownall");
            Assert.Equal(0, result.ExitCode);
        }

        Assert.Equal(2, PgCtl(lab).Count(c => c.EndsWith("data1 -m f stop", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Line_9_shutdownall_of_what_is_stopped_says_nothing_of_files_that_are_not_there()
    {
        var result = await ShAsync(Make().Root, "shutdownall");
        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public async Task Line_9_shutdownall_signals_no_stranger_whose_number_is_in_an_old_PID_file()
    {
        var lab = Make();
        using var stranger = System.Diagnostics.Process.Start("sleep", "60");
        File.WriteAllText(lab.Pgpool.Paths.PgpoolPid, $"{stranger.Id}\n");
        var result = await ShAsync(lab.Root, "shutdownall");
        var survived = !stranger.HasExited;
        stranger.Kill();
        await stranger.WaitForExitAsync();
        Assert.True(survived);
        Assert.Equal(0, result.ExitCode);
        Assert.False(File.Exists(lab.Pgpool.Paths.PgpoolPid));
    }

    [Fact]
    public async Task Line_9_shutdownall_signals_no_other_labs_Pgpool_whose_number_is_in_an_old_PID_file()
    {
        var (lab, other) = (Make(), Make("other lab"));
        Assert.Equal(0, (await ShAsync(other.Root, "startall")).ExitCode);
        var theirs = File.ReadAllText(other.Pgpool.Paths.PgpoolPid);
        File.WriteAllText(lab.Pgpool.Paths.PgpoolPid, theirs);
        Assert.Equal(0, (await ShAsync(lab.Root, "shutdownall")).ExitCode);
        Assert.Equal(
            (false, true),
            (File.Exists(lab.Pgpool.Paths.PgpoolPid), Directory.Exists($"/proc/{theirs.Trim()}"))
        );
    }

    [Theory]
    [InlineData("startall")]
    [InlineData("shutdownall")]
    public async Task The_children_of_a_killed_Pgpool_are_killed_and_no_other_labs(string script)
    {
        var (lab, other) = (Make(), Make("other lab"));
        var (ours, theirs) = (await OrphanAsync(lab.Root), await OrphanAsync(other.Root));
        Assert.Equal(0, (await ShAsync(lab.Root, script)).ExitCode);
        Assert.Equal((false, true), (Runs(ours), Runs(theirs)));
    }

    /// <summary>What is left of a Pgpool-II whose first process was killed: it calls itself by what it does, and has
    /// another parent.</summary>
    private async Task<int> OrphanAsync(string folder)
    {
        var script =
            $"$SIG{{INT}} = 'IGNORE'; $0 = 'pgpool: wait for connection request'; open(my $n, '>', "
            + "'/proc/self/comm'); print $n 'pgpool'; close $n; open(my $p, '>>', 'pgpool.pids'); print $p $$ "
            + ". chr(10); close $p; sleep 60";
        await _host.Programs.RunAsync(
            new CommandSpec(
                "/bin/sh",
                "-c",
                "perl -e \"$1\" >/dev/null 2>&1 & until [ -s pgpool.pids ]; do sleep 0.05; done",
                "sh",
                script
            )
            {
                WorkingDirectory = folder,
            },
            CancellationToken.None
        );
        return int.Parse(File.ReadAllLines($"{folder}/pgpool.pids")[^1]);
    }

    /// <summary>
    /// The children of a process that is just ending still have it as their parent. On a busy machine that lasts;
    /// here it lasts for ever: the first thread of the parent has ended, another one has not.
    /// </summary>
    [Theory]
    [InlineData("startall")]
    [InlineData("shutdownall")]
    public async Task The_children_of_a_Pgpool_that_is_just_ending_are_killed(string script)
    {
        var lab = Make();
        File.WriteAllText(
            _outer["ending"],
            """
            import ctypes, os, platform, sys, threading, time
            title = sys.argv[1]
            open('/proc/self/comm', 'w').write('pgpool')
            open('pgpool.pids', 'a').write(f'{os.getpid()}\n')
            if title != 'pgpool':
                open('child', 'w')
                time.sleep(600)
            if os.fork() == 0:
                os.execv(sys.executable, ['pgpool: wait for connection request', __file__, 'child'])
            threading.Thread(target=time.sleep, args=(600,)).start()
            ctypes.CDLL(None).syscall(60 if platform.machine() == 'x86_64' else 93, 0) # exit, of this thread alone
            """
        );
        const string begin =
            "python3 \"$0\" pgpool >/dev/null 2>&1 & "
            + "until [ -e child ] && grep -q '^State:.Z' /proc/$!/status; do sleep 0.05; done";
        await _host.Programs.RunAsync(
            new CommandSpec("/bin/sh", "-c", begin, _outer["ending"]) { WorkingDirectory = lab.Root },
            CancellationToken.None
        );
        var child = int.Parse(File.ReadAllLines($"{lab.Root}/pgpool.pids")[1]);
        Assert.True(Runs(child));
        Assert.Equal(0, (await ShAsync(lab.Root, script)).ExitCode);
        Assert.False(Runs(child));
    }

    /// <summary>On a busy machine all the time there is may have passed when they have been found.</summary>
    [Theory]
    [InlineData("startall")]
    [InlineData("shutdownall")]
    public async Task The_children_of_a_killed_Pgpool_are_killed_however_long_it_takes_to_find_them(string script)
    {
        var lab = Make();
        var orphan = await OrphanAsync(lab.Root);
        var text = File.ReadAllText($"{lab.Root}/{script}");
        File.WriteAllText(
            $"{lab.Root}/{script}",
            text.Replace("begin_wait 10\n    while", "begin_wait 0\n    while", StringComparison.Ordinal)
        );
        Assert.NotEqual(text, File.ReadAllText($"{lab.Root}/{script}"));
        Assert.Equal(0, (await ShAsync(lab.Root, script)).ExitCode);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (Runs(orphan) && clock.Elapsed < TimeSpan.FromMinutes(1))
        {
            await Task.Delay(20);
        }

        Assert.False(Runs(orphan));
    }

    private static bool Runs(int id) =>
        File.Exists($"/proc/{id}/stat")
        && !File.ReadAllText($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);

    [Theory]
    [InlineData(ClusteringMode.NativeReplication, 1)]
    [InlineData(ClusteringMode.SnapshotIsolation, 1)]
    [InlineData(ClusteringMode.StreamingReplication, 2)]
    public async Task What_a_recovery_left_that_did_not_come_to_an_end_is_not_started_where_it_would_be_written_to(
        ClusteringMode mode,
        int started
    )
    {
        var lab = Make(mode: mode);
        File.WriteAllText($"{lab.Nodes[1].DataDirectory}/standby.signal", "");
        Assert.Equal(0, (await ShAsync(lab.Root, "startall")).ExitCode);
        Assert.Equal(started, PgCtl(lab).Length);
    }

    [Theory]
    [InlineData("startall")]
    [InlineData("shutdownall")]
    [InlineData("pgpool_reload")]
    public async Task A_callers_CDPATH_leads_no_script_astray(string script)
    {
        var (lab, _) = (Make(), Directory.CreateDirectory(_outer["elsewhere/lab"]));
        var result = await _host.Programs.RunAsync(
            new CommandSpec("/bin/sh", $"lab/{script}") { WorkingDirectory = _outer.Path }.With(
                "CDPATH",
                _outer["elsewhere"]
            ),
            CancellationToken.None
        );
        Assert.Equal("", result.Output);
        Assert.NotEmpty(Calls($"{lab.Root}/pgpool"));
    }

    [Fact]
    public async Task Pgpool_reload_names_this_labs_configuration()
    {
        var lab = Make("mein Prüfstand");
        await _host.Programs.RunAsync(
            new CommandSpec($"{lab.Root}/pgpool_reload") { WorkingDirectory = "/" },
            CancellationToken.None
        );
        Assert.Equal([$"-f {lab.Root}/etc/pgpool.conf reload"], Calls($"{lab.Root}/pgpool"));
    }

    [Fact]
    public async Task The_libraries_are_looked_for_where_PGLIB_said_after_those_of_the_caller()
    {
        var lab = Make(change: c => c with { LibraryPath = "/opt/pg lib" });
        Program($"{lab.Tools.PostgresBin}/pg_ctl", "echo \"$LD_LIBRARY_PATH\" >>\"$0.libraries\"");
        await _host.Programs.RunAsync(
            new CommandSpec("/bin/sh", "startall") { WorkingDirectory = lab.Root }.With("LD_LIBRARY_PATH", "/mine"),
            CancellationToken.None
        );
        Assert.Equal(
            ["/mine:/opt/pg lib", "/mine:/opt/pg lib"],
            File.ReadAllLines($"{lab.Tools.PostgresBin}/pg_ctl.libraries")
        );
    }

    [Fact]
    public async Task Pgpool_may_be_installed_in_a_folder_with_a_space_in_its_name()
    {
        var lab = Make(install: "my P");
        var result = await ShAsync(lab.Root, "startall");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal([StartOf(lab.Root)], Calls($"{lab.Root}/pgpool"));
    }

    [Fact]
    public async Task Line_25_and_26_a_watchdogs_scripts_work_alone_and_all_together()
    {
        var lab = Make(pgpools: 3);
        string[] starts = lab.Pgpools.Select(p => StartOf(p.Folder)).ToArray();
        var all = await ShAsync(lab.Root, "startall");
        Assert.Equal((0, ""), (all.ExitCode, all.Error));
        Assert.Equal(starts, lab.Pgpools.SelectMany(p => Calls($"{p.Folder}/pgpool")));
        Assert.Equal(2, PgCtl(lab).Length);

        // What test 028 does: stop two by themselves, then everything, then start everything again.
        foreach (var pgpool in lab.Pgpools.Skip(1))
        {
            Assert.Equal(0, (await ShAsync(pgpool.Folder, "shutdownall")).ExitCode);
            Assert.False(File.Exists(pgpool.Paths.PgpoolPid));
        }

        Assert.Equal(2, PgCtl(lab).Length);
        Assert.True(File.Exists(lab.Pgpool.Paths.PgpoolPid));
        Assert.Equal(0, (await ShAsync(lab.Root, "shutdownall")).ExitCode);
        Assert.False(File.Exists(lab.Pgpool.Paths.PgpoolPid));
        Assert.Equal(2, PgCtl(lab).Count(c => c.EndsWith("stop", StringComparison.Ordinal)));
        Assert.Equal(0, (await ShAsync(lab.Root, "startall")).ExitCode);
        Assert.All(lab.Pgpools, p => Assert.Equal(2, Calls($"{p.Folder}/pgpool").Count(c => c == StartOf(p.Folder))));
    }
}
