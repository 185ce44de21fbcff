using System.Diagnostics;
using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Hosts.Tests;

/// <summary>Processes that are suspended for a moment, and go on in any case.</summary>
public sealed class ProcessFreezeTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);
    private readonly Process _process = Process.Start("sleep", ["600"]);

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }

    private async Task<ProcessFacts> FactsAsync() =>
        (await new LocalHost(TimeProvider.System).Processes.FindAsync(_process.Id, CancellationToken.None))!;

    private async Task<bool> IsSuspendedAsync() => (await FactsAsync()).IsSuspended;

    private Task UntilAsync(bool suspended) =>
        Eventually.TrueAsync(async () => await IsSuspendedAsync() == suspended, $"suspended is {suspended}");

    [Fact]
    public async Task They_stand_still_until_they_are_told_to_go_on()
    {
        using var freeze = ProcessFreeze.Begin(Long, TimeProvider.System);
        freeze.Suspend([await FactsAsync()]);
        await UntilAsync(suspended: true);
        Assert.Empty(freeze.Moving());
        Assert.False(freeze.IsLate);
        Assert.True(freeze.Resume() > TimeSpan.Zero);
        await UntilAsync(suspended: false);
    }

    [Fact]
    public async Task They_go_on_when_whoever_has_suspended_them_lets_go()
    {
        using (var freeze = ProcessFreeze.Begin(Long, TimeProvider.System))
        {
            freeze.Suspend([await FactsAsync()]);
            await UntilAsync(suspended: true);
        }

        await UntilAsync(suspended: false);
    }

    [Fact]
    public async Task They_go_on_by_themselves_when_it_takes_too_long()
    {
        using var freeze = ProcessFreeze.Begin(TimeSpan.FromSeconds(1), TimeProvider.System);
        freeze.Suspend([await FactsAsync()]);
        await UntilAsync(suspended: true);
        await UntilAsync(suspended: false);
        Assert.True(freeze.IsLate);
    }

    [Fact]
    public async Task Nothing_of_the_guard_stays()
    {
        var before = Sleeps();
        using (var freeze = ProcessFreeze.Begin(TimeSpan.FromSeconds(523), TimeProvider.System))
        {
            freeze.Suspend([await FactsAsync()]);
            await Eventually.TrueAsync(() => Sleeps() > before, "the guard waits");
        }

        await Eventually.TrueAsync(() => Sleeps() == before, "the guard is gone");
    }

    /// <summary>How many processes wait for as long as the guard of this test does.</summary>
    private static int Sleeps() =>
        Process
            .GetProcessesByName("sleep")
            .Count(p =>
            {
                using (p)
                {
                    try
                    {
                        return File.ReadAllText($"/proc/{p.Id}/cmdline").Contains("523", StringComparison.Ordinal);
                    }
                    catch (IOException)
                    {
                        return false;
                    }
                }
            });
}
