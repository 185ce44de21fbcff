namespace PgpoolLab.Client;

/// <summary>A lab as it was at one moment, with all its nodes: <see cref="Lab.SnapshotAsync"/>.</summary>
public sealed class LabSnapshot
{
    internal LabSnapshot(string name, LabMark mark) => (Name, Mark) = (name, mark);

    /// <summary>Its name, as <c>pgpoollab snapshot list</c> has it.</summary>
    public string Name { get; }

    /// <summary>By what a lab that is still as it was saved is known.</summary>
    internal LabMark Mark { get; set; }
}
