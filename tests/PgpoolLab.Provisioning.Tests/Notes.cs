using PgpoolLab.Provisioning.Plans;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Keeps what an operation had to say beside its steps.</summary>
internal sealed class Notes : IPlanObserver
{
    internal List<string> Lines { get; } = [];

    public void Started(string title) { }

    public void Finished(string title, TimeSpan elapsed) { }

    public void Failed(string title) { }

    public void Undoing(string title) { }

    public void Note(string text) => Lines.Add(text);
}
