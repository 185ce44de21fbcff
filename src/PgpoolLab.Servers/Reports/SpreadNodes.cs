using System.Text.Json;
using System.Text.Json.Nodes;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>What one host said of its part of a lab.</summary>
/// <param name="Host">The host.</param>
/// <param name="Report">What its part shows; null when it did not answer.</param>
/// <param name="Problem">Why it did not.</param>
public sealed record PartReport(LabHost Host, NodesReport? Report, string? Problem);

/// <summary>Puts the reports of a lab's parts together.</summary>
public static class SpreadNodes
{
    /// <summary>The report of one part, from JSON.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    /// <remarks>What the part finds is left out: the whole is judged by what all say.</remarks>
    public static NodesReport FromJson(string text)
    {
        if (JsonNode.Parse(text) is not JsonObject report)
        {
            throw new JsonException("There is nothing.");
        }

        report["findings"] = new JsonArray();
        return report.Deserialize(ReportJson.Default.NodesReport) ?? throw new JsonException("There is nothing.");
    }

    /// <summary>All nodes and Pgpool-IIs of the lab, each as its own host has it.</summary>
    /// <param name="lab">The whole lab.</param>
    /// <param name="parts">What the hosts said, by number.</param>
    public static NodesReport Merge(Lab lab, IReadOnlyList<PartReport> parts)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(parts);
        var members = lab.HasWatchdog ? lab.Pgpools.Select(p => MemberOf(p, parts[p.Host ?? 0])).ToArray() : [];
        var answering = parts.Where(p => p.Report is { PgpoolAnswers: true }).ToArray();
        // Hosts that are cut off from the others lead themselves, without a quorum.
        var asked = answering.MaxBy(p => (IsLeader(p, hasQuorum: true), IsLeader(p, hasQuorum: false), -p.Host.Id));
        var views = WithLag([.. lab.Nodes.Select(n => ViewOf(n, parts[n.Host ?? 0], asked?.Report))]);
        var says = new PgpoolSays(asked is not null, asked is null ? "no Pgpool-II answers" : null) { Runs = null };
        var pgpool = lab.Pgpools.FirstOrDefault(p => p.Host == asked?.Host.Id) ?? lab.Pgpools[0];
        var work = parts.SelectMany(p => p.Report?.AtWork ?? []).ToArray();
        var virtualIp = VirtualIpView.Merge(lab, parts);
        var facts = new NodesFacts(lab with { Pgpools = [pgpool, .. lab.Pgpools.Where(p => p != pgpool)] }, says, views)
        {
            Work = work,
        };
        return new NodesReport(
            lab.Name,
            lab.Root,
            lab.Mode.Setting(),
            pgpool.Port,
            asked is not null,
            says.Problem,
            views,
            members,
            [
                .. parts.Where(p => p.Report is null).Select(Silent),
                .. parts.All(p => p.Report is not null) ? NodesDiagnosis.Of(facts).Select(f => WithHosts(lab, f)) : [],
                .. parts.All(p => p.Report is not null)
                    ? WatchdogDiagnosis.Of(lab, members, work)
                    : TwoPrimaries(lab, views),
                .. CutOff(lab),
                .. VirtualIpDiagnosis.Of(lab, virtualIp, members, work),
            ]
        )
        {
            AtWork = work,
            VirtualIp = virtualIp,
        };
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

    private static bool IsLeader(PartReport part, bool hasQuorum) =>
        part.Report!.Watchdog.Any(m => m.Status is "LEADER" or "MASTER" && (m.Quorum is true || !hasQuorum));

    /// <summary>A node as its own host has it, and as the Pgpool-II that counts does.</summary>
    private static NodeView ViewOf(PostgresNode node, PartReport part, NodesReport? asked)
    {
        var own = part.Report?.Nodes.FirstOrDefault(v => v.Id == node.Id);
        var shown =
            asked?.Nodes.FirstOrDefault(v => v.Id == node.Id)?.Pgpool
            ?? asked?.Elsewhere.FirstOrDefault(p => p.Id == node.Id)
            ?? own?.Pgpool;
        return new NodeView(
            node.Id,
            node.Port,
            shown,
            own?.Postgres ?? new PostgresSays { Up = false, Problem = part.Problem ?? "its host does not show it" }
        );
    }

    /// <summary>Of two primaries it counts on which hosts they are.</summary>
    private static Finding WithHosts(Lab lab, Finding finding) =>
        finding.Kind == FindingKinds.TwoPrimaries && finding.Node is { } node
            ? finding with
            {
                Problem = $"{finding.Problem} Node {node} is on host {HostOf(lab, node)}.",
            }
            : finding;

    private static IEnumerable<Finding> CutOff(Lab lab)
    {
        if (lab.Partition is { } cut)
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

    private static WatchdogView MemberOf(PgpoolNode pgpool, PartReport part) =>
        part.Report?.Watchdog.FirstOrDefault(w => w.Id == pgpool.Id)
        ?? new WatchdogView(pgpool.Id, pgpool.Port, Answers: false, null, null, null, part.Problem);

    /// <summary>A part does not see what its nodes are to be compared with.</summary>
    private static NodeView[] WithLag(NodeView[] views)
    {
        var primaries = views.Where(v => v.Postgres.InRecovery is false).ToArray();
        if (primaries is not [{ Postgres.WalPosition: { } position }])
        {
            return views;
        }

        var written = NodesReporter.WalBytes(position);
        return
        [
            .. views.Select(v =>
                v.Postgres.InRecovery is true && NodesReporter.WalBytes(v.Postgres.WalPosition) is { } replayed
                    ? v with
                    {
                        Postgres = v.Postgres with { LagBytes = Math.Max(0, (written ?? replayed) - replayed) },
                    }
                    : v
            ),
        ];
    }

    private static Finding Silent(PartReport part) =>
        new(FindingKinds.HostSilent, null, $"Host {part.Host.Name} does not answer: {part.Problem}");

    /// <summary>With a host that does not answer, nothing is said of what is missing; that two nodes of the others can
    /// be written to is seen all the same.</summary>
    private static IEnumerable<Finding> TwoPrimaries(Lab lab, IReadOnlyList<NodeView> views)
    {
        var primaries = views.Where(v => v.Postgres.InRecovery is false).ToArray();
        if (primaries.Length > 1)
        {
            var where = primaries.Select(v => $"node {v.Id} on host {HostOf(lab, v.Id)}");
            yield return new Finding(
                FindingKinds.TwoPrimaries,
                null,
                $"Split brain: {string.Join(" and ", where)} can be written to; what was written on one is not on the "
                    + "other."
            );
        }
    }

    private static string HostOf(Lab lab, int node) => lab.Hosts[lab.Nodes.First(n => n.Id == node).Host ?? 0].Name;
}
