using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A machine in memory: files, processes and what was done to them.</summary>
internal sealed class FakeHost : IHost
{
    internal Dictionary<string, string> Files { get; } = [];

    internal List<ProcessFacts> Processes { get; } = [];

    internal HashSet<string> AnsweringSockets { get; } = [];

    /// <summary>Who holds which port.</summary>
    internal Dictionary<int, string> Ports { get; } = [];

    /// <summary>Who receives on which UDP port.</summary>
    internal Dictionary<int, string> DatagramPorts { get; } = [];

    /// <summary>Who shares which port with a server of ours.</summary>
    internal Dictionary<int, string> SharedPorts { get; } = [];

    internal HashSet<int> FreedAtSecondLook { get; } = [];

    internal Dictionary<int, string> TakenAtSecondLook { get; } = [];

    internal HashSet<string> Unwritable { get; } = [];

    internal List<string> Signals { get; } = [];

    /// <summary>Processes that only Kill ends.</summary>
    internal HashSet<int> Deaf { get; } = [];

    internal List<string> Started { get; } = [];

    /// <summary>Paths of the files that were written, as often as that was done.</summary>
    internal List<string> Written { get; } = [];

    internal Dictionary<string, UnixFileMode> Modes { get; } = [];

    internal Dictionary<string, string> Links { get; } = [];

    internal List<string> Folders { get; } = [];

    /// <summary>Who answers on which unix socket.</summary>
    internal Func<string, Stream?> Connect { get; set; } = _ => null;

    internal Func<CommandSpec, CommandResult> Run { get; set; } = c => new CommandResult(c, 0, "", "", TimeSpan.Zero);

    public Task<CommandResult> RunAsync(CommandSpec command, CancellationToken cancellationToken) =>
        Task.FromResult(Run(command));

    public Task<int> StartDetachedAsync(
        CommandSpec command,
        string logFile,
        bool append,
        CancellationToken cancellationToken
    )
    {
        Started.Add(command.ToString());
        return Task.FromResult(4711);
    }

    public ValueTask<ProcessFacts?> FindProcessAsync(int processId, CancellationToken cancellationToken) =>
        new(Processes.Find(p => p.Id == processId));

    public ValueTask<IReadOnlyList<ProcessFacts>> FindProcessesAsync(
        IReadOnlyCollection<string> names,
        Func<ProcessFacts, bool> test,
        CancellationToken cancellationToken
    ) => FindProcessesAsync(p => names.Contains(p.Name) && test(p), cancellationToken);

    public ValueTask<IReadOnlyList<ProcessFacts>> FindProcessesAsync(
        Func<ProcessFacts, bool> test,
        CancellationToken cancellationToken
    ) => new(Processes.Where(test).ToArray());

    /// <summary>Happens whenever somebody looks whether a log has grown.</summary>
    internal Action Look { get; set; } = () => { };

    public ValueTask<(string Text, long Length)> ReadGrowthAsync(
        string path,
        long? from,
        CancellationToken cancellationToken
    )
    {
        Look();
        return new(Files.TryGetValue(path, out var text) ? (text[(int)(from ?? text.Length)..], text.Length) : ("", 0));
    }

    public ValueTask<FilePart> ReadPartAsync(string path, long from, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    /// <summary>Is told of every signal.</summary>
    internal Action<ProcessFacts> Signalled { get; set; } = _ => { };

    /// <summary>Whoever is signalled ends.</summary>
    public ValueTask<bool> SignalAsync(ProcessFacts process, ProcessSignal signal, CancellationToken cancellationToken)
    {
        Signals.Add($"{signal} {process.Id}");
        Signalled(process);
        return new(
            signal is not (ProcessSignal.Kill or ProcessSignal.Quit) && Deaf.Contains(process.Id)
                || Processes.Remove(process)
        );
    }

    /// <summary>Processes of other containers.</summary>
    internal HashSet<int> Elsewhere { get; } = [];

    public ValueTask<bool> SeesOurFilesAsync(ProcessFacts process, CancellationToken cancellationToken) =>
        new(!Elsewhere.Contains(process.Id));

    internal long? FreeSpace { get; set; }

    public ValueTask<long?> FreeSpaceAsync(string path, CancellationToken cancellationToken) => new(FreeSpace);

    /// <summary>Data folders and processes whose shared memory was removed.</summary>
    internal List<string> MemoryRemoved { get; } = [];

    public ValueTask<int> RemoveSharedMemoryAsync(string dataDirectory, CancellationToken cancellationToken)
    {
        MemoryRemoved.Add(dataDirectory);
        return new(1);
    }

    public ValueTask<int> RemoveSharedMemoryAsync(int creator, CancellationToken cancellationToken)
    {
        MemoryRemoved.Add($"{creator}");
        return new(1);
    }

    /// <summary>Processes that have made shared memory.</summary>
    internal HashSet<int> Makers { get; } = [];

    public ValueTask<IReadOnlyList<int>> FindMakersOfSharedMemoryAsync(
        IReadOnlyCollection<int> processes,
        CancellationToken cancellationToken
    ) => new(processes.Where(Makers.Contains).ToArray());

    /// <summary>Who has made which semaphores.</summary>
    internal Dictionary<int, int> Semaphores { get; } = [];

    public ValueTask<IReadOnlyList<int>> FindSemaphoresAsync(int creator, CancellationToken cancellationToken) =>
        new(Semaphores.Where(s => s.Value == creator).Select(s => s.Key).ToArray());

    public ValueTask<int> RemoveSemaphoresAsync(IReadOnlyList<int> semaphores, CancellationToken cancellationToken) =>
        new(semaphores.Count(Semaphores.Remove));

    public ValueTask<string?> WhoHoldsPortAsync(int port, CancellationToken cancellationToken)
    {
        var holder = Ports.GetValueOrDefault(port);
        if (FreedAtSecondLook.Remove(port))
        {
            Ports.Remove(port);
        }

        if (TakenAtSecondLook.Remove(port, out var taker))
        {
            Ports[port] = taker;
        }

        return new(holder);
    }

    public ValueTask<string?> WhoElseHoldsPortAsync(
        int port,
        IReadOnlyList<ProcessFacts> processes,
        CancellationToken cancellationToken
    ) => new(SharedPorts.GetValueOrDefault(port));

    public ValueTask<string?> WhoHoldsDatagramPortAsync(int port, CancellationToken cancellationToken) =>
        new(DatagramPorts.GetValueOrDefault(port));

    public ValueTask<bool> SocketAnswersAsync(string path, CancellationToken cancellationToken) =>
        new(AnsweringSockets.Contains(path));

    public ValueTask<Stream?> ConnectAsync(string socket, CancellationToken cancellationToken) => new(Connect(socket));

    public async ValueTask<bool> RunsAsync(int processId, string? startedAt, CancellationToken cancellationToken) =>
        await FindProcessAsync(processId, cancellationToken) is { } found
        && (startedAt is null || found.StartedAt == startedAt);

    /// <summary>Processes that were killed and have not ended yet.</summary>
    internal HashSet<int> Dying { get; } = [];

    public ValueTask<bool> IsBeingKilledAsync(int processId, CancellationToken cancellationToken) =>
        new(Dying.Contains(processId));

    public ValueTask<IReadOnlyList<int>> FindChildrenAsync(ProcessFacts process, CancellationToken cancellationToken) =>
        new(Processes.Where(p => p.SessionId == process.SessionId && p.Id != process.Id).Select(p => p.Id).ToArray());

    public ValueTask<IReadOnlyList<ProcessFacts>> FindFamilyAsync(
        ProcessFacts process,
        CancellationToken cancellationToken
    ) => FindProcessesAsync(p => p.SessionId == process.SessionId || p.Id == process.Id, cancellationToken);

    public ValueTask<string> RealPathAsync(string path, CancellationToken cancellationToken) => new(path);

    public ValueTask<string?> ReadTextAsync(string path, CancellationToken cancellationToken) =>
        new(Files.GetValueOrDefault(path));

    public ValueTask WriteTextAsync(string path, string text, UnixFileMode mode, CancellationToken cancellationToken)
    {
        Written.Add(path);
        Modes[path] = mode;
        Files[path] = text;
        return ValueTask.CompletedTask;
    }

    public ValueTask AppendTextAsync(string path, string text, CancellationToken cancellationToken)
    {
        Files[path] = Files.GetValueOrDefault(path) + text;
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> ExistsAsync(string path, CancellationToken cancellationToken) =>
        new(Files.ContainsKey(path));

    public ValueTask CreateDirectoryAsync(string path, UnixFileMode mode, CancellationToken cancellationToken)
    {
        Folders.Add(path);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<string>> ListAsync(string path, CancellationToken cancellationToken) =>
        new(Files.Keys.Where(f => Path.GetDirectoryName(f) == path).Select(f => Path.GetFileName(f)).ToArray());

    /// <summary>Files of another user.</summary>
    internal HashSet<string> Undeletable { get; } = [];

    public ValueTask DeleteAsync(string path, CancellationToken cancellationToken)
    {
        if (Undeletable.Contains(path))
        {
            throw new UnauthorizedAccessException($"Access to the path '{path}' is denied.");
        }

        Files.Remove(path);
        Links.Remove(path);
        Folders.Remove(path);
        return ValueTask.CompletedTask;
    }

    public ValueTask CreateLinkAsync(string path, string target, CancellationToken cancellationToken)
    {
        Links[path] = target;
        return ValueTask.CompletedTask;
    }

    public ValueTask<bool> CanWriteAsync(string directory, CancellationToken cancellationToken) =>
        new(!Unwritable.Contains(directory));
}
