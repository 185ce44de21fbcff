using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers;

/// <summary>One PostgreSQL of a lab: finds it, starts and stops it, and never touches a process that is not the
/// lab's.</summary>
public sealed class PostgresServer : ILabServer
{
    private static readonly string[] Names = ["postgres", "postmaster"];
    private readonly ServerTools _tools;

    internal PostgresServer(ServerTools tools, PostgresNode node) => (_tools, Node) = (tools, node);

    /// <summary>The node it serves.</summary>
    public PostgresNode Node { get; }

    /// <summary>A name for the middle of a sentence.</summary>
    public string Title => $"node {Node.Id}";

    /// <summary>Every process of it, its first one first; none when it does not run.</summary>
    public async Task<IReadOnlyList<ProcessFacts>> FindAllAsync(CancellationToken cancellationToken)
    {
        var all = await _tools.FindProcessesAsync(Names, WorksIn, cancellationToken);
        var first = await FindAsync(cancellationToken);
        return [.. all.OrderBy(p => p.Id != first?.Id).ThenBy(p => p.Id)];
    }

    /// <summary>Kills all of its processes at one moment (SIGKILL), as a crash of its machine would. What they leave
    /// behind stays.</summary>
    /// <returns>How many there were; 0 when it did not run.</returns>
    public Task<int> CrashAsync(CancellationToken cancellationToken) =>
        _tools.CrashAsync(FindAllAsync, Title, cancellationToken);

    /// <summary>Suspends all of its processes (SIGSTOP): it accepts connections and answers nobody.</summary>
    /// <returns>How many there are; 0 when it does not run.</returns>
    public Task<int> SuspendAsync(CancellationToken cancellationToken) =>
        _tools.SuspendAsync(FindAllAsync, Title, cancellationToken);

    /// <summary>Lets them go on (SIGCONT).</summary>
    /// <returns>How many there are; 0 when it does not run.</returns>
    public Task<int> ResumeAsync(CancellationToken cancellationToken) =>
        _tools.ResumeAsync(FindAllAsync, Title, cancellationToken);

    /// <summary>The first process of a node; null when it does not run. A PID file alone proves nothing: the number may
    /// be a stranger's by now.</summary>
    public async Task<ProcessFacts?> FindAsync(CancellationToken cancellationToken)
    {
        var file = await _tools.Host.Files.ReadTextAsync($"{Node.DataDirectory}/postmaster.pid", cancellationToken);
        return
            int.TryParse(file?.Split('\n')[0], out var id)
            && await _tools.Host.Processes.FindAsync(id, cancellationToken) is { } process
            && await BelongsAsync(process, cancellationToken)
            ? process
            : null;
    }

    /// <summary>Starts a node that does not run. One that somebody has just started is waited for.</summary>
    /// <returns>Its process id.</returns>
    /// <exception cref="ProbeFailedException">It did not come up.</exception>
    /// <exception cref="PortTakenException">Its port is somebody else's.</exception>
    public async Task<int> StartAsync(CancellationToken cancellationToken)
    {
        var running =
            await FindLivingAsync(cancellationToken)
            ?? await FindStartingAsync(cancellationToken)
            ?? await RemoveRemainsAsync(cancellationToken);
        if (running is not null)
        {
            await WaitUntilStartedAsync(running, cancellationToken);
            return running.Id;
        }

        var ports = _tools.Ports.Of(Node);
        await _tools.Ports.RequireFreeAsync($"start node {Node.Id}", ports, cancellationToken);
        var id = await _tools.Host.Programs.StartDetachedAsync(
            PostgresCommand.Start(_tools.Lab.Tools, Node.DataDirectory),
            _tools.Lab.ServerPaths.NodeLog(Node.Id),
            append: true,
            cancellationToken
        );
        await _tools.OrEndAsync(
            id,
            $"start node {Node.Id}",
            ports,
            () =>
                _tools.Probes.WaitAsync(
                    new NodeAccepts(_tools.Host, _tools.Lab, Node, id),
                    ProbeRunner.Patience,
                    cancellationToken
                )
        );
        return id;
    }

    /// <summary>For who would start it: one that is stopping, or was killed and has not ended yet, is waited
    /// for.</summary>
    private async Task<ProcessFacts?> FindLivingAsync(CancellationToken cancellationToken)
    {
        if (await FindAsync(cancellationToken) is not { } running)
        {
            return null;
        }

        if (
            await PostmasterFile.ReadAsync(_tools.Host, Node.DataDirectory, cancellationToken)
                is not { IsStopping: true }
            && !await _tools.Host.Processes.IsBeingKilledAsync(running.Id, cancellationToken)
        )
        {
            return running;
        }

        // Whoever told it to stop was killed, or did not wait; or it has just been killed itself.
        await _tools.WaitForEndAsync(
            await _tools.Host.Processes.FindFamilyAsync(running, cancellationToken),
            $"PostgreSQL node {Node.Id}",
            ServerLog.Of(_tools.Lab, Node),
            cancellationToken
        );
        return null;
    }

    /// <summary>One that a killed command has just started has no PID file yet, nor works in its folder. It gets there,
    /// or ends.</summary>
    private async Task<ProcessFacts?> FindStartingAsync(CancellationToken cancellationToken)
    {
        var starting = await _tools.FindProcessesAsync(Names, IsStarting, cancellationToken);
        if (starting.Count == 0)
        {
            return null;
        }

        await _tools.Probes.WaitAsync(
            new StartSettles(_tools.Host, _tools.Lab, Node, starting),
            ProbeRunner.Patience,
            cancellationToken
        );
        return await FindLivingAsync(cancellationToken);
    }

    /// <summary>Its children have the same command line for a moment; they do not outlive what is waited for.</summary>
    private bool IsStarting(ProcessFacts process) =>
        IsPostgres(process)
        && ((string[])[Node.DataDirectory, Node.ServerDataDirectory]).Any(d =>
            $"{process.CommandLine} ".Contains($" -D {d} ", StringComparison.Ordinal)
        );

    /// <summary>One that runs and takes no connections yet is nothing that Pgpool-II could be started beside.</summary>
    private async Task WaitUntilStartedAsync(ProcessFacts running, CancellationToken cancellationToken)
    {
        if (
            await PostmasterFile.ReadAsync(_tools.Host, Node.DataDirectory, cancellationToken)
                is { IsStarting: true } file
            && file.ProcessId == running.Id
        )
        {
            await _tools.Probes.WaitAsync(
                new NodeAccepts(_tools.Host, _tools.Lab, Node, running.Id),
                ProbeRunner.Patience,
                cancellationToken
            );
        }
    }

    /// <summary>Stops a node (fast shutdown); nothing happens when it does not run.</summary>
    /// <returns>True when it ran.</returns>
    public Task<bool> StopAsync(CancellationToken cancellationToken) => StopAsync(StopMode.Fast, cancellationToken);

    /// <summary>Stops a node; nothing happens when it does not run.</summary>
    /// <param name="mode">What becomes of its clients.</param>
    /// <param name="cancellationToken">Ends the wait, not the shutdown.</param>
    /// <returns>True when it ran.</returns>
    /// <exception cref="ProbeFailedException">A smart shutdown waits for clients that stay.</exception>
    public async Task<bool> StopAsync(StopMode mode, CancellationToken cancellationToken)
    {
        var ran = false;
        if (await FindAsync(cancellationToken) is { } first)
        {
            ran = true;
            var children = await _tools.Host.Processes.FindChildrenAsync(first, cancellationToken);
            await _tools.Host.Processes.SignalAsync(first, SignalOf(mode), cancellationToken);
            // One that is suspended does not hear it until it goes on, and then before anything else.
            if (first.IsSuspended)
            {
                await ResumeAsync(cancellationToken);
            }

            try
            {
                await _tools.WaitForEndAsync(
                    [first],
                    $"PostgreSQL node {Node.Id}",
                    ServerLog.Of(_tools.Lab, Node),
                    cancellationToken
                );
                // The first process waits for all others but the one that writes the log, which follows it.
                await _tools.WaitForEndAsync(
                    await _tools.StillThereAsync(children, p => WorksIn(p), cancellationToken),
                    $"PostgreSQL node {Node.Id}",
                    ServerLog.Of(_tools.Lab, Node),
                    cancellationToken
                );
                if (!await _tools.Host.Files.ExistsAsync($"{Node.DataDirectory}/postmaster.pid", cancellationToken))
                {
                    return true;
                }

                // Somebody has killed it: one that ends by itself removes its memory, then this file.
            }
            catch (ProbeFailedException late) when (mode is not StopMode.Smart)
            {
                // One that was told to end while it recovered from a crash can be deaf for ever. What it has
                // acknowledged is in its WAL.
                await _tools.Host.Processes.SignalAsync(first, ProcessSignal.Quit, cancellationToken);
                await _tools.WaitForEndAsync(
                    [first],
                    $"PostgreSQL node {Node.Id}",
                    ServerLog.Of(_tools.Lab, Node),
                    cancellationToken,
                    late.Waited
                );
            }
        }

        // Without its first process PostgreSQL ends by itself; what does not, is made to.
        var orphans = await _tools.FindProcessesAsync(Names, WorksIn, cancellationToken);
        ran |= await KillServerAsync(orphans, cancellationToken);
        await _tools.Host.Memory.RemoveAsync(Node.DataDirectory, cancellationToken);
        await RemoveStaleSocketsAsync(cancellationToken);
        return ran;
    }

    /// <remarks>PostgreSQL manual, "Shutting Down the Server".</remarks>
    private static ProcessSignal SignalOf(StopMode mode) =>
        mode switch
        {
            StopMode.Smart => ProcessSignal.Terminate,
            StopMode.Immediate => ProcessSignal.Quit,
            _ => ProcessSignal.Interrupt,
        };

    private bool WorksIn(ProcessFacts process) =>
        IsPostgres(process)
        && process.WorkingDirectory is { } cwd
        && ServerTools.WithoutDeletedMark(cwd) == Node.DataDirectory;

    private static bool IsPostgres(ProcessFacts process) => Names.Contains(process.Name);

    // PostgreSQL works in its data folder; Pgpool-II is started in the lab's. Where that cannot be seen, its command
    // line tells.
    private async ValueTask<bool> BelongsAsync(ProcessFacts process, CancellationToken cancellationToken) =>
        IsPostgres(process)
        && await _tools.MayBeOursAsync(process, cancellationToken)
        && (
            process.WorkingDirectory is { } cwd
                ? ServerTools.WithoutDeletedMark(cwd) == Node.DataDirectory
                    || cwd == await _tools.Host.Files.RealPathAsync(Node.DataDirectory, cancellationToken)
                : process.CommandLine.Contains(Node.DataDirectory, StringComparison.Ordinal)
                    || process.CommandLine.Contains(Node.ServerDataDirectory, StringComparison.Ordinal)
        );

    /// <summary>Removes what a killed PostgreSQL left. PostgreSQL itself believes the numbers in these files: a
    /// stranger's, or that of a process which has ended and was not collected by its parent, which in a container may
    /// never happen.</summary>
    /// <returns>A server that has begun to run meanwhile.</returns>
    private async Task<ProcessFacts?> RemoveRemainsAsync(CancellationToken cancellationToken)
    {
        var file = $"{Node.DataDirectory}/postmaster.pid";
        if (await _tools.Host.Files.ExistsAsync(file, cancellationToken))
        {
            // One that a killed command has just started may have written it a moment ago.
            if (await FindLivingAsync(cancellationToken) is { } started)
            {
                return started;
            }

            await KillServerAsync(
                await _tools.FindProcessesAsync(Names, WorksIn, cancellationToken),
                cancellationToken
            );
            await _tools.TidyAsync(file, cancellationToken);
        }

        await RemoveStaleSocketsAsync(cancellationToken);
        return null;
    }

    /// <summary>Memory of a server that was killed as it started does not say yet which data folder it is
    /// for.</summary>
    private async Task<bool> KillServerAsync(IReadOnlyList<ProcessFacts> processes, CancellationToken cancellationToken)
    {
        var ran = await _tools.KillAllAsync(processes, $"PostgreSQL node {Node.Id}", cancellationToken);
        foreach (var process in processes)
        {
            await _tools.Host.Memory.RemoveAsync(process.Id, cancellationToken);
        }

        return ran;
    }

    private async Task RemoveStaleSocketsAsync(CancellationToken cancellationToken)
    {
        foreach (
            var socketLock in LabSockets
                .OfNode(_tools.Lab, Node)
                .Where(s => s.EndsWith(".lock", StringComparison.Ordinal))
        )
        {
            var socket = socketLock[..^".lock".Length];
            // PID, data folder, ...: of another server it is removed only when that server's folder is gone.
            if (
                (await ReadLockAsync(socketLock, cancellationToken))?.Split('\n') is [_, var folder, ..]
                && (
                    folder == Node.ServerDataDirectory
                    || folder == Node.DataDirectory
                    || !await _tools.Host.Files.ExistsAsync(folder, cancellationToken)
                )
                && !await _tools.Host.Ports.SocketAnswersAsync(socket, cancellationToken)
            )
            {
                await _tools.DeleteStaleSocketAsync(socket, cancellationToken);
                await _tools.DeleteStaleSocketAsync(socketLock, cancellationToken);
            }
        }
    }

    private async Task<string?> ReadLockAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await _tools.Host.Files.ReadTextAsync(file, cancellationToken);
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's: PostgreSQL will say so.
            return null;
        }
    }
}
