using System.Net.Sockets;
using System.Security.Cryptography;
using CsCheck;
using PgpoolLab.Hosts.Tests.Links;
using PgpoolLab.Model.Links;

namespace PgpoolLab.Hosts.Tests.Properties;

public sealed class LinkProperties
{
    private static readonly Gen<LinkState> AnyStateThatLosesNothing = Gen.OneOf(
        Gen.Const(LinkState.Open),
        Gen.Int[0, 3]
            .Select(i => new LinkState
            {
                Cut = ((LinkCut[])[LinkCut.Stall, LinkCut.Hole, LinkCut.Half, LinkCut.HalfBack])[i],
            }),
        Gen.Select(
            Gen.Int[0, 8],
            Gen.Int[0, 8],
            (latency, jitter) =>
                new LinkState
                {
                    Latency = TimeSpan.FromMilliseconds(latency),
                    Jitter = TimeSpan.FromMilliseconds(Math.Min(jitter, latency)),
                }
        ),
        Gen.Int[1, 50].Select(r => new LinkState { Rate = r * 100_000L })
    );

    [Fact]
    public Task However_bytes_come_and_whatever_the_link_does_they_arrive_in_their_order_both_ways() =>
        Gen.Select(Gen.Int[1, 40_000].Array[1, 12], AnyStateThatLosesNothing.Array[1, 8])
            .SampleAsync(
                async sample =>
                {
                    var (parts, states) = sample;
                    using var link = await LinkUnderTest.StartAsync();
                    var (client, server) = await link.ConnectAsync();
                    using var _ = client;
                    using var __ = server;
                    var ways = Task.WhenAll(PassAsync(client, server, parts), PassAsync(server, client, parts));
                    foreach (var state in states)
                    {
                        await link.SetAsync(state);
                        await Task.Delay(1);
                    }

                    await link.HealAsync();
                    await ways.WaitAsync(LinkUnderTest.Long);
                },
                iter: Any.Few,
                threads: 1
            );

    private static async Task PassAsync(Socket from, Socket to, int[] parts)
    {
        var all = RandomNumberGenerator.GetBytes(parts.Sum());
        var sends = Task.Run(async () =>
        {
            var at = 0;
            foreach (var part in parts)
            {
                for (var end = at + part; at < end; )
                {
                    at += await from.SendAsync(all.AsMemory(at, end - at));
                }
            }

            from.Shutdown(SocketShutdown.Send);
        });
        var got = new List<byte>();
        var buffer = new byte[10_000];
        while (await to.ReceiveAsync(buffer) is > 0 and var read)
        {
            got.AddRange(buffer[..read]);
        }

        await sends;
        Assert.Equal(all, got);
    }
}
