using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>How the scripts start servers, find them, and end them.</summary>
public sealed partial class ServerScriptTests : ScriptBench
{
    // ---- starting ----

    [Fact]
    public async Task Servers_have_nothing_of_the_callers_environment_but_a_fixed_list()
    {
        FakePgpoolThatAnswers();
        string[] secrets = ["SECRET_TOKEN", "PGPASSWORD", "PGHOSTADDR", "PGLOADBALANCEHOSTS", "PGPOOLLAB_HAS_LOCK"];
        foreach (var name in secrets)
        {
            Exports(name, "a secret");
        }

        Exports("TZ", "Europe/Vienna 'n' more");
        FakePgCtl();
        Assert.Equal(0, (await CallAsync("startall", "--plain")).ExitCode);
        var servers = Servers(_ => true);
        Assert.Equal(4, servers.Count(s => s.Name is "postgres" or "pgpool"));
        Assert.All(
            servers,
            server =>
            {
                var variables = File.ReadAllText($"/proc/{server.Id}/environ")
                    .Split('\0', StringSplitOptions.RemoveEmptyEntries);
                Assert.Contains("TZ=Europe/Vienna 'n' more", variables);
                // PWD, OLDPWD and the like are the shell's own.
                Assert.Empty(
                    variables
                        .Select(v => v.Split('=')[0])
                        .Except([.. CleanEnvironment.Kept, "PWD", "OLDPWD", "SHLVL", "_"])
                );
            }
        );
    }

    [Fact]
    public async Task What_a_server_was_started_with_leads_its_scripts_nowhere()
    {
        Exports("PGHOSTADDR", "192.0.2.1");
        Exports("PGPASSWORD", "a secret");
        Fake("postgres", "env >\"$0.environment\"; " + Serve("standby"));
        Fake("psql", "env >\"$0.environment\"; echo 1");
        Assert.Equal(0, (await RemoteStartAsync()).ExitCode);
        Assert.All(
            (string[])["postgres", "psql"],
            p =>
                Assert.DoesNotContain(
                    "PGHOSTADDR",
                    File.ReadAllText($"{_lab.Tools.PostgresBin}/{p}.environment"),
                    StringComparison.Ordinal
                )
        );
        Assert.All(
            (string[])["postgres", "psql"],
            p =>
                Assert.DoesNotContain(
                    "a secret",
                    File.ReadAllText($"{_lab.Tools.PostgresBin}/{p}.environment"),
                    StringComparison.Ordinal
                )
        );
    }

    [Fact]
    public async Task Remote_start_takes_such_a_standby_for_started_too()
    {
        Fake("postgres", Serve("standby"));
        Fake("psql", "echo 1");
        Assert.Equal(0, (await RemoteStartAsync()).ExitCode);
        Assert.Equal("standby", StatusOf(_lab.Nodes[2])?[1]);
    }

    [Fact]
    public async Task What_a_former_server_said_of_itself_is_not_believed_of_the_new_one()
    {
        foreach (var node in _lab.Nodes)
        {
            LeavePidFile(node, NobodysNumber);
        }

        Fake("postgres", "sleep 0.1; exit 1");
        Assert.Equal(1, (await RemoteStartAsync()).ExitCode);
    }

    [Fact]
    public async Task A_program_that_cannot_be_started_is_named_in_the_nodes_log_alone()
    {
        File.Delete($"{_lab.Tools.PostgresBin}/postgres");
        var remote = await RemoteStartAsync();
        Assert.Equal((1, "", ""), (remote.ExitCode, remote.Output, remote.Error));
        Assert.Contains("pg bin/postgres", LogOf("node2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_a_server_is_started_with_is_its_owners_alone()
    {
        Fake("psql", "echo 1");
        await RemoteStartAsync();
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode($"{_lab.Paths.Log}/node2.log")
        );
    }

    [Theory]
    [InlineData("bash", "setsid")]
    [InlineData("setsid")]
    [InlineData]
    public async Task Servers_hold_nothing_of_who_starts_them_with_bash_and_setsid_or_without(params string[] present)
    {
        OnlyPrograms([
            .. present,
            "sh",
            "sleep",
            "date",
            "sed",
            "tr",
            "cat",
            "rm",
            "dirname",
            "basename",
            "awk",
            "head",
            "tail",
            "id",
        ]);
        Fake("psql", "echo 1");
        File.WriteAllText(_outer["held"], "");
        Assert.Equal(0, (await RemoteStartAsync()).ExitCode);
        // As Pgpool-II calls it: with a socket open.
        var result = await HostRunAsync(
            new CommandSpec(
                "/bin/sh",
                "-c",
                "exec 7>\"$1\"; shift; \"$@\"",
                "sh",
                _outer["held"],
                "/bin/sh",
                $"{_lab.Nodes[0].ServerDataDirectory}/pgpool_remote_start",
                "localhost",
                _lab.Nodes[1].ServerDataDirectory
            )
        );
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var open = ServerOf(_lab.Nodes[1]) is { } server
            ? Directory.GetFiles($"/proc/{server.Id}/fd").Select(f => new FileInfo(f).LinkTarget).ToArray()
            : [];
        Assert.Contains($"{_lab.Paths.Log}/node1.log", open);
        Assert.DoesNotContain(_outer["held"], open);
    }

    // ---- time ----

    /// <summary>What takes a few hundredths of a second on an idle machine may take seconds on a busy one: 12000 looks
    /// were 13 minutes there.</summary>
    [Fact]
    public async Task On_a_busy_machine_a_script_gives_up_after_the_time_it_says_and_not_after_many_times_that()
    {
        Fake("postgres", Serve("starting"));
        EachPauseLasts(seconds: 7);
        Assert.Equal(1, (await RemoteStartAsync()).ExitCode);
        Assert.Equal(9, Pauses);
    }

    [Fact]
    public void Every_loop_of_a_script_that_pauses_is_bounded_by_time()
    {
        Lab[] labs =
        [
            _lab,
            Labs.Fixed(pgpools: 3),
            Labs.Fixed(mode: ClusteringMode.NativeReplication),
            Labs.Old(),
            Labs.Old(pgpools: 2),
        ];
        foreach (
            var (name, text) in labs.SelectMany(l => RenderedFiles.Of(l)).Where(f => RenderedFiles.IsScript(f.Key))
        )
        {
            Assert.DoesNotContain("tries=", text, StringComparison.Ordinal);
            var lines = text.Split('\n');
            foreach (var (first, line) in lines.Index().Where(l => Loop().IsMatch(l.Item)))
            {
                var end = line[..Loop().Match(line).Groups[1].Length] + "done";
                var loop = line.Contains("; done", StringComparison.Ordinal)
                    ? line
                    : string.Join('\n', lines.Skip(first).TakeWhile(l => !l.StartsWith(end, StringComparison.Ordinal)));
                Assert.True(
                    loop.Contains("in_time", StringComparison.Ordinal)
                        || !(
                            loop.Contains("pause", StringComparison.Ordinal)
                            || loop.Contains("sleep", StringComparison.Ordinal)
                        ),
                    $"{name}: {loop}"
                );
            }
        }
    }

    [GeneratedRegex("^( *)(?:while|until) ")]
    private static partial Regex Loop();

    // ---- what killed servers leave ----

    private static void LeavePidFile(PostgresNode node, int number) =>
        File.WriteAllText(
            $"{node.DataDirectory}/postmaster.pid",
            $"{number}\n{node.DataDirectory}\n1795428963\n{node.Port}\n/nonexistent\nlocalhost\n  11002 7\nready   \n"
        );

    /// <summary>Has what a killed server left in each data folder cleared away, as a lab of pgpool_setup
    /// does.</summary>
    private Task<CommandResult> ClearRemainsAsync()
    {
        var script = _outer["clear"];
        Script(
            script,
            $"{_renderer.Render("scripts/_clock.sh", _lab)}\n{Hurried(_renderer.Render("scripts/_remains.sh", _lab))}\n"
                + "for folder in \"$@\"; do clear_remains \"$folder\"; done\n"
        );
        return HostRunAsync(new CommandSpec("/bin/sh", [script, .. _lab.Nodes.Select(n => n.DataDirectory)]));
    }

    private string LockOf(PostgresNode node) => Sockets[$".s.PGSQL.{node.Port}.lock"];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_PID_file_nobody_of_that_number_left_is_cleared_away_with_the_lock_of_its_socket(bool stranger)
    {
        using var process = System.Diagnostics.Process.Start("sleep", "60");
        var number = stranger ? process.Id : NobodysNumber;
        LeavePidFile(_lab.Nodes[0], number);
        File.WriteAllText(LockOf(_lab.Nodes[0]), $"{number}\n{_lab.Nodes[0].DataDirectory}\n");
        // A lock of the same port, but of another folder, is another's.
        LeavePidFile(_lab.Nodes[1], number);
        File.WriteAllText(LockOf(_lab.Nodes[1]), $"{number}\n{_lab.Nodes[2].DataDirectory}\n");
        var result = await ClearRemainsAsync();
        var survived = !process.HasExited;
        process.Kill();
        await process.WaitForExitAsync();
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.All(_lab.Nodes, n => Assert.False(File.Exists($"{n.DataDirectory}/postmaster.pid")));
        Assert.True(survived);
        Assert.Equal([Path.GetFileName(LockOf(_lab.Nodes[1]))], Names(Sockets.Path));
    }

    [Fact]
    public async Task A_PID_file_is_kept_while_any_PostgreSQL_works_in_the_folder()
    {
        // The first process was killed; one it had started lives on, and writes.
        GiveUpAfter(1, insteadOf: 30);
        var survivor = await StartServerAsync(_lab.Nodes[0]);
        LeavePidFile(_lab.Nodes[0], NobodysNumber);
        File.WriteAllText(LockOf(_lab.Nodes[0]), $"{NobodysNumber}\n{_lab.Nodes[0].DataDirectory}\n");
        var result = await ClearRemainsAsync();
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.True(Runs(survivor));
        Assert.True(File.Exists(LockOf(_lab.Nodes[0])));
        Assert.Equal($"{NobodysNumber}", StatusOf(_lab.Nodes[0])![0]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("no number\n")]
    [InlineData("-17\n")]
    [InlineData("17 18\n")]
    [InlineData("../self\n")]
    [InlineData("4194305")]
    [InlineData("1\n/\n1\n2\n/\nlocalhost\n  1 2\nready   \n")]
    [InlineData("99999999999999999999\n")]
    [InlineData(null)]
    public async Task Whatever_is_in_a_PID_file_no_script_lets_the_shell_speak_and_none_signals_anybody(string? text)
    {
        foreach (var node in _lab.Nodes)
        {
            if (text is null)
            {
                Directory.CreateDirectory($"{node.DataDirectory}/postmaster.pid");
            }
            else
            {
                File.WriteAllText($"{node.DataDirectory}/postmaster.pid", text);
            }
        }

        GiveUpAfter(1, insteadOf: 60);
        var failover = await FailOverAsync();
        Assert.Equal((1, "", ""), (failover.ExitCode, failover.Output, failover.Error));
        GiveUpAfter(0, insteadOf: 0);
        var follow = await FollowAsync();
        Assert.Equal((0, "", ""), (follow.ExitCode, follow.Output, follow.Error));
        var stop = await CallAsync("stopall", "--plain");
        Assert.Equal((0, "", 4), (stop.ExitCode, stop.Error, stop.Output.Split("is not running\n").Length - 1));
        var recovery = await RecoverAsync();
        Assert.Equal((0, ""), (recovery.ExitCode, recovery.Error));
        Fake("postgres", "exit 1");
        var remote = await RemoteStartAsync();
        Assert.Equal((1, "", ""), (remote.ExitCode, remote.Output, remote.Error));
        if (text is null)
        {
            return;
        }

        FakePgCtl();
        var start = await CallAsync("startall", "--plain", "nodes");
        Assert.Equal(
            Enumerable.Range(0, 3).Select(n => $"node {n}: did not start; see log/node{n}.log"),
            Sorted(start.Error)
        );
    }

    // ---- log/events.jsonl ----

    /// <summary>Those of BSD, of C libraries that leave what they do not know as it is, and of those that leave it
    /// out.</summary>
    [Theory]
    [InlineData("3N")]
    [InlineData("%3N")]
    [InlineData("N")]
    [InlineData("")]
    public async Task Where_date_knows_no_milliseconds_an_event_has_whole_seconds(string milliseconds)
    {
        // Seconds that end as the unknown format begins must not lose that digit.
        Program(
            "date",
            $$"""
            case "$*" in *%s*) ;; *) echo then; exit ;; esac
            if [ -e "$0.again" ]; then
                echo '2026-11-23T10:16:05 1795428965{{milliseconds}}'
            else
                echo '2026-11-23T10:16:03 1795428963{{milliseconds}}'
            fi
            : >"$0.again"
            """
        );
        var result = await RunAsync("failover.sh", "1", "localhost", "11003", "0", "localhost", "0", "0");
        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.Equal(
            ("2026-11-23T10:16:03.000Z", 2000),
            (Event().GetProperty("time").GetString(), Event().GetProperty("duration_ms").GetInt64())
        );
    }

    [Fact]
    public async Task An_events_milliseconds_may_begin_with_zeros()
    {
        Program(
            "date",
            """
            case "$*" in *%s*) ;; *) echo then; exit ;; esac
            if [ -e "$0.again" ]; then
                echo '2026-11-23T10:16:05 1795428965008'
            else
                echo '2026-11-23T10:16:04 1795428964099'
            fi
            : >"$0.again"
            """
        );
        await RunAsync("failover.sh", "1", "localhost", "11003", "0", "localhost", "0", "0");
        Assert.Equal(
            ("2026-11-23T10:16:04.099Z", 909),
            (Event().GetProperty("time").GetString(), Event().GetProperty("duration_ms").GetInt64())
        );
    }
}
