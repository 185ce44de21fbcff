using System.Runtime.CompilerServices;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers.Logs;

/// <summary>All logs of a lab as one, in the order of time.</summary>
/// <param name="host">Where the lab is.</param>
/// <param name="lab">The lab.</param>
/// <param name="time">The clock.</param>
public sealed class LabLog(IHost host, Lab lab, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly List<LogCursor> _cursors = [];

    /// <summary>Reads what there is.</summary>
    /// <param name="wanted">Which logs.</param>
    /// <param name="follows">True when <see cref="FollowAsync"/> is to come: it then takes what is just being
    /// written.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The messages. Those of one log keep their order; of equal times, the log that is listed first comes
    /// first.</returns>
    public async IAsyncEnumerable<LogLine> ReadAsync(
        Func<LogSource, bool> wanted,
        bool follows,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await FindAsync(wanted, cancellationToken);
        var next = new PriorityQueue<(LogLine Line, int Cursor), (DateTimeOffset, int)>();
        var times = new DateTimeOffset[_cursors.Count];
        for (var i = 0; i < times.Length; i++)
        {
            await AdvanceAsync(i);
        }

        while (next.TryDequeue(out var first, out _))
        {
            yield return first.Line;
            await AdvanceAsync(first.Cursor);
        }

        async Task AdvanceAsync(int cursor)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await _cursors[cursor].NextAsync(toTheEnd: !follows, cancellationToken) is { } line)
            {
                // A log whose clock goes back keeps its order.
                times[cursor] = line.At > times[cursor] ? line.At.Value : times[cursor];
                next.Enqueue((line, cursor), (times[cursor], cursor));
            }
        }
    }

    /// <summary>Waits for more, for good.</summary>
    /// <param name="wanted">Which logs.</param>
    /// <param name="probes">Waits between two looks.</param>
    /// <param name="isOver">Asked before each look; true ends it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="looked">Is told after each look: what was written before this moment has been given out.</param>
    public async IAsyncEnumerable<LogLine> FollowAsync(
        Func<LogSource, bool> wanted,
        ProbeRunner probes,
        Func<bool> isOver,
        [EnumeratorCancellation] CancellationToken cancellationToken,
        Action<DateTimeOffset>? looked = null
    )
    {
        ArgumentNullException.ThrowIfNull(probes);
        ArgumentNullException.ThrowIfNull(isOver);
        // One that has been put aside since was read before that.
        _cursors.RemoveAll(c => c.Source.IsFormer);
        List<LogLine> late = [];
        while (!isOver())
        {
            var began = time.GetUtcNow();
            await FindAsync(s => !s.IsFormer && wanted(s), cancellationToken);
            var fresh = new List<LogLine>();
            foreach (var cursor in _cursors)
            {
                while (await cursor.NextAsync(toTheEnd: false, cancellationToken) is { } line)
                {
                    fresh.Add(line);
                }
            }

            // One that was written since this look began may have a forerunner in a log that was read before: it waits
            // for the next look, and no longer, as a server's clock may be wrong.
            var ready = late.Concat(fresh.Where(l => !(l.At >= began)));
            var waiting = fresh.Where(l => l.At >= began).ToList();
            foreach (var line in ready.OrderBy(l => l.At).ToArray())
            {
                yield return line;
            }

            late = waiting;
            looked?.Invoke(began);
            await probes.PauseAsync(Pause, cancellationToken);
        }
    }

    private async Task FindAsync(Func<LogSource, bool> wanted, CancellationToken cancellationToken)
    {
        foreach (var source in await LogSources.FindAsync(host, lab, cancellationToken))
        {
            if (wanted(source) && !_cursors.Exists(c => c.Source.Path == source.Path))
            {
                _cursors.Add(new LogCursor(host, source, time.LocalTimeZone));
            }
        }
    }
}
