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
    /// <param name="kind">What kind of finding it is.</param>
    /// <param name="node">The node.</param>
    /// <param name="fact">What is so.</param>
    /// <param name="meaning">What follows from it when nothing is under way.</param>
    /// <param name="remedies">What to do then.</param>
    internal Finding About(
        FindingKind kind,
        NodeView node,
        string fact,
        string? meaning,
        params IReadOnlyList<Remedy> remedies
    ) =>
        WorkOn(node.Id) is { } work
            ? Wait(kind, node.Id, fact, work)
            : Finding.Of(Lab, kind, node.Id, meaning is null ? fact : $"{fact} {meaning}", remedies);

    /// <summary>A finding that something at work may end.</summary>
    internal Finding Wait(FindingKind kind, int? node, string fact, WorkUnderWay work) =>
        Finding.Of(Lab, kind, node, $"{fact} Wait: {work.Name} is at work.", new Remedy.Wait(work.Kind));
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
        if (lab.Here is null && !pgpool.Answers && noNodeRuns && facts.Work.Count == 0)
        {
            return
            [
                pgpool.Runs is true
                    ? Finding.Of(
                        lab,
                        FindingKinds.NotRunning,
                        null,
                        $"No node runs, and Pgpool-II (pid {pgpool.ProcessId}) lets nobody in.",
                        new Remedy.RestartAll()
                    )
                    : Finding.Of(
                        lab,
                        FindingKinds.NotRunning,
                        null,
                        "Nothing of this lab is running.",
                        new Remedy.StartAll()
                    ),
            ];
        }

        return
        [
            .. OfPgpool(facts) is { } finding ? [finding] : Array.Empty<Finding>(),
            .. nodes.Select(n => OfSuspended(facts, n)).OfType<Finding>(),
            // One host of several does not see what a node is to be compared with.
            .. lab.Here is not null ? nodes.Select(n => StreamingDiagnosis.OfAlone(facts, n)).OfType<Finding>()
            : lab.Mode is ClusteringMode.StreamingReplication ? StreamingDiagnosis.Of(facts)
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
        var primary = nodes
            .Where(n => n.Postgres.Role == "primary")
            .MaxBy(n => (n.Pgpool is { Status: "up" or "waiting", Role: "primary" }, n.Postgres.Timeline))
            ?.Id;
        return
        [
            .. from tablespace in shared
            let keeper = tablespace.Nodes.Contains(primary ?? -1) ? primary!.Value : tablespace.Nodes[0]
            from node in tablespace.Nodes.Where(n => n != keeper)
            let underWay = work?.FirstOrDefault(w => w.Concerns(node))
            select Finding.Of(
                lab,
                FindingKinds.TablespaceShared,
                node,
                $"Nodes {keeper} and {node} write the same files, and damage them: tablespace "
                    + $"{tablespace.Number} lies in {tablespace.Folder} for both. "
                    + (
                        underWay is null
                            ? "Recovery gives each its own; LOCATION '' makes new ones so."
                            : $"Wait: {underWay.Name} is at work."
                    ),
                underWay is not null ? [new Remedy.Wait(underWay.Kind)]
                    : primary is null || primary == node ? []
                    : [new Remedy.Recover(node, EvenIfWell: nodes.Any(n => n.Id == node && n.Postgres.Up))]
            ),
        ];
    }

    private static Finding? OfPgpool(NodesFacts facts)
    {
        var (lab, pgpool, nodes) = facts;
        if (pgpool.Suspended.Count > 0)
        {
            // Each member of a watchdog is looked at by itself.
            return lab.HasWatchdog && pgpool.Answers
                ? null
                : OfSuspended(lab, lab.Pgpool.Id, lab.TitleOf(lab.Pgpool), pgpool.ProcessId, pgpool.Suspended);
        }

        if (pgpool.Answers)
        {
            return null;
        }

        if (pgpool.Runs is false)
        {
            return facts.Work.Any(w => w.Kind is WorkKind.Command)
                ? Finding.Of(
                    lab,
                    FindingKinds.PgpoolDown,
                    null,
                    "Pgpool-II is not running. Wait: a command is at work.",
                    new Remedy.Wait(WorkKind.Command)
                )
                : Finding.Of(lab, FindingKinds.PgpoolDown, null, "Pgpool-II is not running.", new Remedy.StartAll());
        }

        var process = pgpool.ProcessId is { } id ? $" (pid {id})" : "";
        var work = facts.Work.FirstOrDefault(w => w.Kind is not WorkKind.Recovery);
        // Even its failover may wait for that node.
        if (
            work is null or { Kind: WorkKind.Failover, Node: null }
            && nodes.FirstOrDefault(n => n.Postgres.IsSuspended) is { } hung
        )
        {
            return Finding.Of(
                lab,
                FindingKinds.PgpoolSilent,
                null,
                $"Pgpool-II{process} does not answer: {pgpool.Problem}. It waits for node {hung.Id}, which is "
                    + "suspended."
            );
        }

        if (work is not null)
        {
            return facts.Wait(
                FindingKinds.PgpoolSilent,
                null,
                $"Pgpool-II{process} does not answer: {pgpool.Problem}.",
                work
            );
        }

        if (pgpool.Children.AreUsedUp(pgpool.MostClients))
        {
            return UsedUp(lab, pgpool);
        }

        if (pgpool.Renews)
        {
            return Finding.Of(
                lab,
                FindingKinds.Renewing,
                null,
                $"Pgpool-II{process} has just failed over or attached a node, and replaces its processes. "
                    + "Wait: it takes "
                    + "clients in a moment."
            ) with
            {
                Severity = FindingSeverity.Warning,
            };
        }

        if (pgpool.Age < StillStarts)
        {
            return Finding.Of(
                lab,
                FindingKinds.PgpoolSilent,
                null,
                $"Pgpool-II{process} was started {pgpool.Age.Value.TotalSeconds:0} s ago and does not answer "
                    + $"yet: {pgpool.Problem}"
            );
        }

        return Finding.Of(
            lab,
            FindingKinds.PgpoolSilent,
            null,
            $"Pgpool-II{process} does not answer: {pgpool.Problem}",
            pgpool.Runs is null ? new Remedy.StartAll() : new Remedy.RestartPgpool(lab.Pgpool.Id)
        );
    }

    /// <summary>Pgpool-II runs, and has nobody left to answer.</summary>
    internal static Finding UsedUp(Lab lab, PgpoolSays pgpool) =>
        Finding.Of(
            lab,
            FindingKinds.ChildrenExhausted,
            null,
            $"All {pgpool.Children.Busy.Count} processes of Pgpool-II that take clients have one "
                + $"({pgpool.Children.Who()}). End some of these clients, or all with:",
            new Remedy.RestartPgpool(lab.Pgpool.Id)
        ) with
        {
            Cause =
                "num_init_children is the largest number of clients at the same time. Once there is room "
                + "again, it can be "
                + "raised: pgpoollab config set pgpool.num_init_children=NUMBER --restart",
        };

    /// <summary>Its first process decides on failovers and starts the others; a client may get an answer all the
    /// same.</summary>
    internal static Finding OfSuspended(Lab lab, int number, string pgpool, int? first, IReadOnlyList<int> suspended) =>
        Finding.Of(
            lab,
            FindingKinds.Paused,
            null,
            first is { } id && suspended.Contains(id)
                ? $"{pgpool} is suspended ({Pids(suspended)}): it decides on no failover, and clients may get no "
                    + "answer."
                : $"{pgpool} has suspended processes ({Pids(suspended)}): a client that gets to one of them waits.",
            new Remedy.ResumePgpool(number)
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
            return Finding.Of(
                facts.Lab,
                FindingKinds.Paused,
                node.Id,
                $"Node {node.Id} has suspended processes ({Pids(suspended)}).",
                new Remedy.ResumeNode(node.Id)
            ) with
            {
                Severity = FindingSeverity.Warning,
            };
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
                ? facts.Wait(FindingKinds.Paused, node.Id, problem, failover)
                : Finding.Of(facts.Lab, FindingKinds.Paused, node.Id, problem, new Remedy.ResumeNode(node.Id));
        }

        // Its processes end without having worked on.
        var end = new Remedy.KillNode(node.Id);
        return Finding.Of(
            facts.Lab,
            FindingKinds.Paused,
            node.Id,
            $"{problem} Node {other.Id} has taken over: continued, it would be a second primary. End it:",
            facts.WorkOn(node.Id) is null ? [end, new Remedy.Recover(node.Id)] : [end]
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
