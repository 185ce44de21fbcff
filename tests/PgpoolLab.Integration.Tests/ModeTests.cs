using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>Each clustering mode by the new command line: made, started, broken, mended, stopped, removed.</summary>
public abstract class ModeTests
{
    protected static async Task<Sandbox> UpAsync(string mode, int nodes)
    {
        var sandbox = new Sandbox(Account.Plain, "my lab ü 'n' all");
        return await sandbox.ReadyAsync(async () =>
        {
            (await sandbox.RunAsync("setup", "--port", "auto", "-m", mode, "-n", nodes.ToString(), sandbox.Lab)).Ok();
            Assert.Empty(sandbox.ProcessesLeft());
            (await sandbox.ShellAsync("./startall")).Ok();
            await UntilAllAreUpAsync(sandbox);
        });
    }

    protected static Task<Outcome> InLabAsync(Sandbox sandbox, string script) =>
        sandbox.ShellAsync("eval \"$(pgpoollab env)\"\n" + script);

    protected static string? Status(JsonElement node) =>
        node.GetProperty("pgpool") is { ValueKind: JsonValueKind.Object } pgpool
            ? pgpool.GetProperty("status").GetString()
            : null;

    protected static Task<JsonElement> UntilAllAreUpAsync(Sandbox sandbox) =>
        sandbox.UntilNodesShowAsync(
            "every node is up",
            n => n.All(x => Status(x) is "up" or "waiting" && x.GetProperty("postgres").GetProperty("up").GetBoolean())
        );

    protected static async Task<int[]> PortsAsync(Sandbox sandbox) =>
        (await sandbox.NodesAsync())
            .GetProperty("nodes")
            .EnumerateArray()
            .Select(n => n.GetProperty("port").GetInt32())
            .ToArray();

    /// <summary>One value from every node; they must be the same.</summary>
    protected static async Task<string> SameEverywhereAsync(Sandbox sandbox, string sql)
    {
        var ports = await PortsAsync(sandbox);
        var answers = (
            await InLabAsync(sandbox, string.Join('\n', ports.Select(p => $"psql -p {p} -Atc \"{sql}\" test")))
        )
            .Ok()
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(ports.Length, answers.Length);
        return Assert.Single(answers.Distinct());
    }

    /// <summary>Writes until Pgpool-II takes it: right after a failure it disconnects everybody for a moment.</summary>
    protected static async Task WriteAsync(Sandbox sandbox, string sql) =>
        (
            await InLabAsync(
                sandbox,
                $"n=0; until psql -qc \"{sql}\" test; do n=$((n + 1)); [ $n -lt 1500 ] || exit 1; sleep 0.2; done"
            )
        ).Ok();

    protected static async Task EndAsync(Sandbox sandbox)
    {
        Assert.Empty((await sandbox.NodesAsync()).GetProperty("findings").EnumerateArray());
        (await sandbox.ShellAsync("./stopall")).Ok();
        Assert.Empty(sandbox.ProcessesLeft());
        (await sandbox.RunInLabAsync("startall")).Ok();
        await UntilAllAreUpAsync(sandbox);
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }
}

/// <summary>Native replication and snapshot isolation: Pgpool-II writes everywhere, and online recovery has a second
/// stage.</summary>
public abstract class WritingEverywhereTests(string mode) : ModeTests
{
    [Fact]
    public async Task Every_node_comes_back_from_any_other_with_the_same_rows_and_sequences()
    {
        using var sandbox = await UpAsync(mode, 3);
        await WriteAsync(sandbox, "CREATE TABLE t (i serial PRIMARY KEY, at text)");
        // From node 0 to 2, from 0 to 1; then onto old node 0, from 1; then from 0 again.
        foreach (var node in (int[])[2, 1, 0, 1])
        {
            (await InLabAsync(sandbox, $"pg_ctl -D data{node} -m immediate stop")).Ok();
            await WriteAsync(sandbox, $"INSERT INTO t (at) VALUES ('without {node}')");
            await sandbox.UntilNodesShowAsync($"node {node} is down", n => Status(n[node]) == "down");
            var finding = (await sandbox.NodesAsync()).GetProperty("findings").EnumerateArray().Single();
            Assert.Equal($"Node {node} is down.", finding.GetProperty("problem").GetString());
            // The command it names mends it.
            (await InLabAsync(sandbox, finding.GetProperty("fix").GetString()!)).Ok();
            await UntilAllAreUpAsync(sandbox);
            await WriteAsync(sandbox, $"INSERT INTO t (at) VALUES ('with {node}')");
            await SameEverywhereAsync(
                sandbox,
                "SELECT string_agg(i || at, ',' ORDER BY i), pg_is_in_recovery() FROM t"
            );
        }

        // No value was lost or given twice: sequences went on where they were.
        Assert.Equal(
            "8|8|f",
            await SameEverywhereAsync(sandbox, "SELECT count(*), max(i), pg_is_in_recovery() FROM t")
        );
        await EndAsync(sandbox);
    }

    [Fact]
    public async Task Online_recovery_goes_on_under_load_and_nothing_is_lost()
    {
        using var sandbox = await UpAsync(mode, 2);
        (await InLabAsync(sandbox, "pgbench -q -i test && pg_ctl -D data1 -m immediate stop")).Ok();
        await WriteAsync(sandbox, "SELECT 1");
        await sandbox.UntilNodesShowAsync("node 1 is down", n => Status(n[1]) == "down");
        // A second after a failover Pgpool-II starts its process for pcp anew, and who has just connected is cut off.
        (
            await sandbox.ShellAsync(
                "n=0; until grep -q 'fork a new PCP child' log/pgpool.log; do n=$((n + 1)); [ $n -lt 1200 ] || "
                    + "exit 1; sleep 0.1; done"
            )
        ).Ok();
        // The second stage sends clients away; pgbench ends then, and that is what a client sees in production, too.
        (
            await InLabAsync(
                sandbox,
                "pgbench -c 2 -T 3 -n test >pgbench.out 2>&1 & until [ \"$(psql -XAtc 'SELECT count(*) > 0 FROM "
                    + "pgbench_history' test)\" = t ]; do sleep 0.05; done; pcp_recovery_node -w -p "
                    + "$PCP_PORT -n 1; wait"
            )
        ).Ok();
        await UntilAllAreUpAsync(sandbox);
        await WriteAsync(sandbox, "UPDATE pgbench_branches SET bbalance = bbalance");
        await SameEverywhereAsync(
            sandbox,
            "SELECT sum(abalance), (SELECT count(*) FROM pgbench_history), (SELECT sum(tbalance) FROM "
                + "pgbench_tellers) FROM pgbench_accounts"
        );
    }

    [Fact]
    public async Task A_node_that_missed_writes_stays_down_after_a_restart_and_the_scripts_say_so()
    {
        using var sandbox = await UpAsync(mode, 2);
        (await InLabAsync(sandbox, "pcp_detach_node -w -p $PCP_PORT -n 1")).Ok();
        await WriteAsync(sandbox, "CREATE TABLE missed (i int)");
        await sandbox.UntilNodesShowAsync("node 1 is down", n => Status(n[1]) == "down");
        (await sandbox.ShellAsync("./stopall")).Ok();
        Assert.Contains(
            "Pgpool-II holds node 1 as down, as before",
            (await sandbox.ShellAsync("./startall")).Ok().Error,
            StringComparison.Ordinal
        );
        (await sandbox.RunInLabAsync("stopall")).Ok();
        (await sandbox.RunInLabAsync("startall")).Ok();
        var report = await sandbox.NodesAsync();
        Assert.Equal("down", Status(report.GetProperty("nodes")[1]));
        Assert.Contains(
            "what was written since is not on it",
            report.GetProperty("findings")[0].GetProperty("problem").GetString(),
            StringComparison.Ordinal
        );
        (await InLabAsync(sandbox, report.GetProperty("findings")[0].GetProperty("fix").GetString()!)).Ok();
        await UntilAllAreUpAsync(sandbox);
        Assert.Equal(
            "missed",
            await SameEverywhereAsync(sandbox, "SELECT relname FROM pg_class WHERE relname = 'missed'")
        );
    }
}

public sealed class NativeReplicationTests() : WritingEverywhereTests("r");

[Trait("Needs", "pgpool-4.2")]
public sealed class SnapshotIsolationTests() : WritingEverywhereTests("snapshot-isolation");

public sealed class OtherModesTests : ModeTests
{
    [Fact]
    public async Task Raw_mode_goes_on_with_the_next_node_and_takes_the_first_one_back_when_told()
    {
        using var sandbox = await UpAsync("raw", 3);
        await WriteAsync(sandbox, "CREATE TABLE t (i int)");
        (await InLabAsync(sandbox, "pg_ctl -D data0 -m immediate stop")).Ok();
        await WriteAsync(sandbox, "CREATE TABLE on_the_next (i int)");
        var report = await sandbox.UntilNodesShowAsync(
            "node 0 is down",
            n => Status(n[0]) == "down" && Status(n[1]) == "up"
        );
        var ports = await PortsAsync(sandbox);
        Assert.Equal(
            "on_the_next\n",
            (
                await InLabAsync(
                    sandbox,
                    $"psql -p {ports[1]} -Atc \"SELECT relname FROM pg_class WHERE relname IN ('t', "
                        + "'on_the_next')\" test"
                )
            )
                .Ok()
                .Output
        );
        (await InLabAsync(sandbox, report.GetProperty("findings")[0].GetProperty("fix").GetString()!)).Ok();
        await UntilAllAreUpAsync(sandbox);
        await EndAsync(sandbox);
    }

    [Fact]
    public async Task Logical_replication_carries_rows_to_every_node()
    {
        using var sandbox = await UpAsync("l", 3);
        var ports = await PortsAsync(sandbox);
        (
            await InLabAsync(
                sandbox,
                $"""
                for port in {string.Join(
                    ' ',
                    ports
                )}; do psql -qp $port -c 'CREATE TABLE t (i int PRIMARY KEY)' test; done
                for port in {string.Join(' ', ports.Skip(1))}; do
                    psql -qp $port -Atc 'SELECT subname FROM pg_subscription' test | while read -r name; do
                        psql -qp $port -c "ALTER SUBSCRIPTION $name REFRESH PUBLICATION" test
                    done
                done
                psql -qc 'INSERT INTO t SELECT generate_series(1, 100)' test
                """
            )
        ).Ok();
        foreach (var port in ports)
        {
            (
                await InLabAsync(
                    sandbox,
                    $"n=0; until [ \"$(psql -p {port} -Atc 'SELECT count(*) FROM t' test)\" = 100 ]; do n=$((n + "
                        + "1)); [ $n -lt 1500 ] || exit 1; sleep 0.1; done"
                )
            ).Ok();
        }

        await EndAsync(sandbox);
    }

    [Theory]
    [InlineData("true")]
    // Who goes on writing on the old primary, past Pgpool-II, makes the others diverge.
    [InlineData(
        "(pgbench -p $PORT0 -T 3 -c 2 -n test >pgbench.out 2>&1 &) && until [ \"$(psql -XAtc 'SELECT count(*) > 0 FROM "
            + "pgbench_history' -p $PORT0 test)\" = t ]; do sleep 0.05; done"
    )]
    public async Task Streaming_with_four_nodes_follows_a_promoted_node_and_the_old_primary_too(string meanwhile)
    {
        using var sandbox = await UpAsync("s", 4);
        var first = (await PortsAsync(sandbox))[0];
        var switchover = InstalledPgpool.Switchover("-p $PCP_PORT", wanted: 2, out var promoted);
        (await InLabAsync(sandbox, $"pgbench -q -i test && PORT0={first} && {meanwhile} && {switchover}")).Ok();
        await sandbox.UntilNodesShowAsync(
            $"node {promoted} is the primary and all others stream from it",
            n =>
                n.Select(
                        (x, i) =>
                            Status(x) is "up" or "waiting"
                            && x.GetProperty("pgpool").GetProperty("role").GetString()
                                == (i == promoted ? "primary" : "standby")
                            && (
                                i == promoted
                                || x.GetProperty("postgres").GetProperty("receiver").GetString() == "streaming"
                            )
                    )
                    .All(good => good)
        );
        await WriteAsync(sandbox, "INSERT INTO pgbench_branches VALUES (77, 0, '')");
        var ports = await PortsAsync(sandbox);
        foreach (var port in ports)
        {
            (
                await InLabAsync(
                    sandbox,
                    $"n=0; until [ \"$(psql -p {port} -Atc 'SELECT count(*) FROM pgbench_branches' test)\" = 2 "
                        + "]; do n=$((n + 1)); [ $n -lt 1500 ] || exit 1; sleep 0.1; done"
                )
            ).Ok();
        }
    }
}
