using Npgsql;
using PgpoolLab.Client;
using PgpoolLab.Xunit;
using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: AssemblyFixture(typeof(Orders.Tests.ShopLab))]
// They share the lab, and break it.
[assembly: Parallelization(Mode = ParallelMode.None)]

namespace Orders.Tests;

/// <summary>What the shop runs on, once for all tests. Each test finds it as it was prepared here, whatever the one
/// before has broken.</summary>
public sealed class ShopLab : LabFixture
{
    protected override bool IsPutBack => true;

    protected override void Configure(LabOptions options) => options.Nodes(3).Slots();

    protected override async ValueTask PrepareAsync(Lab lab)
    {
        var cancellation = TestContext.Current.CancellationToken;
        // Every commit waits for a standby. Else what a dead primary has committed last is lost.
        await lab.RunAsync(["sync", "on"], cancellation);
        // Standbys do all the reading, as where the primary has enough to do. Else one read in three would ask the
        // primary, and a test of old data would fail now and then.
        await lab.RunAsync(["config", "set", "pgpool.backend_weight0=0"], cancellation);
        await using var database = NpgsqlDataSource.Create(lab.ConnectionString);
        await new OrderService(database, ShopTest.Retry).CreateTableAsync(cancellation);
    }
}
