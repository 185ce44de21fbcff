using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>Moves a lab to another folder, also on another file system: what lies in its folder, what its files say of
/// it, its entry on the list, its ports' leases.</summary>
/// <param name="context">What it works with.</param>
public sealed class MoveOperation(OperationContext context)
{
    /// <summary>Moves it. It runs afterwards when it ran before.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="origin">Where the other folder came from: it is there, empty, and the lab's user's.</param>
    /// <param name="folder">The other folder, absolute.</param>
    /// <param name="cancellationToken">Ends it while nothing was moved yet.</param>
    /// <returns>The lab where it is now, and whether it was started.</returns>
    public async Task<(Lab Lab, bool Started)> ExecuteAsync(
        Lab lab,
        FolderOrigin origin,
        string folder,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(origin);
        var to = Identity.RealPath(folder);
        var freezer = new LabFreezer(context.Host, context.Probes, lab);
        await freezer.PrepareAsync(cancellationToken);
        var runs = !(await freezer.FindAsync(cancellationToken)).IsStopped;
        var byCopy = !IsOnOneVolume(lab.Root, to);
        if (byCopy)
        {
            LabCopy.RequireRoom([lab.Root], to, cancellationToken);
        }

        await new StopOperation(new PlanRun(context, lab)).ExecuteAsync(cancellationToken);
        var journal = new MoveJournal(lab.Root, to, lab.Folder, origin, byCopy, runs);
        journal.Write(lab.Paths);
        var root = await FinishAsync(lab.Root, journal, cancellationToken);
        var moved = LabStore.Load(root)!.Lab;
        if (runs)
        {
            await new StartOperation(new PlanRun(context, moved)).ExecuteAsync(cancellationToken);
        }

        return (moved, runs);
    }

    /// <summary>Brings a move to its end that has begun.</summary>
    /// <param name="root">The folder in which its journal was found.</param>
    /// <param name="journal">The journal.</param>
    /// <param name="cancellationToken">Ends a copy, which is then deleted.</param>
    /// <returns>Where the lab lies.</returns>
    internal async Task<string> FinishAsync(string root, MoveJournal journal, CancellationToken cancellationToken)
    {
        if (root == journal.From)
        {
            using var held = LabLock.Take(root);
            if (!journal.ByCopy)
            {
                MoveEntries(journal);
            }
            else if (!await CopyEntriesAsync(journal, cancellationToken))
            {
                return root;
            }
        }

        using (LabLock.Take(journal.To))
        {
            Arrive(journal);
        }

        return journal.To;
    }

    private static bool IsOnOneVolume(string one, string other)
    {
        // To try it is the only way to know: bind mounts of one file system cannot be told by their numbers.
        var (from, to) = ($"{one}/.pgpoollab/volume", $"{other}/.pgpoollab-volume");
        File.WriteAllText(from, "");
        try
        {
            return TreeCopier.TryRename(from, to);
        }
        finally
        {
            File.Delete(from);
            File.Delete(to);
        }
    }

    /// <summary>The hidden folder goes last: until then commands find the lab where it was, and go on.</summary>
    private static void MoveEntries(MoveJournal journal)
    {
        var hidden = Path.GetFileName(new LabPaths(journal.From).Hidden);
        foreach (
            var name in Directory
                .EnumerateFileSystemEntries(journal.From)
                .Select(e => Path.GetFileName(e))
                .OrderBy(n => n == hidden)
                .ToArray()
        )
        {
            Directory.Move($"{journal.From}/{name}", $"{journal.To}/{name}");
        }
    }

    /// <returns>False when it was taken back: the copy was not whole, and is deleted.</returns>
    private async Task<bool> CopyEntriesAsync(MoveJournal journal, CancellationToken cancellationToken)
    {
        var (from, to) = (new LabPaths(journal.From), new LabPaths(journal.To));
        if (LabStore.HasManifest(journal.To))
        {
            return true;
        }

        // What a command left that was killed in the middle of it.
        if (MoveJournal.Read(to) == journal)
        {
            TakeBack(journal);
            return false;
        }

        Directory.CreateDirectory(to.Hidden);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(to.Hidden, Modes.PrivateFolder);
        }

        journal.Write(to);
        try
        {
            string[] records = [from.Manifest, from.Lock, from.MoveJournal];
            var paths = Directory
                .EnumerateFileSystemEntries(journal.From)
                .Where(e => e != from.Hidden)
                .Concat(Directory.EnumerateFileSystemEntries(from.Hidden).Except(records))
                .Select(e => new CopiedPath(e, $"{journal.To}{e[journal.From.Length..]}"))
                .ToArray();
            await Task.Run(() => new TreeCopier(paths, context.Time).Copy(cancellationToken), CancellationToken.None);
            TreeCopier.Flush(journal.To);
            // With its manifest there is a lab in the other place; the one here is deleted from now on.
            File.Copy(from.Manifest, to.Manifest);
            return true;
        }
        catch
        {
            TakeBack(journal);
            throw;
        }
    }

    private void TakeBack(MoveJournal journal)
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(journal.To).ToArray())
        {
            if (new FileInfo(entry).LinkTarget is null && Directory.Exists(entry))
            {
                Directory.Delete(entry, recursive: true);
            }
            else
            {
                File.Delete(entry);
            }
        }

        LabFolder.GiveBack(journal.To, journal.Origin);
        File.Delete(new LabPaths(journal.From).MoveJournal);
        context.Note($"A move to {journal.To} was not brought to its end: the lab is here as before.");
    }

    /// <summary>All lies in the other place: its files are to say so.</summary>
    private void Arrive(MoveJournal journal)
    {
        var paths = new LabPaths(journal.To);
        var manifest =
            LabStore.LoadAsWritten(journal.To)
            ?? throw new LabException(ExitCode.Failed, $"There is no lab in {journal.To}.");
        var made = manifest.Lab;
        var to = made;
        if (made.Root != journal.To)
        {
            to = (
                made with
                {
                    Root = journal.To,
                    Folder = journal.Origin,
                    SafeAlias = LabPlanner.AliasOf(
                        made.Conventions,
                        journal.To,
                        made.Id,
                        () => HostInspector.AliasFolder
                    ),
                }
            ).WithOwnFolders();
            var renderer = new ConfigRenderer(new TemplateStore(), context.ProgramVersion)
            {
                Program = context.Program,
            };
            new RelocatedFiles(new Relocation(made, to), renderer, journal.To).Write();
            LabStore.Save(manifest with { Lab = to });
        }

        LabIndex.Move(to, journal.From);
        var former = to with { Root = journal.From };
        context.Leases.Release(former);
        context.Leases.Renew(to);
        if (made.SafeAlias is { } alias && alias != to.SafeAlias && new FileInfo(alias).LinkTarget == journal.From)
        {
            File.Delete(alias);
        }

        if (journal.ByCopy && Directory.Exists(journal.From))
        {
            DeleteFormer(journal, to);
        }

        LabFolder.GiveBack(journal.From, journal.Former);
        File.Delete(paths.MoveJournal);
    }

    private static void DeleteFormer(MoveJournal journal, Lab lab)
    {
        // Only what is this lab's: somebody may have made another one there meanwhile.
        if (LabStore.LoadAsWritten(journal.From)?.Lab.Id != lab.Id)
        {
            return;
        }

        var hidden = new LabPaths(journal.From).Hidden;
        foreach (var entry in Directory.EnumerateFileSystemEntries(journal.From).OrderBy(e => e == hidden).ToArray())
        {
            if (new FileInfo(entry).LinkTarget is null && Directory.Exists(entry))
            {
                Directory.Delete(entry, recursive: true);
            }
            else
            {
                File.Delete(entry);
            }
        }
    }
}
