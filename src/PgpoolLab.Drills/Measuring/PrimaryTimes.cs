using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Measuring;

/// <summary>Which nodes took writes, and when. Pure.</summary>
public static class PrimaryTimes
{
    /// <summary>What each node was, from the steady load to the end.</summary>
    public static IReadOnlyList<NodeBand> Bands(IReadOnlyList<NodeHistory> nodes, RunClock clock)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(clock);
        return
        [
            .. nodes.SelectMany(n =>
                Stretches(n, clock)
                    .Select(s => new NodeBand(
                        n.Node,
                        clock.Seconds(s.From),
                        clock.Seconds(s.To),
                        s.State.ToString().ToLowerInvariant()
                    ))
            ),
        ];
    }

    /// <summary>Which nodes took writes, stretch by stretch.</summary>
    public static IReadOnlyList<PrimariesSeen> Of(IReadOnlyList<NodeHistory> nodes, RunClock clock)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(clock);
        var stretches = nodes
            .SelectMany(n =>
                // What was seen, no longer: two nodes that take turns between two looks are no two primaries.
                Stretches(n, clock, onlySeen: true).Where(s => s.State is NodeState.Primary).Select(s => (n.Node, s))
            )
            .ToArray();
        long[] moments =
        [
            .. stretches
                .SelectMany(s => new[] { s.s.From, s.s.To })
                .Append(clock.Steady)
                .Append(clock.End)
                .Distinct()
                .Order(),
        ];
        List<PrimariesSeen> seen = [];
        foreach (var (from, to) in moments.Zip(moments.Skip(1)))
        {
            int[] there = [.. stretches.Where(s => s.s.From <= from && s.s.To >= to).Select(s => s.Node).Order()];
            if (seen.Count > 0 && seen[^1].Nodes.SequenceEqual(there))
            {
                seen[^1] = seen[^1] with { To = clock.Seconds(to) };
            }
            else
            {
                seen.Add(new PrimariesSeen(clock.Seconds(from), clock.Seconds(to), there));
            }
        }

        return seen;
    }

    /// <summary>For how long so many nodes took writes, in seconds.</summary>
    /// <param name="seen">Which nodes did.</param>
    /// <param name="isSuch">True for the number of nodes that counts.</param>
    public static double Total(IReadOnlyList<PrimariesSeen> seen, Func<int, bool> isSuch) =>
        Math.Round(seen.Where(s => isSuch(s.Nodes.Count)).Sum(s => s.To - s.From), 3);

    private static IEnumerable<(long From, long To, NodeState State)> Stretches(
        NodeHistory node,
        RunClock clock,
        bool onlySeen = false
    )
    {
        for (var i = 0; i < node.Samples.Count; i++)
        {
            var from = Math.Max(node.Samples[i].At, clock.Steady);
            var next =
                i + 1 == node.Samples.Count ? clock.End
                : onlySeen && node.Samples[i].LastSeen is { } seen ? seen
                : node.Samples[i + 1].At;
            var to = Math.Min(next, clock.End);
            if (to > from)
            {
                yield return (from, to, node.Samples[i].State);
            }
        }
    }
}
