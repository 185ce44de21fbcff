using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>What a person does with servers of a lab. Each looks, refuses what cannot work before anything is touched,
/// acts, and waits for the fact.</summary>
/// <param name="run">The call.</param>
public sealed class ServerVerbs(VerbRun run)
{
    /// <summary>Stops servers.</summary>
    /// <param name="target">Which.</param>
    /// <param name="mode">What becomes of their clients; Pgpool-II is always stopped fast.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task StopAsync(Target target, StopMode mode, CancellationToken cancellationToken) =>
        run.PlannedAsync(
            // Of the whole lab nobody is left to notice.
            ask: !IsWhole(target),
            look => ServerPlans.End(look, target, ServerAct.Stop, mode),
            cancellationToken
        );

    /// <summary>Kills servers, as a crash of their machine would.</summary>
    public Task KillAsync(Target target, CancellationToken cancellationToken) =>
        run.PlannedAsync(
            ask: true,
            look => ServerPlans.End(look, target, ServerAct.Kill, StopMode.Immediate),
            cancellationToken
        );

    /// <summary>Kills one process of each server.</summary>
    /// <param name="target">Which servers.</param>
    /// <param name="kind">What the process does: <c>walreceiver</c>, <c>child</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task KillAsync(Target target, string kind, CancellationToken cancellationToken) =>
        OneProcessAsync(target, ServerAct.Kill, kind, cancellationToken);

    /// <summary>Suspends one process of each server.</summary>
    /// <inheritdoc cref="KillAsync(Target, string, CancellationToken)"/>
    public Task PauseAsync(Target target, string kind, CancellationToken cancellationToken) =>
        OneProcessAsync(target, ServerAct.Pause, kind, cancellationToken);

    /// <summary>Lets one process of each server go on.</summary>
    /// <inheritdoc cref="KillAsync(Target, string, CancellationToken)"/>
    public Task ResumeAsync(Target target, string kind, CancellationToken cancellationToken) =>
        OneProcessAsync(target, ServerAct.Resume, kind, cancellationToken);

    private Task OneProcessAsync(Target target, ServerAct act, string kind, CancellationToken cancellationToken) =>
        run.PlannedAsync(NeedsLook(target), look => ServerPlans.OneProcess(look, target, act, kind), cancellationToken);

    /// <summary>Suspends servers.</summary>
    public Task PauseAsync(Target target, CancellationToken cancellationToken) =>
        run.PlannedAsync(NeedsLook(target), look => ServerPlans.Pause(look, target), cancellationToken);

    /// <summary>Lets suspended servers go on.</summary>
    public Task ResumeAsync(Target target, CancellationToken cancellationToken) =>
        run.PlannedAsync(NeedsLook(target), look => ServerPlans.Resume(look, target), cancellationToken);

    /// <summary>Starts servers. A node that comes back is attached as soon as it streams.</summary>
    public Task StartAsync(Target target, CancellationToken cancellationToken) =>
        // Of the whole lab a node that fails keeps none of the others down.
        IsWhole(target)
            ? new StartOperation(run).ExecuteAsync(cancellationToken)
            : run.PlannedAsync(NeedsLook(target), look => ServerPlans.Start(look, target), cancellationToken);

    /// <summary>Stops servers and starts them again.</summary>
    public async Task RestartAsync(Target target, StopMode mode, CancellationToken cancellationToken)
    {
        if (!IsWhole(target))
        {
            await run.PlannedAsync(ask: true, look => ServerPlans.Restart(look, target, mode), cancellationToken);
            return;
        }

        await run.PlannedAsync(ask: false, look => ServerPlans.StopAll(look, mode), cancellationToken);
        await new StartOperation(run).ExecuteAsync(cancellationToken, afterStop: true);
    }

    /// <summary>True when the whole lab is acted on, as startall and stopall do it.</summary>
    private static bool IsWhole(Target target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target.IsAll;
    }

    private static bool NeedsLook(Target target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target.NeedsLook;
    }
}
