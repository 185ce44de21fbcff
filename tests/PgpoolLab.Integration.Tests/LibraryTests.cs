using Npgsql;
using PgpoolLab.Client;

namespace PgpoolLab.Integration.Tests;

/// <summary>The library for tests, with real servers: what somebody's test does with it.</summary>
public sealed class LibraryTests
{
    static LibraryTests() => Environment.SetEnvironmentVariable("PGPOOLLAB", Sandbox.ProgramFile);

    [Fact]
    public async Task A_test_breaks_its_lab_and_its_rows_are_there_still()
    {
        string folder;
        await using (var lab = await Lab.StartAsync(o => o.Slots().Postgres("work_mem", "5MB")))
        {
            folder = lab.Directory;
            Assert.Equal("5MB", await AskAsync(lab.Nodes[1].ConnectionString, "SHOW work_mem"));
            await using (var database = await lab.CreateDatabaseAsync())
            {
                await AskAsync(database.ConnectionString, "CREATE TABLE t AS SELECT 1 AS n");
                await AskAsync(database.ConnectionString, "INSERT INTO t VALUES (2)");
                var primary = await lab.PrimaryAsync();
                Assert.Equal(0, primary.Id);
                await primary.KillAsync();
                Assert.Equal(1, (await lab.PrimaryAsync()).Id);
                await EventuallyAsync(database.ConnectionString, "INSERT INTO t VALUES (3)");
                Assert.Equal("6", await AskAsync(database.ConnectionString, "SELECT sum(n)::text FROM t"));
                await lab.RecoverAllAsync();
                await lab.WaitForAsync();
                Assert.Equal("standby 0", $"standby {(await lab.StandbyAsync()).Id}");
            }

            Assert.Equal("healthy", (await lab.StatusAsync()).Health);
            var writable = $"{lab.MultiHostConnectionString};Target Session Attributes=primary";
            Assert.Equal("False", await AskAsync(writable, "SELECT pg_is_in_recovery()"));
            await foreach (var happened in lab.EventsAsync())
            {
                if (happened.Name == "promotion-ends")
                {
                    break;
                }
            }

            Assert.Contains(folder, await lab.DescribeAsync(TimeSpan.FromMinutes(1)), StringComparison.Ordinal);
            var error = await Assert.ThrowsAsync<PgpoolLabException>(() => lab.RunAsync(["promote", "7"]));
            Assert.Contains("has no node 7", error.Message, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_test_cuts_a_link_and_runs_a_drill()
    {
        await using var lab = await Lab.StartAsync(o => o.Slots().Faults());
        await using (await lab.CutAsync("standbys", "primary", LinkCut.Stall))
        {
            Assert.Contains("link-cut", (await lab.StatusAsync()).Json.ToString(), StringComparison.Ordinal);
        }

        Assert.DoesNotContain("link-cut", (await lab.StatusAsync()).Json.ToString(), StringComparison.Ordinal);
        var file = Path.Combine(Path.GetTempPath(), $"pgpoollab-{Guid.NewGuid():n}.yaml");
        await File.WriteAllTextAsync(
            file,
            """
            load: { clients: 2, rate: 100/s }
            steps: [ { at: 200ms, kill: primary } ]
            until: { writes-steady: 500ms, at-most: 60s }
            expect: { lost: "> 1000000" }
            """
        );
        var cost = await lab.DrillAsync(file);
        File.Delete(file);
        Assert.False(cost.Holds);
        Assert.True(cost.WithoutWrites > TimeSpan.Zero);
        Assert.Contains("Node 0 was killed.", cost.Sentence, StringComparison.Ordinal);
    }

    internal static async Task<string?> AskAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        return (await command.ExecuteScalarAsync())?.ToString();
    }

    /// <summary>As a program that survives a failover does.</summary>
    private static async Task EventuallyAsync(string connectionString, string sql)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await AskAsync(connectionString, sql);
                return;
            }
            catch (NpgsqlException) when (clock.Elapsed < TimeSpan.FromMinutes(3))
            {
                await Task.Delay(20);
            }
        }
    }
}
