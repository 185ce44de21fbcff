using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Makes a node of one host a copy of the primary on another: online recovery without a way from host to host
/// but PostgreSQL's own. Pgpool-II is told of it by whoever asked for it: that of this host may be down.</summary>
/// <param name="run">The call, on the part of the node's host.</param>
public sealed class PartRejoin(PlanRun run)
{
    /// <summary>Does it.</summary>
    /// <param name="node">The node. When it is a primary it is stopped first: what is written on it meanwhile would be
    /// lost, and nobody would be told. Another one runs on until the copy is whole.</param>
    /// <param name="primary">The node it is to follow.</param>
    /// <param name="method">How.</param>
    /// <param name="cancellationToken">Ends it; until the copy is whole, the node's data are as they were.</param>
    /// <exception cref="LabException">The node is not on this host, or the copy failed.</exception>
    public Task ExecuteAsync(int node, int primary, RecoveryMethod method, CancellationToken cancellationToken)
    {
        var own = run.Lab.OwnNodes.FirstOrDefault(n => n.Id == node);
        var source = run.Lab.Nodes.FirstOrDefault(n => n.Id == primary);
        if (own is null || source is null || own == source)
        {
            throw new LabException(ExitCode.Usage, $"Node {node} cannot be made a copy of node {primary} here.");
        }

        return run.LockedAsync(() => RejoinAsync(own, source, method, cancellationToken), cancellationToken);
    }

    private async Task RejoinAsync(
        PostgresNode own,
        PostgresNode source,
        RecoveryMethod method,
        CancellationToken cancellationToken
    )
    {
        var history = new LabHistory(run.Context.Host, run.Lab);
        var rewinds = method is RecoveryMethod.Rewind || (method is RecoveryMethod.AsConfigured && run.Lab.UseRewind);
        if (rewinds || (await history.FindPrimariesAsync(cancellationToken)).ContainsKey(own))
        {
            await DoAsync(new ActOnNode(ServerAct.Stop, own));
        }

        if (!rewinds || !await RewindAsync())
        {
            await DoAsync(new CopyBeside(own, source), new ActOnNode(ServerAct.Stop, own), new TakeCopy(own, source));
        }

        await DoAsync(new StartNode(own));

        async Task<bool> RewindAsync()
        {
            try
            {
                await DoAsync(new RewindBeside(own, source));
                return true;
            }
            catch (LabException error) when (method is not RecoveryMethod.Rewind)
            {
                run.Context.Note($"{error.Message} A base backup is taken instead.");
                return false;
            }
        }

        async Task DoAsync(params IReadOnlyList<IStep> steps) =>
            StepFailure.ThrowIfAny(
                await run.DoAsync(VerbPlan.Of([.. steps.Select(s => Stage.Of(s))]), cancellationToken)
            );
    }
}
