using Npgsql;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Clients;

/// <summary>A connection to one server on loopback, for a few short queries.</summary>
/// <remarks>Pgpool-II's own SHOW commands do not work over it: Npgsql speaks the extended query protocol
/// only.</remarks>
internal sealed class PostgresClient : IAsyncDisposable
{
    private const string Loopback = "127.0.0.1";
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlDataSource? _source;

    private PostgresClient(NpgsqlDataSource? source, NpgsqlConnection connection) =>
        (_source, _connection) = (source, connection);

    /// <summary>Connects to one of a lab's servers by its unix socket.</summary>
    internal static Task<PostgresClient> ConnectAsync(
        Lab lab,
        int port,
        string database,
        CancellationToken cancellationToken
    ) => ConnectAsync(SocketOf(lab), port, lab, database, lab.Owner, cancellationToken);

    /// <summary>Connects by TCP, as most clients do; as the lab's owner.</summary>
    internal static Task<PostgresClient> ConnectByTcpAsync(
        Lab lab,
        int port,
        string database,
        CancellationToken cancellationToken
    ) => ConnectAsync(TcpOf(lab, port), port, lab, database, lab.Owner, cancellationToken);

    private static string TcpOf(Lab lab, int port) =>
        PgpoolIsOnLoopback(lab) || lab.Pgpools.All(p => p.Port != port) ? Loopback : SocketOf(lab);

    /// <summary>False when Pgpool-II listens on one other address alone: before 4.4 it has room for one.</summary>
    private static bool PgpoolIsOnLoopback(Lab lab) =>
        lab.ListenAddresses.Count == 0 || lab.ListenAddresses.Contains("*") || lab.Tools.Pgpool.Number >= 404;

    /// <summary>Takes a session of a source that keeps it when it is not needed any more.</summary>
    internal static async Task<PostgresClient> OfAsync(NpgsqlDataSource source, CancellationToken cancellationToken) =>
        new(null, await source.OpenConnectionAsync(cancellationToken));

    /// <summary>A source of sessions on one of a lab's servers by its unix socket, which keeps those that are not
    /// needed any more. In a synchronous lab their commits wait for no standby: setup writes before there is
    /// one.</summary>
    internal static NpgsqlDataSource SourceOf(Lab lab, int port, string database) =>
        SourceOf(SocketOf(lab), port, lab, database, lab.Owner, pooling: true, "-c synchronous_commit=local");

    /// <summary>The same by TCP, as one of its roles.</summary>
    internal static NpgsqlDataSource SourceByTcp(Lab lab, int port, string database, string role) =>
        SourceOf(TcpOf(lab, port), port, lab, database, role, pooling: true);

    private static string SocketOf(Lab lab) =>
        LabSockets.ProbeHost(lab) is var host && host.StartsWith('/') ? host : Loopback;

    private static async Task<PostgresClient> ConnectAsync(
        string host,
        int port,
        Lab lab,
        string database,
        string role,
        CancellationToken cancellationToken
    )
    {
        var source = SourceOf(host, port, lab, database, role, pooling: false);
        try
        {
            return new PostgresClient(source, await source.OpenConnectionAsync(cancellationToken));
        }
        catch
        {
            await source.DisposeAsync();
            throw;
        }
    }

    private static NpgsqlDataSource SourceOf(
        string host,
        int port,
        Lab lab,
        string database,
        string role,
        bool pooling,
        string? options = null
    )
    {
        var text = new NpgsqlConnectionStringBuilder
        {
            Host = host,
            Port = port,
            Username = role,
            Passfile = lab.Asks ? lab.Pgpool.Paths.PgPass : null,
            Database = database,
            ApplicationName = "pgpoollab",
            Pooling = pooling,
            // Whoever comes next asks the same questions as the same role: nothing to reset.
            NoResetOnClose = true,
            Options = options,
            Timeout = 5,
            CommandTimeout = 20,
            SslMode = SslMode.Disable,
        };
        // The probes read plain texts only: no need to load the server's types first.
        var builder = new NpgsqlSlimDataSourceBuilder(text.ConnectionString);
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        return builder.Build();
    }

    internal async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>One statement in a transaction of its own. Npgsql sends BEGIN and COMMIT as simple queries: a BEGIN by
    /// the extended protocol can hang in Pgpool-II 4.7's logical replication mode.</summary>
    internal async Task ExecuteInTransactionAsync(string sql, CancellationToken cancellationToken)
    {
        await using var transaction = await _connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(sql, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Every row; a NULL is null.</summary>
    internal async Task<IReadOnlyList<string?[]>> RowsAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, _connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<string?[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(
                Enumerable
                    .Range(0, reader.FieldCount)
                    .Select(i => reader.IsDBNull(i) ? null : reader.GetString(i))
                    .ToArray()
            );
        }

        return rows;
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        if (_source is not null)
        {
            await _source.DisposeAsync();
        }
    }

    /// <summary>What went wrong, in one line, or null when it is no connection's or server's fault.</summary>
    internal static string? Explain(Exception error) => ServerProblem.Of(error);
}
