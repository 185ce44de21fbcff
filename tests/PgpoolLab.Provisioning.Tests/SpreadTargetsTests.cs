using PgpoolLab.Model;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Which servers a command is about, between hosts, and what is said of it before it is done.</summary>
public sealed class SpreadTargetsTests
{
    private static readonly Lab Whole = Labs.Part(0) with { Here = null };

    private static NodesReport Look(params NodeView[] nodes) =>
        Looks.At(nodes) with
        {
            Watchdog =
            [
                new(0, 11000, true, "LEADER", false, 0, null),
                new(1, 11000, true, "LEADER", true, 0, null),
                new(2, 11000, false, null, null, null, "it does not answer"),
            ],
        };

    private static NodesReport Well() => Look(Looks.Primary(0), Looks.Standby(1), Looks.Standby(2));

    private static string Found(NodesReport look, string target, bool resumes = false) =>
        string.Join(
            ' ',
            SpreadTargets
                .Of(Whole, look, Target.Of(target), resumes)
                .Select(s => $"{s.Host.Name}:{string.Join(',', s.Words)}")
        );

    [Theory]
    [InlineData("1", "b:1")]
    [InlineData("primary", "a:0")]
    [InlineData("standby", "b:1 c:2")]
    [InlineData("pgpool", "a:pgpool0 b:pgpool1 c:pgpool2")]
    [InlineData("pgpool2", "c:pgpool2")]
    [InlineData("leader", "b:pgpool1")]
    [InlineData("all", "a:all b:all c:all")]
    public void Each_server_is_on_its_host(string target, string expected) =>
        Assert.Equal(expected, Found(Well(), target));

    [Fact]
    public void Of_two_primaries_the_one_that_Pgpool_has_is_meant()
    {
        var two = Look(Looks.Primary(0, "down"), Looks.Primary(1, timeline: 2), Looks.Standby(2, timeline: 2));
        Assert.Equal("b:1", Found(two, "primary"));
    }

    [Fact]
    public void What_is_suspended_goes_on_by_the_word_it_was_suspended_by()
    {
        var look = Look(Looks.Primary(0), Looks.Suspended(1, standby: true), Looks.Suspended(2, standby: true));
        Assert.Equal("b:1 c:2", Found(look, "standby", resumes: true));
        Assert.Throws<LabException>(() => Found(look, "standby"));
    }

    [Theory]
    [InlineData("3", "The lab 'lab' has no node 3; its nodes are 0 to 2.")]
    [InlineData("pgpool7", "The lab 'lab' has no pgpool7; they are pgpool0 to pgpool2.")]
    [InlineData("b", "'b' is no server. It must be a node's number, primary,")]
    public void What_is_not_there_is_said(string target, string expected) =>
        Assert.StartsWith(
            expected,
            Assert.Throws<LabException>(() => Found(Well(), target)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void One_node_is_one_node()
    {
        Assert.Equal(0, SpreadTargets.NodeOf(Whole, Well(), Target.Of("primary")).Id);
        Assert.StartsWith(
            "'pgpool1' is not one node",
            Assert.Throws<LabException>(() => SpreadTargets.NodeOf(Whole, Well(), Target.Of("pgpool1"))).Message,
            StringComparison.Ordinal
        );
    }
}
