using Npgsql;
using PgpoolLab.Xunit;
using Xunit;

namespace Orders.Tests;

/// <summary>A test of the shop, with a connection pool of its own.</summary>
public abstract class ShopTest(ShopLab lab) : LabTest(lab)
{
    /// <summary>Longer than any failover takes, on a machine that is busy with other things, too.</summary>
    internal static Retry Retry { get; } = new(TimeSpan.FromMinutes(3), TimeProvider.System);

    protected static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    protected NpgsqlDataSource Pool { get; } = NpgsqlDataSource.Create(lab.Lab.ConnectionString);

    protected OrderService Shop => field ??= new OrderService(Pool, Retry);

    public override async ValueTask DisposeAsync()
    {
        await Pool.DisposeAsync();
        await base.DisposeAsync();
    }
}
