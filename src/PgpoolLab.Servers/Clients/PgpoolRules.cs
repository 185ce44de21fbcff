using System.Collections.Frozen;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Clients;

/// <summary>What is known of Pgpool-II's settings without asking it. It tells nobody which of them a reload changes,
/// and takes no notice of the others without a word.</summary>
public static class PgpoolRules
{
    /// <summary>Those that only a start changes.</summary>
    /// <remarks>Pgpool-II manual, "can only be set at server start"; names of 4.1 to 4.7.</remarks>
    private static readonly FrozenSet<string> AtStart = """
        allow_multiple_failover_requests_from_node arping_cmd arping_path backend_clustering_mode child_life_time
        child_max_connections clear_memqcache_on_escalation connection_cache connection_life_time delegate_IP
        delegate_ip enable_consensus_with_half_votes enable_shared_relcache failover_require_consensus
        failover_when_quorum_exists health_check_test heartbeat_device heartbeat_hostname heartbeat_port hostname
        if_cmd_path if_down_cmd if_up_cmd listen_addresses listen_backlog_multiplier load_balance_mode log_directory
        log_file_mode log_filename log_rotation_age log_rotation_size log_truncate_on_rotation logdir
        logging_collector max_pool memory_cache_enabled memqcache_auto_cache_invalidation memqcache_cache_block_size
        memqcache_expire memqcache_max_num_cache memqcache_maxcache memqcache_memcached_host memqcache_memcached_port
        memqcache_method memqcache_oiddir memqcache_total_size num_init_children pcp_listen_addresses pcp_port
        pcp_socket_dir pgpool_port pid_file_name ping_path pool_passwd port process_management_mode
        process_management_strategy relcache_expire relcache_size replication_mode reserved_connections
        serialize_accept socket_dir ssl ssl_ca_cert ssl_ca_cert_dir ssl_cert ssl_ciphers ssl_crl_file
        ssl_dh_params_file ssl_ecdh_curve ssl_key ssl_passphrase_command ssl_prefer_server_ciphers trusted_servers
        unix_socket_directories unix_socket_group unix_socket_permissions use_watchdog wd_authkey
        wd_de_escalation_command wd_escalation_command wd_heartbeat_deadtime wd_heartbeat_keepalive wd_interval
        wd_ipc_socket_dir wd_life_point wd_lifecheck_dbname wd_lifecheck_method wd_lifecheck_password
        wd_lifecheck_query wd_lifecheck_user wd_monitoring_interfaces_list wd_port wd_priority work_dir
        backend_hostname backend_port backend_data_directory
        """.Split((char[])[' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>True for a setting that, by the manual, only a start of Pgpool-II changes.</summary>
    /// <param name="name">Its name; it may end in the number of a node.</param>
    public static bool NeedsRestart(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return AtStart.Contains(name) || AtStart.Contains(name.TrimEnd([.. "0123456789"]));
    }

    /// <summary>The settings of a file that the running program does not have in effect.</summary>
    /// <param name="file">What the file says, by name.</param>
    /// <param name="shown">What the program shows.</param>
    /// <returns>Names, values in the file and values in effect. What the program does not show, or shows as stars, is
    /// not among them.</returns>
    internal static IReadOnlyList<(string Name, string Wanted, string Shown)> Differences(
        IReadOnlyDictionary<string, string> file,
        IReadOnlyDictionary<string, string> shown
    ) =>
        file.Where(f =>
                shown.TryGetValue(f.Key, out var value)
                && value != PgpoolSettings.Hidden
                && !SettingValues.Same(f.Value, value)
            )
            .Select(f => (f.Key, f.Value, shown[f.Key]))
            .ToArray();
}
