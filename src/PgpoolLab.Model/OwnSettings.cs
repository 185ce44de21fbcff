using System.Globalization;
using System.Text.RegularExpressions;

namespace PgpoolLab.Model;

/// <summary>Settings a lab stands on: <c>--set</c> may not change them, and each has an option that does, or a
/// reason.</summary>
internal static partial class OwnSettings
{
    private static readonly SpecProblem Mode = new($"use {SpecField.Mode}.");
    private static readonly SpecProblem Watchdog = new($"use {SpecField.Watchdog} N.");
    private const string Sockets = "the lab's sockets lie in its folder run.";
    private const string Replication = "the lab itself decides that, for each standby.";
    private const string Itself = "the lab itself decides that.";

    /// <summary>How long setup may wait for a standby that applies with a delay.</summary>
    private const int MostDelay = 10_000;

    private static readonly (string Name, SpecProblem? Problem)[] Known =
    [
        ("postgresql.port", new($"use {SpecField.PostgresPort} PORT.")),
        ("postgresql.listen_addresses", new($"use {SpecField.Listen} ADDRESS.")),
        ("postgresql.data_directory", Itself),
        ("postgresql.hba_file", Itself),
        ("postgresql.config_file", Itself),
        ("postgresql.ident_file", Itself),
        ("postgresql.log_directory", Itself),
        ("postgresql.log_filename", Itself),
        ("postgresql.unix_socket_directories", Sockets),
        ("postgresql.password_encryption", new($"use {SpecField.Auth} METHOD.")),
        ("postgresql.primary_conninfo", Replication),
        ("postgresql.primary_slot_name", Replication),
        ("postgresql.restore_command", Replication),
        ("postgresql.recovery_target_timeline", Replication),
        ("pgpool.port", new($"use {SpecField.Port} PORT.")),
        ("pgpool.pcp_port", new($"use {SpecField.Port} PORT; pcp has the next one.")),
        ("pgpool.listen_addresses", new($"use {SpecField.Listen} ADDRESS.")),
        ("pgpool.pcp_listen_addresses", new($"use {SpecField.Listen} ADDRESS.")),
        ("pgpool.socket_dir", Sockets),
        ("pgpool.unix_socket_directories", Sockets),
        ("pgpool.pcp_socket_dir", Sockets),
        ("pgpool.wd_ipc_socket_dir", Sockets),
        ("pgpool.pid_file_name", Itself),
        ("pgpool.pool_passwd", Itself),
        ("pgpool.backend_clustering_mode", Mode),
        ("pgpool.replication_mode", Mode),
        ("pgpool.master_slave_mode", Mode),
        ("pgpool.master_slave_sub_mode", Mode),
        ("pgpool.use_watchdog", Watchdog),
        ("pgpool.wd_port", Watchdog),
        ("pgpool.wd_hostname", Watchdog),
        ("pgpool.wd_heartbeat_port", Watchdog),
        ("pgpool.hostname", Watchdog),
        ("pgpool.pgpool_port", Watchdog),
        ("pgpool.heartbeat_hostname", Watchdog),
        ("pgpool.heartbeat_port", Watchdog),
        ("pgpool.heartbeat_destination", Watchdog),
        ("pgpool.heartbeat_destination_port", Watchdog),
        ("pgpool.other_pgpool_hostname", Watchdog),
        ("pgpool.other_pgpool_port", Watchdog),
        ("pgpool.other_wd_port", Watchdog),
    ];

    /// <summary>Why a setting cannot be changed; null when it can.</summary>
    /// <param name="program"><c>pgpool</c> or <c>postgresql</c>.</param>
    /// <param name="name">Its name; Pgpool-II's may end in the number of a node.</param>
    /// <param name="value">What it is to be.</param>
    internal static SpecProblem? WhyNot(string program, string name, string value)
    {
        var plain = Plain(program, name);
        return Always(program, name, plain)
            ?? ($"{program}.{plain}", IsOn(value)) switch
            {
                ("pgpool.enable_pool_hba", false) => new SpecProblem(
                    $"use {SpecField.Auth} trust: without pool_hba.conf nobody could be asked for a password."
                ),
                ("postgresql.default_transaction_read_only", true) =>
                    "setup could not write; change it when the lab is there.",
                ("postgresql.hot_standby", false) => "setup could not look at a standby.",
                _ => plain == "recovery_min_apply_delay" && Milliseconds(value) > MostDelay
                    ? "setup would wait that long for every row; change it when the lab is there."
                    : null,
            };
    }

    /// <summary>The same for a lab that exists: what setup refuses only because it could not prove the lab then is
    /// taken.</summary>
    /// <param name="program"><c>pgpool</c> or <c>postgresql</c>.</param>
    /// <param name="name">Its name.</param>
    /// <param name="value">What it is to be.</param>
    /// <param name="asks">True when clients of the lab are asked for passwords.</param>
    internal static SpecProblem? WhyNotLater(string program, string name, string value, bool asks)
    {
        var plain = Plain(program, name);
        return Always(program, name, plain)
            ?? ($"{program}.{plain}", IsOn(value)) switch
            {
                ("pgpool.enable_pool_hba", false) when asks =>
                    "without pool_hba.conf nobody could be asked for a password.",
                ("postgresql.hot_standby", false) => "no command could look at a standby.",
                _ => null,
            };
    }

    /// <summary>PostgreSQL does not mind how its names are written.</summary>
    private static string Plain(string program, string name) =>
        program == "pgpool" ? name.TrimEnd([.. "0123456789"]) : name.ToLowerInvariant();

    private static SpecProblem? Always(string program, string name, string plain) =>
        Known.FirstOrDefault(k => k.Name == $"{program}.{plain}").Problem
        ?? (program == "pgpool" && name.StartsWith("backend_", StringComparison.Ordinal) ? Itself : null);

    /// <remarks>PostgreSQL manual, "Parameter Names and Values": any unambiguous beginning counts.</remarks>
    private static bool? IsOn(string value) =>
        value.Trim().ToLowerInvariant() switch
        {
            "on" or "true" or "tru" or "tr" or "t" or "yes" or "ye" or "y" or "1" => true,
            "off" or "of" or "false" or "fals" or "fal" or "fa" or "f" or "no" or "n" or "0" => false,
            _ => null,
        };

    private static double? Milliseconds(string value)
    {
        var match = Duration().Match(value);
        return match.Success && double.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out var number)
            ? number
                * match.Groups[2].Value switch
                {
                    "us" => 0.001,
                    "s" => 1e3,
                    "min" => 6e4,
                    "h" => 3.6e6,
                    "d" => 8.64e7,
                    _ => 1,
                }
            : null;
    }

    [GeneratedRegex(@"^\s*([0-9.]+)\s*(us|ms|s|min|h|d)?\s*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Duration();
}
