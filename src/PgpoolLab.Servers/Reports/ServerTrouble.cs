using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>Room: sessions, disks, WAL that is kept; and settings that wait for a restart.</summary>
internal static class ServerTrouble
{
    /// <summary>Four WAL segments: less is usual after a node was away for a moment.</summary>
    private const long MuchWal = 64L << 20;

    /// <summary>A few WAL segments and a checkpoint's files.</summary>
    private const long LittleSpace = 256L << 20;

    /// <summary>Two WAL segments.</summary>
    private const long NoSpace = 32L << 20;

    internal static IEnumerable<Finding> Of(StatusFacts facts) =>
        [
            .. facts.Details.Disks.Select(d => OfDisk(facts, d)).OfType<Finding>(),
            .. facts.Details.Nodes.Values.SelectMany(n => OfSlots(facts, n)),
            .. OfSessions(facts),
            .. facts.Details.Nodes.Values.Select(n => OfSettings(facts, n)).OfType<Finding>(),
        ];

    private static Finding? OfDisk(StatusFacts facts, DiskSpace disk) =>
        disk.FreeBytes >= LittleSpace
            ? null
            : facts.About(
                FindingKinds.DiskLow,
                null,
                $"The disk of {disk.Folder} has {StandbyTrouble.Megabytes(disk.FreeBytes)} left.",
                null
            ) with
            {
                Severity = disk.FreeBytes < NoSpace ? FindingSeverity.Broken : FindingSeverity.Warning,
            };

    private static IEnumerable<Finding> OfSlots(StatusFacts facts, NodeDetails details) =>
        (details.Slots ?? [])
            .Where(s => !s.Active && s.HeldBytes >= MuchWal)
            .Select(s =>
            {
                var owner = facts.Lab.Nodes.FirstOrDefault(n => n.Id != details.Node && n.SlotName == s.Name);
                IReadOnlyList<Remedy> drop =
                    owner is null && s.IsPhysical
                        ? [new Remedy.Execute(details.Node, $"SELECT pg_drop_replication_slot('{s.Name}')")]
                        : [];
                var finding = facts.About(
                    FindingKinds.SlotHoldsWal,
                    details.Node,
                    $"The replication slot '{s.Name}' on node {details.Node} keeps "
                        + $"{StandbyTrouble.Megabytes(s.HeldBytes!.Value)} of WAL, and nobody uses it.",
                    owner is not null ? $"It is node {owner.Id}'s, which does not stream."
                        : !s.IsPhysical ? "It is a logical slot: a subscription or another reader of yours has made it."
                        : PostgresNode.IsSlotName(s.Name)
                            ? "It is one of the lab's own, and none of its nodes streams by it."
                        : "It belongs to no node of this lab: pg_receivewal or another reader of yours may come back "
                            + "for it. If nobody does, drop it.",
                    drop
                );
                // What somebody else has made is theirs: it is shown, and not done.
                return PostgresNode.IsSlotName(s.Name) || facts.WorkOn(details.Node) is not null
                    ? finding
                    : finding with
                    {
                        Remedies = [],
                    };
            });

    private static IEnumerable<Finding> OfSessions(StatusFacts facts)
    {
        var (needed, wanted, complete) = (0, 0, facts.Details.Pgpools.Count > 0);
        foreach (var pgpool in facts.Details.Pgpools.Values)
        {
            var own =
                (PgpoolTrouble.Number(pgpool["num_init_children"]) ?? 32)
                * (PgpoolTrouble.Number(pgpool["max_pool"]) ?? 4);
            // Those of other hosts open as many.
            needed += facts.Lab.Here is null ? own : own * facts.Lab.Pgpools.Count;
            // Somebody has chosen it; the defaults of both programs do not fit, and mostly do no harm.
            wanted = Math.Max(
                wanted,
                pgpool.InFile.ContainsKey("num_init_children") || pgpool.InFile.ContainsKey("max_pool") ? own : 0
            );
            complete &= pgpool.InFile.Count > 0;
        }

        var small = facts
            .Details.Nodes.Values.Where(n => n.MaxConnections - n.ReservedConnections < needed)
            .OrderBy(n => n.Node)
            .ToArray();
        if (!complete || small.Length == 0)
        {
            yield break;
        }

        yield return facts.About(
            FindingKinds.MaxConnectionsSmall,
            null,
            $"Pgpool-II may open {needed} sessions on each node, and "
                + (
                    small.Length == 1
                        ? $"node {small[0].Node} has "
                        : $"nodes {string.Join(", ", small.Select(n => n.Node))} have "
                )
                + $"room for {small.Min(n => n.MaxConnections - n.ReservedConnections)}.",
            "num_init_children * max_pool is larger than max_connections without superuser_reserved_connections.",
            facts.Lab.OwnsNodes
                ?
                [
                    new Remedy.Configure(
                        SettingAssignment.Postgres,
                        "max_connections",
                        $"{needed + small.Max(n => n.ReservedConnections) + SessionLimits.ForOthers}"
                    ),
                ]
                : []
        ) with
        {
            Severity = small.Any(n => n.MaxConnections - n.ReservedConnections < wanted)
                ? FindingSeverity.Warning
                : FindingSeverity.Note,
        };
    }

    private static Finding? OfSettings(StatusFacts facts, NodeDetails details) =>
        details.PendingRestart is not { } names
            ? null
            : facts.About(
                FindingKinds.ConfigNeedsRestart,
                details.Node,
                $"Node {details.Node} waits for a restart to take these settings: {names}.",
                "Its configuration was changed since it was started.",
                facts.Lab.OwnsNodes ? [new Remedy.ApplySettings()] : []
            );
}
