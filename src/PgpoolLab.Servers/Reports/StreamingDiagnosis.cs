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

        // With two on one timeline Pgpool-II's word counts.
        var rightful = primaries.MaxBy(n =>
            (n.Postgres.Timeline, n.Pgpool is { Status: "up" or "waiting", Role: "primary" })
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

    /// <summary>It runs, does not answer, and is none that was made as a standby.</summary>
    private static bool MayBePrimary(NodeView node) =>
        node.Postgres is { Up: false, Runs: true, MadeAsStandby: not true };

    private static Finding NoPrimary(NodesFacts facts) =>
        facts.Work.FirstOrDefault(w => w.Kind is WorkKind.Failover or WorkKind.Command) is { } work
            ? new Finding(null, $"There is no primary. Wait: {work.Name} is at work.", null)
            : new Finding(null, "There is no primary.", null);

    /// <summary>A node that does not answer, where there is nothing to be said of what Pgpool-II thinks.</summary>
    internal static Finding NoAnswer(NodesFacts facts, NodeView node) =>
        facts.About(
            node,
            node.Postgres.Runs is false
                ? $"Node {node.Id} is not running."
                : $"Node {node.Id} does not answer: "
                    + $"{node.Postgres.Problem}{(facts.WorkOn(node.Id) is null ? "" : ".")}",
            null,
            null
        );

    /// <summary>Pgpool-II looks again soon.</summary>
    internal static Finding DeadButAttached(NodesFacts facts, NodeView node) =>
        facts.About(
            node,
            $"They disagree: Pgpool-II takes node {node.Id} for {node.Pgpool!.Status}, but its PostgreSQL "
                + (
                    node.Postgres.Runs is false
                        ? "is not running."
                        : $"does not answer: {node.Postgres.Problem}{(facts.WorkOn(node.Id) is null ? "" : ".")}"
                ),
            null,
            null
        );

    private static Finding? Of(NodesFacts facts, NodeView node, NodeView? rightful)
    {
        var lab = facts.Lab;
        var (stop, recover) = (NodesDiagnosis.Stop(lab, node.Id), NodesDiagnosis.Recover(lab, node.Id));
        var detach = $"pcp_detach_node -p {lab.Pgpool.PcpPort} -n {node.Id}";
        var attached = node.Pgpool?.Status is "up" or "waiting";
        if (node.Postgres is { Up: true, Role: "primary" } && rightful is not null && rightful.Id != node.Id)
        {
            return facts.About(
                node,
                $"Split brain: node {node.Id} is a primary (timeline {node.Postgres.Timeline}) beside node "
                    + $"{rightful.Id} "
                    + $"(timeline {rightful.Postgres.Timeline}); what was written on one is not on the other.",
                null,
                $"{stop} && {(attached ? $"{detach} && " : "")}{recover}"
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
            { Pgpool: null } => new Finding(node.Id, $"Pgpool-II does not know node {node.Id}.", null),
            { Postgres.Up: false } when attached => DeadButAttached(facts, node),
            { Postgres: { Up: false, Runs: true } } => NoAnswer(facts, node),
            { Postgres.Up: false } => facts.About(
                node,
                $"Node {node.Id} is down.",
                null,
                rightful is null ? null : recover
            ),
            _ when !attached && streams => facts.About(
                node,
                Disagree(node),
                "Pgpool-II does not look again by itself.",
                $"pcp_attach_node -p {lab.Pgpool.PcpPort} -n {node.Id}"
            ),
            _ when !attached => facts.About(
                node,
                Disagree(node),
                $"It must not be attached: {WhyNotStreaming(lab, node, rightful)}",
                rightful is null ? null : $"{stop} && {recover}"
            ),
            _ when node.Pgpool.Role != node.Postgres.Role => facts.About(
                node,
                $"They disagree: Pgpool-II takes node {node.Id} for a {node.Pgpool.Role}, but it is a "
                    + $"{node.Postgres.Role}.",
                null,
                null
            ),
            { Postgres.Role: "standby" } when !streams && rightful is not null => facts.About(
                node,
                $"Node {node.Id} is a standby that does not follow the primary: {WhyNotStreaming(lab, node, rightful)}",
                null,
                $"{detach} && {stop} && {recover}"
            ),
            { Postgres: { Role: "standby", Receiver: not "streaming" } } => facts.About(
                node,
                $"Node {node.Id} is a standby that follows nobody: {WhyNotStreaming(lab, node, rightful)}",
                null,
                null
            ),
            _ => null,
        };
    }

    private static string Disagree(NodeView node) =>
        $"They disagree: Pgpool-II takes node {node.Id} for {node.Pgpool!.Status}, but its PostgreSQL runs as "
        + $"{node.Postgres.Role}.";

    /// <summary>Why a standby is not the copy of the current primary that it should be; null when it is.</summary>
    private static string? WhyNotStreaming(Lab lab, NodeView node, NodeView? rightful) =>
        (node.Postgres, rightful?.Postgres) switch
        {
            ({ Receiver: not "streaming" } says, _) =>
                $"it receives nothing (WAL receiver: {says.Receiver ?? "none"}); see {lab.RelativeNodeLog(node.Id)}.",
            (_, null) => "there is no primary.",
            ({ Timeline: { } timeline }, { Timeline: { } current }) when timeline != current =>
                $"it is on timeline {timeline}, the primary on {current}.",
            ({ FedByPrimary: false }, _) =>
                $"node {rightful!.Id}, the primary, does not send to it; see {lab.RelativeNodeLog(node.Id)}.",
            _ => null,
        };
}
