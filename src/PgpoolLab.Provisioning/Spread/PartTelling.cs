using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Tells the Pgpool-II of one host something of a node, on whatever host that is: the others learn it from
/// it.</summary>
/// <param name="run">The call, on the part of the host.</param>
public sealed class PartTelling(PlanRun run)
{
    /// <summary>Does it.</summary>
    /// <param name="act">What.</param>
    /// <param name="node">Of which node.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">There is no such node, or Pgpool-II refused.</exception>
    public Task ExecuteAsync(PcpAct act, int node, CancellationToken cancellationToken)
    {
        var meant =
            run.Lab.Nodes.FirstOrDefault(n => n.Id == node)
            ?? throw new LabException(ExitCode.Usage, $"There is no node {node}.");
        return run.LockedAsync(
            async () =>
                StepFailure.ThrowIfAny(
                    await run.DoAsync(
                        VerbPlan.Of(Stage.Of(new TellPgpool(act, meant, run.Lab.Pgpool))),
                        cancellationToken
                    )
                ),
            cancellationToken
        );
    }
}
