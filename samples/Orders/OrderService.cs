using Npgsql;

namespace Orders;

/// <summary>Orders in a cluster of PostgreSQL behind Pgpool-II, which sends what writes to the primary, and spreads
/// what reads over all nodes.</summary>
/// <param name="database">Connects to Pgpool-II.</param>
/// <param name="retry">What is done when that fails.</param>
public sealed class OrderService(NpgsqlDataSource database, Retry retry)
{
    /// <summary>Makes the table.</summary>
    public async Task CreateTableAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            CREATE TABLE orders (
                number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                key uuid NOT NULL UNIQUE,
                customer text NOT NULL,
                item text NOT NULL
            )
            """
        );
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Places an order, however often it has to be tried.</summary>
    public Task<Receipt> PlaceAsync(Order order, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        return retry.RunAsync(
            async attempt =>
            {
                await using var connection = await database.OpenConnectionAsync(cancellation);
                return new Receipt(order, await InsertAsync(connection, order, cancellation), attempt);
            },
            cancellation
        );
    }

    /// <summary>Places all orders or none of them, and reads what the customer has ordered by then. In a transaction
    /// that has written, Pgpool-II sends reads to the primary, too.</summary>
    /// <param name="cart">Orders of one customer.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>All orders of the customer, the oldest first.</returns>
    public Task<IReadOnlyList<Order>> CheckOutAsync(IReadOnlyList<Order> cart, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(cart);
        return retry.RunAsync(
            async _ =>
            {
                await using var connection = await database.OpenConnectionAsync(cancellation);
                await using var transaction = await connection.BeginTransactionAsync(cancellation);
                foreach (var order in cart)
                {
                    await InsertAsync(connection, order, cancellation);
                }

                await using var select = connection.CreateCommand();
                var orders = await SelectAsync(select, "", cart[0].Customer, cancellation);
                await transaction.CommitAsync(cancellation);
                return orders;
            },
            cancellation
        );
    }

    /// <summary>What a customer has ordered, for reports: any node answers, and a standby may not know the last orders
    /// yet.</summary>
    public Task<IReadOnlyList<Order>> HistoryAsync(string customer, CancellationToken cancellation) =>
        ReadAsync("", customer, cancellation);

    /// <summary>What a customer has ordered, for the customer, who has just ordered: the primary answers.</summary>
    public Task<IReadOnlyList<Order>> CurrentAsync(string customer, CancellationToken cancellation) =>
        ReadAsync("/*NO LOAD BALANCE*/", customer, cancellation);

    private Task<IReadOnlyList<Order>> ReadAsync(string hint, string customer, CancellationToken cancellation) =>
        retry.RunAsync(
            async _ =>
            {
                await using var select = database.CreateCommand();
                return await SelectAsync(select, hint, customer, cancellation);
            },
            cancellation
        );

    /// <summary>One statement, which always writes, and so is always the primary's: to look first whether the key is
    /// there would ask a standby.</summary>
    private static async Task<long> InsertAsync(
        NpgsqlConnection connection,
        Order order,
        CancellationToken cancellation
    )
    {
        await using var insert = new NpgsqlCommand(
            """
            INSERT INTO orders (key, customer, item) VALUES ($1, $2, $3)
            ON CONFLICT (key) DO UPDATE SET key = excluded.key
            RETURNING number
            """,
            connection
        )
        {
            Parameters =
            {
                new() { Value = order.Key },
                new() { Value = order.Customer },
                new() { Value = order.Item },
            },
        };
        return (long)(await insert.ExecuteScalarAsync(cancellation))!;
    }

    private static async Task<IReadOnlyList<Order>> SelectAsync(
        NpgsqlCommand select,
        string hint,
        string customer,
        CancellationToken cancellation
    )
    {
        select.CommandText = $"{hint} SELECT key, customer, item FROM orders WHERE customer = $1 ORDER BY number";
        select.Parameters.Add(new() { Value = customer });
        await using var rows = await select.ExecuteReaderAsync(cancellation);
        var orders = new List<Order>();
        while (await rows.ReadAsync(cancellation))
        {
            orders.Add(new Order(rows.GetGuid(0), rows.GetString(1), rows.GetString(2)));
        }

        return orders;
    }
}
