using System.Globalization;
using System.Text.RegularExpressions;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>Why a standby does not stream, is behind, or is not seen to stream by Pgpool-II.</summary>
internal static partial class StandbyTrouble
{
    /// <summary>One WAL segment: so much may be under way on a busy lab.</summary>
    private const long UsualLag = 16 << 20;

    /// <summary>On a busy machine Pgpool-II may be late.</summary>
    private static readonly TimeSpan StillLooks = TimeSpan.FromSeconds(30);

    /// <summary>Names the cause of a finding about a standby, where the node's log or the primary's slots tell
    /// it.</summary>
    internal static Finding Explain(StatusFacts facts, Finding finding)
    {
        if (
            facts.Lab.Mode is not ClusteringMode.StreamingReplication
            || finding.Node is not { } node
            || facts.WorkOn(node) is not null
        )
        {
            return finding;
        }

        if (
            finding.Id is "receives-nothing" or "diverged" or "node-down"
            && facts.Details.Pgpools.Values.FirstOrDefault(p => p.FollowFailed.ContainsKey(node)) is { } failed
            && !HasFollowedSince(facts, node)
        )
        {
            return Become(
                facts,
                finding,
                FindingKinds.FollowPrimaryFailed,
                $"follow_primary.sh ended with exit code {failed.FollowFailed[node]}; failover.log says why.",
                // A copy is made of a primary.
                facts.Look.Nodes.Count(IsPrimary) == 1
                    ? new Remedy.Recover(node, finding.Remedies.Any(r => r is Remedy.Recover { EvenIfWell: true }))
                    : null
            );
        }

        if (
            finding.Id is not ("receives-nothing" or "diverged")
            || !facts.Details.Nodes.TryGetValue(node, out var details)
        )
        {
            return finding;
        }

        if (SlotLostBy(facts, details) is { } slot)
        {
            return Become(facts, finding, FindingKinds.SlotLost, slot, null);
        }

        return LastOf(details.LogEnd) switch
        {
            { } match when match.Groups["segment"].Success => Become(
                facts,
                finding,
                FindingKinds.SegmentRemoved,
                $"It needs the WAL segment {match.Groups["segment"].Value}, which its primary has removed already.",
                null
            ),
            { } match when match.Groups["slot"].Success => Become(
                facts,
                finding,
                FindingKinds.SlotLost,
                $"Its log says: {match.Value}.",
                null
            ),
            { } match when match.Groups["diverged"].Success => Become(
                facts,
                finding,
                FindingKinds.Diverged,
                $"Its log says: {match.Value}.",
                null
            ),
            _ => finding,
        };
    }

    internal static IEnumerable<Finding> Of(StatusFacts facts)
    {
        if (
            facts.Lab is not { Mode: ClusteringMode.StreamingReplication, Here: null }
            || facts.Look.Nodes.Count(IsPrimary) != 1
        )
        {
            yield break;
        }

        foreach (
            var standby in facts.Look.Nodes.Where(n =>
                n.Postgres is { InRecovery: true, Receiver: "streaming", FedByPrimary: true }
            )
        )
        {
            var details = facts.Details.Nodes.GetValueOrDefault(standby.Id) ?? new NodeDetails(standby.Id);
            if (
                standby.Pgpool is
                { Status: "up" or "waiting", Role: "standby", ReplicationState: null, Weight: not null }
            )
            {
                if (Blank(facts, standby) is { } blank)
                {
                    yield return blank;
                }
            }

            if (Lags(facts, standby, details) is { } lags)
            {
                yield return lags;
            }
        }
    }

    private static bool IsPrimary(NodeView node) => node.Postgres.InRecovery is false;

    private static Finding Become(StatusFacts facts, Finding finding, FindingKind kind, string cause, Remedy? remedy)
    {
        IReadOnlyList<Remedy> remedies = remedy is null ? finding.Remedies : [remedy];
        return finding with
        {
            Kind = kind,
            Severity = kind.Severity,
            Consequence = kind.Consequence,
            Cause = cause,
            Remedies = remedies,
            Fix = RemedyWords.Line(facts.Lab, remedies),
        };
    }

    private static string? SlotLostBy(StatusFacts facts, NodeDetails details)
    {
        if (
            details.SlotName is not { } name
            || facts.Look.Nodes.Where(IsPrimary).ToArray() is not [var primary]
            || facts.Details.Nodes.GetValueOrDefault(primary.Id)?.Slots is not { } slots
        )
        {
            return null;
        }

        return slots.FirstOrDefault(s => s.Name == name) switch
        {
            null => $"Its replication slot '{name}' does not exist on node {primary.Id}, the primary.",
            { WalStatus: "lost" } =>
                $"Its replication slot '{name}' on node {primary.Id} has lost WAL that it needs (wal_status: lost).",
            _ => null,
        };
    }

    /// <summary>True when it has streamed on the timeline of the primary there is now, which began with the failover
    /// that follow_primary was about: somebody has helped it since, and what is wrong now has another cause.</summary>
    private static bool HasFollowedSince(StatusFacts facts, int node) =>
        facts.Look.Nodes.Where(IsPrimary).Max(n => n.Postgres.Timeline) is { } current
        && facts.Details.Nodes.GetValueOrDefault(node) is { } details
        && Followed().Matches(details.LogEnd).LastOrDefault() is { } last
        && int.TryParse(last.Groups["timeline"].Value, CultureInfo.InvariantCulture, out var timeline)
        && timeline >= current;

    /// <summary>What a standby's log says last of its WAL.</summary>
    private static Match? LastOf(string log) => Streaming().Matches(log).LastOrDefault();

    private static Finding? Blank(StatusFacts facts, NodeView standby)
    {
        var (node, settings) = (standby.Id, facts.Details.Pgpools.GetValueOrDefault(facts.Lab.Pgpool.Id));
        var primary = facts.Look.Nodes.First(IsPrimary).Id;
        var problem = $"Node {node} streams, but Pgpool-II does not see that.";
        var (given, own) = (standby.Postgres.StreamsAs, facts.Lab.Nodes.First(n => n.Id == node).ApplicationName);
        if (settings?[$"backend_application_name{node}"] is { } expected && given is not null && expected != given)
        {
            return facts.About(
                FindingKinds.BlankReplicationState,
                node,
                problem,
                $"It streams under the name '{given}', and backend_application_name{node} in pgpool.conf is "
                    + $"'{expected}'.",
                given == own
                    ? new Remedy.Configure(SettingAssignment.Pgpool, $"backend_application_name{node}", own)
                    // Recovery writes the name where it belongs.
                    : new Remedy.Recover(node, EvenIfWell: true)
            );
        }

        var user = settings?["sr_check_user"] ?? facts.Lab.CheckRole;
        if (facts.Details.Nodes.GetValueOrDefault(primary) is { } onPrimary)
        {
            if (onPrimary.CheckUserMayLook is false)
            {
                return facts.About(
                    FindingKinds.BlankReplicationState,
                    node,
                    problem,
                    $"The role '{user}' (sr_check_user) may not read pg_stat_replication: it is no member of "
                        + "pg_monitor.",
                    new Remedy.Execute(primary, $"GRANT pg_monitor TO {Quoted(user)}")
                );
            }

            if (onPrimary is { CheckUserMayLook: null, Slots: not null })
            {
                return facts.About(
                    FindingKinds.BlankReplicationState,
                    node,
                    problem,
                    $"There is no role '{user}' (sr_check_user)."
                );
            }
        }

        var cause =
            settings?["sr_check_period"] == "0" ? "sr_check_period is 0: Pgpool-II never looks."
            : settings is not null && Refused().Matches(settings.LogEnd).LastOrDefault() is { } refused
                ? $"Pgpool-II cannot log in as '{user}' (sr_check_user); its log says: {refused.Value.Trim()}"
            : null;
        // It may not have looked yet.
        return cause is null && facts.Pgpool.Age < StillLooks
            ? null
            : facts.About(FindingKinds.BlankReplicationState, node, problem, cause);
    }

    private static string Quoted(string role) =>
        role.All(c => char.IsAsciiLetterLower(c) || c == '_')
            ? role
            : $"\"{role.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static Finding? Lags(StatusFacts facts, NodeView standby, NodeDetails details)
    {
        var (node, lag) = (standby.Id, standby.Postgres.LagBytes ?? 0);
        var settings = facts.Details.Pgpools.GetValueOrDefault(facts.Lab.Pgpool.Id);
        var threshold = long.TryParse(settings?["delay_threshold"], CultureInfo.InvariantCulture, out var t) ? t : 0;
        var problem = $"Node {node} has {Megabytes(lag)} of WAL still to replay.";
        if (lag > 0 && details.ReplayIsPaused)
        {
            return facts.About(
                FindingKinds.Lags,
                node,
                problem,
                "Its replay was paused by pg_wal_replay_pause().",
                new Remedy.Execute(node, "SELECT pg_wal_replay_resume()")
            );
        }

        if (lag <= UsualLag && (threshold <= 0 || lag <= threshold))
        {
            return null;
        }

        var finding = facts.About(
            FindingKinds.Lags,
            node,
            problem,
            details.ApplyDelay is { } delay ? $"Its recovery_min_apply_delay is {delay}." : null
        );
        return finding with
        {
            // Somebody wants it so.
            Severity = details.ApplyDelay is null ? FindingSeverity.Warning : FindingSeverity.Note,
            Consequence =
                threshold > 0 && lag > threshold
                    ? $"Pgpool-II sends it no SELECTs as long as that is more than delay_threshold ({threshold} bytes)."
                    : finding.Consequence,
        };
    }

    internal static string Megabytes(long bytes) =>
        bytes < 1 << 20 ? $"{bytes} bytes" : string.Create(CultureInfo.InvariantCulture, $"{bytes / (1 << 20)} MB");

    [GeneratedRegex(
        @"started streaming WAL from primary"
            + @"|requested WAL segment (?<segment>\w+) has already been removed"
            + @"|(?<slot>replication slot ""[^""\n]*"" does not exist"
            + @"|can no longer (?:get changes from|access) replication slot ""[^""\n]*"")"
            + @"|(?<diverged>new timeline \d+ forked off current database system timeline \d+ before current recovery "
            + @"point [0-9A-F/]+|highest timeline \d+ of the primary is behind recovery timeline \d+)",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Streaming();

    [GeneratedRegex(
        @"started streaming WAL from primary at [0-9A-F]+/[0-9A-F]+ on timeline (?<timeline>\d+)",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Followed();

    [GeneratedRegex(
        @"(?:sr_check|worker|replication).*?(?:authentication failed|password).*$"
            + "|password authentication failed for user.*$",
        RegexOptions.Multiline | RegexOptions.CultureInvariant
    )]
    private static partial Regex Refused();
}
