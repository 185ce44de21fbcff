using System.Globalization;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Ledger;

/// <summary>What comparing the clients' ledgers with the nodes has shown.</summary>
/// <param name="Rightful">The primary by which it was judged: the one the clients wrote to last; null when no node
/// takes writes, or none could be read.</param>
/// <param name="Rpo">What was lost.</param>
/// <param name="Ledger">What became of every attempt.</param>
/// <param name="NotJudged">What could not be judged, and why.</param>
public sealed record AuditResult(int? Rightful, RpoFacts Rpo, LedgerFacts Ledger, IReadOnlyList<string> NotJudged);

/// <summary>Compares what the clients were told with what the nodes have. Pure.</summary>
public static class LedgerAudit
{
    /// <summary>How many of the last acknowledged rows say which of several primaries the clients wrote to.</summary>
    private const int LastRows = 100;

    private const int Samples = 5;

    /// <summary>Judges.</summary>
    /// <param name="clients">The ledgers.</param>
    /// <param name="nodes">What each node has.</param>
    /// <param name="seconds">What a moment of the ledgers is, in seconds since the fault.</param>
    public static AuditResult Judge(
        IReadOnlyList<ClientLedger> clients,
        IReadOnlyList<NodeRows> nodes,
        Func<long, double> seconds
    )
    {
        ArgumentNullException.ThrowIfNull(clients);
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(seconds);
        var there = nodes.Where(n => n.Rows is not null).ToDictionary(n => n.Node, n => Counts(n.Rows!));
        var rightful = Rightful(clients, nodes, there);
        List<string> notJudged =
        [
            .. nodes.Where(n => n.Rows is null).Select(n => $"node {n.Node} could not be read: {n.Why}"),
        ];
        if (rightful is null)
        {
            notJudged.Add("no node that takes writes could be read: what is lost is not known");
        }

        var rows = rightful is { } number ? there[number] : null;
        var counts = new Counter();
        List<(int Client, Attempt Attempt)> lost = [];
        foreach (var client in clients)
        {
            counts.Reads += client.Reads.Count;
            counts.Stale += client.Reads.Count(r => !r.Seen);
            foreach (ref readonly var attempt in client.Attempts)
            {
                var present = rows?.ContainsKey(new RowId(client.Client, attempt.Row, attempt.Number)) ?? false;
                counts.Add(attempt.Outcome, present);
                if (attempt.Outcome is Outcome.Acknowledged && rows is not null && !present)
                {
                    lost.Add((client.Client, attempt));
                }
            }
        }

        lost.Sort((a, b) => a.Attempt.End.CompareTo(b.Attempt.End));
        return new AuditResult(
            rightful,
            RpoOf(lost, seconds),
            counts.Facts(
                doubled: rows is null ? 0 : Doubled(rows),
                onlyElsewhere: rows is null ? 0 : OnlyElsewhere(nodes, there, rightful!.Value)
            ),
            notJudged
        );
    }

    private static RpoFacts RpoOf(List<(int Client, Attempt Attempt)> lost, Func<long, double> seconds)
    {
        if (lost.Count == 0)
        {
            return new RpoFacts(0, 0, null, null, []);
        }

        var (first, last) = (seconds(lost[0].Attempt.End), seconds(lost[^1].Attempt.End));
        return new RpoFacts(
            lost.Count,
            Math.Round(last - first, 3),
            first,
            last,
            [
                .. lost.Take(Samples)
                    .Select(l =>
                        string.Create(
                            CultureInfo.InvariantCulture,
                            $"client {l.Client}, row {l.Attempt.Row}, acknowledged at {seconds(l.Attempt.End):0.000} s"
                        )
                    ),
            ]
        );
    }

    private static Dictionary<RowId, int> Counts(IReadOnlyList<RowId> rows)
    {
        var counts = new Dictionary<RowId, int>(rows.Count);
        foreach (var row in rows)
        {
            counts[row] = counts.GetValueOrDefault(row) + 1;
        }

        return counts;
    }

    private static int? Rightful(
        IReadOnlyList<ClientLedger> clients,
        IReadOnlyList<NodeRows> nodes,
        Dictionary<int, Dictionary<RowId, int>> there
    )
    {
        var primaries = nodes.Where(n => n.TakesWrites && n.Rows is not null).Select(n => n.Node).ToArray();
        if (primaries.Length < 2)
        {
            return primaries.Length == 0 ? null : primaries[0];
        }

        List<(long End, RowId Row)> acknowledged = [];
        foreach (var client in clients)
        {
            foreach (ref readonly var attempt in client.Attempts)
            {
                if (attempt.Outcome is Outcome.Acknowledged)
                {
                    acknowledged.Add((attempt.End, new RowId(client.Client, attempt.Row, attempt.Number)));
                }
            }
        }

        var last = acknowledged.OrderByDescending(a => a.End).Take(LastRows).ToArray();
        return primaries.MaxBy(p => last.Count(l => there[p].ContainsKey(l.Row)));
    }

    private static int Doubled(Dictionary<RowId, int> rows) =>
        rows.GroupBy(r => (r.Key.Client, r.Key.Row)).Count(g => g.Sum(r => r.Value) > 1);

    private static int OnlyElsewhere(
        IReadOnlyList<NodeRows> nodes,
        Dictionary<int, Dictionary<RowId, int>> there,
        int rightful
    ) =>
        nodes
            .Where(n => n.TakesWrites && n.Node != rightful && n.Rows is not null)
            .SelectMany(n => there[n.Node].Keys)
            .Distinct()
            .Count(r => !there[rightful].ContainsKey(r));

    private sealed class Counter
    {
        private readonly int[] _all = new int[4];
        private readonly int[] _present = new int[4];

        internal int Reads { get; set; }

        internal int Stale { get; set; }

        internal void Add(Outcome outcome, bool present)
        {
            _all[(int)outcome]++;
            _present[(int)outcome] += present ? 1 : 0;
        }

        internal LedgerFacts Facts(int doubled, int onlyElsewhere) =>
            new(
                _all.Sum(),
                _all[(int)Outcome.Acknowledged],
                _all[(int)Outcome.Refused],
                _all[(int)Outcome.NotSent],
                _all[(int)Outcome.Unknown],
                _present[(int)Outcome.Unknown],
                doubled,
                // What was not sent must not be there either.
                _present[(int)Outcome.Refused] + _present[(int)Outcome.NotSent],
                onlyElsewhere,
                Stale,
                Reads
            );
    }
}
