using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>Plans what is done to the cluster that Pgpool-II and the nodes make up: pure, from a look and a
/// target.</summary>
public static class ClusterPlans
{
    /// <summary>Pgpool-II sends queries to a node again.</summary>
    /// <exception cref="LabException">The rules refuse it.</exception>
    public static VerbPlan Attach(VerbLook look, Target target)
    {
        var node = Require(Verb.Attach, look, target);
        return VerbLook.IsAttached(look.ViewOf(node))
            ? VerbPlan.Nothing($"Node {node.Id} is attached already.")
            : VerbPlan.Of(
                Stage.Of(new TellPgpool(PcpAct.Attach, node, look.Teller)),
                VerbPlans.Await(FactKind.NodeUp, node)
            );
    }

    /// <summary>Pgpool-II gives up a node.</summary>
    /// <exception cref="LabException">The rules refuse it.</exception>
    public static VerbPlan Detach(VerbLook look, Target target)
    {
        var node = Require(Verb.Detach, look, target);
        var view = look.ViewOf(node);
        return view.Pgpool is { } pool && !VerbLook.IsAttached(view)
            ? VerbPlan.Nothing($"Pgpool-II has given up node {node.Id} already ({pool.Status}).")
            : VerbPlan.Of(
                Stage.Of(new TellPgpool(PcpAct.Detach, node, look.Teller)),
                VerbPlans.Await(VerbPlans.GivenUp(look, node), node)
            ) with
            {
                Before = VerbPlans.WarningOfFailover(look, new ServerSet([node], [])),
            };
    }

    /// <summary>A node becomes a copy of the primary again, and is attached.</summary>
    /// <param name="look">What was seen.</param>
    /// <param name="target">The node.</param>
    /// <param name="evenIfWell">Also when it streams and is attached.</param>
    /// <param name="method">How; the look must have <see cref="VerbLook.Recovery"/> for any but the usual one.</param>
    /// <exception cref="LabException">The rules refuse it.</exception>
    public static VerbPlan Recover(
        VerbLook look,
        Target target,
        bool evenIfWell,
        RecoveryMethod method = RecoveryMethod.AsConfigured
    )
    {
        var node = Require(Verb.Recover, look, target);
        method = Possible(look, node, method);
        if (!evenIfWell && VerbPlans.IsUp(look.Seen, node.Id))
        {
            throw new LabException(ExitCode.Failed, $"Node {node.Id} is well: it is up and attached.")
            {
                Hints = [$"Recover it all the same:  pgpoollab recover {node.Id} --yes"],
            };
        }

        var view = look.ViewOf(node);
        return VerbPlan.Of([
            .. VerbLook.IsAttached(view)
                ? (Stage[])
                    [
                        Stage.Of(new TellPgpool(PcpAct.Detach, node, look.Teller)),
                        VerbPlans.Await(FactKind.NodeDown, node),
                    ]
                : [],
            // One that is suspended would not hear that it is to stop.
            .. view.Postgres.Runs is not false
                ? (Stage[])
                    [Stage.Of(new ActOnNode(ServerAct.Resume, node)), Stage.Of(new ActOnNode(ServerAct.Stop, node))]
                : [],
            Stage.Of(new TellPgpool(PcpAct.Recover, node, look.Teller) { Method = method }),
            // A stop of the node alone has removed them.
            .. VerbPlans.Link(look, new ServerSet([node], [])),
            VerbPlans.Await(FactKind.NodeUp, node),
        ]);
    }

    /// <summary>Refuses a method that cannot work, before the node is stopped for it.</summary>
    private static RecoveryMethod Possible(VerbLook look, PostgresNode node, RecoveryMethod method)
    {
        if (method is RecoveryMethod.AsConfigured)
        {
            return method;
        }

        if (look.Lab.Mode is not ClusteringMode.StreamingReplication)
        {
            // There each node has a history of its own, which only a copy ends; a base backup is what it does anyway.
            return method is RecoveryMethod.BaseBackup
                ? RecoveryMethod.AsConfigured
                : throw Refused(
                    $"In {look.Lab.Mode.Title()} pg_rewind cannot make node {node.Id} a copy: each node has a history "
                        + "of its own.",
                    $"pgpoollab recover {node.Id}"
                );
        }

        var facts = look.Recovery ?? throw new InvalidOperationException("Nobody has looked.");
        if (method is RecoveryMethod.Rewind && !facts.Rewindable.Contains(node.Id))
        {
            throw Refused(
                $"pg_rewind cannot work on node {node.Id}: it has neither data checksums nor wal_log_hints.",
                $"pgpoollab recover {node.Id} --basebackup",
                "For the next time:  pgpoollab config set postgresql.wal_log_hints=on --restart"
            );
        }

        // The script of the node that the copy is made from runs.
        var primary = LabFact.PrimaryOf(look.Seen)!.Id;
        return facts.Obedient.Contains(primary)
            ? method
            : throw Refused(
                $"The script that recovers nodes ({look.Lab.RelativeData(primary)}/basebackup.sh) does not let its "
                    + "caller choose: an older pgpoollab has written it, or somebody else.",
                $"As the lab is set up:  pgpoollab recover {node.Id}"
            );
    }

    private static LabException Refused(string reason, params string[] instead) =>
        new(ExitCode.Failed, reason) { Hints = instead };

    /// <summary>The nodes to recover when all are to be well: the primary is what they are made from.</summary>
    public static IReadOnlyList<PostgresNode> NotWell(VerbLook look)
    {
        ArgumentNullException.ThrowIfNull(look);
        return
        [
            .. look
                .Lab.OwnNodes.Where(n => !VerbPlans.IsUp(look.Seen, n.Id))
                .Where(n => LabFact.PrimaryOf(look.Seen)?.Id != n.Id),
        ];
    }

    /// <summary>A standby takes over from the primary, which then follows it.</summary>
    /// <param name="look">What was seen.</param>
    /// <param name="target">The standby; null for the one that is least behind.</param>
    /// <exception cref="LabException">The rules refuse it.</exception>
    public static VerbPlan Switchover(VerbLook look, Target? target)
    {
        ArgumentNullException.ThrowIfNull(look);
        if (look.Lab.WhyNotAlone("A switchover") is { } whole)
        {
            throw Refused(whole);
        }

        var node = target is null ? BestOf(look) : target.ResolveNode(look.Lab, look.Seen);
        VerbPlans.Require(Verb.Switchover, node, look);
        return VerbPlan.Of([
            Stage.Of(new TellPgpool(PcpAct.Switchover, node, look.Teller)),
            VerbPlans.Await(FactKind.NodeIsPrimary, node),
            // follow_primary brings them back; Pgpool-II can forget that it was told to attach one.
            .. look
                .Lab.OwnNodes.Where(n => n != node && VerbPlans.IsUp(look.Seen, n.Id))
                .Select(n => Stage.Of(new ComeBack(n, VerbPlans.Patience))),
        ]);
    }

    /// <summary>A standby becomes a primary behind Pgpool-II's back.</summary>
    /// <exception cref="LabException">The rules refuse it.</exception>
    public static VerbPlan Promote(VerbLook look, Target target)
    {
        var node = Require(Verb.Promote, look, target);
        return VerbPlan.Of(Stage.Of(new PromoteBehind(node))) with
        {
            After =
                look.Seen.PrimaryElsewhere is not null
                || look.Seen.Nodes.Any(n => n.Id != node.Id && n.Postgres.InRecovery is false)
                    ?
                    [
                        "There are two primaries now, and Pgpool-II does not know of the new one. "
                            + $"End it with:  pgpoollab recover {node.Id}",
                    ]
                    : [],
        };
    }

    private static PostgresNode Require(Verb verb, VerbLook look, Target target)
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(target);
        var node = target.ResolveNode(look.Lab, look.Seen);
        VerbPlans.Require(verb, node, look);
        return node;
    }

    private static PostgresNode BestOf(VerbLook look) =>
        look
            .Seen.Nodes.Where(n =>
                VerbLook.IsAttached(n)
                && n.Postgres is { InRecovery: true, Receiver: "streaming", FedByPrimary: not false }
            )
            .OrderBy(n => n.Postgres.LagBytes ?? long.MaxValue)
            .FirstOrDefault()
            is { } best
            ? look.NodeOf(best)
            : throw new LabException(ExitCode.NotHealthy, "There is no standby that is attached and streams.")
            {
                Hints = ["See what there is:  pgpoollab nodes"],
            };
}
