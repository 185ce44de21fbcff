using Npgsql;
using PgpoolLab.Model;

namespace PgpoolLab.Drills.Load;

/// <summary>Where clients connect: a lab's Pgpool-IIs. A client that cannot reach one tries the next.</summary>
internal sealed class LoadTarget : IAsyncDisposable
{
    /// <summary>The schema of everything that a drill makes in a lab.</summary>
    internal const string Schema = "pgpoollab_drill";

    private readonly NpgsqlDataSource[] _sources;

    private LoadTarget(IEnumerable<NpgsqlDataSource> sources) => _sources = [.. sources];

    /// <summary>How many Pgpool-IIs there are.</summary>
    internal int Count => _sources.Length;

    /// <param name="lab">The lab.</param>
    /// <param name="hosts">The address of each Pgpool-II for clients.</param>
    /// <param name="timeout">How long a connection or a statement may take, in seconds.</param>
    internal static LoadTarget Of(Lab lab, IReadOnlyList<string> hosts, double timeout) =>
        new(lab.Pgpools.Zip(hosts, (p, h) => SourceOf(lab, h, p.Port, timeout)));

    /// <summary>Opens a session of its own.</summary>
    /// <param name="number">Which Pgpool-II, counted round and round.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<NpgsqlConnection> OpenAsync(int number, CancellationToken cancellationToken) =>
        await _sources[number % _sources.Length].OpenConnectionAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        foreach (var source in _sources)
        {
            await source.DisposeAsync();
        }
    }

    private static NpgsqlDataSource SourceOf(Lab lab, string host, int port, double timeout)
    {
        var limit = Math.Max(1, (int)Math.Ceiling(timeout));
        var builder = new NpgsqlSlimDataSourceBuilder(
            new NpgsqlConnectionStringBuilder
            {
                Host = host,
                Port = port,
                Username = lab.Owner,
                Passfile = lab.Asks ? lab.Pgpool.Paths.PgPass : null,
                Database = Lab.Database,
                ApplicationName = "pgpoollab-drill",
                Pooling = false,
                Timeout = limit,
                CommandTimeout = limit,
                // Who has waited for an answer in vain does not wait for the end of it as well.
                CancellationTimeout = -1,
                SslMode = SslMode.Disable,
            }.ConnectionString
        );
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        return builder.Build();
    }
}
