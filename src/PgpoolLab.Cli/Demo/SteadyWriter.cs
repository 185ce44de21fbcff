using System.Diagnostics;
using Npgsql;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Cli.Demo;

/// <summary>A client as applications should be: it writes row after row through Pgpool-II, and when its connection
/// breaks it connects again.</summary>
internal sealed class SteadyWriter : IAsyncDisposable
{
    private const string Table = "demo_writes";
    private readonly CancellationTokenSource _stop = new();
    private readonly NpgsqlDataSource _source;
    private readonly List<long> _acknowledgedAt = [];
    private readonly ServerLog? _log;
    private Task _work = Task.CompletedTask;
    private int _broken;

    private SteadyWriter(NpgsqlDataSource source, ServerLog? log) => (_source, _log) = (source, log);

    internal int Broken => _broken;

    internal int Acknowledged
    {
        get
        {
            lock (_acknowledgedAt)
            {
                return _acknowledgedAt.Count;
            }
        }
    }

    internal static Task<SteadyWriter> StartAsync(Lab lab, CancellationToken cancellationToken) =>
        StartAsync(Source(lab, lab.Pgpool.Port), cancellationToken, ServerLog.Of(lab.Pgpool));

    /// <summary>Starts one that connects as it is told.</summary>
    internal static async Task<SteadyWriter> StartAsync(
        NpgsqlDataSource source,
        CancellationToken cancellationToken,
        ServerLog? log = null
    )
    {
        var writer = new SteadyWriter(source, log);
        await using (var connection = await writer._source.OpenConnectionAsync(cancellationToken))
        await using (var create = new NpgsqlCommand($"CREATE TABLE {Table} (n int PRIMARY KEY)", connection))
        {
            await create.ExecuteNonQueryAsync(cancellationToken);
        }

        writer._work = Task.Run(writer.WorkAsync, CancellationToken.None);
        return writer;
    }

    /// <summary>Lets it have so many more rows acknowledged.</summary>
    internal async Task WriteSomeAsync(int rows, CancellationToken cancellationToken)
    {
        var target = Acknowledged + rows;
        var probes = Composition.Probes(Composition.Host());
        await probes.WaitAsync(new Writes(this, target), TimeSpan.FromMinutes(3), cancellationToken);
    }

    internal async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _work;
    }

    /// <summary>The longest time without an acknowledged row that ended after this moment.</summary>
    internal TimeSpan PauseAfter(long timestamp)
    {
        lock (_acknowledgedAt)
        {
            return _acknowledgedAt
                .Zip(_acknowledgedAt.Skip(1))
                .Where(p => p.Second > timestamp)
                .Select(p => Stopwatch.GetElapsedTime(p.First, p.Second))
                .DefaultIfEmpty()
                .Max();
        }
    }

    internal static async Task<long> CountAsync(Lab lab, int port, CancellationToken cancellationToken) =>
        long.Parse(await AskAsync(lab, port, $"SELECT count(*)::text FROM {Table}", cancellationToken) ?? "0");

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _source.DisposeAsync();
        _stop.Dispose();
    }

    private async Task WorkAsync()
    {
        var next = 0;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync(_stop.Token);
                while (!_stop.IsCancellationRequested)
                {
                    await using var insert = new NpgsqlCommand(
                        $"INSERT INTO {Table} VALUES ({next}) ON CONFLICT DO NOTHING",
                        connection
                    );
                    await insert.ExecuteNonQueryAsync(CancellationToken.None);
                    next++;
                    lock (_acknowledgedAt)
                    {
                        _acknowledgedAt.Add(Stopwatch.GetTimestamp());
                    }
                }
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception error) when (error is NpgsqlException or IOException or TimeoutException)
            {
                // What an application does: try again, with the same row.
                _broken++;
            }
        }
    }

    internal static async Task<string?> AskAsync(Lab lab, int port, string sql, CancellationToken cancellationToken)
    {
        await using var source = Source(lab, port);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return (string?)await command.ExecuteScalarAsync(cancellationToken);
    }

    private static NpgsqlDataSource Source(Lab lab, int port)
    {
        var builder = new NpgsqlSlimDataSourceBuilder(
            new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = port,
                Username = lab.Owner,
                Passfile = lab.Asks ? lab.Pgpool.Paths.PgPass : null,
                Database = Lab.Database,
                Pooling = false,
                Timeout = 5,
                SslMode = SslMode.Disable,
            }.ConnectionString
        );
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        return builder.Build();
    }

    private sealed record Writes(SteadyWriter Writer, int Target) : IProbe
    {
        public string Expectation => "the client can write through Pgpool-II";

        public ServerLog? Log => Writer._log;

        public Task<Observation> CheckAsync(CancellationToken cancellationToken) =>
            Task.FromResult(
                new Observation(
                    Writer.Acknowledged >= Target,
                    $"{Writer.Acknowledged} rows acknowledged, {Writer.Broken} connections broken"
                )
            );

        public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) =>
            Task.FromResult<string?>(null);
    }
}

/// <summary>Waits until every node answers a query alike.</summary>
internal sealed record SameEverywhere(Lab Lab, string Sql) : IProbe
{
    public string Expectation => "every node has the same data";

    public ServerLog? Log => null;

    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(
            Lab.Nodes.Select(n => SteadyWriter.AskAsync(Lab, n.Port, Sql, cancellationToken))
        );
        return new Observation(
            answers.Distinct().Count() == 1,
            string.Join(", ", answers.Select((a, i) => $"node {i}: {a}"))
        );
    }

    public Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) => Task.FromResult<string?>(null);
}
