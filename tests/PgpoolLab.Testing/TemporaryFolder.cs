namespace PgpoolLab.Testing;

/// <summary>A folder of a test's own, gone at its end.</summary>
public sealed class TemporaryFolder : IDisposable
{
    /// <summary>Makes it.</summary>
    /// <param name="name">End of its name, to try names that make trouble.</param>
    public TemporaryFolder(string name = "") =>
        Path = Directory.CreateTempSubdirectory($"pgpoollab-test{name}-").FullName;

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>A path in it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
