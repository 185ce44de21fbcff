using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Some servers of one host.</summary>
/// <param name="Host">The host.</param>
/// <param name="Words">What they are called there: a node's number, <c>pgpool1</c>, <c>all</c>.</param>
public sealed record ServersOfHost(LabHost Host, IReadOnlyList<string> Words);

/// <summary>Which servers a command is about in a lab on several hosts, and where they are. Pure.</summary>
public static class SpreadTargets
{
    /// <summary>The servers, by host.</summary>
    /// <param name="lab">The whole lab.</param>
    /// <param name="look">How it is.</param>
    /// <param name="target">What the user has written.</param>
    /// <param name="resumes">Whether they are to go on: the words for roles are then of nodes that are suspended, and
    /// cannot say what they are.</param>
    /// <exception cref="LabException">There is no such server, or not right now.</exception>
    public static IReadOnlyList<ServersOfHost> Of(Lab lab, NodesReport look, Target target, bool resumes)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(target);
        if (target.IsAll)
        {
            return [.. lab.Hosts.Select(h => new ServersOfHost(h, [target.Text]))];
        }

        var servers =
            resumes && SuspendedAs(lab, look, target) is { Count: > 0 } suspended
                ? new ServerSet(suspended, [])
                : Resolve(lab, look, target);
        return
        [
            .. lab
                .Hosts.Select(h => new ServersOfHost(
                    h,
                    [
                        .. servers.Nodes.Where(n => n.Host == h.Id).Select(n => $"{n.Id}"),
                        .. servers.Pgpools.Where(p => p.Host == h.Id).Select(p => $"pgpool{p.Id}"),
                    ]
                ))
                .Where(h => h.Words.Count > 0),
        ];
    }

    /// <summary>The one node that is meant.</summary>
    /// <param name="lab">The whole lab.</param>
    /// <param name="look">How it is.</param>
    /// <param name="target">What the user has written.</param>
    /// <exception cref="LabException">It is none, or not a node.</exception>
    public static PostgresNode NodeOf(Lab lab, NodesReport look, Target target)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(target);
        return Resolve(lab, look, target) is { Nodes: [var node], Pgpools: [] } ? node : target.ResolveNode(lab, look);
    }

    // Of two primaries the one that Pgpool-II's watchdog has is meant, and of two that lead the one with the quorum.
    private static ServerSet Resolve(Lab lab, NodesReport look, Target target) =>
        target.Text switch
        {
            "primary" when SpreadNodes.RightfulPrimary(look) is { } id => new ServerSet([Target.NodeOf(lab, id)], []),
            "leader" when LeaderOf(look) is { } id => new ServerSet([], [.. lab.Pgpools.Where(p => p.Id == id)]),
            _ => target.Resolve(lab, look),
        };

    private static int? LeaderOf(NodesReport look) =>
        look.Watchdog.Where(w => w.Status is "LEADER" or "MASTER").MaxBy(w => w.Quorum is true)?.Id;

    private static IReadOnlyList<PostgresNode> SuspendedAs(Lab lab, NodesReport look, Target target) =>
        target.Text is "primary" or "standby"
            ?
            [
                .. look
                    .Nodes.Where(v => v.Postgres.IsSuspended && v.Postgres.MadeAsStandby == (target.Text is "standby"))
                    .Select(v => Target.NodeOf(lab, v.Id)),
            ]
            : [];
}
