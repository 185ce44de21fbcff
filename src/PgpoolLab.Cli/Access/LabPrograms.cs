using PgpoolLab.Model;

namespace PgpoolLab.Cli.Access;

/// <summary>The programs that people call by name when they work with a lab.</summary>
internal static class LabPrograms
{
    private static readonly string[] Pcp =
    [
        "pcp_attach_node",
        "pcp_detach_node",
        "pcp_health_check_stats",
        "pcp_invalidate_query_cache",
        "pcp_log_rotate",
        "pcp_node_count",
        "pcp_node_info",
        "pcp_pool_status",
        "pcp_proc_count",
        "pcp_proc_info",
        "pcp_promote_node",
        "pcp_recovery_node",
        "pcp_reload_config",
        "pcp_stop_pgpool",
        "pcp_watchdog_info",
    ];

    internal static readonly string[] Postgres =
    [
        "psql",
        "pgbench",
        "pg_ctl",
        "postgres",
        "createdb",
        "dropdb",
        "createuser",
        "dropuser",
        "pg_dump",
        "pg_dumpall",
        "pg_restore",
        "vacuumdb",
        "reindexdb",
        "pg_isready",
        "pg_basebackup",
        "pg_controldata",
        "pg_rewind",
        "pg_resetwal",
        "pg_receivewal",
        "pg_recvlogical",
        "pg_waldump",
        "pg_checksums",
    ];

    internal static bool IsPcp(string program) => Pcp.Contains(program);

    /// <summary>The pcp programs that this lab's Pgpool-II has.</summary>
    internal static IReadOnlyList<string> PcpOf(Lab lab) => [.. Pcp.Where(p => File.Exists(lab.Tools.PcpProgram(p)))];

    /// <summary>A pcp program and what it is always called with. Without -w it asks for a password even where
    /// PCPPASSFILE has it.</summary>
    internal static IReadOnlyList<string> PcpWords(Lab lab, string program) =>
        [
            lab.Tools.PcpProgram(program),
            "-w",
            .. lab.HasPrivateSockets
                ? (string[])["-h", lab.Pgpool.PcpSocketDirectory, "-p", $"{lab.Pgpool.PcpPort}"]
                : [],
        ];
}
