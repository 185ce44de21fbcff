using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>What a plan is made from: all that was seen of a lab before anything is touched. A plain value.</summary>
/// <param name="Lab">The lab.</param>
public sealed record VerbLook(Lab Lab)
{
    /// <summary>What Pgpool-II and the nodes say; null when nobody asked, because the command needs none of it: a
    /// suspended server lets whoever asks wait.</summary>
    public NodesReport? Report { get; init; }

    /// <summary>The numbers of the nodes that have a process.</summary>
    public IReadOnlyList<int> RunningNodes { get; init; } = [];

    /// <summary>The numbers of the Pgpool-IIs that have a process.</summary>
    public IReadOnlyList<int> RunningPgpools { get; init; } = [];

    /// <summary>The links to its private sockets that lead there.</summary>
    public IReadOnlyList<string> Linked { get; init; } = [];

    /// <summary>The numbers of the nodes that were primary until another one took over, and would be a second one if
    /// they were started.</summary>
    public IReadOnlyList<int> Outdated { get; init; } = [];

    /// <summary>The numbers of the nodes whose online recovery was killed, and which cannot be started as they
    /// are.</summary>
    public IReadOnlyList<int> Unfinished { get; init; } = [];

    /// <summary>What online recovery depends on; null when nobody asked.</summary>
    public RecoveryFacts? Recovery { get; init; }

    /// <summary>What Pgpool-II and the nodes say.</summary>
    /// <exception cref="InvalidOperationException">Nobody asked.</exception>
    internal NodesReport Seen => Report ?? throw new InvalidOperationException("Nobody has looked.");

    /// <summary>The Pgpool-II that is told: the one that answered.</summary>
    internal PgpoolNode Teller => Lab.OwnPgpools.FirstOrDefault(p => p.Port == Report?.PgpoolPort) ?? Lab.Pgpool;

    /// <summary>The servers that are meant.</summary>
    /// <exception cref="LabException">There is no such server, or not right now.</exception>
    internal ServerSet Resolve(Target target) => target.Resolve(Lab, Report);

    /// <summary>What was seen of a node.</summary>
    internal NodeView ViewOf(PostgresNode node) => Seen.Nodes.First(v => v.Id == node.Id);

    /// <summary>A node of the lab.</summary>
    internal PostgresNode NodeOf(NodeView view) => Target.NodeOf(Lab, view.Id);

    /// <summary>True when Pgpool-II sends queries to the node.</summary>
    internal static bool IsAttached(NodeView view) => view.Pgpool?.Status is "up" or "waiting";
}

/// <summary>What online recovery depends on.</summary>
/// <param name="Rewindable">The numbers of the nodes whose data folders pg_rewind can work on.</param>
/// <param name="Obedient">The numbers of the nodes whose script of recovery lets its caller choose how.</param>
public sealed record RecoveryFacts(IReadOnlyList<int> Rewindable, IReadOnlyList<int> Obedient);

/// <summary>Looks at a lab.</summary>
/// <param name="host">Where it is.</param>
/// <param name="lab">The lab.</param>
/// <param name="probes">Waits.</param>
internal sealed class VerbEyes(IHost host, Lab lab, ProbeRunner probes)
{
    private readonly LiveLab _live = new(host, lab, probes);

    /// <summary>Looks at what online recovery depends on.</summary>
    internal async Task<RecoveryFacts> LookAtRecoveryAsync(CancellationToken cancellationToken)
    {
        var (rewindable, obedient) = (new List<int>(), new List<int>());
        foreach (var node in lab.OwnNodes)
        {
            var show = PgControlData.Show(lab.Tools, node.DataDirectory);
            if (PgControlData.CanRewind((await host.Programs.RunAsync(show, cancellationToken)).Output))
            {
                rewindable.Add(node.Id);
            }

            var script = await host.Files.ReadTextAsync($"{node.DataDirectory}/basebackup.sh", cancellationToken);
            if (script?.Contains(TellPgpool.WordOfMethod, StringComparison.Ordinal) == true)
            {
                obedient.Add(node.Id);
            }
        }

        return new RecoveryFacts(rewindable, obedient);
    }

    /// <summary>Looks at processes and files, and asks the servers when that is needed.</summary>
    internal async Task<VerbLook> LookAsync(bool ask, CancellationToken cancellationToken)
    {
        var report = ask ? await _live.LookAsync(cancellationToken) : null;
        var (nodes, pgpools) = (new List<int>(), new List<int>());
        foreach (var server in lab.OwnsNodes ? _live.Nodes : [])
        {
            if ((await server.FindAllAsync(cancellationToken)).Count > 0)
            {
                nodes.Add(server.Node.Id);
            }
        }

        foreach (var server in _live.Pgpools)
        {
            if ((await server.FindAllAsync(cancellationToken)).Count > 0)
            {
                pgpools.Add(server.Node.Id);
            }
        }

        var history = new LabHistory(host, lab);
        var outdated = await history.FindOutdatedPrimariesAsync(cancellationToken);
        var unfinished = await history.FindUnfinishedAsync(outdated, cancellationToken);
        return new VerbLook(lab)
        {
            Report = report,
            RunningNodes = nodes,
            RunningPgpools = pgpools,
            Linked = await new SocketLinks(host, lab).FindAsync(cancellationToken),
            Outdated = [.. outdated.Select(n => n.Id)],
            Unfinished = [.. unfinished.Select(n => n.Id)],
        };
    }
}
