using System.Net;
using System.Net.Sockets;
using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Hosts.Tests;

public abstract class PortTests(HostUnderTest under) : IDisposable
{
    private readonly IHost _host = under.Host;

    public void Dispose()
    {
        under.Dispose();
        GC.SuppressFinalize(this);
    }

    // Linux, asm-generic/socket.h: what servers in C set. .NET's own ReuseAddress sets both.
    private const int SolSocket = 1,
        SoReuseAddress = 2,
        SoReusePort = 15;

    private static Socket Listener(IPAddress address, params int[] options)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        foreach (var option in options)
        {
            socket.SetRawSocketOption(SolSocket, option, BitConverter.GetBytes(1));
        }

        socket.Bind(new IPEndPoint(address, 0));
        socket.Listen(1);
        return socket;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private async Task IsNamedAsync(Socket listener)
    {
        var holder = await _host.Ports.WhoHoldsAsync(PortOf(listener), CancellationToken.None);
        Assert.StartsWith("used by ", holder, StringComparison.Ordinal);
        Assert.Contains($"(pid {Environment.ProcessId}: ", holder, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bound_socket_is_on_the_list_whether_its_server_answers_or_not()
    {
        // A socket's path is short; a folder of the tests need not be.
        var path = Path.Combine(Path.GetTempPath(), $".pgpoollab-test-{Guid.NewGuid():N}");
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            await Eventually.TrueAsync(IsBoundAsync, "it is on the list");
            Assert.False(await _host.Ports.SocketAnswersAsync(path, CancellationToken.None));
        }

        // A program that is just being started has it, too, for a moment.
        await Eventually.TrueAsync(async () => !await IsBoundAsync(), "it is off the list");
        File.Delete(path);

        async Task<bool> IsBoundAsync() => (await _host.Ports.BoundSocketsAsync(CancellationToken.None)).Contains(path);
    }

    [Fact]
    public async Task Others_can_try_whether_they_reach_a_port_and_see_who_listens_there()
    {
        int port;
        using (var free = Listener(IPAddress.Loopback))
        {
            port = PortOf(free);
        }

        using var end = new CancellationTokenSource();
        var greeting = _host.Ports.GreetAsync("127.0.0.1", port, "it is me", end.Token);
        PortGreeting seen;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (
            (seen = await _host.Ports.TryReachAsync("127.0.0.1", port, TimeSpan.FromMinutes(1), default)).Line is null
        )
        {
            Assert.False(greeting.IsCompleted || clock.Elapsed > TimeSpan.FromMinutes(1), seen.Problem);
        }

        Assert.Equal(new PortGreeting("it is me", null), seen);
        var refused = await Assert.ThrowsAnyAsync<IOException>(() =>
            _host.Ports.GreetAsync("127.0.0.1", port, "another", default)
        );
        Assert.StartsWith($"Nobody can listen on 127.0.0.1 port {port}: ", refused.Message, StringComparison.Ordinal);

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => greeting);
        seen = await _host.Ports.TryReachAsync("127.0.0.1", port, TimeSpan.FromMinutes(1), default);
        Assert.Equal((null, true), (seen.Line, seen.Problem?.Length > 0));
    }

    /// <summary>Whoever asked for it may have been cut off without a word.</summary>
    [Fact]
    public async Task A_port_that_nobody_ends_greeting_at_is_closed_after_a_time()
    {
        int port;
        using (var free = Listener(IPAddress.Loopback))
        {
            port = PortOf(free);
        }

        var ended = await Assert.ThrowsAnyAsync<IOException>(() =>
            PortTrial.GreetAsync("127.0.0.1", port, "hello", default, TimeSpan.FromMilliseconds(1))
        );
        Assert.Equal($"127.0.0.1 port {port} was closed: nobody has said that it is enough.", ended.Message);
        Assert.Null((await _host.Ports.TryReachAsync("127.0.0.1", port, TimeSpan.FromMinutes(1), default)).Line);
    }

    [Fact]
    public async Task Who_listens_and_says_nothing_is_not_waited_for_for_ever()
    {
        using var silent = Listener(IPAddress.Loopback);
        var seen = await _host.Ports.TryReachAsync("127.0.0.1", PortOf(silent), TimeSpan.FromSeconds(1), default);
        Assert.Equal(new PortGreeting(null, "No answer within 1 s."), seen);
    }

    /// <summary>The addresses this machine has: not every one has IPv6.</summary>
    public static TheoryData<string> Addresses =>
        File.Exists("/proc/net/if_inet6") && File.ReadAllText("/proc/net/if_inet6").Length > 0
            ? ["127.0.0.1", "0.0.0.0", "::1"]
            : ["127.0.0.1", "0.0.0.0"];

    [Theory]
    [MemberData(nameof(Addresses))]
    public async Task Who_listens_on_a_port_is_named(string address)
    {
        using var listener = Listener(IPAddress.Parse(address));
        await IsNamedAsync(listener);
    }

    [Theory]
    [MemberData(nameof(Addresses))]
    public void The_kernel_and_its_tables_tell_the_same(string address)
    {
        using var listener = Listener(IPAddress.Parse(address));
        using var client = new TcpClient(listener.AddressFamily);
        client.Connect(
            new IPEndPoint(address == "0.0.0.0" ? IPAddress.Loopback : IPAddress.Parse(address), PortOf(listener))
        );
        var told = Assert.Single(PortTable.ListenersFromProc(PortOf(listener)));
        Assert.Equal(IPAddress.Parse(address), told.Address);
        // Null where the kernel cannot be asked: then its tables are read.
        Assert.Equal([told], SocketDiagnosis.TryListeners(PortOf(listener)) ?? [told]);
        Assert.Empty(SocketDiagnosis.TryListeners(((IPEndPoint)client.Client.LocalEndPoint!).Port) ?? []);
    }

    [Fact]
    public async Task A_server_that_reuses_its_address_as_PostgreSQL_does_is_named()
    {
        using var listener = Listener(IPAddress.Loopback, SoReuseAddress);
        await IsNamedAsync(listener);
    }

    [Fact]
    public async Task A_server_that_would_share_its_port_is_named()
    {
        using var listener = Listener(IPAddress.Loopback, SoReuseAddress, SoReusePort);
        await IsNamedAsync(listener);
    }

    [Fact]
    public async Task A_port_nobody_listens_on_is_free()
    {
        // Somebody else on this machine may take the one port in between, but not five.
        var answers = new List<string?>();
        for (var i = 0; i < 5; i++)
        {
            using var listener = Listener(IPAddress.Loopback);
            var port = PortOf(listener);
            listener.Dispose();
            answers.Add(await _host.Ports.WhoHoldsAsync(port, CancellationToken.None));
        }

        Assert.Contains(null, answers);
    }

    [Fact]
    public async Task Connections_that_linger_after_a_server_has_ended_are_not_in_the_way()
    {
        // As above.
        var answers = new List<string?>();
        for (var i = 0; i < 5; i++)
        {
            using var listener = Listener(IPAddress.Loopback, SoReuseAddress);
            var port = PortOf(listener);
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(IPAddress.Loopback, port);
            var served = await listener.AcceptAsync();
            // Who closes first keeps the connection in TIME_WAIT: the server.
            served.Shutdown(SocketShutdown.Both);
            served.Close();
            listener.Close();
            Assert.Equal(0, await client.ReceiveAsync(new byte[1]));
            client.Close();
            answers.Add(await _host.Ports.WhoHoldsAsync(port, CancellationToken.None));
        }

        Assert.Contains(null, answers);
    }

    [Fact]
    public async Task A_port_the_kernel_has_lent_to_a_client_is_not_free_and_nobody_is_blamed()
    {
        using var listener = Listener(IPAddress.Loopback, SoReuseAddress);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, PortOf(listener));
        using var served = await listener.AcceptAsync();
        var port = PortOf(client);
        Assert.Equal(PortState.Lingering, await _host.Ports.WhoHoldsAsync(port, CancellationToken.None));
        // The client closes first: its port stays in TIME_WAIT.
        client.Shutdown(SocketShutdown.Both);
        client.Close();
        Assert.Equal(0, await served.ReceiveAsync(new byte[1]));
        served.Close();
        Assert.Equal(PortState.Lingering, await _host.Ports.WhoHoldsAsync(port, CancellationToken.None));
    }

    [Theory]
    [MemberData(nameof(Addresses))]
    public async Task Who_receives_on_a_UDP_port_is_named(string address)
    {
        using var socket = new Socket(IPAddress.Parse(address).AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        Assert.Contains(
            $"(pid {Environment.ProcessId}: ",
            await _host.Ports.WhoReceivesAsync(PortOf(socket), CancellationToken.None),
            StringComparison.Ordinal
        );
        // The TCP port of that number is another one.
        var port = PortOf(socket);
        Assert.DoesNotContain(
            Environment.ProcessId.ToString(),
            await _host.Ports.WhoHoldsAsync(port, CancellationToken.None) ?? "",
            StringComparison.Ordinal
        );
        socket.Dispose();
        Assert.DoesNotContain(
            Environment.ProcessId.ToString(),
            await _host.Ports.WhoReceivesAsync(port, CancellationToken.None) ?? "",
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_stranger_on_a_servers_port_is_told_from_the_server_itself()
    {
        using var listener = Listener(IPAddress.Loopback);
        var self = await _host.Processes.FindAsync(Environment.ProcessId, CancellationToken.None);
        Assert.Null(await _host.Ports.WhoElseHoldsAsync(PortOf(listener), [self!], CancellationToken.None));
        // Another process, which does not have that socket.
        using var sleep = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("sleep", ["60"]) { RedirectStandardInput = true }
        )!;
        try
        {
            await Eventually.TrueAsync(
                async () =>
                {
                    var server = await _host.Processes.FindAsync(sleep.Id, CancellationToken.None);
                    return (
                            await _host.Ports.WhoElseHoldsAsync(
                                PortOf(listener),
                                [self!, server!],
                                CancellationToken.None
                            )
                        )
                            is null
                        && (
                            await _host.Ports.WhoElseHoldsAsync(PortOf(listener), [server!], CancellationToken.None)
                        )?.Contains($"(pid {Environment.ProcessId}: ", StringComparison.Ordinal)
                            is true;
                },
                "the stranger is named"
            );
        }
        finally
        {
            sleep.Kill();
        }
    }

    [Fact]
    public async Task A_socket_answers_while_somebody_listens_and_not_when_only_the_file_is_left()
    {
        using var folder = new TemporaryFolder();
        var path = folder[".s.PGSQL.11000"];
        Assert.False(await _host.Ports.SocketAnswersAsync(path, CancellationToken.None));
        using (var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            listener.Bind(new UnixDomainSocketEndPoint(path));
            Assert.False(await _host.Ports.SocketAnswersAsync(path, CancellationToken.None));
            listener.Listen(1);
            Assert.True(await _host.Ports.SocketAnswersAsync(path, CancellationToken.None));
            // .NET removes the file with the socket; a killed server does not.
            File.Move(path, folder["kept"]);
        }

        File.Move(folder["kept"], path);
        Assert.True(File.Exists(path));
        // A program that another test is just starting has what this process had open, until it becomes that program.
        for (var look = 0; look < 500 && await _host.Ports.SocketAnswersAsync(path, CancellationToken.None); look++)
        {
            await Task.Delay(10);
        }

        Assert.False(await _host.Ports.SocketAnswersAsync(path, CancellationToken.None));
    }

    [Fact]
    public async Task A_file_that_is_no_socket_does_not_answer()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");
        Assert.False(await _host.Ports.SocketAnswersAsync(folder["file"], CancellationToken.None));
    }

    [Fact]
    public async Task A_path_too_long_for_a_socket_does_not_answer()
    {
        using var folder = new TemporaryFolder();
        var tooLong = folder[new string('x', 120)];
        File.WriteAllText(tooLong, "");
        Assert.False(await _host.Ports.SocketAnswersAsync(tooLong, CancellationToken.None));
    }
}
