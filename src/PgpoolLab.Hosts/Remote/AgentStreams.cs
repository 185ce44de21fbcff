using System.Collections.Concurrent;
using System.Threading.Channels;

namespace PgpoolLab.Hosts.Remote;

/// <summary>The agent's end of connections that are carried over its lines.</summary>
/// <param name="send">Sends a part to the other side.</param>
internal sealed class AgentStreams(Func<StreamPart, CancellationToken, Task> send)
{
    private readonly ConcurrentDictionary<int, Carried> _carried = new();

    /// <summary>Carries a connection from now on, until one side has closed it.</summary>
    internal void Carry(int number, Stream connection)
    {
        var carried = new Carried(connection);
        _carried[number] = carried;
        carried.Work = Task.WhenAll(ReadAsync(number, carried), WriteAsync(carried));
    }

    /// <summary>Sends a part of what is no connection: what a program prints.</summary>
    internal Task SendAsync(StreamPart part, CancellationToken cancellationToken) => send(part, cancellationToken);

    /// <summary>A part from the other side. What belongs to a connection that is closed by now is nobody's.</summary>
    internal void Receive(StreamPart part)
    {
        if (_carried.TryGetValue(part.Stream, out var carried))
        {
            if (part.Data is { } data)
            {
                carried.Queue.Writer.TryWrite(data);
            }
            else
            {
                carried.Queue.Writer.TryComplete();
            }
        }
    }

    /// <summary>Closes all of them.</summary>
    internal async Task CloseAsync()
    {
        foreach (var carried in _carried.Values)
        {
            await carried.CloseAsync();
            await carried.Work;
        }
    }

    private async Task ReadAsync(int number, Carried carried)
    {
        var buffer = new byte[32 * 1024];
        string? broken = null;
        try
        {
            while (await carried.Connection.ReadAsync(buffer, carried.End.Token) is > 0 and var count)
            {
                await send(new StreamPart(number, buffer[..count]), carried.End.Token);
            }
        }
        catch (IOException error) when (!carried.End.IsCancellationRequested)
        {
            broken = error.Message;
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // It was closed, which is what the other side learns next.
        }

        try
        {
            await send(new StreamPart(number, null) { Error = broken }, CancellationToken.None);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // Nobody is there any more.
        }

        _carried.TryRemove(number, out _);
        await carried.CloseAsync();
    }

    private static async Task WriteAsync(Carried carried)
    {
        try
        {
            await foreach (var data in carried.Queue.Reader.ReadAllAsync(carried.End.Token))
            {
                await carried.Connection.WriteAsync(data, carried.End.Token);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The server has closed it; that is said by who reads.
        }

        await carried.CloseAsync();
    }

    private sealed class Carried(Stream connection)
    {
        internal Stream Connection => connection;

        internal Channel<byte[]> Queue { get; } = Channel.CreateUnbounded<byte[]>();

        internal CancellationTokenSource End { get; } = new();

        internal Task Work { get; set; } = Task.CompletedTask;

        internal async Task CloseAsync()
        {
            await End.CancelAsync();
            await connection.DisposeAsync();
        }
    }
}
