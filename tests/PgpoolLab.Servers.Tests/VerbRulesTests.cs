using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Servers.Tests;

/// <summary>What is refused before anything is touched, and what is done instead.</summary>
public sealed class VerbRulesTests
{
    private static string? Instead(
        Verb verb,
        int node,
        NodesReport report,
        ClusteringMode mode = ClusteringMode.StreamingReplication
    ) =>
        VerbRules.Check(verb, node, SomeLab.Of(report.Nodes.Count, mode), report) is { } refusal
            ? refusal.Instead ?? refusal.Reason
            : null;

    [Fact]
    public void A_standby_that_streams_is_attached_and_recovered_and_takes_over()
    {
        var report = Looks.At(Looks.Primary(0), Looks.Standby(1, "down"));
        Assert.Null(Instead(Verb.Attach, 1, report));
        Assert.Null(Instead(Verb.Recover, 1, report));
        report = Looks.At(Looks.Primary(0), Looks.Standby(1));
        Assert.Null(Instead(Verb.Switchover, 1, report));
        Assert.Null(Instead(Verb.Promote, 1, report));
        Assert.Null(Instead(Verb.Detach, 1, report));
    }

    [Fact]
    public void A_standby_that_does_not_stream_or_is_on_an_older_timeline_is_not_attached()
    {
        Assert.Equal(
            "pgpoollab recover 1",
            Instead(Verb.Attach, 1, Looks.At(Looks.Primary(0), Looks.Standby(1, "down", receiver: null)))
        );
        Assert.Equal(
            "pgpoollab recover 1",
            Instead(Verb.Attach, 1, Looks.At(Looks.Primary(0, timeline: 2), Looks.Standby(1, "down")))
        );
    }

    [Fact]
    public void A_second_primary_is_not_attached()
    {
        Assert.Equal(
            "pgpoollab recover 0",
            Instead(Verb.Attach, 0, Looks.At(Looks.Primary(0, "down"), Looks.Primary(1, timeline: 2)))
        );
    }

    [Fact]
    public void What_does_not_run_is_started_and_what_is_suspended_is_resumed()
    {
        Assert.Equal(
            "Start it, which attaches it:  pgpoollab start 1",
            Instead(Verb.Attach, 1, Looks.At(Looks.Primary(0), Looks.Dead(1)))
        );
        var suspended = Looks.Dead(1) with
        {
            Postgres = new PostgresSays
            {
                Up = false,
                ProcessId = 7,
                Suspended = [7],
            },
        };
        Assert.Equal("pgpoollab resume 1", Instead(Verb.Attach, 1, Looks.At(Looks.Primary(0), suspended)));
    }

    [Fact]
    public void The_last_node_is_not_detached()
    {
        Assert.NotNull(Instead(Verb.Detach, 0, Looks.At(Looks.Primary(0), Looks.Dead(1))));
        Assert.NotNull(Instead(Verb.Detach, 0, Looks.At(Looks.Primary(0), Looks.Dead(1, "up"))));
    }

    [Fact]
    public void The_primary_is_not_recovered_and_without_one_nobody_is()
    {
        Assert.Equal(
            "Have another one take over first:  pgpoollab switchover",
            Instead(Verb.Recover, 0, Looks.At(Looks.Primary(0), Looks.Standby(1)))
        );
        Assert.Equal(
            "Wait for one:  pgpoollab wait --for primary",
            Instead(Verb.Recover, 1, Looks.At(Looks.Dead(0, "up"), Looks.Dead(1)))
        );
    }

    [Theory]
    [InlineData(ClusteringMode.Raw)]
    [InlineData(ClusteringMode.LogicalReplication)]
    public void Modes_without_online_recovery_say_so(ClusteringMode mode)
    {
        Assert.Equal(
            "Start the node, and attach it:  pgpoollab start 1",
            Instead(Verb.Recover, 1, Looks.At(mode, Looks.Primary(0), Looks.Dead(1)), mode)
        );
    }

    [Fact]
    public void In_native_replication_a_node_that_was_given_up_has_missed_writes()
    {
        var mode = ClusteringMode.NativeReplication;
        Assert.Equal(
            "pgpoollab recover 1",
            Instead(Verb.Attach, 1, Looks.At(mode, Looks.Primary(0), Looks.Primary(1, "down")), mode)
        );
    }

    [Fact]
    public void A_standby_far_behind_or_given_up_does_not_take_over()
    {
        Assert.NotNull(
            Instead(Verb.Switchover, 1, Looks.At(Looks.Primary(0), Looks.Standby(1, lag: 17 * 1024 * 1024)))
        );
        Assert.Null(Instead(Verb.Switchover, 1, Looks.At(Looks.Primary(0), Looks.Standby(1, lag: 16 * 1024 * 1024))));
        Assert.Equal(
            "pgpoollab attach 1",
            Instead(Verb.Switchover, 1, Looks.At(Looks.Primary(0), Looks.Standby(1, "down")))
        );
        Assert.Equal(
            "pgpoollab recover 1",
            Instead(Verb.Switchover, 1, Looks.At(Looks.Primary(0), Looks.Standby(1, receiver: null)))
        );
        Assert.NotNull(Instead(Verb.Switchover, 0, Looks.At(Looks.Primary(0), Looks.Standby(1))));
    }

    [Theory]
    [InlineData(Verb.Attach)]
    [InlineData(Verb.Detach)]
    [InlineData(Verb.Recover)]
    [InlineData(Verb.Promote)]
    [InlineData(Verb.Switchover)]
    public void While_something_is_at_work_nothing_is_done(Verb verb)
    {
        var report = Looks.At(Looks.Primary(0), Looks.Standby(1)) with { AtWork = [Looks.Work(WorkKind.Failover)] };
        Assert.Equal("Wait for its end:  pgpoollab wait --for healthy", Instead(verb, 1, report));
    }

    /// <summary>It is made from the primary: that stays, and the nodes that Pgpool-II has.</summary>
    [Theory]
    [InlineData(Verb.Switchover, true)]
    [InlineData(Verb.Promote, true)]
    [InlineData(Verb.Detach, true)]
    [InlineData(Verb.Attach, false)]
    [InlineData(Verb.Recover, false)]
    public void While_another_node_is_recovered_nothing_changes_the_primary(Verb verb, bool isRefused)
    {
        var report = Looks.At(Looks.Primary(0), Looks.Standby(1), Looks.Dead(2)) with
        {
            AtWork = [Looks.Work(WorkKind.Recovery, 2)],
        };
        Assert.Equal(isRefused ? "Wait for its end:  pgpoollab wait --for healthy" : null, Instead(verb, 1, report));
    }

    [Fact]
    public void Without_Pgpool_there_is_nobody_to_tell()
    {
        var report = Looks.At(Looks.Primary(0), Looks.Standby(1)) with
        {
            PgpoolAnswers = false,
            PgpoolProblem = "gone",
        };
        Assert.Equal("Start it:  pgpoollab start pgpool", Instead(Verb.Detach, 1, report));
    }
}
