using System.Runtime.ExceptionServices;

namespace PgpoolLab.Provisioning.Plans;

/// <summary>Follows a plan as it runs. Calls may come from several threads.</summary>
public interface IPlanObserver
{
    /// <summary>A step begins.</summary>
    void Started(string title);

    /// <summary>A step is done.</summary>
    void Finished(string title, TimeSpan elapsed);

    /// <summary>A step of a lab's plan is done; told besides <see cref="Finished(string, TimeSpan)"/>, for who must
    /// know which.</summary>
    void Finished(IStep completed, Model.Lab lab) { }

    /// <summary>A step has failed or was cancelled.</summary>
    void Failed(string title);

    /// <summary>Something is being undone.</summary>
    void Undoing(string title);

    /// <summary>Something to tell that is no step.</summary>
    void Note(string text);
}

/// <summary>The only loop over steps: order, concurrency, progress, timing.</summary>
/// <param name="observer">Is told.</param>
/// <param name="time">The clock.</param>
public sealed class PlanRunner(IPlanObserver observer, TimeProvider time)
{
    /// <summary>Runs every stage; within a stage the lanes side by side.</summary>
    /// <param name="stages">What to run.</param>
    /// <param name="context">What the steps work with.</param>
    /// <param name="completed">Is told each title that is done, one at a time.</param>
    /// <param name="cancellationToken">Ends the run; it returns only after every lane has ended, so that undoing never
    /// races work.</param>
    public async Task RunAsync(
        IReadOnlyList<Stage> stages,
        StepContext context,
        Action<string>? completed,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(stages);
        var gate = new Lock();
        foreach (var stage in stages)
        {
            using var others = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var failures = new List<Exception>();
            await Task.WhenAll(
                stage.Lanes.Select(lane => Task.Run(() => RunLaneAsync(lane, others, failures), CancellationToken.None))
            );
            cancellationToken.ThrowIfCancellationRequested();
            if ((failures.Find(f => f is not OperationCanceledException) ?? failures.FirstOrDefault()) is { } cause)
            {
                ExceptionDispatchInfo.Throw(cause);
            }
        }

        async Task RunLaneAsync(IReadOnlyList<IStep> lane, CancellationTokenSource others, List<Exception> failures)
        {
            foreach (var step in lane)
            {
                try
                {
                    others.Token.ThrowIfCancellationRequested();
                    await RunStepAsync(step, others.Token);
                }
                catch (Exception error)
                {
                    lock (gate)
                    {
                        failures.Add(error);
                    }

                    await others.CancelAsync();
                    return;
                }
            }
        }

        async Task RunStepAsync(IStep step, CancellationToken token)
        {
            var began = time.GetTimestamp();
            observer.Started(step.Title);
            context.Log.Information("{Step}: begins", step.Title);
            try
            {
                await step.ExecuteAsync(context, token);
            }
            catch (Exception error)
            {
                context.Log.Error("{Step}: {Error}", step.Title, error.Message);
                observer.Failed(step.Title);
                throw;
            }

            if (step.ToleratedFailure is { } failure)
            {
                context.Log.Error("{Step}: {Error}", step.Title, failure.Message);
                observer.Failed(step.Title);
                return;
            }

            var elapsed = time.GetElapsedTime(began);
            context.Log.Information("{Step}: done in {Milliseconds} ms", step.Title, (long)elapsed.TotalMilliseconds);
            observer.Finished(step.Title, elapsed);
            observer.Finished(step, context.Lab);
            lock (gate)
            {
                completed?.Invoke(step.Title);
            }
        }
    }
}
