using System.Diagnostics;
using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>What <c>status</c> finds, made for real; and <c>status --fix</c>, which ends it.</summary>
public sealed class StatusTests : LifeTests
{
    private static async Task<JsonElement> StatusAsync(Sandbox sandbox)
    {
        using var document = JsonDocument.Parse((await sandbox.RunInLabAsync("status", "--json")).Ok().Output);
        return document.RootElement.Clone();
    }

    private static string[] Ids(JsonElement status) =>
        [.. status.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("id").GetString()!)];

    /// <summary>Looks until status shows all of these.</summary>
    private static async Task<Dictionary<string, JsonElement>> SeeAsync(Sandbox sandbox, params string[] ids)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var status = await StatusAsync(sandbox);
            if (ids.All(Ids(status).Contains))
            {
                return status
                    .GetProperty("findings")
                    .EnumerateArray()
                    .GroupBy(f => f.GetProperty("id").GetString()!)
                    .ToDictionary(g => g.Key, g => g.First());
            }

            Assert.True(
                clock.Elapsed < TimeSpan.FromMinutes(3),
                $"Expected {string.Join(", ", ids)}; last seen:\n{status}"
            );
            await BetweenLooks.PauseAsync(clock);
        }
    }

    private static async Task FixAsync(Sandbox sandbox)
    {
        var outcome = (await sandbox.RunInLabAsync("status", "--fix", "--yes")).Ok();
        Assert.Contains("is healthy", outcome.Output, StringComparison.Ordinal);
    }

    private static Task<Outcome> InLabAsync(Sandbox sandbox, string script) =>
        sandbox.ShellAsync("eval \"$(pgpoollab env)\"\n" + script);

    private static string Cause(JsonElement finding) => finding.GetProperty("cause").GetString() ?? "";

    [Fact]
    public async Task Each_situation_of_Pgpool_is_called_by_its_name_and_fix_ends_it()
    {
        using var sandbox = await UpAsync(Account.Plain, "--set", "pgpool.num_init_children=4");
        await PgpoolHasNobodyLeftAsync(sandbox);
        await PgpoolRenewsItsProcessesAsync(sandbox);
        await PgpoolAndStreamingAsync(sandbox);
        await PgpoolDoesNotSeeThatAStandbyStreamsAsync(sandbox);
        await PgpoolRemembersAsync(sandbox);
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Each_situation_of_a_node_is_called_by_its_name_and_fix_ends_it()
    {
        using var sandbox = await UpAsync(Account.Plain, "-n", "3");
        await StandbyWithoutItsWalAsync(sandbox);
        await TwoHistoriesAsync(sandbox);
        await FixAsync(sandbox);
        await StandbyThatDoesNotFollowAsync(sandbox);
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    private static async Task PgpoolHasNobodyLeftAsync(Sandbox sandbox)
    {
        (
            await InLabAsync(
                sandbox,
                "for i in 1 2 3 4; do psql -X -p $PGPOOL_PORT -c 'SELECT pg_sleep(600)' test >/dev/null "
                    + "2>&1 </dev/null "
                    + "& done"
            )
        ).Ok();
        // Who a client is shows only once it has logged in.
        var clock = Stopwatch.StartNew();
        const string all = "All 4 processes of Pgpool-II that take clients have one (4 by";
        while (true)
        {
            var found = await SeeAsync(sandbox, "children-exhausted");
            var problem = found["children-exhausted"].GetProperty("problem").GetString()!;
            if (problem.StartsWith(all, StringComparison.Ordinal))
            {
                break;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), problem);
        }

        await FixAsync(sandbox);
    }

    /// <summary>For three seconds after a node was attached; who comes too late makes it happen again.</summary>
    private static async Task PgpoolRenewsItsProcessesAsync(Sandbox sandbox)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var seen = (
                await InLabAsync(
                    sandbox,
                    """
                    # Attached, which pcp_attach_node did not wait for the time before.
                    pgpoollab wait --for streaming --timeout 2m >&2
                    pgpoollab detach 1 >&2
                    pcp_attach_node -n 1 >&2
                    pgpoollab status --json
                    """
                )
            ).Ok();
            using var status = JsonDocument.Parse(seen.Output);
            if (Ids(status.RootElement).Contains("renewing"))
            {
                break;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(8), seen.Output);
        }

        (await sandbox.RunInLabAsync("wait", "--for", "healthy", "--timeout", "2m")).Ok();
    }

    private static async Task PgpoolDoesNotSeeThatAStandbyStreamsAsync(Sandbox sandbox)
    {
        (string Line, string Cause)[] causes =
        [
            ("backend_application_name1 = 'another'", "backend_application_name1 in pgpool.conf is 'another'"),
            ("sr_check_password = 'wrong'", "cannot log in as 'pgpool'"),
        ];
        foreach (var (line, cause) in causes)
        {
            (
                await InLabAsync(
                    sandbox,
                    $"""
                    cp etc/pgpool.conf conf.whole
                    printf '%s\n' "{line}" >>etc/pgpool.conf
                    pgpoollab reload --restart >&2
                    """
                )
            ).Ok();
            var clock = Stopwatch.StartNew();
            while (
                !Cause((await SeeAsync(sandbox, "blank-replication-state"))["blank-replication-state"]).Contains(cause)
            )
            {
                Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), $"Nothing says: {cause}");
            }

            (
                await InLabAsync(
                    sandbox,
                    "cat conf.whole >etc/pgpool.conf; rm conf.whole; pgpoollab reload --restart >&2"
                )
            ).Ok();
            (await sandbox.RunInLabAsync("wait", "--for", "healthy", "--timeout", "2m")).Ok();
        }
    }

    /// <summary>What is wrong with Pgpool-II and with standbys that stream, all at once.</summary>
    private static async Task PgpoolAndStreamingAsync(Sandbox sandbox)
    {
        (
            await InLabAsync(
                sandbox,
                """
                sed 's/:.*/:0123456789abcdef0123456789abcdef/' etc/pcp.conf >pcp.new
                cat pcp.new >etc/pcp.conf; rm pcp.new
                printf 'num_init_children = 60\n' >>etc/pgpool.conf
                pgpoollab psql 0 -- -qX -c 'REVOKE pg_monitor FROM pgpool' \
                    -c "SELECT pg_create_physical_replication_slot('pgpool_setup_slot7', true)" test
                pgpoollab psql 1 -- -qX -c 'SELECT pg_wal_replay_pause()' test
                pgpoollab psql 0 -- -qX -c 'CREATE TABLE a (i int)' -c 'SELECT pg_switch_wal()' \
                    -c 'CREATE TABLE b (i int)' -c 'SELECT pg_switch_wal()' \
                    -c 'CREATE TABLE c (i int)' -c 'SELECT pg_switch_wal()' \
                    -c 'CREATE TABLE d (i int)' -c 'SELECT pg_switch_wal()' -c 'CREATE TABLE e (i int)' test
                """
            )
        ).Ok();
        var found = await SeeAsync(
            sandbox,
            "pcp-auth",
            "config-needs-restart",
            "blank-replication-state",
            "slot-holds-wal",
            "lags"
        );
        Assert.Contains("pg_monitor", Cause(found["blank-replication-state"]), StringComparison.Ordinal);
        Assert.Contains("pg_wal_replay_pause", Cause(found["lags"]), StringComparison.Ordinal);
        Assert.Contains(
            "num_init_children is 4, the file says 60",
            found["config-needs-restart"].GetProperty("problem").GetString(),
            StringComparison.Ordinal
        );
        var preview = (await sandbox.RunInLabAsync("status", "--fix", "--dry-run")).Ok();
        Assert.Contains("pgpoollab reload --restart", preview.Output, StringComparison.Ordinal);
        (await sandbox.RunInLabAsync("status", "--fix")).FailedWith(2);
        var asked = await sandbox.RunInLabAsync("status", "--fix", "--yes");
        // With more processes there is too little room for their sessions: that comes up on the way.
        Assert.True(
            asked.Error.Contains("max-connections-small", StringComparison.Ordinal),
            asked.Error + asked.Output
        );
        Assert.Contains("is healthy", asked.Ok().Output, StringComparison.Ordinal);
    }

    /// <summary>First the slot is gone; then there is a new one, but no longer the WAL. It stays so.</summary>
    private static async Task StandbyWithoutItsWalAsync(Sandbox sandbox)
    {
        (
            await InLabAsync(
                sandbox,
                """
                pg_ctl -D data2 -m immediate stop >&2
                until pgpoollab psql 0 -- -qX -c "SELECT pg_drop_replication_slot('pgpool_setup_slot2')" test; do
                    sleep 0.2
                done
                pg_ctl -D data2 -l log/node2.log -w start >&2
                """
            )
        ).Ok();
        var found = await SeeAsync(sandbox, "slot-lost");
        Assert.Equal("pgpoollab recover 2", found["slot-lost"].GetProperty("fix").GetString());
        (
            await InLabAsync(
                sandbox,
                """
                for i in 1 2 3; do
                    pgpoollab psql 0 -- -qX -c "CREATE TABLE gone$i (i int)" -c 'SELECT pg_switch_wal()' \
                        -c CHECKPOINT test
                done
                pgpoollab psql 0 -- -qX -c "SELECT pg_create_physical_replication_slot('pgpool_setup_slot2', true)" test
                """
            )
        ).Ok();
        found = await SeeAsync(sandbox, "segment-removed");
        Assert.Equal("pgpoollab recover 2", found["segment-removed"].GetProperty("fix").GetString());
    }

    private static async Task PgpoolRemembersAsync(Sandbox sandbox)
    {
        (
            await InLabAsync(
                sandbox,
                """
                pgpoollab stop pgpool >&2
                printf 'up\ndown\n' >log/pgpool_status
                key=; [ ! -e etc/.pgpoolkey ] || key="-k $PWD/etc/.pgpoolkey"
                pgpool -n -f "$PWD/etc/pgpool.conf" -F "$PWD/etc/pcp.conf" -a "$PWD/etc/pool_hba.conf" $key \
                    >>log/pgpool.log 2>&1 </dev/null &
                pgpoollab wait --for primary --timeout 2m >&2
                """
            )
        ).Ok();
        var found = await SeeAsync(sandbox, "remembered-down");
        Assert.Contains("pgpool_status", Cause(found["remembered-down"]), StringComparison.Ordinal);
        await FixAsync(sandbox);
    }

    /// <summary>A second primary; and what it is when that is a standby again. It stays so.</summary>
    private static async Task TwoHistoriesAsync(Sandbox sandbox)
    {
        (await sandbox.RunInLabAsync("promote", "1")).Ok();
        var found = await SeeAsync(sandbox, "two-primaries");
        Assert.Equal(
            (1, "pgpoollab recover 1"),
            (
                found["two-primaries"].GetProperty("node").GetInt32(),
                found["two-primaries"].GetProperty("fix").GetString()
            )
        );
        (
            await InLabAsync(
                sandbox,
                """
                pg_ctl -D data1 -m fast stop >&2
                if [ -e data1/recovery.done ]; then
                    mv data1/recovery.done data1/recovery.conf
                else
                    touch data1/standby.signal
                fi
                pg_ctl -D data1 -l log/node1.log -w start >&2
                """
            )
        ).Ok();
        found = await SeeAsync(sandbox, "diverged");
        Assert.Equal("pgpoollab recover 1", found["diverged"].GetProperty("fix").GetString());
    }

    private static async Task StandbyThatDoesNotFollowAsync(Sandbox sandbox)
    {
        (
            await InLabAsync(
                sandbox,
                """
                cp etc/follow_primary.sh follow.whole
                sed '/^fenced=$/i exit 1' follow.whole >etc/follow_primary.sh
                """
            )
        ).Ok();
        // It does not wait for what Pgpool-II does not try again.
        var killed = (await sandbox.RunInLabAsync("kill", "0")).FailedWith(5);
        Assert.Contains("follow_primary.sh ended with exit code 1 for it", killed.Error, StringComparison.Ordinal);
        Assert.Contains("Bring it back with:  pgpoollab recover 2", killed.Error, StringComparison.Ordinal);
        var found = await SeeAsync(sandbox, "follow-primary-failed", "outdated-primary");
        Assert.Contains("exit code 1", Cause(found["follow-primary-failed"]), StringComparison.Ordinal);
        (await sandbox.ShellAsync("cat follow.whole >etc/follow_primary.sh; rm follow.whole")).Ok();
        await FixAsync(sandbox);
    }
}
