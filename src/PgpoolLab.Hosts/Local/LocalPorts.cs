using System.Net.Sockets;

namespace PgpoolLab.Hosts.Local;

/// <summary>Ports and sockets of this machine.</summary>
internal sealed class LocalPorts : IPorts
{
    /// <inheritdoc/>
    public ValueTask<string?> WhoHoldsAsync(int port, CancellationToken cancellationToken) =>
        ValueTask.FromResult(PortTable.WhyNotBindable(port));

    /// <inheritdoc/>
    public ValueTask<string?> WhoElseHoldsAsync(
        int port,
        IReadOnlyList<ProcessFacts> processes,
        CancellationToken cancellationToken
    ) => ValueTask.FromResult(PortTable.HolderBeside(port, processes.Select(p => p.Id)));

    /// <inheritdoc/>
    public ValueTask<string?> WhoReceivesAsync(int port, CancellationToken cancellationToken) =>
        ValueTask.FromResult(PortTable.DatagramHolder(port));

    /// <inheritdoc/>
    public async ValueTask<bool> SocketAnswersAsync(string path, CancellationToken cancellationToken)
    {
        if (!Path.Exists(path))
        {
            return false;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return true;
        }
        catch (Exception error) when (error is SocketException or ArgumentOutOfRangeException)
        {
            // Nobody is there; or the path is longer than a socket's can be.
            return false;
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> BoundSocketsAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<string>>([.. UnixSockets.Bound()]);

    /// <inheritdoc/>
    public ValueTask<bool> HasLoopbackAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult(Network.HasLoopback());

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<HostAddress>> ResolveAsync(string name, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<HostAddress>>([
            .. Network.Resolve(name).Select(a => new HostAddress(a.ToString(), Network.IsOwn(a))),
        ]);

    /// <inheritdoc/>
    public Task GreetAsync(string address, int port, string greeting, CancellationToken cancellationToken) =>
        PortTrial.GreetAsync(address, port, greeting, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PortGreeting> TryReachAsync(
        string address,
        int port,
        TimeSpan patience,
        CancellationToken cancellationToken
    ) => PortTrial.TryReachAsync(address, port, patience, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<Stream?> ConnectAsync(string socket, CancellationToken cancellationToken)
    {
        if (!Path.Exists(socket))
        {
            // An asynchronous attempt would fail, too, and take milliseconds to describe where.
            throw new SocketException((int)SocketError.AddressNotAvailable, "No such file or directory");
        }

        var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellationToken);
            return new NetworkStream(connection, ownsSocket: true);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
