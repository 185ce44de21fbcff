namespace PgpoolLab.Hosts;

/// <summary>Ports and unix sockets of a machine.</summary>
public interface IPorts
{
    /// <summary>Tries whether a server could listen on this loopback port.</summary>
    /// <returns>Null when it is free, else what is in the way, for example <c>used by postgres (pid 12)</c>, or
    /// <see cref="PortState.Lingering"/>.</returns>
    ValueTask<string?> WhoHoldsAsync(int port, CancellationToken cancellationToken);

    /// <summary>Looks who listens on a loopback port besides these processes: a server may have got the port on one
    /// address family, and a stranger has it on the other.</summary>
    /// <returns>Null when nobody does, and where that cannot be seen; else as
    /// <see cref="WhoHoldsAsync"/>.</returns>
    ValueTask<string?> WhoElseHoldsAsync(
        int port,
        IReadOnlyList<ProcessFacts> processes,
        CancellationToken cancellationToken
    );

    /// <summary>Looks who receives on a UDP port, of whatever address. Two could share one, and only one of them would
    /// get what is sent.</summary>
    /// <returns>Null when it is free, else what is in the way.</returns>
    ValueTask<string?> WhoReceivesAsync(int port, CancellationToken cancellationToken);

    /// <summary>True when somebody listens on this unix socket; false for a file a dead server left, and when there is
    /// none.</summary>
    ValueTask<bool> SocketAnswersAsync(string path, CancellationToken cancellationToken);

    /// <summary>Paths of all unix sockets that are bound, as their servers named them. A server that is suspended or
    /// overloaded does not answer, but is in this list.</summary>
    /// <returns>Empty where the system does not tell.</returns>
    ValueTask<IReadOnlyList<string>> BoundSocketsAsync(CancellationToken cancellationToken);

    /// <summary>True where servers can be reached at 127.0.0.1. They cannot on a machine that has IPv6 alone, nor where
    /// the interface <c>lo</c> is down, though some kernels let them listen there all the same.</summary>
    ValueTask<bool> HasLoopbackAsync(CancellationToken cancellationToken);

    /// <summary>The addresses that a name, or an address in text, means there, and whether a server could listen on
    /// them.</summary>
    /// <returns>Empty when it does not resolve.</returns>
    ValueTask<IReadOnlyList<HostAddress>> ResolveAsync(string name, CancellationToken cancellationToken);

    /// <summary>Listens on a TCP port and greets whoever connects, so that others can try whether they reach it. It
    /// lasts until it is cancelled, and two minutes at most.</summary>
    /// <param name="address">One of the machine's own addresses, in text.</param>
    /// <param name="port">The port.</param>
    /// <param name="greeting">A line that nobody else would send.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">It cannot listen there, or nobody has ended it in time.</exception>
    Task GreetAsync(string address, int port, string greeting, CancellationToken cancellationToken);

    /// <summary>Connects to a TCP port and reads the line it is greeted with.</summary>
    /// <param name="address">The address, or a name that this machine resolves.</param>
    /// <param name="port">The port.</param>
    /// <param name="patience">How long to wait for a connection, and for the line.</param>
    /// <param name="cancellationToken">Ends it.</param>
    ValueTask<PortGreeting> TryReachAsync(
        string address,
        int port,
        TimeSpan patience,
        CancellationToken cancellationToken
    );

    /// <summary>Connects to a unix socket.</summary>
    /// <returns>The connection; null when this host's sockets cannot be reached from here.</returns>
    /// <exception cref="System.Net.Sockets.SocketException">Nobody listens there.</exception>
    ValueTask<Stream?> ConnectAsync(string socket, CancellationToken cancellationToken);
}

/// <summary>An address as a machine sees it.</summary>
/// <param name="Text">The address, for example <c>192.0.2.1</c>.</param>
/// <param name="IsOwn">True for one of the machine's own, and for those that stand for all of them.</param>
public readonly record struct HostAddress(string Text, bool IsOwn);

/// <summary>What came of connecting to a port.</summary>
/// <param name="Line">The line that was read; null when none came.</param>
/// <param name="Problem">Why not, in the system's words; null when there was a line.</param>
public readonly record struct PortGreeting(string? Line, string? Problem);

/// <summary>What can be said of a port.</summary>
public static class PortState
{
    /// <summary>Nobody listens, but a server could not either: the kernel has lent the port to a client's connection,
    /// and keeps it for a minute after that was closed (TIME_WAIT). It happens to ports above 32767, which are for such
    /// use.</summary>
    public const string Lingering = "held by a client's connection, or was until a moment ago";
}
