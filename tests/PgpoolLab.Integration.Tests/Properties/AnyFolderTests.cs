using System.Text.Json;

namespace PgpoolLab.Integration.Tests.Properties;

/// <summary>Real labs in folders whose names have all in them that means something to somebody: what one program hands
/// to the next must survive them all.</summary>
public sealed class AnyFolderTests
{
    [Theory]
    [InlineData(0, "-s")]
    [InlineData(1, "-s", "-r")]
    [InlineData(2)]
    [InlineData(3, "-s")]
    public async Task A_lab_in_a_folder_of_any_name_fails_over_and_recovers(int which, params string[] options)
    {
        var name = Any.EveryMeaning(4)[which];
        using var sandbox = new Sandbox(Account.Plain, name);
        await InAsync(name, sandbox.RunAsync(["setup", "-n", "2", "--port", "auto", .. options, "--", sandbox.Lab]));
        await InAsync(
            name,
            sandbox.ShellAsync(
                """
                ./startall
                eval "$(pgpoollab env)"
                psql -c 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS n' test
                until [ "$(psql -Atc 'SELECT count(*) FROM t' -p $((PGPOOL_PORT + 3)) test 2>/dev/null)" = 1000 ]; do
                    sleep 0.1
                done
                pg_ctl -m immediate -D data0 stop
                """
            )
        );
        await sandbox.UntilNodesShowAsync(
            "node 1 is the primary and node 0 is down",
            n => Is(n[1], "up", "primary") && Is(n[0], "down", "standby")
        );
        await InAsync(
            name,
            sandbox.ShellAsync(
                "eval \"$(pgpoollab env)\"; psql -c 'INSERT INTO t VALUES (1001)' test; pcp_recovery_node -w -p "
                    + "$PCP_PORT -n 0"
            )
        );
        await sandbox.UntilNodesShowAsync(
            "node 0 is a standby that streams",
            n =>
                Is(n[1], "up", "primary")
                && Is(n[0], "up", "standby")
                && n[0].GetProperty("pgpool").GetProperty("replicationState").GetString() == "streaming"
                && n[0].GetProperty("postgres").GetProperty("lagBytes") is { ValueKind: JsonValueKind.Number } lag
                && lag.GetInt64() == 0
        );
        var counts = await InAsync(
            name,
            sandbox.ShellAsync(
                "eval \"$(pgpoollab env)\"; pgpoollab psql 0 -- -Atc 'SELECT count(*) FROM t'; pgpoollab psql 1 "
                    + "-- -Atc 'SELECT count(*) FROM t'"
            )
        );
        Assert.Equal("1001\n1001\n", counts.Output);
        Assert.All(
            File.ReadAllLines(Path.Combine(sandbox.Lab, "log", "events.jsonl")),
            l => Assert.Equal(0, JsonDocument.Parse(l).RootElement.GetProperty("exit_code").GetInt32())
        );
        await InAsync(name, sandbox.ShellAsync("./stopall"));
        Assert.Empty(sandbox.ProcessesLeft());
        await InAsync(name, sandbox.ShellAsync("./startall; ./pgpool_reload; ./shutdownall"));
        await InAsync(name, sandbox.RunInLabAsync("destroy"));
        sandbox.AssertNothingIsLeft();
    }

    private static async Task<Outcome> InAsync(string name, Task<Outcome> command)
    {
        var outcome = await command;
        Assert.True(
            outcome.ExitCode == 0,
            $"In the folder {Any.Shown(name)}:\n{outcome.Command}\nended with "
                + $"{outcome.ExitCode}\n{outcome.Output}\n{outcome.Error}"
        );
        return outcome;
    }

    private static bool Is(JsonElement node, string status, string role) =>
        node.GetProperty("pgpool") is { ValueKind: JsonValueKind.Object } pgpool
        && pgpool.GetProperty("status").GetString() == status
        && pgpool.GetProperty("role").GetString() == role;
}
