using PgpoolLab.Drills.Files;
using PgpoolLab.Drills.Ledger;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Drills.Load;

/// <summary>All clients of a drill.</summary>
internal sealed class LoadRunner : IAsyncDisposable
{
    /// <summary>A client whose last row is older than this does not write steadily, in seconds.</summary>
    private const double Recent = 1;

    /// <summary>So many of a slow client's intervals are as good.</summary>
    private const double Intervals = 4;

    /// <summary>How long attempts under way are waited for at the end, in seconds.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly LoadClient[] _clients;
    private readonly TimeProvider _time;
    private readonly double _recent;
    private Task _work = Task.CompletedTask;

    /// <param name="spec">The load.</param>
    /// <param name="target">Where to.</param>
    /// <param name="probes">Waits.</param>
    /// <param name="time">The clock.</param>
    internal LoadRunner(LoadSpec spec, LoadTarget target, ProbeRunner probes, TimeProvider time)
    {
        _time = time;
        _recent = Math.Max(Recent, Intervals * spec.Clients / spec.Rate);
        var statements = new Statements(spec.Kind);
        Preparation = statements.Preparation;
        _clients =
        [
            .. Enumerable
                .Range(0, spec.Clients)
                .Select(i => new LoadClient(new ClientLedger(i), spec, statements, target, probes, time)),
        ];
    }

    /// <summary>What must be there before clients start.</summary>
    internal IReadOnlyList<string> Preparation { get; }

    /// <summary>The ledgers; complete when <see cref="StopAsync"/> has returned.</summary>
    internal IReadOnlyList<ClientLedger> Ledgers => [.. _clients.Select(c => c.Ledger)];

    /// <summary>The lists that clients saw.</summary>
    internal IEnumerable<ListSeen> Lists => _clients.SelectMany(c => c.Lists);

    /// <summary>Rows acknowledged so far.</summary>
    internal int Acknowledged => _clients.Sum(c => c.Ledger.Acknowledged);

    /// <summary>Every client had a row acknowledged a moment ago.</summary>
    internal bool AllWrite => _clients.All(c => IsRecent(c.Ledger.LastAcknowledged));

    /// <summary>No client had.</summary>
    internal bool NobodyWrites => !_clients.Any(c => IsRecent(c.Ledger.LastAcknowledged));

    /// <summary>Starts all clients.</summary>
    internal void Start() =>
        _work = Task.WhenAll(
            _clients.Select(c => Task.Run(() => c.RunAsync(_stop.Token, _abort.Token), CancellationToken.None))
        );

    /// <summary>Stops all clients. An attempt that is not over in a second stays without an answer.</summary>
    internal async Task StopAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _work.WaitAsync(Grace, _time);
        }
        catch (TimeoutException)
        {
            await _abort.CancelAsync();
            await _work;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _abort.Dispose();
    }

    private bool IsRecent(long at) => at != 0 && _time.GetElapsedTime(at).TotalSeconds < _recent;
}
