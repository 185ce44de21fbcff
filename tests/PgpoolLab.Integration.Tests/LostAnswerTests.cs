namespace PgpoolLab.Integration.Tests;

/// <summary>A server that is there and whose answers do not arrive: no connection breaks, nothing is refused.</summary>
public sealed class LostAnswerTests
{
    /// <summary>Pgpool-II's worker waits for an answer of the lost node, with the lock that the failover needs.
    /// </summary>
    [Fact]
    public async Task A_primary_whose_answers_are_lost_is_failed_over_and_is_not_attached_before_it_answers()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("setup", "--faults", "-n", "3", "--port", "auto", "--start", sandbox.Lab)).Ok();
        var told = (
            await sandbox.ShellAsync(
                """
                cd "$LAB"
                pgpoollab cut pgpool primary --how stall >&2
                until grep -q 'at 127.77.200.0:.*not attached' log/failover.log; do sleep 0.2; done
                pgpoollab wait --for 'node 2 up' --timeout 2m
                pgpoollab psql -- -XAtqc 'create table written ()' test && echo "clients go on"
                grep -o 'waits for node 0: ended its connections' log/failover.log
                pgpoollab psql -- -XAtqc 'show pool_nodes' test | cut -d '|' -f 1,4,7 | tr '\n' ' '; echo
                # Another one has taken the worker's place, or Pgpool-II would signal strangers at the next failover.
                pgpool=$(head -n 1 run/pgpool.pid)
                until cat /proc/[0-9]*/stat 2>/dev/null | grep "^[0-9]* (pgpool) . $pgpool " | while read -r pid _; do
                    tr '\0' ' ' <"/proc/$pid/cmdline"; echo; done | grep -q '^pgpool: worker'; do sleep 0.2; done
                echo "another worker"
                pgpoollab heal >&2
                pgpoollab recover --all
                pgpoollab wait --for streaming --timeout 2m
                """,
                ("LAB", sandbox.Lab)
            )
        ).Ok();
        Assert.Contains("clients go on\n", told.Output, StringComparison.Ordinal);
        Assert.Contains("waits for node 0: ended its connections\n", told.Output, StringComparison.Ordinal);
        Assert.Contains("another worker\n", told.Output, StringComparison.Ordinal);
        Assert.Contains("0|down|standby 1|up|primary 2|up|standby", told.Output, StringComparison.Ordinal);
        (await sandbox.RunInLabAsync("destroy", "--yes")).Ok();
        sandbox.AssertNothingIsLeft();
    }
}
