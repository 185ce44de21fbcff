using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Facts;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>One call of a command on a lab that exists: has its plans run, or shows them.</summary>
public class PlanRun
{
    private readonly Action<VerbPlan>? _show;
    private StepContext? _steps;
    private bool _isTakenBackOnCancel;

    /// <summary>Touches nothing yet.</summary>
    /// <param name="context">What it works with.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="show">Shows a plan, which is then not run; null to run it.</param>
    public PlanRun(OperationContext context, Lab lab, Action<VerbPlan>? show = null) =>
        (Context, Lab, _show) = (context, lab, show);

    /// <summary>True when plans are shown, and nothing is touched.</summary>
    internal bool IsDry => _show is not null;

    /// <summary>Shows a plan, which is then not run; null when plans are run.</summary>
    internal Action<VerbPlan>? Show => _show;

    internal OperationContext Context { get; }

    internal Lab Lab { get; }

    /// <summary>Does something while no other command works on the lab; a plan that is only shown disturbs
    /// none.</summary>
    /// <param name="act">Does it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="logged">False for a lab that is to be gone, with its log.</param>
    internal async Task LockedAsync(Func<Task> act, CancellationToken cancellationToken, bool logged = true)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (IsDry)
        {
            await act();
            return;
        }

        using var labLock = LabLock.Take(Lab.Root);
        using var log = logged ? Context.OpenLog(Lab.ToolLog) : null;
        _steps = new StepContext(
            Context.Host,
            Lab,
            new ConfigRenderer(new TemplateStore(), Context.ProgramVersion) { Program = Context.Program },
            Context.Probes,
            LabSecrets.None,
            new UndoStack(),
            log ?? Serilog.Core.Logger.None,
            Context.Time
        )
        {
            Began = await EventsMark.SetAsync(Context.Host, Lab, cancellationToken),
            Note = Context.Note,
        };
        await using var sessions = _steps.Sessions;
        try
        {
            await act();
        }
        catch (OperationCanceledException) when (_isTakenBackOnCancel)
        {
            await TakeBackAsync(_steps);
            throw;
        }
    }

    /// <summary>Runs a plan, or shows it.</summary>
    /// <returns>What has failed in stages that go on.</returns>
    internal async Task<IReadOnlyList<StepFailure>> DoAsync(VerbPlan plan, CancellationToken cancellationToken)
    {
        if (_show is { } show)
        {
            show(plan);
            return [];
        }

        _isTakenBackOnCancel = plan.IsTakenBackOnCancel;
        Tell(plan.Before);
        var steps = plan.Lab is { } lab ? _steps! with { Lab = lab } : _steps!;
        steps = plan.Secrets is { } secrets ? steps with { Secrets = secrets } : steps;
        IReadOnlyList<StepFailure> failures;
        try
        {
            failures = await new PlanRunner(Context.Reader, Context.Time).RunAsync(
                plan.Stages,
                steps,
                null,
                plan.RunsToItsEnd ? CancellationToken.None : cancellationToken
            );
        }
        catch when (plan.IsTakenBack)
        {
            await TakeBackAsync(steps);
            throw;
        }

        Tell(plan.After);
        return failures;
    }

    private async Task TakeBackAsync(StepContext steps) =>
        Tell([.. (await steps.Undo.UnwindAsync(Context.Undoing)).Select(f => $"Could not undo: {f}")]);

    private void Tell(IReadOnlyList<string> notes)
    {
        foreach (var note in notes)
        {
            Context.Note(note);
        }
    }
}
