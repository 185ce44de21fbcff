namespace PgpoolLab.Model;

/// <summary>Settings of a configuration file of another machine that mean nothing in a lab, or keep it from working,
/// and that nobody has asked for by name. With
/// <c>--set</c> they can be had.</summary>
internal static class ForeignSettings
{
    private const string Itself = "the lab itself decides that.";
    private const string Logs = "the lab's logs lie in its folder log.";
    private static readonly SpecProblem Tls = new($"use {SpecField.Tls}; the lab has certificates of its own.");
    private static readonly SpecProblem Archive = new(
        $"the lab archives its WAL itself, unless {SpecField.Slots} is given."
    );
    private const string Scripts = "the lab has scripts of its own.";
    private const string Roles = "the lab has a role of its own for that.";
    private static readonly SpecProblem Watchdog = new($"use {SpecField.Watchdog} N.");
    private const string Replication = "the lab itself decides that, for each standby.";
    private static readonly SpecProblem Locale = new(
        $"this machine may not have that locale; use {SpecField.Settings}, or {SpecField.InitDbArguments}."
    );
    private static readonly SpecProblem Standbys = new(
        $"a lab's standbys are called server0, server1, …; use {SpecField.Settings}."
    );
    private static readonly SpecProblem OtherFile = new(
        $"it names a file of another machine; use {SpecField.Settings}."
    );

    /// <summary>Names, or beginnings of names (with a star).</summary>
    private static readonly (string Name, SpecProblem? Reason)[] Known =
    [
        ("postgresql.ssl", Tls),
        ("postgresql.ssl_*", Tls),
        ("postgresql.krb_server_keyfile", OtherFile),
        ("postgresql.external_pid_file", Itself),
        ("postgresql.logging_collector", Logs),
        ("postgresql.log_destination", Logs),
        ("postgresql.stats_temp_directory", Itself),
        ("postgresql.archive_*", Archive),
        ("postgresql.wal_level", new($"use {SpecField.Mode}.")),
        ("postgresql.hot_standby", Itself),
        ("postgresql.max_wal_senders", "the lab has as many as its nodes need."),
        ("postgresql.max_replication_slots", "the lab has as many as its nodes need."),
        ("postgresql.synchronous_standby_names", Standbys),
        ("postgresql.recovery_target*", Replication),
        ("postgresql.recovery_end_command", Replication),
        ("postgresql.promote_trigger_file", Replication),
        ("postgresql.lc_*", Locale),
        ("pgpool.enable_pool_hba", new($"use {SpecField.Auth} METHOD.")),
        ("pgpool.ssl", Tls),
        ("pgpool.ssl_*", Tls),
        ("pgpool.failover_command", Scripts),
        ("pgpool.failback_command", Scripts),
        ("pgpool.follow_primary_command", Scripts),
        ("pgpool.follow_master_command", Scripts),
        ("pgpool.recovery_1st_stage_command", Scripts),
        ("pgpool.recovery_2nd_stage_command", Scripts),
        ("pgpool.recovery_user", Roles),
        ("pgpool.recovery_password", Roles),
        ("pgpool.recovery_database", Roles),
        ("pgpool.sr_check_user", Roles),
        ("pgpool.sr_check_password", Roles),
        ("pgpool.sr_check_database", Roles),
        ("pgpool.health_check_user", Roles),
        ("pgpool.health_check_password", Roles),
        ("pgpool.health_check_database", Roles),
        ("pgpool.logdir", Logs),
        ("pgpool.work_dir", Logs),
        ("pgpool.log_directory", Logs),
        ("pgpool.log_filename", Logs),
        ("pgpool.log_destination", Logs),
        ("pgpool.logging_collector", Logs),
        ("pgpool.memqcache_oiddir", Itself),
        ("pgpool.wd_*", Watchdog),
        ("pgpool.heartbeat_*", Watchdog),
        ("pgpool.other_*", Watchdog),
        ("pgpool.delegate_*", Watchdog),
        ("pgpool.if_*", Watchdog),
        ("pgpool.arping_*", Watchdog),
        ("pgpool.trusted_*", Watchdog),
        ("pgpool.ping_path", Watchdog),
        ("pgpool.ifconfig_path", Watchdog),
    ];

    /// <summary>Why a lab does not take a setting of a file; null when it does.</summary>
    /// <param name="program"><c>pgpool</c> or <c>postgresql</c>.</param>
    /// <param name="name">Its name; Pgpool-II's may end in the number of a node.</param>
    /// <param name="value">Its value.</param>
    /// <param name="spec">What the lab is to be.</param>
    internal static SpecProblem? WhyNot(string program, string name, string value, LabSpec spec)
    {
        var plain = program == "pgpool" ? name.TrimEnd([.. "0123456789"]) : name.ToLowerInvariant();
        var full = $"{program}.{plain}";
        return Known
                .FirstOrDefault(k =>
                    k.Name == full || (k.Name.EndsWith('*') && full.StartsWith(k.Name[..^1], StringComparison.Ordinal))
                )
                .Reason
            ?? full switch
            {
                "postgresql.default_tablespace" or "postgresql.temp_tablespaces" when value.Trim().Length > 0 =>
                    "the lab has no such tablespace.",
                "postgresql.default_transaction_isolation" when spec.Mode is ClusteringMode.SnapshotIsolation =>
                    new SpecProblem($"use {SpecField.Mode}."),
                _ => program == "pgpool" && int.TryParse(name[plain.Length..], out var node) && node >= spec.Nodes
                    ? $"the lab has no node {node}."
                    : null,
            };
    }
}
