using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Servers.Reports;

/// <summary>Puts together what the hosts of a lab say, and judges it as one machine's lab is judged. Pure.</summary>
public static class SpreadNodes
{
    /// <summary>All nodes and Pgpool-IIs of the lab, each as its own host has it.</summary>
    /// <param name="lab">The whole lab.</param>
    /// <param name="hosts">What the hosts said, by number.</param>
    public static NodesReport Merge(Lab lab, IReadOnlyList<HostLook> hosts) => Together(lab, hosts).Facts.Look;

    /// <summary>How the lab is, what is wrong with it, and what comes next.</summary>
    /// <param name="lab">The whole lab.</param>
    /// <param name="hosts">What the hosts said, by number, with the details that were asked for.</param>
    public static StatusReport Status(Lab lab, IReadOnlyList<HostLook> hosts)
    {
        var (facts, judged) = Together(lab, hosts);
        return StatusReport.Of(facts.Look, judged.Of(StatusDiagnosis.Of(facts)), WhatComesNext.Of(facts));
    }

    /// <summary>True when the lab is as it is to be: every node up, one primary, all others stream from it, every
    /// Pgpool-II takes them so, and they agree who leads.</summary>
    public static bool IsWell(NodesReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report.PgpoolAnswers
            && report.Nodes.All(n => n.Postgres.Up && n.Pgpool is { Status: "up" or "waiting" })
            && report.Nodes.Count(n => n.Postgres.InRecovery is false) == 1
            && report.Nodes.All(n => n.Postgres.InRecovery is false || n.Postgres.Receiver == "streaming")
            && report.Nodes.All(n => n.Pgpool!.Role == n.Postgres.Role)
            && report.Watchdog.All(w => w.Answers && report.Nodes.Any(n => n.Id == w.Primary && n.Postgres.Up))
            && report.Watchdog.Select(w => w.Primary).Distinct().Count() <= 1
            && WatchdogView.HaveSettled(report.Watchdog)
            && report.VirtualIp is null or { Hosts.Count: 1 };
    }

    /// <summary>True when a standby does not stream and nothing explains it: one whose WAL receiver is just being
    /// started again streams in a moment.</summary>
    public static bool MayStreamSoon(NodesReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report.AtWork.Count == 0
            && report.Nodes.Any(n => n.Postgres.InRecovery is false)
            && report.Nodes.Any(n => n.Postgres is { InRecovery: true, Receiver: not "streaming" });
    }

    private static (StatusFacts Facts, SpreadFindings Judged) Together(Lab lab, IReadOnlyList<HostLook> hosts)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(hosts);
        var members = lab.HasWatchdog ? lab.Pgpools.Select(p => MemberOf(lab, p, hosts[p.Host ?? 0])).ToArray() : [];
        var asked = Asked(lab, hosts, members);
        var pool = PoolOf(asked);
        var answers = lab.Nodes.Select(n => AnswerOf(n, hosts[n.Host ?? 0])).ToArray();
        if (lab.Mode is ClusteringMode.StreamingReplication)
        {
            answers = NodeAsker.Compare(answers, pool);
        }

        var views = answers
            .Select(a => new NodeView(
                a.Node.Id,
                a.Node.Port,
                // As the Pgpool-II that counts has it: one that is cut off takes its own node for the primary.
                pool?.FirstOrDefault(p => p.Id == a.Node.Id)
                    ?? hosts[a.Node.Host ?? 0].Part?.Report.Nodes.FirstOrDefault(v => v.Id == a.Node.Id)?.Pgpool,
                a.Says
            )
            {
                Host = lab.Hosts[a.Node.Host ?? 0].Name,
            })
            .ToArray();
        var says = SaysOf(asked, hosts);
        var pgpool = lab.Pgpools.FirstOrDefault(p => p.Host == asked?.Host.Id) ?? lab.Pgpools[0];
        var ordered = lab with { Pgpools = [pgpool, .. lab.Pgpools.Where(p => p != pgpool)] };
        var work = WorkOf(lab, hosts, views);
        var virtualIp = VirtualIpView.Merge(lab, hosts);
        var facts = new NodesFacts(ordered, says, views)
        {
            Work = work,
            Synchronous = NodeAsker.RightfulPrimary(answers, pool)?.Synchronous,
        };
        var judged = new SpreadFindings(lab, hosts, views, members, says.Answers);
        var report = new NodesReport(
            lab.Name,
            lab.Root,
            lab.Mode.Setting(),
            pgpool.Port,
            says.Answers,
            says.Problem,
            views,
            members,
            []
        )
        {
            PgpoolProcessId = says.ProcessId,
            PgpoolSuspended = says.Suspended,
            AtWork = work,
            Synchronous = facts.Synchronous,
            VirtualIp = virtualIp,
            Hosts = [.. hosts.Select(h => h.View)],
        };
        report = report with
        {
            Findings = judged.Of([
                .. judged.Silent(work),
                .. NodesDiagnosis.Of(facts),
                .. hosts.SelectMany(h => NodesDiagnosis.OfTablespaces(ordered, views, h.Part?.Shared ?? [], work)),
                .. judged.OfWatchdog(ordered, work),
                .. CutOff(lab, hosts),
                .. VirtualIpDiagnosis.Of(lab, virtualIp, members, work),
            ]),
        };
        return (
            new StatusFacts(ordered, says, report)
            {
                Details = DetailsOf(hosts),
                HealthCheck =
                    (asked ?? hosts.FirstOrDefault(h => h.Part is not null))?.Part?.HealthCheck
                    ?? new HealthCheck(0, 20, 0, 1),
            },
            judged
        );
    }

    /// <summary>The host whose Pgpool-II is believed: the one that leads with a quorum, or else one that leads, or the
    /// first that answers. One that was cut off leads itself alone.</summary>
    private static HostLook? Asked(Lab lab, IReadOnlyList<HostLook> hosts, IReadOnlyList<WatchdogView> members) =>
        hosts
            .Where(h => h.Part is { Pgpool.Answers: true })
            .Select(h => (Host: h, Member: members.FirstOrDefault(m => m.Id == PgpoolOf(lab, h)?.Id)))
            .OrderByDescending(h => h.Member is { Quorum: true } && SpreadFindings.Leads(h.Member))
            .ThenByDescending(h => h.Member is not null && SpreadFindings.Leads(h.Member))
            .Select(h => h.Host)
            .FirstOrDefault();

    /// <summary>The primary that counts: of several, the one that the leading Pgpool-II writes to, else the one on the
    /// newest timeline. Null when no node can be written to.</summary>
    public static int? RightfulPrimary(NodesReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report
            .Nodes.Where(v => v.Postgres.InRecovery is false)
            .MaxBy(v => (v.Pgpool is { Status: "up" or "waiting", Role: "primary" }, v.Postgres.Timeline))
            ?.Id;
    }

    private static IEnumerable<Finding> CutOff(Lab lab, IReadOnlyList<HostLook> hosts)
    {
        if (lab.Partition is { } cut && hosts.All(h => h.AskedAt < cut.Until))
        {
            yield return new Finding(
                FindingKinds.HostsCutOff,
                null,
                $"The command partition has cut off {cut.TitleIn(lab)}, until {cut.Until.ToLocalTime():HH:mm:ss}."
            )
            {
                Fix = "pgpoollab heal",
            };
        }
    }

    private static PgpoolNode? PgpoolOf(Lab lab, HostLook host) =>
        lab.Pgpools.FirstOrDefault(p => p.Host == host.Host.Id);

    /// <summary>All nodes as that Pgpool-II has them.</summary>
    private static PoolNode[]? PoolOf(HostLook? asked) =>
        asked?.Part is not { } part
            ? null
            : [.. part.Report.Nodes.Select(n => n.Pgpool).OfType<PoolNode>().Concat(part.Elsewhere).OrderBy(p => p.Id)];

    private static PgpoolSays SaysOf(HostLook? asked, IReadOnlyList<HostLook> hosts) =>
        asked?.Part?.Pgpool
        ?? hosts.FirstOrDefault(h => h.Part is not null)?.Part?.Pgpool
        ?? new PgpoolSays(false, "no host answers");

    private static NodeAnswer AnswerOf(PostgresNode node, HostLook host)
    {
        var seen = host.Part?.Report.Nodes.FirstOrDefault(v => v.Id == node.Id)?.Postgres;
        var more = host.Part?.Nodes.FirstOrDefault(n => n.Id == node.Id) ?? new PartNode(node.Id);
        return new NodeAnswer(
            node,
            seen is null
                ? new PostgresSays
                {
                    Up = false,
                    Problem = host.Part is null
                        ? $"host {host.Host.Name} does not answer"
                        : $"host {host.Host.Name} does not show it",
                }
                : seen with
                {
                    StreamsAs = more.StreamsAs,
                    MadeAsStandby = more.MadeAsStandby,
                    // Its host has seen a part of what it is compared with.
                    FedByPrimary = null,
                    LagBytes = null,
                },
            more.LagOf,
            more.Synchronous
        );
    }

    private static WatchdogView MemberOf(Lab lab, PgpoolNode pgpool, HostLook host) =>
        (
            host.Part?.Report.Watchdog.FirstOrDefault(w => w.Id == pgpool.Id)
            ?? new WatchdogView(
                pgpool.Id,
                pgpool.Port,
                Answers: false,
                null,
                null,
                null,
                $"host {host.Host.Name} does not answer"
            )
        ) with
        {
            Host = lab.Hosts[pgpool.Host ?? 0].Name,
        };

    private static WorkUnderWay[] WorkOf(Lab lab, IReadOnlyList<HostLook> hosts, IReadOnlyList<NodeView> views) =>
        [
            .. hosts
                .SelectMany(h =>
                    (h.Part?.Report.AtWork ?? []).Select(w =>
                        w.WithNext(lab, views) with
                        {
                            Title = $"{w.Title} on host {h.Host.Name}",
                        }
                    )
                )
                // Every Pgpool-II goes through a failover that one of them runs.
                .OrderBy(w => w.Since ?? DateTimeOffset.MaxValue)
                .DistinctBy(w =>
                    w.Kind is WorkKind.Command ? (w.Kind, (int?)w.ProcessId, w.Title) : (w.Kind, w.Node, "")
                ),
        ];

    private static StatusDetails DetailsOf(IReadOnlyList<HostLook> hosts)
    {
        var details = hosts.Select(h => (h.Host, Details: h.Part?.Details)).Where(d => d.Details is not null).ToArray();
        return new StatusDetails
        {
            Nodes = details.SelectMany(d => d.Details!.Nodes).ToDictionary(n => n.Key, n => n.Value),
            Pgpools = details.SelectMany(d => d.Details!.Pgpools).ToDictionary(p => p.Key, p => p.Value),
            Disks =
            [
                .. details.SelectMany(d =>
                    d.Details!.Disks.Select(disk => disk with { Folder = $"{disk.Folder} on host {d.Host.Name}" })
                ),
            ],
        };
    }
}
