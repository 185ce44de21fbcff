using PgpoolLab.Drills.Ledger;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Measuring;

/// <summary>What clients lived through, from their ledgers. Pure.</summary>
public static class Measures
{
    /// <summary>The length of a stretch in the series, in seconds.</summary>
    private const double Step = 0.1;

    /// <summary>A pause shorter than this, in seconds, is no pause in the picture.</summary>
    private const double ShortestPause = 0.1;

    /// <summary>How many times longer than any before the fault a client's pause must be to be one.</summary>
    private const double Noticeable = 3;

    private const int LongestText = 200;

    /// <summary>For how long nothing could be written.</summary>
    /// <param name="clients">The ledgers.</param>
    /// <param name="clock">The run's moments.</param>
    /// <param name="cameBack">Writes were steady when the run ended.</param>
    public static RtoFacts Rto(IReadOnlyList<ClientLedger> clients, RunClock clock, bool cameBack)
    {
        ArgumentNullException.ThrowIfNull(clients);
        ArgumentNullException.ThrowIfNull(clock);
        var all = clients.SelectMany(Acknowledgements).Order().ToArray();
        var noise = clock.Between(0, Longest(Gaps(all, clock.Steady, clock.Zero)).Length);
        if (!cameBack)
        {
            // The time that did not end counts, too.
            var open = Longest(Gaps([.. all, clock.End], clock.Zero, long.MaxValue));
            return new RtoFacts(
                null,
                all.Length == 0 ? null : clock.Seconds(open.From),
                null,
                ByClient(clients, clock),
                noise,
                Never: true
            );
        }

        var gap = Longest(Gaps(all, clock.Zero, long.MaxValue));
        return new RtoFacts(
            clock.Between(gap.From, gap.To),
            clock.Seconds(gap.From),
            clock.Seconds(gap.To),
            ByClient(clients, clock),
            noise,
            Never: false
        );
    }

    /// <summary>Rows acknowledged, and how long they took, stretch by stretch.</summary>
    public static WriteSeries Series(IReadOnlyList<ClientLedger> clients, RunClock clock)
    {
        ArgumentNullException.ThrowIfNull(clients);
        ArgumentNullException.ThrowIfNull(clock);
        var count = Math.Max(1, (int)Math.Ceiling(clock.Between(clock.Steady, clock.End) / Step));
        var latencies = new List<double>[count];
        foreach (var client in clients)
        {
            foreach (ref readonly var attempt in client.Attempts)
            {
                var index = (int)(clock.Between(clock.Steady, attempt.End) / Step);
                if (attempt.Outcome is Outcome.Acknowledged && attempt.End >= clock.Steady && index < count)
                {
                    (latencies[index] ??= []).Add((attempt.End - attempt.Begin) * 1000.0 / clock.Frequency);
                }
            }
        }

        return new WriteSeries(
            Step,
            [.. latencies.Select(l => l?.Count ?? 0)],
            [.. latencies.Select(l => l is null ? (double?)null : Math.Round(Rank([.. l.Order()], 0.99), 2))]
        );
    }

    /// <summary>What each client lived through.</summary>
    public static IReadOnlyList<ClientLane> Lanes(IReadOnlyList<ClientLedger> clients, RunClock clock)
    {
        ArgumentNullException.ThrowIfNull(clients);
        ArgumentNullException.ThrowIfNull(clock);
        return [.. clients.Select(c => LaneOf(c, clock))];
    }

    /// <summary>What clients saw after the load was steady, alike errors together.</summary>
    public static IReadOnlyList<ErrorSeen> Errors(IReadOnlyList<ClientLedger> clients, RunClock clock)
    {
        ArgumentNullException.ThrowIfNull(clients);
        ArgumentNullException.ThrowIfNull(clock);
        return
        [
            .. clients
                .SelectMany(c => c.Problems.Select(p => (c.Client, Problem: p)))
                .Where(p => p.Problem.At >= clock.Steady)
                .GroupBy(p => (p.Problem.Outcome, p.Problem.Sqlstate, Text: Kind(p.Problem.Text)))
                .Select(g => new ErrorSeen(
                    g.Key.Outcome.Word(),
                    g.Key.Sqlstate,
                    OneLine(g.MinBy(p => p.Problem.At).Problem.Text),
                    g.Count(),
                    clock.Seconds(g.Min(p => p.Problem.At)),
                    g.Select(p => p.Client).Distinct().Count()
                ))
                .OrderBy(e => e.First),
        ];
    }

    /// <summary>The value that a share of sorted values does not exceed, by nearest rank.</summary>
    /// <param name="sorted">At least one value.</param>
    /// <param name="share">From 0 to 1.</param>
    internal static double Rank(IReadOnlyList<double> sorted, double share) =>
        sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];

    private static ClientLane LaneOf(ClientLedger client, RunClock clock)
    {
        var times = Acknowledgements(client).ToArray();
        var usual = clock.Between(0, Longest(Gaps(times, clock.Steady, clock.Zero)).Length);
        var least = clock.Ticks(Math.Max(ShortestPause, usual * Noticeable));
        return new ClientLane(
            client.Client,
            [
                .. Gaps([.. times, clock.End], clock.Zero, long.MaxValue)
                    .Where(g => g.Length >= least)
                    .Select(g => new Stretch(clock.Seconds(g.From), clock.Seconds(g.To))),
            ],
            [
                .. client
                    .Problems.Where(p => p.At >= clock.Steady)
                    .Select(p => new ClientError(clock.Seconds(p.At), p.Outcome.Word(), OneLine(p.Text))),
            ]
        );
    }

    private static Percentiles? ByClient(IReadOnlyList<ClientLedger> clients, RunClock clock)
    {
        // A client that was not steady before says nothing of the fault. One that never came back has waited so far.
        double[] longest =
        [
            .. clients
                .Select(c => Acknowledgements(c).ToArray())
                .Where(t => t.Length > 0 && t[0] < clock.Zero)
                .Select(t => clock.Between(0, Longest(Gaps([.. t, clock.End], clock.Zero, long.MaxValue)).Length))
                .Order(),
        ];
        return longest.Length == 0
            ? null
            : new Percentiles(Rank(longest, 0.5), Rank(longest, 0.95), Rank(longest, 0.99), longest[^1]);
    }

    private static IEnumerable<long> Acknowledgements(ClientLedger client)
    {
        List<long> times = [];
        foreach (ref readonly var attempt in client.Attempts)
        {
            if (attempt.Outcome is Outcome.Acknowledged)
            {
                times.Add(attempt.End);
            }
        }

        return times;
    }

    /// <summary>The times between one acknowledgement and the next that end in a stretch.</summary>
    private static IEnumerable<Gap> Gaps(long[] sorted, long from, long to) =>
        sorted.Zip(sorted.Skip(1), (a, b) => new Gap(a, b)).Where(g => g.To > from && g.To <= to);

    private static Gap Longest(IEnumerable<Gap> gaps) => gaps.MaxBy(g => g.Length);

    private readonly record struct Gap(long From, long To)
    {
        internal long Length => To - From;
    }

    /// <summary>A text without what differs from one error to the next of its kind.</summary>
    private static string Kind(string text) => new([.. OneLine(text).Where(c => !char.IsAsciiDigit(c))]);

    private static string OneLine(string text)
    {
        var line = text.ReplaceLineEndings(" ").Trim();
        return line.Length <= LongestText ? line : $"{line[..LongestText]}…";
    }
}
