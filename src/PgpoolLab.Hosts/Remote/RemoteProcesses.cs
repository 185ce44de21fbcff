namespace PgpoolLab.Hosts.Remote;

/// <summary>Processes of another machine.</summary>
/// <param name="channel">The conversation with it.</param>
internal sealed class RemoteProcesses(AgentChannel channel) : IProcesses
{
    /// <inheritdoc/>
    public ValueTask<ProcessFacts?> FindAsync(int processId, CancellationToken cancellationToken) =>
        channel.AskAsync(new FindProcessCall(processId), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> RunsAsync(int processId, string? startedAt, CancellationToken cancellationToken) =>
        channel.AskAsync(new RunsCall(processId, startedAt), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> IsBeingKilledAsync(int processId, CancellationToken cancellationToken) =>
        channel.AskAsync(new IsBeingKilledCall(processId), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<TimeSpan?> AgeOfAsync(ProcessFacts process, CancellationToken cancellationToken) =>
        channel.AskAsync(new AgeCall(process), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ProcessFacts>> FindAllAsync(
        ProcessFilter filter,
        CancellationToken cancellationToken
    ) => channel.AskAsync(new FindProcessesCall(filter), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ProcessOrigin>> FindOriginsAsync(
        IReadOnlyList<ProcessFacts> processes,
        string variable,
        CancellationToken cancellationToken
    ) => channel.AskAsync(new FindOriginsCall(processes, variable), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> SeesOurFilesAsync(ProcessFacts process, CancellationToken cancellationToken) =>
        channel.AskAsync(new SeesOurFilesCall(process), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ProcessFacts>> FindFamilyAsync(
        ProcessFacts process,
        CancellationToken cancellationToken
    ) => channel.AskAsync(new FindFamilyCall(process), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<int>> FindChildrenAsync(ProcessFacts process, CancellationToken cancellationToken) =>
        channel.AskAsync(new FindChildrenCall(process), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> SignalAsync(
        ProcessFacts process,
        ProcessSignal signal,
        CancellationToken cancellationToken
    ) => channel.AskAsync(new SignalCall(process, signal), cancellationToken);
}
