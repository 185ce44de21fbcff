using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>What every operation works with.</summary>
/// <param name="Host">The machine.</param>
/// <param name="Time">The clock.</param>
/// <param name="Reader">Reads what happens.</param>
/// <param name="OpenLog">Opens the lab's own log, given its path. Dispose the logger to close it.</param>
/// <param name="ProgramVersion">This program's version.</param>
/// <param name="Process">This process, which root has become another user.</param>
public sealed record OperationContext(
    IHost Host,
    TimeProvider Time,
    ILabEventReader Reader,
    Func<string, Serilog.Core.Logger> OpenLog,
    string ProgramVersion,
    IThisProcess Process
)
{
    /// <summary>Waits.</summary>
    public ProbeRunner Probes { get; } = new(Host, Time);

    /// <summary>Reports something the user is to know that is no step.</summary>
    public void Note(string text) => Reader.Read(LabEvent.Note(Time.GetUtcNow(), text));

    /// <summary>Reports that something is being undone.</summary>
    internal void Undoing(string title) => Reader.Read(LabEvent.Undo(Time.GetUtcNow(), title));

    /// <summary>A variable of the caller's environment; null when it is not set.</summary>
    public Func<string, string?> CallersVariable { get; init; } = _ => null;

    /// <summary>How the scripts of labs call this program; null for by its name alone.</summary>
    public ScriptProgram? Program { get; init; }

    /// <summary>What the user calls the fields of a request.</summary>
    public Func<Model.SpecField, string> NameOf { get; init; } = field => field.ToString();

    /// <summary>Which ports belong to whose labs.</summary>
    public PortLeases Leases { get; init; } = PortLeases.OfThisMachine;
}
