using System.Globalization;
using System.Text.Json;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Probes;

namespace PgpoolLab.Provisioning.Reports;

/// <summary>Asks Pgpool-II and every PostgreSQL, all at once, and compares the answers.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="probes">Waits.</param>
public sealed class NodesReporter(IHost host, ProbeRunner probes)
{
    /// <summary>A little more than the second after which Pgpool-II looks again.</summary>
    private static readonly IReadOnlyList<int> MillisecondsBetweenLooks = [10, 20, 40, 80, 160, 320, 640];

    private static readonly ReportJson Json = new(new JsonSerializerOptions(ReportJson.Default.Options) { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Asks.</summary>
    public async Task<NodesReport> ReportAsync(Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var pools = Task.WhenAll(lab.Pgpools.Select(async p => (Pgpool: p, Answer: await PoolNodes.AskAsync(host, lab, p, cancellationToken))));
        var watchdog = Task.WhenAll(lab.Pgpools.Where(_ => lab.HasWatchdog).Select(p => WatchdogInfo.AskAsync(host, lab, p, cancellationToken)));
        var answers = await Task.WhenAll(lab.Nodes.Select(n => AskAsync(lab, n, cancellationToken)));
        var asked = await pools;
        var (pgpool, (poolNodes, problem)) = asked.FirstOrDefault(a => a.Answer.Nodes is not null) is { Pgpool: not null } first ? first : asked[0];
        for (var looks = 0; looks < MillisecondsBetweenLooks.Count && HasNotLookedYet(lab, poolNodes, answers); looks++)
        {
            await probes.PauseAsync(TimeSpan.FromMilliseconds(MillisecondsBetweenLooks[looks]), cancellationToken);
            (poolNodes, problem) = await PoolNodes.AskAsync(host, lab, pgpool, cancellationToken);
        }

        answers = lab.Mode is ClusteringMode.StreamingReplication ? WithLag(answers) : answers;
        var views = lab.Nodes.Select((n, i) => new NodeView(n.Id, n.Port, poolNodes?.FirstOrDefault(p => p.Id == n.Id), answers[i].Says)).ToArray();
        var members = (await watchdog).Select((w, i) => new WatchdogView(i, lab.Pgpools[i].Port, asked[i].Answer.Nodes is not null,
            w.Info?.Members.FirstOrDefault(m => m.Port == lab.Pgpools[i].Port)?.Status, w.Info?.Quorum,
            asked[i].Answer.Nodes?.FirstOrDefault(n => n.Role == ExpectedNode.Primary)?.Id, asked[i].Answer.Problem ?? w.Problem)).ToArray();
        // What is to be pasted asks the Pgpool-II that answers: to the diagnosis that is the first.
        var asking = lab with { Pgpools = [pgpool, .. lab.Pgpools.Where(p => p != pgpool)] };
        var shared = lab.OwnsNodes ? await SharedTablespaces.FindAsync(host, lab, cancellationToken) : [];
        return new NodesReport(lab.Name, lab.Root, lab.Mode.Setting(), pgpool.Port, poolNodes is not null, problem, views, members,
            [
                .. NodesDiagnosis.Of(asking, poolNodes is not null, problem, views), .. NodesDiagnosis.OfTablespaces(asking, views, shared),
                .. NodesDiagnosis.OfWatchdog(lab, members),
            ]);
    }

    /// <summary>Pgpool-II asks who streams soon after it has started, and then every <c>sr_check_period</c>, a second in a lab of ours unless the user has another
    /// one: until then it does not know what every standby says.</summary>
    private static bool HasNotLookedYet(Lab lab, IReadOnlyList<PoolNode>? seen, Answer[] answers) =>
        lab is { Mode: ClusteringMode.StreamingReplication, PgpoolSetup: null } && !lab.PgpoolSettings.ContainsKey("sr_check_period") && seen is not null
        && answers.Any(a => a.Says.Receiver == "streaming" && seen.Any(s => s is { Status: "up" or "waiting", Role: "standby", ReplicationState: null } && s.Id == a.Node.Id));

    /// <summary>The report as JSON.</summary>
    public static string ToJson(NodesReport report) => JsonSerializer.Serialize(report, Json.NodesReport);

    /// <summary>A WAL position as a number of bytes.</summary>
    /// <param name="position">As PostgreSQL prints it: two hexadecimal numbers and a slash.</param>
    /// <returns>Null when it is none.</returns>
    public static long? WalBytes(string? position) =>
        position?.Split('/') is [var high, var low]
        && uint.TryParse(high, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var h) && uint.TryParse(low, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var l)
            ? ((long)h << 32) + l
            : null;

    private sealed record Answer(PostgresNode Node, PostgresSays Says, IReadOnlyDictionary<string, long> LagOf);

    private static async Task<Answer> AskAsync(Lab lab, PostgresNode node, CancellationToken cancellationToken)
    {
        const string facts = """
            SELECT pg_is_in_recovery()::text,
                   CASE WHEN pg_is_in_recovery()
                        THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()))
                        ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END::text,
                   CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text,
                   (SELECT status FROM pg_stat_wal_receiver)
            """;
        const string standbys = "SELECT application_name, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint::text FROM pg_stat_replication WHERE replay_lsn IS NOT NULL";
        try
        {
            await using var client = await PostgresClient.ConnectAsync(lab, node.Port, "postgres", cancellationToken);
            var row = (await client.RowsAsync(facts, cancellationToken))[0];
            var says = new PostgresSays
            {
                Up = true,
                InRecovery = row[0] == "true",
                Timeline = int.TryParse(row[1], out var timeline) ? timeline : null,
                WalPosition = row[2],
                Receiver = row[3],
            };
            var lags = says.InRecovery is true ? [] : await client.RowsAsync(standbys, cancellationToken);
            return new Answer(node, says, lags.GroupBy(l => l[0]!).ToDictionary(g => g.Key, g => long.Parse(g.First()[1]!)));
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } problem)
        {
            return new Answer(node, new PostgresSays { Up = false, Problem = problem }, new Dictionary<string, long>());
        }
    }

    /// <summary>The lag as the primary measures it, or else the distance between the two positions. With two primaries: from the newer timeline's.</summary>
    private static Answer[] WithLag(Answer[] answers)
    {
        if (answers.Where(a => a.Says.InRecovery is false).MaxBy(a => a.Says.Timeline) is not { } primary)
        {
            return answers;
        }

        return answers.Select(a => a.Says.InRecovery is not true ? a : a with
        {
            Says = a.Says with
            {
                LagBytes = primary.LagOf.TryGetValue(a.Node.ApplicationName, out var lag) ? Math.Max(0, lag)
                    : WalBytes(primary.Says.WalPosition) - WalBytes(a.Says.WalPosition) is { } distance ? Math.Max(0, distance) : null,
            },
        }).ToArray();
    }
}
