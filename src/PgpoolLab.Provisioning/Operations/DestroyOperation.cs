using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>What was left in a lab's folder because it is not the lab's.</summary>
/// <param name="FolderIsGone">True when the folder itself was setup's and is gone.</param>
/// <param name="Left">What in the folder is the user's own, relative to it.</param>
public sealed record DestroyResult(bool FolderIsGone, IReadOnlyList<string> Left);

/// <summary>What destroying a lab would do.</summary>
/// <param name="Directory">The lab's folder.</param>
/// <param name="Servers">What runs of it and would be stopped, in words.</param>
/// <param name="Deletes">Files and folders that would be deleted, absolute; folders with all that is in them.</param>
/// <param name="UsersFiles">What lies in these folders and was made neither by setup nor by a server of the lab: it
/// stays, unless that is asked for.</param>
/// <param name="Stays">What else lies in the lab's folder: it stays in any case.</param>
public sealed record DestroyPreview(
    string Directory,
    IReadOnlyList<string> Servers,
    IReadOnlyList<string> Deletes,
    IReadOnlyList<string> UsersFiles,
    IReadOnlyList<string> Stays
);

/// <summary>Removes exactly what belongs to a lab, however far it had come and whatever runs of it.</summary>
/// <param name="context">What it works with.</param>
public sealed class DestroyOperation(OperationContext context)
{
    /// <summary>Says what would be stopped and deleted. Touches nothing.</summary>
    public async Task<DestroyPreview> PreviewAsync(Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var survey = new LabSurvey(context.Host);
        (lab, _) = await survey.LookAsync(lab, cancellationToken);
        var deletes = new List<string>();
        foreach (var path in (await PathsAsync(lab)).Append(lab.Paths.Hidden).Distinct())
        {
            if (await context.Host.Files.ExistsAsync(path, cancellationToken))
            {
                deletes.Add(path);
            }
        }

        var top = deletes
            .Select(p => Path.GetRelativePath(lab.Root, p).Split('/')[0])
            .ToHashSet(StringComparer.Ordinal);
        return new DestroyPreview(
            lab.Root,
            [
                .. (await survey.FindServersAsync(lab, cancellationToken))
                    .Where(p => !p.CommandLine.StartsWith(p.Name + ": ", StringComparison.Ordinal))
                    .Select(p => $"{p.Name} (pid {p.Id}) in {p.WorkingDirectory}"),
            ],
            [.. deletes.Where(p => !deletes.Any(d => p.StartsWith(d + "/", StringComparison.Ordinal)))],
            await new UsersFiles(context.Host).FindAsync(LabPlaces.WithoutLinkedNodes(lab), cancellationToken),
            [
                .. (await context.Host.Files.ListAsync(lab.Root, cancellationToken))
                    .Where(n => !top.Contains(n))
                    .Order(StringComparer.Ordinal)
                    .Select(n => $"{lab.Root}/{n}"),
            ]
        );
    }

    /// <summary>Stops the servers and deletes the lab. What users have put into its folders stays.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="deletesUsersFiles">True to delete that as well, where it lies in a folder that is the
    /// lab's.</param>
    /// <param name="cancellationToken">Ends it before something is deleted.</param>
    /// <exception cref="LabException">Something could not be stopped or deleted; the manifest is still there, so that
    /// it can be tried again.</exception>
    public async Task<DestroyResult> ExecuteAsync(Lab lab, bool deletesUsersFiles, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        IReadOnlyList<string> kept;
        using (LabLock.Take(lab.Root))
        {
            context.Observer.Started("Stop what runs");
            var began = context.Time.GetTimestamp();
            var survey = await new LabSurvey(context.Host).LookAsync(lab, cancellationToken);
            lab = survey.Lab;
            if (survey.Unlisted.Count > 0)
            {
                context.Observer.Note(
                    $"The lab's manifest does not name {string.Join(" and ", survey.Unlisted)}, which lies in "
                        + "its folder: it is stopped and deleted, too."
                );
            }

            var reached = LabPlaces.WithoutLinkedNodes(lab);
            foreach (var node in lab.Nodes.Except(reached.Nodes))
            {
                context.Observer.Note(
                    $"{node.DataDirectory} is a link, and may lead to data of the lab in {lab.Former!.Root}: the "
                        + "link is deleted, and what it leads to is not touched."
                );
            }

            if (await new StopOperation(context).StopServersAsync(reached) is { Count: > 0 } running)
            {
                throw new LabException(
                    ExitCode.UndoFailed,
                    $"The lab '{lab.Name}' was not destroyed: not all of its servers could be stopped."
                )
                {
                    Details = running,
                };
            }

            await EndRemainingServersAsync(lab, cancellationToken);
            await new Orphans(context.Host, context.Probes).EndAsync(reached);

            context.Observer.Finished("Stop what runs", context.Time.GetElapsedTime(began));
            cancellationToken.ThrowIfCancellationRequested();
            began = context.Time.GetTimestamp();
            context.Observer.Started("Delete the files");
            kept = deletesUsersFiles
                ? []
                : await new UsersFiles(context.Host).FindAsync(reached, CancellationToken.None);
            await DeleteAsync(lab, kept);
            DeleteEmptyFolders(lab);
            context.Observer.Finished("Delete the files", context.Time.GetElapsedTime(began));
        }

        context.Leases.Release(lab);
        LabIndex.Remove(lab);
        await DeleteAsync(lab, lab.Paths.Hidden);
        var left = await context.Host.Files.ListAsync(lab.Root, CancellationToken.None);
        // The folder of a moved lab is the one that setup had made, and that of a copy is like it: neither is anybody's
        // when it is empty.
        var isMoved = lab.Former is { IsSetups: true };
        var givenBack =
            left.Count == 0 && (isMoved ? LabFolder.DeleteEmpty(lab.Root) : LabFolder.GiveBack(lab.Root, lab.Folder));
        var inside = kept.Select(k => Path.GetRelativePath(lab.Root, k)).ToArray();
        return new DestroyResult(
            givenBack && (isMoved || lab.Folder.CreatedFrom is not null),
            [.. left.Where(n => !inside.Any(k => k.StartsWith(n + "/", StringComparison.Ordinal))), .. inside]
        );
    }

    /// <summary>What runs in the lab's folders and is not found by a PID file: its data folder was deleted under it,
    /// say.</summary>
    private async Task EndRemainingServersAsync(Lab lab, CancellationToken cancellationToken)
    {
        var survey = new LabSurvey(context.Host);
        if (await survey.FindServersAsync(lab, cancellationToken) is { Count: > 0 } running)
        {
            await new OrphanServers(context.Host, context.Probes, lab.Name, dataIsThere: true).EndAsync(
                running,
                () => survey.FindServersAsync(lab, cancellationToken),
                cancellationToken
            );
        }
    }

    /// <summary>What is the lab's and is deleted, whether it is there or not.</summary>
    private async Task<IReadOnlyList<string>> PathsAsync(Lab lab)
    {
        var deleted = LabInventory.Of(lab).Deleted.ToArray();
        var ours = new List<string>();
        foreach (var item in deleted)
        {
            if (await IsProvedAsync(item))
            {
                ours.Add(item.Path);
            }
        }

        string[] files =
        [
            .. deleted.Where(i => i.Kind is LabItemKind.File && i.Use is not LabItemUse.Log).Select(i => i.Path),
        ];
        return [.. ours, .. await FindUnfinishedAsync(files)];
    }

    private async Task<bool> IsProvedAsync(LabItem item) =>
        item.Proof switch
        {
            LabItemProof.Silence => IsStale(item.Path),
            LabItemProof.Target => await context.Host.Files.LinkTargetAsync(item.Path, CancellationToken.None)
                is { } target
                && (
                    target == item.Target
                    || await context.Host.Files.RealPathAsync(item.Path, CancellationToken.None) == item.Target
                ),
            _ => true,
        };

    private async Task DeleteAsync(Lab lab, IReadOnlyList<string> kept)
    {
        foreach (var path in await PathsAsync(lab))
        {
            try
            {
                await DeleteExceptAsync(lab, path, kept);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new LabException(ExitCode.UndoFailed, $"Could not delete {path}: {error.Message}", error)
                {
                    Hints =
                    [
                        error is IOException io && ReadOnlyDisk.IsReasonFor(io)
                            ? "The lab's servers are stopped. Its file system is read-only: make it writable, "
                                + "then run the same command again."
                            : "Remove what is in the way, then run the same command again.",
                    ],
                };
            }
        }
    }

    /// <summary>Deletes a file, or a folder but for what is kept in it.</summary>
    private async Task DeleteExceptAsync(Lab lab, string path, IReadOnlyList<string> kept)
    {
        if (kept.Contains(path))
        {
            return;
        }

        if (!kept.Any(k => k.StartsWith(path + "/", StringComparison.Ordinal)))
        {
            await DeleteAsync(lab, path);
            return;
        }

        foreach (var name in await context.Host.Files.ListAsync(path, CancellationToken.None))
        {
            await DeleteExceptAsync(lab, $"{path}/{name}", kept);
        }
    }

    /// <summary>What lies in the lab's folder is reached from there through no link.</summary>
    private ValueTask DeleteAsync(Lab lab, string path) =>
        path.StartsWith(lab.Root + "/", StringComparison.Ordinal)
            ? context.Host.Files.DeleteWithinAsync(lab.Root, path, CancellationToken.None)
            : context.Host.Files.DeleteAsync(path, CancellationToken.None);

    /// <summary>What was being written when a command was killed .</summary>
    private async Task<IReadOnlyList<string>> FindUnfinishedAsync(IReadOnlyList<string> files)
    {
        var found = new List<string>();
        foreach (var folder in files.GroupBy(f => Path.GetDirectoryName(f)!))
        {
            var names = folder.Select(f => Path.GetFileName(f)).ToHashSet(StringComparer.Ordinal);
            found.AddRange(
                (await context.Host.Files.ListAsync(folder.Key, CancellationToken.None))
                    .Where(n => UnfinishedFile.Replaces(n) is { } name && names.Contains(name))
                    .Select(n => $"{folder.Key}/{n}")
            );
        }

        return found;
    }

    /// <summary>With a watchdog each Pgpool-II has a folder of its own; what the user has put into it stays.</summary>
    private static void DeleteEmptyFolders(Lab lab)
    {
        using var root = OpenFolder.TryOpen(lab.Root);
        foreach (var name in LabInventory.Of(lab).Items.Where(i => i.IsShared).Select(i => Path.GetFileName(i.Path)))
        {
            using var folder = root?.TryOpenFolder(name);
            if (folder?.List().Count == 0)
            {
                root!.DeleteEmpty(name);
            }
        }
    }

    /// <summary>A socket of this lab's ports may by now be another user's or another lab's server; ours are stopped, so
    /// that one answers is proof.</summary>
    private bool IsStale(string socket) =>
        Path.Exists(socket)
        && Identity.OwnerOf(socket)?.User == Identity.Current.UserId
        && !context
            .Host.Ports.SocketAnswersAsync(LabNames.SocketOf(socket), CancellationToken.None)
            .AsTask()
            .GetAwaiter()
            .GetResult();
}
