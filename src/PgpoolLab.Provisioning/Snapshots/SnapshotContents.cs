using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>One thing of a lab that a snapshot holds.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Path">Where it lies, relative to the lab's folder.</param>
public sealed record SavedItem(LabItemKind Kind, string Path);

/// <summary>What a snapshot of a lab holds: what the lab keeps while its servers are stopped, and what its Pgpool-IIs
/// remember. Logs are no part of it: what has happened stays so.</summary>
internal static class SnapshotContents
{
    /// <summary>The file in which a Pgpool-II remembers what it thinks of each node.</summary>
    /// <remarks>Pgpool-II manual, "logdir".</remarks>
    private const string Status = "pgpool_status";

    /// <summary>The things, folders with all that lies in them.</summary>
    internal static IReadOnlyList<SavedItem> Of(Lab lab)
    {
        var kept = LabInventory
            .Of(lab)
            .Items.Where(i =>
                i.IsLasting
                && !i.IsShared
                && i.Use is LabItemUse.Data or LabItemUse.Archive or LabItemUse.Configuration or LabItemUse.Script
                && lab.OwnPgpools.All(p => i.Path != p.Paths.OidDirectory)
            )
            .Select(i => new SavedItem(i.Kind, Relative(lab, i.Path)))
            .Concat(
                lab.OwnPgpools.Select(p => new SavedItem(LabItemKind.File, Relative(lab, $"{p.Paths.Log}/{Status}")))
            )
            .DistinctBy(i => i.Path)
            .ToArray();
        return
        [
            .. kept.Where(i =>
                !kept.Any(f =>
                    f.Kind is LabItemKind.Folder && i.Path.StartsWith(f.Path + "/", StringComparison.Ordinal)
                )
            ),
        ];
    }

    /// <summary>What online recoveries have left that were killed: it is no part of a restored lab.</summary>
    internal static IEnumerable<string> OfRecovery(Lab lab) =>
        LabInventory.Of(lab).MadeBy(LabItemMaker.Recovery).Select(i => Relative(lab, i.Path));

    /// <summary>True for what is left out of a data folder: what belongs to running processes, and is made anew by the
    /// next start.</summary>
    /// <param name="path">Relative to the data folder.</param>
    /// <remarks>PostgreSQL manual, "Base Backup", what pg_basebackup leaves out. The directories themselves must be
    /// there.</remarks>
    internal static bool LeavesOut(string path)
    {
        var name = Path.GetFileName(path);
        return path is "postmaster.pid"
            || name.StartsWith("pgsql_tmp", StringComparison.Ordinal)
            || path.StartsWith("pg_stat_tmp/", StringComparison.Ordinal)
            || UnfinishedFile.Replaces(name) is not null;
    }

    private static string Relative(Lab lab, string path) => Path.GetRelativePath(lab.Root, path);
}
