using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PgpoolLab.Hosts.Local;

/// <summary>Both ends of trying whether one machine reaches a port of another.</summary>
internal static class PortTrial
{
    /// <summary>Of what a stranger listening there sends, no more is read.</summary>
    private const int LongestLine = 200;

    /// <summary>For how long it listens at most: whoever asked for it may be cut off, and never say that it is
    /// enough.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    internal static async Task GreetAsync(
        string address,
        int port,
        string greeting,
        CancellationToken cancellationToken,
        TimeSpan? longest = null
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(longest ?? Longest);
        try
        {
            await ListenAsync(address, port, greeting, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"{address} port {port} was closed: nobody has said that it is enough.");
        }
    }

    private static async Task ListenAsync(
        string address,
        int port,
        string greeting,
        CancellationToken cancellationToken
    )
    {
        using var listener = new TcpListener(IPAddress.Parse(address), port);
        try
        {
            listener.Start();
        }
        catch (SocketException error)
        {
            throw new IOException($"Nobody can listen on {address} port {port}: {error.Message}", error);
        }

        var line = Encoding.UTF8.GetBytes(greeting + "\n");
        while (true)
        {
            using var visitor = await listener.AcceptTcpClientAsync(cancellationToken);
            try
            {
                await visitor.GetStream().WriteAsync(line, cancellationToken);
            }
            catch (IOException)
            {
                // It has left again.
            }
        }
    }

    internal static async ValueTask<PortGreeting> TryReachAsync(
        string address,
        int port,
        TimeSpan patience,
        CancellationToken cancellationToken
    )
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(patience);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address, port, limit.Token);
            var line = await ReadLineAsync(client.GetStream(), limit.Token);
            return line is null
                ? new PortGreeting(null, "Who listens there says nothing.")
                : new PortGreeting(line, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new PortGreeting(null, $"No answer within {patience.TotalSeconds:0} s.");
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return new PortGreeting(null, error.Message);
        }
    }

    private static async Task<string?> ReadLineAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        var (buffer, length) = (new byte[LongestLine], 0);
        while (length < buffer.Length && Array.IndexOf(buffer, (byte)'\n', 0, length) < 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken);
            if (read == 0)
            {
                break;
            }

            length += read;
        }

        return length == 0 ? null : Encoding.UTF8.GetString(buffer, 0, length).Split('\n')[0];
    }
}
