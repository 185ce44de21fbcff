using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

public sealed class SettingsTests
{
    [Fact]
    public async Task A_lab_takes_what_is_portable_of_published_files()
    {
        using var sandbox = new Sandbox(Account.Plain);
        foreach (var file in (string[])["pgpool-4.3.conf", "postgresql-15.conf"])
        {
            File.Copy(
                Path.Combine(Sandbox.RepositoryRoot(), "tests/PgpoolLab.Provisioning.Tests/settings", file),
                Path.Combine(sandbox.Labs, file)
            );
        }

        var outcome = (
            await sandbox.RunAsync(
                "up",
                "-s",
                "--port",
                "auto",
                "--json",
                "--pgpool-conf",
                "pgpool-4.3.conf",
                "--postgresql-conf",
                "postgresql-15.conf",
                "--set",
                "pgpool.num_init_children=7",
                // Its value in the file, primary, is that of 4.2 and later.
                "--set",
                $"pgpool.relcache_query_target={(InstalledPgpool.Is42 ? "primary" : "master")}",
                sandbox.Lab
            )
        ).Ok();
        using var report = JsonDocument.Parse(outcome.Output);
        var files = report.RootElement.GetProperty("settingsFiles").EnumerateArray().ToArray();
        Assert.Equal(["pgpool", "postgresql"], files.Select(f => f.GetProperty("program").GetString()));
        Assert.All(
            files,
            file =>
            {
                Assert.NotEmpty(file.GetProperty("taken").EnumerateArray());
                Assert.All(
                    file.GetProperty("leftOut").EnumerateArray(),
                    setting =>
                        Assert.Contains(
                            $" line {setting.GetProperty("line")}: {setting.GetProperty("name").GetString()} is "
                                + $"left out: {setting.GetProperty("reason").GetString()}",
                            outcome.Error,
                            StringComparison.Ordinal
                        )
                );
            }
        );
        var shown = (
            await sandbox.ShellAsync(
                """
                eval "$(pgpoollab env)"
                for name in num_init_children relcache_size; do psql -XAtc "PGPOOL SHOW $name"; done
                for name in work_mem max_connections cluster_name wal_level; do
                    pgpoollab psql 1 -- -XAtc "SHOW $name" test
                done
                """
            )
        ).Ok();
        Assert.Equal(["7", "256", "5MB", "60", "15/main: the clerk's", "replica"], shown.Output.TrimEnd().Split('\n'));
        (await sandbox.RunInLabAsync("destroy")).Ok();
    }
}
