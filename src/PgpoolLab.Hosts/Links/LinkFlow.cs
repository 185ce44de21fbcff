namespace PgpoolLab.Hosts.Links;

/// <summary>The bytes of a connection that go one way, in their order, whatever the link does with them.</summary>
/// <param name="connection">The connection.</param>
/// <param name="forth">True for what the one who has connected sends.</param>
internal sealed class LinkFlow(LinkConnection connection, bool forth)
{
    private readonly Queue<Chunk> _kept = new();
    private int _bytesKept;
    private bool _ended;
    private long _lastDue;
    private long _timer;

    private LinkSide From => forth ? connection.Client : connection.Server;

    private LinkSide To => forth ? connection.Server : connection.Client;

    private bool Moves => connection.Link.Moves(forth);

    /// <summary>True when all that came has arrived, the end, too.</summary>
    internal bool IsDone { get; private set; }

    /// <summary>True when more can be read.</summary>
    internal bool WantsToRead =>
        !_ended && connection.IsConnected && Moves && _bytesKept < connection.Link.MostKept && !IsBlocked;

    /// <summary>True when there is something that only waits for room.</summary>
    internal bool WantsToWrite => Moves && IsBlocked;

    /// <summary>True when the other side takes no more for now. Without a delay nothing is read until it does: that is
    /// how who sends comes to know of it.</summary>
    private bool IsBlocked { get; set; }

    /// <summary>Reads what has come, and passes it on.</summary>
    /// <returns>False when the connection is broken.</returns>
    internal bool Read()
    {
        var link = connection.Link;
        var buffer = connection.Buffer.AsSpan(0, link.MostAtOnce(connection.Buffer.Length));
        var count = Posix.Receive(From.Descriptor, buffer);
        if (count < 0)
        {
            return count is Posix.Again or Posix.Interrupted;
        }

        if (count == 0)
        {
            _ended = true;
            Keep([], link.Due(forth, 0));
            return Write();
        }

        var bytes = buffer[..count];
        if (connection.Left is { } left && count >= left)
        {
            // In the middle of a message, as a rule.
            _ = Pass(bytes[..(int)left]);
            return false;
        }

        if (link.State.Delays)
        {
            Keep(bytes, link.Due(forth, count));
            return Write();
        }

        return Pass(bytes);
    }

    private bool Pass(ReadOnlySpan<byte> bytes)
    {
        var sent = 0;
        if (_kept.Count == 0)
        {
            sent = Posix.Send(To.Descriptor, bytes);
            if (sent < 0)
            {
                if (sent is not (Posix.Again or Posix.Interrupted))
                {
                    return false;
                }

                sent = 0;
            }

            Count(sent);
        }

        if (sent < bytes.Length)
        {
            Keep(bytes[sent..], LinkLoop.Now);
            IsBlocked = true;
        }

        return true;
    }

    /// <summary>Passes on what is due.</summary>
    /// <returns>False when the connection is broken.</returns>
    internal bool Write()
    {
        IsBlocked = false;
        while (Moves && connection.IsConnected && _kept.TryPeek(out var chunk))
        {
            if (chunk.Due > LinkLoop.Now)
            {
                WakeAt(chunk.Due);
                return true;
            }

            if (chunk.Bytes.Length == 0)
            {
                _kept.Dequeue();
                Posix.ShutDownSending(To.Descriptor);
                IsDone = true;
                return true;
            }

            var sent = Posix.Send(To.Descriptor, chunk.Bytes.AsSpan(chunk.Sent));
            if (sent < 0)
            {
                IsBlocked = true;
                return sent is Posix.Again or Posix.Interrupted;
            }

            Count(sent);
            _bytesKept -= sent;
            chunk.Sent += sent;
            if (chunk.Sent == chunk.Bytes.Length)
            {
                _kept.Dequeue();
            }
        }

        return true;
    }

    /// <summary>Lets all that is kept go now: the link delays nothing any more.</summary>
    internal void Hurry()
    {
        var now = LinkLoop.Now;
        foreach (var chunk in _kept)
        {
            chunk.Due = now;
        }

        _lastDue = now;
    }

    private void Count(int bytes)
    {
        connection.Link.Count(forth, bytes);
        connection.CountDown(bytes);
    }

    private void Keep(ReadOnlySpan<byte> bytes, long due)
    {
        // Jitter changes no order.
        _lastDue = Math.Max(due, _lastDue);
        _kept.Enqueue(new Chunk(bytes.ToArray(), _lastDue));
        _bytesKept += bytes.Length;
    }

    private void WakeAt(long time)
    {
        if (_timer != time)
        {
            _timer = time;
            connection.Link.Loop.At(time, connection.GoOn);
        }
    }

    private sealed class Chunk(byte[] bytes, long due)
    {
        internal byte[] Bytes { get; } = bytes;

        internal long Due { get; set; } = due;

        internal int Sent { get; set; }
    }
}
