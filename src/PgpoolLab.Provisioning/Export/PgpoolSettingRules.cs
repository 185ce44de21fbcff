using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Export;

/// <summary>Settings of Pgpool-II that mean nothing, or something else, where Pgpool-II does not fail over.</summary>
internal static class PgpoolSettingRules
{
    private const string NoFailover =
        "Pgpool-II there never fails over, and nodes are not brought back by it; it watches no node.";
    private const string Watchdog = "the exported Pgpool-IIs have no watchdog.";
    private const string Places = "the exported files decide where Pgpool-II has its files, sockets and ports.";
    private const string Access =
        "the exported files decide who may connect, and how; none of the lab's certificates is there.";
    private const string Backends = "the exported Pgpool-II has the backends NAME-rw and NAME-ro, not the lab's nodes.";
    private const string Cache =
        "each Pgpool-II there would have a query cache of its own, and show rows that another one has changed.";

    /// <summary>Names, or beginnings of names (with a star).</summary>
    private static readonly (string Name, string Reason)[] Known =
    [
        ("health_check_*", NoFailover),
        ("sr_check_*", NoFailover),
        ("failover_*", NoFailover),
        ("failback_*", NoFailover),
        ("auto_failback*", NoFailover),
        ("follow_*", NoFailover),
        ("recovery_*", NoFailover),
        ("detach_false_primary", NoFailover),
        ("search_primary_node_timeout", NoFailover),
        ("client_idle_limit_in_recovery", NoFailover),
        ("delay_threshold*", "Pgpool-II there does not ask the standbys how far behind they are."),
        ("prefer_lower_delay_standby", "Pgpool-II there does not ask the standbys how far behind they are."),
        ("use_watchdog", Watchdog),
        ("wd_*", Watchdog),
        ("heartbeat_*", Watchdog),
        ("other_*", Watchdog),
        ("delegate_*", Watchdog),
        ("if_*", Watchdog),
        ("ifconfig_path", Watchdog),
        ("arping_*", Watchdog),
        ("trusted_*", Watchdog),
        ("ping_path", Watchdog),
        ("ssl*", Access),
        ("enable_pool_hba", Access),
        ("pool_passwd", Access),
        ("allow_clear_text_frontend_auth", Access),
        ("listen_*", Places),
        ("pcp_*", Places),
        ("port", Places),
        ("socket_dir", Places),
        ("unix_socket_*", Places),
        ("pid_file_name", Places),
        ("logdir", Places),
        ("work_dir", Places),
        ("log_directory", Places),
        ("log_filename", Places),
        ("log_destination", Places),
        ("logging_collector", Places),
        ("memqcache_oiddir", Places),
    ];

    /// <summary>Why a setting cannot be taken over, as a clause; null when it can.</summary>
    internal static string? WhyNot(ExportTarget target, string name, string value)
    {
        var plain = name.TrimEnd([.. "0123456789"]);
        return Known.FirstOrDefault(k => Matches(k.Name, plain)).Reason
            ?? (
                target is ExportTarget.Compose ? null
                : plain.StartsWith("backend_", StringComparison.Ordinal) ? Backends
                : plain == "memory_cache_enabled" && SettingValues.IsOn(value) is not false ? Cache
                : null
            );
    }

    /// <summary>True for the name itself; where the pattern ends in a star, for all that begin with what stands before
    /// it.</summary>
    private static bool Matches(string pattern, string name) =>
        pattern.EndsWith('*') ? name.StartsWith(pattern[..^1], StringComparison.Ordinal) : name == pattern;
}
