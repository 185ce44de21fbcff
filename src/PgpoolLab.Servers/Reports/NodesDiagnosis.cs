using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>Everything the diagnosis goes by.</summary>
/// <param name="Lab">The lab.</param>
/// <param name="Pgpool">What became of the question to Pgpool-II.</param>
/// <param name="Nodes">The nodes.</param>
public sealed record NodesFacts(Lab Lab, PgpoolSays Pgpool, IReadOnlyList<NodeView> Nodes)
{
    /// <summary>What is at work on the lab.</summary>
    public IReadOnlyList<WorkUnderWay> Work { get; init; } = [];

    /// <summary>What commits wait for; null when they wait for nobody.</summary>
    public SynchronousCommit? Synchronous { get; init; }

    /// <summary>What works on a node, or is about to: advice would be in its way.</summary>
    internal WorkUnderWay? WorkOn(int node) => Work.FirstOrDefault(w => w.Concerns(node));

    /// <summary>A finding about a node; while something works on that, there is nothing to do but wait.</summary>
    /// <param name="node">The node.</param>
    /// <param name="fact">What is so.</param>
    /// <param name="meaning">What follows from it when nothing is under way.</param>
    /// <param name="fix">What to do then.</param>
    internal Finding About(NodeView node, string fact, string? meaning, string? fix) =>
        WorkOn(node.Id) is { } work
            ? new Finding(node.Id, $"{fact} Wait: {work.Name} is at work.", null)
            : new Finding(node.Id, meaning is null ? fact : $"{fact} {meaning}", fix);
}

/// <summary>Points out where a lab is not as it should be, and where Pgpool-II and PostgreSQL disagree. Pure.</summary>
public static class NodesDiagnosis
{
    /// <summary>A Pgpool-II this young may not take clients yet.</summary>
    private static readonly TimeSpan StillStarts = TimeSpan.FromSeconds(10);

    /// <summary>Compares.</summary>
    public static IReadOnlyList<Finding> Of(NodesFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        var (lab, pgpool, nodes) = facts;
        var noNodeRuns = nodes.All(n => n.Postgres is { Up: false, Runs: not true });
        if (!pgpool.Answers && noNodeRuns && facts.Work.Count == 0)
        {
            return
            [
                pgpool.Runs is true
                    ? new Finding(
                        null,
                        $"No node runs, and Pgpool-II (pid {pgpool.ProcessId}) lets nobody in.",
                        Restart(lab)
                    )
                    : new Finding(null, "Nothing of this lab is running.", "./startall"),
            ];
        }

        return
        [
            .. OfPgpool(facts) is { } finding ? [finding] : Array.Empty<Finding>(),
            .. nodes.Select(n => OfSuspended(facts, n)).OfType<Finding>(),
            .. lab.Mode is ClusteringMode.StreamingReplication
                ? StreamingDiagnosis.Of(facts)
                // Here every node is one that can be written to.
                : nodes.Select(n => PeersDiagnosis.Of(facts, n)).OfType<Finding>(),
        ];
    }

    /// <summary>Points out nodes that write each other's files.</summary>
    public static IReadOnlyList<Finding> OfTablespaces(
        Lab lab,
        IReadOnlyList<NodeView> nodes,
        IReadOnlyList<SharedTablespace> shared,
        IReadOnlyList<WorkUnderWay>? work = null
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(shared);
        var primary = nodes.Where(n => n.Postgres.Role == "primary").MaxBy(n => n.Postgres.Timeline)?.Id;
        return
        [
            .. from tablespace in shared
            let keeper = tablespace.Nodes.Contains(primary ?? -1) ? primary!.Value : tablespace.Nodes[0]
            from node in tablespace.Nodes.Where(n => n != keeper)
            let underWay = work?.FirstOrDefault(w => w.Concerns(node))
            select new Finding(
                node,
                $"Nodes {keeper} and {node} write the same files, and damage them: tablespace "
                    + $"{tablespace.Number} lies in {tablespace.Folder} for both. "
                    + (
                        underWay is null
                            ? "Recovery gives each its own; LOCATION '' makes new ones so."
                            : $"Wait: {underWay.Name} is at work."
                    ),
                primary is null || primary == node || underWay is not null ? null
                    : nodes.Any(n => n.Id == node && n.Postgres.Up) ? $"{Stop(lab, node)} && {Recover(lab, node)}"
                    : Recover(lab, node)
            ),
        ];
    }

    /// <summary>The command that stops a node.</summary>
    internal static string Stop(Lab lab, int node) => $"pg_ctl -D {lab.RelativeData(node)} -m fast stop";

    /// <summary>The command that makes a node anew.</summary>
    internal static string Recover(Lab lab, int node) => $"pcp_recovery_node -p {lab.Pgpool.PcpPort} -n {node}";

    private static string Restart(Lab lab) =>
        lab.PgpoolSetup is null ? "./stopall && ./startall" : "./shutdownall && ./startall";

    private static Finding? OfPgpool(NodesFacts facts)
    {
        var (lab, pgpool, nodes) = facts;
        if (pgpool.Suspended.Count > 0)
        {
            // Each member of a watchdog is looked at by itself.
            return lab.HasWatchdog && pgpool.Answers
                ? null
                : OfSuspended(lab.TitleOf(lab.Pgpool), pgpool.ProcessId, pgpool.Suspended);
        }

        if (pgpool.Answers)
        {
            return null;
        }

        if (pgpool.Runs is false)
        {
            return facts.Work.Any(w => w.Kind is WorkKind.Command)
                ? new Finding(null, "Pgpool-II is not running. Wait: a command is at work.", null)
                : new Finding(null, "Pgpool-II is not running.", "./startall");
        }

        var process = pgpool.ProcessId is { } id ? $" (pid {id})" : "";
        var work = facts.Work.FirstOrDefault(w => w.Kind is not WorkKind.Recovery);
        // Even its failover may wait for that node.
        if (
            work is null or { Kind: WorkKind.Failover, Node: null }
            && nodes.FirstOrDefault(n => n.Postgres.IsSuspended) is { } hung
        )
        {
            return new Finding(
                null,
                $"Pgpool-II{process} does not answer: {pgpool.Problem}. It waits for node {hung.Id}, which is "
                    + "suspended.",
                null
            );
        }

        if (work is not null)
        {
            return new Finding(
                null,
                $"Pgpool-II{process} does not answer: {pgpool.Problem}. Wait: {work.Name} is at work.",
                null
            );
        }

        if (pgpool.Age < StillStarts)
        {
            return new Finding(
                null,
                $"Pgpool-II{process} was started {pgpool.Age.Value.TotalSeconds:0} s ago and does not answer "
                    + $"yet: {pgpool.Problem}",
                null
            );
        }

        return new Finding(
            null,
            $"Pgpool-II{process} does not answer: {pgpool.Problem}",
            pgpool.Runs is null ? "./startall"
                : lab.PgpoolSetup is not null ? Restart(lab)
                : lab.HasWatchdog ? WatchdogDiagnosis.Restart(lab, lab.Pgpool.Id)
                : "./stopall pgpool && ./startall pgpool"
        );
    }

    /// <summary>Its first process decides on failovers and starts the others; a client may get an answer all the
    /// same.</summary>
    internal static Finding OfSuspended(string pgpool, int? first, IReadOnlyList<int> suspended) =>
        new(
            null,
            first is { } id && suspended.Contains(id)
                ? $"{pgpool} is suspended ({Pids(suspended)}): it decides on no failover, and clients may get no "
                    + "answer."
                : $"{pgpool} has suspended processes ({Pids(suspended)}): a client that gets to one of them waits.",
            $"kill -CONT {string.Join(' ', suspended)}"
        );

    /// <summary>A suspended PostgreSQL looks alive to the system: connections to it are accepted, and nobody
    /// answers.</summary>
    private static Finding? OfSuspended(NodesFacts facts, NodeView node)
    {
        if (node.Postgres.Suspended is not { Count: > 0 } suspended)
        {
            return null;
        }

        if (!node.Postgres.IsSuspended)
        {
            return new Finding(
                node.Id,
                $"Node {node.Id} has suspended processes ({Pids(suspended)}).",
                $"kill -CONT {string.Join(' ', suspended)}"
            );
        }

        var problem = $"Node {node.Id} is suspended ({Pids(suspended)}): it accepts connections and answers nobody.";
        var other =
            facts.Lab.Mode is ClusteringMode.StreamingReplication && node.Postgres.MadeAsStandby is not true
                ? facts.Nodes.FirstOrDefault(n => n.Id != node.Id && n.Postgres.Role == "primary")
                : null;
        if (other is null)
        {
            // While failover.sh promotes another node, an old primary that goes on would be a second one.
            return
                node.Postgres.MadeAsStandby is not true
                && facts.WorkOn(node.Id) is { Kind: WorkKind.Failover, Node: not null } failover
                ? new Finding(node.Id, $"{problem} Wait: {failover.Name} is at work.", null)
                : new Finding(node.Id, problem, $"kill -CONT {string.Join(' ', suspended)}");
        }

        // Its processes end without having worked on: the first gets both signals, and kills the others.
        var end = $"kill -QUIT {node.Postgres.ProcessId}; kill -CONT {node.Postgres.ProcessId}";
        return new Finding(
            node.Id,
            $"{problem} Node {other.Id} has taken over: continued, it would be a second primary. End it:",
            facts.WorkOn(node.Id) is null
                ? $"{end}; pg_ctl -D {facts.Lab.RelativeData(node.Id)} -m immediate stop; pcp_recovery_node -p "
                    + $"{facts.Lab.Pgpool.PcpPort} -n {node.Id}"
                : end
        );
    }

    private static string Pids(IReadOnlyList<int> processes)
    {
        const int shown = 4;
        return $"by SIGSTOP or a debugger; pid{(processes.Count == 1 ? "" : "s")} "
            + $"{string.Join(", ", processes.Take(shown))}"
            + (processes.Count > shown ? $" and {processes.Count - shown} more" : "");
    }
}
