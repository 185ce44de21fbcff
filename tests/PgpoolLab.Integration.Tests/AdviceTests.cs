using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>What <c>nodes</c> advises, with real servers.</summary>
public sealed class AdviceTests : LifeTests
{
    private static JsonElement[] FindingsOf(JsonElement report) => [.. report.GetProperty("findings").EnumerateArray()];

    private static string Problem(JsonElement finding) => finding.GetProperty("problem").GetString()!;

    private static string Fix(JsonElement finding) => finding.GetProperty("fix").GetString()!;

    private static int[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(n => n.GetInt32())];

    [Fact]
    public async Task Suspended_servers_and_a_recovery_at_work_are_called_by_their_names()
    {
        using var sandbox = await UpAsync(Account.Plain);

        // Pgpool-II's first process.
        var pgpool = Pid(sandbox, "run/pgpool.pid");
        (await sandbox.ShellAsync($"suspend {pgpool}")).Ok();
        var report = await sandbox.NodesAsync();
        Assert.Equal([pgpool], Numbers(report.GetProperty("pgpoolSuspended")));
        var finding = FindingsOf(report)
            .Single(f => Problem(f).StartsWith("Pgpool-II is suspended", StringComparison.Ordinal));
        (await sandbox.ShellAsync(Fix(finding))).Ok();

        // All of a node, as by Ctrl+Z.
        (
            await sandbox.ShellAsync(
                "read -r server <data1/postmaster.pid; suspend $server $(cat /proc/$server/task/$server/children)"
            )
        ).Ok();
        report = await sandbox.NodesAsync();
        Assert.Equal(
            Pid(sandbox, "data1/postmaster.pid"),
            Numbers(report.GetProperty("nodes")[1].GetProperty("postgres").GetProperty("suspended"))[0]
        );
        finding = FindingsOf(report)
            .Single(f => Problem(f).StartsWith("Node 1 is suspended", StringComparison.Ordinal));
        Assert.DoesNotContain(
            FindingsOf(report),
            f => f.GetProperty("fix").GetString()?.Contains("startall", StringComparison.Ordinal) is true
        );
        (await sandbox.ShellAsync(Fix(finding))).Ok();
        await sandbox.UntilNodesShowAsync(
            "node 1 answers again",
            n => n[1].GetProperty("postgres").GetProperty("up").GetBoolean()
        );

        // A recovery that lasts until it may go on.
        (
            await sandbox.ShellAsync(
                """
                eval "$(pgpoollab env)"
                pg_ctl -D data1 -m immediate stop
                mv data0/basebackup.sh data0/stage.sh
                printf '#!/bin/sh\nwhile [ ! -e %s/go ]; do sleep 0.1; done\nexec %s/data0/stage.sh "$@"\n' \
                    "$PWD" "$PWD" >data0/basebackup.sh
                chmod +x data0/basebackup.sh
                """
            )
        ).Ok();
        await sandbox.UntilNodesShowAsync("node 1 is down", n => Status(n[1]) == "down");
        var recovery = sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pcp_recovery_node -w -n 1");
        // Until its script runs the node is not known.
        report = await sandbox.UntilAsync(
            "a recovery of node 1 is at work",
            r =>
                r.GetProperty("atWork")
                    .EnumerateArray()
                    .Any(w => w.GetProperty("node").ValueKind is JsonValueKind.Number)
        );
        var work = report.GetProperty("atWork").EnumerateArray().Single();
        Assert.Equal(("recovery", 1), (work.GetProperty("kind").GetString(), work.GetProperty("node").GetInt32()));
        Assert.Equal("Node 1 is down. Wait: the recovery is at work.", Problem(FindingsOf(report).Single()));
        Assert.Equal(JsonValueKind.Null, FindingsOf(report).Single().GetProperty("fix").ValueKind);
        (await sandbox.ShellAsync("touch go")).Ok();
        (await recovery).Ok();
        await sandbox.UntilNodesShowAsync("node 1 is up", n => Status(n[1]) == "up");
    }

    [Fact]
    public async Task A_synchronous_lab_that_waits_for_its_lost_standby_says_so_and_how_to_end_it()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var up = (
            await sandbox.RunAsync(
                "up",
                "-s",
                "--port",
                "auto",
                "--set",
                "postgresql.synchronous_standby_names=*",
                sandbox.Lab
            )
        ).Ok();
        Assert.Contains(
            "warning: writes wait for a synchronous standby",
            up.Error + up.Output,
            StringComparison.Ordinal
        );
        (await sandbox.ShellAsync("eval \"$(pgpoollab env)\"; pg_ctl -m immediate -D data0 stop")).Ok();
        await sandbox.UntilNodesShowAsync(
            "node 1 has taken over",
            n =>
                Status(n[0]) == "down"
                && n[1].GetProperty("postgres").GetProperty("inRecovery") is { ValueKind: JsonValueKind.False }
        );
        var write = sandbox.ShellAsync("pgpoollab psql 1 -- -XAtc 'CREATE TABLE t (i int)' test");
        var report = await sandbox.UntilAsync(
            "one session waits, and nothing is at work",
            r =>
                r.GetProperty("synchronous") is { ValueKind: JsonValueKind.Object } synchronous
                && synchronous.GetProperty("waitingSessions").GetInt32() == 1
                && r.GetProperty("atWork").GetArrayLength() == 0
        );
        var finding = FindingsOf(report)
            .Single(f => Problem(f).StartsWith("Writes wait on node 1", StringComparison.Ordinal));
        Assert.Contains(
            "1 session waits. They go on when node 0 streams again",
            Problem(finding),
            StringComparison.Ordinal
        );
        (await sandbox.ShellAsync(Fix(finding))).Ok();
        (await write).Ok();
    }
}
