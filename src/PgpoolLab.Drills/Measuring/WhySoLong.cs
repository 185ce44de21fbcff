using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Measuring;

/// <summary>What the time without writes was spent on, as far as events tell. Pure.</summary>
public static class WhySoLong
{
    /// <summary>The events at which one part ends and the next begins, in the order of a failover, and what the part
    /// before each was.</summary>
    private static readonly (string Event, string Before)[] Marks =
    [
        ("failover-begins", "until Pgpool-II began a failover"),
        ("script-begins", "until it ran failover.sh"),
        ("promotion-begins", "until failover.sh had the standby promoted"),
        ("promotion-ends", "the promotion"),
        ("script-ends", "until failover.sh ended"),
        ("primary", "until Pgpool-II found the new primary"),
        ("failover-ends", "until Pgpool-II ended its failover"),
    ];

    /// <summary>Cuts the time without writes into parts.</summary>
    /// <param name="rto">The time without writes.</param>
    /// <param name="events">What happened, in order of time.</param>
    /// <param name="end">When the run ended.</param>
    public static IReadOnlyList<WhyPart> Of(RtoFacts rto, IReadOnlyList<EventSeen> events, double end)
    {
        ArgumentNullException.ThrowIfNull(rto);
        ArgumentNullException.ThrowIfNull(events);
        if (rto.From is not { } from)
        {
            return [];
        }

        var to = rto.To ?? end;
        List<WhyPart> parts = [];
        var (at, next) = (from, 0);
        foreach (var happened in events.Where(e => e.At >= from && e.At <= to))
        {
            // Only onwards, and from its beginning: what comes again belongs to what it delays.
            var index = Array.FindIndex(Marks, next, m => m.Event == happened.Kind);
            if (index < 0 || (next == 0 && index > 0))
            {
                continue;
            }

            if (happened.At > at)
            {
                parts.Add(new WhyPart(Marks[index].Before, at, happened.At));
            }

            (at, next) = (happened.At, index + 1);
        }

        if (parts.Count > 0 && to > at)
        {
            parts.Add(new WhyPart(rto.Never ? "no write since" : "until a client wrote again", at, to));
        }

        return parts;
    }
}
