using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>What is wrong with a node where each can be written to.</summary>
internal static class PeersDiagnosis
{
    internal static Finding? Of(NodesFacts facts, NodeView node)
    {
        if (node.Postgres.IsSuspended)
        {
            return null; // said already
        }

        var lab = facts.Lab;
        var (start, recover) = (new Remedy.StartNode(node.Id), new Remedy.Recover(node.Id));
        var attached = node.Pgpool?.Status is "up" or "waiting";
        var missedWrites = lab.Mode.WritesEverywhere();
        return node switch
        {
            { Postgres.InRecovery: true } when facts.WorkOn(node.Id) is not null => facts.About(
                FindingKinds.RecoveryUnfinished,
                node,
                $"Node {node.Id} is a standby still.",
                null
            ),
            { Postgres.InRecovery: true } => Finding.Of(
                lab,
                FindingKinds.RecoveryUnfinished,
                node.Id,
                $"Node {node.Id} is a standby still: its online recovery has not come to an end; see "
                    + $"{lab.RelativeLog}/recovery.log.",
                missedWrites ? [recover] : []
            ),
            _ when !facts.Pgpool.Answers => node.Postgres.Up ? null : StreamingDiagnosis.NoAnswer(facts, node),
            { Pgpool: null } => StreamingDiagnosis.Unknown(lab, node),
            { Postgres.Up: false } when attached => StreamingDiagnosis.DeadButAttached(facts, node),
            { Postgres: { Up: false, Runs: true } } => StreamingDiagnosis.NoAnswer(facts, node),
            { Postgres.Up: false } => facts.About(
                FindingKinds.NodeDown,
                node,
                $"Node {node.Id} is down.",
                null,
                missedWrites ? [recover] : [start]
            ),
            _ when !attached && missedWrites => facts.About(
                FindingKinds.MissedWrites,
                node,
                $"Pgpool-II has given node {node.Id} up; what was written since is not on it.",
                null,
                recover
            ),
            _ when !attached => facts.About(
                StreamingDiagnosis.Detached(node),
                node,
                $"They disagree: Pgpool-II takes node {node.Id} for {node.Pgpool.Status}, but its PostgreSQL runs.",
                "Pgpool-II does not look again by itself.",
                new Remedy.Attach(node.Id)
            ),
            _ => null,
        };
    }
}
