namespace PgpoolLab.Servers.Reports;

/// <summary>A kind of finding.</summary>
/// <param name="Id">Its stable name: in <c>--json</c>, and as an anchor of docs/status.md.</param>
/// <param name="Severity">How bad it is, unless the finding itself says otherwise.</param>
/// <param name="Consequence">What follows from it, one or two sentences.</param>
public sealed record FindingKind(string Id, FindingSeverity Severity, string Consequence);

/// <summary>Every kind of finding. Ids are public: they are never renamed.</summary>
public static class FindingKinds
{
    /// <summary>No server of the lab runs.</summary>
    public static FindingKind NotRunning { get; } = Broken("not-running", "Clients cannot connect.");

    /// <summary>Pgpool-II has no process.</summary>
    public static FindingKind PgpoolDown { get; } =
        Broken("pgpool-down", "Clients of Pgpool-II cannot connect, and nobody fails over.");

    /// <summary>Pgpool-II has a process, or seems to, and does not answer.</summary>
    public static FindingKind PgpoolSilent { get; } =
        Broken("pgpool-silent", "Clients of Pgpool-II wait or get errors.");

    /// <summary>A machine of the lab does not answer.</summary>
    public static FindingKind HostSilent { get; } =
        Broken("host-silent", "What runs there is not known. It may be down, or cut off and running.");

    /// <summary>Two nodes can be written to.</summary>
    public static FindingKind TwoPrimaries { get; } =
        Broken(
            "two-primaries",
            "Pgpool-II writes to one of them only. Rows that clients write to the other one directly are lost when it "
                + "is recovered."
        );

    /// <summary>No node can be written to.</summary>
    public static FindingKind NoPrimary { get; } = Broken("no-primary", "Every write fails; reads may still work.");

    /// <summary>A server is stopped by a signal or a debugger.</summary>
    public static FindingKind Paused { get; } = Broken("paused", "Clients that reach it wait, and get no error.");

    /// <summary>Commits wait for a synchronous standby.</summary>
    public static FindingKind WaitsForSync { get; } =
        Broken("waits-for-sync", "Each COMMIT hangs until enough synchronous standbys stream.");

    /// <summary>Nodes write the same files.</summary>
    public static FindingKind TablespaceShared { get; } =
        Broken("tablespace-shared", "The tables in that tablespace get damaged.");

    /// <summary>A node runs, and Pgpool-II does not use it.</summary>
    public static FindingKind DetachedButRuns { get; } =
        Warning("detached-but-runs", "Pgpool-II sends it no queries, and cannot fail over to it.");

    /// <summary>A watchdog without quorum has taken a node out.</summary>
    public static FindingKind Quarantine { get; } =
        Warning("quarantine", "This Pgpool-II sends it no queries; the others may still use it.");

    /// <summary>Pgpool-II uses a node that is dead.</summary>
    public static FindingKind AttachedButDead { get; } =
        Warning("attached-but-dead", "Sessions that use this node get an error until Pgpool-II has noticed.");

    /// <summary>A node does not run.</summary>
    public static FindingKind NodeDown { get; } =
        Warning("node-down", "The lab works without it, with one copy of the data less.");

    /// <summary>A node that does not run was primary before another one took over.</summary>
    public static FindingKind OutdatedPrimary { get; } =
        Warning("outdated-primary", "Started as it is, it would be a second primary.");

    /// <summary>A standby has another history than the primary.</summary>
    public static FindingKind Diverged { get; } =
        Warning("diverged", "It serves old rows, and never catches up by itself.");

    /// <summary>A standby gets no WAL.</summary>
    public static FindingKind ReceivesNothing { get; } =
        Warning("receives-nothing", "It serves old rows, and falls further behind with every write.");

    /// <summary>Pgpool-II has held a node as down since it was started.</summary>
    public static FindingKind RememberedDown { get; } =
        Warning("remembered-down", "Pgpool-II sends it no queries, and cannot fail over to it.");

    /// <summary>A standby's replication slot is gone, or has lost its WAL.</summary>
    public static FindingKind SlotLost { get; } =
        Warning("slot-lost", "It serves old rows, and never catches up by itself.");

    /// <summary>The primary has removed WAL that a standby still needs.</summary>
    public static FindingKind SegmentRemoved { get; } =
        Warning("segment-removed", "It serves old rows, and never catches up by itself.");

    /// <summary>follow_primary.sh could not make a standby follow the new primary.</summary>
    public static FindingKind FollowPrimaryFailed { get; } =
        Warning("follow-primary-failed", "Pgpool-II does not use that standby, and does not try again.");

    /// <summary>Pgpool-II does not see that a standby streams.</summary>
    public static FindingKind BlankReplicationState { get; } =
        Warning(
            "blank-replication-state",
            "SHOW pool_nodes shows no replication_state for it, and Pgpool-II does not know whether it streams."
        );

    /// <summary>A standby is behind.</summary>
    public static FindingKind Lags { get; } = Warning("lags", "Who reads from it sees old rows.");

    /// <summary>A slot that nobody uses keeps WAL.</summary>
    public static FindingKind SlotHoldsWal { get; } =
        Warning("slot-holds-wal", "The primary may remove none of that WAL; it grows until the disk is full.");

    /// <summary>A setting in a file is not in effect.</summary>
    public static FindingKind ConfigNeedsRestart { get; } =
        Warning("config-needs-restart", "The server goes on with the old value; a reload does not change it.");

    /// <summary>A disk is nearly full.</summary>
    public static FindingKind DiskLow { get; } =
        Warning("disk-low", "A PostgreSQL that cannot write its WAL stops at once (PANIC).");

    /// <summary>Every process of Pgpool-II that takes clients has one.</summary>
    public static FindingKind ChildrenExhausted { get; } =
        Broken("children-exhausted", "The next client waits, and gets no error, until another one leaves.");

    /// <summary>PostgreSQL has room for fewer sessions than Pgpool-II may open.</summary>
    public static FindingKind MaxConnectionsSmall { get; } =
        Warning(
            "max-connections-small",
            "With many clients some get 'sorry, too many clients already', and Pgpool-II may give up a healthy node."
        );

    /// <summary>Pgpool-II refuses the password for pcp.</summary>
    public static FindingKind PcpRefused { get; } =
        Warning(
            "pcp-auth",
            "attach, detach, recover and switchover fail, and so does follow_primary after a failover."
        );

    /// <summary>Pgpool-II has just failed over, and replaces its processes.</summary>
    public static FindingKind Renewing { get; } =
        new("renewing", FindingSeverity.Note, "A client that connects in this moment may be cut off once.");

    /// <summary>Pgpool-II does not list a node.</summary>
    public static FindingKind NodeUnknown { get; } = Warning("node-unknown", "Pgpool-II does not use it.");

    /// <summary>Pgpool-II is wrong about a node's role.</summary>
    public static FindingKind RolesDisagree { get; } =
        Warning("roles-disagree", "Pgpool-II may send writes to a node that refuses them.");

    /// <summary>A node's online recovery has not come to its end.</summary>
    public static FindingKind RecoveryUnfinished { get; } =
        Warning("recovery-unfinished", "It can be read only, and does not take part in replication.");

    /// <summary>A node was given up in a mode in which Pgpool-II replicates.</summary>
    public static FindingKind MissedWrites { get; } =
        Warning("missed-writes", "Pgpool-II does not use it. Attached as it is, it would answer with old rows.");

    /// <summary>The watchdog's members are too few to decide.</summary>
    public static FindingKind NoQuorum { get; } =
        Warning("no-quorum", "When a node dies, nobody fails over; it is only quarantined.");

    /// <summary>The watchdog has no leader, or several.</summary>
    public static FindingKind NoLeader { get; } =
        Warning("no-leader", "No failover is decided on, and no virtual address is held, until there is exactly one.");

    /// <summary>Several hosts have the virtual IP.</summary>
    public static FindingKind VirtualIpTwice { get; } =
        Broken("virtual-ip-twice", "Clients of the virtual IP reach now one host, now another.");

    /// <summary>No host has the virtual IP.</summary>
    public static FindingKind VirtualIpNowhere { get; } =
        Broken("virtual-ip-nowhere", "Clients of the virtual IP cannot connect.");

    /// <summary>A host has the virtual IP whose Pgpool-II does not lead.</summary>
    public static FindingKind VirtualIpElsewhere { get; } =
        Warning("virtual-ip-elsewhere", "Clients of the virtual IP depend on a Pgpool-II that gives it up to nobody.");

    /// <summary>Hosts are cut off from each other by a command.</summary>
    public static FindingKind HostsCutOff { get; } =
        Warning("hosts-cut-off", "Servers on one side take those on the other for dead.");

    /// <summary>The process of the lab's links does not run.</summary>
    public static FindingKind LinksDown { get; } =
        Broken("links-down", "No server of the lab reaches another one, as if the whole network were gone.");

    /// <summary>A link between servers is cut or slowed down by a command.</summary>
    public static FindingKind LinkCut { get; } =
        Warning("link-cut", "What goes over it arrives late or not at all; servers take each other for dead.");

    /// <summary>One of several Pgpool-IIs does not answer.</summary>
    public static FindingKind MemberDown { get; } =
        Warning("member-down", "Its clients cannot connect, and the watchdog has one vote less.");

    /// <summary>A Pgpool-II of a watchdog shows no primary.</summary>
    public static FindingKind PrimaryUnknown { get; } =
        Warning("primary-unknown", "Writes through this Pgpool-II fail.");

    /// <summary>Pgpool-II fails over.</summary>
    public static FindingKind FailoverRuns { get; } =
        Warning("failover-runs", "Clients may wait or lose their session until it has ended.");

    /// <summary>A standby is made to follow the new primary.</summary>
    public static FindingKind FollowPrimaryRuns { get; } =
        Warning("follow-primary-runs", "Until it has ended Pgpool-II does not use that standby.");

    /// <summary>A node is copied again.</summary>
    public static FindingKind RecoveryRuns { get; } =
        Warning("recovery-runs", "Until it has ended Pgpool-II does not use that node.");

    /// <summary>A command works on the lab.</summary>
    public static FindingKind CommandRuns { get; } =
        new("command-runs", FindingSeverity.Note, "Other commands that change the lab are refused until it has ended.");

    /// <summary>All of them, the worst first: findings of one severity are shown in this order.</summary>
    public static IReadOnlyList<FindingKind> All { get; } =
    [
        NotRunning,
        HostSilent,
        TwoPrimaries,
        TablespaceShared,
        VirtualIpTwice,
        NoPrimary,
        PgpoolDown,
        PgpoolSilent,
        VirtualIpNowhere,
        ChildrenExhausted,
        WaitsForSync,
        Paused,
        LinksDown,
        HostsCutOff,
        LinkCut,
        NoQuorum,
        NoLeader,
        VirtualIpElsewhere,
        DiskLow,
        FollowPrimaryFailed,
        Diverged,
        SegmentRemoved,
        SlotLost,
        ReceivesNothing,
        MissedWrites,
        OutdatedPrimary,
        AttachedButDead,
        NodeDown,
        RolesDisagree,
        PrimaryUnknown,
        MemberDown,
        RememberedDown,
        DetachedButRuns,
        Quarantine,
        RecoveryUnfinished,
        NodeUnknown,
        BlankReplicationState,
        Lags,
        PcpRefused,
        SlotHoldsWal,
        MaxConnectionsSmall,
        ConfigNeedsRestart,
        FailoverRuns,
        FollowPrimaryRuns,
        RecoveryRuns,
        Renewing,
        CommandRuns,
    ];

    /// <summary>The worst first; of one kind by node.</summary>
    public static IReadOnlyList<Finding> WorstFirst(IEnumerable<Finding> findings)
    {
        ArgumentNullException.ThrowIfNull(findings);
        return
        [
            .. findings
                .OrderByDescending(f => f.Severity)
                .ThenBy(f => All.TakeWhile(k => k != f.Kind).Count())
                .ThenBy(f => f.Node),
        ];
    }

    private static FindingKind Broken(string id, string consequence) => new(id, FindingSeverity.Broken, consequence);

    private static FindingKind Warning(string id, string consequence) => new(id, FindingSeverity.Warning, consequence);
}
