using Xunit;

namespace Orders.Tests;

/// <summary>Standbys answer, and they are behind.</summary>
public sealed class FreshnessTests(ShopLab lab) : ShopTest(lab)
{
    /// <summary>Longer than a test takes: what it writes no standby knows before it ends.</summary>
    private static readonly TimeSpan Late = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Customers_see_what_they_have_just_ordered()
    {
        await using var first = await Lab.Nodes[1].LagAsync(Late, Cancellation);
        await using var second = await Lab.Nodes[2].LagAsync(Late, Cancellation);
        var tea = Order.Of("Ann", "tea");
        // Sent twice, as by a double click. To look first whether it is there would ask a standby.
        var receipts = await Task.WhenAll(Shop.PlaceAsync(tea, Cancellation), Shop.PlaceAsync(tea, Cancellation));
        Assert.Equal(receipts[0].Number, receipts[1].Number);

        // The trap: a standby answers, which does not know it yet.
        Assert.Empty(await Shop.HistoryAsync("Ann", Cancellation));
        // One remedy: a comment has Pgpool-II ask the primary.
        Assert.Equal([tea], await Shop.CurrentAsync("Ann", Cancellation));
        // Another: a transaction that has written.
        var cake = Order.Of("Ann", "cake");
        Assert.Equal([tea, cake], await Shop.CheckOutAsync([cake], Cancellation));
        Assert.Empty(await Shop.HistoryAsync("Ann", Cancellation));
    }
}
