using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Reports;

/// <summary>Points out where a lab is not as it should be, and where Pgpool-II and PostgreSQL disagree. Pure.</summary>
public static class NodesDiagnosis
{
    /// <summary>Compares.</summary>
    public static IReadOnlyList<Finding> Of(Lab lab, bool pgpoolAnswers, string? pgpoolProblem, IReadOnlyList<NodeView> nodes)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(nodes);
        if (!pgpoolAnswers && nodes.All(n => !n.Postgres.Up))
        {
            return [new Finding(null, "Nothing of this lab is running.", "./startall")];
        }

        var findings = new List<Finding>();
        if (!pgpoolAnswers)
        {
            findings.Add(new Finding(null, $"Pgpool-II does not answer: {pgpoolProblem}", "./startall"));
        }

        if (lab.Mode is not ClusteringMode.StreamingReplication)
        {
            // Here every node is one that can be written to.
            return [.. findings, .. nodes.Select(n => OfPeer(lab, n, pgpoolAnswers)).OfType<Finding>()];
        }

        var primaries = nodes.Where(n => n.Postgres.Role == "primary").ToArray();
        if (primaries.Length == 0)
        {
            findings.Add(new Finding(null, "There is no primary.", null));
        }

        var rightful = primaries.MaxBy(n => n.Postgres.Timeline);
        foreach (var node in nodes)
        {
            if (Of(lab, node, pgpoolAnswers, rightful) is { } finding)
            {
                findings.Add(finding);
            }
        }

        return findings;
    }

    /// <summary>Points out nodes that write each other's files.</summary>
    public static IReadOnlyList<Finding> OfTablespaces(Lab lab, IReadOnlyList<NodeView> nodes, IReadOnlyList<SharedTablespace> shared)
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
               select new Finding(node,
                   $"Nodes {keeper} and {node} write the same files, and damage them: tablespace {tablespace.Number} lies in {tablespace.Folder} for both. "
                   + "Recovery gives each its own; LOCATION '' makes new ones so.",
                   primary is null || primary == node ? null
                       : nodes.Any(n => n.Id == node && n.Postgres.Up) ? $"{Stop(lab, node)} && {Recover(lab, node)}" : Recover(lab, node)),
        ];
    }

    private static string Stop(Lab lab, int node) => $"pg_ctl -D {lab.RelativeData(node)} -m fast stop";

    private static string Recover(Lab lab, int node) => $"pcp_recovery_node -p {lab.Pgpool.PcpPort} -n {node}";

    /// <summary>Points out what is wrong with the watchdog.</summary>
    public static IReadOnlyList<Finding> OfWatchdog(Lab lab, IReadOnlyList<WatchdogView> members)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(members);
        if (!members.Any(m => m.Answers))
        {
            return []; // told already
        }

        // Its processes may be there all the same: stopping first does no harm. The old scripts of the first one stop PostgreSQL, too.
        string? Restart(int id) => lab.PgpoolSetup is null ? $"pgpool{id}/stopall pgpool; pgpool{id}/startall pgpool" : id > 0 ? $"pgpool{id}/shutdownall; pgpool{id}/startall" : null;
        var findings = members.Where(m => !m.Answers).Select(m => new Finding(null, $"Pgpool-II {m.Id} does not answer: {m.Problem}", Restart(m.Id)))
            .Concat(members.Where(m => m.Answers && m.Status is null).Select(m => new Finding(null, $"Pgpool-II {m.Id} answers clients, but not pcp_watchdog_info: its first process may have been killed.", Restart(m.Id)))).ToList();
        var leaders = members.Count(m => m.Status is "LEADER" or "MASTER");
        if (leaders != 1)
        {
            findings.Add(new Finding(null, leaders == 0 ? "The watchdog has no leader (yet)." : $"The watchdog has {leaders} leaders.", null));
        }

        if (lab.Mode is ClusteringMode.StreamingReplication && members.FirstOrDefault(m => m is { Answers: true, Primary: not null }) is { } knows)
        {
            findings.AddRange(members.Where(m => m is { Answers: true, Primary: null }).Select(m =>
                new Finding(null, $"Pgpool-II {m.Id} shows no primary, and Pgpool-II {knows.Id} does: it asked its leader for it when that was still starting, and does not ask again by itself.", Restart(m.Id))));
        }

        if (members.Any(m => m.Quorum is false))
        {
            findings.Add(new Finding(null, $"The watchdog has no quorum ({members.Count(m => m.Answers)} of {members.Count} Pgpool-IIs answer): until it has, none of them decides on a failover.", null));
        }

        return findings;
    }

    private static Finding? OfPeer(Lab lab, NodeView node, bool pgpoolAnswers)
    {
        var start = $"pg_ctl -D {lab.RelativeData(node.Id)} -l {lab.RelativeNodeLog(node.Id)} start";
        var attach = $"pcp_attach_node -p {lab.Pgpool.PcpPort} -n {node.Id}";
        var (stop, recover) = (Stop(lab, node.Id), Recover(lab, node.Id));
        var attached = node.Pgpool?.Status is "up" or "waiting";
        var missedWrites = lab.Mode.WritesEverywhere();
        return node switch
        {
            { Postgres.InRecovery: true } => new Finding(node.Id, $"Node {node.Id} is a standby still: its online recovery has not come to an end; see {lab.RelativeLog}/recovery.log.", missedWrites ? $"{stop} && {recover}" : null),
            _ when !pgpoolAnswers => node.Postgres.Up ? null : new Finding(node.Id, $"Node {node.Id} does not answer: {node.Postgres.Problem}", null),
            { Pgpool: null } => new Finding(node.Id, $"Pgpool-II does not know node {node.Id}.", null),
            { Postgres.Up: false } when attached => new Finding(node.Id, $"They disagree: Pgpool-II takes node {node.Id} for {node.Pgpool.Status}, but its PostgreSQL does not answer: {node.Postgres.Problem}", null),
            { Postgres.Up: false } => new Finding(node.Id, $"Node {node.Id} is down.", missedWrites ? recover : $"{start} && {attach}"),
            _ when !attached && missedWrites => new Finding(node.Id, $"Pgpool-II has given node {node.Id} up; what was written since is not on it.", $"{stop} && {recover}"),
            _ when !attached => new Finding(node.Id, $"They disagree: Pgpool-II takes node {node.Id} for {node.Pgpool.Status}, but its PostgreSQL runs. Pgpool-II does not look again by itself.", attach),
            _ => null,
        };
    }

    private static Finding? Of(Lab lab, NodeView node, bool pgpoolAnswers, NodeView? rightful)
    {
        var (stop, recover) = (Stop(lab, node.Id), Recover(lab, node.Id));
        var attached = node.Pgpool?.Status is "up" or "waiting";
        if (node.Postgres is { Up: true, Role: "primary" } && rightful is not null && rightful.Id != node.Id)
        {
            return new Finding(node.Id,
                $"Split brain: node {node.Id} is a primary (timeline {node.Postgres.Timeline}) beside node {rightful.Id} (timeline {rightful.Postgres.Timeline}); what was written on one is not on the other.",
                $"{stop} && {(attached ? $"pcp_detach_node -p {lab.Pgpool.PcpPort} -n {node.Id} && " : "")}{recover}");
        }

        if (!pgpoolAnswers)
        {
            return node.Postgres.Up ? null : new Finding(node.Id, $"Node {node.Id} does not answer: {node.Postgres.Problem}", null);
        }

        return node switch
        {
            { Pgpool: null } => new Finding(node.Id, $"Pgpool-II does not know node {node.Id}.", null),
            { Postgres.Up: false } when attached =>
                new Finding(node.Id, $"They disagree: Pgpool-II takes node {node.Id} for {node.Pgpool.Status}, but its PostgreSQL does not answer: {node.Postgres.Problem}", null),
            { Postgres.Up: false } =>
                new Finding(node.Id, $"Node {node.Id} is down.", rightful is null ? null : recover),
            _ when !attached =>
                new Finding(node.Id, $"They disagree: Pgpool-II takes node {node.Id} for {node.Pgpool.Status}, but its PostgreSQL runs as {node.Postgres.Role}. Pgpool-II does not look again by itself.",
                    $"pcp_attach_node -p {lab.Pgpool.PcpPort} -n {node.Id}"),
            _ when node.Pgpool.Role != node.Postgres.Role =>
                new Finding(node.Id, $"They disagree: Pgpool-II takes node {node.Id} for a {node.Pgpool.Role}, but it is a {node.Postgres.Role}.", null),
            { Postgres: { Role: "standby", Receiver: not "streaming" } } =>
                new Finding(node.Id, $"Node {node.Id} is a standby, but it receives nothing (WAL receiver: {node.Postgres.Receiver ?? "none"}); see {lab.RelativeNodeLog(node.Id)}.",
                    rightful is null ? null : $"{stop} && {recover}"),
            { Postgres.Timeline: { } timeline } when rightful?.Postgres.Timeline is { } current && timeline != current =>
                new Finding(node.Id, $"Node {node.Id} is on timeline {timeline}, the primary on {current}.", null),
            _ => null,
        };
    }
}
