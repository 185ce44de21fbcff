namespace PgpoolLab.Hosts;

/// <summary>Processes of a machine, of whatever user.</summary>
public interface IProcesses
{
    /// <summary>Looks a process up.</summary>
    /// <returns>What is known of it, or null when there is none (a zombie counts as none).</returns>
    ValueTask<ProcessFacts?> FindAsync(int processId, CancellationToken cancellationToken);

    /// <summary>True while a process runs (a zombie does not); cheaper than to look it up, for who asks again and
    /// again.</summary>
    /// <param name="processId">Its number.</param>
    /// <param name="startedAt">When it was started, as <see cref="ProcessFacts.StartedAt"/> has it; null for whoever
    /// has that number.</param>
    /// <param name="cancellationToken">Ends it.</param>
    ValueTask<bool> RunsAsync(int processId, string? startedAt, CancellationToken cancellationToken);

    /// <summary>True for a process that was killed and has not ended yet: on a busy machine that takes its time, in
    /// which it looks as if it ran. True also when it has ended meanwhile.</summary>
    ValueTask<bool> IsBeingKilledAsync(int processId, CancellationToken cancellationToken);

    /// <summary>For how long a process has been running; null when that cannot be seen.</summary>
    ValueTask<TimeSpan?> AgeOfAsync(ProcessFacts process, CancellationToken cancellationToken) => new((TimeSpan?)null);

    /// <summary>Every process that the filter lets through.</summary>
    ValueTask<IReadOnlyList<ProcessFacts>> FindAllAsync(ProcessFilter filter, CancellationToken cancellationToken);

    /// <summary>Looks how processes were started: where they write to, and one variable that they were given.</summary>
    /// <param name="processes">The processes; all are asked for at once.</param>
    /// <param name="variable">The variable's name. The others stay there: they may be secrets.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>One for each, in their order.</returns>
    ValueTask<IReadOnlyList<ProcessOrigin>> FindOriginsAsync(
        IReadOnlyList<ProcessFacts> processes,
        string variable,
        CancellationToken cancellationToken
    );

    /// <summary>True when the same path is the same file for this process as it is for us. It is not in another
    /// container whose processes we see: there a folder of that name is another one.</summary>
    ValueTask<bool> SeesOurFilesAsync(ProcessFacts process, CancellationToken cancellationToken);

    /// <summary>A process and what it has started itself; cheaper than to look at every process there is.</summary>
    ValueTask<IReadOnlyList<ProcessFacts>> FindFamilyAsync(ProcessFacts process, CancellationToken cancellationToken);

    /// <summary>The numbers of the processes that a process has started itself and that run.</summary>
    ValueTask<IReadOnlyList<int>> FindChildrenAsync(ProcessFacts process, CancellationToken cancellationToken);

    /// <summary>Sends a signal to exactly this process: to none when the process id belongs to another by
    /// now.</summary>
    /// <returns>False when the process was gone.</returns>
    ValueTask<bool> SignalAsync(ProcessFacts process, ProcessSignal signal, CancellationToken cancellationToken);
}
