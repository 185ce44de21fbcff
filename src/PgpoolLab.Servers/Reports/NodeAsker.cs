using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers.Reports;

/// <summary>What one PostgreSQL answered.</summary>
/// <param name="Node">The node.</param>
/// <param name="Says">What it says of itself.</param>
/// <param name="LagOf">Of a primary: the standbys it sends to, by name, and by how many bytes each is behind.</param>
/// <param name="Synchronous">Of a primary: what commits on it wait for; null when they wait for nobody.</param>
internal sealed record NodeAnswer(
    PostgresNode Node,
    PostgresSays Says,
    IReadOnlyDictionary<string, long?> LagOf,
    SynchronousCommit? Synchronous
);

/// <summary>Asks every PostgreSQL of a lab for itself.</summary>
/// <param name="host">Where they run.</param>
/// <param name="lab">The lab.</param>
/// <param name="patience">How long to wait for an answer.</param>
internal sealed class NodeAsker(IHost host, Lab lab, AnswerPatience patience)
{
    private const string Facts = """
        SELECT pg_is_in_recovery()::text,
               CASE WHEN pg_is_in_recovery()
                    THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver),
                                  (SELECT timeline_id FROM pg_control_checkpoint()))
                    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END::text,
               CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text,
               (SELECT status FROM pg_stat_wal_receiver),
               current_setting('synchronous_standby_names'), current_setting('synchronous_commit'),
               (SELECT count(*) FROM pg_stat_activity
                WHERE datid IS NOT NULL AND usesysid IS NOT NULL AND pid <> pg_backend_pid())::text,
               (SELECT conninfo FROM pg_stat_wal_receiver)
        """;

    private const string Standbys = """
        SELECT application_name, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint::text,
               (sync_state IN ('sync', 'quorum'))::text,
               (SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep')::text
        FROM pg_stat_replication RIGHT JOIN (SELECT) AS always ON state IN ('streaming', 'catchup')
        """;

    private static readonly IReadOnlyDictionary<string, long?> Nobody = new Dictionary<string, long?>();

    /// <summary>Asks all of this machine at once.</summary>
    internal Task<NodeAnswer[]> AskAsync(LabProcesses processes, CancellationToken cancellationToken) =>
        Task.WhenAll(lab.OwnNodes.Select(n => AskAsync(n, processes, cancellationToken)));

    /// <summary>The primary that Pgpool-II writes to, or else the one on the newest timeline: with two, what was
    /// written on the other counts for nothing.</summary>
    internal static NodeAnswer? RightfulPrimary(IEnumerable<NodeAnswer> answers, IReadOnlyList<PoolNode>? pool) =>
        answers
            .Where(a => a.Says.InRecovery is false)
            .MaxBy(a =>
                (
                    pool?.Any(p => p is { Status: "up" or "waiting", Role: "primary" } && p.Id == a.Node.Id) is true,
                    a.Says.Timeline
                )
            );

    /// <summary>Adds what only the primary knows of a standby. The lag is what it measures, or else the distance
    /// between the two positions.</summary>
    internal static NodeAnswer[] Compare(NodeAnswer[] answers, IReadOnlyList<PoolNode>? pool)
    {
        if (RightfulPrimary(answers, pool) is not { } primary)
        {
            return answers;
        }

        return answers
            .Select(a =>
                a.Says.InRecovery is not true
                    ? a
                    : a with
                    {
                        Says = a.Says with
                        {
                            FedByPrimary = primary.LagOf.ContainsKey(NameOf(a)),
                            LagBytes =
                                primary.LagOf.GetValueOrDefault(NameOf(a)) is { } lag ? Math.Max(0, lag)
                                : NodesReporter.WalBytes(primary.Says.WalPosition)
                                    - NodesReporter.WalBytes(a.Says.WalPosition)
                                    is { } distance
                                    ? Math.Max(0, distance)
                                : null,
                        },
                    }
            )
            .ToArray();
    }

    /// <summary>Who was given another name by hand streams all the same.</summary>
    private static string NameOf(NodeAnswer answer) => answer.Says.StreamsAs ?? answer.Node.ApplicationName;

    private async Task<NodeAnswer> AskAsync(
        PostgresNode node,
        LabProcesses processes,
        CancellationToken cancellationToken
    )
    {
        var own = processes.Nodes[node.Id];
        var says = new PostgresSays
        {
            Up = false,
            Runs =
                own.First is not null ? true
                : processes.AreSeen && lab.OwnsNodes ? false
                : null,
            ProcessId = own.First?.Id,
            Suspended = own.Suspended,
        };
        if (own.IsSuspended)
        {
            return await WithoutAnswerAsync(node, says, "it is suspended", cancellationToken);
        }

        try
        {
            return await patience.WaitAsync(token => AskAsync(node, says, token), cancellationToken);
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } problem)
        {
            return await WithoutAnswerAsync(
                node,
                says,
                says.Runs is false ? "not running" : problem,
                cancellationToken
            );
        }
    }

    private async Task<NodeAnswer> WithoutAnswerAsync(
        PostgresNode node,
        PostgresSays says,
        string problem,
        CancellationToken cancellationToken
    )
    {
        var signal = lab.Tools.Postgres.Major >= 12 ? "standby.signal" : "recovery.conf";
        return new NodeAnswer(
            node,
            says with
            {
                Problem = problem,
                MadeAsStandby = lab.OwnsNodes
                    ? await host.Files.ExistsAsync($"{node.DataDirectory}/{signal}", cancellationToken)
                    : null,
            },
            Nobody,
            null
        );
    }

    private async Task<NodeAnswer> AskAsync(PostgresNode node, PostgresSays says, CancellationToken cancellationToken)
    {
        await using var client = await PostgresClient.ConnectAsync(lab, node.Port, "postgres", cancellationToken);
        var row = (await client.RowsAsync(Facts, cancellationToken))[0];
        says = says with
        {
            Up = true,
            Runs = true,
            InRecovery = row[0] == "true",
            Timeline = int.TryParse(row[1], out var timeline) ? timeline : null,
            WalPosition = row[2],
            Receiver = row[3],
            Sessions = int.TryParse(row[6], out var sessions) ? sessions : null,
            StreamsAs = ConnectionText.ApplicationNameIn(row[7]),
        };
        if (says.InRecovery is true)
        {
            return new NodeAnswer(node, says, Nobody, null);
        }

        var standbys = await client.RowsAsync(Standbys, cancellationToken);
        var lags = standbys
            .Where(s => s[0] is not null)
            .GroupBy(s => s[0]!)
            .ToDictionary(g => g.Key, g => long.TryParse(g.First()[1], out var lag) ? lag : (long?)null);
        var synchronous = SynchronousStandbys.Parse(row[4]) is { } names
            ? new SynchronousCommit(
                node.Id,
                row[4]!,
                row[5] ?? "on",
                names.Required,
                standbys.Count(s => s[2] == "true"),
                int.Parse(standbys[0][3]!)
            )
            : null;
        return new NodeAnswer(node, says, lags, synchronous);
    }
}
