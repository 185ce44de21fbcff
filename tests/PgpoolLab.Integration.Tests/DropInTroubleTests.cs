namespace PgpoolLab.Integration.Tests;

/// <summary>Labs of the old command lines under conditions nobody wishes for.</summary>
public abstract class DropInTroubleTests
{
    /// <summary>A shell that finds the old programs, PostgreSQL's and Pgpool-II's.</summary>
    protected sealed class OldLab : IDisposable
    {
        private readonly List<(string, string)> _environment;

        private OldLab(Sandbox sandbox) =>
            (Sandbox, _environment) = (
                sandbox,
                [
                    ("PGBIN", ContractRun.PostgresBin()),
                    ("PGSOCKET_DIR", "/tmp"),
                    ("PGHOST", "localhost"),
                    (
                        "PATH",
                        $"{sandbox["bin"]}:{ContractRun.PostgresBin()}:/usr/sbin:"
                            + Environment.GetEnvironmentVariable("PATH")
                    ),
                ]
            );

        public Sandbox Sandbox { get; }

        public int Port { get; } = FreePorts.Block();

        public static async Task<OldLab> OpenAsync(string name = "lab")
        {
            var sandbox = new Sandbox(Account.Plain, name);
            Directory.CreateDirectory(sandbox.Lab);
            sandbox.Account.Own(sandbox.Lab);
            (await sandbox.RunAsync("install-links", sandbox["bin"])).Ok();
            return new OldLab(sandbox);
        }

        public Task<Outcome> ShellAsync(string script, params (string, string)[] environment) =>
            Sandbox.ShellAsync(
                $"await_pgpool() {{ n=0; until psql -XAtqc 'show pool_nodes' -p {Port} test >/dev/null 2>&1; do "
                    + "n=$((n + 1)); [ $n -lt 600 ] || exit 9; sleep 0.2; done; }\n"
                    + script,
                [.. _environment, .. environment]
            );

        public Task<Outcome> SetUpAsync(string options) =>
            ShellAsync($"sh \"$(command -v pgpool_setup)\" -p {Port} -pg {Port + 2} {options}");

        public int Count(string program) =>
            Sandbox.Processes().Count(p => p.Contains(program, StringComparison.Ordinal));

        public void Dispose() => Sandbox.Dispose();
    }
}

public sealed class OldScriptsTroubleTests : DropInTroubleTests
{
    [Fact]
    public async Task Children_of_a_killed_Pgpool_are_cleared_away_by_both_scripts()
    {
        using var lab = await OldLab.OpenAsync();
        (await lab.SetUpAsync("-n 1")).Ok();
        foreach (var script in (string[])["./startall", "./shutdownall"])
        {
            (await lab.ShellAsync("./startall; await_pgpool; kill -9 $(tr -d '\\000' <run/pgpool.pid)")).Ok();
            Assert.True(lab.Count("pgpool: ") > 10);
            (await lab.ShellAsync(script)).Ok();
            (await lab.ShellAsync(script == "./startall" ? "await_pgpool; ./shutdownall" : ":")).Ok();
            Assert.Empty(lab.Sandbox.ProcessesLeft());
        }
    }

    [Fact]
    public async Task Another_labs_Pgpool_is_not_stopped_when_its_number_is_in_our_PID_file()
    {
        using var mine = await OldLab.OpenAsync();
        using var other = await OldLab.OpenAsync();
        (await mine.SetUpAsync("-n 1")).Ok();
        (await other.SetUpAsync("-n 1 --no-stop")).Ok();
        File.Copy(Path.Combine(other.Sandbox.Lab, "run/pgpool.pid"), Path.Combine(mine.Sandbox.Lab, "run/pgpool.pid"));
        mine.Sandbox.Account.Own(mine.Sandbox.Lab);
        (await mine.ShellAsync("./shutdownall")).Ok();
        (await other.ShellAsync($"psql -XAtqc 'select 1' -p {other.Port} test; ./shutdownall")).Ok();
        Assert.Empty(other.Sandbox.ProcessesLeft());
    }

    [Fact]
    public async Task The_scripts_work_on_their_own_folder_whatever_CDPATH_says_and_where_a_prefix_has_a_blank()
    {
        using var lab = await OldLab.OpenAsync("my lab ü 'n' all");
        (
            await lab.ShellAsync(
                """
                mkdir -p "../my pg/bin"
                for p in /usr/sbin/pgpool /usr/sbin/pcp_*; do ln -s "$p" "../my pg/bin/"; done
                """
            )
        ).Ok();
        (
            await lab.ShellAsync(
                $"pgpool_setup -n 1 -p {lab.Port} -pg {lab.Port + 2}",
                ("PGPOOL_INSTALL_DIR", lab.Sandbox.Labs + "/my pg")
            )
        ).Ok();
        var name = Path.GetFileName(lab.Sandbox.Lab);
        (
            await lab.ShellAsync(
                $"cd ..; CDPATH=/:/usr:{lab.Sandbox.Labs}; export CDPATH; sh -C \"{name}/startall\"; "
                    + $"await_pgpool; \"{name}/pgpool_reload\"; \"{name}/shutdownall\""
            )
        ).Ok();
        Assert.Empty(lab.Sandbox.ProcessesLeft());
    }

    [Fact]
    public async Task Twelve_nodes_are_no_limit_and_the_last_of_two_options_counts()
    {
        using var lab = await OldLab.OpenAsync();
        (await lab.SetUpAsync("-n 3 -n 12 -m r -m s")).Ok();
        Assert.Equal(
            "12\n",
            (
                await lab.ShellAsync(
                    $"./startall >/dev/null; await_pgpool; psql -XAtqc 'show pool_nodes' -p {lab.Port} test | "
                        + "grep -c '|up|'; ./shutdownall >/dev/null"
                )
            )
                .Ok()
                .Output.Split("server stopped\n")[0]
        );
        Assert.Empty(lab.Sandbox.ProcessesLeft());
    }

    [Fact]
    public async Task The_remains_of_a_lab_whose_visible_files_were_deleted_are_cleared_away_with_its_servers()
    {
        using var lab = await OldLab.OpenAsync();
        (await lab.SetUpAsync("-n 1 --no-stop")).Ok();
        (await lab.ShellAsync("rm -rf ./*")).Ok();
        Assert.NotEmpty(lab.Sandbox.Processes());
        (await lab.SetUpAsync("-n 2")).Ok();
        Assert.Empty(lab.Sandbox.ProcessesLeft());
        (await lab.ShellAsync("./startall; await_pgpool; ./shutdownall")).Ok();
    }

    [Fact]
    public async Task A_setup_that_cannot_work_says_why_and_leaves_nothing()
    {
        using var lab = await OldLab.OpenAsync();
        var failed = (await lab.ShellAsync($"PGSOCKET_DIR=/nonexistent pgpool_setup -n 1 -p {lab.Port}")).FailedWith(3);
        Assert.Contains(
            "None of the folders for sockets can be written to: /nonexistent",
            failed.Error,
            StringComparison.Ordinal
        );
        Assert.DoesNotContain("is done", failed.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(lab.Sandbox.Lab));
        (await lab.ShellAsync($"INITDBARG=--nonsense pgpool_setup -n 1 -p {lab.Port}")).FailedWith(1);
        Assert.Empty(Directory.EnumerateFileSystemEntries(lab.Sandbox.Lab));
    }
}

public sealed class OldRecoveryTroubleTests : DropInTroubleTests
{
    [Fact]
    public async Task A_recovery_that_clients_held_up_can_be_tried_again_and_databases_may_have_odd_names()
    {
        using var lab = await OldLab.OpenAsync();
        (await lab.SetUpAsync("-m r")).Ok();
        var pcp = $"pcp_recovery_node -w -h localhost -p {lab.Port + 1} -n 1";
        (
            await lab.ShellAsync(
                $$"""
                echo 'recovery_timeout = 6' >>etc/pgpool.conf
                . ./bashrc.ports
                ./startall; await_pgpool
                psql -Xqc 'CREATE DATABASE " a b''c\d "' -p {{lab.Port}} test
                psql -Xqc 'CREATE TABLE t (i serial)' -p {{lab.Port}} ' a b''c\d ' ||
                    psql -Xqc 'CREATE TABLE t (i serial)' -p {{lab.Port}} "dbname=' a b\'c\\d '"
                pg_ctl -D data1 -m immediate stop
                psql -Xqc 'select 1' -p {{lab.Port}} test || :
                await_pgpool
                (psql -Xqc 'select pg_sleep(900)' -p {{lab.Port}} test || :) >/dev/null 2>&1 &
                client() {
                    psql -XAtqc "select $1 from pg_stat_activity where query = 'select pg_sleep(900)'" \
                        -p $(({{lab.Port}} + 2)) test
                }
                n=0; until [ "$(client 'count(*)')" = 1 ]; do n=$((n + 1)); [ $n -lt 600 ]; sleep 0.2; done
                {{pcp}} || :
                client 'pg_cancel_backend(pid)'
                wait
                test -e data1/standby.signal
                """
            )
        ).Ok();
        (
            await lab.ShellAsync(
                $"""
                . ./bashrc.ports
                echo 'recovery_timeout = 300' >>etc/pgpool.conf
                ./pgpool_reload
                {pcp}
                n=0
                until [ "$(psql -XAtqc 'show pool_nodes' -p {lab.Port} test 2>/dev/null | grep -c '|up|')" = 2 ]; do
                    n=$((n + 1)); [ $n -lt 1500 ]; sleep 0.2
                done
                test ! -e data1/standby.signal
                psql -XAtqc 'select pg_is_in_recovery()' -p {lab.Port + 3} test
                ./shutdownall
                """
            )
        ).Ok();
        Assert.Empty(lab.Sandbox.ProcessesLeft());
    }
}

public sealed class OldWatchdogTroubleTests : DropInTroubleTests
{
    [Fact]
    public async Task After_all_Pgpools_were_killed_shutdownall_leaves_nothing_and_startall_works()
    {
        using var lab = await OldLab.OpenAsync();
        (await lab.ShellAsync($"watchdog_setup -wn 2 -n 1 -wp {lab.Port} -pg {lab.Port + 10} --no-stop")).Ok();
        (
            await lab.ShellAsync(
                "for i in 0 1; do kill -9 $(tr -d '\\000' <pgpool$i/run/pgpool.pid); done; ./shutdownall"
            )
        ).Ok();
        Assert.Empty(lab.Sandbox.ProcessesLeft());
        (await lab.ShellAsync("./startall; await_pgpool; ./shutdownall")).Ok();
        Assert.Empty(lab.Sandbox.ProcessesLeft());
    }

    [Fact]
    public async Task A_foreign_pgpool_setup_that_fails_or_lies_is_found_out_and_nothing_is_left()
    {
        using var lab = await OldLab.OpenAsync();
        (
            await lab.ShellAsync(
                "printf '#!/bin/sh\\nexit 0\\n' >../liar; printf '#!/bin/sh\\npgpool_setup \"$@\" "
                    + "--no-stop\\nexit 7\\n' >../failing; chmod +x ../liar ../failing"
            )
        ).Ok();
        var lied = (
            await lab.ShellAsync(
                $"PGPOOL_SETUP=$(cd .. && pwd)/liar watchdog_setup -wn 2 -n 1 -wp {lab.Port} -pg {lab.Port + 10}"
            )
        ).FailedWith(1);
        Assert.Contains("ended with exit code 0, but has not made", lied.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(lab.Sandbox.Lab));

        // It has left its servers running; they are stopped before their files go.
        var failed = (
            await lab.ShellAsync(
                $"PGPOOL_SETUP=$(cd .. && pwd)/failing watchdog_setup -wn 2 -n 1 -wp {lab.Port} -pg {lab.Port + 10}"
            )
        ).FailedWith(1);
        Assert.Contains("ended with exit code 7", failed.Error, StringComparison.Ordinal);
        Assert.Empty(lab.Sandbox.ProcessesLeft());
        Assert.Empty(Directory.EnumerateFileSystemEntries(lab.Sandbox.Lab));
    }
}
