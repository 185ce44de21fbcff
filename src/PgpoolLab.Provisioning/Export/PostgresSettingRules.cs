using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Export;

/// <summary>Settings of PostgreSQL that an engine sets itself.</summary>
internal static class PostgresSettingRules
{
    private const string Operator = "CloudNativePG keeps that for itself.";
    private const string Certificates = "the exported nodes have none of the lab's certificates.";
    private const string Places = "the exported files decide where PostgreSQL has its files, sockets and ports.";
    private const string Logs = "PostgreSQL's log is the container's: docker compose logs.";
    private const string Archives = "no archive of WAL is exported, nor is what reads or writes one.";
    private const string Replication = "the exported files decide that, for each standby.";
    private const string Tablespaces = "the exported nodes have none of the lab's tablespaces.";
    private const string OwnFile = "it names a place of this machine, which is not there in a container.";
    private const string NetworkNames = "a container is found by the name of its service.";

    /// <summary>Names, or beginnings of names (with a star), that mean nothing in the exported Compose file, or
    /// harm.</summary>
    private static readonly (string Name, string Reason)[] InContainers =
    [
        ("ssl", Certificates),
        ("ssl_*", Certificates),
        ("listen_addresses", Places),
        ("port", Places),
        ("unix_socket_*", Places),
        ("bonjour*", NetworkNames),
        ("primary_conninfo", Replication),
        ("primary_slot_name", Replication),
        ("synchronized_standby_slots", Replication),
        ("standby_slot_names", Replication),
        ("pg_failover_slots.*", Replication),
        ("recovery_target*", Replication),
        ("restore_command", Archives),
        ("recovery_end_command", Archives),
        ("archive_mode", Archives),
        ("archive_command", Archives),
        ("archive_library", Archives),
        ("archive_cleanup_command", Archives),
        ("log_destination", Logs),
        ("logging_collector", Logs),
        ("log_directory", Logs),
        ("log_file*", Logs),
        ("log_rotation_*", Logs),
        ("log_truncate_on_rotation", Logs),
        ("syslog_*", Logs),
        ("event_source", Logs),
        ("default_tablespace", Tablespaces),
        ("temp_tablespaces", Tablespaces),
        ("password_encryption", "the exported servers ask every client for a password by scram-sha-256."),
    ];

    /// <summary>Ends of names of settings that are a place on a machine; an extension's, too.</summary>
    private static readonly string[] EndsOfPlaces =
    [
        "_file",
        "_keyfile",
        "_directory",
        "_directories",
        "_library_path",
        "_control_path",
    ];

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
    /// <param name="target">The engine.</param>
    /// <param name="name">Its name, in small letters.</param>
    /// <param name="value">Its value on one of the nodes.</param>
    /// <param name="folder">The lab's folder.</param>
    internal static string? WhyNot(ExportTarget target, string name, string value, string folder) =>
        (target is ExportTarget.Kubernetes ? OfOperator(name) : OfContainers(name, value))
        ?? (
            EndsOfPlaces.Any(e => name.EndsWith(e, StringComparison.Ordinal)) ? OwnFile
            : LabSettings.OfFolder(value, folder) is { } there ? there
            : IsPreload(name) && value.Contains('/') ? OwnFile
            : null
        );

    private static string? OfOperator(string name) =>
        Array.BinarySearch(Fixed, name, StringComparer.Ordinal) >= 0 ? Operator : null;

    private static string? OfContainers(string name, string value) =>
        name is "hot_standby" && SettingValues.IsOn(value) is false ? "Pgpool-II could not ask a standby for anything."
        : name is "max_wal_senders" or "max_replication_slots" && value.Trim() == "0"
            ? "with that no standby replicates."
        : name is "wal_level" && value.Trim().Equals("minimal", StringComparison.OrdinalIgnoreCase)
            ? "with that no standby replicates."
        : InContainers.FirstOrDefault(k => Matches(k.Name, name)).Reason;

    /// <summary>A library of the image is called by its name; one with a path is this machine's.</summary>
    private static bool IsPreload(string name) => name.EndsWith("_preload_libraries", StringComparison.Ordinal);

    private static bool Matches(string pattern, string name) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : name == pattern;
}
