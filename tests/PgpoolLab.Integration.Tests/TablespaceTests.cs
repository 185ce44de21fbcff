namespace PgpoolLab.Integration.Tests;

/// <summary>Tablespaces on one machine: a folder for each node, in replication, in failover and in recovery.</summary>
public sealed class TablespaceTests : StoryTests
{
    [Fact]
    public async Task Tablespaces_are_each_nodes_own_also_after_recovery()
    {
        using var sandbox = new Sandbox(Account.Plain, LabName);
        var outside = Directory.CreateDirectory(sandbox["a = folder"]).FullName;
        sandbox.Account.Own(outside);
        await SetUpAndStartAsync(sandbox, 2, "-s", "-r");
        (
            await ShellInLabAsync(
                sandbox,
                """
                psql -p $PGPOOL_PORT -c "CREATE TABLESPACE inside LOCATION ''" \
                    -c 'CREATE TABLE i TABLESPACE inside AS SELECT generate_series(1, 1000) AS n' test
                """
            )
        ).Ok();
        await AssertEachHasItsOwnAsync(sandbox, "i");

        // To pg_rewind of 16 and later it is a part of the data folder; before, pg_rewind refuses, and a base backup is
        // taken.
        await KillAsync(sandbox, 0);
        await sandbox.UntilNodesShowAsync(
            "node 1 is the primary",
            n => Is(n[0], "down", null) && Is(n[1], "up", "primary")
        );
        (
            await ShellInLabAsync(
                sandbox,
                "psql -p $PGPOOL_PORT -c 'UPDATE i SET n = n + 1' test; pcp_recovery_node -w -p $PCP_PORT -n 0"
            )
        ).Ok();
        await UntilAllStreamAsync(sandbox, primary: 1);
        await AssertEachHasItsOwnAsync(sandbox, "i");

        // The standby replays this into the primary's folder.
        (
            await ShellInLabAsync(
                sandbox,
                $"""
                psql -p $PGPOOL_PORT -c "CREATE TABLESPACE outside LOCATION '{outside}'" \
                    -c 'CREATE TABLE o TABLESPACE outside AS SELECT * FROM i' test
                """
            )
        ).Ok();
        await UntilNoneLagsAsync(sandbox);
        var finding = Assert.Single((await sandbox.NodesAsync()).GetProperty("findings").EnumerateArray());
        Assert.StartsWith(
            "Nodes 1 and 0 write the same files, and damage them: ",
            finding.GetProperty("problem").GetString(),
            StringComparison.Ordinal
        );

        await KillAsync(sandbox, 0);
        await sandbox.UntilNodesShowAsync("node 0 is down", n => Is(n[0], "down", null));
        await sandbox.RecoverByPcpAsync(0);
        var report = await UntilAllStreamAsync(sandbox, primary: 1);
        Assert.Empty(report.GetProperty("findings").EnumerateArray());
        (await ShellInLabAsync(sandbox, "psql -p $PGPOOL_PORT -c 'UPDATE o SET n = n + 1' test")).Ok();
        await AssertEachHasItsOwnAsync(sandbox, "i");
        await AssertEachHasItsOwnAsync(sandbox, "o");
        Assert.All(
            Directory.GetFileSystemEntries(Path.Combine(sandbox.Lab, "data0/pg_tblspc")),
            f => Assert.Null(new FileInfo(f).LinkTarget)
        );

        (await sandbox.RunInLabAsync("destroy")).Ok();
        Assert.NotEmpty(Directory.GetFileSystemEntries(outside));
        Directory.Delete(outside, recursive: true);
        sandbox.AssertNothingIsLeft();
    }

    private static async Task AssertEachHasItsOwnAsync(Sandbox sandbox, string table)
    {
        await UntilNoneLagsAsync(sandbox);
        var ports = (await sandbox.NodesAsync())
            .GetProperty("nodes")
            .EnumerateArray()
            .Select(n => n.GetProperty("port").GetInt32());
        var sums = (
            await ShellInLabAsync(
                sandbox,
                string.Join('\n', ports.Select(p => $"psql -p {p} -Atc 'select count(*), sum(n) from {table}' test"))
            )
        )
            .Ok()
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, sums.Length);
        Assert.StartsWith("1000|", Assert.Single(sums.Distinct()), StringComparison.Ordinal);
        Assert.Equal(
            2,
            Enumerable
                .Range(0, 2)
                .Select(n =>
                    Directory.GetFiles(
                        Path.Combine(sandbox.Lab, $"data{n}/pg_tblspc"),
                        "*",
                        SearchOption.AllDirectories
                    )
                )
                .Count(f => f.Length > 0)
        );
    }
}
