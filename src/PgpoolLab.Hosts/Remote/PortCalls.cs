namespace PgpoolLab.Hosts.Remote;

// The calls of IPorts, in its order.

internal sealed record WhoHoldsCall(int Port) : HostCall<string?>
{
    private protected override ValueTask<string?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Ports.WhoHoldsAsync(Port, cancellationToken);
}

internal sealed record WhoElseHoldsCall(int Port, IReadOnlyList<ProcessFacts> Processes) : HostCall<string?>
{
    private protected override ValueTask<string?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Ports.WhoElseHoldsAsync(Port, Processes, cancellationToken);
}

internal sealed record WhoReceivesCall(int Port) : HostCall<string?>
{
    private protected override ValueTask<string?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Ports.WhoReceivesAsync(Port, cancellationToken);
}

internal sealed record SocketAnswersCall(string Path) : HostCall<bool>
{
    private protected override ValueTask<bool> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Ports.SocketAnswersAsync(Path, cancellationToken);
}

internal sealed record BoundSocketsCall : HostCall<IReadOnlyList<string>>
{
    private protected override ValueTask<IReadOnlyList<string>> MakeAsync(
        IHost host,
        CancellationToken cancellationToken
    ) => host.Ports.BoundSocketsAsync(cancellationToken);
}

internal sealed record HasLoopbackCall : HostCall<bool>
{
    private protected override ValueTask<bool> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Ports.HasLoopbackAsync(cancellationToken);
}

internal sealed record ResolveCall(string Name) : HostCall<IReadOnlyList<HostAddress>>
{
    private protected override ValueTask<IReadOnlyList<HostAddress>> MakeAsync(
        IHost host,
        CancellationToken cancellationToken
    ) => host.Ports.ResolveAsync(Name, cancellationToken);
}

internal sealed record GreetCall(string Address, int Port, string Greeting) : HostCall<Nothing>
{
    private protected override async ValueTask<Nothing> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        await Nothing.After(new ValueTask(host.Ports.GreetAsync(Address, Port, Greeting, cancellationToken)));
}

internal sealed record TryReachCall(string Address, int Port, TimeSpan Patience) : HostCall<PortGreeting>
{
    private protected override ValueTask<PortGreeting> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Ports.TryReachAsync(Address, Port, Patience, cancellationToken);
}

/// <summary>Connects to a unix socket there, and carries what is written and read under this number.</summary>
internal sealed record ConnectCall(string Socket, int Stream) : HostCall<bool>
{
    private protected override ValueTask<bool> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("A connection needs somebody who carries it.");

    private protected override async ValueTask<bool> MakeAsync(
        IHost host,
        AgentStreams streams,
        CancellationToken cancellationToken
    )
    {
        if (await host.Ports.ConnectAsync(Socket, cancellationToken) is not { } connection)
        {
            return false;
        }

        streams.Carry(Stream, connection);
        return true;
    }
}
