using System.Net;
using System.Net.Sockets;
using PgpoolLab.Hosts.Links;
using PgpoolLab.Model.Links;

namespace PgpoolLab.Hosts.Tests.Links;

/// <summary>A proxy with one link, and the server that it leads to.</summary>
internal sealed class LinkUnderTest : IDisposable
{
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly LinkProxy _proxy;

    private LinkUnderTest(LinkName name)
    {
        _server.Start(200);
        Name = name;
        Port = ((IPEndPoint)_server.LocalEndpoint).Port;
        _proxy = new LinkProxy(TimeProvider.System, e => Failures.Add(e));
    }

    internal static LinkName AnyName { get; } = new(LinkEnd.Client, LinkEnd.Pgpool(3));

    internal LinkName Name { get; }

    internal int Port { get; }

    internal List<Exception> Failures { get; } = [];

    internal LinkProxy Proxy => _proxy;

    internal LabLink Link => new(Name, Port);

    internal IPEndPoint Place => new(IPAddress.Parse(Name.Address), Port);

    internal static async Task<LinkUnderTest> StartAsync()
    {
        var link = new LinkUnderTest(AnyName);
        await link._proxy.LoadAsync([link.Link]);
        return link;
    }

    internal Task SetAsync(LinkCut cut) => SetAsync(new LinkState { Cut = cut });

    internal Task SetAsync(LinkState state, TimeSpan? time = null) => _proxy.SetAsync([Name], state, time);

    internal Task HealAsync() => _proxy.HealAsync([Name]);

    internal async Task<LinkView> LookAsync() => (await _proxy.LookAsync(null))[0];

    /// <summary>Both ends of a new connection through the link.</summary>
    internal async Task<(Socket Client, Socket Server)> ConnectAsync()
    {
        var accept = _server.AcceptSocketAsync();
        var client = await OpenAsync();
        return (client, await accept.WaitAsync(Long));
    }

    /// <summary>A connection to the link, which may not be one to the server.</summary>
    internal async Task<Socket> OpenAsync()
    {
        var client = NewSocket();
        await client.ConnectAsync(Place);
        return client;
    }

    internal Task<Socket> AcceptAsync() => _server.AcceptSocketAsync().WaitAsync(Long);

    internal void StopServer() => _server.Stop();

    internal static Socket NewSocket() =>
        new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    internal static TimeSpan Long => TimeSpan.FromMinutes(2);

    public void Dispose()
    {
        _proxy.Dispose();
        _server.Dispose();
        Assert.Empty(Failures);
    }
}

/// <summary>What tests do with sockets.</summary>
internal static class Sockets
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);

    internal static Task SayAsync(this Socket socket, string text) =>
        socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(text));

    /// <summary>Reads so many bytes.</summary>
    internal static async Task<string> HearAsync(this Socket socket, int count)
    {
        var bytes = new byte[count];
        var read = 0;
        while (read < count)
        {
            var more = await socket.ReceiveAsync(bytes.AsMemory(read)).AsTask().WaitAsync(LinkUnderTest.Long);
            if (more == 0)
            {
                break;
            }

            read += more;
        }

        return System.Text.Encoding.ASCII.GetString(bytes, 0, read);
    }

    /// <summary>True when nothing comes for a while.</summary>
    internal static async Task<bool> IsSilentAsync(this Socket socket)
    {
        using var end = new CancellationTokenSource(Glance);
        try
        {
            // Of no bytes: what comes is not taken.
            await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, end.Token);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
    }

    /// <summary>Reads to the end, and what there was.</summary>
    /// <returns>The bytes, and the error; null for a good end.</returns>
    internal static async Task<(int Bytes, SocketError? Error)> DrainAsync(this Socket socket)
    {
        var bytes = new byte[1 << 16];
        var all = 0;
        try
        {
            while (await socket.ReceiveAsync(bytes).WaitAsync(LinkUnderTest.Long) is > 0 and var read)
            {
                all += read;
            }

            return (all, null);
        }
        catch (SocketException error)
        {
            return (all, error.SocketErrorCode);
        }
    }
}
