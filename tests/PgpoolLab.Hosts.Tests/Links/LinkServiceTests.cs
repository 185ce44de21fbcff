using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using PgpoolLab.Hosts.Links;
using PgpoolLab.Model.Links;

namespace PgpoolLab.Hosts.Tests.Links;

/// <summary>What the proxy can be told by its socket.</summary>
public sealed class LinkServiceTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly CancellationTokenSource _end = new();
    private LinkUnderTest _link = null!;
    private Task _service = Task.CompletedTask;

    private string Path => $"{_folder.Path}/links.sock";

    public async ValueTask InitializeAsync()
    {
        _link = await LinkUnderTest.StartAsync();
        _service = new LinkService(_link.Proxy, [_link.Link], "0123abcd").RunAsync(
            Path,
            TimeProvider.System,
            _end.Token
        );
        await Eventually.TrueAsync(() => File.Exists(Path) || _service.IsCompleted, "it listens");
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _service;
        _link.Dispose();
        _end.Dispose();
        _folder.Dispose();
    }

    private sealed class Controller : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private StreamReader _reader = null!;

        internal static async Task<Controller> ConnectAsync(string path)
        {
            var controller = new Controller();
            await controller._socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
            controller._reader = new StreamReader(new NetworkStream(controller._socket));
            return controller;
        }

        internal async Task<LinkReply?> AskAsync(string line)
        {
            await _socket.SendAsync(Encoding.UTF8.GetBytes(line + "\n"));
            return await HearAsync();
        }

        internal Task<int> SendAsync(byte[] bytes) => _socket.SendAsync(bytes);

        internal async Task<LinkReply?> HearAsync() =>
            await _reader.ReadLineAsync().WaitAsync(LinkUnderTest.Long) is { } answer
                ? JsonSerializer.Deserialize(answer, LinkJson.Default.LinkReply)
                : null;

        public void Dispose()
        {
            _socket.Dispose();
            _reader.Dispose();
        }
    }

    private string Set(string state) => $$"""{"do":"set","links":["{{_link.Name}}"],"state":{{state}}}""";

    [Fact]
    public async Task It_answers_when_it_is_so_with_the_links_as_they_are_then()
    {
        using var controller = await Controller.ConnectAsync(Path);
        var reply = await controller.AskAsync(
            Set(
                """{"cut":"stall","latencyMs":50,"jitterMs":5,"rate":1000,"cutAfter":7"""
                    + ""","flap":{"onMs":1e5,"offMs":1e5,"times":2}}"""
            )
        );
        Assert.Equal(("0123abcd", Environment.ProcessId), (reply!.Lab, reply.ProcessId));
        var view = Assert.Single(reply.Links);
        Assert.Equal("stall, 100s on, 100s off, 2 times, 50ms ± 5ms, 1000 B/s, reset after 7 B", view.State);
        Assert.Equal(view, await _link.LookAsync());
        reply = await controller.AskAsync("""{"do":"heal"}""");
        Assert.Equal("open", Assert.Single(reply!.Links).State);
    }

    [Theory]
    [InlineData("{x", "The line is not understood")]
    [InlineData("null", "must be an object")]
    [InlineData("""{"do":"dance"}""", "The line is not understood")]
    [InlineData("""{"do":"set"}""", "Say which state")]
    [InlineData("""{"do":"set","state":{"cut":"melt"}}""", "'melt' is no way to cut a link")]
    [InlineData("""{"do":"set","state":{"latencyMs":-1}}""", "is no time")]
    [InlineData("""{"do":"set","state":{"rate":0}}""", "at least one byte")]
    [InlineData("""{"do":"set","state":{"flap":{"onMs":1,"offMs":1,"times":1}}}""", "needs a way")]
    [InlineData("""{"do":"heal","links":["node0"]}""", "'node0' is no link")]
    [InlineData("""{"do":"heal","links":["node7->node8"]}""", "There is no link node7->node8")]
    [InlineData("""{"do":"reload","table":{"node0->node1":70000}}""", "70000 is no port")]
    public async Task What_makes_no_sense_is_refused_and_changes_nothing(string line, string reason)
    {
        using var controller = await Controller.ConnectAsync(Path);
        var reply = await controller.AskAsync(line);
        Assert.Contains(reason, reply!.Error, StringComparison.Ordinal);
        // The same connection goes on.
        Assert.Equal("open", Assert.Single((await controller.AskAsync("""{"do":"look"}"""))!.Links).State);
    }

    [Fact]
    public async Task A_line_without_an_end_ends_its_connection_alone()
    {
        using var other = await Controller.ConnectAsync(Path);
        using var controller = await Controller.ConnectAsync(Path);
        var part = Enumerable.Repeat((byte)'x', 1 << 18).ToArray();
        try
        {
            for (var i = 0; i < 8; i++)
            {
                await controller.SendAsync(part);
            }

            Assert.Contains("line without an end", (await controller.HearAsync())!.Error, StringComparison.Ordinal);
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            // It was closed while more came.
        }

        Assert.Null((await other.AskAsync("""{"do":"look"}"""))!.Error);
    }

    [Fact]
    public async Task What_a_holder_has_done_is_healed_when_he_goes_and_what_others_have_done_stays()
    {
        var second = new LabLink(new LinkName(LinkEnd.Client, LinkEnd.Pgpool(4)), _link.Port);
        await _link.Proxy.LoadAsync([_link.Link, second]);
        using var other = await Controller.ConnectAsync(Path);
        await other.AskAsync($$$"""{"do":"set","links":["{{{second.Name}}}"],"state":{"cut":"hole"}}""");
        using (var holder = await Controller.ConnectAsync(Path))
        {
            await holder.AskAsync("""{"do":"hold"}""");
            var reply = await holder.AskAsync(Set("""{"cut":"stall"}"""));
            Assert.True(Assert.Single(reply!.Links).IsHeld);
        }

        await Eventually.TrueAsync(async () => (await _link.LookAsync()).State == "open", "it is healed");
        Assert.Equal(["open", "hole"], (await _link.Proxy.LookAsync(null)).Select(l => l.State));
    }

    [Fact]
    public async Task What_another_one_has_done_since_is_not_healed_when_a_holder_goes()
    {
        using var other = await Controller.ConnectAsync(Path);
        using (var holder = await Controller.ConnectAsync(Path))
        {
            await holder.AskAsync("""{"do":"hold"}""");
            await holder.AskAsync(Set("""{"cut":"stall"}"""));
            await other.AskAsync(Set("""{"cut":"hole"}"""));
        }

        await Task.Delay(100);
        Assert.Equal("hole", (await _link.LookAsync()).State);
    }

    [Fact]
    public async Task It_ends_when_it_is_told_to_and_listens_nowhere_when_it_says_so()
    {
        using var controller = await Controller.ConnectAsync(Path);
        Assert.Empty((await controller.AskAsync("""{"do":"end"}"""))!.Links);
        await Assert.ThrowsAsync<SocketException>(_link.OpenAsync);
        await _service.WaitAsync(LinkUnderTest.Long);
        Assert.False(File.Exists(Path));
    }

    [Fact]
    public async Task It_ends_when_its_socket_is_gone()
    {
        File.Delete(Path);
        await _service.WaitAsync(LinkUnderTest.Long);
    }

    [Fact]
    public async Task It_ends_when_another_one_has_taken_its_place_and_leaves_that_ones_socket()
    {
        File.Delete(Path);
        await File.WriteAllTextAsync(Path, "");
        await _service.WaitAsync(LinkUnderTest.Long);
        Assert.True(File.Exists(Path));
    }

    [Fact]
    public async Task Links_come_and_go_and_those_that_stay_keep_their_state()
    {
        using var controller = await Controller.ConnectAsync(Path);
        await controller.AskAsync(Set("""{"cut":"stall"}"""));
        var reply = await controller.AskAsync(
            $$$"""{"do":"reload","table":{"{{{_link.Name}}}":{{{_link.Port}}},"client->pgpool4":{{{_link.Port}}}}}"""
        );
        Assert.Equal(["stall", "open"], reply!.Links.Select(l => l.State));
        reply = await controller.AskAsync($$$"""{"do":"reload","table":{"client->pgpool4":{{{_link.Port}}}}}""");
        Assert.Equal(["client->pgpool4"], reply!.Links.Select(l => l.Link));
        await Assert.ThrowsAsync<SocketException>(_link.OpenAsync);
    }
}
