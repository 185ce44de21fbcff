using PgpoolLab.Model;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>What a change of the number of nodes depends on.</summary>
/// <param name="Foreign">Files that would have to be written again and are not as this program writes them.</param>
/// <param name="Senders">How many standbys and base backups the primary has room for (<c>max_wal_senders</c> or
/// <c>max_replication_slots</c>, whichever is less).</param>
/// <param name="InTheWay">What is where the new node's data folder would be; null for nothing.</param>
/// <param name="PortTaken">Who has the new node's port, a sentence; null for nobody.</param>
public sealed record NodeCountFacts(
    IReadOnlyList<string> Foreign,
    int Senders,
    string? InTheWay = null,
    string? PortTaken = null
);

/// <summary>Plans another number of nodes: pure, from a look.</summary>
public static class NodeCountPlans
{
    /// <summary>The lab with one node more.</summary>
    public static Lab WithOneMore(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var id = lab.Nodes.Count;
        return (
            lab with
            {
                Nodes = [.. lab.Nodes, new PostgresNode(id, lab.Ports.Postgres(id), "", "")],
            }
        ).WithOwnFolders();
    }

    /// <summary>The lab without its last node.</summary>
    public static Lab WithOneLess(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab with { Nodes = [.. lab.Nodes.SkipLast(1)] };
    }

    /// <summary>A standby with the next number.</summary>
    /// <param name="look">What was seen.</param>
    /// <param name="facts">What it depends on besides.</param>
    /// <exception cref="LabException">It cannot be made.</exception>
    public static VerbPlan Add(VerbLook look, NodeCountFacts facts)
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(facts);
        var lab = look.Lab;
        RequireSupport(look, "add-node");
        RequireQuiet(look);
        if (lab.Nodes.Count >= LabSpec.MaxNodes)
        {
            throw Refused($"Pgpool-II knows at most {LabSpec.MaxNodes} nodes.");
        }

        var to = WithOneMore(lab);
        var (primary, node) = (Primary(look), to.Nodes[^1]);
        if (node.Port > 65535 || lab.AllPorts.Any(p => p.Port == node.Port))
        {
            throw Refused(
                $"Node {node.Id} would have port {node.Port}, after the other nodes', and it is not to be had: "
                    + (node.Port > 65535 ? "there is none." : "it is the lab's own, for something else.")
            );
        }

        if (facts.PortTaken is { } taken)
        {
            throw new LabException(ExitCode.InTheWay, taken)
            {
                Hints = ["A node's port is the next one after the other nodes'. Make a lab with more nodes instead."],
            };
        }

        if (facts.InTheWay is { } folder)
        {
            throw new LabException(ExitCode.InTheWay, $"{folder} is in the way; the lab does not know it.")
            {
                Hints =
                [
                    "An add-node or remove-node that was killed may have left it. When you need nothing in it:  rm -r "
                        + Hosts.Shell.Quote(folder),
                ],
            };
        }

        RequireKnown(facts);
        // Each standby has a sender, and its backup two more for a while.
        if (to.Nodes.Count + 1 > facts.Senders)
        {
            throw Refused(
                $"Node {primary.Id} has room for {facts.Senders} WAL senders and slots, too few for "
                    + $"{to.Nodes.Count} nodes.",
                "pgpoollab config set postgresql.max_wal_senders=40 postgresql.max_replication_slots=40 --restart"
            );
        }

        return VerbPlan.Of([
            Stage.Of(new LeaseNodePort(node)),
            .. CreateNodeFolders.AreNeeded(to, node) ? (Stage[])[Stage.Of(new CreateNodeFolders(node))] : [],
            .. to.UseSlots ? (Stage[])[Stage.Of(new RenewSlot(primary, node))] : [],
            Stage.Of(new CopyNode(node, primary)),
            Stage.Of(new ConfigureStandby(node, primary)),
            .. to.Faults ? (Stage[])[Stage.Of(new ReloadLinks(lab, to))] : [],
            Stage.Of(new StartNode(node)),
            Stage.Of(new AwaitStreaming(primary, [node])),
            Stage.Of(new RewriteLabFiles(new NodeCount(lab, to))),
            Stage.Of(new SaveLab(new NodeCount(lab, to))),
            Stage.Of(new ReloadPgpools()),
            Stage.Of(new JoinPgpool(node, look.Teller, VerbPlans.Patience)),
            VerbPlans.Await(FactKind.NodeUp, node),
            .. VerbPlans.Link(look, new ServerSet([node], []), to),
        ]) with
        {
            Lab = to,
            IsTakenBack = true,
            After = look.Seen.Synchronous is null
                ? []
                : [$"Commits wait for the standbys chosen before. To choose among all:  pgpoollab sync on"],
        };
    }

    /// <summary>The last node goes. The first plans are run with the undo of those before them; from the moment on in
    /// which data is deleted nothing is taken back, and Ctrl+C does not end that.</summary>
    /// <param name="look">What was seen.</param>
    /// <param name="target">The node.</param>
    /// <param name="facts">What it depends on besides.</param>
    /// <exception cref="LabException">It must stay.</exception>
    public static IReadOnlyList<VerbPlan> Remove(VerbLook look, Target target, NodeCountFacts facts)
    {
        ArgumentNullException.ThrowIfNull(look);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(facts);
        var lab = look.Lab;
        RequireSupport(look, "remove-node");
        var node = target.ResolveNode(lab, look.Seen);
        RequireQuiet(look);
        var last = lab.Nodes[^1];
        if (node != last)
        {
            throw Refused(
                $"Node {node.Id} is not the last one: nodes are numbered without gaps, and only node {last.Id} can go.",
                $"pgpoollab remove-node {last.Id}"
            );
        }

        if (lab.Nodes.Count == 1)
        {
            throw Refused("It is the lab's only node.", "Remove the lab:  pgpoollab destroy");
        }

        var primary = Primary(look);
        if (primary == node)
        {
            throw Refused($"Node {node.Id} is the primary.", "Have another one take over first:  pgpoollab switchover");
        }

        RequireNotAwaited(look, node);
        RequireKnown(facts);
        var to = WithOneLess(lab);
        var running = look.RunningPgpools.Select(id => lab.Pgpools[id]).ToArray();
        return
        [
            VerbPlan.Of(
                Stage.ForEach(running, p => [new StopPgpoolForNow(p)]),
                Stage.Of(new StopNodeForNow(node)),
                Stage.Of(new RewriteLabFiles(new NodeCount(lab, to))),
                Stage.Of(new SaveLab(new NodeCount(lab, to)))
            ) with
            {
                IsTakenBack = true,
                Before = ["Pgpool-II forgets a node only when it is restarted: its clients are disconnected."],
            },
            VerbPlan.Of([
                .. lab.Faults ? (Stage[])[Stage.Of(new ReloadLinks(lab, to))] : [],
                .. LabPlanner.StartPgpools(to, []),
                .. lab.UseSlots ? (Stage[])[Stage.Of(new DropSlot(primary, node))] : [],
            ]) with
            {
                Lab = to,
                IsTakenBack = true,
            },
            VerbPlan.Of(Stage.Of(new DeleteNode(new NodeCount(lab, to), node))) with
            {
                Lab = to,
                RunsToItsEnd = true,
            },
            VerbPlan.Of([
                .. VerbPlans.Link(look, new ServerSet([], []), to),
                .. to
                    .Nodes.Where(n => VerbPlans.IsUp(look.Seen, n.Id))
                    .Select(n => VerbPlans.Await(FactKind.NodeUp, n)),
            ]) with
            {
                Lab = to,
            },
        ];
    }

    private static void RequireSupport(VerbLook look, string verb)
    {
        var lab = look.Lab;
        if (!lab.Conventions.CanChangeNodes)
        {
            throw Refused(
                $"{verb} works on labs of this program's own conventions; this one was made by "
                    + $"{(lab.HasWatchdog ? "watchdog_setup" : "pgpool_setup")}.",
                "Make another one:  pgpoollab setup -n NUMBER DIR"
            );
        }

        if (!lab.OwnsNodes)
        {
            throw Refused("The nodes of this lab belong to another one.", "Use the command there.");
        }

        if (lab.IsSpread)
        {
            throw Refused($"{verb} does not work on a lab on several hosts: files on each of them name all nodes.");
        }

        if (lab.Mode is not ClusteringMode.StreamingReplication)
        {
            throw Refused(
                $"{verb} works in streaming replication only; this lab is in {lab.Mode.Title()}.",
                "Make another one:  pgpoollab setup -n NUMBER DIR"
            );
        }
    }

    private static void RequireQuiet(VerbLook look)
    {
        var report = look.Seen;
        if (report.AtWork.FirstOrDefault(w => w.Kind is not Servers.Reports.WorkKind.Command) is { } work)
        {
            throw Refused($"{work.Title}.", "Wait for its end:  pgpoollab wait --for healthy");
        }

        if (!report.PgpoolAnswers)
        {
            throw Refused(
                $"Pgpool-II does not answer: {report.PgpoolProblem}",
                report.PgpoolProcessId is null ? "Start it:  pgpoollab start pgpool" : "See why:  pgpoollab nodes"
            );
        }
    }

    private static PostgresNode Primary(VerbLook look) =>
        LabFact.PrimaryOf(look.Seen) is { } primary
            ? look.NodeOf(primary)
            : throw Refused("There is no primary.", "Wait for one:  pgpoollab wait --for primary");

    private static void RequireKnown(NodeCountFacts facts)
    {
        if (facts.Foreign.Count > 0)
        {
            throw new LabException(
                ExitCode.Failed,
                "Files that name the lab's nodes are not as this program writes them, and it cannot know what they are "
                    + "to be: they were changed, or a template or another version has written them. "
                    + "Nothing was changed."
            )
            {
                Details = [.. facts.Foreign],
                Hints = ["Make another lab:  pgpoollab setup -n NUMBER DIR"],
            };
        }
    }

    private static void RequireNotAwaited(VerbLook look, PostgresNode node)
    {
        if (
            look.Seen.Synchronous is { Commit: not ("off" or "local") } commit
            && SynchronousStandbys.Parse(commit.StandbyNames) is { } standbys
            && standbys.Count(node.ApplicationName)
            && look.Lab.Nodes.Count(n => n.Id != node.Id && n.Id != commit.Node && standbys.Count(n.ApplicationName))
                < commit.Required
        )
        {
            throw Refused(
                $"Commits wait for node {node.Id} ({commit.StandbyNames}); without it they would wait for ever.",
                "Have them wait for none first:  pgpoollab sync off"
            );
        }
    }

    private static LabException Refused(string reason, params string[] instead) =>
        new(ExitCode.Failed, reason) { Hints = instead };
}
