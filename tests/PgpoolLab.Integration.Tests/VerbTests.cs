namespace PgpoolLab.Integration.Tests;

/// <summary>What a person does with the servers of a lab after setup. Each command waits for its outcome, so no line
/// here waits itself.</summary>
public sealed partial class VerbTests
{
    [System.Text.RegularExpressions.GeneratedRegex(@"\A[a-z]+: ")]
    private static partial System.Text.RegularExpressions.Regex Heading();

    private const string Words = """
        P=$(. ./bashrc.ports; echo "$PGPOOL_PORT")
        role() { pgpoollab psql "$1" -- -XAtqc 'SELECT pg_is_in_recovery()' test; }
        shows() { pgpoollab psql -- -XAtqc 'show pool_nodes' test | cut -d '|' -f 1,4,7 | tr '\n' ' '; }
        refuses() { # exit code, words it must say, command
            code=$1 words=$2; shift 2
            set +e; said=$("$@" 2>&1); got=$?; set -e
            case $got:$said in "$code:"*"$words"*) ;; *) echo "$*: $got: $said"; exit 9 ;; esac
        }

        """;

    /// <summary>Before 4.3 it is refused, and done in two steps: node 0 is the first of those that are left.</summary>
    private static string Switchover =>
        InstalledPgpool.Is43
            ? """
                plans_a_switchover() { pgpoollab switchover --dry-run >/dev/null; }
                switches_over_to_0() { pgpoollab switchover 0; }

                """
            : """
                plans_a_switchover() { refuses 1 'needs Pgpool-II 4.3' pgpoollab switchover --dry-run; }
                switches_over_to_0() { pgpoollab stop primary; pgpoollab recover --all; }

                """;

    [Fact]
    public async Task A_lab_is_stopped_broken_and_brought_back_with_one_command_each()
    {
        using var sandbox = new Sandbox(Account.Plain, "my lab ü");
        (await sandbox.RunAsync("setup", "-n", "3", "--port", "auto", "--start", sandbox.Lab)).Ok();
        // Each has the time limit of a command to itself.
        string[] outputs =
        [
            await ToldAsync(
                sandbox,
                """
                pgpoollab wait --for streaming --timeout 2m
                pgpoollab psql -- -qXc 'CREATE TABLE t (i int)' test
                refuses 1 'ode 0 is the node that all others are made from' pgpoollab recover 0 --yes
                refuses 1 'is well' pgpoollab recover 1
                refuses 6 'has no node 7' pgpoollab stop 7
                refuses 2 'is no server' pgpoollab stop everything
                refuses 5 'it did not happen' pgpoollab wait --for 'node 1 down' --timeout 1s

                refuses 2 'A session is with one server' pgpoollab psql all
                refuses 2 'is no server' pgpoollab psql nobody
                refuses 2 'is no server' pgpoollab logs nobody
                echo "asked: $(role primary) $(role standby) $(pgpoollab logs standby | grep -q node1 && echo MANY)"
                pgpoollab sync 1,2
                sync_states="SELECT string_agg(sync_state, ' ') FROM pg_stat_replication"
                echo "waits: $(pgpoollab psql primary -- -XAtqc "$sync_states" test)"
                pgpoollab sync off
                refuses 2 'neither on, off' pgpoollab sync 1,all

                pgpoollab kill all --dry-run >/dev/null
                plans_a_switchover
                echo "dry: $(shows)"
                """
            ),
            await ToldAsync(
                sandbox,
                """
                pgpoollab stop 2
                refuses 1 'nothing to stop' pgpoollab stop 2
                refuses 1 'does not answer' pgpoollab attach 2
                echo "stopped: $(shows)"
                pgpoollab start 2
                refuses 2 'not one node' pgpoollab detach standby
                pgpoollab detach 1
                pgpoollab attach 1
                pgpoollab restart 1 --mode immediate
                pgpoollab wait --for streaming --timeout 2m
                echo "again: $(shows)"

                pgpoollab pause 2
                echo "paused: $(pgpoollab nodes --json | tr -d ' \n' | grep -c '"suspended":\[[0-9]')"
                pgpoollab stop 1
                pgpoollab resume standby
                pgpoollab start 1
                pgpoollab attach 2 || : # a node that was suspended for ten seconds is given up
                pgpoollab wait --for 'node 2 up' --timeout 2m
                """
            ),
            await ToldAsync(
                sandbox,
                """
                pgpoollab kill primary
                pgpoollab wait --for healthy --timeout 2m
                pgpoollab psql -- -qXc 'INSERT INTO t VALUES (1)' test
                echo "killed: $(role 1)"
                refuses 1 'another node took over' pgpoollab start 0
                pgpoollab recover --all
                pgpoollab wait --for streaming --timeout 2m
                echo "recovered: $(role 0) $(pgpoollab psql 0 -- -XAtqc 'SELECT count(*) FROM t' test)"

                switches_over_to_0
                pgpoollab wait --for streaming --timeout 2m
                echo "switched: $(role 0) $(role 1) $(role 2)"
                pgpoollab promote 2
                echo "promoted: $(role 0) $(role 2)"
                pgpoollab recover 2 --rewind
                pgpoollab wait --for streaming --timeout 2m
                echo "rewound: $(role 0) $(role 2) $(grep -c 'pg_rewind has done it$' log/recovery.log)" \
                    "$(ls run | grep -c recovery)"
                """
            ),
            await ToldAsync(
                sandbox,
                """
                code=0
                while [ $code = 0 ]; do
                    pgpoollab add-node & interrupted=$!
                    until [ -d data3 ] || ! kill -0 $interrupted; do sleep 0.05; done
                    kill -TERM $interrupted || :
                    set +e; wait $interrupted; code=$?; set -e
                    [ $code != 0 ] || pgpoollab remove-node 3 # it was faster
                done
                slots=$(pgpoollab psql primary -- -XAtqc 'SELECT count(*) FROM pg_replication_slots' test)
                echo "undone: $code $(ls -d data3 2>&1 | grep -c '^data3') $slots" \
                    "$(grep -c backend_port etc/pgpool.conf)"
                pgpoollab add-node
                ./stopall && ./startall
                pgpoollab wait --for streaming --timeout 2m
                echo "added: $(role 3) $(pgpoollab psql 3 -- -XAtqc 'SELECT count(*) FROM t' test)" \
                    "$(grep -c 'port is' README.port)"
                refuses 1 'is not the last one' pgpoollab remove-node 1
                pgpoollab remove-node 3
                echo "removed: $(shows) $(grep -c backend_port etc/pgpool.conf) $(ls -d data3 2>&1 | grep -c '^data3')"
                """
            ),
        ];
        Assert.Equal(
            """
            asked: f t MANY
            waits: sync sync
            dry: 0|up|primary 1|up|standby 2|up|standby 
            stopped: 0|up|primary 1|up|standby 2|down|standby 
            again: 0|up|primary 1|up|standby 2|up|standby 
            paused: 1
            killed: f
            recovered: t 1
            switched: f t t
            promoted: f f
            rewound: f t 1 0
            undone: 130 0 0 3
            added: t 1 6
            removed: 0|up|primary 1|up|standby 2|up|standby  3 0

            """,
            string.Concat(outputs)
        );
    }

    /// <summary>What a script has to tell: its lines that begin with a word and a colon.</summary>
    private static async Task<string> ToldAsync(Sandbox sandbox, string script)
    {
        var outcome = (await sandbox.ShellAsync(Words + Switchover + script)).Ok();
        return string.Concat(outcome.Output.Split('\n').Where(l => Heading().IsMatch(l)).Select(l => l + "\n"));
    }

    [Fact]
    [Trait("Needs", "root")]
    public Task In_native_replication_a_lost_node_is_recovered_and_not_attached() =>
        LoseOneOfEqualsAsync("replication");

    [Fact]
    [Trait("Needs", "root")]
    [Trait("Needs", "pgpool-4.2")]
    public Task In_snapshot_isolation_a_lost_node_is_recovered_and_not_attached() =>
        LoseOneOfEqualsAsync("snapshot-isolation");

    /// <summary>Where Pgpool-II writes to every node.</summary>
    private static async Task LoseOneOfEqualsAsync(string mode)
    {
        using var sandbox = new Sandbox(Account.Root);
        (await sandbox.RunAsync("setup", "-m", mode, "--port", "auto", "--start", sandbox.Lab)).Ok();
        var outcome = (
            await sandbox.ShellAsync(
                Words
                    + """
                    pgpoollab psql -- -qXc 'CREATE TABLE t (i int)' test
                    pgpoollab kill 1 >/dev/null
                    pgpoollab wait --timeout 2m
                    pgpoollab psql -- -qXc 'INSERT INTO t VALUES (1)' test
                    refuses 1 'what was written since is not on it' pgpoollab start 1
                    refuses 1 'what was written since is not on it' pgpoollab attach 1
                    refuses 1 'Only streaming replication' pgpoollab switchover 1
                    pgpoollab recover --all >/dev/null
                    pgpoollab wait --for streaming --timeout 2m
                    pgpoollab psql 1 -- -XAtqc 'SELECT count(*) FROM t' test
                    """
            )
        ).Ok();
        Assert.Equal("1\n", outcome.Output);
    }

    [Fact]
    public async Task The_leader_of_a_watchdog_is_killed_and_another_leads()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("setup", "-n", "2", "--watchdog", "3", "--port", "auto", "--start", sandbox.Lab)).Ok();
        var outcome = (
            await sandbox.ShellAsync(
                """
                leader() {
                    pgpoollab nodes --json | tr -d ' \n' |
                        grep -o '"id":[0-9],"port":[0-9]*,"answers":true,"status":"\(LEADER\|MASTER\)"' | cut -c 6
                }
                pgpoollab wait --for quorum --timeout 2m
                before=$(leader)
                pgpoollab kill leader >/dev/null
                pgpoollab wait --for quorum --timeout 2m
                until after=$(leader) && [ -n "$after" ] && [ "$after" != "$before" ]; do sleep 0.2; done
                pgpoollab start pgpool$before >/dev/null
                pgpoollab wait --timeout 2m
                echo led by another
                """
            )
        ).Ok();
        Assert.Equal("led by another\n", outcome.Output);
    }
}
