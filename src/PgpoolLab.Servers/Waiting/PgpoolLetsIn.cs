using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Waiting;

/// <summary>Waits until a Pgpool-II that runs already answers. One that is only just starting gets the time for that;
/// one that has given up every node takes connections and lets nobody in.</summary>
/// <param name="host">Where it runs.</param>
/// <param name="lab">The lab.</param>
/// <param name="pgpool">The Pgpool-II.</param>
/// <param name="process">Its first process.</param>
/// <param name="time">The clock.</param>
public sealed class PgpoolLetsIn(IHost host, Lab lab, PgpoolNode pgpool, ProcessFacts process, TimeProvider time)
    : IProbe
{
    /// <summary>Between its word that it has started and the moment its children take connections.</summary>
    private static readonly TimeSpan FirstMoments = TimeSpan.FromSeconds(3);

    private long? _startedSince;

    /// <inheritdoc/>
    public string Expectation => $"{lab.TitleOf(pgpool)} answers";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(pgpool);

    /// <summary>Why it did not answer when it was last asked.</summary>
    public string? Problem { get; private set; }

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        if (await IsStartedAsync(cancellationToken))
        {
            _startedSince ??= time.GetTimestamp();
        }

        (var nodes, Problem) = await PoolNodes.AskAsync(host, lab, pgpool, cancellationToken);
        return new Observation(nodes is not null, Problem ?? "it does");
    }

    /// <inheritdoc/>
    public async Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) =>
        !await host.Processes.RunsAsync(process.Id, process.StartedAt, cancellationToken) ? "it has ended"
        : _startedSince is { } since && time.GetElapsedTime(since) > FirstMoments ? "it has started, and does not"
        : null;

    /// <remarks>It says so in its log, which begins anew with each start.</remarks>
    private async Task<bool> IsStartedAsync(CancellationToken cancellationToken) =>
        _startedSince is not null
        || await host.Processes.AgeOfAsync(process, cancellationToken) is not { } age
        || age > ProbeRunner.Patience
        || (await host.Files.ReadTextAsync(pgpool.Paths.PgpoolLog, cancellationToken))?.Contains(
            "pgpool-II successfully started",
            StringComparison.Ordinal
        ) == true;
}
