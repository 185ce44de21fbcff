using System.Net.Sockets;
using PgpoolLab.Ssh.Files;
using PgpoolLab.Ssh.Keys;
using Renci.SshNet;
using Renci.SshNet.Common;

namespace PgpoolLab.Ssh;

/// <summary>One connection to one host, with somebody logged in.</summary>
internal sealed class SshConnection : IAsyncDisposable
{
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(10);
    private readonly SshConnection? _way;
    private readonly ForwardedPortLocal? _forwarding;

    private SshConnection(string name, SshSettings settings, SshClient client, Way way, IReadOnlyList<string> notes)
    {
        Name = name;
        Settings = settings;
        Client = client;
        Notes = [.. way.Last?.Notes ?? [], .. settings.Notes, .. notes];
        (_way, _forwarding) = (way.Last, way.Forwarding);
    }

    /// <summary>What the host is called.</summary>
    internal string Name { get; }

    /// <summary>What ssh's configuration says of it.</summary>
    internal SshSettings Settings { get; }

    /// <summary>What was not done on the way here, for people.</summary>
    internal IReadOnlyList<string> Notes { get; }

    /// <summary>The library's side.</summary>
    internal SshClient Client { get; }

    /// <summary>Connects, makes sure of the host, and logs in.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="settings">What ssh's configuration says of it.</param>
    /// <param name="last">The last host on the way there. It is closed with this connection, also when none comes
    /// about.</param>
    /// <param name="options">How hosts are reached.</param>
    /// <param name="ring">Keys that are open.</param>
    /// <param name="cancellationToken">Gives up.</param>
    internal static async Task<SshConnection> OpenAsync(
        string name,
        SshSettings settings,
        SshConnection? last,
        SshOptions options,
        KeyRing ring,
        CancellationToken cancellationToken
    )
    {
        var way = new Way(last, null);
        try
        {
            way = last is null ? way : new Way(last, last.Forward(settings));
            var guard = new HostKeyGuard(name, settings, options, ring);
            while (true)
            {
                var login = await LoginKeys.CollectAsync(settings, options.Home.UserId, ring, cancellationToken);
                var attempt = new SshAttempt(name, settings, guard, login, options, way.Last?.Name);
                var addresses = await way.AddressesAsync(settings, options, cancellationToken);
                var answers = ring.Answers;
                try
                {
                    if (await ConnectAsync(attempt, addresses, cancellationToken) is { } client)
                    {
                        return new SshConnection(name, settings, client, way, guard.Notes);
                    }
                }
                catch (HostUnreachableException) when (ring.Answers != answers)
                {
                    // Somebody looked for a passphrase for longer than the host lets anybody take (LoginGraceTime). The
                    // key is open now.
                    continue;
                }

                // The host has shown a key that nobody knows: a person takes more time for that than any connection
                // has.
                await guard.DecideAsync(cancellationToken);
            }
        }
        catch
        {
            await way.CloseAsync();
            throw;
        }
    }

    /// <summary>A name may have several addresses, of which the first does not always answer.</summary>
    private static async Task<SshClient?> ConnectAsync(
        SshAttempt attempt,
        IReadOnlyList<(string Host, int Port)> addresses,
        CancellationToken cancellationToken
    )
    {
        foreach (var address in addresses.SkipLast(1))
        {
            try
            {
                return await attempt.RunAsync(address, cancellationToken);
            }
            catch (HostUnreachableException error)
                when (error.InnerException is SocketException or OperationCanceledException)
            {
                // Perhaps another one does.
            }
        }

        return await attempt.RunAsync(addresses[^1], cancellationToken);
    }

    private ForwardedPortLocal Forward(SshSettings target)
    {
        var port = new ForwardedPortLocal("127.0.0.1", target.HostName, (uint)target.Port);
        Client.AddForwardedPort(port);
        port.Exception += (_, _) => { };
        port.Start();
        return port;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync(Client);
        await new Way(_way, _forwarding).CloseAsync();
    }

    /// <summary>To take leave of a host that does not answer may take the library long; nobody waits for
    /// that.</summary>
    private static async Task CloseAsync(IDisposable closed)
    {
        try
        {
            await RemoteProgram.OnItsThread(closed.Dispose).WaitAsync(EndPatience);
        }
        catch (Exception error)
            when (error is TimeoutException or SshException or IOException or ObjectDisposedException)
        {
            // It is given up, and was of no use any more.
        }
    }

    /// <summary>How a host is reached: at once, or by a port here that leads there from another host.</summary>
    private readonly record struct Way(SshConnection? Last, ForwardedPortLocal? Forwarding)
    {
        internal async Task<IReadOnlyList<(string Host, int Port)>> AddressesAsync(
            SshSettings target,
            SshOptions options,
            CancellationToken cancellationToken
        )
        {
            if (Forwarding is { } port)
            {
                return [(port.BoundHost, (int)port.BoundPort)];
            }

            try
            {
                var addresses = await options
                    .Resolve(target.HostName, cancellationToken)
                    .WaitAsync(options.ConnectTimeout ?? target.ConnectTimeout, cancellationToken);
                return addresses.Length == 0
                    ? [(target.HostName, target.Port)]
                    : [.. addresses.Select(a => (a.ToString(), target.Port))];
            }
            catch (Exception error) when (error is SocketException or TimeoutException)
            {
                // Connecting fails in the same way, which is reported there.
                return [(target.HostName, target.Port)];
            }
        }

        internal async Task CloseAsync()
        {
            if (Forwarding is { } port)
            {
                await SshConnection.CloseAsync(port);
            }

            if (Last is { } last)
            {
                await last.DisposeAsync();
            }
        }
    }
}
