using System.Diagnostics;
using System.Net.Sockets;
using PgpoolLab.Model.Links;

namespace PgpoolLab.Hosts.Tests.Links;

/// <summary>Each state of a link, for connections that are there and for new ones.</summary>
public sealed class LinkStateTests
{
    [Fact]
    public async Task A_whole_link_passes_on_bytes_and_ends_both_ways()
    {
        using var link = await LinkUnderTest.StartAsync();
        var (client, server) = await link.ConnectAsync();
        using (client)
        using (server)
        {
            await client.SayAsync("question");
            Assert.Equal("question", await server.HearAsync(8));
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("", await server.HearAsync(1));
            await server.SayAsync("answer after the end");
            Assert.Equal("answer after the end", await client.HearAsync(20));
            server.Shutdown(SocketShutdown.Send);
            Assert.Equal((0, null), await client.DrainAsync());
        }

        await Eventually.TrueAsync(
            async () => await link.LookAsync() is { Connections: 0, BytesForth: 8, BytesBack: 20 },
            "the connection is closed, and was counted"
        );
    }

    [Fact]
    public async Task A_reset_of_either_side_reaches_the_other()
    {
        using var link = await LinkUnderTest.StartAsync();
        foreach (var byClient in (bool[])[true, false])
        {
            var (client, server) = await link.ConnectAsync();
            var (one, other) = byClient ? (client, server) : (server, client);
            one.LingerState = new LingerOption(true, 0);
            one.Close();
            Assert.Equal((0, SocketError.ConnectionReset), await other.DrainAsync());
            other.Dispose();
        }
    }

    [Fact]
    public async Task Who_connects_while_nobody_listens_behind_the_link_is_reset()
    {
        using var link = await LinkUnderTest.StartAsync();
        link.StopServer();
        using var client = LinkUnderTest.NewSocket();
        // The reset may come before the system has told that it is connected.
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            await client.ConnectAsync(link.Place);
            await client.ReceiveAsync(new byte[1]).WaitAsync(LinkUnderTest.Long);
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    [Fact]
    public async Task Through_a_stalled_link_nothing_moves_and_nothing_is_lost()
    {
        using var link = await LinkUnderTest.StartAsync();
        var (client, server) = await link.ConnectAsync();
        using var _ = client;
        using var __ = server;
        await link.SetAsync(LinkCut.Stall);
        await client.SayAsync("old");
        client.Shutdown(SocketShutdown.Send);
        using var late = await link.OpenAsync();
        await late.SayAsync("new");
        Assert.True(await server.IsSilentAsync());
        Assert.True(await late.IsSilentAsync());
        Assert.Equal("stall", (await link.LookAsync()).State);

        await link.HealAsync();
        Assert.Equal("old", await server.HearAsync(4));
        using var accepted = await link.AcceptAsync();
        Assert.Equal("new", await accepted.HearAsync(3));
    }

    [Fact]
    public async Task A_hole_answers_nobody_who_connects_and_lets_him_in_when_it_is_healed()
    {
        using var link = await LinkUnderTest.StartAsync();
        var (client, server) = await link.ConnectAsync();
        using var _ = client;
        using var __ = server;
        // Twice, and again: it is as it was each time.
        for (var i = 0; i < 2; i++)
        {
            await link.SetAsync(LinkCut.Hole);
            await link.SetAsync(LinkCut.Hole);
            await client.SayAsync("x");
            using var late = LinkUnderTest.NewSocket();
            var connects = late.ConnectAsync(link.Place);
            Assert.True(await server.IsSilentAsync());
            Assert.False(connects.IsCompleted);
            await link.HealAsync();
            Assert.Equal("x", await server.HearAsync(1));
            // By its next try: Linux makes it after a second, after two more, after four more.
            await connects.WaitAsync(LinkUnderTest.Long);
            using var accepted = await link.AcceptAsync();
            await late.SayAsync("late");
            Assert.Equal("late", await accepted.HearAsync(4));
        }
    }

    [Fact]
    public async Task A_link_that_refuses_resets_what_is_there_and_is_whole_afterwards()
    {
        using var link = await LinkUnderTest.StartAsync();
        foreach (var before in (LinkCut[])[LinkCut.None, LinkCut.Stall, LinkCut.Hole])
        {
            var (client, server) = await link.ConnectAsync();
            await link.SetAsync(before);
            await link.SetAsync(LinkCut.Refuse);
            Assert.Equal((0, SocketError.ConnectionReset), await client.DrainAsync());
            Assert.Equal((0, SocketError.ConnectionReset), await server.DrainAsync());
            var refused = await Assert.ThrowsAsync<SocketException>(link.OpenAsync);
            Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
            await link.HealAsync();
            client.Dispose();
            server.Dispose();
        }

        var (again, its) = await link.ConnectAsync();
        await again.SayAsync("again");
        Assert.Equal("again", await its.HearAsync(5));
        again.Dispose();
        its.Dispose();
    }

    [Fact]
    public async Task A_reset_ends_connections_once()
    {
        using var link = await LinkUnderTest.StartAsync();
        var (client, server) = await link.ConnectAsync();
        await link.Proxy.ResetAsync(null);
        Assert.Equal((0, SocketError.ConnectionReset), await client.DrainAsync());
        Assert.Equal((0, SocketError.ConnectionReset), await server.DrainAsync());
        client.Dispose();
        server.Dispose();
        var (again, its) = await link.ConnectAsync();
        await again.SayAsync("again");
        Assert.Equal("again", await its.HearAsync(5));
        again.Dispose();
        its.Dispose();
    }

    [Theory]
    [InlineData(LinkCut.Half)]
    [InlineData(LinkCut.HalfBack)]
    public async Task Of_half_a_link_one_direction_is_left(LinkCut cut)
    {
        using var link = await LinkUnderTest.StartAsync();
        var (client, server) = await link.ConnectAsync();
        using var _ = client;
        using var __ = server;
        await link.SetAsync(cut);
        var (mute, heard) = cut is LinkCut.Half ? (client, server) : (server, client);
        await mute.SayAsync("lost");
        await heard.SayAsync("heard");
        Assert.Equal("heard", await mute.HearAsync(5));
        Assert.True(await heard.IsSilentAsync());
        await link.HealAsync();
        Assert.Equal("lost", await heard.HearAsync(4));
    }

    [Fact]
    public async Task Latency_makes_a_round_trip_longer_by_itself()
    {
        using var link = await LinkUnderTest.StartAsync();
        var (client, server) = await link.ConnectAsync();
        using var _ = client;
        using var __ = server;
        await link.SetAsync(new LinkState { Latency = TimeSpan.FromMilliseconds(80) });
        var clock = Stopwatch.StartNew();
        await client.SayAsync("1");
        await server.HearAsync(1);
        Assert.True(clock.ElapsedMilliseconds >= 39, $"it took {clock.Elapsed}");
        await server.SayAsync("2");
        await client.HearAsync(1);
        Assert.True(clock.ElapsedMilliseconds >= 79, $"it took {clock.Elapsed}");
    }

    [Fact]
    public async Task What_is_on_its_way_arrives_at_once_when_the_latency_ends()
    {
        using var link = await LinkUnderTest.StartAsync();
        var (client, server) = await link.ConnectAsync();
        using var _ = client;
        using var __ = server;
        await link.SetAsync(new LinkState { Latency = TimeSpan.FromMinutes(30) });
        await client.SayAsync("before ");
        Assert.True(await server.IsSilentAsync());
        await link.HealAsync();
        await client.SayAsync("after");
        Assert.Equal("before after", await server.HearAsync(12));
    }

    [Fact]
    public async Task A_rate_is_kept_and_loses_nothing()
    {
        using var link = await LinkUnderTest.StartAsync();
        var (client, server) = await link.ConnectAsync();
        using var _ = client;
        using var __ = server;
        await link.SetAsync(new LinkState { Rate = 100_000 });
        var clock = Stopwatch.StartNew();
        var sent = client.SendAsync(new byte[50_000]);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal((50_000, null), await server.DrainAsync());
        await sent;
        Assert.True(clock.ElapsedMilliseconds >= 490, $"it took {clock.Elapsed}");
    }

    [Fact]
    public async Task A_connection_is_cut_after_so_many_bytes()
    {
        using var link = await LinkUnderTest.StartAsync();
        var (client, server) = await link.ConnectAsync();
        await client.SayAsync("before");
        await server.HearAsync(6);
        await link.SetAsync(new LinkState { CutAfter = 1000 });
        await client.SendAsync(new byte[700]);
        await server.HearAsync(700);
        await client.SendAsync(new byte[5000]);
        var (bytes, error) = await server.DrainAsync();
        Assert.Equal((300, SocketError.ConnectionReset), (bytes, error!.Value));
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public async Task A_link_that_flaps_is_cut_as_often_as_was_said_and_whole_then()
    {
        using var link = await LinkUnderTest.StartAsync();
        var flap = new LinkFlap(TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(50), 3);
        var clock = Stopwatch.StartNew();
        await link.SetAsync(new LinkState { Cut = LinkCut.Refuse, Flap = flap });
        var refused = await Assert.ThrowsAsync<SocketException>(link.OpenAsync);
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        await Eventually.TrueAsync(async () => (await link.LookAsync()).State == "open", "it is whole");
        // Three times cut, twice whole in between.
        Assert.True(clock.ElapsedMilliseconds >= 249, $"it took {clock.Elapsed}");
        var (client, server) = await link.ConnectAsync();
        client.Dispose();
        server.Dispose();
    }

    [Fact]
    public async Task It_heals_by_itself_after_its_time_unless_it_was_changed_meanwhile()
    {
        using var link = await LinkUnderTest.StartAsync();
        await link.SetAsync(new LinkState { Cut = LinkCut.Stall }, TimeSpan.FromMilliseconds(100));
        Assert.NotNull((await link.LookAsync()).Until);
        await Eventually.TrueAsync(async () => (await link.LookAsync()).State == "open", "it is whole");

        await link.SetAsync(new LinkState { Cut = LinkCut.Stall }, TimeSpan.FromMilliseconds(100));
        await link.SetAsync(LinkCut.Hole);
        await Task.Delay(200);
        Assert.Equal("hole", (await link.LookAsync()).State);
    }

    [Fact]
    public async Task Who_sends_faster_than_the_other_reads_is_held_back()
    {
        using var link = await LinkUnderTest.StartAsync();
        var (client, server) = await link.ConnectAsync();
        using var _ = client;
        using var __ = server;
        const int most = 256 << 20;
        client.Blocking = false;
        var part = new byte[1 << 16];
        var sent = 0L;
        var stuck = Stopwatch.StartNew();
        while (sent < most && stuck.Elapsed < TimeSpan.FromSeconds(1))
        {
            var taken = client.Send(part, 0, part.Length, SocketFlags.None, out var error);
            if (error is SocketError.Success)
            {
                sent += taken;
                stuck.Restart();
            }
            else
            {
                await Task.Delay(1);
            }
        }

        Assert.InRange(sent, 1, most - 1);
        client.Shutdown(SocketShutdown.Send);
        var (read, end) = await server.DrainAsync();
        Assert.Null(end);
        Assert.Equal(sent, read);
    }

    [Fact]
    public async Task A_hundred_connections_change_at_one_moment()
    {
        using var link = await LinkUnderTest.StartAsync();
        var all = new List<(Socket Client, Socket Server)>();
        for (var i = 0; i < 100; i++)
        {
            all.Add(await link.ConnectAsync());
        }

        var times = new List<double>();
        foreach (var cut in (LinkCut[])[LinkCut.Stall, LinkCut.None, LinkCut.Hole, LinkCut.None, LinkCut.Refuse])
        {
            var clock = Stopwatch.StartNew();
            await link.SetAsync(cut);
            times.Add(clock.Elapsed.TotalMilliseconds);
        }

        foreach (var (client, server) in all)
        {
            Assert.Equal((0, SocketError.ConnectionReset), await client.DrainAsync());
            client.Dispose();
            server.Dispose();
        }

        // 5 ms on a quiet machine (bench/links); here others are at work.
        Assert.True(times.Min() < 50, string.Join(", ", times));
    }
}
