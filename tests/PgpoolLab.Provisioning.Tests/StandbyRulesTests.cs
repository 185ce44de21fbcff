using PgpoolLab.Model;
using PgpoolLab.Provisioning.Settings;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What <c>lag</c> and <c>sync</c> refuse before they touch anything.</summary>
public sealed class StandbyRulesTests
{
    private static readonly SyncChoice On = new(true);

    private static NodePart Standby(int node) => new(Labs.Fixed().Nodes[node], true, []);

    private static NodePart Primary(int node, params string[] standbys) =>
        new(Labs.Fixed().Nodes[node], false, standbys);

    private static NodePart Silent(int node) => new(Labs.Fixed().Nodes[node], null, []);

    [Theory]
    [InlineData("5s", "5s")]
    [InlineData("500ms", "500ms")]
    [InlineData("1.5h", "1.5h")]
    [InlineData("off", "0")]
    [InlineData("5", null)]
    [InlineData("0s", null)]
    [InlineData("-5s", null)]
    [InlineData("5 s", null)]
    [InlineData("99999999999d", null)]
    [InlineData("soon", null)]
    [InlineData("", null)]
    public void A_delay_has_a_unit(string text, string? value)
    {
        if (value is null)
        {
            var problem = Assert.Throws<InvalidSpecException>(() => StandbyRules.ParseDelay(text));
            Assert.StartsWith($"'{text}' is no delay; ", problem.Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(value, StandbyRules.ParseDelay(text));
        }
    }

    [Fact]
    public void Only_a_standby_that_answers_can_lag()
    {
        Assert.Null(StandbyRules.WhyNoLag(Labs.Fixed(), Standby(1)));
        Assert.Equal(
            "lag: node 0 is the primary; only a standby replays what another node has written.",
            StandbyRules.WhyNoLag(Labs.Fixed(), Primary(0))?.Message
        );
        Assert.Equal(
            "lag: node 1 does not answer; it is not known whether it is a standby.",
            StandbyRules.WhyNoLag(Labs.Fixed(), Silent(1))?.Message
        );
        Assert.Equal(
            "lag: in native replication mode no node is another's standby.",
            StandbyRules.WhyNoLag(Labs.Fixed(mode: ClusteringMode.NativeReplication), Primary(1))?.Message
        );
        Assert.Contains(
            "only when it starts",
            StandbyRules.WhyNoLag(Labs.Fixed(postgres: 11), Standby(1))?.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Commits_wait_only_for_a_standby_that_streams()
    {
        Assert.Null(StandbyRules.WhyNoSync(Labs.Fixed(), [Standby(0), Primary(1, "server0")], On));
        Assert.Equal(
            "sync: no standby streams from node 0; every write would hang.",
            StandbyRules.WhyNoSync(Labs.Fixed(), [Primary(0), Silent(1)], On)?.Message
        );
        Assert.Equal(
            "sync: not exactly one node is the primary.",
            StandbyRules.WhyNoSync(Labs.Fixed(), [Primary(0, "server1"), Primary(1)], On)?.Message
        );
        Assert.Equal(
            "sync: not exactly one node is the primary.",
            StandbyRules.WhyNoSync(Labs.Fixed(), [Silent(0), Standby(1)], On)?.Message
        );
        Assert.NotNull(StandbyRules.WhyNoSync(Labs.Fixed(nodes: 1), [Primary(0)], On));
        Assert.NotNull(StandbyRules.WhyNoSyncOff(Labs.Fixed(mode: ClusteringMode.Raw)));
        Assert.Null(StandbyRules.WhyNoSyncOff(Labs.Fixed()));
        Assert.Equal(ExitCode.Usage, StandbyRules.WhyNoSync(Labs.Fixed(), [Primary(0)], On)?.Code);
    }

    [Fact]
    public void Every_node_counts_so_that_it_holds_after_a_failover()
    {
        var (lab, off) = (Labs.Fixed(), new SyncChoice(false));
        var settings = StandbyRules.Synchronous(lab, lab.Nodes[0], On, apply: true);
        Assert.Equal("FIRST 1 (server0, server1)", settings[0].Value);
        Assert.Equal("remote_apply", settings[1].Value);
        Assert.All(settings, s => Assert.Null(s.WhyNot(Labs.Fixed())));
        Assert.Equal(["", "on"], StandbyRules.Synchronous(lab, lab.Nodes[1], off, apply: true).Select(s => s.Value));
    }

    [Theory]
    [InlineData("on", true, "")]
    [InlineData("off", false, "")]
    [InlineData("1", true, "1")]
    [InlineData("2,1,2", true, "1,2")]
    [InlineData("1,", null, null)]
    [InlineData("-1", null, null)]
    [InlineData("server1", null, null)]
    [InlineData("", null, null)]
    public void A_choice_is_on_off_or_numbers(string text, bool? on, string? nodes)
    {
        var choice = SyncChoice.Parse(text);
        Assert.Equal((on, nodes), (choice?.On, choice is null ? null : string.Join(',', choice.Nodes)));
    }

    [Fact]
    public void Chosen_standbys_are_waited_for_all_of_them_and_a_chosen_primary_waits_for_the_others()
    {
        var lab = Labs.Fixed(nodes: 3);
        Assert.Equal(
            ["FIRST 2 (server1, server2)", "FIRST 1 (server2)", "FIRST 1 (server1)"],
            lab.Nodes.Select(n => StandbyRules.Synchronous(lab, n, new(true, 1, 2), apply: false)[0].Value)
        );
        Assert.Equal(
            "FIRST 1 (server0, server1, server2)",
            StandbyRules.Synchronous(lab, lab.Nodes[1], new(true, 1), apply: false)[0].Value
        );
        Assert.Contains("node 2 is lost", StandbyRules.WarningOf(lab, new(true, 2)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, null)]
    [InlineData(7, "The lab 'lab' has no node 7; its nodes are 0 to 2.")]
    [InlineData(1, "sync: server1 does not stream from node 0; every write would hang.")]
    [InlineData(0, "sync: node 0 is the primary itself; name standbys.")]
    public void Only_a_standby_that_streams_can_be_chosen(int node, string? refused)
    {
        NodePart[] parts = [Primary(0, "server2"), Standby(1)];
        Assert.Equal(refused, StandbyRules.WhyNoSync(Labs.Fixed(nodes: 3), parts, new(true, node))?.Message);
    }

    [Fact]
    public void With_two_nodes_there_is_a_warning()
    {
        Assert.Contains("writes hang", StandbyRules.WarningOf(Labs.Fixed(), On), StringComparison.Ordinal);
        Assert.Null(StandbyRules.WarningOf(Labs.Fixed(nodes: 3), On));
    }
}
