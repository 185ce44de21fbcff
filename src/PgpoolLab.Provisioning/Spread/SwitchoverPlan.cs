using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Who takes over from whom, between hosts.</summary>
/// <param name="Old">The primary.</param>
/// <param name="New">The standby that is to be the primary.</param>
/// <param name="Aside">Standbys that Pgpool-II would promote instead, for their numbers are lower: it is to leave them
/// out until it has promoted the right one, and attaches them itself then.</param>
public sealed record SwitchoverPlan(PostgresNode Old, PostgresNode New, IReadOnlyList<PostgresNode> Aside)
{
    /// <summary>Makes the plan.</summary>
    /// <param name="lab">The whole lab.</param>
    /// <param name="look">How it is.</param>
    /// <param name="wanted">The standby; null for the one that is least behind.</param>
    /// <exception cref="LabException">It would lose rows, or cannot work.</exception>
    public static SwitchoverPlan Of(Lab lab, NodesReport look, PostgresNode? wanted)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(look);
        var node = wanted ?? BestOf(lab, look);
        if (VerbRules.Check(Verb.Switchover, node.Id, lab, look) is { } refusal)
        {
            throw new LabException(ExitCode.Failed, refusal.Reason)
            {
                Hints = refusal.Instead is { } instead ? [instead] : [],
            };
        }

        // Two that can be written to: which of them is stopped must not be a guess.
        var primaries = look.Nodes.Where(n => n.Postgres.InRecovery is false).ToArray();
        if (primaries is not [var primary] || SpreadNodes.RightfulPrimary(look) != primary.Id)
        {
            throw new LabException(
                ExitCode.NotHealthy,
                primaries.Length == 0
                    ? "There is no primary to take over from in good order."
                    : $"There are {primaries.Length} primaries: nodes "
                        + $"{string.Join(" and ", primaries.Select(n => n.Id))}."
            )
            {
                Hints = ["See what ends that:  pgpoollab status --lab " + Hosts.Shell.Quote(lab.Name)],
            };
        }

        return new SwitchoverPlan(
            lab.Nodes.First(n => n.Id == primary.Id),
            node,
            [
                .. look
                    .Nodes.Where(n => n.Id < node.Id && n.Id != primary.Id && IsAttached(n))
                    .Select(n => lab.Nodes.First(l => l.Id == n.Id)),
            ]
        );
    }

    /// <summary>What happens, in this order.</summary>
    /// <param name="lab">The whole lab.</param>
    public IReadOnlyList<string> Lines(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return
        [
            .. Aside.Select(n => $"Have Pgpool-II leave out node {n.Id}, which it would promote instead"),
            $"Stop node {Old.Id}, the primary, on host {NameOf(Old)}: what it has written, its standbys have",
            $"Have Pgpool-II give up node {Old.Id}, and promote node {New.Id} on host {NameOf(New)}",
            $"Make node {Old.Id} a standby of node {New.Id}, and attach it",
            .. Aside.Select(n => $"Wait until node {n.Id} is attached again"),
        ];

        string NameOf(PostgresNode node) => lab.Hosts[node.Host!.Value].Name;
    }

    internal static bool IsAttached(NodeView node) => node.Pgpool?.Status is "up" or "waiting";

    private static PostgresNode BestOf(Lab lab, NodesReport look) =>
        look.Nodes.Where(n =>
                IsAttached(n) && n.Postgres is { InRecovery: true, Receiver: "streaming", FedByPrimary: not false }
            )
            .OrderBy(n => n.Postgres.LagBytes ?? long.MaxValue)
            .Select(n => lab.Nodes.First(l => l.Id == n.Id))
            .FirstOrDefault()
        ?? throw new LabException(ExitCode.NotHealthy, "There is no standby that is attached and streams.")
        {
            Hints = ["See what there is:  pgpoollab nodes --lab " + Hosts.Shell.Quote(lab.Name)],
        };
}
