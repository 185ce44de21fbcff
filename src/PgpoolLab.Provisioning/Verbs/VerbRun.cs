using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>One call of a command that acts on a lab: looks, has plans made, and runs them or shows them.</summary>
/// <param name="context">What it works with.</param>
/// <param name="lab">The lab.</param>
/// <param name="show">Shows a plan, which is then not run; null to run it.</param>
public sealed class VerbRun(OperationContext context, Lab lab, Action<VerbPlan>? show = null)
    : PlanRun(context, lab, show)
{
    /// <summary>Looks, makes a plan, and runs it.</summary>
    internal Task PlannedAsync(bool ask, Func<VerbLook, VerbPlan> plan, CancellationToken cancellationToken) =>
        LockedAsync(
            async () =>
                StepFailure.ThrowIfAny(await DoAsync(plan(await LookAsync(ask, cancellationToken)), cancellationToken)),
            cancellationToken
        );

    internal Task<VerbLook> LookAsync(bool ask, CancellationToken cancellationToken) =>
        new VerbEyes(Context.Host, Lab, Context.Probes).LookAsync(ask, cancellationToken);

    /// <summary>Looks at what a recovery depends on, too.</summary>
    internal async Task<VerbLook> LookForRecoveryAsync(CancellationToken cancellationToken) =>
        await LookAsync(ask: true, cancellationToken) with
        {
            Recovery = await new VerbEyes(Context.Host, Lab, Context.Probes).LookAtRecoveryAsync(cancellationToken),
        };
}
