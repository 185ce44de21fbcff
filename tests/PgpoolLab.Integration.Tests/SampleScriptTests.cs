namespace PgpoolLab.Integration.Tests;

/// <summary><c>pgpool_setup -c</c>: a lab that lives by Pgpool-II's own sample scripts.</summary>
public sealed class SampleScriptTests
{
    /// <summary>What the samples want of ssh and scp is to run and copy on this very machine.</summary>
    private const string StandIns = """
        mkdir -p ../bin
        cat >../bin/ssh <<'END'
        #!/bin/sh
        # The samples of 4.1 name the key after the host.
        host=
        while [ $# -gt 0 ]; do
            case $1 in -T) shift ;; -o | -i) shift 2 ;; *) [ -z "$host" ] || break; host=$1; shift ;; esac
        done
        exec sh -c "$*"
        END
        cat >../bin/scp <<'END'
        #!/bin/sh
        while [ $# -gt 0 ]; do case $1 in -o | -i) shift 2 ;; *) break ;; esac; done
        exec cp "${1#*:}" "$2"
        END
        chmod +x ../bin/ssh ../bin/scp
        """;

    [Fact]
    public async Task A_lab_with_the_sample_scripts_fails_over_and_takes_the_old_primary_back()
    {
        using var sandbox = new Sandbox(Account.Plain);
        Directory.CreateDirectory(sandbox.Lab);
        sandbox.Account.Own(sandbox.Lab);
        (await sandbox.ShellAsync(StandIns)).Ok();
        (await sandbox.RunAsync("install-links", sandbox["links"])).Ok();
        var port = FreePorts.Block();
        (string, string)[] environment =
        [
            ("PGBIN", ContractRun.PostgresBin()),
            ("PGSOCKET_DIR", "/tmp"),
            ("PGHOST", "localhost"),
            (
                "PATH",
                $"{sandbox["labs"]}/bin:{ContractRun.PostgresBin()}:/usr/sbin:"
                    + Environment.GetEnvironmentVariable("PATH")
            ),
        ];
        var setup = (
            await sandbox.ShellAsync($"{sandbox["links"]}/pgpool_setup -c -p {port} -pg {port + 2}", environment)
        ).Ok();
        Assert.Contains(
            "Test Pgpool-II RPMs using sample scripts and config files",
            setup.Output,
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "#!/bin/bash",
            await File.ReadAllTextAsync(Path.Combine(sandbox.Lab, "etc/failover.sh")),
            StringComparison.Ordinal
        );

        var story = await sandbox.ShellAsync(
            $$"""
            ./startall
            . ./bashrc.ports
            until_true() { n=0; until "$@"; do n=$((n + 1)); [ $n -lt 900 ]; sleep 0.2; done; }
            finds_primary() { psql -XAtc 'show pool_nodes' -p {{port}} test | grep '|primary|'; }
            both_are_up() { psql -Atc 'show pool_nodes' -p {{port}} test | grep -c '|up|' | grep -qx 2; }
            row_is_back() { psql -Atc 'SELECT count(*) FROM t' -p {{port + 2}} test | grep -qx 1; }
            until_true psql -qc 'CREATE TABLE t (i int)' -p {{port}} test
            # A primary that stops before Pgpool-II has found it has no failover: failover.sh compares with the old
            # primary.
            until_true finds_primary
            pg_ctl -D data0 -m immediate stop
            until_true psql -qc 'INSERT INTO t VALUES (1)' -p {{port}} test
            pcp_recovery_node -w -h localhost -p {{port + 1}} -n 0
            until_true both_are_up
            until_true row_is_back
            psql -Atc 'SELECT pg_is_in_recovery()' -p {{port + 2}} test
            ./shutdownall
            """,
            environment
        );
        var logs = Directory.EnumerateFiles(Path.Combine(sandbox.Lab, "data0/log")).SelectMany(File.ReadLines);
        Assert.True(story.ExitCode == 0, $"{story.Output}\n{story.Error}\n{string.Join("\n", logs.TakeLast(20))}");
        Assert.Empty(sandbox.ProcessesLeft());
    }
}
