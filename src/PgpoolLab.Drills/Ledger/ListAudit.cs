using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Ledger;

/// <summary>Judges lists that clients appended to: nothing that somebody has seen in one may vanish from it, or change
/// its place. Pure.</summary>
/// <remarks>The list-append workload of Elle (Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from
/// Experimental Observations"), for histories of single appends.</remarks>
public static class ListAudit
{
    private const int Samples = 3;

    /// <summary>Judges.</summary>
    /// <param name="seen">What clients saw of lists, at whatever time.</param>
    /// <param name="last">The lists as the rightful primary has them in the end.</param>
    /// <param name="clients">Who appended what, and when.</param>
    public static IReadOnlyList<CheckSeen> Judge(
        IEnumerable<ListSeen> seen,
        IReadOnlyDictionary<int, string> last,
        IReadOnlyList<ClientLedger> clients
    )
    {
        ArgumentNullException.ThrowIfNull(seen);
        ArgumentNullException.ThrowIfNull(last);
        ArgumentNullException.ThrowIfNull(clients);
        var all = seen.ToArray();
        string[] changed =
        [
            .. all.Where(s => !IsBeginning(s.Items, last.GetValueOrDefault(s.List, "")))
                .Select(s => $"list {s.List}")
                .Distinct(),
        ];
        var disorder = Disorder(last, clients);
        return
        [
            new CheckSeen(
                "what a client saw in a list is still there, in its place",
                changed.Length == 0
                    ? $"{all.Length} looks at {last.Count} lists"
                    : $"not in {changed.Length}: {string.Join(", ", changed.Take(Samples))}",
                changed.Length == 0
            ),
            new CheckSeen(
                "what was acknowledged before another append began stands before it",
                disorder.Count == 0 ? "it does" : $"not {string.Join(", ", disorder.Take(Samples))}",
                disorder.Count == 0
            ),
        ];
    }

    private static bool IsBeginning(string part, string whole) =>
        whole.StartsWith(part, StringComparison.Ordinal) && (whole.Length == part.Length || whole[part.Length] == ' ');

    private static List<string> Disorder(IReadOnlyDictionary<int, string> last, IReadOnlyList<ClientLedger> clients)
    {
        var times = new Dictionary<string, (long Begin, long End)>(StringComparer.Ordinal);
        foreach (var client in clients)
        {
            foreach (ref readonly var attempt in client.Attempts)
            {
                if (attempt.Outcome is Outcome.Acknowledged)
                {
                    times[$"{client.Client}.{attempt.Row}.{attempt.Number}"] = (attempt.Begin, attempt.End);
                }
            }
        }

        List<string> wrong = [];
        foreach (var (list, items) in last)
        {
            // An item must not have ended before one that stands before it began.
            var latest = long.MinValue;
            foreach (var item in items.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                if (!times.TryGetValue(item, out var moments))
                {
                    continue;
                }

                if (moments.End < latest)
                {
                    wrong.Add($"{item} in list {list}");
                }

                latest = Math.Max(latest, moments.Begin);
            }
        }

        return wrong;
    }
}
