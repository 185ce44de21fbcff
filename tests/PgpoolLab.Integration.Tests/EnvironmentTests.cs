namespace PgpoolLab.Integration.Tests;

/// <summary>What the shell of whoever calls holds, and what of it becomes the lab's; and the other way round.</summary>
public sealed class EnvironmentTests
{
    private const string Secret = "hunter2";

    [Trait("Needs", "root")]
    [Fact]
    public async Task Neither_secrets_nor_the_way_to_another_server_get_from_the_callers_shell_to_the_servers()
    {
        using var sandbox = new Sandbox(Account.Root);
        foreach (
            var name in (string[])
                ["SECRET_TOKEN", "PGPASSWORD", "PGHOSTADDR", "PGSERVICE", "PGOPTIONS", "PGTARGETSESSIONATTRS"]
        )
        {
            sandbox.Variables[name] = name == "PGHOSTADDR" ? "192.0.2.1" : Secret;
        }

        (await sandbox.RunAsync("up", "-s", "--port", "auto", sandbox.Lab)).Ok();
        AssertServersKnowNothing(sandbox);
        (await sandbox.RunInLabAsync("stopall")).Ok();
        (await sandbox.RunInLabAsync("startall")).Ok();
        AssertServersKnowNothing(sandbox);
        (await sandbox.ShellAsync("./stopall && ./startall")).Ok();
        AssertServersKnowNothing(sandbox);

        // Ended by hand, a failover, an online recovery; and started by hand.
        (
            await sandbox.ShellAsync(
                """
                eval "$(pgpoollab env)"
                pg_ctl -m immediate -D data0 stop
                until [ "$(pgpoollab psql 1 -- -XAtc 'SELECT pg_is_in_recovery()')" = f ]; do sleep 0.1; done
                until pcp_recovery_node -n 0 2>&1 | grep 'Command Successful'; do sleep 0.1; done
                # Pgpool-II ends sessions when a node comes back, some after pcp_recovery_node has ended.
                until psql -Xqc 'SELECT 1'; do sleep 0.1; done >/dev/null
                """
            )
        ).Ok();
        AssertServersKnowNothing(sandbox);
        Assert.Equal(
            "t",
            (await sandbox.ShellAsync("pgpoollab psql 0 -- -XAtc 'SELECT pg_is_in_recovery()'")).Ok().Output.Trim()
        );
        Assert.Equal(
            "test",
            (await sandbox.ShellAsync("pgpoollab exec -- psql -XAtc 'SELECT current_database()'")).Ok().Output.Trim()
        );
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    [Trait("Needs", "root")]
    public async Task Root_runs_what_the_labs_user_has_chosen_as_that_user()
    {
        using var sandbox = new Sandbox(Account.Root);
        (await sandbox.RunAsync("setup", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        // The lab's user writes the manifest anew: PostgreSQL's programs are his now.
        var programs = Path.Combine(sandbox.Labs, "programs");
        (
            await sandbox.ShellAsync(
                $"""
                bin=$(sed -n 's/.*"postgresBin": "\(.*\)",*/\1/p' .pgpoollab/lab.json)
                mkdir '{programs}'
                for program in "$bin"/*; do ln -s "$program" '{programs}/'; done
                rm -f '{programs}/psql' '{programs}/ls'
                for program in psql ls; do
                    printf '#!/bin/sh\nid -un; env\n' >'{programs}'/$program
                    chmod 755 '{programs}'/$program
                done
                chmod 755 '{programs}' '{sandbox.Labs}'
                sed -i "s|$bin|{programs}|g" .pgpoollab/lab.json
                chown postgres: .pgpoollab/lab.json
                """
            )
        ).Ok();
        sandbox.Variables["SECRET_TOKEN"] = Secret;
        var outcome = (
            await sandbox.ShellAsync(
                "eval \"$(pgpoollab env)\"; psql; timeout 20 psql; bash -c psql; ls -d /; id -un; "
                    + "eval \"$(pgpoollab env --off)\"; command -v psql | grep -c pgpoollab"
            )
        );
        var lines = outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Count(l => l == "postgres"));
        Assert.Equal(("postgres", "/", "root", "0"), (lines[0], lines[^3], lines[^2], lines[^1]));
        Assert.DoesNotContain(Secret, outcome.Output, StringComparison.Ordinal);
    }

    private static void AssertServersKnowNothing(Sandbox sandbox)
    {
        var environments = Directory
            .EnumerateDirectories("/proc")
            .Where(d => int.TryParse(Path.GetFileName(d), out _))
            .Select(d =>
            {
                try
                {
                    return
                        new FileInfo($"{d}/cwd").LinkTarget?.StartsWith(sandbox.Labs, StringComparison.Ordinal) is true
                        ? File.ReadAllText($"{d}/environ")
                        : "";
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    return "";
                }
            })
            .Where(e => e.Length > 0)
            .ToArray();
        Assert.NotEmpty(environments);
        Assert.All(environments, e => Assert.DoesNotContain(Secret, e, StringComparison.Ordinal));
        Assert.All(environments, e => Assert.DoesNotContain("PGHOSTADDR", e, StringComparison.Ordinal));
    }
}
