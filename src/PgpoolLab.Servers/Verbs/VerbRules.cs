using PgpoolLab.Model;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Servers.Verbs;

/// <summary>What a command on a node would do.</summary>
public enum Verb
{
    /// <summary>Have Pgpool-II send queries to it again.</summary>
    Attach,

    /// <summary>Have Pgpool-II give it up.</summary>
    Detach,

    /// <summary>Make it anew from the primary.</summary>
    Recover,

    /// <summary>Make it a primary behind Pgpool-II's back.</summary>
    Promote,

    /// <summary>Make it the primary; the old one follows it.</summary>
    Switchover,
}

/// <summary>Why a command does nothing.</summary>
/// <param name="Reason">One sentence.</param>
/// <param name="Instead">What to do instead, with a command; null when there is nothing to do.</param>
public sealed record Refusal(string Reason, string? Instead);

/// <summary>What cannot work, or would do harm. Pure: a look at the lab in, a refusal out.</summary>
public static class VerbRules
{
    /// <summary>How far behind a standby may be that is to take over in an orderly way: one WAL segment.</summary>
    private const long LongestLag = 16 * 1024 * 1024;

    /// <summary>Why this cannot be done now; null when it can.</summary>
    /// <param name="verb">What is to be done.</param>
    /// <param name="id">To which node.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="report">A look at it.</param>
    public static Refusal? Check(Verb verb, int id, Lab lab, NodesReport report)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(report);
        // What changes who is primary, or takes a node away, disturbs the recovery of any other one as well.
        if (
            report.AtWork.FirstOrDefault(w =>
                w.Kind is not WorkKind.Command
                && (verb is Verb.Switchover or Verb.Promote or Verb.Detach || w.Concerns(id))
            ) is
            { } work
        )
        {
            return new Refusal($"{work.Title}.", "Wait for its end:  pgpoollab wait --for healthy");
        }

        if (!report.PgpoolAnswers)
        {
            return new Refusal(
                $"Pgpool-II does not answer: {report.PgpoolProblem}",
                report.PgpoolProcessId is null ? "Start it:  pgpoollab start pgpool" : "See why:  pgpoollab nodes"
            );
        }

        // A switchover takes the nodes of other hosts along; and of a recovery the primary may be on another.
        var takesAll = verb switch
        {
            Verb.Switchover => lab.WhyNotAlone("A switchover"),
            Verb.Recover => lab.WhyNotAlone("A recovery"),
            _ => null,
        };
        if (takesAll is not null)
        {
            return new Refusal(takesAll, null);
        }

        var node = report.Nodes.First(n => n.Id == id);
        return verb switch
        {
            Verb.Attach => CheckAttach(node, lab, report),
            Verb.Detach => CheckDetach(node, report),
            Verb.Recover => CheckRecover(node, lab, report),
            _ => CheckNewPrimary(verb, node, lab, report),
        };
    }

    private static bool IsAttached(NodeView node) => node.Pgpool?.Status is "up" or "waiting";

    private static Refusal? CheckAttach(NodeView node, Lab lab, NodesReport report)
    {
        var id = node.Id;
        if (node.Postgres.IsSuspended)
        {
            return new Refusal($"Node {id} is suspended and would answer nobody.", $"pgpoollab resume {id}");
        }

        if (!node.Postgres.Up)
        {
            return new Refusal(
                $"Node {id} does not answer: {node.Postgres.Problem ?? "it does not run"}",
                $"Start it, which attaches it:  pgpoollab start {id}"
            );
        }

        if (lab.Mode is ClusteringMode.NativeReplication or ClusteringMode.SnapshotIsolation)
        {
            return node.Pgpool?.Status == "down" && report.Nodes.Any(n => n.Id != id && IsAttached(n))
                ? new Refusal(
                    $"Pgpool-II has given up node {id}: what was written since is not on it.",
                    $"pgpoollab recover {id}"
                )
                : null;
        }

        if (lab.Mode is not ClusteringMode.StreamingReplication)
        {
            return null;
        }

        var primary = report.Nodes.FirstOrDefault(n => n.Id != id && n.Postgres.InRecovery is false);
        if (node.Postgres.InRecovery is false)
        {
            return (report.PrimaryElsewhere ?? primary?.Id) is not { } other
                ? null
                : new Refusal(
                    $"Node {id} is a primary itself, beside node {other}: with it attached there would be two.",
                    $"pgpoollab recover {id}"
                );
        }

        if (node.Postgres.Receiver != "streaming" || node.Postgres.FedByPrimary is false)
        {
            return new Refusal(
                $"Node {id} does not stream from a primary: clients would read what is out of date.",
                primary is null ? "See why:  pgpoollab nodes" : $"pgpoollab recover {id}"
            );
        }

        return primary is { Postgres.Timeline: { } newest } && node.Postgres.Timeline < newest
            ? new Refusal(
                $"Node {id} is on timeline {node.Postgres.Timeline}, and the primary on {newest}.",
                $"pgpoollab recover {id}"
            )
            : null;
    }

    private static Refusal? CheckDetach(NodeView node, NodesReport report) =>
        IsAttached(node)
        && !report.Nodes.Any(n => n.Id != node.Id && IsAttached(n) && n.Postgres.Up)
        && !report.Elsewhere.Any(n => n.Status is "up" or "waiting")
            ? new Refusal(
                $"Node {node.Id} is the last one that Pgpool-II has; without it nobody would be let in.",
                "Attach or recover another one first."
            )
            : null;

    private static Refusal? CheckRecover(NodeView node, Lab lab, NodesReport report)
    {
        if (lab.Mode is ClusteringMode.Raw or ClusteringMode.LogicalReplication or ClusteringMode.Slony)
        {
            return new Refusal(
                $"Pgpool-II has no online recovery in this mode ({report.Mode}).",
                $"Start the node, and attach it:  pgpoollab start {node.Id}"
            );
        }

        if (!lab.OwnsNodes)
        {
            return new Refusal("The nodes belong to another lab.", "Recover it there.");
        }

        if (LabFact.PrimaryOf(report) is not { } primary)
        {
            return new Refusal("There is no primary to make it from.", "Wait for one:  pgpoollab wait --for primary");
        }

        return primary.Id == node.Id
            ? new Refusal(
                $"Node {node.Id} is the node that all others are made from.",
                lab.Mode is ClusteringMode.StreamingReplication
                    ? "Have another one take over first:  pgpoollab switchover"
                    : null
            )
            : null;
    }

    private static Refusal? CheckNewPrimary(Verb verb, NodeView node, Lab lab, NodesReport report)
    {
        if (lab.Mode is not ClusteringMode.StreamingReplication)
        {
            return new Refusal(
                $"Only streaming replication has a primary that can change; this lab is in mode {report.Mode}.",
                null
            );
        }

        if (node.Postgres.InRecovery is false)
        {
            return new Refusal($"Node {node.Id} is a primary already.", null);
        }

        if (!node.Postgres.Up)
        {
            return new Refusal(
                $"Node {node.Id} does not answer: {node.Postgres.Problem ?? "it does not run"}",
                $"pgpoollab start {node.Id}"
            );
        }

        if (!IsAttached(node))
        {
            return new Refusal($"Pgpool-II has given up node {node.Id}.", $"pgpoollab attach {node.Id}");
        }

        if (verb is Verb.Promote)
        {
            return null;
        }

        // Between hosts Pgpool-II is only told who is gone.
        if (lab.Tools.Pgpool.Number < 403 && !lab.IsWhole)
        {
            return new Refusal(
                "A switchover needs Pgpool-II 4.3 or later.",
                "Do it in two steps:  pgpoollab stop primary, then pgpoollab recover --all"
            );
        }

        if (LabFact.PrimaryOf(report) is null)
        {
            return new Refusal(
                "There is no primary to take over from in good order.",
                "Wait for one:  pgpoollab wait --for primary"
            );
        }

        if (node.Postgres.Receiver != "streaming" || node.Postgres.FedByPrimary is false)
        {
            return new Refusal(
                $"Node {node.Id} does not stream: what the primary has written would be lost.",
                $"pgpoollab recover {node.Id}"
            );
        }

        return node.Postgres.LagBytes > LongestLag
            ? new Refusal(
                $"Node {node.Id} is {node.Postgres.LagBytes / 1024 / 1024} MB behind.",
                "Wait until it has caught up, and try again."
            )
            : null;
    }
}
