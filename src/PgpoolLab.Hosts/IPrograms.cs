namespace PgpoolLab.Hosts;

/// <summary>Programs of a machine.</summary>
public interface IPrograms
{
    /// <summary>Runs a program to its end. On cancellation it is asked to end, then made to.</summary>
    /// <exception cref="ProgramNotFoundException">There is no such program, or it may not be executed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the program has ended.</exception>
    Task<CommandResult> RunAsync(CommandSpec command, CancellationToken cancellationToken);

    /// <summary>Runs a program to its end, and gives on what it prints as it comes: for one that goes on until it is
    /// ended. On cancellation, or when what it prints is not taken any more, it is asked to end, then made
    /// to.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="output">Takes bytes of its standard output; the next come when it is done with these.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How it ended; without what it printed.</returns>
    /// <exception cref="ProgramNotFoundException">There is no such program, or it may not be executed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the program has ended.</exception>
    Task<CommandResult> RunAsync(
        CommandSpec command,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        CancellationToken cancellationToken
    );

    /// <summary>Starts a server that outlives this program, in a session of its own, without any of our
    /// streams.</summary>
    /// <param name="command">What to start.</param>
    /// <param name="logFile">Gets its output.</param>
    /// <param name="append">Keep what the log holds; otherwise it is emptied first.</param>
    /// <param name="cancellationToken">Cancels the start, not the server.</param>
    /// <returns>Its process id.</returns>
    Task<int> StartDetachedAsync(CommandSpec command, string logFile, bool append, CancellationToken cancellationToken);
}

/// <summary>A program could not be started at all.</summary>
/// <param name="program">Its name or path.</param>
/// <param name="inner">The system's own error.</param>
public sealed class ProgramNotFoundException(string program, Exception inner)
    : Model.LabException(Model.ExitCode.Missing, $"Could not start {program}: {inner.Message}", inner)
{
    /// <summary>Its name or path.</summary>
    public string Program { get; } = program;
}
