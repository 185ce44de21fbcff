using PgpoolLab.Model;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Servers.Tests;

/// <summary>What <c>wait --for</c> takes for true.</summary>
public sealed class LabFactTests
{
    private static bool Holds(string fact, NodesReport report) => LabFact.Parse(fact)!.Check(report).Holds;

    [Theory]
    [InlineData("")]
    [InlineData("well")]
    [InlineData("node 1")]
    [InlineData("node x up")]
    [InlineData("node -1 up")]
    [InlineData("node 1 sideways")]
    public void Other_words_are_none(string text) => Assert.Null(LabFact.Parse(text));

    [Fact]
    public void A_lab_with_a_node_that_was_given_up_serves_its_clients_but_does_not_stream()
    {
        var report = Looks.At(Looks.Primary(0), Looks.Dead(1));
        Assert.True(Holds("healthy", report));
        Assert.True(Holds("primary", report));
        Assert.True(Holds("node 1 down", report));
        Assert.False(Holds("streaming", report));
        Assert.False(Holds("node 1 up", report));
    }

    [Fact]
    public void A_lab_whose_dead_node_still_gets_queries_does_not_serve()
    {
        var report = Looks.At(Looks.Primary(0), Looks.Dead(1, "up"));
        Assert.False(Holds("healthy", report));
        Assert.False(Holds("node 1 down", report));
    }

    [Theory]
    [InlineData(WorkKind.Failover, false)]
    [InlineData(WorkKind.FollowPrimary, false)]
    [InlineData(WorkKind.Recovery, false)]
    [InlineData(WorkKind.Command, true)]
    public void While_the_servers_are_at_work_nothing_is_settled_and_another_command_is_not_their_work(
        WorkKind kind,
        bool holds
    )
    {
        var report = Looks.At(Looks.Primary(0), Looks.Standby(1)) with { AtWork = [Looks.Work(kind)] };
        Assert.Equal(holds, Holds("healthy", report));
        Assert.Equal(holds, Holds("streaming", report));
        Assert.Equal(holds, Holds("node 1 up", report));
        Assert.Equal(holds, Holds("node 0 primary", report));
    }

    [Fact]
    public void A_standby_that_does_not_stream_is_not_up()
    {
        var report = Looks.At(Looks.Primary(0), Looks.Standby(1, receiver: null));
        Assert.False(Holds("node 1 up", report));
        Assert.False(Holds("streaming", report));
        Assert.False(Holds("healthy", report));
    }

    [Fact]
    public void In_modes_without_streaming_a_node_that_answers_is_up()
    {
        var report = Looks.At(
            ClusteringMode.Raw,
            Looks.Primary(0) with
            {
                Pgpool = Looks.Primary(0).Pgpool! with { Role = "main" },
            },
            Looks.Primary(1) with
            {
                Pgpool = Looks.Primary(1).Pgpool! with { Role = "replica" },
            }
        );
        Assert.True(Holds("streaming", report));
        Assert.True(Holds("node 0 primary", report));
        Assert.False(Holds("node 1 primary", report));
    }

    [Fact]
    public void A_quorum_is_one_with_a_leader()
    {
        var report = Looks.At(Looks.Primary(0), Looks.Standby(1));
        Assert.False(Holds("quorum", report));
        var member = new WatchdogView(0, 11000, true, "LEADER", true, 0, null);
        Assert.True(Holds("quorum", report with { Watchdog = [member] }));
        Assert.False(Holds("quorum", report with { Watchdog = [member with { Quorum = false }] }));
        Assert.False(Holds("healthy", report with { Watchdog = [member with { Quorum = false }] }));
    }

    [Fact]
    public void What_is_seen_names_every_node_from_both_sides()
    {
        var seen = LabFact
            .Parse("healthy")!
            .Check(
                Looks.At(Looks.Primary(0), Looks.Dead(1)) with
                {
                    PgpoolAnswers = false,
                    PgpoolProblem = "nobody listens",
                }
            )
            .Seen;
        Assert.Equal(
            "Pgpool-II does not answer: nobody listens; node 0: up as primary in Pgpool-II, up as primary; "
                + "node 1: down as standby in Pgpool-II, down",
            seen
        );
    }
}
