namespace PgpoolLab.Hosts.Remote;

/// <summary>Ports and sockets of another machine.</summary>
/// <param name="channel">The conversation with it.</param>
internal sealed class RemotePorts(AgentChannel channel) : IPorts
{
    /// <inheritdoc/>
    public ValueTask<string?> WhoHoldsAsync(int port, CancellationToken cancellationToken) =>
        channel.AskAsync(new WhoHoldsCall(port), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> WhoElseHoldsAsync(
        int port,
        IReadOnlyList<ProcessFacts> processes,
        CancellationToken cancellationToken
    ) => channel.AskAsync(new WhoElseHoldsCall(port, processes), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> WhoReceivesAsync(int port, CancellationToken cancellationToken) =>
        channel.AskAsync(new WhoReceivesCall(port), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> SocketAnswersAsync(string path, CancellationToken cancellationToken) =>
        channel.AskAsync(new SocketAnswersCall(path), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> BoundSocketsAsync(CancellationToken cancellationToken) =>
        channel.AskAsync(new BoundSocketsCall(), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> HasLoopbackAsync(CancellationToken cancellationToken) =>
        channel.AskAsync(new HasLoopbackCall(), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<HostAddress>> ResolveAsync(string name, CancellationToken cancellationToken) =>
        channel.AskAsync(new ResolveCall(name), cancellationToken);

    /// <inheritdoc/>
    public async Task GreetAsync(string address, int port, string greeting, CancellationToken cancellationToken) =>
        await channel.AskAsync(new GreetCall(address, port, greeting), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PortGreeting> TryReachAsync(
        string address,
        int port,
        TimeSpan patience,
        CancellationToken cancellationToken
    ) => channel.AskAsync(new TryReachCall(address, port, patience), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Stream?> ConnectAsync(string socket, CancellationToken cancellationToken) =>
        channel.ConnectAsync(socket, cancellationToken);
}
