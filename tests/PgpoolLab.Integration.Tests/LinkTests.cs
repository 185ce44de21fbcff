namespace PgpoolLab.Integration.Tests;

/// <summary>Links between servers, with the real ones.</summary>
public sealed class LinkTests
{
    private const string Words = """
        set -e
        link() { pgpoollab links | awk -v l="$1" '$1 == l { print $2 }'; }
        used() { pgpoollab links | awk -v l="$1" '$1 == l { print ($4 > 0) }'; }
        proxy() { cat run/links.pid; }

        """;

    [Fact]
    public async Task A_link_that_is_cut_is_noticed_healed_and_kept_over_failover_and_recovery()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("setup", "--faults", "-n", "2", "--port", "auto", "--start", sandbox.Lab)).Ok();
        var told = (
            await sandbox.ShellAsync(
                Words
                    + """
                    cd "$LAB"
                    echo "streams by a link: $(used 'node1->node0')"
                    pgpoollab cut standbys primary --how stall
                    pgpoollab status --json | grep -o '"id": "link-cut"'
                    pgpoollab nodes --json | grep -o 'fault: stall'
                    pgpoollab heal
                    pgpoollab slow pgpool primary --latency 100ms --for 1s >&2
                    pgpoollab psql -- -XAtqc 'show pool_nodes' test | cut -d '|' -f 1,2,4 | tr '\n' ' '; echo
                    pgpoollab cut pgpool primary --how refuse >&2
                    pgpoollab wait --for 'node 1 up' --timeout 2m
                    pgpoollab heal >&2
                    pgpoollab wait --for healthy --timeout 2m
                    pgpoollab recover --all
                    pgpoollab wait --for streaming --timeout 2m
                    echo "the other way: $(used 'node0->node1')"
                    pgpoollab kill primary
                    pgpoollab recover --all
                    pgpoollab wait --for streaming --timeout 2m
                    echo "and back: $(used 'node1->node0')"
                    grep -c hostaddr=127.77 data*/myrecovery.conf
                    """,
                ("LAB", sandbox.Lab)
            )
        ).Ok();
        Assert.Contains("streams by a link: 1\n", told.Output, StringComparison.Ordinal);
        Assert.Contains("\"id\": \"link-cut\"", told.Output, StringComparison.Ordinal);
        Assert.Contains("fault: stall\n", told.Output, StringComparison.Ordinal);
        Assert.Contains("0|127.77.200.0|up 1|127.77.200.1|up", told.Output, StringComparison.Ordinal);
        Assert.Contains("the other way: 1\n", told.Output, StringComparison.Ordinal);
        Assert.Contains("and back: 1\n", told.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(":0\n", told.Output, StringComparison.Ordinal);
        (await sandbox.RunInLabAsync("destroy", "--yes")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Links_go_and_come_back_with_the_lab_with_a_command_and_after_their_process_was_killed()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("setup", "-n", "2", "--port", "auto", "--start", sandbox.Lab)).Ok();
        var refused = (await sandbox.RunInLabAsync("cut", "pgpool", "node0")).FailedWith(1);
        Assert.Contains("pgpoollab faults on", refused.Error, StringComparison.Ordinal);
        var told = (
            await sandbox.ShellAsync(
                Words
                    + """
                    cd "$LAB"
                    before=$(cat etc/pgpool.conf pgpass data1/myrecovery.conf data0/basebackup.sh | cksum)
                    pgpoollab faults on
                    pgpoollab wait --for streaming --timeout 2m
                    first=$(proxy)
                    pgpoollab cut client pgpool --how hole
                    ./stopall
                    until ! kill -0 "$first" 2>/dev/null; do sleep 0.1; done
                    ls run
                    ./startall
                    pgpoollab wait --for streaming --timeout 2m
                    echo "whole again: $(link 'client->pgpool0')"
                    pgpoollab faults off
                    pgpoollab wait --for streaming --timeout 2m
                    ls run
                    after=$(cat etc/pgpool.conf pgpass data1/myrecovery.conf data0/basebackup.sh | cksum)
                    [ "$before" = "$after" ] && echo "as before"
                    pgpoollab faults on
                    kill -9 "$(proxy)"
                    set +e
                    pgpoollab heal; echo "heal: $?"
                    pgpoollab status --json | grep -o '"id": "links-down"'
                    # Pgpool-II may have given up every node meanwhile: the links come back all the same.
                    pgpoollab startall
                    echo "back: $(link 'client->pgpool0')"
                    """,
                ("LAB", sandbox.Lab)
            )
        ).Ok();
        Assert.DoesNotContain("links.sock", told.Output, StringComparison.Ordinal);
        Assert.Contains("whole again: open\n", told.Output, StringComparison.Ordinal);
        Assert.Contains("heal: 5\n", told.Output, StringComparison.Ordinal);
        Assert.Contains("\"id\": \"links-down\"", told.Output, StringComparison.Ordinal);
        Assert.Contains("back: open\n", told.Output, StringComparison.Ordinal);
        Assert.Contains("as before\n", told.Output, StringComparison.Ordinal);
        (await sandbox.RunInLabAsync("destroy", "--yes")).Ok();
        sandbox.AssertNothingIsLeft();
    }
}
