namespace PgpoolLab.Servers.Reports;

/// <summary>The processes of a Pgpool-II that take clients, by the titles they have given themselves.</summary>
/// <param name="Idle">How many wait for a client.</param>
/// <param name="Busy">The titles of those that have one: user, database, address, what it does.</param>
/// <remarks>Pgpool-II source, ps_status.c and child.c.</remarks>
public sealed record PoolChildren(int Idle, IReadOnlyList<string> Busy)
{
    private const string Title = "pgpool: ";
    private const string Waits = "wait for connection request";

    private static readonly string[] Others =
    [
        "PCP",
        "worker process",
        "health check process",
        "lifecheck",
        "watchdog",
        "heartbeat",
        "logger",
    ];

    /// <summary>Nobody.</summary>
    public static PoolChildren None { get; } = new(0, []);

    /// <summary>Those among a Pgpool-II's processes.</summary>
    internal static PoolChildren Of(ServerProcesses pgpool)
    {
        var titles = pgpool
            .All.Where(p => p != pgpool.First && p.CommandLine.StartsWith(Title, StringComparison.Ordinal))
            .Select(p => p.CommandLine[Title.Length..].ReplaceLineEndings(" ").Trim())
            .Where(t => !Others.Any(o => t.StartsWith(o, StringComparison.Ordinal)))
            .ToArray();
        return new PoolChildren(titles.Count(t => t == Waits), [.. titles.Where(t => t != Waits)]);
    }

    /// <summary>Whether nobody is left for the next client.</summary>
    /// <param name="most">How many clients there may be.</param>
    internal bool AreUsedUp(int? most) => Idle == 0 && Busy.Count > 0 && Busy.Count >= most;

    /// <summary>Who has them, the most first: "20 by alice on shop".</summary>
    internal string Who() =>
        string.Join(
            ", ",
            Busy.Select(t => t.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(w => w.Length >= 2)
                .GroupBy(w => $"{w[0]} on {w[1]}")
                .OrderByDescending(g => g.Count())
                .ThenBy(g => g.Key, StringComparer.Ordinal)
                .Take(3)
                .Select(g => $"{g.Count()} by {g.Key}")
        );
}
