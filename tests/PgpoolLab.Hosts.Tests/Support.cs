using System.Diagnostics;

namespace PgpoolLab.Hosts.Tests;

/// <summary>Waits for facts, with an end.</summary>
internal static class Eventually
{
    internal static Task TrueAsync(Func<bool> fact, string what) => TrueAsync(() => Task.FromResult(fact()), what);

    internal static async Task TrueAsync(Func<Task<bool>> fact, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!await fact())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(4), $"{what}: not within four minutes");
            await Task.Delay(5);
        }
    }

    internal static async Task<string> FileAsync(string file)
    {
        await TrueAsync(() => File.Exists(file) && new FileInfo(file).Length > 0, $"{file} is written");
        return await File.ReadAllTextAsync(file);
    }
}

/// <summary>The system's clock, with timers that are faster by a factor.</summary>
internal sealed class HastyClock(int speed) : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(
            callback,
            state,
            dueTime > TimeSpan.Zero ? dueTime / speed : dueTime,
            period > TimeSpan.Zero ? period / speed : period
        );
}
