using PgpoolLab.Client;
using PgpoolLab.Xunit;

namespace PgpoolLab.Integration.Tests;

/// <summary>A lab that two tests share, and each finds as it was prepared.</summary>
public sealed class LibraryFixtureTests(LibraryFixtureTests.Prepared fixture)
    : LabTest(fixture),
        IClassFixture<LibraryFixtureTests.Prepared>
{
    public sealed class Prepared : LabFixture
    {
        public Prepared() => Environment.SetEnvironmentVariable("PGPOOLLAB", Sandbox.ProgramFile);

        protected override bool IsPutBack => true;

        protected override void Configure(LabOptions options) => options.Nodes(2);

        protected override async ValueTask PrepareAsync(Lab lab) =>
            await LibraryTests.AskAsync(lab.ConnectionString, "CREATE TABLE t AS SELECT 0 AS n");
    }

    /// <summary>Whichever comes second finds neither the other's row nor its promotion.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Each_test_finds_the_lab_as_it_was_prepared(int mine)
    {
        Assert.Equal(0, (await Lab.PrimaryAsync()).Id);
        Assert.Equal("0", await LibraryTests.AskAsync(Lab.ConnectionString, "SELECT sum(n)::text FROM t"));
        await LibraryTests.AskAsync(Lab.ConnectionString, $"INSERT INTO t VALUES ({mine})");
        await Lab.SwitchoverAsync();
        Assert.Equal(1, (await Lab.PrimaryAsync()).Id);
        Assert.Throws<InvalidOperationException>(() => Database);
    }
}
