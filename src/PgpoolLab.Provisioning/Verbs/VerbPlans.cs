using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>What plans have in common.</summary>
internal static class VerbPlans
{
    /// <summary>How long Pgpool-II may take to notice and to fail over, on a slow machine, too.</summary>
    internal static TimeSpan Patience => TimeSpan.FromMinutes(2);

    internal static Stage Await(FactKind kind, PostgresNode node) =>
        Stage.Of(new AwaitFact(new LabFact(kind, node.Id), Patience));

    /// <summary>What becomes of a node that Pgpool-II gives up. One that was the primary and has not failed comes back
    /// as a standby: that it is given up is true for a moment only.</summary>
    internal static FactKind GivenUp(VerbLook look, PostgresNode node) =>
        look.Lab.Mode is ClusteringMode.StreamingReplication
        && look.Seen is { } seen
        && LabFact.PrimaryOf(seen)?.Id == node.Id
            ? FactKind.NodeReplaced
            : FactKind.NodeDown;

    internal static Stage Acts(ServerSet servers, ServerAct act, StopMode mode) =>
        new([
            .. servers.Nodes.Select(n => (IReadOnlyList<IStep>)[new ActOnNode(act, n, mode)]),
            .. servers.Pgpools.Select(p => (IReadOnlyList<IStep>)[new ActOnPgpool(act, p)]),
        ]);

    /// <summary>What the user is told when servers go without which Pgpool-II makes another node the primary.</summary>
    internal static IReadOnlyList<string> WarningOfFailover(VerbLook look, ServerSet gone)
    {
        var lab = look.Lab;
        if (
            gone.Pgpools.Count == lab.Pgpools.Count
            || lab.Mode is not ClusteringMode.StreamingReplication
            || look.Seen is not { PgpoolAnswers: true } report
            || LabFact.PrimaryOf(report) is not { } primary
            || gone.Nodes.All(n => n.Id != primary.Id)
        )
        {
            return [];
        }

        var next = report
            .Nodes.Where(n =>
                VerbLook.IsAttached(n) && n.Postgres.InRecovery is true && gone.Nodes.All(s => s.Id != n.Id)
            )
            .Select(n => (int?)n.Id)
            .Concat(report.Elsewhere.Where(n => n.Status is "up" or "waiting").Select(n => (int?)n.Id))
            .Min();
        return
        [
            next is null
                ? $"Node {primary.Id} is the primary, and no standby is there to take over: nobody can "
                    + "write without it."
                : $"Node {primary.Id} is the primary: Pgpool-II will make node {next} the primary.",
        ];
    }

    /// <exception cref="LabException">The rules refuse it.</exception>
    internal static void Require(Verb verb, PostgresNode node, VerbLook look)
    {
        if (VerbRules.Check(verb, node.Id, look.Lab, look.Seen) is { } refusal)
        {
            throw new LabException(ExitCode.Failed, refusal.Reason)
            {
                Hints = refusal.Instead is { } instead ? [instead] : [],
            };
        }
    }

    /// <summary>Programs find the sockets of servers that were started, and of those that run.</summary>
    /// <param name="look">What was seen: the links that are there already.</param>
    /// <param name="started">The servers that were started.</param>
    /// <param name="lab">The lab as it is then; null when it is the same.</param>
    internal static Stage[] Link(VerbLook look, ServerSet started, Lab? lab = null)
    {
        lab ??= look.Lab;
        string[] missing =
        [
            .. SocketLinks
                .Of(lab, started)
                .Union(SocketLinks.Of(lab, Running(look, lab, runs: true)))
                .Except(look.Linked),
        ];
        return missing.Length > 0 ? [Stage.Of(new LinkSockets(missing))] : [];
    }

    /// <summary>Programs find no sockets of servers that were stopped, nor of those that had ended before: killed, they
    /// take no link away.</summary>
    /// <param name="look">What was seen: the links that are there.</param>
    /// <param name="stopped">The servers that were stopped.</param>
    internal static Stage[] Unlink(VerbLook look, ServerSet stopped)
    {
        var ended = SocketLinks.Of(look.Lab, Running(look, look.Lab, runs: false));
        string[] links = [.. SocketLinks.Of(look.Lab, stopped).Union(ended).Intersect(look.Linked)];
        return links.Length > 0 ? [Stage.Of(new UnlinkSockets(links))] : [];
    }

    private static ServerSet Running(VerbLook look, Lab lab, bool runs) =>
        new(
            [.. lab.OwnNodes.Where(n => look.RunningNodes.Contains(n.Id) == runs)],
            [.. lab.OwnPgpools.Where(p => look.RunningPgpools.Contains(p.Id) == runs)]
        );

    internal static bool IsUp(NodesReport report, int node) => new LabFact(FactKind.NodeUp, node).Check(report).Holds;
}
