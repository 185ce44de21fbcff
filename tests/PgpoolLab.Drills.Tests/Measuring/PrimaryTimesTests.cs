using PgpoolLab.Drills.Measuring;
using PgpoolLab.Drills.Results;
using PgpoolLab.Drills.Tests.Ledger;

namespace PgpoolLab.Drills.Tests.Measuring;

public sealed class PrimaryTimesTests
{
    private static readonly NodeHistory[] TwoForAWhile =
    [
        new(
            0,
            [
                new(0, NodeState.Primary),
                new(1000, NodeState.Hung),
                new(2000, NodeState.Primary),
                new(2500, NodeState.Down),
            ]
        ),
        new(1, [new(0, NodeState.Standby), new(1500, NodeState.Primary)]),
    ];

    [Fact]
    public void Stretches_follow_each_other_without_a_gap()
    {
        var seen = PrimaryTimes.Of(TwoForAWhile, Histories.Clock);
        Assert.Equal(
            ["-0.999..0 0", "0..0.5 ", "0.5..1 1", "1..1.5 0,1", "1.5..3 1"],
            seen.Select(s => $"{s.From}..{s.To} {string.Join(',', s.Nodes)}")
        );
        Assert.Equal(0.5, PrimaryTimes.Total(seen, n => n > 1));
        Assert.Equal(0.5, PrimaryTimes.Total(seen, n => n == 0));
    }

    [Fact]
    public void Bands_say_what_each_node_was()
    {
        var bands = PrimaryTimes.Bands(TwoForAWhile, Histories.Clock);
        Assert.Equal(["primary", "hung", "primary", "down"], bands.Where(b => b.Node == 0).Select(b => b.State));
        Assert.Equal(new NodeBand(1, 0.5, 3, "primary"), bands[^1]);
    }

    [Fact]
    public void Two_nodes_that_take_turns_between_two_looks_are_no_two_primaries()
    {
        NodeHistory[] turns =
        [
            new(0, [new(0, NodeState.Primary, LastSeen: 1400), new(1500, NodeState.Down)]),
            new(1, [new(0, NodeState.Standby), new(1450, NodeState.Primary)]),
        ];
        Assert.Equal(0, PrimaryTimes.Total(PrimaryTimes.Of(turns, Histories.Clock), n => n > 1));
        // The picture has no hole.
        Assert.Equal(0.5, PrimaryTimes.Bands(turns, Histories.Clock)[0].To);
    }

    [Fact]
    public void A_node_of_which_nothing_was_seen_is_nothing() =>
        Assert.Equal(
            [new PrimariesSeen(-0.999, 3, [])],
            PrimaryTimes.Of([new NodeHistory(0, [])], Histories.Clock),
            (a, b) => a.From == b.From && a.To == b.To && a.Nodes.Count == b.Nodes.Count
        );
}
