using Npgsql;
using Xunit;

namespace Orders.Tests;

public sealed class FailoverTests(ShopLab lab) : ShopTest(lab)
{
    [Fact]
    public async Task No_order_is_lost_or_doubled_when_the_primary_dies()
    {
        await using var crowd = new Crowd(Shop, Cancellation);
        await crowd.OrdersAsync(100, Cancellation);
        var primary = await Lab.PrimaryAsync(Cancellation);
        await primary.KillAsync(Cancellation); // returns when a standby has taken over
        await crowd.OrdersAsync(100, Cancellation);
        var receipts = await crowd.GoHomeAsync();

        Assert.Contains(receipts.SelectMany(r => r), r => r.Attempts > 1); // it did die while they ordered
        foreach (var ofCustomer in receipts)
        {
            var placed = ofCustomer.Select(r => r.Order);
            Assert.Equal(placed, await Shop.CurrentAsync(ofCustomer[0].Order.Customer, Cancellation));
        }
    }

    [Fact]
    public async Task The_connection_pool_recovers_after_a_failover()
    {
        await FillPoolAsync();
        var primary = await Lab.PrimaryAsync(Cancellation);
        await primary.KillAsync(Cancellation);

        // The trap: the pool's connections are those of before, and it finds out when one is used.
        await using (var command = Pool.CreateCommand("SELECT 1"))
        {
            await Assert.ThrowsAnyAsync<NpgsqlException>(() => command.ExecuteScalarAsync(Cancellation));
        }

        // The remedy: the service tries again.
        await PlaceAsync(16);
        // The node comes back as a standby. From then on everything succeeds at once.
        await primary.RecoverAsync(Cancellation);
        Assert.All(await PlaceAsync(16), r => Assert.Equal(1, r.Attempts));
    }

    /// <summary>Leaves idle connections behind, as a program has them that has been used.</summary>
    private async Task FillPoolAsync()
    {
        var connections = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Pool.OpenConnectionAsync(Cancellation).AsTask())
        );
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }
    }

    private Task<Receipt[]> PlaceAsync(int count) =>
        Task.WhenAll(Enumerable.Range(0, count).Select(n => Shop.PlaceAsync(Order.Of("Ann", $"{n}"), Cancellation)));
}
