using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>What runs of a lab.</summary>
/// <param name="Processes">The processes of its servers and what these have started, in the order in which they are
/// suspended.</param>
/// <param name="Nodes">The numbers of the nodes that run.</param>
/// <param name="Pgpools">The numbers of the Pgpool-IIs that run.</param>
internal sealed record RunningLab(
    IReadOnlyList<(ProcessFacts Process, int Group)> Processes,
    IReadOnlyList<int> Nodes,
    IReadOnlyList<int> Pgpools
)
{
    internal bool IsStopped => Processes.Count == 0;
}

/// <summary>Has all servers of a lab stand still at once. What is on the disk and in the system's memory of it is then
/// what a crash of the whole machine's programs would leave, and PostgreSQL recovers from that.</summary>
/// <param name="host">Where they run.</param>
/// <param name="probes">Waits.</param>
/// <param name="lab">The lab.</param>
internal sealed class LabFreezer(IHost host, ProbeRunner probes, Lab lab)
{
    // WAL goes one way: whoever receives it stands still before whoever sends it, and can never be ahead. Where
    // Pgpool-II itself sends writes to every node, it stands still first.
    private const int Receivers = 1,
        Senders = 2,
        Pgpools = 3,
        PgpoolsFirst = 0;

    /// <summary>A client waits for as long as all stand still: after this they go on, whatever happens.</summary>
    internal static TimeSpan Longest { get; } = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);
    private HashSet<int> _standbys = [];
    private int? _user;

    /// <summary>Learns what does not change while servers run.</summary>
    internal async Task PrepareAsync(CancellationToken cancellationToken)
    {
        _user = (await host.Users.FindAsync(lab.Owner, cancellationToken))?.UserId;
        _standbys = [.. await StandbysAsync(new LabHistory(host, lab), lab, cancellationToken)];
    }

    /// <summary>The nodes that receive what another one writes, by number.</summary>
    internal static async Task<IReadOnlyList<int>> StandbysAsync(
        LabHistory history,
        Lab lab,
        CancellationToken cancellationToken
    )
    {
        if (lab.Mode is ClusteringMode.LogicalReplication)
        {
            return [.. lab.OwnNodes.Skip(1).Select(n => n.Id)];
        }

        var standbys = new List<int>();
        foreach (var node in lab.Mode is ClusteringMode.StreamingReplication ? lab.OwnNodes : [])
        {
            if (await history.IsStandbyAsync(node, cancellationToken))
            {
                standbys.Add(node.Id);
            }
        }

        return standbys;
    }

    /// <summary>Looks what runs.</summary>
    internal async Task<RunningLab> FindAsync(CancellationToken cancellationToken)
    {
        var all = await host.Processes.FindAllAsync(new ProcessFilter { UserId = _user }, cancellationToken);
        var groups = new Dictionary<int, int>();
        var (nodes, pgpools) = (new SortedSet<int>(), new SortedSet<int>());
        foreach (var process in all.Where(p => LabNames.Servers.Contains(p.Name)))
        {
            if (NodeOf(process) is { } node)
            {
                groups[process.Id] = _standbys.Contains(node.Id) ? Receivers : Senders;
                nodes.Add(node.Id);
            }
            else if (PgpoolOf(process) is { } pgpool)
            {
                groups[process.Id] = lab.Mode.WritesEverywhere() ? PgpoolsFirst : Pgpools;
                pgpools.Add(pgpool.Id);
            }
        }

        // Scripts and commands they have started: a copy to the archive, a failover.
        for (var grew = true; grew; )
        {
            grew = false;
            foreach (var process in all)
            {
                if (
                    !groups.ContainsKey(process.Id)
                    && process.ParentId is { } parent
                    && groups.TryGetValue(parent, out var group)
                )
                {
                    groups[process.Id] = group;
                    grew = true;
                }
            }
        }

        return new RunningLab(
            [
                .. all.Where(p => groups.ContainsKey(p.Id))
                    .Select(p => (Process: p, Group: groups[p.Id]))
                    // In a group those first that start others.
                    .OrderBy(p => p.Group)
                    .ThenBy(p => p.Process.ParentId is { } parent && groups.ContainsKey(parent))
                    .ThenBy(p => p.Process.Id),
            ],
            [.. nodes],
            [.. pgpools]
        );
    }

    /// <summary>Suspends everything that runs, until nothing new is there, and nothing moves. What was suspended before
    /// stays so afterwards.</summary>
    /// <param name="freeze">Suspends, and has all go on in any case.</param>
    /// <param name="running">What was seen.</param>
    /// <param name="settle">Called when every Pgpool-II stands still and the nodes do not yet; in modes in which
    /// Pgpool-II itself writes to all of them. False to let it go on and try again.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LabException">Something would not stand still.</exception>
    internal async Task FreezeAsync(
        ProcessFreeze freeze,
        RunningLab running,
        Func<CancellationToken, Task<bool>> settle,
        CancellationToken cancellationToken
    )
    {
        if (lab.Mode.WritesEverywhere() && running.Pgpools.Count > 0)
        {
            while (true)
            {
                await SuspendAllAsync(freeze, running, g => g == PgpoolsFirst, cancellationToken);
                if (await settle(cancellationToken))
                {
                    break;
                }

                freeze.Resume();
                await probes.PauseAsync(TimeSpan.FromMilliseconds(5), cancellationToken);
            }
        }

        await SuspendAllAsync(freeze, running, _ => true, cancellationToken);
    }

    private async Task SuspendAllAsync(
        ProcessFreeze freeze,
        RunningLab running,
        Func<int, bool> isMeant,
        CancellationToken cancellationToken
    )
    {
        var known = freeze.Processes.ToHashSet();
        while (true)
        {
            var fresh = running
                .Processes.Where(p => isMeant(p.Group) && !p.Process.IsSuspended && !known.Contains(p.Process))
                .ToArray();
            if (fresh.Length == 0)
            {
                break;
            }

            known.UnionWith(fresh.Select(p => p.Process));
            FrozenProcesses.Note(lab.Paths, known);
            foreach (var group in fresh.GroupBy(p => p.Group).OrderBy(g => g.Key))
            {
                freeze.Suspend([.. group.Select(p => p.Process)]);
                await StandStillAsync(freeze, cancellationToken);
            }

            running = await FindAsync(cancellationToken);
        }
    }

    private async Task StandStillAsync(ProcessFreeze freeze, CancellationToken cancellationToken)
    {
        var inTime = probes.Limit(StopPatience);
        while (freeze.Moving() is { Count: > 0 } moving)
        {
            if (!inTime())
            {
                throw new LabException(
                    ExitCode.NotHealthy,
                    $"Not all servers could be suspended within {StopPatience.TotalSeconds:0} s: "
                        + $"{string.Join(", ", moving.Select(p => $"pid {p.Id}, {p.Name}"))}. They go on."
                );
            }

            await probes.PauseAsync(TimeSpan.FromMilliseconds(1), cancellationToken);
        }
    }

    private PostgresNode? NodeOf(ProcessFacts process) =>
        lab.OwnsNodes && FolderOf(process) is { } folder
            ? lab.OwnNodes.FirstOrDefault(n => folder == n.DataDirectory || folder == n.ServerDataDirectory)
            : null;

    private PgpoolNode? PgpoolOf(ProcessFacts process) =>
        process.Name == LabNames.Pgpool
            ? lab.OwnPgpools.FirstOrDefault(p =>
                FolderOf(process) == p.Folder
                || process.CommandLine.Contains($" -f {p.Paths.PgpoolConf} ", StringComparison.Ordinal)
            )
            : null;

    private static string? FolderOf(ProcessFacts process) =>
        process.WorkingDirectory is { } folder && folder.EndsWith(" (deleted)", StringComparison.Ordinal)
            ? null
            : process.WorkingDirectory;
}
