using System.Diagnostics;

namespace PgpoolLab.Integration.Tests;

/// <summary>Between two looks at a lab of somebody who waits for a fact. A look costs the processors as much as three
/// dozen new connections, and other tests work meanwhile: what takes long is found out an eighth of that too
/// late.</summary>
internal static class BetweenLooks
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    /// <param name="waiting">Since when it has been waited.</param>
    internal static Task PauseAsync(Stopwatch waiting) =>
        Task.Delay(TimeSpan.FromTicks(Math.Clamp(waiting.Elapsed.Ticks / 8, Shortest.Ticks, Longest.Ticks)));
}
