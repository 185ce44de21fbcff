using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>What the next command does about one that was killed while it saved or restored a snapshot, or moved the
/// lab: servers that stand still go on, what was begun is brought to its end, what was left is deleted.</summary>
public static class LabMending
{
    /// <summary>True when there is something to do in a lab's folder, or a command is at work on just that.</summary>
    /// <param name="root">The lab's folder.</param>
    public static bool IsNeeded(string root)
    {
        var paths = new LabPaths(root);
        return File.Exists(paths.RestoreJournal)
            || File.Exists(paths.MoveJournal)
            || FrozenProcesses.AreNoted(paths)
            || Directory.Exists(paths.Restore)
            || new SnapshotStore(paths).HasRemains;
    }

    /// <summary>Does it, unless another command is at work on the lab. The caller is the lab's user.</summary>
    /// <param name="context">What it works with.</param>
    /// <param name="root">The folder in which it was found.</param>
    /// <returns>Where the lab lies then.</returns>
    public static async Task<string> MendAsync(OperationContext context, string root)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (LabLock.IsTaken(root))
        {
            return root;
        }

        var paths = new LabPaths(root);
        using (LabLock.Take(root))
        {
            if (FrozenProcesses.AreNoted(paths))
            {
                var resumed = await FrozenProcesses.ResumeAsync(context.Host, paths);
                if (resumed > 0)
                {
                    context.Note($"A command was killed while the lab stood still: {resumed} processes go on now.");
                }
            }

            if (RestoreJournal.Read(paths) is { } journal)
            {
                FinishRestore(paths, journal);
                context.Note(
                    $"A command was killed while it restored the snapshot '{journal.Snapshot}': that is done now. The "
                        + "lab is stopped; start it:  pgpoollab startall"
                );
            }

            RestoreJournal.Sweep(paths);
            new SnapshotStore(paths).Sweep();
        }

        if (MoveJournal.Read(paths) is not { } move)
        {
            return root;
        }

        var place = await new MoveOperation(context).FinishAsync(root, move, CancellationToken.None);
        if (place != root || root == move.To)
        {
            context.Note($"A command was killed while it moved the lab to {move.To}: that is done now. It is stopped.");
        }

        return place;
    }

    private static void FinishRestore(LabPaths paths, RestoreJournal journal)
    {
        var before = LabStore.Load(paths.Root)?.Lab;
        journal.Finish(paths);
        if (LabStore.Load(paths.Root)?.Lab is not { } after)
        {
            return;
        }

        LabIndex.Renew(after);
        var gone = (before ?? after)
            .AllPorts.Select(p => p.Port)
            .Except(after.AllPorts.Select(p => p.Port))
            .ToHashSet();
        if (before is not null && gone.Count > 0)
        {
            PortLeases.OfThisMachine.Release(before, gone);
        }
    }
}
