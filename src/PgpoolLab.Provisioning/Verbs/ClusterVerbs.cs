using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>What a person does with the cluster that Pgpool-II and the nodes make up. Each looks, refuses what cannot
/// work before anything is touched, acts, and waits for the fact.</summary>
/// <param name="run">The call.</param>
public sealed class ClusterVerbs(VerbRun run)
{
    /// <summary>Has Pgpool-II send queries to a node again.</summary>
    public Task AttachAsync(Target target, CancellationToken cancellationToken) =>
        run.PlannedAsync(ask: true, look => ClusterPlans.Attach(look, target), cancellationToken);

    /// <summary>Has Pgpool-II give up a node.</summary>
    public Task DetachAsync(Target target, CancellationToken cancellationToken) =>
        run.PlannedAsync(ask: true, look => ClusterPlans.Detach(look, target), cancellationToken);

    /// <summary>Makes a node a copy of the primary again, and attaches it.</summary>
    /// <param name="target">The node.</param>
    /// <param name="evenIfWell">Also when it streams and is attached.</param>
    /// <param name="method">How.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task RecoverAsync(
        Target target,
        bool evenIfWell,
        RecoveryMethod method,
        CancellationToken cancellationToken
    ) =>
        run.LockedAsync(
            async () =>
                await run.DoAsync(
                    ClusterPlans.Recover(await LookAsync(method, cancellationToken), target, evenIfWell, method),
                    cancellationToken
                ),
            cancellationToken
        );

    private Task<VerbLook> LookAsync(RecoveryMethod method, CancellationToken cancellationToken) =>
        method is RecoveryMethod.AsConfigured
            ? run.LookAsync(ask: true, cancellationToken)
            : run.LookForRecoveryAsync(cancellationToken);

    /// <summary>Recovers every node that is not well, one after the other.</summary>
    public Task RecoverAllAsync(RecoveryMethod method, CancellationToken cancellationToken) =>
        run.LockedAsync(
            async () =>
            {
                var look = await LookAsync(method, cancellationToken);
                var ill = ClusterPlans.NotWell(look);
                if (ill.Count == 0)
                {
                    await run.DoAsync(
                        VerbPlan.Nothing("Every node is up and attached; there is nothing to recover."),
                        cancellationToken
                    );
                    return;
                }

                foreach (var node in ill)
                {
                    // The one before may have changed what Pgpool-II thinks of this one: it is planned when its turn
                    // comes.
                    look = run.IsDry ? look : await LookAsync(method, cancellationToken);
                    if (!run.IsDry && VerbPlans.IsUp(look.Seen, node.Id))
                    {
                        run.Context.Note($"Node {node.Id} has come back by itself: it is up and attached.");
                        continue;
                    }

                    var plan = ClusterPlans.Recover(look, new Target($"{node.Id}"), evenIfWell: true, method);
                    await run.DoAsync(plan, cancellationToken);
                }
            },
            cancellationToken
        );

    /// <summary>Has a standby take over from the primary, which then follows it.</summary>
    /// <param name="target">The standby; null for the one that is least behind.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task SwitchoverAsync(Target? target, CancellationToken cancellationToken) =>
        run.PlannedAsync(ask: true, look => ClusterPlans.Switchover(look, target), cancellationToken);

    /// <summary>Makes a standby a primary behind Pgpool-II's back, which then has two before it.</summary>
    public Task PromoteAsync(Target target, CancellationToken cancellationToken) =>
        run.PlannedAsync(ask: true, look => ClusterPlans.Promote(look, target), cancellationToken);
}
