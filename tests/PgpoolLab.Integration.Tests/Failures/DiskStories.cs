using PgpoolLab.Integration.Tests.Endurance;

namespace PgpoolLab.Integration.Tests.Failures;

/// <summary>Stories of disks: each test has a small one of its own.</summary>
[Trait("Needs", "root")]
public sealed class DiskStories : IDisposable
{
    private const string Full = "No space left on device";
    private readonly Sandbox _sandbox = new(Account.Plain);
    private PrivateMachine? _machine;

    public void Dispose()
    {
        _machine?.Dispose();
        _sandbox.Machine = null;
        _sandbox.Dispose();
    }

    private async Task<PrivateMachine> DiskOfAsync(int megabytes) =>
        _sandbox.Machine = _machine = await PrivateMachine.StartAsync(_sandbox, megabytes * 1_000_000L);

    private void AssertNothingIsLeft()
    {
        Assert.Empty(_machine!.Remains());
        Assert.Empty(_machine.StateOf(_sandbox.Home));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_machine.View(_sandbox.Labs)));
    }

    // A cluster takes about 25 MB, a node that runs about 40.
    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    [InlineData(34)]
    [InlineData(60)]
    public async Task Story_05_a_full_disk_is_said_to_be_full_at_whatever_step_and_nothing_is_left(int megabytes)
    {
        await DiskOfAsync(megabytes);
        var outcome = await _sandbox.RunAsync("setup", "-s", "--port", "auto", _sandbox.Lab);
        Assert.True(outcome.ExitCode is 1 or 5, $"{outcome.ExitCode}\n{outcome.Error}");
        Assert.True(
            outcome.Error.Contains(Full, StringComparison.Ordinal)
                || outcome.Error.Contains("Check free disk space", StringComparison.Ordinal),
            outcome.Error
        );
        Assert.Contains("Whatever setup had made is removed again.", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("at work", outcome.Error, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Story_05_a_full_disk_under_the_cache_fails_no_setup_whose_own_disk_has_room()
    {
        await DiskOfAsync(5);
        _sandbox.Variables["XDG_CACHE_HOME"] = _sandbox.Labs;
        var lab = _sandbox["home/lab"];
        var outcome = (await _sandbox.RunAsync("setup", "-n", "1", "--port", "auto", lab)).Ok();
        Assert.Contains(
            $"The cache in {_sandbox.Labs}/pgpoollab/clusters cannot be used: ",
            outcome.Error,
            StringComparison.Ordinal
        );
        Assert.Contains(Full, outcome.Error, StringComparison.Ordinal);
        (await _sandbox.RunAsync("destroy", lab)).Ok();
        Assert.Empty(_machine!.Remains());
        Assert.Empty(
            Directory.EnumerateFileSystemEntries(_machine.View($"{_sandbox.Labs}/pgpoollab/clusters"), "*.unfinished")
        );
    }

    [Fact]
    public async Task Story_05_where_the_labs_disk_and_the_caches_are_one_and_full_it_is_said_and_nothing_is_left()
    {
        await DiskOfAsync(20);
        _sandbox.Variables["XDG_CACHE_HOME"] = _sandbox.Labs + "/cache";
        var outcome = (await _sandbox.RunAsync("setup", "-n", "1", "--port", "auto", _sandbox.Lab)).FailedWith(1);
        // PostgreSQL says it one way or the other.
        Assert.True(
            outcome.Error.Contains(Full, StringComparison.Ordinal)
                || outcome.Error.Contains("Check free disk space", StringComparison.Ordinal),
            outcome.Error
        );
        Directory.Delete(_machine!.View(_sandbox.Labs + "/cache"), recursive: true);
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Story_05_a_lab_whose_disk_became_full_can_be_stopped_started_again_and_destroyed()
    {
        var machine = await DiskOfAsync(200);
        (await _sandbox.RunAsync("up", "-s", "-n", "1", "--port", "auto", _sandbox.Lab)).Ok();
        machine.Inside("sh", "-c", "dd if=/dev/zero of=\"$0\" bs=1M 2>/dev/null", _sandbox.Labs + "/filler");
        (await _sandbox.RunAsync("stopall", "--lab", _sandbox.Lab)).Ok();
        var full = await _sandbox.RunAsync("startall", "--lab", _sandbox.Lab);
        Assert.True(full.ExitCode is 0 or 5 || full.Error.Contains(Full, StringComparison.Ordinal), full.Error);
        (await _sandbox.RunAsync("nodes", "--lab", _sandbox.Lab)).Ok();
        Assert.Contains(
            "broken disk-low: ",
            (await _sandbox.RunAsync("status", "--lab", _sandbox.Lab)).Ok().Output,
            StringComparison.Ordinal
        );
        (await _sandbox.RunAsync("destroy", _sandbox.Lab)).Ok();
        File.Delete(machine.View(_sandbox.Labs + "/filler"));
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Story_05_a_read_only_disk_is_refused_before_anything_is_made()
    {
        var machine = await DiskOfAsync(10);
        machine.Inside("mount", "-o", "remount,ro", _sandbox.Labs);
        var outcome = (await _sandbox.RunAsync("setup", "--port", "auto", _sandbox.Lab)).FailedWith(4);
        Assert.Contains($"cannot write in {_sandbox.Labs}", outcome.Error, StringComparison.Ordinal);
        AssertNothingIsLeft();
    }

    [Theory]
    [InlineData("./stopall --plain")]
    [InlineData("./stopall")]
    public async Task Story_05_a_lab_whose_disk_became_read_only_can_be_stopped_and_destroy_says_what_is_in_its_way(
        string stop
    )
    {
        var machine = await DiskOfAsync(300);
        (await _sandbox.RunAsync("up", "-s", "-n", "1", "--port", "auto", _sandbox.Lab)).Ok();
        // What the servers have open for writing does not let the whole disk become so.
        machine.Inside("mount", "--bind", _sandbox.Labs, _sandbox.Labs);
        machine.Inside("mount", "-o", "remount,ro,bind", _sandbox.Labs);
        (await _sandbox.ShellAsync($"cd lab; {stop}")).Ok();
        Assert.Empty(machine.Processes());
        var refused = (await _sandbox.RunAsync("destroy", _sandbox.Lab)).FailedWith(8);
        Assert.Contains("Its file system is read-only: make it writable", refused.Error, StringComparison.Ordinal);
        machine.Inside("umount", _sandbox.Labs);
        (await _sandbox.RunAsync("destroy", _sandbox.Lab)).Ok();
        AssertNothingIsLeft();
    }

    [Fact]
    public async Task Story_09_killed_servers_leave_no_shared_memory_no_semaphores_and_no_sockets()
    {
        var machine = await DiskOfAsync(300);
        (await _sandbox.RunAsync("up", "-s", "--watchdog", "2", "--port", "auto", _sandbox.Lab)).Ok();
        foreach (var process in machine.Processes())
        {
            // Children of one that was killed before may have ended by themselves.
            _ = Signals.Send(process, Signals.Kill);
        }

        Assert.NotEmpty(machine.Remains());
        (await _sandbox.RunAsync("startall", "--lab", _sandbox.Lab)).Ok();
        foreach (var process in machine.Processes())
        {
            _ = Signals.Send(process, Signals.Kill);
        }

        (await _sandbox.RunAsync("destroy", _sandbox.Lab)).Ok();
        AssertNothingIsLeft();
    }
}
