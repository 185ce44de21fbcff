using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Finds what users have put into the folders that <c>destroy</c> deletes: what neither setup nor a server of
/// the lab makes there.</summary>
/// <param name="host">Where the lab lies.</param>
internal sealed partial class UsersFiles(IHost host)
{
    /// <summary>Files and folders that are the user's own, absolute.</summary>
    internal async Task<IReadOnlyList<string>> FindAsync(Lab lab, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        foreach (var pgpool in lab.Pgpools)
        {
            var paths = pgpool.Paths;
            found.AddRange(await OthersAsync(paths.Etc, Etc(), cancellationToken));
            found.AddRange(await OthersAsync(paths.Log, Log(), cancellationToken));
            found.AddRange(await OthersAsync(paths.Run, Run(), cancellationToken));
            found.AddRange(await OthersAsync(paths.Archive, Archive(), cancellationToken));
            foreach (var node in lab.Nodes)
            {
                found.AddRange(await OthersAsync($"{paths.Archive}/data{node.Id}", Archive(), cancellationToken));
            }
        }

        foreach (var node in lab.Nodes.Where(_ => lab.OwnsNodes))
        {
            found.AddRange(await OthersAsync(node.DataDirectory, Data(), cancellationToken));
        }

        return found;
    }

    private async Task<IEnumerable<string>> OthersAsync(
        string folder,
        Regex ours,
        CancellationToken cancellationToken
    ) =>
        (await host.Files.ListAsync(folder, cancellationToken))
            .Where(n => !ours.IsMatch(UnfinishedFile.Replaces(n) ?? n))
            .Order(StringComparer.Ordinal)
            .Select(n => $"{folder}/{n}");

    [GeneratedRegex(
        @"\A(pgpool\.conf|pcp\.conf|pool_hba\.conf|pool_passwd|pgpool_node_id|\.pgpoolkey|tls|failover\.sh|follow_primary\.sh|core(\..*)?)\z"
    )]
    private static partial Regex Etc();

    // Servers name their logs, and rotate them, as their settings say. From 4.4 on Pgpool-II locks its query cache by a
    // file here.
    [GeneratedRegex(@"\A(.*\.log(\..*)?|pgpool.*|oiddir|memq_lock_file|events\.jsonl|core(\..*)?)\z")]
    private static partial Regex Log();

    [GeneratedRegex(@"\A(\.s\..*|pgpool\.pid|recovery\.[0-9]+|.*\.lock|core(\..*)?)\z")]
    private static partial Regex Run();

    /// <remarks>PostgreSQL manual, "WAL Internals": names of segments; "Continuous Archiving": of backup and timeline
    /// history files.</remarks>
    [GeneratedRegex(@"\A([0-9A-F]{24}(\..*)?|[0-9A-F]{8}\.history|RECOVERY.*|.*\.tmp|data[0-9]+)\z")]
    private static partial Regex Archive();

    /// <remarks>PostgreSQL manual, "Database File Layout", of releases 10 to 18; and what online recovery keeps in a
    /// data folder.</remarks>
    [GeneratedRegex(
        @"\A(PG_VERSION|base|global|pg_(commit_ts|dynshmem|logical|multixact|notify|replslot|serial|snapshots|stat|stat_tmp|subtrans|tblspc|twophase|wal|xact|log"
            + @"|hba\.conf|ident\.conf|internal\.init.*|rewind.*|upgrade_output\.d)|postgresql(\.auto)?\.conf(\..*)?|postmaster\.(pid|opts)|backup_label(\..*)?"
            + @"|backup_manifest(\..*)?|tablespace_map(\..*)?|current_logfiles(\..*)?|log|pgsql_tmp.*|(standby|recovery|fallback_promote|promote)(\.signal)?|recovery\.(conf|done)"
            + @"|logrotate|failover_trigger|server\.(crt|key)|root\.(crt|crl)|myrecovery\.conf|basebackup\.sh|pgpool_remote_start|pgpool_recovery.*|tablespaces|core(\..*)?"
            + @"|.*\.tmp|\.s\.PGSQL.*)\z"
    )]
    private static partial Regex Data();
}
