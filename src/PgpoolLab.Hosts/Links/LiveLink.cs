using System.Net;
using PgpoolLab.Model.Links;

namespace PgpoolLab.Hosts.Links;

/// <summary>A link at work. All of it is its loop's thread's.</summary>
internal sealed class LiveLink
{
    /// <summary>What may be on its way when there is a latency: enough for a fast link.</summary>
    private const int MostOnItsWay = 4 << 20;

    /// <summary>A link of so many bytes a second passes so many parts of them.</summary>
    private const int PartsOfRate = 50;

    private readonly LinkListener _listener;
    private readonly HashSet<LinkConnection> _connections = [];
    private readonly TimeProvider _time;
    private readonly long[] _free = new long[2];
    private readonly long[] _bytes = new long[2];
    private long _version;
    private int _flapsDone;
    private bool _isBetweenFlaps;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    internal LiveLink(LinkLoop loop, LabLink link, IPEndPoint target, TimeProvider time)
    {
        (Loop, Link, Target, _time) = (loop, link, target, time);
        Since = time.GetUtcNow();
        _listener = new LinkListener(this, new IPEndPoint(IPAddress.Parse(link.Address), link.Port));
        _listener.Open();
    }

    internal LinkLoop Loop { get; }

    internal LabLink Link { get; }

    internal IPEndPoint Target { get; }

    internal LinkState State { get; private set; } = LinkState.Open;

    internal DateTimeOffset Since { get; private set; }

    /// <summary>Whoever has brought it into this state and wants it healed when he goes; null for nobody.</summary>
    internal object? Holder { get; private set; }

    /// <summary>When it heals by itself; null for never.</summary>
    internal DateTimeOffset? Until { get; private set; }

    internal int Connections => _connections.Count;

    /// <summary>What it does now: of a link that flaps either of both.</summary>
    internal LinkCut Cut => _isBetweenFlaps ? LinkCut.None : State.Cut;

    internal bool Connects => Cut is LinkCut.None or LinkCut.Half or LinkCut.HalfBack;

    internal long Bytes(bool forth) => _bytes[forth ? 0 : 1];

    internal void Count(bool forth, int bytes) => _bytes[forth ? 0 : 1] += bytes;

    /// <summary>True when bytes move that way.</summary>
    internal bool Moves(bool forth) =>
        Cut is LinkCut.None || (Cut is LinkCut.Half && !forth) || (Cut is LinkCut.HalfBack && forth);

    /// <summary>How many bytes may be kept of one connection's way.</summary>
    internal int MostKept =>
        State.Rate is { } rate
            ? (int)Math.Clamp(rate * (0.1 + State.Latency.TotalSeconds), 1, MostOnItsWay)
            : MostOnItsWay;

    /// <summary>How many bytes are passed on in one piece.</summary>
    internal int MostAtOnce(int most) => State.Rate is { } rate ? (int)Math.Clamp(rate / PartsOfRate, 1, most) : most;

    /// <summary>When so many bytes that came now arrive.</summary>
    internal long Due(bool forth, int bytes)
    {
        var now = LinkLoop.Now;
        if (!State.Delays)
        {
            return now;
        }

        var due = now;
        if (State.Rate is { } rate)
        {
            ref var free = ref _free[forth ? 0 : 1];
            due = free = Math.Max(now, free) + (long)((double)bytes / rate * System.Diagnostics.Stopwatch.Frequency);
        }

        // Half of it each way.
        var jitter = State.Jitter * ((Random.Shared.NextDouble() * 2) - 1);
        return due + LinkLoop.Ticks((State.Latency + jitter) / 2);
    }

    /// <summary>Brings it into a state: when this is done it is so, for connections that are there, too.</summary>
    /// <param name="state">The state.</param>
    /// <param name="time">After this it heals by itself; null for never.</param>
    /// <param name="holder">Whoever wants it healed when he goes.</param>
    /// <exception cref="IOException">It cannot listen any more.</exception>
    internal void Set(LinkState state, TimeSpan? time, object? holder)
    {
        _version++;
        (State, Holder, Since) = (state, holder, _time.GetUtcNow());
        (_free[0], _free[1], _flapsDone, _isBetweenFlaps) = (0, 0, 0, false);
        Until = time is { } lasts ? Since + lasts : null;
        Apply();
        if (time is { } patience)
        {
            Later(patience, Heal);
        }

        if (state.Flap is { } flap)
        {
            Later(flap.On, Flap);
        }
    }

    /// <summary>Makes it whole.</summary>
    internal void Heal() => Set(LinkState.Open, null, null);

    /// <summary>Resets every connection once.</summary>
    internal void Reset()
    {
        foreach (var connection in _connections.ToArray())
        {
            connection.Close(byReset: true);
        }
    }

    /// <summary>Ends it.</summary>
    internal void End()
    {
        _version++;
        _listener.Close();
        Reset();
    }

    internal void Take(int descriptor)
    {
        var connection = new LinkConnection(this, descriptor);
        _connections.Add(connection);
        connection.GoOn();
    }

    internal void Forget(LinkConnection connection) => _connections.Remove(connection);

    internal void ListenAgain()
    {
        if (Cut is not (LinkCut.Refuse or LinkCut.Hole))
        {
            _listener.Open();
        }
    }

    private void Apply()
    {
        switch (Cut)
        {
            case LinkCut.Refuse:
                _listener.Close();
                Reset();
                return;
            case LinkCut.Hole:
                _listener.MakeHole();
                break;
            default:
                _listener.Open();
                break;
        }

        foreach (var connection in _connections.ToArray())
        {
            connection.Change();
        }
    }

    /// <summary>Once more, or once less: the link was cut for as long as was said, or whole.</summary>
    private void Flap()
    {
        var flap = State.Flap!;
        if (_isBetweenFlaps)
        {
            _isBetweenFlaps = false;
            Apply();
            Later(flap.On, Flap);
        }
        else if (++_flapsDone == flap.Times)
        {
            Heal();
        }
        else
        {
            _isBetweenFlaps = true;
            Apply();
            Later(flap.Off, Flap);
        }
    }

    private void Later(TimeSpan time, Action act)
    {
        var version = _version;
        Loop.At(
            LinkLoop.Now + LinkLoop.Ticks(time),
            () =>
            {
                if (version == _version)
                {
                    act();
                }
            }
        );
    }
}
