namespace PgpoolLab.Servers.Logs;

/// <summary>The messages that report an event, of Pgpool-II 4.1 to 4.7 and PostgreSQL 10 to 18.</summary>
/// <remarks>Sources of Pgpool-II: pgpool_main.c, health_check.c, recovery.c, watchdog.c. Up to 4.3 the texts of a
/// failover stand alone; since 4.4 there are "===" around them. Up to 4.1 a leader is a master.</remarks>
internal static class EventPatterns
{
    internal static readonly EventPattern[] All =
    [
        // ---- Pgpool-II: itself
        new(
            LogKind.Pgpool,
            "successfully started",
            @"\Apgpool-II successfully started\. version (?<version>\S+)",
            "pgpool-up",
            "{source} {version} is up"
        ),
        new(
            LogKind.Pgpool,
            "shutting down by",
            @"\Ashutting down by signal (?<signal>\d+)",
            "pgpool-stops",
            "{source} is told to stop, by signal {signal}"
        ),
        new(
            LogKind.Pgpool,
            "system is shutdown",
            @"\APgpool-II system is shutdown",
            "pgpool-down",
            "{source} has ended"
        ),
        new(
            LogKind.Pgpool,
            "by signal",
            @"\A(?<process>.+?) (process with pid: )?(?<pid>\d+) exits with status \d+ by signal (?<signal>\d+)",
            "process-killed",
            "{source}: the {process} {pid} was ended by signal {signal}"
        ),
        // ---- Pgpool-II: nodes
        new(
            LogKind.Pgpool,
            "health check retrying",
            @"\Ahealth check retrying on DB node: (?<node>\d+) \(round:(?<round>\d+)\)",
            "health-check-retries",
            "node {node} does not answer the health check; try {round} follows"
        ),
        new(
            LogKind.Pgpool,
            "health check failed",
            @"\Ahealth check failed on (node|quarantine node) (?<node>\d+) ",
            "health-check-failed",
            "node {node} did not answer the health check"
        ),
        new(
            LogKind.Pgpool,
            "tarting degeneration",
            @"\A(=== )?[Ss]tarting degeneration\. shutdown host (?<host>.+)\((?<port>\d+)\)",
            "failover-begins",
            "{source} gives up node {node}"
        ),
        new(
            LogKind.Pgpool,
            "ailover done",
            @"\A(=== )?[Ff]ailover done\. shutdown host (?<host>.+)\((?<port>\d+)\)",
            "failover-ends",
            "the failover of node {node} is done"
        ),
        new(
            LogKind.Pgpool,
            "tarting quarantine",
            @"\A(=== )?[Ss]tarting quarantine\. shutdown host (?<host>.+)\((?<port>\d+)\)",
            "quarantine-begins",
            "{source} puts node {node} in quarantine: it would fail over, but may not without a quorum"
        ),
        new(
            LogKind.Pgpool,
            "uarantine done",
            @"\A(=== )?[Qq]uarantine done\. shutdown host (?<host>.+)\((?<port>\d+)\)",
            "quarantine-ends",
            "node {node} is in quarantine"
        ),
        new(
            LogKind.Pgpool,
            "tarting fail back",
            @"\A(=== )?[Ss]tarting fail back\. reconnect host (?<host>.+)\((?<port>\d+)\)",
            "attach-begins",
            "{source} attaches node {node}"
        ),
        new(
            LogKind.Pgpool,
            "ailback done",
            @"\A(=== )?[Ff]ailback done\. reconnect host (?<host>.+)\((?<port>\d+)\)",
            "attach-ends",
            "node {node} is attached"
        ),
        new(
            LogKind.Pgpool,
            "set new primary node",
            @"\Afailover: set new primary node: (?<node>-?\d+)",
            "primary",
            "{source} takes node {node} for the primary"
        ),
        new(
            LogKind.Pgpool,
            "primary node is",
            @"\Afind_primary_node: primary node is (?<node>\d+)",
            "primary",
            "{source} takes node {node} for the primary"
        ),
        // A member of a watchdog that has not failed over itself.
        new(
            LogKind.Pgpool,
            "is different from local primary",
            @"\Aprimary node:(?<node>-?\d+) on (leader|master) watchdog node "".*"" is different from local primary",
            "primary",
            "{source} takes node {node} for the primary"
        ),
        new(
            LogKind.Pgpool,
            "execute command",
            @"\Aexecute command: .*/follow_(primary|master)\S* (?<node>\d+) \S+ \d+ (?<primary>\d+) ",
            "follow-begins",
            "node {node} is to follow node {primary}"
        ),
        new(
            LogKind.Pgpool,
            "execute command",
            @"\Aexecute command: .*/(?<script>failover)\S* (?<node>\d+) \S+ \d+ (?<new_main>-?\d+) ",
            "script-begins",
            "failover.sh runs: node {node} is lost, node {new_main} is the first that is left"
        ),
        // ---- Pgpool-II: online recovery
        new(
            LogKind.Pgpool,
            "starting recovering",
            @"\Astarting recovering node (?<node>\d+)",
            "recovery-begins",
            "the online recovery of node {node} begins"
        ),
        new(LogKind.Pgpool, "recovery done", @"\Arecovery done\z", "recovery-ends", "node {node} is recovered"),
        new(
            LogKind.Pgpool,
            "recovery",
            @"\A(?<reason>(node recovery failed|process recovery request failed|executing recovery, execut|"
                + @"executing remote start failed)[^\n]*(\nDETAIL:  [^\n]+)?)",
            "recovery-fails",
            "an online recovery failed: {reason}"
        ),
        // ---- Pgpool-II: watchdog
        new(
            LogKind.Pgpool,
            "as watchdog cluster",
            @"\Asetting the (local|remote) node ""(?<leader>[^""]*)"" as watchdog cluster (leader|master)",
            "leader",
            "{source} takes {leader} for the leader"
        ),
        new(
            LogKind.Pgpool,
            "have lost the cluster",
            @"\AWe have lost the cluster (leader|master) node ""(?<leader>[^""]*)""",
            "leader-lost",
            "{source} has lost the leader, {leader}"
        ),
        new(
            LogKind.Pgpool,
            "remote node",
            @"\Aremote node ""(?<member>[^""]*)"" is (shutting down|lost( due to missed beacons)?)\z",
            "member-lost",
            "{source} has lost {member}"
        ),
        new(
            LogKind.Pgpool,
            "node state changed",
            @"\Awatchdog node state changed from \[(?<from>[^\]]*)\] to \[(?<to>[^\]]*)\]",
            "watchdog-state",
            "{source}: its watchdog was {from} and is {to}"
        ),
        new(LogKind.Pgpool, "quorum found", @"\Aquorum found", "quorum", "{source} leads a quorum"),
        new(LogKind.Pgpool, "lost the quorum", @"\AWe have lost the quorum", "quorum-lost", "there is no quorum"),
        // ---- PostgreSQL: a server
        new(
            LogKind.Node,
            "starting PostgreSQL",
            @"\Astarting PostgreSQL (?<version>\S+)",
            "server-starts",
            "{source} starts (PostgreSQL {version})"
        ),
        new(
            LogKind.Node,
            "ready to accept connections",
            @"\Adatabase system is ready to accept connections",
            "server-up",
            "{source} accepts connections"
        ),
        new(
            LogKind.Node,
            "ready to accept read",
            @"\Adatabase system is ready to accept read[- ]only connections",
            "server-up",
            "{source} accepts connections as a standby"
        ),
        new(
            LogKind.Node,
            "shutdown request",
            @"\Areceived (?<mode>smart|fast|immediate) shutdown request",
            "server-stops",
            "{source} is told to stop ({mode})"
        ),
        new(
            LogKind.Node,
            "is shut down",
            @"\Adatabase system is shut down",
            "server-down",
            "{source} has ended in good order"
        ),
        // Its children say so; it cannot.
        new(
            LogKind.Node,
            "postmaster exit",
            @"\Aterminating connection due to unexpected postmaster exit",
            "server-died",
            "{source} died"
        ),
        new(
            LogKind.Node,
            "not properly shut down",
            @"\Adatabase system was not properly shut down",
            "crash-recovery",
            "{source} had died; it recovers what it has in its WAL"
        ),
        new(
            LogKind.Node,
            "was terminated by signal",
            @"\A(?<process>.+) \(PID (?<pid>\d+)\) was terminated by signal (?<signal>\d+)",
            "process-killed",
            "{source}: the {process} {pid} was ended by signal {signal}"
        ),
        // ---- PostgreSQL: roles
        new(
            LogKind.Node,
            "promote request",
            @"\Areceived promote request",
            "promotion-begins",
            "{source} is being promoted"
        ),
        new(
            LogKind.Node,
            "selected new timeline",
            @"\Aselected new timeline ID: (?<timeline>\d+)",
            "timeline",
            "{source} begins timeline {timeline}"
        ),
        // ---- PostgreSQL: replication
        new(
            LogKind.Node,
            "started streaming",
            @"\Astarted streaming WAL from primary at \S+ on timeline (?<timeline>\d+)",
            "streaming-begins",
            "{source} receives WAL, on timeline {timeline}"
        ),
        new(
            LogKind.Node,
            "to the primary server",
            @"\Acould not connect to the primary server: (?<reason>.+)",
            "streaming-breaks",
            "{source} receives no WAL: {reason}"
        ),
        new(
            LogKind.Node,
            "WAL stream",
            @"\Acould not (receive data from|start) WAL stream(ing)?: (?<reason>.+)",
            "streaming-breaks",
            "{source} receives no WAL: {reason}"
        ),
        new(
            LogKind.Node,
            "forked off current database system timeline",
            @"\Anew timeline (?<timeline>\d+) forked off current database system timeline \d+ before current recovery",
            "diverged",
            "{source} has diverged: it is past the point where timeline {timeline} begins"
        ),
        new(
            LogKind.Node,
            "has already been removed",
            @"\Arequested WAL segment (?<segment>\w+) has already been removed",
            "segment-missing",
            "{source} has no WAL segment {segment} any more, for which a standby asks"
        ),
        // ---- this program
        new(
            LogKind.Tool,
            "setup begins",
            @"\Asetup begins: (?<command>.+)",
            "setup-begins",
            "pgpoollab makes the lab: {command}"
        ),
        new(
            LogKind.Tool,
            "Start ",
            @"\A(?<step>Start (node (?<node>\d+)|Pgpool-II( (?<pgpool>\d+))?)): begins",
            "start-begins",
            "{step}"
        ),
        new(
            LogKind.Tool,
            "Start ",
            @"\A(?<step>Start (node (?<node>\d+)|Pgpool-II( (?<pgpool>\d+))?)): done in (?<duration_ms>\d+) ms",
            "start-ends",
            "{step}: done in {duration_ms} ms"
        ),
        new(
            LogKind.Tool,
            "Stop ",
            @"\A(?<step>Stop (node (?<node>\d+)|Pgpool-II( (?<pgpool>\d+))?)): begins",
            "stop-begins",
            "{step}"
        ),
        new(
            LogKind.Tool,
            "Stop ",
            @"\A(?<step>Stop (node (?<node>\d+)|Pgpool-II( (?<pgpool>\d+))?)): done in (?<duration_ms>\d+) ms",
            "stop-ends",
            "{step}: done in {duration_ms} ms"
        ),
    ];
}
