namespace PgpoolLab.Integration.Tests;

/// <summary>Where the first process of a container collects nobody, every process that has ended still has its number,
/// and looks alive to <c>kill -0</c>.</summary>
[Trait("Needs", "root")]
public sealed class UncollectedTests
{
    // The first process of the new namespace becomes cat, which knows nothing of its children.
    private const string Script = """
        mkfifo ../result
        cat >../inside <<'END'
        set -eu
        kill_all() {
            pids="$(tr -d '\000' <run/pgpool.pid) $(for n in 0 1; do head -n 1 data$n/postmaster.pid; done)"
            kill -9 $pids
        }
        slow() { ps -e -o pid= -o args= | sed -n 's/^ *\([0-9]*\) postgres: checkpointer.*/\1/p'; }
        # A process of the killed server that is slow to notice its end: the next server must be started after it.
        kill_slowly() {
            slow=$(slow)
            kill -STOP $slow
            for one in $slow; do until grep -q '^State:.T' /proc/$one/status; do sleep 0.01; done; done
            kill_all
            { sleep 2; kill -CONT $slow; } &
        }
        works() {
            n=0
            until psql -h localhost -XAtqc 'insert into t values (1)' -p "$1" test >/dev/null 2>../why; do
                n=$((n + 1))
                [ $n -lt 1200 ] || { cat ../why log/pgpool.log; exit 9; }
                sleep 0.1
            done
        }
        pgpoollab setup -s -p auto --start . >/dev/null 2>../setup.err || { cat ../setup.err; exit 8; }
        . ./bashrc.ports; port=$PGPOOL_PORT
        eval "$(pgpoollab env)"
        psql -h localhost -XAtqc 'create table t (i int)' -p $port test
        kill_all
        zombies() { ps -e -o stat= | grep -c Z || true; }
        n=0; until [ "$(zombies)" != 0 ]; do n=$((n + 1)); [ $n -lt 1200 ] || break; sleep 0.1; done
        echo "zombies: $(zombies)"
        ./startall >../startall.out 2>&1 || { cat ../startall.out; exit 7; }
        works $port
        kill_slowly
        ./startall >../startall.out 2>&1 || { cat ../startall.out; exit 7; }
        works $port
        kill_slowly
        pgpoollab startall 2>../startall.err || { cat ../startall.err; exit 6; }
        works $port
        pgpoollab stopall 2>/dev/null
        pgpoollab destroy . 2>/dev/null

        unset -f psql # that of the lab which is gone
        mkdir ../old; cd ../old; chown postgres .
        pgpoollab pgpool_setup -n 2 -p $OLD -pg $((OLD + 2)) >../setup.out 2>&1 || { cat ../setup.out; exit 5; }
        ./startall >/dev/null 2>&1
        psql -h localhost -XAtqc 'create table t (i int)' -p $((OLD + 2)) test
        works $OLD
        kill_slowly
        ./startall >../startall.out 2>&1
        works $OLD
        ./shutdownall >/dev/null 2>&1
        [ ! -e run/pgpool.pid ]
        pgpoollab destroy . 2>/dev/null
        echo all of it
        END
        timeout 400 unshare --pid --fork --kill-child --mount-proc \
            sh -c 'sh ../inside >../result 2>&1 & exec cat ../result'
        """;

    [Fact]
    public async Task Servers_that_were_killed_and_never_collected_are_in_nobodys_way()
    {
        using var sandbox = new Sandbox(Account.Root);
        Directory.CreateDirectory(sandbox.Lab);
        sandbox.Account.Own(sandbox.Lab);
        var outcome = (
            await sandbox.ShellAsync(
                "chmod 777 . ..\n" + Script,
                ("OLD", FreePorts.Block().ToString()),
                (
                    "PATH",
                    $"{sandbox.ProgramFolder}:{ContractRun.PostgresBin()}:{Environment.GetEnvironmentVariable("PATH")}"
                )
            )
        ).Ok();
        Assert.True(outcome.Output.EndsWith("all of it\n", StringComparison.Ordinal), outcome.Output);
        Assert.DoesNotContain("zombies: 0", outcome.Output, StringComparison.Ordinal);
    }
}
