using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Plans;

/// <summary>Reads what happens while a command runs: a screen, a log. Calls may come from several threads.</summary>
public interface ILabEventReader
{
    /// <summary>Something happens: a <see cref="StepEvent"/>, or something named in
    /// <see cref="LabEventNames"/>.</summary>
    void Read(LabEvent happened);
}
