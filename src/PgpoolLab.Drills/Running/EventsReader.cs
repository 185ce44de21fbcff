using PgpoolLab.Drills.Measuring;
using PgpoolLab.Drills.Results;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Drills.Running;

/// <summary>Follows the logs of a lab during a run.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="lab">The lab.</param>
/// <param name="probes">Waits.</param>
/// <param name="time">The clock.</param>
internal sealed class EventsReader(IHost host, Lab lab, ProbeRunner probes, TimeProvider time) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<LabEvent> _events = [];

    // The same moment by both clocks: logs have the time of day.
    private readonly (DateTimeOffset Day, long Ticks) _both = (time.GetUtcNow(), time.GetTimestamp());
    private Task _work = Task.CompletedTask;
    private DateTimeOffset _readUntil;

    /// <summary>Begins to read.</summary>
    internal void Start() => _work = Task.Run(ReadAsync);

    /// <summary>True when an event of this name was told after a moment.</summary>
    internal bool Has(string name, long after)
    {
        lock (_lock)
        {
            return _events.Exists(e => e.Name == name && e.At is { } at && Ticks(at) >= after);
        }
    }

    /// <summary>True when everything that was logged before a moment was read.</summary>
    internal bool HasReadUntil(long ticks)
    {
        lock (_lock)
        {
            return Ticks(_readUntil) >= ticks;
        }
    }

    /// <summary>What happened from the steady load to the end.</summary>
    internal IReadOnlyList<EventSeen> Of(RunClock clock)
    {
        lock (_lock)
        {
            return
            [
                .. _events
                    .Where(e => e.At is { } at && Ticks(at) >= clock.Steady && Ticks(at) <= clock.End)
                    .Select(e => new EventSeen(clock.Seconds(Ticks(e.At!.Value)), e.Name, e.Node, e.Source, e.Text))
                    .OrderBy(e => e.At),
            ];
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    private long Ticks(DateTimeOffset at) =>
        _both.Ticks + (long)((at - _both.Day).TotalSeconds * time.TimestampFrequency);

    private async Task ReadAsync()
    {
        var log = new LabLog(host, lab, time);
        var classifier = new EventClassifier(lab);
        try
        {
            await foreach (var line in log.ReadAsync(IsWanted, follows: true, _stop.Token))
            {
                Add(classifier.Classify(line));
            }

            await foreach (
                var line in log.FollowAsync(
                    IsWanted,
                    probes,
                    () => _stop.IsCancellationRequested,
                    _stop.Token,
                    until =>
                    {
                        lock (_lock)
                        {
                            _readUntil = until;
                        }
                    }
                )
            )
            {
                Add(classifier.Classify(line));
            }
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }

    /// <summary>The scripts' logs say nothing that their events do not.</summary>
    private static bool IsWanted(LogSource source) => source.Kind is not LogKind.Script;

    private void Add(LabEvent? happened)
    {
        if (happened is not null)
        {
            lock (_lock)
            {
                _events.Add(happened);
            }
        }
    }
}
