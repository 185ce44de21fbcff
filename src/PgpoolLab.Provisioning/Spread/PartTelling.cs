using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>What the whole lab has one host do about a node.</summary>
/// <param name="run">The call, on the part of the host.</param>
public sealed class PartTelling(PlanRun run)
{
    /// <summary>Tells the host's Pgpool-II something of a node, on whatever host that is: the others learn it from
    /// it.</summary>
    /// <param name="act">What.</param>
    /// <param name="node">Of which node.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">There is no such node, or Pgpool-II refused.</exception>
    public Task TellAsync(PcpAct act, int node, CancellationToken cancellationToken) =>
        DoAsync(new TellPgpool(act, NodeOf(node), run.Lab.Pgpool), cancellationToken);

    /// <summary>Makes a standby of the host a primary.</summary>
    /// <param name="node">Which.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">There is no such node on this host, or it failed.</exception>
    public Task PromoteAsync(int node, CancellationToken cancellationToken) =>
        DoAsync(new PromoteBehind(run.Lab.RequireInReach(NodeOf(node))), cancellationToken);

    private PostgresNode NodeOf(int node) =>
        run.Lab.Nodes.FirstOrDefault(n => n.Id == node)
        ?? throw new LabException(ExitCode.Usage, $"There is no node {node}.");

    private Task DoAsync(IStep step, CancellationToken cancellationToken) =>
        run.LockedAsync(
            async () => StepFailure.ThrowIfAny(await run.DoAsync(VerbPlan.Of(Stage.Of(step)), cancellationToken)),
            cancellationToken
        );
}
