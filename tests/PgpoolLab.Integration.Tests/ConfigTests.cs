using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>Settings of a lab that exists, on real servers: <c>config</c>, <c>reload</c>.</summary>
public sealed class ConfigTests
{
    [Fact]
    public async Task Settings_are_shown_set_and_reloaded_on_every_server()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "--port", "auto", sandbox.Lab)).Ok();
        var file = Path.Combine(sandbox.Lab, "data0/postgresql.conf");
        var before = await File.ReadAllTextAsync(file);

        // Before 4.2 there are no units.
        var twoMinutes = InstalledPgpool.Is42 ? "2min" : "120";
        // A lab that was just made has all of its files in effect.
        var reloaded = (await sandbox.RunInLabAsync("reload")).Ok();
        Assert.Equal("Configuration files read again: node 0, node 1, Pgpool-II.", reloaded.Output.TrimEnd());

        var set = (
            await sandbox.RunInLabAsync(
                "config",
                "set",
                "postgresql.work_mem=8MB",
                "postgresql.max_connections=90",
                $"pgpool.client_idle_limit={twoMinutes}",
                "pgpool.num_init_children=20"
            )
        ).Ok();
        Assert.Equal(
            $"""
            pgpool.client_idle_limit = {twoMinutes}
              Pgpool-II: in effect
            pgpool.num_init_children = 20
              Pgpool-II: needs a restart; until then it has 32
            postgresql.work_mem = 8MB
              node 0, node 1: in effect
            postgresql.max_connections = 90
              node 0, node 1: needs a restart; until then it has 100
              → pgpoollab reload --restart
            """,
            set.Output.TrimEnd()
        );
        Assert.StartsWith(before, await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        Assert.Equal(2, await ValuesAsync(sandbox, "postgresql.max_connections", "100", "90"));
        Assert.Equal(1, await ValuesAsync(sandbox, "num_init_children", "32", "20"));

        // What no program takes changes nothing.
        var written = await File.ReadAllTextAsync(file);
        foreach (
            var (setting, words) in new[]
            {
                ("postgresql.work_mem=3parsec", "Valid units"),
                ("pgpool.max_pool=abc", InstalledPgpool.Is42 ? "invalid value" : "is no number"),
                ("pgpool.load_balance_mode=maybe", "it is on or off"),
                InstalledPgpool.Is42
                    ? ("pgpool.client_idle_limit=2parsec", "client_idle_limit")
                    : ("pgpool.client_idle_limit=2min", "knows no units"),
            }
        )
        {
            var refused = (await sandbox.RunInLabAsync("config", "set", "postgresql.jit=off", setting)).FailedWith(2);
            Assert.Contains(words, refused.Error, StringComparison.Ordinal);
        }

        Assert.Equal(written, await File.ReadAllTextAsync(file));
        Assert.Empty(Directory.GetFiles(Path.Combine(sandbox.Lab, "etc"), "*.tmp"));

        // A value from elsewhere that wins is no success.
        (await sandbox.ShellAsync("pgpoollab psql 0 -- -Xqc \"ALTER SYSTEM SET work_mem = '16MB'\" test")).Ok();
        var loses = (await sandbox.RunInLabAsync("config", "set", "postgresql.work_mem=4MB")).FailedWith(1);
        Assert.Contains(
            "node 0: not in effect: data0/postgresql.auto.conf line 3 has 16MB, and wins",
            loses.Output,
            StringComparison.Ordinal
        );
        Assert.Contains("node 1: in effect", loses.Output, StringComparison.Ordinal);

        // Fewer connections: the standby can only follow when the primary has been restarted.
        (await sandbox.RunInLabAsync("reload", "--restart")).Ok();
        Assert.Equal(2, await ValuesAsync(sandbox, "postgresql.max_connections", "90", null));
        Assert.Equal(1, await ValuesAsync(sandbox, "num_init_children", "20", null));
        _ = await sandbox.UntilNodesShowAsync(
            "both nodes are up",
            nodes =>
                nodes.All(n =>
                    n.GetProperty("pgpool") is { ValueKind: JsonValueKind.Object } p
                    && p.GetProperty("status").GetString() == "up"
                )
        );

        var diff = (await sandbox.RunInLabAsync("config", "diff")).Ok().Output;
        Assert.Contains("  num_init_children = 20  default: 32", diff, StringComparison.Ordinal);
        Assert.Contains("  max_connections = 90  default: 100", diff, StringComparison.Ordinal);

        // A standby that lags: in its own file, and only there.
        (await sandbox.RunInLabAsync("lag", "1", "5s")).Ok();
        Assert.Equal(1, await ValuesAsync(sandbox, "recovery_min_apply_delay", "5s", null));
        Assert.Contains(
            "node 0 is the primary",
            (await sandbox.RunInLabAsync("lag", "0", "5s")).FailedWith(2).Error,
            StringComparison.Ordinal
        );
        (await sandbox.RunInLabAsync("lag", "1", "off")).Ok();
        Assert.Equal(2, await ValuesAsync(sandbox, "recovery_min_apply_delay", "0", null));

        // Commits that wait: the same on both nodes, so that it holds after a failover.
        var synchronous = (await sandbox.RunInLabAsync("sync", "on")).Ok();
        Assert.Contains("Commits on node 0 wait for node 1.", synchronous.Error, StringComparison.Ordinal);
        Assert.Contains("With two nodes writes hang", synchronous.Error, StringComparison.Ordinal);
        Assert.Equal(2, await ValuesAsync(sandbox, "synchronous_standby_names", "FIRST 1 (server0, server1)", null));
        (await sandbox.RunInLabAsync("sync", "off")).Ok();
        Assert.Equal(2, await ValuesAsync(sandbox, "synchronous_standby_names", "", null));

        // With an error in one file no server reads anything.
        await File.AppendAllTextAsync(file, "no_such_setting = 1\n");
        var broken = (await sandbox.RunInLabAsync("reload")).FailedWith(1);
        Assert.Contains("unrecognized configuration parameter", broken.Error, StringComparison.Ordinal);
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    /// <summary>How many servers have this value in effect and that one in their files.</summary>
    private static async Task<int> ValuesAsync(Sandbox sandbox, string name, string value, string? inFile)
    {
        var outcome = (await sandbox.RunInLabAsync("config", "get", name, "--json")).Ok();
        using var report = JsonDocument.Parse(outcome.Output);
        return report
            .RootElement.GetProperty("settings")
            .EnumerateArray()
            .SelectMany(s => s.GetProperty("servers").EnumerateArray())
            .Count(s => s.GetProperty("value").GetString() == value && s.GetProperty("inFile").GetString() == inFile);
    }
}
