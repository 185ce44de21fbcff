using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Waiting;

/// <summary>What a probe saw.</summary>
/// <param name="Holds">True when it is what was expected.</param>
/// <param name="Seen">What was seen, in words for the message of a wait that fails.</param>
public sealed record Observation(bool Holds, string Seen);

/// <summary>A fact to wait for.</summary>
public interface IProbe
{
    /// <summary>What is expected, as a clause: "PostgreSQL node 1 accepts connections".</summary>
    string Expectation { get; }

    /// <summary>The log that tells why not; null for none. It is read when what is expected does not happen.</summary>
    ServerLog? Log { get; }

    /// <summary>Looks once.</summary>
    Task<Observation> CheckAsync(CancellationToken cancellationToken);

    /// <summary>Looks whether there is still somebody to wait for.</summary>
    /// <returns>Null when there is, else what became of it.</returns>
    Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken);

    /// <summary>What a user can do about a subject that is gone.</summary>
    IReadOnlyList<string> Hints => [];
}

/// <summary>Somebody did not come up, or not in time.</summary>
/// <param name="message">What was expected and what was seen instead.</param>
public sealed class ProbeFailedException(string message) : LabException(ExitCode.NotHealthy, message)
{
    /// <summary>How long it was waited for, when it did not happen in time.</summary>
    public TimeSpan Waited { get; init; }
}

/// <summary>The only place that waits. It waits for facts: it looks again and again, first every few milliseconds,
/// later less often.</summary>
/// <param name="host">Where the logs are.</param>
/// <param name="time">The clock.</param>
public sealed class ProbeRunner(IHost host, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(1);

    // What takes long is found out a thirtieth of that too late.
    private const double Growth = 1.03;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);

    /// <summary>After how long a server that was told to end is told again: what it was told may be lost.</summary>
    public static TimeSpan AskAgain { get; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How long a server may take to come up on a slow machine.</summary>
    public static TimeSpan Patience => TimeSpan.FromSeconds(60);

    /// <summary>The same for a Pgpool-II with a watchdog, which waits for the others: for each that does not answer it
    /// has time limits of its own.</summary>
    public static TimeSpan WatchdogPatience => TimeSpan.FromSeconds(120);

    /// <summary>Waits until the probe holds.</summary>
    /// <param name="probe">What to wait for.</param>
    /// <param name="deadline">How long at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="waitedBefore">How long the same was waited for already: it is said with the rest when it does not
    /// happen.</param>
    /// <exception cref="ProbeFailedException">The time is over, or the subject is gone.</exception>
    public async Task WaitAsync(
        IProbe probe,
        TimeSpan deadline,
        CancellationToken cancellationToken,
        TimeSpan waitedBefore = default
    )
    {
        ArgumentNullException.ThrowIfNull(probe);
        var began = time.GetTimestamp();
        var pause = FirstPause;
        while (true)
        {
            var observation = await probe.CheckAsync(cancellationToken);
            if (observation.Holds)
            {
                return;
            }

            if (await probe.WhySubjectIsGoneAsync(cancellationToken) is { } gone)
            {
                throw await FailedAsync(
                    probe,
                    $"Expected that {probe.Expectation}, but {gone}.",
                    observation,
                    cancellationToken
                );
            }

            var elapsed = time.GetElapsedTime(began);
            if (elapsed >= deadline)
            {
                throw await FailedAsync(
                    probe,
                    $"Expected that {probe.Expectation}; it did not happen within "
                        + $"{(waitedBefore + elapsed).TotalSeconds:0.#} s.",
                    observation,
                    cancellationToken,
                    waitedBefore + elapsed
                );
            }

            await PauseAsync(pause, cancellationToken);
            pause = pause * Growth < LongestPause ? pause * Growth : LongestPause;
        }
    }

    /// <summary>Lets some time pass, for what is repeated on purpose (<c>nodes --watch</c>).</summary>
    public Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken) =>
        Task.Delay(pause, time, cancellationToken);

    /// <summary>The limit of a caller's own loop: it counts time, not tries, which on a busy machine last as long as
    /// they like.</summary>
    /// <returns>Tells whether there is time left.</returns>
    public Func<bool> Limit(TimeSpan limit)
    {
        var began = time.GetTimestamp();
        return () => time.GetElapsedTime(began) < limit;
    }

    private async Task<IReadOnlyList<string>> FullDiskAsync(string? log, CancellationToken cancellationToken) =>
        Path.GetDirectoryName(log) is { Length: > 0 } folder
        && await DiskFull.SeenAsync(host, folder, cancellationToken) is { } full
            ? [full]
            : [];

    private async Task<ProbeFailedException> FailedAsync(
        IProbe probe,
        string message,
        Observation last,
        CancellationToken cancellationToken,
        TimeSpan waited = default
    )
    {
        var log = probe.Log is null ? null : await probe.Log.FindAsync(host, cancellationToken);
        return new(message)
        {
            Waited = waited,
            Details = [$"Last seen: {last.Seen}", .. await FullDiskAsync(log, cancellationToken)],
            Hints = probe.Hints,
            LogFile = log,
            LogTail = log is null ? [] : await LogTail.ReadAsync(host, log, cancellationToken),
        };
    }
}

/// <summary>The end of a log.</summary>
public static class LogTail
{
    private const int Lines = 8;

    /// <summary>Reads the last lines, and before them the last one that says that the disk is full; none when there is
    /// no such file.</summary>
    public static async Task<IReadOnlyList<string>> ReadAsync(
        IHost host,
        string file,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(host);
        var lines = ((await host.Files.ReadTextAsync(file, cancellationToken)) ?? "").Split(
            '\n',
            StringSplitOptions.RemoveEmptyEntries
        );
        // A server that has ended for that, and was started again, has room and other things to say.
        var full = lines.SkipLast(Lines).LastOrDefault(l => l.Contains(DiskFull.Words, StringComparison.Ordinal));
        return [.. (full is null ? [] : (string[])[full]).Concat(lines.TakeLast(Lines)).Select(l => l.TrimEnd())];
    }
}
