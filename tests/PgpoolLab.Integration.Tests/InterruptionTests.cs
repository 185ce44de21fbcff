using System.Diagnostics;

namespace PgpoolLab.Integration.Tests;

/// <summary>Setup stopped half-way, at different steps and in different ways.</summary>
public sealed class InterruptionTests
{
    private const int Interrupt = 2;
    private const int Kill = 9;
    private const int Terminate = 15;

    [Theory]
    [InlineData(Interrupt, "Create the folders")]
    [InlineData(Interrupt, "Start node 0")]
    [InlineData(Terminate, "Configure node 1")]
    [InlineData(Terminate, "Start Pgpool-II")]
    [InlineData(1, "Create replication slots")]
    public async Task A_setup_that_is_asked_to_end_takes_everything_back(int signal, string afterStep)
    {
        using var sandbox = new Sandbox(Account.Plain);
        var (exitCode, error) = await SignalSetupAsync(sandbox, signal, afterStep);
        Assert.True(exitCode == 130, error);
        Assert.Contains("error: Interrupted.", error, StringComparison.Ordinal);
        Assert.Contains("Whatever setup had made is removed again.", error, StringComparison.Ordinal);
        sandbox.AssertNothingIsLeft();
    }

    [Theory]
    [InlineData(Interrupt, "")]
    [InlineData(Terminate, ".pgpoollab")]
    [InlineData(Interrupt, ".pgpoollab/lock")]
    [InlineData(1, ".pgpoollab/lab.json")]
    [InlineData(Interrupt, "log")]
    [InlineData(Terminate, "data0")]
    public async Task A_setup_that_is_asked_to_end_in_its_first_moments_takes_everything_back(
        int signal,
        string whenThereIs
    )
    {
        using var sandbox = new Sandbox(Account.Plain);
        using var process = sandbox.Start(
            ["pgpoollab", "setup", "-s", "--port", "auto", sandbox.Lab],
            sandbox.Labs,
            []
        );
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        while (!Path.Exists(Path.Combine(sandbox.Lab, whenThereIs)) && !process.HasExited) { }

        Assert.Equal(0, Signals.Send(process.Id, signal));
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await process.WaitForExitAsync(limit.Token);
        Assert.Equal((130, ""), (process.ExitCode, await output));
        Assert.Contains("error: Interrupted.", await error, StringComparison.Ordinal);
        sandbox.AssertNothingIsLeft();
    }

    [Theory]
    [InlineData("Create node 0")]
    [InlineData("Start node 1")]
    [InlineData("Start Pgpool-II")]
    public async Task A_setup_that_was_killed_is_known_for_what_it_is_and_can_be_destroyed(string afterStep)
    {
        using var sandbox = new Sandbox(Account.Plain);
        await SignalSetupAsync(sandbox, Kill, afterStep);

        var again = (await sandbox.RunAsync("setup", "--port", "auto", sandbox.Lab)).FailedWith(4);
        Snapshot.Approve("setup-was-killed", sandbox.Neutral(again.Error));
        (await sandbox.RunInLabAsync("startall")).FailedWith(5);

        // As if it had been killed as it wrote them.
        (
            await sandbox.ShellAsync(
                "for file in startall.1234567.tmp pcppass.1.tmp .pgpoollab/lab.json.1.tmp; do echo unfinished "
                    + ">$file; done"
            )
        ).Ok();
        (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Theory]
    [MemberData(nameof(Account.Callers), MemberType = typeof(Account))]
    public async Task What_a_setup_leaves_that_was_killed_before_there_was_a_lab_can_be_destroyed_and_is_in_nobodys_way(
        string account
    )
    {
        using var sandbox = new Sandbox(account);
        Directory.CreateDirectory(sandbox.Lab);
        sandbox.Account.Own(sandbox.Lab);
        // As it is between the making of the lock and that of the manifest.
        var own = sandbox.Account.LabUser == "postgres" ? "chown -R postgres: ." : ":";
        (
            await sandbox.ShellAsync(
                $"mkdir .pgpoollab; : >.pgpoollab/lock; echo '{{' >.pgpoollab/lab.json.1.tmp; {own}"
            )
        ).Ok();

        Assert.Contains(
            "what a command had left there that was killed",
            (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok().Error,
            StringComparison.Ordinal
        );
        Assert.Empty(Directory.GetFileSystemEntries(sandbox.Lab));
        (await sandbox.RunAsync("destroy", sandbox.Lab)).FailedWith(6);

        (await sandbox.ShellAsync($"mkdir .pgpoollab; : >.pgpoollab/lock; {own}")).Ok();
        (await sandbox.RunAsync("setup", "--port", "auto", sandbox.Lab)).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        Directory.Delete(sandbox.Lab);
        sandbox.AssertNothingIsLeft();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_folders_a_setup_made_that_was_killed_before_there_was_a_manifest_are_given_back(bool orphans)
    {
        using var sandbox = new Sandbox(Account.Plain);
        var folder = Path.Combine(sandbox.Labs, "a/b/lab");
        // Setup waits here for the choice of a name and ports: its folders are there, the manifest is not.
        var state = $"{sandbox.Home}/.local/state/pgpoollab";
        (await sandbox.ShellAsync($"mkdir -p {state}")).Ok();
        string[] flock = [.. sandbox.Account.Prefix, "flock", $"{state}/lock", "sleep", "600"];
        using var others = Process.Start(flock[0], flock[1..]);
        try
        {
            await UntilAsync(() => Hosts.FileLocks.HolderOf($"{state}/lock") is not null);
            using var process = sandbox.Start(sandbox.Labs, "setup", "-s", "--port", "auto", folder);
            await UntilAsync(() =>
                Directory.Exists(folder) && Directory.EnumerateFiles(state, "*.json", SearchOption.AllDirectories).Any()
            );
            Assert.Equal(0, Signals.Send(process.Id, Kill));
            await process.WaitForExitAsync();
        }
        finally
        {
            others.Kill(entireProcessTree: true);
            await others.WaitForExitAsync();
        }

        Assert.True(Directory.Exists(folder));
        var outcome = (
            await (orphans ? sandbox.RunAsync("destroy", "--orphans") : sandbox.RunAsync("destroy", folder))
        ).Ok();
        Assert.Contains(
            orphans ? "The lab 'lab' is gone" : "what a command had left there that was killed; it is gone",
            outcome.Error,
            StringComparison.Ordinal
        );
        sandbox.AssertNothingIsLeft();
        (await sandbox.RunAsync("destroy", folder)).FailedWith(6);
    }

    private static async Task UntilAsync(Func<bool> fact)
    {
        var clock = Stopwatch.StartNew();
        while (!fact())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), "It did not happen within two minutes.");
            await Task.Delay(10);
        }
    }

    [Fact]
    public async Task Two_setups_in_one_folder_at_once_leave_one_whole_lab()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var outcomes = await Task.WhenAll(
            sandbox.RunAsync("setup", "-s", "--port", "auto", sandbox.Lab),
            sandbox.RunAsync("setup", "-s", "--port", "auto", sandbox.Lab)
        );
        Assert.Single(outcomes, o => o.ExitCode == 0);
        Assert.Single(outcomes, o => o.ExitCode is 4 or 7);
        (await sandbox.RunInLabAsync("startall")).Ok();
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Two_setups_in_two_folders_at_once_choose_different_ports()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var labs = new[] { "a", "b", "c" }.Select(n => Path.Combine(sandbox.Labs, n)).ToArray();
        foreach (
            var outcome in await Task.WhenAll(
                labs.Select(l => sandbox.RunAsync("up", "-s", "-n", "1", "--port", "auto", l))
            )
        )
        {
            outcome.Ok();
        }

        foreach (var lab in labs)
        {
            (await sandbox.RunAsync("destroy", lab)).Ok();
        }

        sandbox.AssertNothingIsLeft();
    }

    private static async Task<(int ExitCode, string Error)> SignalSetupAsync(
        Sandbox sandbox,
        int signal,
        string afterStep
    )
    {
        using var process = sandbox.Start(sandbox.Labs, "setup", "-s", "--port", "auto", sandbox.Lab);
        var error = new System.Text.StringBuilder();
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            error.AppendLine(line);
            if (line.StartsWith("ok   " + afterStep, StringComparison.Ordinal))
            {
                Assert.Equal(0, Signals.Send(process.Id, signal));
            }
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, error.ToString());
    }
}
