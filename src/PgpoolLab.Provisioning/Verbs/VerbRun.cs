using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Facts;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>One call of a command that acts on a lab: looks, has plans made, and runs them or shows them.</summary>
public sealed class VerbRun
{
    private readonly OperationContext _context;
    private readonly Lab _lab;
    private readonly Action<VerbPlan>? _show;
    private StepContext? _steps;

    /// <summary>Touches nothing yet.</summary>
    /// <param name="context">What it works with.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="show">Shows a plan, which is then not run; null to run it.</param>
    public VerbRun(OperationContext context, Lab lab, Action<VerbPlan>? show = null) =>
        (_context, _lab, _show) = (context, lab, show);

    /// <summary>True when plans are shown, and nothing is touched.</summary>
    internal bool IsDry => _show is not null;

    internal OperationContext Context => _context;

    internal Lab Lab => _lab;

    /// <summary>Looks, makes a plan, and runs it.</summary>
    internal Task PlannedAsync(bool ask, Func<VerbLook, VerbPlan> plan, CancellationToken cancellationToken) =>
        LockedAsync(
            async () => await DoAsync(plan(await LookAsync(ask, cancellationToken)), cancellationToken),
            cancellationToken
        );

    /// <summary>Does something while no other command works on the lab; a plan that is only shown disturbs
    /// none.</summary>
    internal async Task LockedAsync(Func<Task> act, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (IsDry)
        {
            await act();
            return;
        }

        using var labLock = LabLock.Take(_lab.Root);
        using var log = _context.OpenLog(_lab.ToolLog);
        _steps = new StepContext(
            _context.Host,
            _lab,
            new ConfigRenderer(new TemplateStore(), _context.ProgramVersion),
            _context.Probes,
            LabSecrets.None,
            new UndoStack(),
            log,
            _context.Time
        )
        {
            Began = await EventsMark.SetAsync(_context.Host, _lab, cancellationToken),
            Note = _context.Observer.Note,
        };
        await using var sessions = _steps.Sessions;
        await act();
    }

    internal Task<VerbLook> LookAsync(bool ask, CancellationToken cancellationToken) =>
        new VerbEyes(_context.Host, _lab, _context.Probes).LookAsync(ask, cancellationToken);

    /// <summary>Looks at what a recovery depends on, too.</summary>
    internal async Task<VerbLook> LookForRecoveryAsync(CancellationToken cancellationToken) =>
        await LookAsync(ask: true, cancellationToken) with
        {
            Recovery = await new VerbEyes(_context.Host, _lab, _context.Probes).LookAtRecoveryAsync(cancellationToken),
        };

    /// <summary>Runs a plan, or shows it.</summary>
    internal async Task DoAsync(VerbPlan plan, CancellationToken cancellationToken)
    {
        if (_show is { } show)
        {
            show(plan);
            return;
        }

        Tell(plan.Before);
        var steps = plan.Lab is { } lab ? _steps! with { Lab = lab } : _steps!;
        try
        {
            await new PlanRunner(_context.Observer, _context.Time).RunAsync(
                plan.Stages,
                steps,
                null,
                plan.RunsToItsEnd ? CancellationToken.None : cancellationToken
            );
        }
        catch when (plan.IsTakenBack)
        {
            Tell([.. (await steps.Undo.UnwindAsync(_context.Observer.Undoing)).Select(f => $"Could not undo: {f}")]);
            throw;
        }

        Tell(plan.After);
    }

    private void Tell(IReadOnlyList<string> notes)
    {
        foreach (var note in notes)
        {
            _context.Observer.Note(note);
        }
    }
}
