using System.Net;
using PgpoolLab.Model.Links;

namespace PgpoolLab.Model.Tests;

/// <summary>Who reaches whom by which address, and how that can be broken.</summary>
public sealed class LinkTests
{
    [Theory]
    [InlineData("pgpool0->node1", "127.77.200.1")]
    [InlineData("pgpool49->node127", "127.77.249.127")]
    [InlineData("node1->node0", "127.77.1.0")]
    [InlineData("client->pgpool2", "127.77.250.202")]
    public void A_links_address_says_which_link_it_is(string text, string address)
    {
        var link = LinkName.Parse(text);
        Assert.Equal(text, link.ToString());
        Assert.Equal(address, link!.Value.Address);
        Assert.True(LinkName.IsAddress(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("127.0.0.1", false)]
    [InlineData("127.77.0.0", true)]
    [InlineData("127.78.0.1", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.77.0.1", false)]
    public void Other_addresses_are_not_links(string address, bool isLink) =>
        Assert.Equal(isLink, LinkName.IsAddress(IPAddress.Parse(address)));

    [Theory]
    [InlineData("")]
    [InlineData("node0")]
    [InlineData("node0->")]
    [InlineData("node0->node1->node2")]
    [InlineData("node->node1")]
    [InlineData("node-1->node1")]
    [InlineData("node0->node200")]
    [InlineData("Client->pgpool0")]
    public void What_is_no_link_is_none(string text) => Assert.Null(LinkName.Parse(text));

    [Fact]
    public void No_two_ends_have_one_octet()
    {
        LinkEnd[] ends =
        [
            .. Enumerable.Range(0, LabSpec.MaxNodes).Select(LinkEnd.Node),
            .. Enumerable.Range(0, LabFaults.MostPgpools).Select(LinkEnd.Pgpool),
            LinkEnd.Client,
        ];
        Assert.Equal(ends.Length, ends.Select(e => e.Octet).Distinct().Count());
        Assert.All(ends, e => Assert.InRange(e.Octet, 0, 255));
        Assert.All(ends, e => Assert.Equal(e, LinkEnd.Parse(e.ToString())));
    }

    [Fact]
    public void A_state_says_what_it_does()
    {
        Assert.Equal("open", LinkState.Open.ToString());
        Assert.Equal(
            "hole, 400ms on, 1s off, 4 times",
            new LinkState
            {
                Cut = LinkCut.Hole,
                Flap = new LinkFlap(TimeSpan.FromMilliseconds(400), TimeSpan.FromSeconds(1), 4),
            }.ToString()
        );
        Assert.Equal("50ms ± 2.5ms", (Slow(50) with { Jitter = TimeSpan.FromMilliseconds(2.5) }).ToString());
        Assert.All(LinkCuts.Words, w => Assert.Equal(w, LinkCuts.Parse(w)!.Value.Word()));
        Assert.DoesNotContain("open", LinkCuts.Words);
        Assert.Null(LinkCuts.Parse("melt"));
    }

    [Fact]
    public void What_makes_no_sense_in_a_state_is_said()
    {
        Assert.Null(Slow(50).Problem());
        Assert.Null((Slow(50) with { Jitter = TimeSpan.FromMilliseconds(50) }).Problem());
        Assert.NotNull((Slow(50) with { Jitter = TimeSpan.FromMilliseconds(51) }).Problem());
        Assert.NotNull(Slow(-1).Problem());
        Assert.NotNull(Slow(2 * 3600 * 1000).Problem());
        Assert.NotNull(new LinkState { Rate = 0 }.Problem());
        var flap = new LinkFlap(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), 1);
        Assert.Null(new LinkState { Cut = LinkCut.Stall, Flap = flap }.Problem());
        Assert.NotNull(new LinkState { Flap = flap }.Problem());
        Assert.NotNull(new LinkState { Cut = LinkCut.Stall, Flap = flap with { Times = 0 } }.Problem());
        Assert.NotNull(new LinkState { Cut = LinkCut.Stall, Flap = flap with { On = TimeSpan.Zero } }.Problem());
    }

    private static LinkState Slow(double milliseconds) => new() { Latency = TimeSpan.FromMilliseconds(milliseconds) };
}
