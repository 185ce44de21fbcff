using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Shows what the user is to know, and no steps.</summary>
/// <param name="error">Where to.</param>
internal sealed class NotesAlone(TextWriter error) : ILabEventReader
{
    public void Read(LabEvent happened)
    {
        if (happened.Name == LabEventNames.Note)
        {
            error.WriteLine($"note {happened.Text}");
        }
    }
}
