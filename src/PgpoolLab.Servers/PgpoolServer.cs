using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers;

/// <summary>One Pgpool-II of a lab: finds it, starts and stops it, and never touches a process that is not the
/// lab's.</summary>
public sealed partial class PgpoolServer : ILabServer
{
    private static readonly string[] Names = ["pgpool"];
    private static readonly TimeSpan ShutdownPatience = TimeSpan.FromSeconds(20);
    private readonly ServerTools _tools;

    internal PgpoolServer(ServerTools tools, PgpoolNode node) => (_tools, Node) = (tools, node);

    /// <summary>Its ports and folders.</summary>
    public PgpoolNode Node { get; }

    /// <summary>A name for the middle of a sentence.</summary>
    public string Title => _tools.Lab.TitleOf(Node);

    /// <summary>Every process of it, its first one first; none when it does not run.</summary>
    public async Task<IReadOnlyList<ProcessFacts>> FindAllAsync(CancellationToken cancellationToken)
    {
        var all = await _tools.FindProcessesAsync(Names, IsPgpool, cancellationToken);
        var first = await FindAsync(cancellationToken);
        return [.. all.OrderBy(p => p.Id != first?.Id).ThenBy(p => p.Id)];
    }

    /// <summary>Kills all of its processes at one moment (SIGKILL), as a crash of its machine would. What they leave
    /// behind stays, but for the virtual IP: a machine that has crashed has it no more.</summary>
    /// <returns>How many there were; 0 when it did not run.</returns>
    public async Task<int> CrashAsync(CancellationToken cancellationToken)
    {
        var killed = await _tools.CrashAsync(FindAllAsync, Title, cancellationToken);
        await LeaveVirtualAddressAsync(CancellationToken.None);
        return killed;
    }

    private Task LeaveVirtualAddressAsync(CancellationToken cancellationToken) =>
        VirtualAddress.Of(_tools.Host, _tools.Lab)?.RemoveAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Suspends all of its processes (SIGSTOP): it accepts connections and answers nobody.</summary>
    /// <returns>How many there are; 0 when it does not run.</returns>
    public Task<int> SuspendAsync(CancellationToken cancellationToken) =>
        _tools.SuspendAsync(FindAllAsync, Title, cancellationToken);

    /// <summary>Lets them go on (SIGCONT).</summary>
    /// <returns>How many there are; 0 when it does not run.</returns>
    public Task<int> ResumeAsync(CancellationToken cancellationToken) =>
        _tools.ResumeAsync(FindAllAsync, Title, cancellationToken);

    /// <summary>The first process of a Pgpool-II; null when it does not run.</summary>
    public async Task<ProcessFacts?> FindAsync(CancellationToken cancellationToken)
    {
        var file = await _tools.Host.Files.ReadTextAsync(Node.Paths.PgpoolPid, cancellationToken);
        return
            int.TryParse(file?.Trim(), out var id)
            && await _tools.Host.Processes.FindAsync(id, cancellationToken) is { } process
            && IsPgpool(process)
            && await _tools.MayBeOursAsync(process, cancellationToken)
            ? process
            : null;
    }

    /// <summary>The same, for who would start it: one that was killed and has not ended yet is waited for.</summary>
    public async Task<ProcessFacts?> FindLivingAsync(CancellationToken cancellationToken)
    {
        var running = await FindAsync(cancellationToken);
        if (running is null || !await _tools.Host.Processes.IsBeingKilledAsync(running.Id, cancellationToken))
        {
            return running;
        }

        await _tools.WaitForEndAsync([running], _tools.Lab.TitleOf(Node), ServerLog.Of(Node), cancellationToken);
        return null;
    }

    /// <summary>Waits for a Pgpool-II that was just started, as <see cref="OrEndAsync"/> does.</summary>
    /// <exception cref="PortTakenException">One of its ports is somebody else's.</exception>
    public Task OrEndAsync(int processId, Func<Task> wait)
    {
        return _tools.OrEndAsync(processId, $"start {_tools.Lab.TitleOf(Node)}", _tools.Ports.Of(Node), wait);
    }

    /// <summary>Starts Pgpool-II; what a killed one left is removed first.</summary>
    /// <returns>Its process id. It may not answer yet.</returns>
    /// <exception cref="PortTakenException">One of its ports, or of its sockets, is somebody else's.</exception>
    public async Task<int> StartAsync(CancellationToken cancellationToken)
    {
        if (await FindLivingAsync(cancellationToken) is { } running)
        {
            return running.Id;
        }

        await StopAsync(cancellationToken);
        foreach (var socket in LabSockets.OfPgpool(_tools.Lab, Node))
        {
            if (await _tools.Host.Ports.SocketAnswersAsync(socket, cancellationToken))
            {
                throw new PortTakenException(
                    $"Could not start {_tools.Lab.TitleOf(Node)}: another program listens on the socket {socket}.",
                    _tools.Ports.Of(Node).Select(p => p.Port).ToArray()
                );
            }

            if (await _tools.Host.Files.ExistsAsync(socket, cancellationToken))
            {
                throw new LabException(
                    ExitCode.InTheWay,
                    $"Could not start {_tools.Lab.TitleOf(Node)}: a server of another user has left the socket "
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

        await _tools.Ports.RequireFreeAsync(
            $"start {_tools.Lab.TitleOf(Node)}",
            _tools.Ports.Of(Node),
            cancellationToken
        );

        await KeepLogAsync(cancellationToken);
        return await _tools.Host.Programs.StartDetachedAsync(
            PgpoolCommand.Start(_tools.Lab, Node),
            Node.Paths.PgpoolLog,
            append: false,
            cancellationToken
        );
    }

    /// <summary>Its log begins anew with each start; what was before is kept once, for who asks later what happened. In
    /// labs of pgpool_setup there is one log, as its contract says.</summary>
    private async Task KeepLogAsync(CancellationToken cancellationToken)
    {
        if (
            _tools.Lab.Conventions.KeepsLastLog
            && await _tools.Host.Files.ExistsAsync(Node.Paths.PgpoolLog, cancellationToken)
        )
        {
            try
            {
                await _tools.Host.Files.RenameAsync(
                    Node.Paths.PgpoolLog,
                    Node.Paths.FormerPgpoolLog,
                    cancellationToken
                );
            }
            catch (IOException error) when (ReadOnlyDisk.IsReasonFor(error))
            {
                // What is to be started there says so.
            }
        }
    }

    /// <summary>Stops Pgpool-II (fast shutdown) with all its processes, and removes what it leaves when it was
    /// killed.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="leaving">Called as soon as it has said that it ends: from then on it takes nothing for a failure
    /// any more. Called at its end, when it has not.</param>
    /// <returns>True when it ran.</returns>
    public async Task<bool> StopAsync(CancellationToken cancellationToken, Action? leaving = null)
    {
        IReadOnlyList<ProcessFacts>? orphans = null;
        IReadOnlyList<int> semaphores = [],
            makers = [];
        var ran = false;
        int? killed = int.TryParse(
            (await _tools.Host.Files.ReadTextAsync(Node.Paths.PgpoolPid, cancellationToken))?.Trim('\0', '\n', ' '),
            out var former
        )
            ? former
            : null;
        if (await FindAsync(cancellationToken) is { } first)
        {
            semaphores = await _tools.Host.Memory.FindSemaphoresAsync(first.Id, cancellationToken);
            var children = await _tools.Host.Processes.FindChildrenAsync(first, cancellationToken);
            makers = await _tools.Host.Memory.FindMakersAsync([.. children], cancellationToken);
            try
            {
                await AskToEndAsync(first, cancellationToken);
                leaving?.Invoke();
                // Those it has started since.
                children = [.. children.Union(await _tools.Host.Processes.FindChildrenAsync(first, cancellationToken))];
                await _tools.Probes.WaitAsync(
                    new ProcessesEnd(_tools.Host, [first], _tools.Lab.TitleOf(Node), ServerLog.Of(Node)),
                    ShutdownPatience,
                    cancellationToken
                );
            }
            catch (ProbeFailedException)
            {
                // While it waits for the other members of its watchdog it can be deaf for ever. It holds no data.
                await _tools.Host.Processes.SignalAsync(first, ProcessSignal.Kill, cancellationToken);
                children = [];
            }

            ran = true;
            // A watchdog's processes have children themselves, and do not wait for them.
            orphans =
                children.Count > 0 && Node.Watchdog is null
                    ? await _tools.StillThereAsync(children, p => IsPgpool(p), cancellationToken)
                    : null;
        }

        // The children of a killed Pgpool-II live on and hold its ports.
        orphans ??= await _tools.FindProcessesAsync(Names, IsPgpool, cancellationToken);

        ran |= await _tools.KillAllAsync(orphans, _tools.Lab.TitleOf(Node), cancellationToken);
        if (killed is { } creator && await _tools.Host.Files.ExistsAsync(Node.Paths.PgpoolPid, cancellationToken))
        {
            await RemoveMemoryAsync([creator, .. orphans.Select(o => o.Id)], cancellationToken);
            await _tools.Host.Memory.RemoveSemaphoresAsync(semaphores, cancellationToken);
        }

        // A child that was killed while all of it ended has left its own.
        foreach (var maker in makers)
        {
            await _tools.Host.Memory.RemoveAsync(maker, cancellationToken);
        }

        await _tools.TidyAsync(Node.Paths.PgpoolPid, cancellationToken);
        foreach (var socket in LabSockets.OfPgpool(_tools.Lab, Node))
        {
            await _tools.DeleteStaleSocketAsync(socket, cancellationToken);
        }

        await LeaveVirtualAddressAsync(cancellationToken);
        return ran;
    }

    /// <summary>Removes the memory of one that was killed: one that ends by itself removes its memory, then its PID
    /// file. Its pcp process and its watchdog's life check have memory of their own, and when they are gone too they
    /// are known by the log, in which every line has the number of its process.</summary>
    private async Task RemoveMemoryAsync(IReadOnlyList<int> known, CancellationToken cancellationToken)
    {
        // The processes that have memory write when they begin, and while they live: both ends of a long log are
        // enough.
        const int most = 4 << 20;
        var (files, path) = (_tools.Host.Files, Node.Paths.PgpoolLog);
        FilePart head = new("", 0, 0),
            tail = head;
        try
        {
            head = await files.ReadPartAsync(path, 0, most, cancellationToken);
            tail = await files.ReadPartAsync(path, Math.Max(head.End, head.Length - most), most, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Those that are known by themselves are all there is then.
        }

        int[] all =
        [
            .. LoggedProcess()
                .Matches($"{head.Text}\n{tail.Text}")
                .SelectMany(m => m.Groups["id"].Captures)
                .Select(c => int.Parse(c.Value))
                .Concat(known)
                .Distinct(),
        ];
        foreach (var maker in await _tools.Host.Memory.FindMakersAsync(all, cancellationToken))
        {
            await _tools.Host.Memory.RemoveAsync(maker, cancellationToken);
        }
    }

    /// <summary>Tells Pgpool-II to end until it has said that it does. During a failover it has the C library's
    /// system() run failover_command, which throws away a SIGINT that waits.</summary>
    /// <exception cref="ProbeFailedException">It is deaf.</exception>
    private async Task AskToEndAsync(ProcessFacts first, CancellationToken cancellationToken)
    {
        var log = Node.Paths.PgpoolLog;
        var length = (await _tools.Host.Files.TryReadGrowthAsync(log, from: null, cancellationToken))?.Length;
        var leaves = new PgpoolLeaves(_tools.Host, first, _tools.Lab.TitleOf(Node), log, length);
        var inTime = _tools.Probes.Limit(ShutdownPatience);
        while (true)
        {
            await _tools.Host.Processes.SignalAsync(first, ProcessSignal.Interrupt, cancellationToken);
            if (first.IsSuspended)
            {
                await ResumeAsync(cancellationToken);
            }

            try
            {
                await _tools.Probes.WaitAsync(leaves, ProbeRunner.AskAgain, cancellationToken);
                return;
            }
            catch (ProbeFailedException) when (inTime()) { }
        }
    }

    // What a client has written into a statement stands further behind.
    [System.Text.RegularExpressions.GeneratedRegex(
        @"^[0-9][^\n]{0,100}?\bpid (?<id>[0-9]{1,9}): (?:[A-Z0-9]+: +PCP process: (?<id>[0-9]{1,9}) started)?",
        System.Text.RegularExpressions.RegexOptions.Multiline
    )]
    private static partial System.Text.RegularExpressions.Regex LoggedProcess();

    // Who starts it from another folder leaves its command line to know it by; its children have none.
    private bool IsPgpool(ProcessFacts process) =>
        Names.Contains(process.Name)
        && (
            (process.WorkingDirectory is { } cwd && ServerTools.WithoutDeletedMark(cwd) == Node.Folder)
            || process.CommandLine.Contains($" -f {Node.Paths.PgpoolConf} ", StringComparison.Ordinal)
        );
}
