using System.Collections.Concurrent;
using System.Diagnostics;

namespace PgpoolLab.Hosts.Links;

/// <summary>One thread that waits for all descriptors of a proxy and for its timers. All that belongs to it is touched
/// by this thread alone, so that a change of a link is one step for everybody.</summary>
internal sealed class LinkLoop : IDisposable
{
    /// <summary>More would be no faster: it is what the kernel has ready of one socket at most, as a rule.</summary>
    private const int BufferSize = 128 << 10;

    private const int MostAtOnce = 256;

    private readonly int _poll = Posix.NewPoll();
    private readonly int _bell = Posix.NewBell();
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly PriorityQueue<Action, long> _timers = new();
    private readonly Dictionary<long, Watched> _watched = [];
    private readonly Thread _thread;
    private long _lastNumber;
    private bool _ends;

    internal LinkLoop()
    {
        Posix.Watch(_poll, _bell, 0, Posix.Readable, 0);
        _thread = new Thread(Run) { IsBackground = true, Name = "links" };
        _thread.Start();
    }

    /// <summary>Where bytes are on their way from one socket to the other.</summary>
    internal byte[] Buffer { get; } = new byte[BufferSize];

    /// <summary>What has failed in a way that nobody has foreseen; the loop goes on.</summary>
    internal Action<Exception> Failed { get; init; } = _ => { };

    /// <summary>The time, in <see cref="Stopwatch"/>'s ticks.</summary>
    internal static long Now => Stopwatch.GetTimestamp();

    /// <summary>A time in these ticks.</summary>
    internal static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    /// <summary>Has the thread do something.</summary>
    internal Task<T> DoAsync<T>(Func<T> act)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _posted.Enqueue(() =>
        {
            try
            {
                done.SetResult(act());
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        });
        Posix.Ring(_bell);
        return done.Task;
    }

    /// <summary>Does something when a time has come; on the thread.</summary>
    internal void At(long time, Action act) => _timers.Enqueue(act, time);

    /// <summary>Has the thread wait for something.</summary>
    /// <returns>The number it is known by from now on.</returns>
    internal long Watch(Watched watched, long number, uint before, uint after)
    {
        if (before == 0)
        {
            number = ++_lastNumber;
            _watched.Add(number, watched);
        }
        else if (after == 0)
        {
            _watched.Remove(number);
        }

        Posix.Watch(_poll, watched.Descriptor, before, after, number);
        return number;
    }

    private void Run()
    {
        var happenings = new byte[MostAtOnce * Posix.SizeOfHappening];
        while (!_ends)
        {
            var count = Posix.WaitFor(_poll, happenings, Patience());
            for (var i = 0; i < count; i++)
            {
                var (events, number) = Posix.Happening(happenings, i);
                if (number == 0)
                {
                    Posix.Silence(_bell);
                    RunPosted();
                }
                // What was closed a moment ago is not there any more.
                else if (_watched.TryGetValue(number, out var watched))
                {
                    Tell(watched, events);
                }
            }

            while (_timers.TryPeek(out var due, out var time) && time <= Now)
            {
                _timers.Dequeue();
                Safely(due);
            }
        }

        RunPosted();
    }

    private void RunPosted()
    {
        while (_posted.TryDequeue(out var act))
        {
            act();
        }
    }

    private int Patience()
    {
        if (!_timers.TryPeek(out _, out var time))
        {
            return -1;
        }

        var milliseconds = (time - Now + (Stopwatch.Frequency / 1000) - 1) / (Stopwatch.Frequency / 1000);
        return (int)Math.Clamp(milliseconds, 0, int.MaxValue);
    }

    private void Tell(Watched watched, uint events)
    {
        try
        {
            watched.Happened(events);
        }
        catch (Exception error)
        {
            Failed(error);
        }
    }

    private void Safely(Action act)
    {
        try
        {
            act();
        }
        catch (Exception error)
        {
            Failed(error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _posted.Enqueue(() => _ends = true);
        Posix.Ring(_bell);
        _thread.Join();
        _ = Posix.Close(_poll);
        _ = Posix.Close(_bell);
    }
}
