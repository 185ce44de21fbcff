using System.Globalization;
using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>What happens to labs after setup.</summary>
public abstract class LifeTests
{
    protected static void Kill(int process) => Assert.Equal(0, Signals.Send(process, 9));

    protected static async Task<Sandbox> UpAsync(string account, params string[] options)
    {
        var sandbox = new Sandbox(account);
        return await sandbox.ReadyAsync(async () =>
            (await sandbox.RunAsync(["up", "-s", "--port", "auto", .. options, sandbox.Lab])).Ok()
        );
    }

    protected static int Pid(Sandbox sandbox, string file) =>
        int.Parse(File.ReadLines(Path.Combine(sandbox.Lab, file)).First().Trim(), CultureInfo.InvariantCulture);

    /// <summary>What Pgpool-II thinks of a node; null when it does not answer.</summary>
    protected static string? Status(JsonElement node) =>
        node.GetProperty("pgpool") is { ValueKind: JsonValueKind.Object } pgpool
            ? pgpool.GetProperty("status").GetString()
            : null;

    protected static string[] Findings(JsonElement report) =>
        report.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("problem").GetString()!).ToArray();
}

public sealed class TroubleTests : LifeTests
{
    [Fact]
    public async Task A_killed_Pgpool_is_cleared_away_by_the_next_start()
    {
        using var sandbox = await UpAsync(Account.Plain);
        Kill(Pid(sandbox, "run/pgpool.pid"));
        (await sandbox.ShellAsync("./startall")).Ok();
        await sandbox.UntilNodesShowAsync("both nodes are up", n => n.All(x => Status(x) == "up"));

        Kill(Pid(sandbox, "run/pgpool.pid"));
        (await sandbox.ShellAsync("./stopall")).Ok();
        Assert.Empty(sandbox.ProcessesLeft());
    }

    /// <summary>PostgreSQL that takes note of a promotion just when its WAL receiver is to be started again sleeps out
    /// wal_retrieve_retry_interval first, by default 5 s.</summary>
    [Fact]
    public async Task A_standby_that_is_promoted_while_its_WAL_receiver_starts_again_does_not_sleep_first()
    {
        using var sandbox = await UpAsync(Account.Plain, "--set", "postgresql.wal_retrieve_retry_interval=10min");
        var outcome = (
            await sandbox.ShellAsync(
                """
                ./stopall pgpool >&2
                receiver=$(pgpoollab psql 1 -- -XAtc 'SELECT pid FROM pg_stat_wal_receiver' test)
                read -r server <data1/postmaster.pid
                suspend $server # the receiver is asked for, and not started
                kill -TERM $receiver
                # Both signals wait for it: its child has ended, and a new one is asked for.
                until grep -q '^State:.Z' /proc/$receiver/status; do sleep 0.01; done
                until grep -Eq '^ShdPnd:.*[2367abef]..$' /proc/$server/status; do sleep 0.01; done
                etc/failover.sh 0 localhost 1 1 localhost 0 0 >&2 &
                until [ -e data1/promote ]; do sleep 0.01; done
                kill -CONT $server
                wait $!
                pgpoollab psql 1 -- -XAtc 'SELECT pg_is_in_recovery()' test
                """
            )
        ).Ok();
        Assert.Equal("f", outcome.Output.Trim());
        Assert.False(File.Exists(Path.Combine(sandbox.Lab, "data1/promote")));
    }

    /// <summary>PostgreSQL ends all of its processes then, and begins its recovery again: for that time it takes no
    /// word to promote itself.</summary>
    [Fact]
    public async Task A_standby_whose_WAL_receiver_is_killed_in_a_failover_is_promoted_all_the_same()
    {
        using var sandbox = await UpAsync(Account.Plain);
        var outcome = (
            await sandbox.ShellAsync(
                """
                ./stopall pgpool >&2
                receiver=$(pgpoollab psql 1 -- -XAtc 'SELECT pid FROM pg_stat_wal_receiver' test)
                checkpointer=$(pgpoollab psql 1 -- -XAtc \
                    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'" test)
                suspend $checkpointer # so the end of the others lasts until the script looks for what is suspended
                kill -KILL $receiver
                until grep -q 'terminating any other active server processes' log/node1.log; do sleep 0.01; done
                etc/failover.sh 0 localhost 1 1 localhost 0 0 >&2
                grep -c 'all server processes terminated; reinitializing' log/node1.log
                pgpoollab psql 1 -- -XAtc 'SELECT pg_is_in_recovery()' test
                """
            )
        ).Ok();
        Assert.Equal("1\nf\n", outcome.Output);
        Assert.False(File.Exists(Path.Combine(sandbox.Lab, "data1/promote")));
    }

    /// <summary>Pgpool-II runs failover_command by the C library's system(), which throws away a SIGINT that waits:
    /// with two commands, one sent during the first.</summary>
    [Fact]
    public async Task Pgpool_that_loses_the_word_to_end_in_a_failover_is_told_again()
    {
        using var sandbox = await UpAsync(Account.Plain, "--set", "pgpool.failover_command=sleep 1");
        (
            await sandbox.ShellAsync(
                """
                read -r server <run/pgpool.pid || :
                suspend $server
                for n in 1 0; do # each is a failover of its own
                    kill -QUIT $(head -n 1 data$n/postmaster.pid)
                    until grep -q "received degenerate backend request for node_id: $n" log/pgpool.log; do
                        sleep 0.01
                    done
                done
                kill -CONT $server
                until grep -q 'execute command' log/pgpool.log; do sleep 0.01; done
                ./stopall >&2
                """
            )
        ).Ok();
        var log = await File.ReadAllTextAsync(Path.Combine(sandbox.Lab, "log/pgpool.log"));
        if (InstalledPgpool.Is42)
        {
            Assert.Contains("LOG:  Pgpool-II system is shutdown", log, StringComparison.Ordinal);
        }

        Assert.Empty(sandbox.ProcessesLeft());
    }

    /// <summary>Else Pgpool-II's first look would find every standby behind: what cleans up is written to disk, and
    /// sent, only some time later.</summary>
    [Theory]
    [InlineData("-s")]
    [InlineData("-r")]
    public async Task A_lab_that_was_just_made_has_nothing_left_to_clean_up_behind_its_making(string option)
    {
        using var sandbox = new Sandbox(Account.Plain);
        // Autovacuum works when its time has come, which on a slow machine is before the end of this test.
        string[] setup = ["setup", "--port", "auto", "--set", "postgresql.autovacuum=off", option, sandbox.Lab];
        (await sandbox.RunAsync(setup)).Ok();
        var grown = (
            await sandbox.ShellAsync(
                """
                eval "$(pgpoollab env)"
                end=$(LC_ALL=C pg_controldata -D data0 | sed -n 's/^Latest checkpoint location: *//p')
                ./startall >&2
                for database in postgres test; do psql -XAtc 'SELECT count(*) FROM pg_class' $database >&2; done
                pgpoollab psql 0 -- -XAtc "SELECT pg_current_wal_insert_lsn() - '$end'" test
                """
            )
        ).Ok().Output.Trim();
        // The checkpoint itself, that of the shutdown, takes some 120 bytes.
        Assert.InRange(int.Parse(grown, System.Globalization.CultureInfo.InvariantCulture), 24, 400);
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    /// <summary>As one of Pgpool-II's checks does for some milliseconds, and on a busy machine for longer.</summary>
    [Fact]
    public async Task Nothing_is_left_to_clean_up_when_somebody_still_saw_it_at_the_end_of_the_making()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var grown = (
            await sandbox.ShellAsync(
                """
                exec 3>&1 >&2
                pgpoollab setup --port auto --set postgresql.autovacuum=off --set postgresql.log_statement=ddl lab &
                setup=$!
                pause() { sleep 0.01; kill -0 $setup; }
                until grep -q '^ready' lab/data0/postmaster.pid; do pause; done
                cd lab
                PGPORT=$(sed -n 4p data0/postmaster.pid) PGHOST=$PWD/run PGPASSFILE=$PWD/pgpass
                export PGPORT PGHOST PGPASSFILE
                until psql -XAtqc 'SELECT 1' postgres; do pause; done
                psql -XAtqc "SET application_name = 'looker'; BEGIN ISOLATION LEVEL REPEATABLE READ;" \
                    -c 'SELECT count(*) FROM pg_class; SELECT pg_sleep(600)' postgres &
                looker=$!
                until grep -q 'DROP TABLE pgpoollab_proof' log/node0.log; do pause; done
                sleep 0.2 # in which setup would have looked, and seen nothing that it could clean up
                psql -XAtqc "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'looker'" \
                    postgres || : # a setup that did not wait has stopped its servers
                wait $looker || :
                wait $setup
                eval "$(pgpoollab env)"
                end=$(LC_ALL=C pg_controldata -D data0 | sed -n 's/^Latest checkpoint location: *//p')
                ./startall
                for database in postgres test; do psql -XAtc 'SELECT count(*) FROM pg_class' $database; done
                exec >&3
                pgpoollab psql 0 -- -XAtc "SELECT pg_current_wal_insert_lsn() - '$end'" test
                """
            )
        ).Ok().Output.Trim();
        Assert.InRange(int.Parse(grown, System.Globalization.CultureInfo.InvariantCulture), 24, 400);
    }

    [Fact]
    public async Task Commands_can_be_repeated_and_say_so()
    {
        using var sandbox = await UpAsync(Account.Plain);
        var again = (await sandbox.ShellAsync("./startall --plain")).Ok();
        Assert.Equal(3, again.Output.Split('\n').Count(l => l.EndsWith("runs already", StringComparison.Ordinal)));
        Assert.Contains("is up; Pgpool-II listens on port", (await sandbox.ShellAsync("./startall")).Ok().Error);
        (await sandbox.ShellAsync("./stopall pgpool && ./stopall nodes")).Ok();
        (await sandbox.ShellAsync("./startall --plain && pgpoollab stopall && ./stopall")).Ok();
        var stopped = (await sandbox.ShellAsync("./stopall --plain")).Ok();
        Assert.Equal(3, stopped.Output.Split('\n').Count(l => l.EndsWith("is not running", StringComparison.Ordinal)));
        Assert.Equal(["Nothing of this lab is running."], Findings(await sandbox.NodesAsync()));
    }

    [Fact]
    public async Task A_stale_PID_file_with_a_strangers_number_harms_nobody()
    {
        using var sandbox = await UpAsync(Account.Plain);
        (await sandbox.RunInLabAsync("stopall")).Ok();
        using var stranger = Reaper.Start(new System.Diagnostics.ProcessStartInfo("sleep", "600"));
        foreach (var file in (string[])["run/pgpool.pid", "data0/postmaster.pid"])
        {
            await File.WriteAllTextAsync(Path.Combine(sandbox.Lab, file), $"{stranger.Id}\n");
        }

        sandbox.Account.Own(sandbox.Lab);
        (await sandbox.RunInLabAsync("stopall")).Ok();
        (await sandbox.ShellAsync("./stopall --plain")).Ok();
        (await sandbox.RunInLabAsync("startall")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        Assert.False(stranger.HasExited);
        stranger.Kill();
        sandbox.AssertNothingIsLeft();
    }
}

/// <summary>Nodes in trouble. (Tests of one class run one after the other: classes are kept short, so that two
/// processors have work to the end.)</summary>
public sealed class NodeTroubleTests : LifeTests
{
    [Fact]
    public async Task The_old_primary_is_not_started_beside_the_new_one_and_split_brain_is_called_by_its_name()
    {
        using var sandbox = await UpAsync(Account.Plain);
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pg_ctl -m immediate -D data0 stop")).Ok();
        await sandbox.UntilNodesShowAsync(
            "node 1 has taken over",
            n => n[1].GetProperty("postgres").GetProperty("inRecovery") is { ValueKind: JsonValueKind.False }
        );
        (await sandbox.RunInLabAsync("stopall")).Ok();

        var script = (await sandbox.ShellAsync("./startall --plain")).Ok();
        Assert.Contains("node 0: not started, another node took over from it.", script.Error, StringComparison.Ordinal);
        (await sandbox.RunInLabAsync("stopall")).Ok();
        var program = (await sandbox.RunInLabAsync("startall")).Ok();
        Assert.Contains(
            "Node 0 is not started: another node took over from it",
            program.Error,
            StringComparison.Ordinal
        );

        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pg_ctl -w -D data0 -l log/node0.log start")).Ok();
        var report = await sandbox.NodesAsync();
        Assert.Contains(
            Findings(report),
            f =>
                f.StartsWith(
                    "Split brain: node 0 is a primary (timeline 1) beside node 1 (timeline 2)",
                    StringComparison.Ordinal
                )
        );
        // The fix it names ends it.
        var fix = report
            .GetProperty("findings")
            .EnumerateArray()
            .First(f => f.GetProperty("problem").GetString()!.StartsWith("Split", StringComparison.Ordinal))
            .GetProperty("fix")
            .GetString()!;
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; " + fix)).Ok();
        await sandbox.UntilNodesShowAsync(
            "node 0 is a standby",
            n => n[0].GetProperty("postgres").GetProperty("inRecovery") is { ValueKind: JsonValueKind.True }
        );
    }

    /// <summary>Without a process of PostgreSQL's for it, and with one.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2, "--set", "postgresql.logging_collector=on")]
    public async Task A_nodes_log_is_in_one_file_however_it_was_started(int collectors, params string[] options)
    {
        using var sandbox = await UpAsync(Account.Plain, options);
        Assert.Equal(
            collectors,
            sandbox.Processes().Count(p => p.Contains("postgres: logger", StringComparison.Ordinal))
        );
        foreach (
            var cycle in (string[])
                [
                    "./stopall && ./startall",
                    "pgpoollab stopall && pgpoollab startall",
                    "pg_ctl -D data1 -m fast stop && pg_ctl -D data1 -l log/node1.log start",
                    "pg_ctl -D data1 -m immediate stop; until pcp_recovery_node -w -n 1 | grep Successful; do "
                        + "tries=$((tries + 1)); [ $tries -lt 1200 ] || exit 1; sleep 0.1; done",
                ]
        )
        {
            (
                await sandbox.ShellAsync(
                    $$"""
                    eval "$(pgpoollab env)"
                    ready() { grep -c 'database system is ready to accept' log/node1.log || :; }
                    before=$(ready) words=$(grep -c 'a word of its own' log/node1.log || :) tries=0
                    { {{cycle}}; } >&2
                    pgpoollab psql 1 -- -XAtc "DO \$\$ BEGIN RAISE LOG 'a word of its own'; END \$\$" test >&2
                    # One with a process for it may be a moment late.
                    until [ "$(ready)" = $((before + 1)) ] &&
                        [ "$(grep -c 'a word of its own' log/node1.log)" -gt $words ]; do
                        tries=$((tries + 1))
                        [ $tries -lt 1200 ] || exit 1
                        sleep 0.1
                    done
                    """
                )
            ).Ok();
        }

        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    /// <summary>Pgpool-II logs in to every node as soon as it starts, with a password that a standby has from the
    /// primary: by replication, which may be behind.</summary>
    [Theory]
    [InlineData("clone")]
    [InlineData("basebackup")]
    public async Task Pgpool_is_not_started_before_the_standbys_know_its_password(string standbys)
    {
        using var sandbox = new Sandbox(Account.Plain);
        (
            await sandbox.RunAsync(
                "up",
                "-s",
                "--port",
                "auto",
                "-n",
                "3",
                "--standbys",
                standbys,
                "--set",
                "postgresql.recovery_min_apply_delay=700ms",
                sandbox.Lab
            )
        ).Ok();
        await sandbox.UntilNodesShowAsync("every node is up", n => n.All(x => Status(x) == "up"));
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }
}

public sealed class GivenUpNodeTests : LifeTests
{
    [Fact]
    public async Task Startall_says_when_a_running_Pgpool_has_given_up_every_node()
    {
        using var sandbox = await UpAsync(Account.Plain);
        (
            await sandbox.ShellAsync(
                "eval \"$(pgpoollab env)\"; pg_ctl -D data1 -m immediate stop; pg_ctl -D data0 -m immediate stop"
            )
        ).Ok();
        await sandbox.UntilNodesShowAsync("Pgpool-II lets nobody in", n => n.All(x => Status(x) is null or "down"));
        var outcome = await sandbox.RunInLabAsync("startall");
        Assert.Equal(5, outcome.ExitCode);
        Assert.Contains("Pgpool-II runs, but lets nobody in: ", outcome.Error, StringComparison.Ordinal);
        // What it names helps.
        (await sandbox.RunInLabAsync("stopall")).Ok();
        (await sandbox.RunInLabAsync("startall")).Ok();
        await sandbox.UntilNodesShowAsync("every node is up", n => n.All(x => Status(x) == "up"));
    }

    [Fact]
    public async Task A_node_that_is_detached_but_runs_is_pointed_out_with_the_command_that_attaches_it()
    {
        using var sandbox = await UpAsync(Account.Plain);
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pcp_detach_node -w -p $PCP_PORT -n 1")).Ok();
        var report = await sandbox.UntilNodesShowAsync("node 1 is down for Pgpool-II", n => Status(n[1]) == "down");
        Assert.Contains(Findings(report), f => f.Contains("its PostgreSQL runs as standby", StringComparison.Ordinal));
        (
            await sandbox.ShellAsync(
                "eval \"$(pgpoollab env)\"; " + report.GetProperty("findings")[0].GetProperty("fix").GetString()
            )
        ).Ok();
        await sandbox.UntilNodesShowAsync("node 1 is up", n => Status(n[1]) == "up");
    }

    /// <summary>With a watchdog, one that joins believes the one that leads.</summary>
    [Theory]
    [InlineData("run/pgpool.pid")]
    [InlineData("pgpool0/run/pgpool.pid", "--watchdog", "2")]
    public async Task Startall_does_not_wait_for_a_node_that_Pgpool_has_given_up_and_says_how_to_find_out_what_to_do(
        string pidFile,
        params string[] options
    )
    {
        using var sandbox = await UpAsync(Account.Plain, ["-n", "2", .. options]);
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pcp_detach_node -n 1")).Ok();
        // Pgpool-II says yes before it has done it.
        await sandbox.UntilNodesShowAsync("node 1 is down for Pgpool-II", n => Status(n[1]) == "down");
        if (options.Length > 0)
        {
            (await sandbox.ShellAsync("pgpool1/stopall pgpool")).Ok();
        }

        var leader = Pid(sandbox, pidFile);
        var outcome = (await sandbox.RunInLabAsync("startall")).Ok();
        Assert.Contains(
            "Pgpool-II runs and holds node 1 as down until it is attached or recovered. How, tells:  pgpoollab nodes",
            outcome.Error,
            StringComparison.Ordinal
        );
        Assert.Equal(leader, Pid(sandbox, pidFile));
        var report = await sandbox.NodesAsync();
        Assert.Contains(
            report.GetProperty("findings").EnumerateArray(),
            f => f.GetProperty("fix").GetString()?.Contains("pgpoollab attach 1", StringComparison.Ordinal) is true
        );
    }

    [Fact]
    public async Task Recovery_of_a_running_node_is_refused_and_its_data_is_untouched()
    {
        using var sandbox = await UpAsync(Account.Plain);
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pcp_detach_node -w -p $PCP_PORT -n 1")).Ok();
        await sandbox.UntilNodesShowAsync("node 1 is down for Pgpool-II", n => Status(n[1]) == "down");
        var outcome = await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pcp_recovery_node -w -p $PCP_PORT -n 1");
        // The exit code of pcp_recovery_node 4.3 is 0 all the same.
        Assert.Contains("execution of command failed at \"1st stage\"", outcome.Error, StringComparison.Ordinal);
        Assert.Contains(
            "node 1 is still running; stop it first",
            await File.ReadAllTextAsync(Path.Combine(sandbox.Lab, "log/recovery.log")),
            StringComparison.Ordinal
        );
        Assert.True(
            (await sandbox.NodesAsync()).GetProperty("nodes")[1].GetProperty("postgres").GetProperty("up").GetBoolean()
        );
    }

    [Fact]
    public async Task Servers_started_by_Pgpools_scripts_do_not_keep_its_ports()
    {
        using var sandbox = await UpAsync(Account.Plain, "-n", "3");
        // A switchover has the old primary copied and started by follow_primary.sh, a recovery has a node started by
        // pgpool_remote_start.
        (
            await sandbox.ShellAsync(
                $"eval \"$(pgpoollab env)\"; {InstalledPgpool.Switchover("-p $PCP_PORT", wanted: 1, out _)}"
            )
        ).Ok();
        await sandbox.UntilNodesShowAsync(
            "all follow node 1",
            n =>
                n.Select(
                        (x, i) =>
                            Status(x) is "up" or "waiting"
                            && (i == 1 || x.GetProperty("postgres").GetProperty("receiver").GetString() == "streaming")
                    )
                    .All(good => good)
        );
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pg_ctl -D data2 -m immediate stop")).Ok();
        await sandbox.UntilNodesShowAsync("node 2 is down", n => Status(n[2]) == "down");
        await sandbox.RecoverByPcpAsync(2);
        var port = (await sandbox.NodesAsync()).GetProperty("pgpoolPort").GetInt32();
        (await sandbox.ShellAsync("./stopall pgpool")).Ok();
        // What a server has just started has its command line for a moment.
        await sandbox.UntilAsync(
            "three servers run",
            _ => sandbox.Processes().Count(p => p.Contains("postgres -D", StringComparison.Ordinal)) == 3
        );
        foreach (var freed in (int[])[port, port + 1])
        {
            using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, freed);
            listener.Start();
        }

        (await sandbox.ShellAsync("./startall")).Ok();
        await sandbox.UntilNodesShowAsync("all are up", n => n.All(x => Status(x) == "up"));
    }

    [Fact]
    public async Task A_node_whose_folder_was_deleted_comes_back_whole()
    {
        using var sandbox = await UpAsync(Account.Plain);
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pg_ctl -m immediate -D data1 stop; rm -rf data1")).Ok();
        await sandbox.UntilNodesShowAsync("node 1 is down", n => Status(n[1]) == "down");
        await sandbox.RecoverByPcpAsync(1);
        await sandbox.UntilNodesShowAsync(
            "node 1 streams",
            n => n[1].GetProperty("postgres").GetProperty("receiver").GetString() == "streaming"
        );
    }
}

public sealed class SecondNameTests : LifeTests
{
    [Fact]
    public async Task A_lab_in_a_folder_with_a_space_starts_though_its_second_name_was_tidied_away()
    {
        using var sandbox = new Sandbox(Account.Plain, "my lab");
        (await sandbox.RunAsync("setup", "-s", "--port", "auto", sandbox.Lab)).Ok();
        var alias = JsonDocument
            .Parse(await File.ReadAllTextAsync(Path.Combine(sandbox.Lab, ".pgpoollab/lab.json")))
            .RootElement.GetProperty("lab")
            .GetProperty("safeAlias")
            .GetString()!;
        foreach (var start in (string[])["./startall --plain", "./startall"])
        {
            File.Delete(alias);
            (await sandbox.ShellAsync(start)).Ok();
            Assert.Equal(sandbox.Lab, new FileInfo(alias).LinkTarget);
            (await sandbox.RunInLabAsync("stopall")).Ok();
        }
    }
}

public sealed class BelongingTests : LifeTests
{
    [Fact]
    public async Task Destroy_takes_what_is_the_labs_and_leaves_what_is_the_users()
    {
        using var sandbox = await UpAsync(Account.Plain);
        await File.WriteAllTextAsync(Path.Combine(sandbox.Lab, "notes.txt"), "mine");
        Kill(Pid(sandbox, "data1/postmaster.pid"));
        Directory.Delete(Path.Combine(sandbox.Lab, "etc"), recursive: true);
        var outcome = (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        Assert.Contains("as it is not the lab's: notes.txt", outcome.Error, StringComparison.Ordinal);
        Assert.Equal(["notes.txt"], Directory.EnumerateFileSystemEntries(sandbox.Lab).Select(e => Path.GetFileName(e)));
        Assert.Empty(sandbox.ProcessesLeft());
        File.Delete(Path.Combine(sandbox.Lab, "notes.txt"));
        Directory.Delete(sandbox.Lab);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_folder_that_was_there_before_is_still_there_after()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.ShellAsync($"mkdir '{sandbox.Lab}'")).Ok();
        (await sandbox.RunInLabAsync("setup", "-s", "--port", "auto", "-n", "1")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        Assert.True(Directory.Exists(sandbox.Lab));
        Directory.Delete(sandbox.Lab);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_lab_that_was_moved_is_not_mistaken_for_the_one_that_took_its_place()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var moved = Path.Combine(sandbox.Labs, "moved");
        (await sandbox.RunAsync("setup", "-s", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        Directory.Move(sandbox.Lab, moved);
        (await sandbox.RunAsync("setup", "-s", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        var outcome = (await sandbox.RunAsync("startall", "--lab", moved)).FailedWith(1);
        Assert.Contains("and moved to", outcome.Error, StringComparison.Ordinal);
        (await sandbox.RunAsync("destroy", moved)).Ok();
        (await sandbox.RunInLabAsync("startall")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        Assert.False(Directory.Exists(moved));
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    [Trait("Needs", "root")]
    public async Task Root_does_not_trust_a_manifest_that_another_user_could_have_written()
    {
        using var sandbox = await UpAsync(Account.Plain, "-n", "1");
        var manifest = Path.Combine(sandbox.Lab, ".pgpoollab/lab.json");
        var text = await File.ReadAllTextAsync(manifest);
        await File.WriteAllTextAsync(
            manifest,
            text.Replace($"\"owner\": \"{sandbox.Account.LabUser}\"", "\"owner\": \"root\"", StringComparison.Ordinal)
        );
        using var root = new Sandbox(Account.Root);
        foreach (var command in (string[])["startall", "destroy"])
        {
            Assert.Contains(
                "it cannot be trusted",
                (await root.RunAsync(command, "--lab", sandbox.Lab)).FailedWith(1).Error,
                StringComparison.Ordinal
            );
        }

        await File.WriteAllTextAsync(manifest, text);
    }

    [Fact]
    [Trait("Needs", "root")]
    public async Task Root_gets_its_own_empty_folder_back_as_it_was()
    {
        using var sandbox = new Sandbox(Account.Root);
        Directory.CreateDirectory(sandbox.Lab);
        (await sandbox.RunInLabAsync("setup", "-s", "--port", "auto", "-n", "1")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        Assert.Contains(" root ", (await sandbox.ShellAsync("stat -c ' %U ' .")).Output, StringComparison.Ordinal);
        Directory.Delete(sandbox.Lab);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    [Trait("Needs", "root")]
    public async Task Root_in_a_folder_nobody_else_may_enter_is_told_so_and_nothing_changes()
    {
        using var sandbox = new Sandbox(Account.Root);
        File.SetUnixFileMode(sandbox.Labs, (UnixFileMode)Convert.ToInt32("700", 8));
        var outcome = (await sandbox.RunAsync("setup", "-s", "--port", "auto", sandbox.Lab)).FailedWith(4);
        Assert.Contains("The user postgres cannot write in", outcome.Error, StringComparison.Ordinal);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Everything_listens_on_loopback_only()
    {
        using var sandbox = await UpAsync(Account.Plain);
        var ports = (await sandbox.NodesAsync())
            .GetProperty("nodes")
            .EnumerateArray()
            .Select(n => n.GetProperty("port").GetInt32())
            .ToList();
        ports.AddRange([ports[0] - 1, ports[0] - 2]);
        var listeners = new[] { "/proc/net/tcp", "/proc/net/tcp6" }
            .SelectMany(f => File.ReadLines(f).Skip(1))
            .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(f =>
                f[3] == "0A"
                && ports.Contains(int.Parse(f[1].Split(':')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture))
            )
            .Select(f => f[1].Split(':')[0])
            .ToArray();
        Assert.True(listeners.Length >= ports.Count);
        Assert.All(
            listeners,
            address => Assert.Contains(address, (string[])["0100007F", "00000000000000000000000001000000"])
        );
        // What others may not read: the password file, keys, data and logs.
        Assert.All(
            (string[])["pcppass", "etc", "log", "data0", "data1", ".pgpoollab", "run"],
            name =>
                Assert.Equal(
                    UnixFileMode.None,
                    File.GetUnixFileMode(Path.Combine(sandbox.Lab, name)) & (UnixFileMode)Convert.ToInt32("077", 8)
                )
        );
    }

    [Fact]
    public async Task No_secret_is_in_the_manifest_a_log_an_event_or_on_a_command_line()
    {
        using var sandbox = await UpAsync(Account.Plain);
        var password = (await File.ReadAllTextAsync(Path.Combine(sandbox.Lab, "pcppass"))).Split('\n')[0].Split(':')[3];
        Assert.Equal(16, password.Length);
        foreach (
            var file in Directory
                .EnumerateFiles(Path.Combine(sandbox.Lab, "log"))
                .Append(Path.Combine(sandbox.Lab, ".pgpoollab/lab.json"))
        )
        {
            Assert.DoesNotContain(password, await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        }

        Assert.All(sandbox.Processes(), p => Assert.DoesNotContain(password, p, StringComparison.Ordinal));
        Assert.DoesNotContain(
            password,
            (await sandbox.RunInLabAsync("env", "--json")).Ok().Output,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(password, (await sandbox.RunInLabAsync("env")).Ok().Output, StringComparison.Ordinal);
    }
}

public sealed class UseTests : LifeTests
{
    [Fact]
    public async Task Labs_are_found_from_below_by_folder_and_by_name()
    {
        using var sandbox = await UpAsync(Account.Plain, "--name", $"named {Guid.NewGuid():N}");
        var name = JsonDocument
            .Parse(await File.ReadAllTextAsync(Path.Combine(sandbox.Lab, ".pgpoollab/lab.json")))
            .RootElement.GetProperty("lab")
            .GetProperty("name")
            .GetString()!;
        (await sandbox.ShellAsync("cd data0/base; pgpoollab nodes")).Ok();
        (await sandbox.RunAsync("nodes", "--lab", sandbox.Lab)).Ok();
        (await sandbox.RunAsync("nodes", "--lab", name)).Ok();
        (
            await sandbox.RunAsync("setup", "--port", "auto", "--name", name, Path.Combine(sandbox.Labs, "other"))
        ).FailedWith(4);
        (await sandbox.RunAsync("destroy", name)).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Psql_opens_Pgpool_or_a_node()
    {
        using var sandbox = await UpAsync(Account.Plain);
        Assert.Equal("5\n", (await sandbox.RunInLabAsync("psql", "--", "-Atc", "SELECT 2 + 3")).Ok().Output);
        Assert.Equal(
            "t\n",
            (await sandbox.RunInLabAsync("psql", "1", "--", "-Atc", "SELECT pg_is_in_recovery()")).Ok().Output
        );
        Assert.Contains(
            "standby",
            (await sandbox.RunInLabAsync("psql", "pgpool", "--", "-Atc", "SHOW pool_nodes")).Ok().Output,
            StringComparison.Ordinal
        );
        (await sandbox.RunInLabAsync("psql", "7", "--", "-c", "SELECT 1")).FailedWith(6);
        (await sandbox.RunInLabAsync("psql", "seven")).FailedWith(2);
    }

    [Fact]
    public async Task Settings_and_own_templates_reach_the_servers()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("templates", "export", sandbox["home/templates"])).Ok();
        await File.AppendAllTextAsync(sandbox["home/templates/postgresql/postgresql.conf.sbn"], "work_mem = '7MB'\n");
        (
            await sandbox.RunAsync(
                "up",
                "-s",
                "-n",
                "1",
                "--port",
                "auto",
                "--templates",
                sandbox["home/templates"],
                "--set",
                "postgresql.cluster_name=it's here",
                "--set",
                "pgpool.connection_life_time=77",
                sandbox.Lab
            )
        ).Ok();
        Assert.Equal("7MB\n", (await sandbox.RunInLabAsync("psql", "0", "--", "-Atc", "SHOW work_mem")).Ok().Output);
        Assert.Equal(
            "it's here\n",
            (await sandbox.RunInLabAsync("psql", "0", "--", "-Atc", "SHOW cluster_name")).Ok().Output
        );
        Assert.StartsWith(
            "77",
            (await sandbox.RunInLabAsync("psql", "--", "-Atc", "PGPOOL SHOW connection_life_time")).Ok().Output,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Dry_run_touches_nothing()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var outcome = (await sandbox.RunAsync("setup", "-s", "--port", "auto", "--dry-run", sandbox.Lab)).Ok();
        Assert.Contains("pg_basebackup", outcome.Output, StringComparison.Ordinal);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Json_of_setup_tells_a_program_all_it_needs()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var outcome = (await sandbox.RunAsync("up", "-s", "--port", "auto", "--json", "-q", sandbox.Lab)).Ok();
        Assert.Empty(outcome.Error);
        var lab = JsonDocument.Parse(outcome.Output).RootElement;
        Assert.True(lab.GetProperty("running").GetBoolean());
        Assert.Equal(2, lab.GetProperty("nodes").GetArrayLength());
        Assert.Equal(sandbox.Lab, lab.GetProperty("directory").GetString());
    }

    [Fact]
    public async Task A_command_on_a_lab_another_command_works_on_is_refused()
    {
        using var sandbox = await UpAsync(Account.Plain, "-n", "1");
        using (
            new FileStream(
                Path.Combine(sandbox.Lab, ".pgpoollab/lock"),
                FileMode.Open,
                FileAccess.ReadWrite,
                FileShare.None
            )
        )
        {
            (await sandbox.RunInLabAsync("stopall")).FailedWith(7);
        }

        (await sandbox.RunInLabAsync("stopall")).Ok();
    }
}

public sealed class DemoTests
{
    [Theory]
    [InlineData(Account.Plain)]
    [InlineData(Account.Root)]
    [Trait("Needs", "root")]
    public async Task The_demo_lives_through_the_story_and_leaves_nothing(string account)
    {
        using var sandbox = new Sandbox(account);
        var outcome = (await sandbox.ShellAsync("TMPDIR=$PWD pgpoollab demo")).Ok();
        Assert.Contains("From the kill until writing went on:", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("$ pgpoollab recover 0", outcome.Output, StringComparison.Ordinal);
        sandbox.AssertNothingIsLeft();
    }
}
