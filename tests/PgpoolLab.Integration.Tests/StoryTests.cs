using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>The story every user must be able to live through, with the real programs.</summary>
public abstract class StoryTests
{
    /// <summary>A folder as people have them.</summary>
    protected const string LabName = "my lab ü 'n' all";

    protected static async Task LiveThroughAsync(string account, int nodes, params string[] options)
    {
        using var sandbox = new Sandbox(account, LabName);
        await SetUpAndStartAsync(sandbox, nodes, options);
        (
            await ShellInLabAsync(
                sandbox,
                """
                pgpoollab nodes
                psql -p $PGPOOL_PORT -c "show pool_nodes" test
                pgbench -q -i -p $PGPOOL_PORT test
                pgbench -p $PGPOOL_PORT -T 1 test
                """
            )
        ).Ok();
        await AssertSameDataAsync(sandbox, nodes);

        (await ShellInLabAsync(sandbox, "pgpoollab kill primary")).Ok();
        var report = await sandbox.UntilNodesShowAsync(
            "node 1 is the primary, node 0 is down and the others follow node 1",
            n =>
                Is(n[0], "down", null)
                && Is(n[1], "up", "primary")
                && n.Skip(2).All(s => Is(s, "up", "standby") && Streams(s))
        );
        Assert.All(
            report.GetProperty("nodes").EnumerateArray().Skip(1),
            n => Assert.Equal(2, n.GetProperty("postgres").GetProperty("timeline").GetInt32())
        );
        Assert.Contains(
            report.GetProperty("findings").EnumerateArray(),
            f => f.GetProperty("fix").GetString() == "pgpoollab recover 0"
        );

        (await ShellInLabAsync(sandbox, "pgbench -p $PGPOOL_PORT -T 1 test")).Ok();
        (await ShellInLabAsync(sandbox, "pgpoollab recover --all && pgpoollab wait --for streaming")).Ok();
        await UntilAllStreamAsync(sandbox, primary: 1);
        await AssertSameDataAsync(sandbox, nodes);

        // And back, with PostgreSQL's and Pgpool-II's own programs: the node that was recovered takes over.
        await KillAsync(sandbox, 1);
        await sandbox.UntilNodesShowAsync(
            "node 0 is the primary again",
            n =>
                Is(n[0], "up", "primary")
                && Is(n[1], "down", null)
                && n.Skip(2).All(s => Is(s, "up", "standby") && Streams(s))
        );
        (
            await ShellInLabAsync(sandbox, "pgbench -p $PGPOOL_PORT -T 1 test; pcp_recovery_node -w -p $PCP_PORT -n 1")
        ).Ok();
        await UntilAllStreamAsync(sandbox, primary: 0);
        await AssertSameDataAsync(sandbox, nodes);

        AssertEvents(sandbox);
        (await sandbox.ShellAsync("./stopall; ./shutdownall")).Ok();
        Assert.Empty(sandbox.ProcessesLeft());
        (await sandbox.ShellAsync("./startall")).Ok();
        await UntilAllStreamAsync(sandbox, primary: 0);
        (await sandbox.RunInLabAsync("stopall")).Ok();
        (await sandbox.RunInLabAsync("startall")).Ok();
        await UntilAllStreamAsync(sandbox, primary: 0);
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    protected static async Task FailOverWithManyNodesAsync(string account, int nodes)
    {
        using var sandbox = new Sandbox(account, LabName);
        await SetUpAndStartAsync(sandbox, nodes, "-s");
        await UntilAllStreamAsync(sandbox, primary: 0);
        await KillAsync(sandbox, 0);
        await sandbox.UntilNodesShowAsync(
            "node 1 is the primary and the others follow it",
            n =>
                Is(n[1], "up", "primary")
                && n.Skip(2)
                    .All(s =>
                        Is(s, "up", "standby")
                        && Streams(s)
                        && s.GetProperty("postgres").GetProperty("timeline").GetInt32() == 2
                    )
        );
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    protected static async Task SetUpAndStartAsync(Sandbox sandbox, int nodes, params string[] options)
    {
        var setup = (
            await sandbox.RunAsync(["setup", "--port", "auto", "-n", nodes.ToString(), .. options, sandbox.Lab])
        ).Ok();
        Assert.Contains($"was read on all {nodes} nodes. It is stopped now.", setup.Error, StringComparison.Ordinal);
        Assert.Empty(sandbox.ProcessesLeft());
        (await sandbox.ShellAsync("./startall")).Ok();
    }

    protected static Task<Outcome> ShellInLabAsync(Sandbox sandbox, string script) =>
        sandbox.ShellAsync("eval \"$(pgpoollab env)\"\n" + script);

    protected static async Task KillAsync(Sandbox sandbox, int node) =>
        (await ShellInLabAsync(sandbox, $"pg_ctl -m immediate -D data{node} stop")).Ok();

    protected static Task<JsonElement> UntilAllStreamAsync(Sandbox sandbox, int primary) =>
        sandbox.UntilNodesShowAsync(
            $"every node is up and follows node {primary}",
            nodes =>
                nodes
                    .Select((n, i) => i == primary ? Is(n, "up", "primary") : Is(n, "up", "standby") && Streams(n))
                    .All(good => good)
        );

    protected static Task<JsonElement> UntilNoneLagsAsync(Sandbox sandbox) =>
        sandbox.UntilNodesShowAsync(
            "no standby lags",
            n =>
                n.All(x =>
                    x.GetProperty("postgres").GetProperty("lagBytes") is not { ValueKind: JsonValueKind.Number } lag
                    || lag.GetInt64() == 0
                )
        );

    private static async Task AssertSameDataAsync(Sandbox sandbox, int nodes)
    {
        var ports = (await sandbox.NodesAsync())
            .GetProperty("nodes")
            .EnumerateArray()
            .Select(n => n.GetProperty("port").GetInt32())
            .ToArray();
        Assert.Equal(nodes, ports.Length);
        await UntilNoneLagsAsync(sandbox);
        var sums = (
            await ShellInLabAsync(
                sandbox,
                string.Join(
                    '\n',
                    ports.Select(p => $"psql -p {p} -Atc 'select sum(abalance), count(*) from pgbench_accounts' test")
                )
            )
        )
            .Ok()
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(nodes, sums.Length);
        Assert.Single(sums.Distinct());
        Assert.EndsWith("|100000", sums[0], StringComparison.Ordinal);
    }

    private static void AssertEvents(Sandbox sandbox)
    {
        var events = File.ReadAllLines(Path.Combine(sandbox.Lab, "log", "events.jsonl"))
            .Select(l => JsonDocument.Parse(l).RootElement)
            .ToArray();
        Assert.All(events, e => Assert.Equal(0, e.GetProperty("exit_code").GetInt32()));
        Assert.All(events, e => Assert.True(e.GetProperty("duration_ms").GetInt32() is >= 0 and < 60_000));
        Assert.All(events, e => Assert.True(DateTime.TryParse(e.GetProperty("time").GetString(), out _)));
        var names = events.Select(e => e.GetProperty("event").GetString()!).ToArray();
        Assert.Equal(2, names.Count(n => n == "failover"));
        // A third node that had received more than the one that was promoted is copied anew, each time.
        Assert.InRange(names.Count(n => n == "recovery"), 2, 4);
        Assert.Contains("follow_primary", names);
        Assert.Contains("remote_start", names);
        Assert.Equal(
            "0",
            events.First(e => e.GetProperty("event").GetString() == "failover").GetProperty("arguments")[0].GetString()
        );
    }

    private static int Port(Sandbox sandbox, JsonElement report) => report.GetProperty("pgpoolPort").GetInt32();

    protected static bool Is(JsonElement node, string status, string? role) =>
        node.GetProperty("pgpool") is { ValueKind: JsonValueKind.Object } pgpool
        && pgpool.GetProperty("status").GetString() == status
        && (
            role is null
            || (
                pgpool.GetProperty("role").GetString() == role
                && node.GetProperty("postgres").GetProperty("inRecovery").GetBoolean() == (role == "standby")
            )
        );

    private static bool Streams(JsonElement node) =>
        node.GetProperty("pgpool").GetProperty("replicationState").GetString() == "streaming"
        && node.GetProperty("postgres").GetProperty("receiver").GetString() == "streaming";
}

// One class each: classes run side by side.
public sealed class TheStoryOfAPlainUser : StoryTests
{
    [Fact]
    public Task Two_nodes_with_slots() => LiveThroughAsync(Account.Plain, 2, "-s");

    [Fact]
    public Task Three_nodes_with_pg_rewind() => LiveThroughAsync(Account.Plain, 3, "-s", "-r");

    [Fact]
    public Task Three_nodes_with_WAL_archives() => LiveThroughAsync(Account.Plain, 3);
}

public sealed class TheStoryOfCopies : StoryTests
{
    [Fact]
    public Task Three_nodes_cloned() => LiveThroughAsync(Account.Plain, 3, "-s", "--standbys", "clone");
}

[Trait("Needs", "root")]
public sealed class TheStoryOfRoot : StoryTests
{
    [Fact]
    public Task Two_nodes_with_WAL_archives() => LiveThroughAsync(Account.Root, 2);

    [Fact]
    public Task Three_nodes_with_slots() => LiveThroughAsync(Account.Root, 3, "-s");
}

public sealed class TheStoryOfMany : StoryTests
{
    [Fact]
    public Task Twelve_nodes_survive_a_failover() => FailOverWithManyNodesAsync(Account.Plain, 12);
}
