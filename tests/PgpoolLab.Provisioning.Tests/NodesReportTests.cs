using PgpoolLab.Provisioning.Probes;
using PgpoolLab.Provisioning.Reports;

namespace PgpoolLab.Provisioning.Tests;

public sealed class NodesReportTests
{
    private static PoolNode Pool(int id, string role, string status = "up") => new() { Id = id, Status = status, Role = role };

    private static PostgresSays Primary(int timeline = 1) => new() { Up = true, InRecovery = false, Timeline = timeline, WalPosition = "0/3000060" };

    private static PostgresSays Standby(int timeline = 1, string? receiver = "streaming") => new() { Up = true, InRecovery = true, Timeline = timeline, Receiver = receiver, WalPosition = "0/3000000", LagBytes = 96 };

    private static readonly PostgresSays Dead = new() { Up = false, Problem = "Connection refused" };

    private static NodeView Node(int id, PoolNode? pool, PostgresSays says) => new(id, 11002 + id, pool, says);

    private static IReadOnlyList<Finding> Diagnose(params NodeView[] nodes) => NodesDiagnosis.Of(Labs.Fixed(), true, null, nodes);

    private static IReadOnlyList<Finding> DiagnoseWithoutPgpool(params NodeView[] nodes) => NodesDiagnosis.Of(Labs.Fixed(), false, "Connection refused", nodes);

    [Fact]
    public void When_all_is_well_nothing_is_said() => Assert.Empty(Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby", "waiting"), Standby())));

    [Fact]
    public void When_nothing_runs_that_is_all_there_is_to_say() =>
        Assert.Equal([new Finding(null, "Nothing of this lab is running.", "./startall")], DiagnoseWithoutPgpool(Node(0, null, Dead), Node(1, null, Dead)));

    [Fact]
    public void Pgpool_can_be_down_alone() =>
        Assert.Equal([new Finding(null, "Pgpool-II does not answer: Connection refused", "./startall")], DiagnoseWithoutPgpool(Node(0, null, Primary()), Node(1, null, Standby())));

    [Fact]
    public void Without_Pgpool_a_dead_node_is_still_named() =>
        Assert.Equal([new Finding(null, "Pgpool-II does not answer: Connection refused", "./startall"), new Finding(1, "Node 1 does not answer: Connection refused", null)],
            DiagnoseWithoutPgpool(Node(0, null, Primary()), Node(1, null, Dead)));

    [Fact]
    public void A_node_that_is_down_is_recovered() =>
        Assert.Equal([new Finding(1, "Node 1 is down.", "pcp_recovery_node -p 11001 -n 1")], Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby", "down"), Dead)));

    [Fact]
    public void Without_a_primary_there_is_nobody_to_recover_from() =>
        Assert.Equal([new Finding(null, "There is no primary.", null), new Finding(0, "Node 0 is down.", null)],
            Diagnose(Node(0, Pool(0, "standby", "down"), Dead), Node(1, Pool(1, "standby"), Standby())));

    [Theory]
    [InlineData("down")]
    [InlineData("quarantine")]
    [InlineData("unused")]
    public void A_node_Pgpool_holds_as_down_but_that_runs_is_attached(string status) =>
        Assert.Equal([new Finding(1, $"They disagree: Pgpool-II takes node 1 for {status}, but its PostgreSQL runs as standby. Pgpool-II does not look again by itself.", "pcp_attach_node -p 11001 -n 1")],
            Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby", status), Standby())));

    [Theory]
    [InlineData("up")]
    [InlineData("waiting")]
    public void A_node_Pgpool_holds_as_up_but_that_is_dead_ends_by_itself(string status) =>
        Assert.Equal([new Finding(1, $"They disagree: Pgpool-II takes node 1 for {status}, but its PostgreSQL does not answer: Connection refused", null)],
            Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby", status), Dead)));

    [Fact]
    public void Two_primaries_are_a_split_brain_and_the_older_one_gives_way()
    {
        var finding = Assert.Single(Diagnose(Node(0, Pool(0, "standby", "down"), Primary(1)), Node(1, Pool(1, "primary"), Primary(2))));
        Assert.Equal(
            new Finding(0, "Split brain: node 0 is a primary (timeline 1) beside node 1 (timeline 2); what was written on one is not on the other.", "pg_ctl -D data0 -m fast stop && pcp_recovery_node -p 11001 -n 0"),
            finding);
    }

    [Fact]
    public void A_second_primary_that_is_attached_is_detached_first() =>
        Assert.Equal("pg_ctl -D data0 -m fast stop && pcp_detach_node -p 11001 -n 0 && pcp_recovery_node -p 11001 -n 0",
            Assert.Single(Diagnose(Node(0, Pool(0, "standby"), Primary(1)), Node(1, Pool(1, "primary"), Primary(2)))).Fix);

    [Fact]
    public void A_split_brain_is_seen_without_Pgpool_too() =>
        Assert.Contains(DiagnoseWithoutPgpool(Node(0, null, Primary(1)), Node(1, null, Primary(2))), f => f.Node == 0 && f.Problem.StartsWith("Split brain:", StringComparison.Ordinal));

    [Theory]
    [InlineData("standby", "primary")]
    [InlineData("primary", "standby")]
    public void A_role_Pgpool_is_wrong_about_is_named(string thinks, string role)
    {
        var says = role == "primary" ? Primary() : Standby();
        var other = role == "primary" ? Node(1, Pool(1, "standby"), Standby()) : Node(1, Pool(1, "primary"), Primary());
        Assert.Equal([new Finding(0, $"They disagree: Pgpool-II takes node 0 for a {thinks}, but it is a {role}.", null)], Diagnose(Node(0, Pool(0, thinks), says), other));
    }

    [Theory]
    [InlineData(null, "none")]
    [InlineData("stopping", "stopping")]
    public void A_standby_that_receives_nothing_is_recovered(string? receiver, string told) =>
        Assert.Equal([new Finding(1, $"Node 1 is a standby, but it receives nothing (WAL receiver: {told}); see log/node1.log.", "pg_ctl -D data1 -m fast stop && pcp_recovery_node -p 11001 -n 1")],
            Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby"), Standby(receiver: receiver))));

    [Fact]
    public void A_standby_on_another_timeline_is_named() =>
        Assert.Equal([new Finding(1, "Node 1 is on timeline 1, the primary on 2.", null)], Diagnose(Node(0, Pool(0, "primary"), Primary(2)), Node(1, Pool(1, "standby"), Standby())));

    [Fact]
    public void Without_any_primary_that_is_said_once() =>
        Assert.Equal([new Finding(null, "There is no primary.", null)], Diagnose(Node(0, Pool(0, "standby"), Standby()), Node(1, Pool(1, "standby"), Standby())));

    [Fact]
    public void A_node_Pgpool_does_not_list_is_named() =>
        Assert.Equal([new Finding(1, "Pgpool-II does not know node 1.", null)], Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, null, Standby())));

    [Theory]
    [InlineData("0/0", 0L)]
    [InlineData("0/3000060", 50331744L)]
    [InlineData("1/0", 4294967296L)]
    [InlineData("16/B374D848", 97500059720L)]
    [InlineData("FFFFFFFF/FFFFFFFF", -1L)]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("0", null)]
    [InlineData("0/1/2", null)]
    [InlineData("x/1", null)]
    public void A_WAL_position_is_a_number_of_bytes(string? position, long? bytes) => Assert.Equal(bytes, NodesReporter.WalBytes(position));

    [Fact]
    public void Json_has_a_shape_programs_can_rely_on()
    {
        var nodes = new[]
        {
            Node(0, new PoolNode { Id = 0, Status = "up", Role = "primary", PostgresStatus = "up", PostgresRole = "primary", Weight = "0.500000", SelectCount = 7, Delay = "0", LastChange = "2026-11-23 02:00:00" }, Primary()),
            Node(1, Pool(1, "standby", "down"), Standby()),
            Node(2, null, Dead),
        };
        var lab = Labs.Fixed(nodes: 3, root: "/srv/Prüfstand");
        Snapshot.Approve("nodes-json", NodesReporter.ToJson(new NodesReport(lab.Name, lab.Root, lab.Pgpool.Port, true, null, nodes, NodesDiagnosis.Of(lab, true, null, nodes))) + "\n");
    }
}
