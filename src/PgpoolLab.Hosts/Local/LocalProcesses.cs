namespace PgpoolLab.Hosts.Local;

/// <summary>Processes of this machine. Those we have started ourselves are collected when they have ended.</summary>
/// <param name="servers">Those we have started.</param>
internal sealed class LocalProcesses(DetachedServers servers) : IProcesses
{
    /// <inheritdoc/>
    public ValueTask<ProcessFacts?> FindAsync(int processId, CancellationToken cancellationToken)
    {
        servers.CollectEnded();
        return ValueTask.FromResult(ProcessTable.Find(processId));
    }

    /// <inheritdoc/>
    public ValueTask<bool> RunsAsync(int processId, string? startedAt, CancellationToken cancellationToken)
    {
        servers.CollectEnded();
        return ValueTask.FromResult(ProcessTable.Runs(processId, startedAt));
    }

    /// <inheritdoc/>
    public ValueTask<bool> IsBeingKilledAsync(int processId, CancellationToken cancellationToken) =>
        ValueTask.FromResult(ProcessTable.IsBeingKilled(processId));

    /// <inheritdoc/>
    public ValueTask<TimeSpan?> AgeOfAsync(ProcessFacts process, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(process);
        return ValueTask.FromResult(ProcessTable.AgeOf(process));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<int>> FindChildrenAsync(ProcessFacts process, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(process);
        return ValueTask.FromResult<IReadOnlyList<int>>(ProcessTable.Children(process.Id).ToArray());
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ProcessFacts>> FindAllAsync(
        ProcessFilter filter,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(filter);
        return ValueTask.FromResult<IReadOnlyList<ProcessFacts>>([.. ProcessTable.All(filter)]);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ProcessOrigin>> FindOriginsAsync(
        IReadOnlyList<ProcessFacts> processes,
        string variable,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(processes);
        return ValueTask.FromResult<IReadOnlyList<ProcessOrigin>>(
            processes.Select(p => ProcessTable.OriginOf(p, variable)).ToArray()
        );
    }

    /// <inheritdoc/>
    public ValueTask<bool> SeesOurFilesAsync(ProcessFacts process, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(process);
        return ValueTask.FromResult(ProcessTable.SeesOurFiles(process.Id));
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ProcessFacts>> FindFamilyAsync(
        ProcessFacts process,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(process);
        return ValueTask.FromResult<IReadOnlyList<ProcessFacts>>([
            process,
            .. ProcessTable.Children(process.Id).Select(ProcessTable.Find).OfType<ProcessFacts>(),
        ]);
    }

    /// <inheritdoc/>
    public ValueTask<bool> SignalAsync(ProcessFacts process, ProcessSignal signal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(process);
        var same = ProcessTable.Find(process.Id) is { } now && now.StartedAt == process.StartedAt;
        return ValueTask.FromResult(same && Posix.Signal(process.Id, NumberOf(signal)));
    }

    /// <remarks>signal.h of BSD and macOS.</remarks>
    private static int NumberOf(ProcessSignal signal) =>
        (signal, OperatingSystem.IsLinux()) switch
        {
            (ProcessSignal.Suspend, false) => 17,
            (ProcessSignal.Resume, false) => 19,
            _ => (int)signal,
        };
}
