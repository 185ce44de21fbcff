using System.Text.Json;
using PgpoolLab.Hosts;

namespace PgpoolLab.Integration.Tests;

/// <summary>The lab of a real setup as files for other engines, which do not run here.</summary>
public sealed class ExportTests
{
    /// <summary>Debian's package, or the plugin of Docker's own packages. Neither needs a server for this.</summary>
    private static readonly string[] Compose = File.Exists("/usr/bin/docker-compose")
        ? ["docker-compose"]
        : ["docker", "compose"];

    [Fact]
    public async Task A_lab_is_exported_as_it_is_now_and_Compose_understands_the_file()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (
            await sandbox.RunAsync(
                "setup",
                "-s",
                "-n",
                "3",
                "--port",
                "auto",
                "--set",
                "pgpool.max_pool=3",
                "--set",
                "postgresql.work_mem=8MB",
                "--set",
                "postgresql.synchronous_standby_names=FIRST 1 (*)",
                sandbox.Lab
            )
        ).Ok();
        var before = Directory.GetFileSystemEntries(sandbox.Lab).Order().ToArray();
        var outcome = (await sandbox.RunInLabAsync("export", "--to", "compose", "-o", "../out", "--with-secrets")).Ok();
        var folder = Path.Combine(sandbox.Labs, "out");
        var files = outcome.Output.TrimEnd().Split('\n');
        Assert.Equal(
            Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal),
            files.Order(StringComparer.Ordinal)
        );
        var secrets = Directory.GetFiles(Path.Combine(folder, "secrets"));
        Assert.Equal(3, secrets.Select(File.ReadAllText).Distinct().Count());
        Assert.All(secrets, s => Assert.Equal(Modes.PrivateFile, File.GetUnixFileMode(s)));
        Assert.Contains(
            "\nsynchronous_standby_names = 'FIRST 1 (*)'\nwork_mem = '8MB'\n",
            await File.ReadAllTextAsync(Path.Combine(folder, "postgresql.conf")),
            StringComparison.Ordinal
        );
        string[] config = [.. Compose, "-p", "lab", "-f", "compose.yaml", "config", "-q"];
        (await sandbox.RunProgramAsync(config, folder)).Ok();

        (await sandbox.RunInLabAsync("export", "--to", "kubernetes", "-o", "../out")).FailedWith(4);
        var report = JsonDocument.Parse(
            (await sandbox.RunInLabAsync("export", "--to", "kubernetes", "-o", "../k8s", "--json")).Ok().Output
        );
        Assert.Contains(
            "secret.yaml.example",
            report.RootElement.GetProperty("files").EnumerateArray().Select(f => f.GetString())
        );
        Assert.Equal(before, Directory.GetFileSystemEntries(sandbox.Lab).Order());

        // What Compose does not know it would find.
        var compose = Path.Combine(folder, "compose.yaml");
        await File.WriteAllTextAsync(
            compose,
            (await File.ReadAllTextAsync(compose)).Replace("depends_on", "depend_on", StringComparison.Ordinal)
        );
        Assert.NotEqual(0, (await sandbox.RunProgramAsync(config, folder)).ExitCode);
    }

    /// <summary>Root stands down, and so needs a folder of that user's.</summary>
    [Fact]
    [Trait("Needs", "root")]
    public async Task Root_exports_anothers_lab_as_that_user()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("setup", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        using var roots = new Sandbox(Account.Root);
        (
            await roots.RunAsync(
                "export",
                "--lab",
                sandbox.Lab,
                "--to",
                "kubernetes",
                "-o",
                Path.Combine(sandbox.Labs, "k")
            )
        ).Ok();
        Assert.Equal(
            Identity.OwnerOf(sandbox.Lab)?.User,
            Identity.OwnerOf(Path.Combine(sandbox.Labs, "k", "cluster.yaml"))?.User
        );
        File.SetUnixFileMode(roots.Labs, Modes.PrivateFolder);
        (await roots.RunAsync("export", "--lab", sandbox.Lab, "--to", "kubernetes", "-o", "k")).FailedWith(3);
        Assert.False(Directory.Exists(Path.Combine(roots.Labs, "k")));
    }
}
