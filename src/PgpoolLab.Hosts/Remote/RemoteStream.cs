using System.IO.Pipelines;

namespace PgpoolLab.Hosts.Remote;

/// <summary>A connection to a socket of another machine, whose bytes are carried by the agent's lines.</summary>
/// <param name="send">Sends bytes there; null says that no more will come.</param>
/// <param name="closed">Is called once, when it is closed here.</param>
internal sealed class RemoteStream(Func<byte[]?, CancellationToken, Task> send, Action closed) : Stream
{
    // Who reads takes what there is; the answers of a server are short.
    private readonly Pipe _received = new(new PipeOptions(pauseWriterThreshold: 0));
    private int _isClosed;
    private bool _hasEnded;
    private string? _why;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Bytes from there. What comes after the end is nobody's.</summary>
    internal void Receive(byte[] data)
    {
        lock (_received)
        {
            if (_hasEnded)
            {
                return;
            }

            // Without a threshold nothing is waited for.
            var written = _received.Writer.WriteAsync(data);
            if (!written.IsCompleted)
            {
                written.AsTask().GetAwaiter().GetResult();
            }
        }
    }

    /// <summary>No more will come.</summary>
    /// <param name="why">What went wrong; null when the other side has closed it.</param>
    internal void End(string? why)
    {
        lock (_received)
        {
            if (!_hasEnded)
            {
                _hasEnded = true;
                _why = why;
                _received.Writer.Complete();
            }
        }
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await _received.Reader.ReadAsync(cancellationToken);
        // Not before all that came has been read.
        if (read.Buffer.IsEmpty && read.IsCompleted && _why is { } why)
        {
            throw new IOException(why);
        }

        var part = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, buffer.Length));
        var position = 0;
        foreach (var segment in part)
        {
            segment.CopyTo(buffer[position..]);
            position += segment.Length;
        }

        _received.Reader.AdvanceTo(part.End);
        return position;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) =>
        ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer,
        CancellationToken cancellationToken = default
    )
    {
        ObjectDisposedException.ThrowIf(_isClosed != 0, this);
        cancellationToken.ThrowIfCancellationRequested();
        if (!buffer.IsEmpty)
        {
            try
            {
                await send(buffer.ToArray(), cancellationToken);
            }
            catch (HostLostException error)
            {
                throw new IOException(error.Message, error);
            }
        }
    }

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) =>
        WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override void Flush() { }

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            closed();
            End(null);
            _ = SayEndAsync();
        }

        base.Dispose(disposing);
    }

    private async Task SayEndAsync()
    {
        try
        {
            await send(null, CancellationToken.None);
        }
        catch (HostLostException)
        {
            // Then the connection has ended anyway.
        }
    }
}
