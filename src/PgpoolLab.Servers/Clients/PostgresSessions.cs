using System.Collections.Concurrent;
using Npgsql;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Clients;

/// <summary>Sessions on the servers of a lab, for who has several things to say to one: each is a process of
/// PostgreSQL's, the first of a database reads all of its catalog, and through Pgpool-II each is one on every node. One
/// that is given back is there for the next.</summary>
/// <param name="lab">The lab.</param>
public sealed class PostgresSessions(Lab lab) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<(int Port, string Database), Lazy<NpgsqlDataSource>> _sources = new();

    /// <summary>A session on a node, by its unix socket and as the lab's owner. Dispose it to give it back.</summary>
    /// <exception cref="NpgsqlException">The node does not answer.</exception>
    internal Task<PostgresClient> OpenAsync(PostgresNode node, string database, CancellationToken cancellationToken) =>
        OpenAsync(node.Port, database, () => PostgresClient.SourceOf(lab, node.Port, database), cancellationToken);

    /// <summary>A session through a Pgpool-II, by TCP as most clients, and as the role of its health check. Dispose it
    /// to give it back.</summary>
    /// <exception cref="NpgsqlException">It does not answer.</exception>
    internal Task<PostgresClient> OpenAsync(PgpoolNode pgpool, string database, CancellationToken cancellationToken) =>
        OpenAsync(
            pgpool.Port,
            database,
            () => PostgresClient.SourceByTcp(lab, pgpool.Port, database, lab.CheckRole),
            cancellationToken
        );

    private Task<PostgresClient> OpenAsync(
        int port,
        string database,
        Func<NpgsqlDataSource> make,
        CancellationToken cancellationToken
    ) => PostgresClient.OfAsync(_sources.GetOrAdd((port, database), _ => new(make)).Value, cancellationToken);

    /// <summary>Opens sessions for who will come.</summary>
    /// <exception cref="NpgsqlException">A node does not answer.</exception>
    internal Task PrepareAsync(IEnumerable<PostgresNode> nodes, string database, CancellationToken cancellationToken) =>
        Task.WhenAll(
            nodes.Select(async node =>
            {
                await using var session = await OpenAsync(node, database, cancellationToken);
                await session.ExecuteAsync("SELECT 1", cancellationToken);
            })
        );

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
