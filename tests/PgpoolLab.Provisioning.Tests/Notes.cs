using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Keeps what an operation had to say beside its steps.</summary>
internal sealed class Notes : ILabEventReader
{
    internal List<string> Lines { get; } = [];

    public void Read(LabEvent happened)
    {
        if (happened.Name == LabEventNames.Note)
        {
            Lines.Add(happened.Text);
        }
    }
}
