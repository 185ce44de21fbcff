namespace PgpoolLab.Client;

/// <summary>A database of a lab's own for one test; it is dropped when this is disposed of.</summary>
public sealed class LabDatabase : IAsyncDisposable
{
    private readonly Lab _lab;

    internal LabDatabase(Lab lab, string name, string connectionString) =>
        (_lab, Name, ConnectionString) = (lab, name, connectionString);

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Connects to it through Pgpool-II: for Npgsql.</summary>
    public string ConnectionString { get; }

    /// <summary>Drops it, with whoever is connected to it.</summary>
    public async ValueTask DisposeAsync() =>
        await _lab.ExecuteAsync($"DROP DATABASE IF EXISTS \"{Name}\" WITH (FORCE)", CancellationToken.None)
            .ConfigureAwait(false);
}
