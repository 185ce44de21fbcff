namespace PgpoolLab.Hosts.Remote;

// The calls of IProcesses, IPrograms, ISharedMemory and IUsers, in their order.

internal sealed record FindProcessCall(int ProcessId) : HostCall<ProcessFacts?>
{
    private protected override ValueTask<ProcessFacts?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Processes.FindAsync(ProcessId, cancellationToken);
}

internal sealed record RunsCall(int ProcessId, string? StartedAt) : HostCall<bool>
{
    private protected override ValueTask<bool> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Processes.RunsAsync(ProcessId, StartedAt, cancellationToken);
}

internal sealed record IsBeingKilledCall(int ProcessId) : HostCall<bool>
{
    private protected override ValueTask<bool> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Processes.IsBeingKilledAsync(ProcessId, cancellationToken);
}

internal sealed record AgeCall(ProcessFacts Process) : HostCall<TimeSpan?>
{
    private protected override ValueTask<TimeSpan?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Processes.AgeOfAsync(Process, cancellationToken);
}

internal sealed record FindProcessesCall(ProcessFilter Filter) : HostCall<IReadOnlyList<ProcessFacts>>
{
    private protected override ValueTask<IReadOnlyList<ProcessFacts>> MakeAsync(
        IHost host,
        CancellationToken cancellationToken
    ) => host.Processes.FindAllAsync(Filter, cancellationToken);
}

internal sealed record FindOriginsCall(IReadOnlyList<ProcessFacts> Processes, string Variable)
    : HostCall<IReadOnlyList<ProcessOrigin>>
{
    private protected override ValueTask<IReadOnlyList<ProcessOrigin>> MakeAsync(
        IHost host,
        CancellationToken cancellationToken
    ) => host.Processes.FindOriginsAsync(Processes, Variable, cancellationToken);
}

internal sealed record SeesOurFilesCall(ProcessFacts Process) : HostCall<bool>
{
    private protected override ValueTask<bool> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Processes.SeesOurFilesAsync(Process, cancellationToken);
}

internal sealed record FindFamilyCall(ProcessFacts Process) : HostCall<IReadOnlyList<ProcessFacts>>
{
    private protected override ValueTask<IReadOnlyList<ProcessFacts>> MakeAsync(
        IHost host,
        CancellationToken cancellationToken
    ) => host.Processes.FindFamilyAsync(Process, cancellationToken);
}

internal sealed record FindChildrenCall(ProcessFacts Process) : HostCall<IReadOnlyList<int>>
{
    private protected override ValueTask<IReadOnlyList<int>> MakeAsync(
        IHost host,
        CancellationToken cancellationToken
    ) => host.Processes.FindChildrenAsync(Process, cancellationToken);
}

internal sealed record SignalCall(ProcessFacts Process, ProcessSignal Signal) : HostCall<bool>
{
    private protected override ValueTask<bool> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Processes.SignalAsync(Process, Signal, cancellationToken);
}

/// <summary>How a program ended; what was run, the caller knows.</summary>
internal sealed record ProgramEnd(int ExitCode, string Output, string Error, TimeSpan Elapsed);

internal sealed record RunCall(CommandSpec Command) : HostCall<ProgramEnd>
{
    private protected override async ValueTask<ProgramEnd> MakeAsync(IHost host, CancellationToken cancellationToken)
    {
        var end = await host.Programs.RunAsync(Command, cancellationToken);
        return new ProgramEnd(end.ExitCode, end.Output, end.Error, end.Elapsed);
    }

    /// <summary>What the program is given may be a secret.</summary>
    public override string ToString() => $"{nameof(RunCall)} {Command.Program}";
}

/// <summary>Runs a program there, and sends what it prints under this number as it comes.</summary>
internal sealed record FollowCall(CommandSpec Command, int Stream) : HostCall<ProgramEnd>
{
    private protected override ValueTask<ProgramEnd> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("What a program prints needs somebody who carries it.");

    private protected override async ValueTask<ProgramEnd> MakeAsync(
        IHost host,
        AgentStreams streams,
        CancellationToken cancellationToken
    )
    {
        var end = await host.Programs.RunAsync(
            Command,
            async (data, token) => await streams.SendAsync(new StreamPart(Stream, data.ToArray()), token),
            cancellationToken
        );
        await streams.SendAsync(new StreamPart(Stream, null), cancellationToken);
        return new ProgramEnd(end.ExitCode, "", end.Error, end.Elapsed);
    }

    /// <summary>What the program is given may be a secret.</summary>
    public override string ToString() => $"{nameof(FollowCall)} {Command.Program}";
}

internal sealed record StartDetachedCall(CommandSpec Command, string LogFile, bool Append) : HostCall<int>
{
    private protected override async ValueTask<int> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        await host.Programs.StartDetachedAsync(Command, LogFile, Append, cancellationToken);
}

internal sealed record RemoveMemoryOfFolderCall(string DataDirectory) : HostCall<int>
{
    private protected override ValueTask<int> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Memory.RemoveAsync(DataDirectory, cancellationToken);
}

internal sealed record RemoveMemoryOfProcessCall(int Creator) : HostCall<int>
{
    private protected override ValueTask<int> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Memory.RemoveAsync(Creator, cancellationToken);
}

internal sealed record FindMakersCall(IReadOnlyCollection<int> Processes) : HostCall<IReadOnlyList<int>>
{
    private protected override ValueTask<IReadOnlyList<int>> MakeAsync(
        IHost host,
        CancellationToken cancellationToken
    ) => host.Memory.FindMakersAsync(Processes, cancellationToken);
}

internal sealed record FindSemaphoresCall(int Creator) : HostCall<IReadOnlyList<int>>
{
    private protected override ValueTask<IReadOnlyList<int>> MakeAsync(
        IHost host,
        CancellationToken cancellationToken
    ) => host.Memory.FindSemaphoresAsync(Creator, cancellationToken);
}

internal sealed record RemoveSemaphoresCall(IReadOnlyList<int> Semaphores) : HostCall<int>
{
    private protected override ValueTask<int> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Memory.RemoveSemaphoresAsync(Semaphores, cancellationToken);
}

internal sealed record CurrentUserCall : HostCall<SystemUser>
{
    private protected override ValueTask<SystemUser> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Users.CurrentAsync(cancellationToken);
}

internal sealed record FindUserCall(string NameOrId) : HostCall<SystemUser?>
{
    private protected override ValueTask<SystemUser?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Users.FindAsync(NameOrId, cancellationToken);
}
