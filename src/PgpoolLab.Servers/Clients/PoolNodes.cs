using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Clients;

/// <summary>What Pgpool-II thinks of one backend. Columns its version does not have are null.</summary>
/// <remarks>Pgpool-II manual, "SHOW POOL_NODES".</remarks>
public sealed record PoolNode
{
    /// <summary>Backend number.</summary>
    public required int Id { get; init; }

    /// <summary>up, down, waiting, unused or quarantine.</summary>
    public required string Status { get; init; }

    /// <summary>primary or standby (master, slave before 4.2 in other modes).</summary>
    public required string Role { get; init; }

    /// <summary>What pgpool found when it looked just now: up, down or unknown (since 4.3).</summary>
    public string? PostgresStatus { get; init; }

    /// <summary>What pgpool found when it looked just now: primary, standby or unknown (since 4.3).</summary>
    public string? PostgresRole { get; init; }

    /// <summary>Load balance weight, between 0 and 1.</summary>
    public string? Weight { get; init; }

    /// <summary>SELECTs sent to it.</summary>
    public long? SelectCount { get; init; }

    /// <summary>Behind the primary, as pgpool prints it (bytes, or seconds with delay_threshold_by_time).</summary>
    public string? Delay { get; init; }

    /// <summary>pg_stat_replication.state.</summary>
    public string? ReplicationState { get; init; }

    /// <summary>pg_stat_replication.sync_state.</summary>
    public string? SyncState { get; init; }

    /// <summary>When status or role last changed, as pgpool prints it.</summary>
    public string? LastChange { get; init; }
}

/// <summary>Asks Pgpool-II for its nodes.</summary>
public static class PoolNodes
{
    private const string Query = "SHOW pool_nodes";

    /// <summary>Since 4.3 SHOW pool_nodes connects to every node, twice, each time. This tells what Pgpool-II thinks of
    /// their status and roles without.</summary>
    /// <remarks>Pgpool-II manual, "SHOW POOL_HEALTH_CHECK_STATS" (since 4.2).</remarks>
    private const string RolesQuery = "SHOW pool_health_check_stats";

    /// <summary>What tells status and roles, and makes Pgpool-II connect to nobody.</summary>
    internal static string RolesQueryOf(Lab lab) => lab.Tools.Pgpool.Number >= 403 ? RolesQuery : Query;

    /// <summary>Asks in a session for status and roles alone.</summary>
    internal static async Task<(IReadOnlyList<PoolNode>? Nodes, string? Problem)> AskForRolesAsync(
        SimpleQuery session,
        Lab lab,
        CancellationToken cancellationToken
    ) => From(await session.AskAsync(RolesQueryOf(lab), cancellationToken));

    private static (IReadOnlyList<PoolNode>? Nodes, string? Problem) From(SimpleQuery.Answer answer) =>
        answer.Error is { } error ? (null, error) : (From(answer.Columns, answer.Rows), null);

    /// <summary>Asks.</summary>
    /// <returns>The nodes, or null and the reason when pgpool does not answer.</returns>
    public static Task<(IReadOnlyList<PoolNode>? Nodes, string? Problem)> AskAsync(
        IHost host,
        Lab lab,
        PgpoolNode pgpool,
        CancellationToken cancellationToken
    ) => AskAsync(host, lab, pgpool, Query, cancellationToken);

    /// <summary>Asks for what Pgpool-II knows without connecting to a node: one that hangs would keep it
    /// waiting.</summary>
    /// <returns>As <see cref="AskAsync(IHost, Lab, PgpoolNode, CancellationToken)"/>, with status and roles alone where
    /// that is a question of its own.</returns>
    internal static Task<(IReadOnlyList<PoolNode>? Nodes, string? Problem)> AskForRolesAsync(
        IHost host,
        Lab lab,
        PgpoolNode pgpool,
        CancellationToken cancellationToken
    ) => AskAsync(host, lab, pgpool, RolesQueryOf(lab), cancellationToken);

    private static async Task<(IReadOnlyList<PoolNode>? Nodes, string? Problem)> AskAsync(
        IHost host,
        Lab lab,
        PgpoolNode pgpool,
        string query,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(pgpool);
        return From(await PgpoolQuestion.AskAsync(host, lab, pgpool, query, cancellationToken));
    }

    /// <summary>Understands the answer: a line of column names, then a line a node.</summary>
    /// <param name="text">Fields are separated by <see cref="Psql.FieldSeparator"/>.</param>
    public static IReadOnlyList<PoolNode> Parse(string text)
    {
        var (columns, rows, _) = PgpoolQuestion.Parse(text);
        return From(columns, rows);
    }

    private static PoolNode[] From(IReadOnlyList<string> names, IEnumerable<string?[]> rows)
    {
        var columns = names
            .Select((name, index) => (name, index))
            .GroupBy(c => c.name)
            .ToDictionary(g => g.Key, g => g.First().index);
        return rows.Where(f => f.Length == names.Count && int.TryParse(Field(f, "node_id"), out _))
            .Select(f => new PoolNode
            {
                Id = int.Parse(Field(f, "node_id")!),
                Status = Field(f, "status") ?? "unknown",
                Role = Field(f, "role") ?? "unknown",
                PostgresStatus = Field(f, "pg_status"),
                PostgresRole = Field(f, "pg_role"),
                Weight = Field(f, "lb_weight"),
                SelectCount = long.TryParse(Field(f, "select_cnt"), out var count) ? count : null,
                Delay = Field(f, "replication_delay"),
                ReplicationState = Field(f, "replication_state"),
                SyncState = Field(f, "replication_sync_state"),
                LastChange = Field(f, "last_status_change"),
            })
            .ToArray();

        string? Field(string?[] fields, string name) =>
            columns.TryGetValue(name, out var index) && fields[index] is { Length: > 0 } text ? text : null;
    }
}
