using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>What is wrong with the nodes of streaming replication.</summary>
internal static class StreamingDiagnosis
{
    internal static IEnumerable<Finding> Of(NodesFacts facts)
    {
        var primaries = facts.Nodes.Where(n => n.Postgres.Role == "primary").ToArray();
        if (primaries.Length == 0 && !facts.Nodes.Any(MayBePrimary))
        {
            yield return NoPrimary(facts);
        }

        // Clients write to the one that Pgpool-II uses.
        var rightful = primaries.MaxBy(n =>
            (n.Pgpool is { Status: "up" or "waiting", Role: "primary" }, n.Postgres.Timeline)
        );
        foreach (var node in facts.Nodes.Where(n => !n.Postgres.IsSuspended)) // those are said already
        {
            if (Of(facts, node, rightful) is { } finding)
            {
                yield return finding;
            }
        }

        if (facts.Synchronous?.Diagnose(facts.Lab, facts.Work) is { } waits)
        {
            yield return waits;
        }
    }

    /// <summary>What is wrong with a node whatever the others are.</summary>
    internal static Finding? OfAlone(NodesFacts facts, NodeView node) =>
        node.Postgres.Up || node.Postgres.IsSuspended ? null
        : node.Pgpool?.Status is "up" or "waiting" ? DeadButAttached(facts, node)
        : NoAnswer(facts, node);

    /// <summary>It runs, does not answer, and is none that was made as a standby.</summary>
    private static bool MayBePrimary(NodeView node) =>
        node.Postgres is { Up: false, Runs: true, MadeAsStandby: not true };

    /// <summary>The only one that can be the primary that is missing.</summary>
    private static bool WasPrimary(NodesFacts facts, NodeView node) =>
        node.Postgres is { Runs: false, MadeAsStandby: false }
        && facts.Nodes.All(n =>
            n == node || n.Postgres.MadeAsStandby is true || n.Postgres is { Up: true, InRecovery: true }
        );

    private static Finding NoPrimary(NodesFacts facts) =>
        facts.Work.FirstOrDefault(w => w.Kind is WorkKind.Failover or WorkKind.Command) is { } work
            ? facts.Wait(FindingKinds.NoPrimary, null, "There is no primary.", work)
            : Finding.Of(facts.Lab, FindingKinds.NoPrimary, null, "There is no primary.");

    internal static Finding Unknown(Lab lab, NodeView node) =>
        Finding.Of(lab, FindingKinds.NodeUnknown, node.Id, $"Pgpool-II does not know node {node.Id}.");

    /// <summary>What it is when Pgpool-II does not use a node that runs.</summary>
    internal static FindingKind Detached(NodeView node) =>
        node.Pgpool?.Status == "quarantine" ? FindingKinds.Quarantine : FindingKinds.DetachedButRuns;

    /// <summary>A node that does not answer, where there is nothing to be said of what Pgpool-II thinks.</summary>
    internal static Finding NoAnswer(NodesFacts facts, NodeView node) =>
        facts.About(
            FindingKinds.NodeDown,
            node,
            node.Postgres.Runs is false
                ? $"Node {node.Id} is not running."
                : $"Node {node.Id} does not answer: "
                    + $"{node.Postgres.Problem}{(facts.WorkOn(node.Id) is null ? "" : ".")}",
            null
        );

    /// <summary>Pgpool-II looks again soon.</summary>
    internal static Finding DeadButAttached(NodesFacts facts, NodeView node) =>
        facts.About(
            FindingKinds.AttachedButDead,
            node,
            $"They disagree: Pgpool-II takes node {node.Id} for {node.Pgpool!.Status}, but its PostgreSQL "
                + (
                    node.Postgres.Runs is false
                        ? "is not running."
                        : $"does not answer: {node.Postgres.Problem}{(facts.WorkOn(node.Id) is null ? "" : ".")}"
                ),
            null
        );

    private static Finding? Of(NodesFacts facts, NodeView node, NodeView? rightful)
    {
        var lab = facts.Lab;
        var recover = new Remedy.Recover(node.Id);
        var attached = node.Pgpool?.Status is "up" or "waiting";
        if (node.Postgres is { Up: true, Role: "primary" } && rightful is not null && rightful.Id != node.Id)
        {
            return facts.About(
                FindingKinds.TwoPrimaries,
                node,
                $"Split brain: node {node.Id} is a primary (timeline {node.Postgres.Timeline}) beside node "
                    + $"{rightful.Id}{(rightful.Host is { } host ? $" on host {host}" : "")} "
                    + $"(timeline {rightful.Postgres.Timeline}); what was written on one is not on the other.",
                null,
                recover
            );
        }

        if (!facts.Pgpool.Answers)
        {
            return node.Postgres.Up ? null : NoAnswer(facts, node);
        }

        // It must stream from the primary there is now. Attached on an old timeline it would serve old rows for good.
        var streams = node.Postgres.Role == "primary" || WhyNotStreaming(lab, node, rightful) is null;
        return node switch
        {
            { Pgpool: null } => Unknown(lab, node),
            { Postgres.Up: false } when attached => DeadButAttached(facts, node),
            { Postgres: { Up: false, Runs: true } } => NoAnswer(facts, node),
            // Whatever it was, nobody has taken over from it.
            { Postgres.Up: false, Pgpool.Status: "quarantine" } => facts.About(
                FindingKinds.Quarantine,
                node,
                $"Node {node.Id} is down, and Pgpool-II has put it in quarantine: without a quorum it may "
                    + "not fail over.",
                null,
                new Remedy.StartNode(node.Id)
            ) with
            {
                Consequence = "Nobody takes over from it before there is a quorum.",
            },
            { Postgres.Up: false } => facts.About(
                rightful is not null && node.Postgres.MadeAsStandby is false
                    ? FindingKinds.OutdatedPrimary
                    : FindingKinds.NodeDown,
                node,
                $"Node {node.Id} is down.",
                null,
                rightful is null
                    ? WasPrimary(facts, node)
                        ? [new Remedy.StartNode(node.Id)]
                        : []
                    : node.Postgres.MadeAsStandby is true
                        ? [new Remedy.StartNode(node.Id)]
                        : [recover]
            ),
            _ when !attached && streams => facts.About(
                Detached(node),
                node,
                Disagree(node),
                "Pgpool-II does not look again by itself.",
                new Remedy.Attach(node.Id)
            ),
            _ when !attached => facts.About(
                NotStreaming(node, rightful),
                node,
                Disagree(node),
                $"It must not be attached: {WhyNotStreaming(lab, node, rightful)}",
                rightful is null ? [] : [recover]
            ),
            _ when node.Pgpool.Role != node.Postgres.Role => facts.About(
                FindingKinds.RolesDisagree,
                node,
                $"They disagree: Pgpool-II takes node {node.Id} for a {node.Pgpool.Role}, but it is a "
                    + $"{node.Postgres.Role}.",
                null
            ),
            { Postgres.Role: "standby" } when !streams && rightful is not null => facts.About(
                NotStreaming(node, rightful),
                node,
                $"Node {node.Id} is a standby that does not follow the primary: {WhyNotStreaming(lab, node, rightful)}",
                null,
                recover with
                {
                    EvenIfWell = node.Postgres is { Receiver: "streaming", FedByPrimary: not false },
                }
            ),
            { Postgres: { Role: "standby", Receiver: not "streaming" } } => facts.About(
                FindingKinds.ReceivesNothing,
                node,
                $"Node {node.Id} is a standby that follows nobody: {WhyNotStreaming(lab, node, rightful)}",
                null
            ),
            _ => null,
        };
    }

    /// <summary>Where its log is to be read: on another machine by a command.</summary>
    private static string LogOf(Lab lab, NodeView node) =>
        lab.IsWhole ? $"pgpoollab logs {node.Id}" : lab.RelativeNodeLog(node.Id);

    private static string Disagree(NodeView node) =>
        $"They disagree: Pgpool-II takes node {node.Id} for {node.Pgpool!.Status}, but its PostgreSQL runs as "
        + $"{node.Postgres.Role}.";

    /// <summary>What it is when a standby is not the copy of the current primary that it should be.</summary>
    private static FindingKind NotStreaming(NodeView node, NodeView? rightful) =>
        (node.Postgres.Timeline, rightful?.Postgres.Timeline) is ({ } own, { } current) && own != current
            ? FindingKinds.Diverged
            : FindingKinds.ReceivesNothing;

    /// <summary>Why a standby is not the copy of the current primary that it should be; null when it is.</summary>
    private static string? WhyNotStreaming(Lab lab, NodeView node, NodeView? rightful) =>
        (node.Postgres, rightful?.Postgres) switch
        {
            ({ Receiver: not "streaming" } says, _) =>
                $"it receives nothing (WAL receiver: {says.Receiver ?? "none"}); see {LogOf(lab, node)}.",
            (_, null) => "there is no primary.",
            ({ Timeline: { } timeline }, { Timeline: { } current }) when timeline != current =>
                $"it is on timeline {timeline}, the primary on {current}.",
            ({ FedByPrimary: false }, _) =>
                $"node {rightful!.Id}, the primary, does not send to it; see {LogOf(lab, node)}.",
            _ => null,
        };
}
