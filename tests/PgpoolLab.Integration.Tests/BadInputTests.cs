using System.Net;
using System.Net.Sockets;

namespace PgpoolLab.Integration.Tests;

/// <summary>Whatever is wrong is said before anything is created: the message, the exit code, and nothing
/// left.</summary>
public sealed class BadInputTests
{
    [Theory]
    [InlineData("unknown-option", 2, "setup", "--nodez", "3", "LAB")]
    [InlineData("no-nodes", 2, "setup", "-n", "0", "LAB")]
    [InlineData("port-zero", 2, "setup", "-p", "0", "LAB")]
    [InlineData("port-70000", 2, "setup", "-p", "70000", "LAB")]
    [InlineData("ports-past-the-end", 2, "setup", "-p", "65530", "-n", "8", "LAB")]
    [InlineData("several-problems", 2, "setup", "-p", "70000", "-n", "0", "--set", "nonsense", "LAB")]
    [InlineData("no-such-mode", 2, "setup", "-m", "quantum", "LAB")]
    [InlineData("no-pg-version", 3, "setup", "--pg-version", "9", "--pgpool-dir", "/nowhere", "LAB")]
    [InlineData("no-initdb", 3, "setup", "--pg-bin", "/nowhere", "LAB")]
    [InlineData("no-pgpool", 3, "setup", "--pgpool-dir", "/nowhere", "LAB")]
    [InlineData("no-templates", 2, "setup", "--templates", "/nowhere", "LAB")]
    [InlineData("not-an-address-of-this-machine", 4, "setup", "--port", "auto", "--listen", "8.8.8.8", "LAB")]
    [InlineData(
        "settings-nobody-knows",
        2,
        "setup",
        "--port",
        "auto",
        "--set",
        "pgpool.num_init_childen=4",
        "--set",
        "postgresql.work_men=1MB",
        "LAB"
    )]
    [InlineData(
        "initdb-arguments",
        2,
        "setup",
        "--initdb-arg",
        "-D/x",
        "--initdb-arg=--auth=trust",
        "--initdb-arg",
        "--waldir",
        "LAB"
    )]
    [InlineData("no-lab", 6, "nodes")]
    [InlineData("no-such-lab", 6, "destroy", "nowhere")]
    public async Task It_says_what_is_wrong_and_creates_nothing(string name, int exitCode, params string[] arguments)
    {
        using var sandbox = new Sandbox(Account.Plain);
        var outcome = (await sandbox.RunAsync([.. arguments.Select(a => a == "LAB" ? sandbox.Lab : a)])).FailedWith(
            exitCode
        );
        Assert.Empty(outcome.Output);
        Snapshot.Approve(name, sandbox.Neutral(outcome.Error));
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_folder_that_is_not_empty_is_left_as_it_is()
    {
        using var sandbox = new Sandbox(Account.Plain);
        Directory.CreateDirectory(sandbox.Lab);
        await File.WriteAllTextAsync(Path.Combine(sandbox.Lab, "thesis.txt"), "mine");
        var outcome = (await sandbox.RunAsync("setup", "--port", "auto", sandbox.Lab)).FailedWith(4);
        Snapshot.Approve("folder-not-empty", sandbox.Neutral(outcome.Error));
        Assert.Equal("mine", await File.ReadAllTextAsync(Path.Combine(sandbox.Lab, "thesis.txt")));
        Assert.Single(Directory.EnumerateFileSystemEntries(sandbox.Lab));
    }

    [Theory]
    [InlineData("/proc/lab")]
    [InlineData("/usr/share/lab")]
    public async Task A_folder_one_may_not_make_is_refused(string folder)
    {
        using var sandbox = new Sandbox(Account.Plain);
        var outcome = (await sandbox.RunAsync("setup", "--port", "auto", folder)).FailedWith(4);
        Snapshot.Approve(
            $"not-writable-{Path.GetDirectoryName(folder)!.Split('/')[^1]}",
            sandbox.Neutral(outcome.Error)
        );
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_port_in_use_is_named_with_its_holder_and_the_folder_is_gone_again()
    {
        using var sandbox = new Sandbox(Account.Plain);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var outcome = (
            await sandbox.RunAsync("setup", "--port", "auto", "--pg-port", port.ToString(), "-n", "1", sandbox.Lab)
        ).FailedWith(4);
        Snapshot.Approve(
            "port-in-use",
            sandbox.Neutral(outcome.Error).Replace(port.ToString(), "<port>", StringComparison.Ordinal)
        );
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task An_extension_that_is_missing_is_named_with_its_package()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var bin = FakeInstallation(sandbox);
        var outcome = (await sandbox.RunAsync("setup", "--port", "auto", "--pg-bin", bin, sandbox.Lab)).FailedWith(3);
        Snapshot.Approve("no-extension", sandbox.Neutral(outcome.Error));
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_template_with_an_unknown_name_stops_setup_with_file_and_line()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var templates = Directory.CreateDirectory(sandbox["templates/pgpool"]).FullName;
        await File.WriteAllTextAsync(Path.Combine(templates, "pgpool.conf.sbn"), "# mine\nport = {{ pgpool.prot }}\n");
        var outcome = (
            await sandbox.RunAsync(
                "setup",
                "--port",
                "auto",
                "--templates",
                Path.GetDirectoryName(templates)!,
                sandbox.Lab
            )
        ).FailedWith(1);
        Assert.Contains($"{templates}/pgpool.conf.sbn, line 2", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("'prot'", outcome.Error, StringComparison.Ordinal);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_setting_PostgreSQL_cannot_use_fails_with_the_end_of_its_log()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var outcome = (
            await sandbox.RunAsync("setup", "--port", "auto", "--set", "postgresql.work_mem=nonsense", sandbox.Lab)
        ).FailedWith(5);
        Assert.Contains("invalid value for parameter \"work_mem\"", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("Its logs are in", outcome.Error, StringComparison.Ordinal);
        sandbox.AssertNothingIsLeft();
    }

    /// <summary>A copy, by links, of the real programs, whose pg_config leads to a folder without extensions.</summary>
    private static string FakeInstallation(Sandbox sandbox)
    {
        var real = Directory
            .EnumerateDirectories("/usr/lib/postgresql")
            .Select(d => $"{d}/bin")
            .First(d => File.Exists($"{d}/initdb"));
        var bin = Directory.CreateDirectory(sandbox["pg/bin"]).FullName;
        Directory.CreateDirectory(sandbox["pg/share/extension"]);
        foreach (var program in Directory.EnumerateFiles(real).Where(p => Path.GetFileName(p) != "pg_config"))
        {
            // Copies, not links: links are followed home, where everything is.
            File.Copy(program, Path.Combine(bin, Path.GetFileName(program)));
        }

        File.WriteAllText($"{bin}/pg_config", $"#!/bin/sh\necho '{sandbox["pg/share"]}'\n");
        File.SetUnixFileMode($"{bin}/pg_config", (UnixFileMode)Convert.ToInt32("755", 8));
        return bin;
    }
}
