using System.Globalization;
using System.Text.RegularExpressions;

namespace PgpoolLab.Model;

/// <summary>The names by which things of a lab are recognized when nothing else tells whose they are: the manifest is
/// gone, or does not name them. They are what <see cref="LabInventory"/> gives.</summary>
public static partial class LabNames
{
    /// <summary>Programs that are a lab's servers, as the system names their processes.</summary>
    public static IReadOnlyCollection<string> Servers { get; } = ["postgres", "postmaster", "pgpool"];

    /// <summary>What the system calls a Pgpool-II.</summary>
    public const string Pgpool = "pgpool";

    /// <summary>What the lock file beside a socket is called besides.</summary>
    public const string SocketLock = ".lock";

    /// <summary>Where, in the user's folder of state, a lab's entry on the list of labs is.</summary>
    public static string EntryOf(string id) => $"labs/{id}.json";

    /// <summary>The number of the node with a data folder of this name; null for another name.</summary>
    public static int? NodeOf(string name) => Number(DataFolder().Match(name));

    /// <summary>The number of the Pgpool-II with a folder of this name; null for another name.</summary>
    public static int? PgpoolOf(string name) => Number(PgpoolFolder().Match(name));

    /// <summary>True for the name of a folder that online recovery works in, or has kept.</summary>
    public static bool IsOfRecovery(string name) => RecoveryFolder().IsMatch(name);

    /// <summary>True for the name of a socket of a server, or of the lock file beside one.</summary>
    public static bool IsSocket(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.StartsWith(LabSockets.Prefix, StringComparison.Ordinal)
            || name.StartsWith(LabSockets.WatchdogPrefix, StringComparison.Ordinal);
    }

    /// <summary>The socket that a lock file is of; a socket itself.</summary>
    public static string SocketOf(string file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return file.EndsWith(SocketLock, StringComparison.Ordinal) ? file[..^SocketLock.Length] : file;
    }

    /// <summary>True when a path ends as a data folder's does.</summary>
    public static bool IsDataFolder(string path) => DataName().IsMatch(path);

    /// <summary>True when a path ends as the folder of one Pgpool-II of several does.</summary>
    public static bool IsPgpoolFolder(string path) => PgpoolName().IsMatch(path);

    /// <summary>True for a data folder of the lab that lies, or lay, there.</summary>
    public static bool IsDataFolderOf(string root, string path) => IsIn(root, path, DataTail());

    /// <summary>True for the folder of a Pgpool-II of the lab that lies, or lay, there.</summary>
    public static bool IsPgpoolFolderOf(string root, string path) => IsIn(root, path, PgpoolTail());

    /// <summary>The folder that the command line of a server names as its own; null when it names none.</summary>
    /// <param name="program">What the system calls the process.</param>
    /// <param name="commandLine">Its command line.</param>
    public static string? FolderIn(string program, string commandLine) =>
        (program == Pgpool ? PgpoolCommand() : DataCommand()).Match(commandLine) is { Success: true } match
            ? match.Groups[1].Value
            : null;

    /// <summary>Where online recovery makes the copy that becomes a node's data folder.</summary>
    /// <param name="dataFolder">The data folder, itself and no link to it.</param>
    public static string CopyBeside(string dataFolder) => dataFolder + ".recovery";

    /// <summary>Where online recovery keeps what is the node's own. While that is there the node is neither what it was
    /// nor a standby yet.</summary>
    /// <param name="dataFolder">The data folder, itself and no link to it.</param>
    public static string KeptBeside(string dataFolder) => dataFolder + ".kept";

    private static bool IsIn(string root, string path, Regex tail)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(path);
        return path.StartsWith(root, StringComparison.Ordinal) && tail.IsMatch(path.AsSpan(root.Length));
    }

    private static int? Number(Match match) =>
        match.Success ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"\Adata(0|[1-9][0-9]{0,2})\z")]
    private static partial Regex DataFolder();

    [GeneratedRegex(@"\Apgpool(0|[1-9][0-9]{0,2})\z")]
    private static partial Regex PgpoolFolder();

    [GeneratedRegex(@"\Adata.*\.(recovery|kept)\z", RegexOptions.Singleline)]
    private static partial Regex RecoveryFolder();

    [GeneratedRegex(@"\A(/pgpool[0-9]+)?\z")]
    private static partial Regex PgpoolTail();

    [GeneratedRegex(@"/data[0-9]+\z")]
    private static partial Regex DataName();

    [GeneratedRegex(@"/pgpool[0-9]+\z")]
    private static partial Regex PgpoolName();

    [GeneratedRegex(@"\A(/pgpool[0-9]+)?/data[0-9]+\z")]
    private static partial Regex DataTail();

    [GeneratedRegex(@" -f (.+)/etc/pgpool\.conf( |\z)")]
    private static partial Regex PgpoolCommand();

    [GeneratedRegex(@" -D (.+/data[0-9]+)( |\z)")]
    private static partial Regex DataCommand();

    // Below: what the lab and its servers make in folders. An unfinished file counts as the one it would have replaced.

    [GeneratedRegex(
        @"\A(pgpool\.conf|pcp\.conf|pool_hba\.conf|pool_passwd|pgpool_node_id|\.pgpoolkey|tls|failover\.sh"
            + @"|follow_primary\.sh|core(\..*)?)\z"
    )]
    internal static partial Regex InEtc();

    // Servers name their logs, and rotate them, as their settings say. From 4.4 on Pgpool-II locks its query cache by a
    // file here.
    [GeneratedRegex(@"\A(.*\.log(\..*)?|pgpool.*|oiddir|memq_lock_file|events\.jsonl|core(\..*)?)\z")]
    internal static partial Regex InLog();

    [GeneratedRegex(@"\A(\.s\..*|pgpool\.pid|links\.(sock(\.[0-9]+)?|pid)|recovery\.[0-9]+|.*\.lock|core(\..*)?)\z")]
    internal static partial Regex InRun();

    /// <remarks>PostgreSQL manual, "WAL Internals": names of segments; "Continuous Archiving": of backup and timeline
    /// history files.</remarks>
    [GeneratedRegex(@"\A([0-9A-F]{24}(\..*)?|[0-9A-F]{8}\.history|RECOVERY.*|.*\.tmp|data[0-9]+)\z")]
    internal static partial Regex InArchive();

    /// <remarks>PostgreSQL manual, "Database File Layout", of releases 10 to 18; and what online recovery keeps in a
    /// data folder.</remarks>
    [GeneratedRegex(
        @"\A(PG_VERSION|base|global|pg_(commit_ts|dynshmem|logical|multixact|notify|replslot|serial|snapshots|stat"
            + @"|stat_tmp|subtrans|tblspc|twophase|wal|xact|log"
            + @"|hba\.conf|ident\.conf|internal\.init.*|rewind.*|upgrade_output\.d)"
            + @"|postgresql(\.auto)?\.conf(\..*)?|postmaster\.(pid|opts)|backup_label(\..*)?"
            + @"|backup_manifest(\..*)?|tablespace_map(\..*)?|current_logfiles(\..*)?|log|pgsql_tmp.*"
            + @"|(standby|recovery|fallback_promote|promote)(\.signal)?|recovery\.(conf|done)"
            + @"|logrotate|failover_trigger|server\.(crt|key)|root\.(crt|crl)|myrecovery\.conf|basebackup\.sh"
            + @"|pgpool_remote_start|pgpool_recovery.*|tablespaces|core(\..*)?"
            + @"|.*\.tmp|\.s\.PGSQL.*)\z"
    )]
    internal static partial Regex InData();
}
