using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>What may be said of a lab on several hosts when some of them do not answer: what is not seen is not known,
/// and what is seen is said with its host. Pure.</summary>
/// <param name="lab">The whole lab.</param>
/// <param name="hosts">What the hosts said, by number.</param>
/// <param name="nodes">The nodes, put together.</param>
/// <param name="members">The Pgpool-IIs, put together.</param>
/// <param name="pgpoolAnswers">Whether one of them answers.</param>
internal sealed class SpreadFindings(
    Lab lab,
    IReadOnlyList<HostLook> hosts,
    IReadOnlyList<NodeView> nodes,
    IReadOnlyList<WatchdogView> members,
    bool pgpoolAnswers
)
{
    /// <summary>Kinds that a server which is not seen may make untrue.</summary>
    private static readonly FindingKind[] OfAll = [FindingKinds.NotRunning, FindingKinds.NoPrimary];

    /// <summary>Kinds that compare a standby with the primary there is.</summary>
    private static readonly FindingKind[] OfStandbys =
    [
        FindingKinds.ReceivesNothing,
        FindingKinds.Diverged,
        FindingKinds.SegmentRemoved,
        FindingKinds.SlotLost,
        FindingKinds.FollowPrimaryFailed,
    ];

    private HostLook[] SilentHosts => [.. hosts.Where(h => h.Part is null)];

    /// <summary>Those that are true whatever the hosts that do not answer have, each once and with its host.</summary>
    internal IReadOnlyList<Finding> Of(IEnumerable<Finding> findings)
    {
        var silent = SilentHosts.Select(h => h.Host.Id).ToHashSet();
        var seesPrimary = nodes.Any(n => n.Postgres.InRecovery is false);
        return
        [
            .. findings
                .Where(f =>
                    silent.Count == 0
                    || (
                        !OfAll.Contains(f.Kind)
                        && (seesPrimary || !OfStandbys.Contains(f.Kind))
                        && (f.Node is not { } node || !silent.Contains(HostOf(node).Id))
                    )
                )
                .DistinctBy(f => (f.Kind, f.Node, f.Problem))
                .Select(f => f.Node is { } node ? f with { Host = HostOf(node).Name } : f),
        ];
    }

    /// <summary>The hosts that do not answer.</summary>
    internal IEnumerable<Finding> Silent(IReadOnlyList<WorkUnderWay> work) =>
        SilentHosts.Select(h => new Finding(FindingKinds.HostSilent, null, $"{h.Silence}.")
        {
            Cause = WhatIsThere(h.Host),
            Severity = IsServed(work) ? FindingSeverity.Warning : FindingSeverity.Broken,
        });

    /// <summary>What is wrong with the watchdog. A member that is not seen may answer, and may lead.</summary>
    internal IEnumerable<Finding> OfWatchdog(Lab asked, IReadOnlyList<WorkUnderWay> work)
    {
        var silent = SilentHosts.Select(h => h.Host.Name).ToHashSet();
        if (silent.Count == 0)
        {
            return WatchdogDiagnosis.Of(asked, members, work);
        }

        var seen = members.Where(m => m.Host is null || !silent.Contains(m.Host)).ToArray();
        var leads = seen.Any(Leads);
        return WatchdogDiagnosis
            .Of(asked, seen, work)
            .Where(f => f.Kind != FindingKinds.NoQuorum && (leads || f.Kind != FindingKinds.NoLeader))
            .Concat(WatchdogDiagnosis.Of(asked, members, work).Where(f => f.Kind == FindingKinds.NoQuorum));
    }

    /// <summary>True for the Pgpool-II that leads.</summary>
    internal static bool Leads(WatchdogView member) => member.Status is "LEADER" or "MASTER";

    /// <summary>Clients are served without what does not answer.</summary>
    private bool IsServed(IReadOnlyList<WorkUnderWay> work) =>
        pgpoolAnswers
        && work.Count == 0
        && nodes.Any(n =>
            n is { Postgres: { Up: true, InRecovery: false }, Pgpool: { Status: "up" or "waiting", Role: "primary" } }
        )
        && (members.Count == 0 || members.Any(m => m.Quorum is true));

    private string WhatIsThere(LabHost host)
    {
        var (own, pgpools) = (
            lab.Nodes.Where(n => n.Host == host.Id).ToArray(),
            lab.Pgpools.Where(p => p.Host == host.Id).Select(lab.TitleOf)
        );
        var there = own.Select(n => $"node {n.Id}").Concat(pgpools).ToArray();
        var held = nodes
            .Where(n => n.Pgpool is not null && own.Any(o => o.Id == n.Id))
            .Select(n => $"takes node {n.Id} for {n.Pgpool!.Status}")
            .ToArray();
        return $"There should be {string.Join(" and ", there)}."
            + (held.Length == 0 ? "" : $" Pgpool-II {string.Join(", and ", held)}.")
            + $" See what keeps it away:  pgpoollab hosts check {PgpoolLab.Hosts.Shell.Quote(host.Name)}";
    }

    private LabHost HostOf(int node) => lab.Hosts[lab.Nodes.First(n => n.Id == node).Host ?? 0];
}
