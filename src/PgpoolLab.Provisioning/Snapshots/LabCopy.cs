using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>A copy that was made of a lab.</summary>
/// <param name="Servers">Its servers then.</param>
/// <param name="TakenAt">The moment whose state it is.</param>
/// <param name="Totals">What was copied, in both passes.</param>
/// <param name="Frozen">How long the servers stood still; null when none ran.</param>
internal sealed record CopiedLab(
    IReadOnlyList<SnapshotServer> Servers,
    DateTimeOffset TakenAt,
    CopyTotals Totals,
    TimeSpan? Frozen
);

/// <summary>Copies what is lasting of a lab, at one moment. Of one that runs, everything is copied first; then its
/// servers stand still, and what has changed meanwhile is copied again.</summary>
/// <param name="host">Where it is.</param>
/// <param name="probes">Waits.</param>
/// <param name="time">The clock.</param>
/// <param name="lab">The lab. Who copies has its lock.</param>
/// <param name="note">Tells the user something.</param>
internal sealed class LabCopy(IHost host, ProbeRunner probes, TimeProvider time, Lab lab, Action<string> note)
{
    /// <summary>What a disk must have free besides.</summary>
    private const long Reserve = 64 << 20;

    /// <summary>How long to look for a moment at which no write is on some nodes and not yet on others.</summary>
    private static readonly TimeSpan SettlePatience = TimeSpan.FromSeconds(5);

    private readonly LabHistory _history = new(host, lab);

    /// <summary>Copies it.</summary>
    /// <param name="to">The folder it is copied to, which is there.</param>
    /// <param name="cancellationToken">Ends it; the servers go on.</param>
    /// <exception cref="LabException">It cannot be copied as it is, or there is no room.</exception>
    internal async Task<CopiedLab> CopyAsync(string to, CancellationToken cancellationToken)
    {
        var items = SnapshotContents.Of(lab);
        RequireWhole(items);
        await RequireNoRecoveryAsync(cancellationToken);
        RequireRoom(items.Select(i => $"{lab.Root}/{i.Path}"), to, cancellationToken);
        var copier = new TreeCopier(
            [.. items.Select(i => new CopiedPath($"{lab.Root}/{i.Path}", $"{to}/{i.Path}"))],
            time
        )
        {
            LeavesOut = SnapshotContents.LeavesOut,
        };
        var freezer = new LabFreezer(host, probes, lab);
        await freezer.PrepareAsync(cancellationToken);
        var running = await freezer.FindAsync(cancellationToken);
        if (running.IsStopped)
        {
            var totals = await Task.Run(() => copier.Copy(cancellationToken), CancellationToken.None);
            return new CopiedLab(await ServersAsync(running, cancellationToken), time.GetUtcNow(), totals, null);
        }

        using var freeze = ProcessFreeze.Begin(LabFreezer.Longest, time);
        var first = await Task.Run(() => copier.Copy(cancellationToken), CancellationToken.None);
        await using var writes = await OpenWrites.WatchAsync(lab, running, probes.Limit(SettlePatience), note);
        try
        {
            running = await freezer.FindAsync(cancellationToken);
            await freezer.FreezeAsync(freeze, running, writes.AreSettledAsync, cancellationToken);
            var takenAt = time.GetUtcNow();
            var second = await Task.Run(() => copier.Update(cancellationToken), CancellationToken.None);
            var late = freeze.IsLate;
            var frozen = freeze.Resume();
            if (late)
            {
                throw new LabException(
                    ExitCode.NotHealthy,
                    $"What had changed could not be copied within {LabFreezer.Longest.TotalSeconds:0} s: the servers "
                        + "went on, and nothing was saved."
                )
                {
                    Hints = ["Save it while less is written, or stopped:  pgpoollab stopall"],
                };
            }

            return new CopiedLab(
                await ServersAsync(running, cancellationToken),
                takenAt,
                new CopyTotals(first.Files + second.Files, first.Bytes + second.Bytes, first.Shared + second.Shared),
                frozen
            );
        }
        finally
        {
            freeze.Resume();
            FrozenProcesses.Forget(lab.Paths);
        }
    }

    /// <summary>Refuses to copy to a disk that has no room. Blocks that are shared take none.</summary>
    /// <param name="from">What is copied.</param>
    /// <param name="to">A folder on that disk.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static void RequireRoom(IEnumerable<string> from, string to, CancellationToken cancellationToken)
    {
        var sources = from.ToArray();
        RequireRoom(SharesBlocks(sources[0], to) ? 0 : sources.Sum(f => DiskUsage.Of(f, cancellationToken)), to);
    }

    /// <summary>Refuses to write so many bytes to a disk that has no room for them.</summary>
    internal static void RequireRoom(long bytes, string to)
    {
        if (Volume.Of(to) is { } disk && disk.FreeBytes - Reserve < bytes)
        {
            throw new LabException(
                ExitCode.Failed,
                $"There is no room for it in {to}: it takes {Size.Of(bytes)}, and {Size.Of(disk.FreeBytes)} are free. "
                    + "Nothing was touched."
            )
            {
                Hints = ["Which snapshots there are, and their sizes:  pgpoollab snapshot list"],
            };
        }
    }

    private static bool SharesBlocks(string from, string to) =>
        (Volume.Of(from), Volume.Of(to)) is ({ } own, { } other)
        && own.Bytes == other.Bytes
        && TreeCopier.CanShareBlocks(to);

    /// <summary>What lies elsewhere would be shared by the lab and its snapshot.</summary>
    private void RequireWhole(IReadOnlyList<SavedItem> items)
    {
        var outside = items
            .Where(i => i.Kind is LabItemKind.Folder)
            .Select(i => $"{lab.Root}/{i.Path}")
            .Concat(lab.OwnsNodes ? lab.OwnNodes.Select(n => $"{n.DataDirectory}/pg_wal") : [])
            .Concat(
                (lab.OwnsNodes ? lab.OwnNodes : [])
                    .Select(n => $"{n.DataDirectory}/pg_tblspc")
                    .Where(Directory.Exists)
                    .SelectMany(Directory.EnumerateFileSystemEntries)
            )
            .Where(p => new FileInfo(p).LinkTarget is not null && !IsInItself(p))
            .Select(p => $"{p} leads to {Identity.RealPath(p)}")
            .ToArray();
        if (outside.Length > 0)
        {
            throw new LabException(
                ExitCode.Failed,
                "Files of the lab lie outside of its folder, where no copy of it can be made."
            )
            {
                Details = outside,
                Hints =
                [
                    "A tablespace that lies in the data folder:  CREATE TABLESPACE name LOCATION ''  (PostgreSQL 15 "
                        + "and newer)",
                ],
            };
        }
    }

    /// <summary>Links that lead to another place in the same folder are copied as they are.</summary>
    private bool IsInItself(string link) =>
        Identity.RealPath(link).StartsWith(Identity.RealPath(lab.Root) + "/", StringComparison.Ordinal)
        && new FileInfo(link).LinkTarget is { } target
        && !Path.IsPathRooted(target);

    private async Task RequireNoRecoveryAsync(CancellationToken cancellationToken)
    {
        var outdated = await _history.FindOutdatedPrimariesAsync(cancellationToken);
        if (await _history.FindUnfinishedAsync(outdated, cancellationToken) is [var node, ..])
        {
            throw new LabException(
                ExitCode.Failed,
                $"Node {node.Id} is being recovered, or its recovery did not come to an end: its data are neither what "
                    + "they were nor a copy."
            )
            {
                Hints = [$"Recover it first:  pgpoollab recover {node.Id}"],
            };
        }
    }

    private async Task<IReadOnlyList<SnapshotServer>> ServersAsync(
        RunningLab running,
        CancellationToken cancellationToken
    )
    {
        var standbys = await LabFreezer.StandbysAsync(_history, lab, cancellationToken);
        return
        [
            .. lab.OwnNodes.Select(n => new SnapshotServer(
                $"node {n.Id}",
                lab.Mode is not ClusteringMode.StreamingReplication ? "node"
                    : standbys.Contains(n.Id) ? "standby"
                    : "primary",
                running.Nodes.Contains(n.Id)
            )),
            .. lab.OwnPgpools.Select(p => new SnapshotServer(lab.TitleOf(p), "pgpool", running.Pgpools.Contains(p.Id))),
        ];
    }
}
