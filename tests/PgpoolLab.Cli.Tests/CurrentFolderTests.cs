using System.Diagnostics;

namespace PgpoolLab.Cli.Tests;

/// <summary>The program itself in a folder of somebody else's, who has put programs there.</summary>
public sealed class CurrentFolderTests
{
    [Theory]
    [InlineData("list", "--all")]
    [InlineData("doctor")]
    [InlineData("setup", "--dry-run", "--port", "auto", "lab")]
    public async Task No_program_of_the_current_folder_is_run(params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        string[] names =
        [
            "getent",
            "id",
            "ps",
            "ls",
            "uname",
            "sh",
            "setsid",
            "initdb",
            "postgres",
            "psql",
            "pgpool",
            "pg_config",
            "dpkg",
            "apt-cache",
        ];
        foreach (var name in names)
        {
            Executable.Write(
                Path.Combine(folder.Path, name),
                $"#!/bin/sh\necho {name} >>'{folder.Path}/run'\nexit 1\n"
            );
        }

        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "pgpoollab"), arguments)
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["XDG_STATE_HOME"] = folder["state"];
        start.Environment["XDG_CACHE_HOME"] = folder["cache"];
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.NotEqual("", await output + await error);
        Assert.False(
            File.Exists(folder["run"]),
            File.Exists(folder["run"]) ? await File.ReadAllTextAsync(folder["run"]) : ""
        );
    }
}
