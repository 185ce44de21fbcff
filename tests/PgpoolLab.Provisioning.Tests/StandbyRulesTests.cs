using PgpoolLab.Model;
using PgpoolLab.Provisioning.Settings;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What <c>lag</c> and <c>sync</c> refuse before they touch anything.</summary>
public sealed class StandbyRulesTests
{
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
        Assert.Null(StandbyRules.WhyNoSync(Labs.Fixed(), [Standby(0), Primary(1, "server0")]));
        Assert.Equal(
            "sync: no standby streams from node 0; every write would hang.",
            StandbyRules.WhyNoSync(Labs.Fixed(), [Primary(0), Silent(1)])?.Message
        );
        Assert.Equal(
            "sync: not exactly one node is the primary.",
            StandbyRules.WhyNoSync(Labs.Fixed(), [Primary(0, "server1"), Primary(1)])?.Message
        );
        Assert.Equal(
            "sync: not exactly one node is the primary.",
            StandbyRules.WhyNoSync(Labs.Fixed(), [Silent(0), Standby(1)])?.Message
        );
        Assert.NotNull(StandbyRules.WhyNoSync(Labs.Fixed(nodes: 1), [Primary(0)]));
        Assert.NotNull(StandbyRules.WhyNoSyncOff(Labs.Fixed(mode: ClusteringMode.Raw)));
        Assert.Null(StandbyRules.WhyNoSyncOff(Labs.Fixed()));
        Assert.Equal(ExitCode.Usage, StandbyRules.WhyNoSync(Labs.Fixed(), [Primary(0)])?.Code);
    }

    [Fact]
    public void Every_node_counts_so_that_it_holds_after_a_failover()
    {
        var settings = StandbyRules.Synchronous(Labs.Fixed(), on: true, apply: true);
        Assert.Equal("FIRST 1 (server0, server1)", settings[0].Value);
        Assert.Equal("remote_apply", settings[1].Value);
        Assert.All(settings, s => Assert.Null(s.WhyNot(Labs.Fixed())));
        Assert.Equal(["", "on"], StandbyRules.Synchronous(Labs.Fixed(), on: false, apply: true).Select(s => s.Value));
    }

    [Fact]
    public void With_two_nodes_there_is_a_warning()
    {
        Assert.Contains("writes hang", StandbyRules.WarningOf(Labs.Fixed()), StringComparison.Ordinal);
        Assert.Null(StandbyRules.WarningOf(Labs.Fixed(nodes: 3)));
    }
}
