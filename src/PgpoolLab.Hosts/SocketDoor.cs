using System.Net.Sockets;

namespace PgpoolLab.Hosts;

/// <summary>A unix socket of this machine that leads to one of another: each connection to it is carried there. Only
/// its own user can enter the folder it lies in, which goes with it.</summary>
public sealed class SocketDoor : IAsyncDisposable
{
    private const int Waiting = 16;
    private readonly Socket _listener;
    private readonly Func<CancellationToken, ValueTask<Stream?>> _connect;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _work;

    private SocketDoor(string folder, Socket listener, Func<CancellationToken, ValueTask<Stream?>> connect)
    {
        (Folder, _listener, _connect) = (folder, listener, connect);
        _work = AcceptAsync();
    }

    /// <summary>The folder it lies in.</summary>
    public string Folder { get; }

    /// <summary>Opens one in a new folder.</summary>
    /// <param name="name">The socket's name: programs look for it by that.</param>
    /// <param name="connect">Connects to the other one; null when that cannot be.</param>
    /// <exception cref="IOException">No folder can be made.</exception>
    public static SocketDoor Open(string name, Func<CancellationToken, ValueTask<Stream?>> connect)
    {
        // Made for its owner alone.
        var folder = Directory.CreateTempSubdirectory("pgpoollab-").FullName;
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            listener.Bind(new UnixDomainSocketEndPoint($"{folder}/{name}"));
            listener.Listen(Waiting);
            return new SocketDoor(folder, listener, connect);
        }
        catch
        {
            listener.Dispose();
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    private async Task AcceptAsync()
    {
        var carried = new List<Task>();
        try
        {
            while (true)
            {
                carried.Add(CarryAsync(await _listener.AcceptAsync(_end.Token)));
                carried.RemoveAll(c => c.IsCompleted);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It was closed.
        }

        await Task.WhenAll(carried);
    }

    private async Task CarryAsync(Socket accepted)
    {
        await using var here = new NetworkStream(accepted, ownsSocket: true);
        try
        {
            if (await _connect(_end.Token) is not { } connection)
            {
                return;
            }

            await using var there = connection;
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
            var copying = new[] { here.CopyToAsync(there, either.Token), there.CopyToAsync(here, either.Token) };
            // When one side has closed it, nobody waits for the other one.
            await Task.WhenAny(copying);
            await either.CancelAsync();
            await ((Task)Task.WhenAll(copying)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception error)
            when (error is IOException or SocketException or OperationCanceledException or Model.LabException)
        {
            // Whoever has connected sees the connection closed.
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Dispose();
        await _work;
        _end.Dispose();
        try
        {
            Directory.Delete(Folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Somebody else has removed it, or is just removing it.
        }
    }
}
