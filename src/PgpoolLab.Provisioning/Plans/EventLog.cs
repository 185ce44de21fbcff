using PgpoolLab.Model;
using Serilog;

namespace PgpoolLab.Provisioning.Plans;

/// <summary>Writes what happens into a lab's own log, which <c>logs</c> and <c>events</c> read.</summary>
/// <param name="log">The log.</param>
internal sealed class EventLog(ILogger log) : ILabEventReader
{
    /// <inheritdoc/>
    public void Read(LabEvent happened)
    {
        switch (happened)
        {
            case StepEvent { Phase: StepPhase.Begins } step:
                log.Information("{Step}: begins", step.Title);
                break;
            case StepEvent { Phase: StepPhase.Ends } step:
                log.Information("{Step}: done in {Milliseconds} ms", step.Title, (long)step.Elapsed.TotalMilliseconds);
                break;
            case StepEvent step:
                log.Error("{Step}: {Error}", step.Title, step.Error);
                break;
            default:
                break;
        }
    }
}
