using System.Threading.Channels;

namespace Orders.Tests;

/// <summary>Customers who order at the same time, each one order after the other, until the shop closes.</summary>
internal sealed class Crowd : IAsyncDisposable
{
    private static readonly string[] Names = ["Ann", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana"];

    /// <summary>How long a customer thinks about the next order; without that, the machine does nothing else.</summary>
    private static readonly TimeSpan Thought = TimeSpan.FromMilliseconds(5);

    private readonly CancellationTokenSource _closing = new();
    private readonly Channel<Receipt> _receipts = Channel.CreateUnbounded<Receipt>();
    private readonly Task<IReadOnlyList<Receipt>>[] _customers;

    internal Crowd(OrderService shop, CancellationToken cancellation) =>
        _customers = [.. Names.Select(name => OrderAsync(shop, name, cancellation))];

    /// <summary>Waits until so many orders more are placed.</summary>
    internal async Task OrdersAsync(int more, CancellationToken cancellation)
    {
        while (_receipts.Reader.TryRead(out _)) { }

        for (var seen = 0; seen < more; seen++)
        {
            await _receipts.Reader.ReadAsync(cancellation);
        }
    }

    /// <summary>Closes the shop; who is ordering may end that.</summary>
    /// <returns>The receipts of each customer, in the order of their orders.</returns>
    internal async Task<IReadOnlyList<Receipt>[]> GoHomeAsync()
    {
        await _closing.CancelAsync();
        return await Task.WhenAll(_customers);
    }

    private async Task<IReadOnlyList<Receipt>> OrderAsync(
        OrderService shop,
        string customer,
        CancellationToken cancellation
    )
    {
        var mine = new List<Receipt>();
        try
        {
            while (!_closing.IsCancellationRequested)
            {
                var receipt = await shop.PlaceAsync(Order.Of(customer, $"item {mine.Count}"), cancellation);
                mine.Add(receipt);
                _receipts.Writer.TryWrite(receipt);
                await Task.Delay(Thought, cancellation);
            }

            return mine;
        }
        catch (Exception error)
        {
            // Whoever waits for more orders is to know.
            _receipts.Writer.TryComplete(error);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        await ((Task)Task.WhenAll(_customers)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _closing.Dispose();
    }
}
