using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers;

/// <summary>Finds every process of one server, now.</summary>
internal delegate Task<IReadOnlyList<ProcessFacts>> FindProcesses(CancellationToken cancellationToken);

/// <summary>What the servers of one lab share: the host, the waits, and how a process is ended and its remains are
/// removed.</summary>
/// <param name="host">Where they run.</param>
/// <param name="lab">The lab.</param>
/// <param name="probes">Waits.</param>
internal sealed class ServerTools(IHost host, Lab lab, ProbeRunner probes)
{
    private static readonly TimeSpan ShutdownPatience = TimeSpan.FromSeconds(30);
    private (bool Known, int? Id) _user;

    internal IHost Host { get; } = host;

    internal Lab Lab { get; } = lab;

    internal ProbeRunner Probes { get; } = probes;

    internal ServerPorts Ports { get; } = new(host, lab);

    /// <summary>Every process of the lab's user that has one of these names and passes the test.</summary>
    internal async Task<IReadOnlyList<ProcessFacts>> FindProcessesAsync(
        IReadOnlyCollection<string> names,
        Predicate<ProcessFacts> test,
        CancellationToken cancellationToken
    )
    {
        var filter = new ProcessFilter { Names = names, UserId = await UserAsync(cancellationToken) };
        var all = await Host.Processes.FindAllAsync(filter, cancellationToken);
        return [.. all.Where(p => test(p))];
    }

    /// <summary>Suspends every process of a server. What one of them starts meanwhile is suspended in the next
    /// look.</summary>
    /// <returns>How many there are.</returns>
    internal async Task<int> SuspendAsync(FindProcesses find, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await SignalUntilAsync(
                find,
                ProcessSignal.Suspend,
                p => p.IsSuspended,
                $"suspend {name}",
                cancellationToken
            );
        }
        catch (OperationCanceledException)
        {
            await ResumeAsync(find, name, CancellationToken.None);
            throw;
        }
    }

    /// <summary>Lets every process of a server go on.</summary>
    /// <returns>How many there are.</returns>
    internal Task<int> ResumeAsync(FindProcesses find, string name, CancellationToken cancellationToken) =>
        SignalUntilAsync(find, ProcessSignal.Resume, p => !p.IsSuspended, $"resume {name}", cancellationToken);

    /// <summary>Kills every process of a server at one moment, as a crash of its machine would: they are suspended
    /// first, so that none of them sees another one end.</summary>
    /// <returns>How many there were.</returns>
    internal async Task<int> CrashAsync(FindProcesses find, string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // Begun, it is brought to its end: half a server that hangs is nothing anybody asked for.
        var killed = await SuspendAsync(find, name, CancellationToken.None);
        await SignalUntilAsync(find, ProcessSignal.Kill, _ => false, $"kill {name}", CancellationToken.None);
        return killed;
    }

    private async Task<int> SignalUntilAsync(
        FindProcesses find,
        ProcessSignal signal,
        Predicate<ProcessFacts> isDone,
        string attempt,
        CancellationToken cancellationToken
    )
    {
        var inTime = Probes.Limit(ShutdownPatience);
        while (true)
        {
            var all = await find(cancellationToken);
            var left = all.Where(p => !isDone(p)).ToArray();
            if (left.Length == 0)
            {
                return all.Count;
            }

            if (!inTime())
            {
                throw new LabException(
                    ExitCode.NotHealthy,
                    $"Could not {attempt} within {ShutdownPatience.TotalSeconds:0} s: "
                        + $"{string.Join(", ", left.Select(p => $"pid {p.Id}, {p.Name}, in state {p.State}"))}."
                );
            }

            foreach (var process in left)
            {
                await Host.Processes.SignalAsync(process, signal, cancellationToken);
            }

            await Probes.PauseAsync(TimeSpan.FromMilliseconds(5), cancellationToken);
        }
    }

    /// <summary>False for a process of anybody but the lab's user: it can have any name and command line.</summary>
    internal async ValueTask<bool> MayBeOursAsync(ProcessFacts process, CancellationToken cancellationToken) =>
        process.UserId is null || process.MayBeOf(await UserAsync(cancellationToken));

    private async ValueTask<int?> UserAsync(CancellationToken cancellationToken)
    {
        if (!_user.Known)
        {
            _user = (true, (await Host.Users.FindAsync(Lab.Owner, cancellationToken))?.UserId);
        }

        return _user.Id;
    }

    internal static string WithoutDeletedMark(string folder) =>
        folder.EndsWith(" (deleted)", StringComparison.Ordinal) ? folder[..^" (deleted)".Length] : folder;

    internal async Task<IReadOnlyList<ProcessFacts>> StillThereAsync(
        IReadOnlyList<int> processes,
        Func<ProcessFacts, bool> test,
        CancellationToken cancellationToken
    )
    {
        var left = new List<ProcessFacts>();
        foreach (var process in processes)
        {
            if (
                await Host.Processes.FindAsync(process, cancellationToken) is { } now
                && test(now)
                && await MayBeOursAsync(now, cancellationToken)
            )
            {
                left.Add(now);
            }
        }

        return left;
    }

    internal async Task DeleteStaleSocketAsync(string socket, CancellationToken cancellationToken)
    {
        if (
            // A folder of that name is nobody's socket: who has made it had something else in mind.
            await Host.Files.LookAsync(socket, cancellationToken) is { Kind: not FileKind.Folder }
            && !await Host.Ports.SocketAnswersAsync(socket, cancellationToken)
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
    internal async Task TidyAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            await Host.Files.DeleteAsync(file, cancellationToken);
        }
        catch (IOException error) when (ReadOnlyDisk.IsReasonFor(error)) { }
    }

    internal async Task<bool> KillAllAsync(
        IReadOnlyList<ProcessFacts> orphans,
        string name,
        CancellationToken cancellationToken
    )
    {
        foreach (var process in orphans)
        {
            await Host.Processes.SignalAsync(process, ProcessSignal.Kill, cancellationToken);
        }

        await WaitForEndAsync(orphans, name, null, cancellationToken);
        return orphans.Count > 0;
    }

    internal Task WaitForEndAsync(
        IReadOnlyList<ProcessFacts> processes,
        string name,
        ServerLog? log,
        CancellationToken cancellationToken,
        TimeSpan waitedBefore = default
    ) =>
        Probes.WaitAsync(
            new ProcessesEnd(Host, processes, name, log),
            ShutdownPatience,
            cancellationToken,
            waitedBefore
        );

    /// <summary>Waits for a server that was just started, and that its ports are its own. If that ends early, ends the
    /// server: it may not have a PID file, nor even its name, yet.</summary>
    internal async Task OrEndAsync(int processId, string attempt, IReadOnlyList<LabPort> ports, Func<Task> wait)
    {
        try
        {
            await wait();
            await Ports.RequireOwnAsync(processId, attempt, ports);
        }
        catch (Exception error)
        {
            if (await Host.Processes.FindAsync(processId, CancellationToken.None) is { } started)
            {
                var semaphores = await Host.Memory.FindSemaphoresAsync(processId, CancellationToken.None);
                await Host.Processes.SignalAsync(started, ProcessSignal.Interrupt, CancellationToken.None);
                await WaitForEndAsync([started], started.Name, null, CancellationToken.None);
                // Until it minds signals, one just ends it.
                await Host.Memory.RemoveAsync(processId, CancellationToken.None);
                await Host.Memory.RemoveSemaphoresAsync(semaphores, CancellationToken.None);
            }
            else
            {
                // It has ended by itself, however.
                await Host.Memory.RemoveAsync(processId, CancellationToken.None);
            }

            if (
                error is ProbeFailedException failed
                && await Ports.FindTakenAsync(ports, CancellationToken.None) is { Count: > 0 } taken
            )
            {
                throw ServerPorts.Taken(attempt, taken, failed);
            }

            throw;
        }
    }
}
