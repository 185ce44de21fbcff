namespace PgpoolLab.Provisioning.Export;

/// <summary>Settings of PostgreSQL that an engine sets itself.</summary>
internal static class PostgresSettingRules
{
    private const string Operator = "CloudNativePG keeps that for itself.";
    private const string Certificates = "the exported nodes have none of the lab's certificates.";

    /// <summary>What CloudNativePG's webhook refuses among <c>postgresql.parameters</c>.</summary>
    /// <remarks>CloudNativePG's manual, "PostgreSQL Configuration", section "Fixed parameters", and
    /// FixedConfigurationParameters in its pkg/postgres/configuration.go. Two of them have fields of their own:
    /// shared_preload_libraries and synchronous_standby_names. Sorted.</remarks>
    private static readonly string[] Fixed =
    [
        "allow_alter_system",
        "allow_system_table_mods",
        "archive_cleanup_command",
        "archive_command",
        "archive_mode",
        "bonjour",
        "bonjour_name",
        "cluster_name",
        "config_file",
        "data_directory",
        "data_sync_retry",
        "event_source",
        "external_pid_file",
        "hba_file",
        "hot_standby",
        "ident_file",
        "jit_provider",
        "listen_addresses",
        "log_destination",
        "log_directory",
        "log_file_mode",
        "log_filename",
        "log_rotation_age",
        "log_rotation_size",
        "log_truncate_on_rotation",
        "logging_collector",
        "pg_failover_slots.primary_dsn",
        "pg_failover_slots.standby_slot_names",
        "port",
        "primary_conninfo",
        "primary_slot_name",
        "promote_trigger_file",
        "recovery_end_command",
        "recovery_target",
        "recovery_target_action",
        "recovery_target_inclusive",
        "recovery_target_lsn",
        "recovery_target_name",
        "recovery_target_time",
        "recovery_target_timeline",
        "recovery_target_xid",
        "restart_after_crash",
        "restore_command",
        "ssl",
        "ssl_ca_file",
        "ssl_cert_file",
        "ssl_crl_file",
        "ssl_dh_params_file",
        "ssl_key_file",
        "ssl_passphrase_command",
        "ssl_passphrase_command_supports_reload",
        "ssl_prefer_server_ciphers",
        "stats_temp_directory",
        "synchronized_standby_slots",
        "syslog_facility",
        "syslog_ident",
        "syslog_sequence_numbers",
        "syslog_split_messages",
        "temp_tablespaces",
        "unix_socket_directories",
        "unix_socket_group",
        "unix_socket_permissions",
    ];

    /// <summary>Why a setting cannot be taken over, as a clause; null when it can.</summary>
    internal static string? WhyNot(ExportTarget target, string name) =>
        target is ExportTarget.Kubernetes
            ? Array.BinarySearch(Fixed, name, StringComparer.Ordinal) >= 0
                ? Operator
                : null
            : name == "ssl" || name.StartsWith("ssl_", StringComparison.Ordinal)
                ? Certificates
                : null;
}
