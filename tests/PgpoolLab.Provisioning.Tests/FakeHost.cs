using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A machine in memory: files, processes and what was done to them.</summary>
internal sealed class FakeHost : IHost, IPrograms, IProcesses, ISharedMemory, IPorts, IFiles, IUsers
{
    IPrograms IHost.Programs => this;

    IProcesses IHost.Processes => this;

    ISharedMemory IHost.Memory => this;

    IPorts IHost.Ports => this;

    IFiles IHost.Files => this;

    IUsers IHost.Users => this;

    ValueTask<SystemUser> IUsers.CurrentAsync(CancellationToken cancellationToken) => new(Identity.Current);

    ValueTask<SystemUser?> IUsers.FindAsync(string nameOrId, CancellationToken cancellationToken) =>
        new(Identity.Find(nameOrId));

    ValueTask<bool> IPorts.HasLoopbackAsync(CancellationToken cancellationToken) => new(true);

    ValueTask<IReadOnlyList<HostAddress>> IPorts.ResolveAsync(string name, CancellationToken cancellationToken) =>
        new([new HostAddress("127.0.0.1", IsOwn: true)]);

    ValueTask<Volume?> IFiles.VolumeAsync(string path, CancellationToken cancellationToken) => new((Volume?)null);

    ValueTask<long> IFiles.SizeOnDiskAsync(string folder, CancellationToken cancellationToken) => new(0);

    ValueTask<int?> IFiles.LockHolderAsync(string path, CancellationToken cancellationToken) => new((int?)null);

    ValueTask<bool> IFiles.CanExecuteAsync(string path, CancellationToken cancellationToken) =>
        new(Files.ContainsKey(path));

    internal Dictionary<string, string> Files { get; } = [];

    internal List<ProcessFacts> Processes { get; } = [];

    internal HashSet<string> AnsweringSockets { get; } = [];

    /// <summary>Sockets of servers, whether they answer or not.</summary>
    internal HashSet<string> BoundSockets { get; } = [];

    /// <summary>What was on the machine before: programs and samples.</summary>
    internal Dictionary<string, byte[]> Installed { get; } = [];

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

    Task<CommandResult> IPrograms.RunAsync(CommandSpec command, CancellationToken cancellationToken) =>
        Task.FromResult(Run(command));

    async Task<CommandResult> IPrograms.RunAsync(
        CommandSpec command,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        CancellationToken cancellationToken
    )
    {
        var end = Run(command);
        await output(System.Text.Encoding.UTF8.GetBytes(end.Output), cancellationToken);
        return end with { Output = "" };
    }

    Task<int> IPrograms.StartDetachedAsync(
        CommandSpec command,
        string logFile,
        bool append,
        CancellationToken cancellationToken
    )
    {
        Started.Add(command.ToString());
        return Task.FromResult(4711);
    }

    ValueTask<ProcessFacts?> IProcesses.FindAsync(int processId, CancellationToken cancellationToken) =>
        new(Processes.Find(p => p.Id == processId));

    ValueTask<IReadOnlyList<ProcessFacts>> IProcesses.FindAllAsync(
        ProcessFilter filter,
        CancellationToken cancellationToken
    ) => new(Processes.Where(filter.Passes).ToArray());

    /// <summary>Happens whenever somebody looks whether a log has grown.</summary>
    internal Action Look { get; set; } = () => { };

    ValueTask<(string Text, long Length)> IFiles.ReadGrowthAsync(
        string path,
        long? from,
        CancellationToken cancellationToken
    )
    {
        Look();
        ThrowIfUnreadable(path);
        return new(Files.TryGetValue(path, out var text) ? (text[(int)(from ?? text.Length)..], text.Length) : ("", 0));
    }

    ValueTask<FilePart> IFiles.ReadPartAsync(string path, long from, int limit, CancellationToken cancellationToken)
    {
        ThrowIfUnreadable(path);
        return Files.TryGetValue(path, out var text) && from < text.Length
            ? new(
                new FilePart(
                    text.Substring((int)from, Math.Min(limit, text.Length - (int)from)),
                    Math.Min(from + limit, text.Length),
                    text.Length
                )
            )
            : new(new FilePart("", from, text?.Length ?? 0));
    }

    /// <summary>Logs that may not be read, or are no regular files, and the words of the refusal.</summary>
    internal Dictionary<string, Exception> Unreadable { get; } = [];

    private void ThrowIfUnreadable(string path)
    {
        if (Unreadable.TryGetValue(path, out var error))
        {
            throw error;
        }
    }

    /// <summary>Is told of every signal.</summary>
    internal Action<ProcessFacts> Signalled { get; set; } = _ => { };

    /// <summary>Whoever is signalled ends.</summary>
    ValueTask<bool> IProcesses.SignalAsync(
        ProcessFacts process,
        ProcessSignal signal,
        CancellationToken cancellationToken
    )
    {
        Signals.Add($"{signal} {process.Id}");
        Signalled(process);
        return new(
            signal is not (ProcessSignal.Kill or ProcessSignal.Quit) && Deaf.Contains(process.Id)
                || Processes.Remove(process)
        );
    }

    /// <summary>How processes were started, by number: where they write to, and their variables.</summary>
    internal Dictionary<int, (string? Output, Dictionary<string, string> Variables)> Origins { get; } = [];

    ValueTask<IReadOnlyList<ProcessOrigin>> IProcesses.FindOriginsAsync(
        IReadOnlyList<ProcessFacts> processes,
        string variable,
        CancellationToken cancellationToken
    ) =>
        new(
            processes
                .Select(p =>
                    Origins.TryGetValue(p.Id, out var origin)
                        ? new ProcessOrigin(origin.Output, origin.Variables.GetValueOrDefault(variable))
                        : default
                )
                .ToArray()
        );

    /// <summary>Processes of other containers.</summary>
    internal HashSet<int> Elsewhere { get; } = [];

    ValueTask<bool> IProcesses.SeesOurFilesAsync(ProcessFacts process, CancellationToken cancellationToken) =>
        new(!Elsewhere.Contains(process.Id));

    internal long? FreeSpace { get; set; }

    ValueTask<long?> IFiles.FreeSpaceAsync(string path, CancellationToken cancellationToken) => new(FreeSpace);

    /// <summary>Data folders and processes whose shared memory was removed.</summary>
    internal List<string> MemoryRemoved { get; } = [];

    ValueTask<int> ISharedMemory.RemoveAsync(string dataDirectory, CancellationToken cancellationToken)
    {
        MemoryRemoved.Add(dataDirectory);
        return new(1);
    }

    ValueTask<int> ISharedMemory.RemoveAsync(int creator, CancellationToken cancellationToken)
    {
        MemoryRemoved.Add($"{creator}");
        return new(1);
    }

    /// <summary>Processes that have made shared memory.</summary>
    internal HashSet<int> Makers { get; } = [];

    ValueTask<IReadOnlyList<int>> ISharedMemory.FindMakersAsync(
        IReadOnlyCollection<int> processes,
        CancellationToken cancellationToken
    ) => new(processes.Where(Makers.Contains).ToArray());

    /// <summary>Who has made which semaphores.</summary>
    internal Dictionary<int, int> Semaphores { get; } = [];

    ValueTask<IReadOnlyList<int>> ISharedMemory.FindSemaphoresAsync(int creator, CancellationToken cancellationToken) =>
        new(Semaphores.Where(s => s.Value == creator).Select(s => s.Key).ToArray());

    ValueTask<int> ISharedMemory.RemoveSemaphoresAsync(
        IReadOnlyList<int> semaphores,
        CancellationToken cancellationToken
    ) => new(semaphores.Count(Semaphores.Remove));

    ValueTask<string?> IPorts.WhoHoldsAsync(int port, CancellationToken cancellationToken)
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

    ValueTask<string?> IPorts.WhoElseHoldsAsync(
        int port,
        IReadOnlyList<ProcessFacts> processes,
        CancellationToken cancellationToken
    ) => new(SharedPorts.GetValueOrDefault(port));

    ValueTask<string?> IPorts.WhoReceivesAsync(int port, CancellationToken cancellationToken) =>
        new(DatagramPorts.GetValueOrDefault(port));

    ValueTask<bool> IPorts.SocketAnswersAsync(string path, CancellationToken cancellationToken) =>
        new(AnsweringSockets.Contains(path));

    ValueTask<IReadOnlyList<string>> IPorts.BoundSocketsAsync(CancellationToken cancellationToken) =>
        new([.. BoundSockets]);

    Task IPorts.GreetAsync(string address, int port, string greeting, CancellationToken cancellationToken) =>
        Task.Delay(Timeout.Infinite, cancellationToken);

    ValueTask<PortGreeting> IPorts.TryReachAsync(
        string address,
        int port,
        TimeSpan patience,
        CancellationToken cancellationToken
    ) => new(new PortGreeting(null, "Nobody listens."));

    ValueTask<Stream?> IPorts.ConnectAsync(string socket, CancellationToken cancellationToken) => new(Connect(socket));

    ValueTask<bool> IProcesses.RunsAsync(int processId, string? startedAt, CancellationToken cancellationToken) =>
        new(Processes.Exists(p => p.Id == processId && (startedAt is null || p.StartedAt == startedAt)));

    /// <summary>For how long every process has been running.</summary>
    internal TimeSpan? Age { get; set; } = TimeSpan.FromSeconds(1);

    ValueTask<TimeSpan?> IProcesses.AgeOfAsync(ProcessFacts process, CancellationToken cancellationToken) => new(Age);

    /// <summary>Processes that were killed and have not ended yet.</summary>
    internal HashSet<int> Dying { get; } = [];

    ValueTask<bool> IProcesses.IsBeingKilledAsync(int processId, CancellationToken cancellationToken) =>
        new(Dying.Contains(processId));

    ValueTask<IReadOnlyList<int>> IProcesses.FindChildrenAsync(
        ProcessFacts process,
        CancellationToken cancellationToken
    ) => new(Processes.Where(p => p.SessionId == process.SessionId && p.Id != process.Id).Select(p => p.Id).ToArray());

    ValueTask<IReadOnlyList<ProcessFacts>> IProcesses.FindFamilyAsync(
        ProcessFacts process,
        CancellationToken cancellationToken
    ) => new(Processes.Where(p => p.SessionId == process.SessionId || p.Id == process.Id).ToArray());

    ValueTask<string> IFiles.RealPathAsync(string path, CancellationToken cancellationToken) => new(path);

    ValueTask<FileFacts?> IFiles.LookAsync(string path, CancellationToken cancellationToken) =>
        new(
            Links.TryGetValue(path, out var target) ? Facts(FileKind.Link, target)
            : Files.ContainsKey(path) || Installed.ContainsKey(path) ? Facts(FileKind.File, null, path)
            : Folders.Contains(path) || Installed.Keys.Any(f => Path.GetDirectoryName(f) == path)
                ? Facts(FileKind.Folder, null)
            : null
        );

    /// <summary>When files were written; long ago when it is not said.</summary>
    internal Dictionary<string, DateTimeOffset> WrittenAt { get; } = [];

    private FileFacts Facts(FileKind kind, string? target, string path = "") =>
        new(
            kind,
            Identity.Current.UserId,
            0,
            WrittenAt.GetValueOrDefault(path, DateTimeOffset.UnixEpoch),
            null,
            target
        );

    ValueTask<byte[]?> IFiles.ReadBytesAsync(string path, CancellationToken cancellationToken) =>
        new(
            Files.GetValueOrDefault(path) is { } text
                ? System.Text.Encoding.UTF8.GetBytes(text)
                : Installed.GetValueOrDefault(path)
        );

    ValueTask<string?> IFiles.ReadTextAsync(string path, CancellationToken cancellationToken) =>
        new(
            Files.GetValueOrDefault(path)
                ?? (Installed.GetValueOrDefault(path) is { } bytes ? System.Text.Encoding.UTF8.GetString(bytes) : null)
        );

    ValueTask IFiles.WriteTextAsync(string path, string text, UnixFileMode mode, CancellationToken cancellationToken)
    {
        Written.Add(path);
        Modes[path] = mode;
        Files[path] = text;
        return ValueTask.CompletedTask;
    }

    ValueTask IFiles.AppendTextAsync(string path, string text, CancellationToken cancellationToken)
    {
        Files[path] = Files.GetValueOrDefault(path) + text;
        return ValueTask.CompletedTask;
    }

    /// <summary>Called before it is looked whether a file exists.</summary>
    internal Action<string> LooksFor { get; set; } = _ => { };

    ValueTask<bool> IFiles.ExistsAsync(string path, CancellationToken cancellationToken)
    {
        LooksFor(path);
        return new(Files.ContainsKey(path));
    }

    ValueTask IFiles.CreateDirectoryAsync(string path, UnixFileMode mode, CancellationToken cancellationToken)
    {
        Folders.Add(path);
        return ValueTask.CompletedTask;
    }

    /// <summary>Folders whose files somebody asked for, as often as that was done.</summary>
    internal List<string> Listed { get; } = [];

    ValueTask<IReadOnlyList<string>> IFiles.ListAsync(string path, CancellationToken cancellationToken)
    {
        Listed.Add(path);
        return new(Files.Keys.Where(f => Path.GetDirectoryName(f) == path).Select(f => Path.GetFileName(f)).ToArray());
    }

    ValueTask IFiles.RenameAsync(string path, string newPath, CancellationToken cancellationToken)
    {
        Files.Remove(path, out var text);
        Files[newPath] = text!;
        return ValueTask.CompletedTask;
    }

    /// <summary>Files of another user.</summary>
    internal HashSet<string> Undeletable { get; } = [];

    ValueTask IFiles.DeleteAsync(string path, CancellationToken cancellationToken)
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

    ValueTask IFiles.DeleteEmptyWithinAsync(string root, string path, CancellationToken cancellationToken)
    {
        if (!Files.Keys.Concat(Links.Keys).Concat(Folders).Any(f => f.StartsWith(path + "/", StringComparison.Ordinal)))
        {
            Folders.Remove(path);
        }

        return ValueTask.CompletedTask;
    }

    ValueTask IFiles.CreateLinkAsync(string path, string target, CancellationToken cancellationToken)
    {
        Links[path] = target;
        return ValueTask.CompletedTask;
    }

    ValueTask<bool> IFiles.CanWriteAsync(string directory, CancellationToken cancellationToken) =>
        new(!Unwritable.Contains(directory));
}
