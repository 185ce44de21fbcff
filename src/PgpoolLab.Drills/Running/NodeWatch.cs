using System.Net.Sockets;
using Npgsql;
using PgpoolLab.Drills.Measuring;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Drills.Running;

/// <summary>Asks every node, ten times a second and by a session that is kept, whether it takes writes. It asks them
/// directly: what Pgpool-II believes is another matter.</summary>
/// <param name="lab">The lab.</param>
/// <param name="probes">Waits.</param>
/// <param name="time">The clock.</param>
internal sealed class NodeWatch(Lab lab, ProbeRunner probes, TimeProvider time) : IAsyncDisposable
{
    private const string Question = "SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Who does not answer for so long is taken to hang.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<int, List<NodeSample>> _samples = lab.Nodes.ToDictionary(
        n => n.Id,
        _ => new List<NodeSample>()
    );
    private Task _work = Task.CompletedTask;

    /// <summary>What was seen of every node.</summary>
    internal IReadOnlyList<NodeHistory> Histories
    {
        get
        {
            lock (_lock)
            {
                return [.. _samples.OrderBy(s => s.Key).Select(s => new NodeHistory(s.Key, [.. s.Value]))];
            }
        }
    }

    /// <summary>The nodes that are such now.</summary>
    internal IReadOnlyList<int> Now(NodeState state)
    {
        lock (_lock)
        {
            return [.. _samples.Where(s => s.Value.Count > 0 && s.Value[^1].State == state).Select(s => s.Key).Order()];
        }
    }

    /// <summary>Every node was asked once.</summary>
    internal bool KnowsAll
    {
        get
        {
            lock (_lock)
            {
                return _samples.Values.All(s => s.Count > 0);
            }
        }
    }

    /// <summary>Begins to ask.</summary>
    internal void Start() => _work = Task.WhenAll(lab.Nodes.Select(n => Task.Run(() => WatchAsync(n))));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    private async Task WatchAsync(PostgresNode node)
    {
        await using var source = PostgresClient.SourceOf(lab, node.Port, Lab.MaintenanceDatabase);
        NpgsqlConnection? connection = null;
        while (!_stop.IsCancellationRequested)
        {
            NodeState state;
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            limit.CancelAfter(Patience);
            try
            {
                connection ??= await source.OpenConnectionAsync(limit.Token);
                await using var command = new NpgsqlCommand(Question, connection);
                state = await command.ExecuteScalarAsync(limit.Token) is "primary"
                    ? NodeState.Primary
                    : NodeState.Standby;
            }
            catch (Exception error)
                when (error
                        is NpgsqlException
                            or IOException
                            or SocketException
                            or OperationCanceledException
                            or TimeoutException
                )
            {
                state =
                    error is OperationCanceledException or TimeoutException
                    || error.InnerException is TimeoutException or OperationCanceledException
                        ? NodeState.Hung
                        : NodeState.Down;
                if (connection is not null)
                {
                    var broken = connection;
                    connection = null;
                    // Not waited for: who hangs does not take leave.
                    NpgsqlConnection.ClearPool(broken);
                    await broken.DisposeAsync();
                }
            }

            if (_stop.IsCancellationRequested)
            {
                break;
            }

            Add(node.Id, state);
            try
            {
                await probes.PauseAsync(Pause, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        if (connection is not null)
        {
            await connection.DisposeAsync();
        }
    }

    private void Add(int node, NodeState state)
    {
        lock (_lock)
        {
            var samples = _samples[node];
            if (samples.Count == 0 || samples[^1].State != state)
            {
                samples.Add(new NodeSample(time.GetTimestamp(), state));
            }

            samples[^1] = samples[^1] with { LastSeen = time.GetTimestamp() };
        }
    }
}
