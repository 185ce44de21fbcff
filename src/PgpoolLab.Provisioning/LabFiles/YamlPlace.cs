namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>Where something stands in a file.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The character in it, from 1.</param>
public readonly record struct YamlPlace(int Line, int Column)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Line}:{Column}";
}
