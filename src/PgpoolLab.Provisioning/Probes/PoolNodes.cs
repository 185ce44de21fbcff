using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Probes;

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

/// <summary>Asks Pgpool-II for its nodes, by way of psql.</summary>
public static class PoolNodes
{
    /// <summary>Asks.</summary>
    /// <returns>The nodes, or null and the reason when pgpool does not answer.</returns>
    public static async Task<(IReadOnlyList<PoolNode>? Nodes, string? Problem)> AskAsync(IHost host, Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(lab);
        var result = await host.RunAsync(Psql.Query(lab.Tools, "localhost", lab.Pgpool.Port, lab.Owner, Lab.Database, "SHOW pool_nodes"), cancellationToken);
        if (result.ExitCode != 0)
        {
            return (null, result.Error.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? $"psql ended with exit code {result.ExitCode}");
        }

        return (Parse(result.Output), null);
    }

    /// <summary>Understands the answer: a line of column names, then a line a node.</summary>
    /// <param name="text">Fields are separated by <see cref="Psql.FieldSeparator"/>.</param>
    public static IReadOnlyList<PoolNode> Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd('\r').Split(Psql.FieldSeparator)).ToArray();
        if (lines.Length == 0)
        {
            return [];
        }

        var columns = lines[0].Select((name, index) => (name, index)).GroupBy(c => c.name).ToDictionary(g => g.Key, g => g.First().index);
        return lines.Skip(1).Where(f => f.Length == lines[0].Length && int.TryParse(Field(f, "node_id"), out _)).Select(f => new PoolNode
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
        }).ToArray();

        string? Field(string[] fields, string name) => columns.TryGetValue(name, out var index) && fields[index] is { Length: > 0 } text ? text : null;
    }
}

/// <summary>Waits until Pgpool-II shows every node up in the role it should have, and every standby streaming.</summary>
/// <param name="Host">Where it runs.</param>
/// <param name="Lab">The lab.</param>
/// <param name="Expected">The nodes that must be up, with true for the primary.</param>
/// <param name="ProcessId">Pgpool-II's first process.</param>
public sealed record PgpoolShowsNodes(IHost Host, Lab Lab, IReadOnlyDictionary<int, bool> Expected, int ProcessId) : IProbe
{
    /// <inheritdoc/>
    public string Expectation => $"Pgpool-II on port {Lab.Pgpool.Port} shows {string.Join(", ", Expected.Select(e => $"node {e.Key} up as {Role(e.Value)}"))}";

    /// <inheritdoc/>
    public string? LogFile => Lab.Paths.PgpoolLog;

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        var (nodes, problem) = await PoolNodes.AskAsync(Host, Lab, cancellationToken);
        if (nodes is null)
        {
            return new Observation(false, problem ?? "no answer");
        }

        var holds = Expected.All(e => nodes.Any(n => n.Id == e.Key && n.Status is "up" or "waiting" && n.Role == Role(e.Value) && (e.Value || n.ReplicationState == "streaming")));
        return new Observation(holds, string.Join(", ", nodes.Select(n => $"node {n.Id} {n.Status} as {n.Role} {n.ReplicationState}".TrimEnd())));
    }

    /// <inheritdoc/>
    public async Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) =>
        await Host.FindProcessAsync(ProcessId, cancellationToken) is null ? "Pgpool-II has ended" : null;

    private static string Role(bool primary) => primary ? "primary" : "standby";
}
