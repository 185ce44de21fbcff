using System.Diagnostics;
using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>Labs that are saved, put back, made once more and moved, while they run.</summary>
public sealed class SnapshotTests
{
    // Each row is noted only after it was acknowledged.
    private const string Words = """
        write_rows() {
            i=0
            while [ ! -e stop ]; do
                i=$((i + 1))
                psql -qXc "INSERT INTO t VALUES ($i)" test && echo $i >>acknowledged || exit 1
            done
        }
        acknowledged() { wc -l <acknowledged | tr -d ' '; }
        until_acknowledged() { while [ "$(acknowledged)" -lt "$1" ]; do sleep 0.01; done; }
        count() { pgpoollab psql "$1" -- -XAtqc 'SELECT count(*) || '"' '"' || coalesce(max(i), 0) FROM t' test; }

        """;

    [Theory]
    [InlineData("streaming")]
    [InlineData("replication")]
    public async Task No_acknowledged_row_is_lost_and_a_restore_brings_exactly_those_that_were_there(string mode)
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-m", mode, "--port", "auto", sandbox.Lab)).Ok();
        (
            await sandbox.ShellAsync(
                Words
                    + """
                    eval "$(pgpoollab env)"
                    psql -qXc 'CREATE TABLE t (i int)' test
                    touch acknowledged
                    write_rows & writer=$!
                    until_acknowledged 20
                    before=$(acknowledged)
                    pgpoollab snapshot save
                    after=$(acknowledged)
                    until_acknowledged $((after + 20))
                    touch stop
                    wait $writer # none of its sessions has ended
                    last=$(acknowledged)
                    rm acknowledged stop
                    [ "$(count 0)" = "$last $last" ]

                    pgpoollab snapshot restore
                    pgpoollab wait --for healthy --timeout 2m
                    set -- $(count 0)
                    [ "$1" = "$2" ] # none is missing among them
                    [ "$1" -ge "$before" ] && [ "$1" -le $((after + 1)) ]
                    psql -qXc 'INSERT INTO t VALUES (0)' test
                    for node in 0 1; do
                        ends=$(($(date +%s) + 60))
                        until [ "$(count $node)" = "$(($1 + 1)) $2" ]; do
                            [ "$(date +%s)" -lt $ends ]
                            sleep 0.1
                        done
                    done
                    """
            )
        ).Ok();
        (await sandbox.RunAsync("destroy", "--yes", sandbox.Lab)).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_command_that_is_killed_while_the_lab_stands_still_leaves_a_lab_that_goes_on()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "--port", "auto", sandbox.Lab)).Ok();
        var frozen = $"{sandbox.Lab}/.pgpoollab/frozen";
        var clock = Stopwatch.StartNew();
        while (true)
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), "one of many commands is killed in that moment");
            using var save = sandbox.Start(sandbox.Lab, "snapshot", "save", "--replace");
            while (!File.Exists(frozen) && !save.HasExited)
            {
                Thread.Yield();
            }

            save.Kill();
            save.WaitForExit();
            // It has had no time to take the note away.
            if (File.Exists(frozen))
            {
                break;
            }
        }

        (
            await sandbox.ShellAsync(
                """
                eval "$(pgpoollab env)"
                PGCONNECT_TIMEOUT=20 psql -qXc 'CREATE TABLE t (i int)' test
                pgpoollab nodes >/dev/null
                ! ls -A .pgpoollab .pgpoollab/snapshots | grep -q -e frozen -e unfinished
                pgpoollab snapshot save --replace
                pgpoollab wait --for healthy --timeout 2m
                """
            )
        ).Ok();
        var saved = JsonDocument.Parse((await sandbox.RunInLabAsync("snapshot", "list", "--json")).Ok().Output);
        Assert.Equal("default", Assert.Single(saved.RootElement.EnumerateArray()).GetProperty("name").GetString());
        (await sandbox.RunAsync("destroy", "--yes", sandbox.Lab)).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_clone_runs_beside_the_lab_it_was_made_of_and_both_can_be_moved()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var (twin, moved) = ($"{sandbox.Labs}/twin", $"{sandbox.Labs}/far away/moved ü");
        (await sandbox.RunAsync("up", "--port", "auto", sandbox.Lab)).Ok();
        (
            await sandbox.ShellAsync(
                """
                row() { pgpoollab psql "$1" --lab "$2" -- -XAtqc 'SELECT sum(i) FROM t' test; }
                pgpoollab psql -- -qXc 'CREATE TABLE t AS SELECT 1 AS i' test
                pgpoollab snapshot save early
                pgpoollab clone . "$TWIN" --new-passwords
                pgpoollab psql --lab "$TWIN" -- -qXc 'INSERT INTO t VALUES (10)' test
                pgpoollab wait --lab "$TWIN" --for healthy --timeout 2m
                [ "$(row pgpool .)" = 1 ] && [ "$(row primary "$TWIN")" = 11 ]
                ! cmp -s pgpass "$TWIN/pgpass"
                (cd "$TWIN"; eval "$(pgpoollab env)"; psql -h localhost -qXc 'INSERT INTO t VALUES (100)' test)
                ! grep -rlI "$PWD/" "$TWIN" --include='*.conf' --include='*.sh' --include=startall

                pgpoollab move "$TWIN" "$MOVED"
                pgpoollab wait --lab "$MOVED" --for healthy --timeout 2m
                [ "$(row pgpool "$MOVED")" = 111 ]
                [ ! -e "$TWIN" ]
                "$MOVED/stopall"
                pgpoollab destroy --yes "$MOVED"

                # What was saved before a move is put back after it.
                pgpoollab psql -- -qXc 'INSERT INTO t VALUES (1000)' test
                pgpoollab move . "$TWIN"
                pgpoollab snapshot restore early --lab "$TWIN"
                pgpoollab wait --lab "$TWIN" --for healthy --timeout 2m
                [ "$(row pgpool "$TWIN")" = 1 ]
                pgpoollab destroy --yes "$TWIN"
                """,
                ("TWIN", twin),
                ("MOVED", moved)
            )
        ).Ok();
        sandbox.AssertNothingIsLeft();
    }
}
