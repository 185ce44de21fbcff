using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>Gives a lab links, or takes them away.</summary>
/// <param name="run">The call.</param>
public sealed class FaultVerbs(VerbRun run)
{
    /// <summary>Has the servers reach each other by links. When it fails or is interrupted all is as before.</summary>
    public Task TurnOnAsync(CancellationToken cancellationToken) => TurnAsync(on: true, cancellationToken);

    /// <summary>Has them reach each other without links. When it fails or is interrupted all is as before.</summary>
    public Task TurnOffAsync(CancellationToken cancellationToken) => TurnAsync(on: false, cancellationToken);

    private Task TurnAsync(bool on, CancellationToken cancellationToken) =>
        run.LockedAsync(
            async () =>
            {
                var look = await run.LookAsync(ask: true, cancellationToken);
                var foreign = await FindForeignAsync(look.Lab, on, cancellationToken);
                await run.DoAsync(on ? FaultPlans.On(look, foreign) : FaultPlans.Off(look, foreign), cancellationToken);
            },
            cancellationToken
        );

    private async Task<IReadOnlyList<string>> FindForeignAsync(Lab lab, bool on, CancellationToken cancellationToken)
    {
        if (lab.Faults == on || LabFaults.WhyNot(lab) is not null)
        {
            return []; // nothing is written, or it is refused in any case
        }

        var renderer = new ConfigRenderer(new TemplateStore(), run.Context.ProgramVersion)
        {
            Program = run.Context.Program,
        };
        return await new FaultFiles(run.Context.Host, renderer, lab, lab with { Faults = on }).FindForeignAsync(
            cancellationToken
        );
    }
}
