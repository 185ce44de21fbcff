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

        var next = report.Nodes.FirstOrDefault(n =>
            VerbLook.IsAttached(n) && n.Postgres.InRecovery is true && gone.Nodes.All(s => s.Id != n.Id)
        );
        return
        [
            next is null
                ? $"Node {primary.Id} is the primary, and no standby is there to take over: nobody can write without it."
                : $"Node {primary.Id} is the primary: Pgpool-II will make node {next.Id} the primary.",
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

    /// <summary>Programs find the sockets of servers that were started.</summary>
    internal static Stage[] Link(Lab lab) => lab.HasPrivateSockets ? [Stage.Of(new LinkSockets())] : [];

    /// <summary>Programs find no sockets of servers that were stopped.</summary>
    internal static Stage[] Unlink(Lab lab) => lab.HasPrivateSockets ? [Stage.Of(new UnlinkSockets())] : [];

    internal static bool IsUp(NodesReport report, int node) => new LabFact(FactKind.NodeUp, node).Check(report).Holds;
}
