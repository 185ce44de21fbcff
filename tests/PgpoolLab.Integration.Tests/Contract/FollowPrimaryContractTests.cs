namespace PgpoolLab.Integration.Tests;

/// <summary>Line 22 of the contract: four nodes, and each of them follows a new primary, in a lab of ours and in one of
/// the original.</summary>
public abstract class FollowPrimaryContractTests(bool original)
{
    [Fact]
    public async Task Line_22_all_four_nodes_are_up_and_follow_the_promoted_one_within_a_minute()
    {
        using var sandbox = new Sandbox(Account.Plain);
        Directory.CreateDirectory(sandbox.Lab);
        sandbox.Account.Own(sandbox.Lab);
        (await sandbox.RunAsync("install-links", sandbox["bin"])).Ok();
        var originals = Originals.Prepare(sandbox).ToDictionary(v => v.Name, v => v.Value);
        var port = FreePorts.Block();
        List<(string, string)> environment =
        [
            ("PGBIN", ContractRun.PostgresBin()),
            ("PGSOCKET_DIR", "/tmp"),
            ("PGHOST", "localhost"),
            ("PATH", $"{ContractRun.PostgresBin()}:{originals["PATH"]}"),
            .. original
                ? originals
                    .Where(v => v.Key.StartsWith("PGPOOL", StringComparison.Ordinal))
                    .Select(v => (v.Key, v.Value))
                : [],
        ];
        var program = original ? originals["PGPOOL_SETUP"] : sandbox["bin"] + "/pgpool_setup";
        var switchover = InstalledPgpool.Switchover($"-h localhost -p {port + 1}", wanted: 2, out var promoted);
        var outcome = await sandbox.ShellAsync(
            $$"""
            {{program}} -n 4 -p {{port}} -pg {{port + 2}} >../setup.out 2>../setup.err
            . ./bashrc.ports
            ./startall >/dev/null 2>&1
            nodes() {
                psql -XAq -P footer=off -F' ' -p {{port}} -d test -c 'show pool_nodes' 2>/dev/null |
                    awk '
                        NR == 1 { for (i = 1; i <= NF; i++) if ($i == "role") role = i; next }
                        { print $1, $4, $role }
                    ' |
                    sed 's/ waiting / up /' | tr '\n' ','
            }
            until_true() { # command...
                n=0; until "$@"; do n=$((n + 1)); [ $n -lt 240 ] || return 1; sleep 1; done
            }
            rows_on() { psql -XAtqc 'SELECT count(*) FROM t' -p $(({{port + 2}} + $1)) test; }
            has_row() { [ "$(rows_on "$1")" = 1 ]; }
            until_nodes_are() { # nodes seconds
                n=0
                until [ "$(nodes)" = "$1" ]; do
                    n=$((n + 1))
                    [ $n -lt "$2" ] || {
                        echo "expected $1, last seen $(nodes)" >&2
                        tail -n 40 log/failover.log log/recovery.log >&2
                        exit 1
                    }
                    sleep 1
                done
            }
            until_nodes_are '0 up primary,1 up standby,2 up standby,3 up standby,' 240
            psql -qc 'CREATE TABLE t (i int)' -p {{port}} test
            # The original promotes a standby whether it has caught up or not.
            for node in 0 1 2 3; do
                until_true rows_on $node >/dev/null 2>&1
            done
            # A primary is promoted on purpose ...
            {{switchover}}
            until_nodes_are '{{string.Concat(
                Enumerable.Range(0, 4).Select(n => $"{n} up {(n == promoted ? "primary" : "standby")},")
            )}}' 240
            until_true psql -qc 'INSERT INTO t VALUES (1)' -p {{port}} test
            for node in {{string.Join(' ', Enumerable.Range(0, 4).Where(n => n != promoted))}}; do
                until_true has_row $node || { echo "node $node does not follow" >&2; exit 1; }
            done
            ./shutdownall >/dev/null 2>&1
            """,
            [.. environment]
        );
        outcome.Ok();
        Assert.Empty(sandbox.ProcessesLeft());
    }
}

public sealed class OurLabOfFourFollowsTests() : FollowPrimaryContractTests(false);

public sealed class TheOriginalsLabOfFourFollowsTests() : FollowPrimaryContractTests(true);
