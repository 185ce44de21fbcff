using Xunit;

namespace Orders.Tests;

/// <summary>Who gets no answer does not know whether the order is placed, and sends it again.</summary>
public sealed class RepeatTests(ShopLab lab) : ShopTest(lab)
{
    [Fact]
    public async Task An_order_that_is_sent_eight_times_is_placed_once()
    {
        var tea = Order.Of("Ann", "tea");
        var receipts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Shop.PlaceAsync(tea, Cancellation)));
        Assert.Single(receipts.Select(r => r.Number).Distinct());
        Assert.Equal([tea], await Shop.CurrentAsync("Ann", Cancellation));
    }
}
