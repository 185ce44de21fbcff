using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>The processes of one server.</summary>
/// <param name="First">Its first process; null when it does not run.</param>
/// <param name="All">All of them.</param>
public sealed record ServerProcesses(ProcessFacts? First, IReadOnlyList<ProcessFacts> All)
{
    /// <summary>Nobody.</summary>
    public static ServerProcesses None { get; } = new(null, []);

    /// <summary>Process ids of those that were sent SIGSTOP, or that a debugger holds; the first process
    /// first.</summary>
    public IReadOnlyList<int> Suspended =>
        [.. All.Where(p => p.IsSuspended).Select(p => p.Id).OrderBy(id => id != First?.Id).ThenBy(id => id)];

    /// <summary>True when it cannot answer: its first process accepts nobody.</summary>
    public bool IsSuspended => First is { IsSuspended: true } || (All.Count > 0 && All.All(p => p.IsSuspended));

    /// <summary>True when one of its processes has something to do right now.</summary>
    public bool Works => All.Any(p => p.State is 'R' or 'D');
}

/// <summary>What runs of a lab, as the system shows it. Nobody was asked for it.</summary>
/// <param name="Nodes">The PostgreSQLs, by number; those of other hosts have no process here.</param>
/// <param name="Pgpools">The Pgpool-IIs, by number; those of other hosts have no process here.</param>
/// <param name="Scripts">The scripts at work that Pgpool-II has started, and online recoveries.</param>
/// <param name="AreSeen">False where the system does not show which process is whose.</param>
public sealed record LabProcesses(
    IReadOnlyList<ServerProcesses> Nodes,
    IReadOnlyList<ServerProcesses> Pgpools,
    IReadOnlyList<LabScript> Scripts,
    bool AreSeen
)
{
    /// <summary>True when one of the servers has something to do right now.</summary>
    public bool Work => Nodes.Concat(Pgpools).Any(s => s.Works);

    /// <summary>True when one of the servers is suspended.</summary>
    public bool HasSuspended => Nodes.Concat(Pgpools).Any(s => s.IsSuspended);

    /// <summary>These, and the scripts that were at work at an earlier look.</summary>
    /// <param name="earlier">What ran then.</param>
    public LabProcesses With(LabProcesses earlier)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        return this with { Scripts = WithoutDoubles([.. Scripts, .. earlier.Scripts]) };
    }

    /// <summary>
    /// The work is done once: follow_primary.sh runs basebackup.sh, a shell is run to run a script, and between its
    /// scripts a recovery does not show its node.
    /// </summary>
    internal static LabScript[] WithoutDoubles(IReadOnlyList<LabScript> scripts)
    {
        var known = scripts.OrderBy(s => s.Kind).ThenBy(s => s.Process.Id).DistinctBy(s => (s.Kind, s.Node)).ToArray();
        return
        [
            .. known.Where(s =>
                (s.Node is not null || !known.Any(k => k.Kind == s.Kind && k.Node is not null))
                && (
                    s.Kind is not WorkKind.Recovery
                    || !known.Any(k => k.Kind is WorkKind.FollowPrimary && k.Node == s.Node)
                )
            ),
        ];
    }
}

/// <summary>A script of the lab's that is at work.</summary>
/// <param name="Process">Its process.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Node">The node it is about; null when that is not known.</param>
public sealed record LabScript(ProcessFacts Process, WorkKind Kind, int? Node);

/// <summary>Finds a lab's processes, with one look at the system's.</summary>
/// <param name="host">Where they run.</param>
/// <param name="lab">The lab.</param>
internal sealed class LabProcessFinder(IHost host, Lab lab)
{
    private const string RecoveryTitle = "pgpool: PCP: processing recovery request";

    internal async Task<LabProcesses> FindAsync(CancellationToken cancellationToken)
    {
        var user = await host.Users.FindAsync(lab.Owner, cancellationToken);
        var all = await host.Processes.FindAllAsync(new ProcessFilter { UserId = user?.UserId }, cancellationToken);
        var nodes = new List<ServerProcesses>();
        foreach (var node in lab.Nodes)
        {
            if (!lab.OwnNodes.Contains(node))
            {
                nodes.Add(ServerProcesses.None);
                continue;
            }

            var folder = await host.Files.RealPathAsync(node.DataDirectory, cancellationToken);
            var first = FirstOf(
                await host.Files.ReadTextAsync($"{node.DataDirectory}/postmaster.pid", cancellationToken)
            );
            nodes.Add(Of(all, p => p.Name is "postgres" or "postmaster" && p.WorkingDirectory == folder, first));
        }

        var pgpools = new List<ServerProcesses>();
        foreach (var pgpool in lab.Pgpools)
        {
            // On every host the folder of its Pgpool-II is the lab's: by that it would be taken for each of them.
            if (!lab.OwnPgpools.Contains(pgpool))
            {
                pgpools.Add(ServerProcesses.None);
                continue;
            }

            var folder = await host.Files.RealPathAsync(pgpool.Folder, cancellationToken);
            var first = FirstOf(await host.Files.ReadTextAsync(pgpool.Paths.PgpoolPid, cancellationToken));
            pgpools.Add(
                Of(
                    all,
                    p =>
                        p.Name == "pgpool"
                        && (
                            p.WorkingDirectory == folder
                            || p.CommandLine.Contains($" -f {pgpool.Paths.PgpoolConf} ", StringComparison.Ordinal)
                        ),
                    first
                )
            );
        }

        var scripts = all.Select(ScriptOf).OfType<LabScript>().ToList();
        if (
            scripts.All(s => s.Kind is not WorkKind.Recovery)
            && pgpools
                .SelectMany(p => p.All)
                .FirstOrDefault(p => p.CommandLine.StartsWith(RecoveryTitle, StringComparison.Ordinal))
                is { } pcp
        )
        {
            // Between its stages no script runs.
            scripts.Add(new LabScript(pcp, WorkKind.Recovery, null));
        }

        return new LabProcesses(
            nodes,
            pgpools,
            LabProcesses.WithoutDoubles(scripts),
            all.Any(p => p.WorkingDirectory is not null)
        );
    }

    private static int? FirstOf(string? pidFile) =>
        int.TryParse(pidFile?.Split('\n')[0].Trim('\0', ' '), out var id) ? id : null;

    private static ServerProcesses Of(IReadOnlyList<ProcessFacts> all, Func<ProcessFacts, bool> test, int? first)
    {
        var own = all.Where(test).ToArray();
        return new ServerProcesses(own.FirstOrDefault(p => p.Id == first), own);
    }

    private LabScript? ScriptOf(ProcessFacts process)
    {
        var shell = process.CommandLine.Split(' ', 2)[0];
        if (!shell.EndsWith("sh", StringComparison.Ordinal) && !shell.EndsWith("busybox", StringComparison.Ordinal))
        {
            return null;
        }

        foreach (var folder in lab.OwnPgpools.SelectMany(p => (string[])[p.Folder, p.ServerFolder]).Distinct())
        {
            if (Arguments($"{folder}/etc/failover.sh") is { } failed)
            {
                return Script(WorkKind.Failover, failed, 0);
            }

            if (Arguments($"{folder}/etc/follow_primary.sh") is { } follows)
            {
                return Script(WorkKind.FollowPrimary, follows, 0);
            }
        }

        foreach (var folder in lab.Nodes.SelectMany(n => (string[])[n.DataDirectory, n.ServerDataDirectory]).Distinct())
        {
            const int afterFourOthers = 4;
            if ((Arguments($"{folder}/basebackup.sh") ?? Arguments($"{folder}/pgpool_recovery_pitr")) is { } stage)
            {
                return Script(WorkKind.Recovery, stage, afterFourOthers);
            }

            if (Arguments($"{folder}/pgpool_remote_start") is { Length: > 1 } start)
            {
                return new LabScript(
                    process,
                    WorkKind.Recovery,
                    lab.Nodes.FirstOrDefault(n => n.DataDirectory == start[1] || n.ServerDataDirectory == start[1])?.Id
                );
            }
        }

        return null;

        string[]? Arguments(string script)
        {
            var at = process.CommandLine.IndexOf(script + " ", StringComparison.Ordinal);
            return at < 0
                ? null
                : process.CommandLine[(at + script.Length)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }

        LabScript Script(WorkKind kind, string[] arguments, int position) =>
            new(
                process,
                kind,
                arguments.Length > position
                && int.TryParse(arguments[position], out var node)
                && node >= 0
                && node < lab.Nodes.Count
                    ? node
                    : null
            );
    }
}
