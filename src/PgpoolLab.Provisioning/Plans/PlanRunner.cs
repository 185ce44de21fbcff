using System.Runtime.ExceptionServices;
using PgpoolLab.Model;
using PgpoolLab.Servers;

namespace PgpoolLab.Provisioning.Plans;

/// <summary>The only loop over steps: order, concurrency, events, timing.</summary>
/// <param name="reader">Reads what happens, beside the lab's log.</param>
/// <param name="time">The clock.</param>
public sealed class PlanRunner(ILabEventReader reader, TimeProvider time)
{
    /// <summary>Runs every stage; within a stage the lanes side by side.</summary>
    /// <param name="stages">What to run.</param>
    /// <param name="context">What the steps work with.</param>
    /// <param name="completed">Is told each title that is done, one at a time.</param>
    /// <param name="cancellationToken">Ends the run; it returns only after every lane has ended, so that undoing never
    /// races work.</param>
    /// <returns>What has failed in stages that go on.</returns>
    public async Task<IReadOnlyList<StepFailure>> RunAsync(
        IReadOnlyList<Stage> stages,
        StepContext context,
        Action<string>? completed,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(stages);
        ArgumentNullException.ThrowIfNull(context);
        var gate = new Lock();
        var log = new EventLog(context.Log);
        var tolerated = new List<StepFailure>();
        foreach (var stage in stages)
        {
            using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var failures = new List<Exception>();
            var words = stage.Lanes.Take(stage.Leading).Select(_ => new Word()).ToArray();
            var allSaid = Task.WhenAll(words.Select(w => w.Said));
            await Task.WhenAll(
                stage.Lanes.Select(
                    (lane, i) =>
                        Task.Run(
                            () => RunLaneAsync(stage, lane, words.ElementAtOrDefault(i), allSaid, others, failures),
                            CancellationToken.None
                        )
                )
            );
            cancellationToken.ThrowIfCancellationRequested();
            if ((failures.Find(f => f is not OperationCanceledException) ?? failures.FirstOrDefault()) is { } cause)
            {
                ExceptionDispatchInfo.Throw(cause);
            }
        }

        return tolerated;

        async Task RunLaneAsync(
            Stage stage,
            IReadOnlyList<IStep> lane,
            Word? word,
            Task allSaid,
            CancellationTokenSource others,
            List<Exception> failures
        )
        {
            foreach (var step in lane)
            {
                try
                {
                    await (word is null ? allSaid : Task.CompletedTask).WaitAsync(others.Token);
                    others.Token.ThrowIfCancellationRequested();
                    await RunStepAsync(
                        step,
                        word is null ? context : context with { Release = word.Say },
                        others.Token
                    );
                }
                catch (Exception error) when (stage.GoesOn && error is not OperationCanceledException)
                {
                    lock (gate)
                    {
                        tolerated.Add(new StepFailure(step, error));
                    }

                    break;
                }
                catch (Exception error)
                {
                    lock (gate)
                    {
                        failures.Add(error);
                    }

                    await others.CancelAsync();
                    break;
                }
            }

            word?.Say();
        }

        async Task RunStepAsync(IStep step, StepContext context, CancellationToken token)
        {
            var began = time.GetTimestamp();
            Raise(StepPhase.Begins);
            try
            {
                await step.ExecuteAsync(context, token);
            }
            catch (Exception error)
            {
                Raise(StepPhase.Fails, error.Message);
                throw;
            }

            Raise(StepPhase.Ends);
            lock (gate)
            {
                completed?.Invoke(step.Title);
            }

            void Raise(StepPhase phase, string? error = null)
            {
                var elapsed = time.GetElapsedTime(began);
                var happened = new StepEvent(
                    time.GetUtcNow(),
                    phase,
                    step.Title,
                    step.Subject,
                    context.Lab,
                    elapsed,
                    error
                );
                log.Read(happened);
                reader.Read(happened);
            }
        }
    }

    /// <summary>What a lane that leads says to the others, once.</summary>
    private sealed class Word
    {
        private readonly TaskCompletionSource _said = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Said => _said.Task;

        internal void Say() => _said.TrySetResult();
    }
}

/// <summary>A step that has failed, and has ended nothing but its lane.</summary>
/// <param name="Step">The step.</param>
/// <param name="Error">Why.</param>
public sealed record StepFailure(IStep Step, Exception Error)
{
    /// <summary>Reports what has failed, when all is done that could be.</summary>
    /// <exception cref="LabException">Several have failed; of one it is its own error.</exception>
    public static void ThrowIfAny(IReadOnlyList<StepFailure> failures)
    {
        ArgumentNullException.ThrowIfNull(failures);
        if (failures.Count == 1)
        {
            ExceptionDispatchInfo.Throw(failures[0].Error);
        }

        if (failures.Count > 1)
        {
            var first = failures[0].Error as LabException;
            var code = failures.All(f => f.Error is PortTakenException) ? ExitCode.InTheWay : ExitCode.NotHealthy;
            throw new LabException(code, $"{failures.Count} servers did not do as they should.")
            {
                Details = [.. failures.Select(f => f.Error.Message)],
                LogFile = first?.LogFile,
                LogTail = first?.LogTail ?? [],
            };
        }
    }
}
