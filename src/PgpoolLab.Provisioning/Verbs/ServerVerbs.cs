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
        run.PlannedAsync(ask: true, look => ServerPlans.End(look, target, ServerAct.Stop, mode), cancellationToken);

    /// <summary>Kills servers, as a crash of their machine would.</summary>
    public Task KillAsync(Target target, CancellationToken cancellationToken) =>
        run.PlannedAsync(
            ask: true,
            look => ServerPlans.End(look, target, ServerAct.Kill, StopMode.Immediate),
            cancellationToken
        );

    /// <summary>Suspends servers.</summary>
    public Task PauseAsync(Target target, CancellationToken cancellationToken) =>
        run.PlannedAsync(NeedsLook(target), look => ServerPlans.Pause(look, target), cancellationToken);

    /// <summary>Lets suspended servers go on.</summary>
    public Task ResumeAsync(Target target, CancellationToken cancellationToken) =>
        run.PlannedAsync(NeedsLook(target), look => ServerPlans.Resume(look, target), cancellationToken);

    /// <summary>Starts servers. A node that comes back is attached as soon as it streams.</summary>
    public Task StartAsync(Target target, CancellationToken cancellationToken) =>
        NeedsLook(target) || target.Text != "all" || run.IsDry
            ? run.PlannedAsync(NeedsLook(target), look => ServerPlans.Start(look, target), cancellationToken)
            : new StartOperation(run.Context).ExecuteAsync(run.Lab, cancellationToken); // a node that fails stops no other

    /// <summary>Stops servers and starts them again.</summary>
    public Task RestartAsync(Target target, StopMode mode, CancellationToken cancellationToken) =>
        run.PlannedAsync(ask: true, look => ServerPlans.Restart(look, target, mode), cancellationToken);

    private static bool NeedsLook(Target target)
    {
        ArgumentNullException.ThrowIfNull(target);
        return target.NeedsLook;
    }
}
