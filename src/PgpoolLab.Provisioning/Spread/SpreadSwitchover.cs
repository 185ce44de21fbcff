using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Makes a standby on one host the primary, in good order, and the primary on another its standby. Nobody gets
/// from host to host there but PostgreSQL, so that this program tells each host its part.</summary>
/// <param name="context">What it works with, on the user's own machine.</param>
/// <param name="parts">The hosts.</param>
/// <param name="lab">The whole lab.</param>
/// <param name="lookAsync">Looks at the lab.</param>
/// <param name="isPrimary">Waits until a node is the primary, for Pgpool-II too; throws when it is not in time.</param>
/// <param name="isUp">Waits until a node is up and attached; throws when it is not in time.</param>
/// <remarks>PostgreSQL manual, "Continuous Archiving … Log-Shipping Standby Servers": a primary that is shut down in
/// fast mode sends its standbys all that was written before it ends.</remarks>
public sealed class SpreadSwitchover(
    OperationContext context,
    HostParts parts,
    Lab lab,
    Func<CancellationToken, Task<NodesReport>> lookAsync,
    Func<PostgresNode, CancellationToken, Task> isPrimary,
    Func<PostgresNode, CancellationToken, Task> isUp
)
{
    private readonly SpreadRecovery _recovery = new(context, parts, lab);

    /// <summary>Does it. When nobody takes over, the old primary is started again.</summary>
    /// <param name="plan">Who takes over from whom.</param>
    /// <param name="look">The look it was made from.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">It failed; what was begun is taken back as far as it can be.</exception>
    public async Task RunAsync(SwitchoverPlan plan, NodesReport look, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var aside = new List<PostgresNode>();
        var isStopped = false;
        try
        {
            foreach (var node in plan.Aside)
            {
                aside.Add(node);
                await _recovery.TellAsync(look, "detach", node, cancellationToken);
            }

            // From here on it is not to be interrupted: the old primary, started again while Pgpool-II promotes the new
            // one, would be a second one.
            isStopped = true;
            await TellHostAsync("stop", plan.Old, CancellationToken.None);
            if (!await KnowsAsync(plan.Old))
            {
                // Health checks would find out, later.
                await _recovery.TellAsync(look, "detach", plan.Old, CancellationToken.None);
            }

            await isPrimary(plan.New, CancellationToken.None);
        }
        catch (Exception)
        {
            await TakeBackAsync(plan, aside, isStopped);
            throw;
        }

        look = await lookAsync(cancellationToken);
        await FollowAsync(plan, look, cancellationToken);
        await isUp(plan.Old, cancellationToken);
        foreach (var node in plan.Aside)
        {
            await isUp(node, cancellationToken);
        }
    }

    // It has nothing that the new primary has not: its files are right as they are, which pg_rewind sees.
    private async Task FollowAsync(SwitchoverPlan plan, NodesReport look, CancellationToken cancellationToken)
    {
        try
        {
            await _recovery.RecoverAsync(look, plan.Old, RecoveryMethod.Rewind, cancellationToken);
        }
        catch (LabException error)
        {
            context.Note($"{error.Message} A base backup is taken instead.");
            await _recovery.RecoverAsync(look, plan.Old, RecoveryMethod.BaseBackup, cancellationToken);
        }
    }

    private async Task<bool> KnowsAsync(PostgresNode node) =>
        !SwitchoverPlan.IsAttached((await lookAsync(CancellationToken.None)).Nodes.First(n => n.Id == node.Id));

    private Task<string> TellHostAsync(string verb, PostgresNode node, CancellationToken cancellationToken) =>
        parts.RunAsync(lab.Hosts[node.Host!.Value], $"{verb} node {node.Id}", [verb, $"{node.Id}"], cancellationToken);

    private async Task TakeBackAsync(SwitchoverPlan plan, List<PostgresNode> aside, bool isStopped)
    {
        context.Undoing("Take the switchover back");
        var look = await TryAsync(() => lookAsync(CancellationToken.None));
        if (look?.Nodes.Any(n => n.Postgres.InRecovery is false) is not false)
        {
            // Somebody has taken over, if another one; or nobody can say: two primaries would be worse than none.
            isStopped = false;
        }

        if (isStopped)
        {
            _ = await TryAsync(() => TellHostAsync("start", plan.Old, CancellationToken.None));
        }

        if (look is null)
        {
            return;
        }

        foreach (var node in aside)
        {
            _ = await TryAsync(async () =>
            {
                await _recovery.TellAsync(look, "attach", node, CancellationToken.None);
                return "";
            });
        }

        async Task<T?> TryAsync<T>(Func<Task<T>> act)
            where T : class
        {
            try
            {
                return await act();
            }
            catch (LabException error)
            {
                context.Note(error.Message);
                return null;
            }
        }
    }
}
