namespace PgpoolLab.Hosts;

/// <summary>A machine servers run on: programs, processes, files and ports. All paths are absolute.</summary>
public interface IHost
{
    /// <summary>Runs a program to its end. On cancellation it is asked to end, then made to.</summary>
    /// <exception cref="ProgramNotFoundException">There is no such program, or it may not be executed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the program has ended.</exception>
    Task<CommandResult> RunAsync(CommandSpec command, CancellationToken cancellationToken);

    /// <summary>Starts a server that outlives this program, in a session of its own, without any of our
    /// streams.</summary>
    /// <param name="command">What to start.</param>
    /// <param name="logFile">Gets its output.</param>
    /// <param name="append">Keep what the log holds; otherwise it is emptied first.</param>
    /// <param name="cancellationToken">Cancels the start, not the server.</param>
    /// <returns>Its process id.</returns>
    Task<int> StartDetachedAsync(CommandSpec command, string logFile, bool append, CancellationToken cancellationToken);

    /// <summary>Looks a process up.</summary>
    /// <returns>What is known of it, or null when there is none (a zombie counts as none).</returns>
    ValueTask<ProcessFacts?> FindProcessAsync(int processId, CancellationToken cancellationToken);

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

    /// <summary>Every process that passes the test, of whatever user.</summary>
    ValueTask<IReadOnlyList<ProcessFacts>> FindProcessesAsync(
        Func<ProcessFacts, bool> test,
        CancellationToken cancellationToken
    );

    /// <summary>Every process of these names that passes the test; cheaper than to look at all of every
    /// process.</summary>
    ValueTask<IReadOnlyList<ProcessFacts>> FindProcessesAsync(
        IReadOnlyCollection<string> names,
        Func<ProcessFacts, bool> test,
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

    /// <summary>Removes the shared memory that a PostgreSQL of this data folder has left when it was killed. What
    /// anybody uses is left alone.</summary>
    /// <returns>How many pieces were removed; none where this system does not tell of them.</returns>
    ValueTask<int> RemoveSharedMemoryAsync(string dataDirectory, CancellationToken cancellationToken);

    /// <summary>Removes the shared memory and semaphores of a process that has ended. What anybody uses is left
    /// alone.</summary>
    /// <returns>How many pieces were removed; none where this system does not tell of them.</returns>
    ValueTask<int> RemoveSharedMemoryAsync(int creator, CancellationToken cancellationToken);

    /// <summary>Those of these processes that have made shared memory.</summary>
    ValueTask<IReadOnlyList<int>> FindMakersOfSharedMemoryAsync(
        IReadOnlyCollection<int> processes,
        CancellationToken cancellationToken
    );

    /// <summary>The semaphores a process has made. One that is killed while it ends may have removed its memory
    /// already, and then nothing tells whose they are: so who tells a process to end asks before.</summary>
    /// <returns>Their numbers; none where this system does not tell of them.</returns>
    ValueTask<IReadOnlyList<int>> FindSemaphoresAsync(int creator, CancellationToken cancellationToken);

    /// <summary>Removes semaphores of a process that has ended.</summary>
    /// <returns>How many of them there still were.</returns>
    ValueTask<int> RemoveSemaphoresAsync(IReadOnlyList<int> semaphores, CancellationToken cancellationToken);

    /// <summary>Tries whether a server could listen on this loopback port.</summary>
    /// <returns>Null when it is free, else what is in the way, for example <c>used by postgres (pid 12)</c>, or
    /// <see cref="PortState.Lingering"/>.</returns>
    ValueTask<string?> WhoHoldsPortAsync(int port, CancellationToken cancellationToken);

    /// <summary>Looks who listens on a loopback port besides these processes: a server may have got the port on one
    /// address family, and a stranger has it on the other.</summary>
    /// <returns>Null when nobody does, and where that cannot be seen; else as
    /// <see cref="WhoHoldsPortAsync"/>.</returns>
    ValueTask<string?> WhoElseHoldsPortAsync(
        int port,
        IReadOnlyList<ProcessFacts> processes,
        CancellationToken cancellationToken
    );

    /// <summary>Looks who receives on a UDP port, of whatever address. Two could share one, and only one of them would
    /// get what is sent.</summary>
    /// <returns>Null when it is free, else what is in the way.</returns>
    ValueTask<string?> WhoHoldsDatagramPortAsync(int port, CancellationToken cancellationToken);

    /// <summary>True when somebody listens on this unix socket; false for a file a dead server left, and when there is
    /// none.</summary>
    ValueTask<bool> SocketAnswersAsync(string path, CancellationToken cancellationToken);

    /// <summary>Connects to a unix socket.</summary>
    /// <returns>The connection; null when this host's sockets cannot be reached from here.</returns>
    /// <exception cref="System.Net.Sockets.SocketException">Nobody listens there.</exception>
    ValueTask<Stream?> ConnectAsync(string socket, CancellationToken cancellationToken);

    /// <summary>The path with every symbolic link resolved; the path itself when it does not exist.</summary>
    ValueTask<string> RealPathAsync(string path, CancellationToken cancellationToken);

    /// <summary>Reads a text file; null when there is none.</summary>
    ValueTask<string?> ReadTextAsync(string path, CancellationToken cancellationToken);

    /// <summary>Reads what a log has grown by.</summary>
    /// <param name="path">The log.</param>
    /// <param name="from">How long it was, in bytes; null to learn only how long it is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The text, and how long the log is now. There is none: empty and 0.</returns>
    ValueTask<(string Text, long Length)> ReadGrowthAsync(string path, long? from, CancellationToken cancellationToken);

    /// <summary>Reads a part of a text file. A character that is cut off at the part's end belongs to the next
    /// part.</summary>
    /// <param name="path">The file.</param>
    /// <param name="from">Where the part begins, in bytes.</param>
    /// <param name="limit">Its length at most, in bytes; at least 4.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The text, where the next part begins, and how long the file is. There is none, or it is shorter than
    /// <paramref name="from"/>: no text.</returns>
    ValueTask<FilePart> ReadPartAsync(string path, long from, int limit, CancellationToken cancellationToken);

    /// <summary>Writes a text file whole or not at all (temporary file and rename).</summary>
    ValueTask WriteTextAsync(string path, string text, UnixFileMode mode, CancellationToken cancellationToken);

    /// <summary>Appends to a text file.</summary>
    ValueTask AppendTextAsync(string path, string text, CancellationToken cancellationToken);

    /// <summary>True when the path is a file, folder, socket or link of any kind.</summary>
    ValueTask<bool> ExistsAsync(string path, CancellationToken cancellationToken);

    /// <summary>Creates a folder with exactly this mode; its parent must exist.</summary>
    ValueTask CreateDirectoryAsync(string path, UnixFileMode mode, CancellationToken cancellationToken);

    /// <summary>Names of what lies in a folder; empty when there is none.</summary>
    ValueTask<IReadOnlyList<string>> ListAsync(string path, CancellationToken cancellationToken);

    /// <summary>Deletes a file, link, socket or whole folder; nothing happens when there is none. Links are not
    /// followed.</summary>
    ValueTask DeleteAsync(string path, CancellationToken cancellationToken);

    /// <summary>Deletes what lies in a folder, as <see cref="DeleteAsync"/> does: no link on the way there is followed
    /// either.</summary>
    /// <param name="root">The folder, with links resolved.</param>
    /// <param name="path">What to delete, below it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    ValueTask DeleteWithinAsync(string root, string path, CancellationToken cancellationToken) =>
        DeleteAsync(path, cancellationToken);

    /// <summary>Creates a symbolic link.</summary>
    ValueTask CreateLinkAsync(string path, string target, CancellationToken cancellationToken);

    /// <summary>Bytes that can still be written to the disk this path lies on; null when that cannot be
    /// known.</summary>
    ValueTask<long?> FreeSpaceAsync(string path, CancellationToken cancellationToken);

    /// <summary>True when this program's user may create files there.</summary>
    ValueTask<bool> CanWriteAsync(string directory, CancellationToken cancellationToken);
}

/// <summary>A part of a text file.</summary>
/// <param name="Text">The text.</param>
/// <param name="End">Where the next part begins, in bytes.</param>
/// <param name="Length">How long the file is, in bytes.</param>
public readonly record struct FilePart(string Text, long End, long Length);

/// <summary>What tells one process from every other.</summary>
/// <param name="Id">Process id.</param>
/// <param name="StartedAt">When it started, in the host's own unit: with the id it is unique until the machine
/// restarts.</param>
/// <param name="Name">Short name of its program, for example <c>postgres</c>.</param>
/// <param name="CommandLine">Its argv, joined by spaces.</param>
/// <param name="WorkingDirectory">Its working folder with links resolved; null when that cannot be seen.</param>
/// <param name="SessionId">Id of its session's leader.</param>
public sealed record ProcessFacts(
    int Id,
    string StartedAt,
    string Name,
    string CommandLine,
    string? WorkingDirectory,
    int SessionId
)
{
    /// <summary>Numeric id of its user; null when that cannot be seen.</summary>
    public int? UserId { get; init; }

    /// <summary>What it does, by the system's letter: R runs, S sleeps, D waits for a disk, T is suspended (SIGSTOP), t
    /// is stopped by a debugger. Null when that cannot be seen.</summary>
    public char? State { get; init; }

    /// <summary>True for one that does nothing until it is continued: it was sent SIGSTOP, or a debugger holds
    /// it.</summary>
    public bool IsSuspended => State is 'T' or 't';

    /// <summary>True for the same process, whatever it is called and does by now.</summary>
    /// <param name="other">Another look at a process.</param>
    public bool Equals(ProcessFacts? other) => other is not null && Id == other.Id && StartedAt == other.StartedAt;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Id, StartedAt);

    /// <summary>True unless it is another user's: anybody can give a process any name and command line.</summary>
    public bool MayBeOf(int? user) => UserId is not { } actual || user is not { } wanted || actual == wanted;
}

/// <summary>The signals the lab's servers know.</summary>
public enum ProcessSignal
{
    /// <summary>SIGHUP: read the configuration again.</summary>
    Hangup = 1,

    /// <summary>SIGINT: fast shutdown, of PostgreSQL and Pgpool-II alike.</summary>
    Interrupt = 2,

    /// <summary>SIGQUIT: immediate shutdown.</summary>
    Quit = 3,

    /// <summary>SIGKILL.</summary>
    Kill = 9,

    /// <summary>SIGTERM: smart shutdown.</summary>
    Terminate = 15,
}

/// <summary>A program could not be started at all.</summary>
/// <param name="program">Its name or path.</param>
/// <param name="inner">The system's own error.</param>
public sealed class ProgramNotFoundException(string program, Exception inner)
    : Model.LabException(Model.ExitCode.Missing, $"Could not start {program}: {inner.Message}", inner);

/// <summary>What can be said of a port.</summary>
public static class PortState
{
    /// <summary>Nobody listens, but a server could not either: the kernel has lent the port to a client's connection,
    /// and keeps it for a minute after that was closed (TIME_WAIT). It happens to ports above 32767, which are for such
    /// use.</summary>
    public const string Lingering = "held by a client's connection, or was until a moment ago";
}
