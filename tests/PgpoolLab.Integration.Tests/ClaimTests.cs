namespace PgpoolLab.Integration.Tests;

/// <summary>A node that a user recovers while Pgpool-II is about to have it follow the new primary.</summary>
public sealed class ClaimTests
{
    /// <summary>On a slow machine follow_primary.sh may come to a node that an online recovery is just starting: it was
    /// taken for a former primary, ended, and copied once more.</summary>
    [Fact]
    public async Task What_is_being_recovered_is_not_made_to_follow_besides()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "--port", "auto", sandbox.Lab)).Ok();
        var told = (
            await sandbox.ShellAsync(
                """
                cd "$LAB"
                # The recovered node takes its time to start, and follow_primary.sh comes right then.
                echo "restore_command = 'sleep 1; false'" >>data0/postgresql.conf
                sed -i '/^event=follow_primary/i until [ -s '"'$LAB'"'/data0/postmaster.pid ]; do sleep 0.01; done' \
                    etc/follow_primary.sh
                eval "$(pgpoollab env)"
                pg_ctl -m immediate -D data0 stop
                until [ "$(pgpoollab psql 1 -- -XAtc 'SELECT pg_is_in_recovery()')" = f ]; do sleep 0.1; done
                # Refused, as long as Pgpool-II still takes it for the primary, pcp_recovery_node 4.3 ends with 0, too.
                until pcp_recovery_node -n 0 2>&1 | grep 'Command Successful'; do sleep 0.1; done
                pgpoollab wait --for streaming --timeout 2m || {
                    pgpoollab status
                    cat log/failover.log log/recovery.log log/pgpool.log
                    exit 1
                } >&2
                until grep -q '"follow_primary".*"exit_code":0' log/events.jsonl; do sleep 0.1; done
                cat log/failover.log log/recovery.log
                """,
                ("LAB", sandbox.Lab)
            )
        ).Ok();
        Assert.Contains("node 0 is just being recovered (pid ", told.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("copying it anew", told.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("did not start", told.Output, StringComparison.Ordinal);
        (await sandbox.RunInLabAsync("destroy", "--yes")).Ok();
        sandbox.AssertNothingIsLeft();
    }
}
