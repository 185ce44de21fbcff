namespace PgpoolLab.Servers.Waiting;

/// <summary>
/// How long <c>nodes</c> waits for a server's answer: two seconds in which nothing of the lab had anything to do. A
/// server that hangs is given up after that. On a busy machine one that is about to answer is not: while processes of
/// the lab run, or this program itself comes late, the time does not count, up to a limit.
/// </summary>
/// <param name="probes">Lets time pass.</param>
/// <param name="time">The clock.</param>
/// <param name="works">Whether any process of the lab has something to do right now.</param>
internal sealed class AnswerPatience(ProbeRunner probes, TimeProvider time, Func<CancellationToken, Task<bool>> works)
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ForItsEnd = TimeSpan.FromMilliseconds(500);

    /// <summary>Asks.</summary>
    /// <exception cref="TimeoutException">There was no answer.</exception>
    internal async Task<T> WaitAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var answer = ask(limit.Token);
        var began = time.GetTimestamp();
        for (var idle = TimeSpan.Zero; !answer.IsCompleted && idle < Idle && time.GetElapsedTime(began) < Most; )
        {
            var before = time.GetTimestamp();
            await Task.WhenAny(answer, probes.PauseAsync(Slice, limit.Token));
            cancellationToken.ThrowIfCancellationRequested();
            if (!answer.IsCompleted && time.GetElapsedTime(before) < 2 * Slice && !await works(cancellationToken))
            {
                idle += Slice;
            }
        }

        if (answer.IsCompleted)
        {
            return await answer;
        }

        var waited = time.GetElapsedTime(began);
        await limit.CancelAsync();
        // Npgsql asks the server to cancel, which hangs too. Nobody waits for that for long, nor minds how it ends.
        _ = answer.ContinueWith(
            a => a.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted,
            TaskScheduler.Default
        );
        await Task.WhenAny(answer, probes.PauseAsync(ForItsEnd, cancellationToken));
        return answer.IsCompletedSuccessfully
            ? await answer
            : throw new TimeoutException($"no answer within {waited.TotalSeconds:0} s");
    }
}
