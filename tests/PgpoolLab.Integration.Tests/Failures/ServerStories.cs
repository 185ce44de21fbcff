using System.Text.Json;

namespace PgpoolLab.Integration.Tests.Failures;

/// <summary>Stories of servers that died, and of those who want them back.</summary>
public sealed class ServerStories : LifeTests
{
    private const string Env = "eval \"$(pgpoollab env)\"\n";

    [Fact]
    public async Task Story_09_a_start_right_after_a_stop_works_though_clients_were_connected()
    {
        using var sandbox = await UpAsync(Account.Plain, "-n", "1");
        for (var i = 0; i < 3; i++)
        {
            (
                await sandbox.ShellAsync(
                    Env
                        + "psql -XAtqc 'SELECT pg_backend_pid()' -p $PGPOOL_PORT test; (psql -Xqc 'SELECT "
                        + "pg_sleep(30)' -p $PGPOOL_PORT test >/dev/null 2>&1 &); ./stopall; ./startall"
                )
            ).Ok();
        }

        (await sandbox.RunInLabAsync("stopall")).Ok();
        (await sandbox.RunInLabAsync("startall")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Story_11_stopall_on_a_half_dead_lab_stops_the_rest_and_startall_after_the_machine_crashed_works()
    {
        using var sandbox = await UpAsync(Account.Plain);
        Kill(Pid(sandbox, "data1/postmaster.pid"));
        Kill(
            int.Parse((await File.ReadAllTextAsync(Path.Combine(sandbox.Lab, "run/pgpool.pid"))).Trim('\0', '\n', ' '))
        );
        (await sandbox.ShellAsync("./stopall")).Ok();
        Assert.Empty(sandbox.ProcessesLeft());
        // As after a crash: every file that tells of a running server is there, and the servers are not.
        (await sandbox.RunInLabAsync("startall")).Ok();
        foreach (var file in (string[])["data0/postmaster.pid", "data1/postmaster.pid"])
        {
            Kill(Pid(sandbox, file));
        }

        Kill(
            int.Parse((await File.ReadAllTextAsync(Path.Combine(sandbox.Lab, "run/pgpool.pid"))).Trim('\0', '\n', ' '))
        );
        (await sandbox.RunInLabAsync("startall")).Ok();
        await sandbox.UntilNodesShowAsync("both nodes are up", n => n.All(x => Status(x) == "up"));

        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Story_12_of_two_commands_at_once_one_does_it_and_the_other_is_refused_or_finds_it_done()
    {
        using var sandbox = await UpAsync(Account.Plain);
        var outcomes = await Task.WhenAll(
            sandbox.RunInLabAsync("stopall"),
            sandbox.RunInLabAsync("stopall"),
            sandbox.RunInLabAsync("startall")
        );
        Assert.Contains(outcomes, o => o.ExitCode == 0);
        Assert.All(outcomes, o => Assert.True(o.ExitCode is 0 or 7, o.Error));
        Assert.All(
            outcomes.Where(o => o.ExitCode == 7),
            o => Assert.Contains("Another pgpoollab command is at work on the lab", o.Error, StringComparison.Ordinal)
        );
        (await sandbox.RunInLabAsync("startall")).Ok();
        var ends = await Task.WhenAll(
            sandbox.RunAsync("destroy", sandbox.Lab),
            sandbox.RunAsync("destroy", sandbox.Lab)
        );
        Assert.Contains(ends, o => o.ExitCode == 0);
        Assert.All(ends, o => Assert.True(o.ExitCode is 0 or 6 or 7, o.Error));
        sandbox.AssertNothingIsLeft();
    }
}

/// <summary>Stories of high availability.</summary>
public sealed class AvailabilityStories : LifeTests
{
    private const string Recover = "eval \"$(pgpoollab env)\"\npcp_recovery_node -w -p $PCP_PORT -n ";

    [Fact]
    public async Task Story_13_recovery_of_what_cannot_be_recovered_is_refused_in_Pgpools_own_words()
    {
        using var sandbox = await UpAsync(Account.Plain);
        var primary = await sandbox.ShellAsync(Recover + "0");
        Assert.Contains("process recovery request failed", primary.Error, StringComparison.Ordinal);
        var nobody = await sandbox.ShellAsync(Recover + "7");
        Assert.True(
            nobody.ExitCode != 0 || nobody.Error.Length > 0,
            "a node that does not exist is recovered without a word"
        );
        Assert.Contains("7", nobody.Error, StringComparison.Ordinal);

        // No primary: node 0 is gone and node 1 cannot be promoted, as it is gone too.
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pg_ctl -m immediate -D data1 stop")).Ok();
        await sandbox.UntilNodesShowAsync("node 1 is down", n => Status(n[1]) == "down");
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pg_ctl -m immediate -D data0 stop")).Ok();
        await sandbox.UntilNodesShowAsync(
            "both are down",
            n => n.All(x => !x.GetProperty("postgres").GetProperty("up").GetBoolean())
        );
        var none = await sandbox.ShellAsync(Recover + "1");
        Assert.NotEmpty(none.Error);
        Assert.False(
            (await sandbox.NodesAsync()).GetProperty("nodes")[1].GetProperty("postgres").GetProperty("up").GetBoolean()
        );

        // What is left of it is a lab all the same.
        (await sandbox.RunInLabAsync("stopall")).Ok();
        (await sandbox.RunInLabAsync("startall")).Ok();
        await sandbox.UntilNodesShowAsync("both nodes are up", n => n.All(x => Status(x) == "up"));
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Story_14_with_all_nodes_down_nodes_tells_the_truth_and_startall_brings_them_back()
    {
        using var sandbox = await UpAsync(Account.Plain);
        Kill(Pid(sandbox, "data1/postmaster.pid"));
        Kill(Pid(sandbox, "data0/postmaster.pid"));
        var report = await sandbox.UntilNodesShowAsync(
            "both are down",
            n => n.All(x => !x.GetProperty("postgres").GetProperty("up").GetBoolean())
        );
        Assert.NotEmpty(Findings(report));
        // While Pgpool-II is at work on what has happened there is nothing to do but wait.
        report = await sandbox.UntilAsync("nothing is at work", r => r.GetProperty("atWork").GetArrayLength() == 0);

        Assert.All(
            report.GetProperty("findings").EnumerateArray(),
            f => Assert.False(string.IsNullOrEmpty(f.GetProperty("fix").GetString()))
        );
        (await sandbox.RunInLabAsync("stopall")).Ok();
        (await sandbox.RunInLabAsync("startall")).Ok();
        await sandbox.UntilNodesShowAsync("both nodes are up", n => n.All(x => Status(x) == "up"));
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Theory]
    [InlineData("-s")]
    [InlineData("-r")]
    public async Task Story_15_an_old_primary_that_has_diverged_comes_back_without_what_nobody_else_has(string option)
    {
        using var sandbox = await UpAsync(Account.Plain, option);
        (
            await sandbox.ShellAsync(
                """
                eval "$(pgpoollab env)"
                psql -XAtqc 'CREATE TABLE t (i int)' -p $PGPOOL_PORT test
                # Replication is asynchronous: what node 1 has not got yet would be lost.
                until [ "$(pgpoollab psql 1 -- -XAtqc "SELECT to_regclass('t') IS NOT NULL" test)" = t ]; do
                    sleep 0.1
                done
                pg_ctl -m immediate -D data0 stop
                """
            )
        ).Ok();
        await sandbox.UntilNodesShowAsync(
            "node 1 has taken over",
            n =>
                Status(n[0]) == "down"
                && n[1].GetProperty("postgres").GetProperty("inRecovery") is { ValueKind: JsonValueKind.False }
        );
        // The old one is started by hand, written to, and killed again: two histories.
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pg_ctl -w -D data0 -l log/node0.log start")).Ok();
        (await sandbox.RunInLabAsync("psql", "0", "--", "-Xqc", "INSERT INTO t VALUES (666)", "test")).Ok();
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pg_ctl -m immediate -D data0 stop")).Ok();
        (await sandbox.RunInLabAsync("psql", "--", "-Xqc", "INSERT INTO t VALUES (1)", "test")).Ok();
        await sandbox.RecoverByPcpAsync(0);
        await sandbox.UntilNodesShowAsync(
            "node 0 streams",
            n =>
                n[0].GetProperty("postgres").GetProperty("receiver").GetString() == "streaming"
                && n[0].GetProperty("postgres").GetProperty("lagBytes") is { ValueKind: JsonValueKind.Number } lag
                && lag.GetInt64() == 0
        );
        Assert.Equal(
            "1\n",
            (await sandbox.RunInLabAsync("psql", "0", "--", "-XAtqc", "SELECT i FROM t", "test")).Ok().Output
        );
    }

    [Fact]
    public async Task Story_17_a_restore_command_that_cannot_find_its_archive_does_not_kill_the_standby()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "--port", "auto", sandbox.Lab)).Ok();
        (
            await sandbox.ShellAsync(
                """
                grep -h restore_command data1/*.conf
                eval "$(pgpoollab env)"
                pg_ctl -w -m fast -D data1 stop
                mv archivedir archivedir.away
                pg_ctl -w -D data1 -l log/node1.log start
                """
            )
        ).Ok();
        await sandbox.UntilNodesShowAsync(
            "node 1 streams",
            n => n[1].GetProperty("postgres").GetProperty("receiver").GetString() == "streaming"
        );
        (await sandbox.ShellAsync("mv archivedir.away archivedir")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }
}
