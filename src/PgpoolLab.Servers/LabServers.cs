using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers;

/// <summary>The running servers of a lab: finds, starts and stops them, and never touches a process that is not the
/// lab's.</summary>
/// <param name="host">Where they run.</param>
/// <param name="lab">The lab.</param>
/// <param name="probes">Waits.</param>
public sealed partial class LabServers(IHost host, Lab lab, ProbeRunner probes)
{
    private static readonly string[] PostgresNames = ["postgres", "postmaster"];
    private static readonly string[] PgpoolNames = ["pgpool"];
    private static readonly TimeSpan ShutdownPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PgpoolShutdownPatience = TimeSpan.FromSeconds(20);
    private readonly ServerPorts _ports = new(host, lab);
    private readonly Lazy<int?> _user = new(() => Identity.Find(lab.Owner)?.UserId);

    /// <summary>The first process of a node; null when it does not run. A PID file alone proves nothing: the number may
    /// be a stranger's by now.</summary>
    public async Task<ProcessFacts?> FindNodeAsync(PostgresNode node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(node);
        var file = await host.ReadTextAsync($"{node.DataDirectory}/postmaster.pid", cancellationToken);
        return
            int.TryParse(file?.Split('\n')[0], out var id)
            && await host.FindProcessAsync(id, cancellationToken) is { } process
            && await BelongsAsync(process, node, cancellationToken)
            ? process
            : null;
    }

    /// <summary>The first process of a Pgpool-II; null when it does not run.</summary>
    public async Task<ProcessFacts?> FindPgpoolAsync(PgpoolNode pgpool, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pgpool);
        var file = await host.ReadTextAsync(pgpool.Paths.PgpoolPid, cancellationToken);
        return
            int.TryParse(file?.Trim(), out var id)
            && await host.FindProcessAsync(id, cancellationToken) is { } process
            && IsPgpool(process, pgpool)
            ? process
            : null;
    }

    /// <summary>The same, for who would start it: one that was killed and has not ended yet is waited for.</summary>
    public async Task<ProcessFacts?> FindLivingPgpoolAsync(PgpoolNode pgpool, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pgpool);
        var running = await FindPgpoolAsync(pgpool, cancellationToken);
        if (running is null || !await host.IsBeingKilledAsync(running.Id, cancellationToken))
        {
            return running;
        }

        await WaitForEndAsync([running], lab.TitleOf(pgpool), pgpool.Paths.PgpoolLog, cancellationToken);
        return null;
    }

    /// <summary>Starts a node that does not run.</summary>
    /// <returns>Its process id.</returns>
    /// <exception cref="ProbeFailedException">It did not come up.</exception>
    /// <exception cref="PortTakenException">Its port is somebody else's.</exception>
    public async Task<int> StartNodeAsync(PostgresNode node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (await FindNodeAsync(node, cancellationToken) is { } running)
        {
            if (
                await PostmasterFile.ReadAsync(host, node.DataDirectory, cancellationToken) is not { IsStopping: true }
                && !await host.IsBeingKilledAsync(running.Id, cancellationToken)
            )
            {
                return running.Id;
            }

            // Whoever told it to stop was killed, or did not wait; or it has just been killed itself.
            await WaitForEndAsync(
                await host.FindFamilyAsync(running, cancellationToken),
                $"PostgreSQL node {node.Id}",
                NodeLog.Of(lab, node),
                cancellationToken
            );
        }

        await RemoveRemainsAsync(node, cancellationToken);
        var ports = _ports.Of(node);
        await _ports.RequireFreeAsync($"start node {node.Id}", ports, cancellationToken);
        var id = await host.StartDetachedAsync(
            PostgresCommand.Start(lab.Tools, node.DataDirectory),
            lab.ServerPaths.NodeLog(node.Id),
            append: true,
            cancellationToken
        );
        await OrEndAsync(
            id,
            $"start node {node.Id}",
            ports,
            () => probes.WaitAsync(new NodeAccepts(host, lab, node, id), ProbeRunner.Patience, cancellationToken)
        );
        return id;
    }

    /// <summary>Waits for a Pgpool-II that was just started, as <see cref="OrEndAsync"/> does.</summary>
    /// <exception cref="PortTakenException">One of its ports is somebody else's.</exception>
    public Task OrEndPgpoolAsync(int processId, PgpoolNode pgpool, Func<Task> wait)
    {
        ArgumentNullException.ThrowIfNull(pgpool);
        return OrEndAsync(processId, $"start {lab.TitleOf(pgpool)}", _ports.Of(pgpool), wait);
    }

    /// <summary>Waits for a server that was just started, and that its ports are its own. If that ends early, ends the
    /// server: it may not have a PID file, nor even its name, yet.</summary>
    private async Task OrEndAsync(int processId, string attempt, IReadOnlyList<LabPort> ports, Func<Task> wait)
    {
        try
        {
            await wait();
            await _ports.RequireOwnAsync(processId, attempt, ports);
        }
        catch (Exception error)
        {
            if (await host.FindProcessAsync(processId, CancellationToken.None) is { } started)
            {
                var semaphores = await host.FindSemaphoresAsync(processId, CancellationToken.None);
                await host.SignalAsync(started, ProcessSignal.Interrupt, CancellationToken.None);
                await WaitForEndAsync([started], started.Name, null, CancellationToken.None);
                // Until it minds signals, one just ends it.
                await host.RemoveSharedMemoryAsync(processId, CancellationToken.None);
                await host.RemoveSemaphoresAsync(semaphores, CancellationToken.None);
            }

            if (
                error is ProbeFailedException failed
                && await _ports.FindTakenAsync(ports, CancellationToken.None) is { Count: > 0 } taken
            )
            {
                throw ServerPorts.Taken(attempt, taken, failed);
            }

            throw;
        }
    }

    /// <summary>Stops a node (fast shutdown); nothing happens when it does not run.</summary>
    /// <returns>True when it ran.</returns>
    public async Task<bool> StopNodeAsync(PostgresNode node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(node);
        var ran = false;
        if (await FindNodeAsync(node, cancellationToken) is { } first)
        {
            ran = true;
            var children = await host.FindChildrenAsync(first, cancellationToken);
            await host.SignalAsync(first, ProcessSignal.Interrupt, cancellationToken);
            try
            {
                await WaitForEndAsync([first], $"PostgreSQL node {node.Id}", NodeLog.Of(lab, node), cancellationToken);
                // The first process waits for all others but the one that writes the log, which follows it.
                await WaitForEndAsync(
                    await StillThereAsync(children, p => WorksIn(p, node), cancellationToken),
                    $"PostgreSQL node {node.Id}",
                    NodeLog.Of(lab, node),
                    cancellationToken
                );
                if (!await host.ExistsAsync($"{node.DataDirectory}/postmaster.pid", cancellationToken))
                {
                    return true;
                }

                // Somebody has killed it: one that ends by itself removes its memory, then this file.
            }
            catch (ProbeFailedException late)
            {
                // One that was told to end while it recovered from a crash can be deaf for ever. What it has
                // acknowledged is in its WAL.
                await host.SignalAsync(first, ProcessSignal.Quit, cancellationToken);
                await WaitForEndAsync(
                    [first],
                    $"PostgreSQL node {node.Id}",
                    NodeLog.Of(lab, node),
                    cancellationToken,
                    late.Waited
                );
            }
        }

        // Without its first process PostgreSQL ends by itself; what does not, is made to.
        var orphans = await host.FindProcessesAsync(PostgresNames, p => WorksIn(p, node), cancellationToken);
        ran |= await KillAsync(orphans, $"PostgreSQL node {node.Id}", cancellationToken);
        await host.RemoveSharedMemoryAsync(node.DataDirectory, cancellationToken);
        await RemoveStaleSocketsAsync(node, cancellationToken);
        return ran;
    }

    /// <summary>Starts Pgpool-II; what a killed one left is removed first.</summary>
    /// <returns>Its process id. It may not answer yet.</returns>
    /// <exception cref="PortTakenException">One of its ports, or of its sockets, is somebody else's.</exception>
    public async Task<int> StartPgpoolAsync(PgpoolNode pgpool, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pgpool);
        if (await FindLivingPgpoolAsync(pgpool, cancellationToken) is { } running)
        {
            return running.Id;
        }

        await StopPgpoolAsync(pgpool, cancellationToken);
        foreach (var socket in LabSockets.OfPgpool(lab, pgpool))
        {
            if (await host.SocketAnswersAsync(socket, cancellationToken))
            {
                throw new PortTakenException(
                    $"Could not start {lab.TitleOf(pgpool)}: another program listens on the socket {socket}.",
                    _ports.Of(pgpool).Select(p => p.Port).ToArray()
                );
            }

            if (await host.ExistsAsync(socket, cancellationToken))
            {
                throw new LabException(
                    ExitCode.InTheWay,
                    $"Could not start {lab.TitleOf(pgpool)}: a server of another user has left the socket "
                        + $"{socket}, and only that user or root can delete it."
                )
                {
                    Hints =
                    [
                        $"Delete it, as that user or root:  rm {Shell.Quote(socket)}",
                        "Or make the lab with other ports.",
                    ],
                };
            }
        }

        await _ports.RequireFreeAsync($"start {lab.TitleOf(pgpool)}", _ports.Of(pgpool), cancellationToken);

        return await host.StartDetachedAsync(
            PgpoolCommand.Start(lab, pgpool),
            pgpool.Paths.PgpoolLog,
            append: false,
            cancellationToken
        );
    }

    /// <summary>Stops Pgpool-II (fast shutdown) with all its processes, and removes what it leaves when it was
    /// killed.</summary>
    /// <param name="pgpool">The Pgpool-II.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="leaving">Called as soon as it has said that it ends: from then on it takes nothing for a failure
    /// any more. Called at its end, when it has not.</param>
    /// <returns>True when it ran.</returns>
    public async Task<bool> StopPgpoolAsync(
        PgpoolNode pgpool,
        CancellationToken cancellationToken,
        Action? leaving = null
    )
    {
        ArgumentNullException.ThrowIfNull(pgpool);
        IReadOnlyList<ProcessFacts>? orphans = null;
        IReadOnlyList<int> semaphores = [],
            makers = [];
        var ran = false;
        int? killed = int.TryParse(
            (await host.ReadTextAsync(pgpool.Paths.PgpoolPid, cancellationToken))?.Trim('\0', '\n', ' '),
            out var former
        )
            ? former
            : null;
        if (await FindPgpoolAsync(pgpool, cancellationToken) is { } first)
        {
            semaphores = await host.FindSemaphoresAsync(first.Id, cancellationToken);
            var children = await host.FindChildrenAsync(first, cancellationToken);
            makers = await host.FindMakersOfSharedMemoryAsync([.. children], cancellationToken);
            try
            {
                await AskToEndAsync(pgpool, first, cancellationToken);
                leaving?.Invoke();
                // Those it has started since.
                children = [.. children.Union(await host.FindChildrenAsync(first, cancellationToken))];
                await probes.WaitAsync(
                    new ProcessesEnd(host, [first], lab.TitleOf(pgpool), pgpool.Paths.PgpoolLog),
                    PgpoolShutdownPatience,
                    cancellationToken
                );
            }
            catch (ProbeFailedException)
            {
                // While it waits for the other members of its watchdog it can be deaf for ever. It holds no data.
                await host.SignalAsync(first, ProcessSignal.Kill, cancellationToken);
                children = [];
            }

            ran = true;
            // A watchdog's processes have children themselves, and do not wait for them.
            orphans =
                children.Count > 0 && pgpool.Watchdog is null
                    ? await StillThereAsync(children, p => IsPgpool(p, pgpool), cancellationToken)
                    : null;
        }

        // The children of a killed Pgpool-II live on and hold its ports.
        orphans ??= await host.FindProcessesAsync(PgpoolNames, p => IsPgpool(p, pgpool), cancellationToken);

        ran |= await KillAsync(orphans, lab.TitleOf(pgpool), cancellationToken);
        if (killed is { } creator && await host.ExistsAsync(pgpool.Paths.PgpoolPid, cancellationToken))
        {
            // One that ends by itself removes its memory, then this file. Its pcp process has memory of its own, and is
            // known by the log when it is gone too.
            var log = await host.ReadTextAsync(pgpool.Paths.PgpoolLog, cancellationToken) ?? "";
            foreach (
                var process in PcpProcess()
                    .Matches(log)
                    .Select(m => int.Parse(m.Groups[1].Value))
                    .Concat(orphans.Select(o => o.Id))
                    .Append(creator)
                    .Distinct()
            )
            {
                await host.RemoveSharedMemoryAsync(process, cancellationToken);
            }

            await host.RemoveSemaphoresAsync(semaphores, cancellationToken);
        }

        // A child that was killed while all of it ended has left its own.
        foreach (var maker in makers)
        {
            await host.RemoveSharedMemoryAsync(maker, cancellationToken);
        }

        await TidyAsync(pgpool.Paths.PgpoolPid, cancellationToken);
        foreach (var socket in LabSockets.OfPgpool(lab, pgpool))
        {
            await DeleteStaleSocketAsync(socket, cancellationToken);
        }

        return ran;
    }

    /// <summary>Tells Pgpool-II to end until it has said that it does. During a failover it has the C library's
    /// system() run failover_command, which throws away a SIGINT that waits.</summary>
    /// <exception cref="ProbeFailedException">It is deaf.</exception>
    private async Task AskToEndAsync(PgpoolNode pgpool, ProcessFacts first, CancellationToken cancellationToken)
    {
        var (_, length) = await host.ReadGrowthAsync(pgpool.Paths.PgpoolLog, from: null, cancellationToken);
        var leaves = new PgpoolLeaves(host, first, lab.TitleOf(pgpool), pgpool.Paths.PgpoolLog, length);
        for (var waited = ProbeRunner.AskAgain; ; waited += ProbeRunner.AskAgain)
        {
            await host.SignalAsync(first, ProcessSignal.Interrupt, cancellationToken);
            try
            {
                await probes.WaitAsync(leaves, ProbeRunner.AskAgain, cancellationToken);
                return;
            }
            catch (ProbeFailedException) when (waited < PgpoolShutdownPatience) { }
        }
    }

    [System.Text.RegularExpressions.GeneratedRegex(@"\bPCP process: ([0-9]{1,9}) started")]
    private static partial System.Text.RegularExpressions.Regex PcpProcess();

    private bool WorksIn(ProcessFacts process, PostgresNode node) =>
        IsPostgres(process)
        && IsOfLabsUser(process)
        && process.WorkingDirectory is { } cwd
        && WithoutDeletedMark(cwd) == node.DataDirectory;

    private bool IsOfLabsUser(ProcessFacts process) => process.UserId is null || process.MayBeOf(_user.Value);

    private static bool IsPostgres(ProcessFacts process) => PostgresNames.Contains(process.Name);

    private static string WithoutDeletedMark(string folder) =>
        folder.EndsWith(" (deleted)", StringComparison.Ordinal) ? folder[..^" (deleted)".Length] : folder;

    // PostgreSQL works in its data folder; Pgpool-II is started in the lab's. Where that cannot be seen, its command
    // line tells.
    private async ValueTask<bool> BelongsAsync(
        ProcessFacts process,
        PostgresNode node,
        CancellationToken cancellationToken
    ) =>
        IsPostgres(process)
        && IsOfLabsUser(process)
        && (
            process.WorkingDirectory is { } cwd
                ? WithoutDeletedMark(cwd) == node.DataDirectory
                    || cwd == await host.RealPathAsync(node.DataDirectory, cancellationToken)
                : process.CommandLine.Contains(node.DataDirectory, StringComparison.Ordinal)
                    || process.CommandLine.Contains(node.ServerDataDirectory, StringComparison.Ordinal)
        );

    // Who starts it from another folder leaves its command line to know it by; its children have none.
    private bool IsPgpool(ProcessFacts process, PgpoolNode pgpool) =>
        PgpoolNames.Contains(process.Name)
        && IsOfLabsUser(process)
        && (
            (process.WorkingDirectory is { } cwd && WithoutDeletedMark(cwd) == pgpool.Folder)
            || process.CommandLine.Contains($" -f {pgpool.Paths.PgpoolConf} ", StringComparison.Ordinal)
        );

    /// <summary>Removes what a killed PostgreSQL left. PostgreSQL itself believes the numbers in these files: a
    /// stranger's, or that of a process which has ended and was not collected by its parent, which in a container may
    /// never happen.</summary>
    private async Task RemoveRemainsAsync(PostgresNode node, CancellationToken cancellationToken)
    {
        var file = $"{node.DataDirectory}/postmaster.pid";
        if (await host.ExistsAsync(file, cancellationToken))
        {
            await KillAsync(
                await host.FindProcessesAsync(PostgresNames, p => WorksIn(p, node), cancellationToken),
                $"PostgreSQL node {node.Id}",
                cancellationToken
            );
            await TidyAsync(file, cancellationToken);
        }

        await RemoveStaleSocketsAsync(node, cancellationToken);
    }

    private async Task RemoveStaleSocketsAsync(PostgresNode node, CancellationToken cancellationToken)
    {
        foreach (
            var socketLock in LabSockets.OfNode(lab, node).Where(s => s.EndsWith(".lock", StringComparison.Ordinal))
        )
        {
            var socket = socketLock[..^".lock".Length];
            // PID, data folder, ...: of another server it is removed only when that server's folder is gone.
            if (
                (await ReadLockAsync(socketLock, cancellationToken))?.Split('\n') is [_, var folder, ..]
                && (
                    folder == node.ServerDataDirectory
                    || folder == node.DataDirectory
                    || !await host.ExistsAsync(folder, cancellationToken)
                )
                && !await host.SocketAnswersAsync(socket, cancellationToken)
            )
            {
                await DeleteStaleSocketAsync(socket, cancellationToken);
                await DeleteStaleSocketAsync(socketLock, cancellationToken);
            }
        }
    }

    private async Task<string?> ReadLockAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await host.ReadTextAsync(file, cancellationToken);
        }
        catch (UnauthorizedAccessException)
        {
            // Another user's: PostgreSQL will say so.
            return null;
        }
    }

    private async Task<IReadOnlyList<ProcessFacts>> StillThereAsync(
        IReadOnlyList<int> processes,
        Func<ProcessFacts, bool> test,
        CancellationToken cancellationToken
    )
    {
        var left = new List<ProcessFacts>();
        foreach (var process in processes)
        {
            if (await host.FindProcessAsync(process, cancellationToken) is { } now && test(now))
            {
                left.Add(now);
            }
        }

        return left;
    }

    private async Task DeleteStaleSocketAsync(string socket, CancellationToken cancellationToken)
    {
        if (
            await host.ExistsAsync(socket, cancellationToken)
            && !await host.SocketAnswersAsync(socket, cancellationToken)
        )
        {
            try
            {
                await TidyAsync(socket, cancellationToken);
            }
            catch (UnauthorizedAccessException)
            {
                // A server of another user has left it: whoever starts says so, who stops has nothing to do with it.
            }
        }
    }

    /// <summary>Deletes what a server has left. On a disk that has become read-only it stays, and what is to be started
    /// there says so.</summary>
    private async Task TidyAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            await host.DeleteAsync(file, cancellationToken);
        }
        catch (IOException error) when (ReadOnlyDisk.IsReasonFor(error)) { }
    }

    private async Task<bool> KillAsync(
        IReadOnlyList<ProcessFacts> orphans,
        string name,
        CancellationToken cancellationToken
    )
    {
        foreach (var process in orphans)
        {
            await host.SignalAsync(process, ProcessSignal.Kill, cancellationToken);
        }

        await WaitForEndAsync(orphans, name, null, cancellationToken);
        return orphans.Count > 0;
    }

    private Task WaitForEndAsync(
        IReadOnlyList<ProcessFacts> processes,
        string name,
        string? log,
        CancellationToken cancellationToken,
        TimeSpan waitedBefore = default
    ) =>
        probes.WaitAsync(
            new ProcessesEnd(host, processes, name, log),
            ShutdownPatience,
            cancellationToken,
            waitedBefore
        );
}
