using System.Collections.Concurrent;
using Npgsql;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Probes;

/// <summary>Sessions on the PostgreSQL nodes of a lab, by unix socket and as its owner, for who has several things to say to a node: each session is a process of
/// the server's, and the first of a database reads all of its catalog. One that is given back is there for the next.</summary>
/// <param name="lab">The lab.</param>
public sealed class PostgresSessions(Lab lab) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(int Port, string Database), Lazy<NpgsqlDataSource>> _sources = new();

    /// <summary>A session. Dispose it to give it back.</summary>
    /// <exception cref="NpgsqlException">The node does not answer.</exception>
    internal Task<PostgresClient> OpenAsync(PostgresNode node, string database, CancellationToken cancellationToken) =>
        PostgresClient.OfAsync(_sources.GetOrAdd((node.Port, database), key => new(() => PostgresClient.SourceOf(lab, key.Port, key.Database))).Value, cancellationToken);

    /// <summary>Opens sessions for who will come.</summary>
    /// <exception cref="NpgsqlException">A node does not answer.</exception>
    internal Task PrepareAsync(IEnumerable<PostgresNode> nodes, string database, CancellationToken cancellationToken) => Task.WhenAll(nodes.Select(async node =>
    {
        await using var session = await OpenAsync(node, database, cancellationToken);
        await session.ExecuteAsync("SELECT 1", cancellationToken);
    }));

    /// <summary>Ends those that are not in use.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var source in _sources.Values)
        {
            await source.Value.DisposeAsync();
        }

        _sources.Clear();
    }
}
