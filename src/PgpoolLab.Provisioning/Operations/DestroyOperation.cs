using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>What was left in a lab's folder because it is not the lab's.</summary>
/// <param name="FolderIsGone">True when the folder itself was setup's and is gone.</param>
/// <param name="Left">Names in the folder that are the user's own.</param>
public sealed record DestroyResult(bool FolderIsGone, IReadOnlyList<string> Left);

/// <summary>Removes exactly what belongs to a lab, however far it had come and whatever runs of it.</summary>
/// <param name="context">What it works with.</param>
public sealed class DestroyOperation(OperationContext context)
{
    /// <summary>Stops the servers and deletes the lab.</summary>
    /// <exception cref="LabException">Something could not be stopped or deleted; the manifest is still there, so that it can be tried again.</exception>
    public async Task<DestroyResult> ExecuteAsync(Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        using (LabLock.Take(lab.Root))
        {
            context.Observer.Started("Stop what runs");
            var began = context.Time.GetTimestamp();
            var survey = await new LabSurvey(context.Host).LookAsync(lab, cancellationToken);
            lab = survey.Lab;
            if (survey.Unlisted.Count > 0)
            {
                context.Observer.Note($"The lab's manifest does not name {string.Join(" and ", survey.Unlisted)}, which lies in its folder: it is stopped and deleted, too.");
            }

            if (await new StopOperation(context).StopServersAsync(lab) is { Count: > 0 } running)
            {
                throw new LabException(ExitCode.UndoFailed, $"The lab '{lab.Name}' was not destroyed: not all of its servers could be stopped.") { Details = running };
            }

            await EndRemainingServersAsync(lab, cancellationToken);
            await new Orphans(context.Host, context.Probes).EndAsync(lab);

            context.Observer.Finished("Stop what runs", context.Time.GetElapsedTime(began));
            cancellationToken.ThrowIfCancellationRequested();
            began = context.Time.GetTimestamp();
            context.Observer.Started("Delete the files");
            await DeleteAsync(lab);
            DeleteEmptyFolders(lab);
            context.Observer.Finished("Delete the files", context.Time.GetElapsedTime(began));
        }

        context.Leases.Release(lab);
        LabIndex.Remove(lab);
        await DeleteAsync(lab, lab.Paths.Hidden);
        var left = await context.Host.ListAsync(lab.Root, CancellationToken.None);
        var givenBack = left.Count == 0 && LabFolder.GiveBack(lab.Root, lab.Folder);
        return new DestroyResult(givenBack && lab.Folder.CreatedFrom is not null, left);
    }

    /// <summary>What runs in the lab's folders and is not found by a PID file: its data folder was deleted under it, say.</summary>
    private async Task EndRemainingServersAsync(Lab lab, CancellationToken cancellationToken)
    {
        var survey = new LabSurvey(context.Host);
        if (await survey.FindServersAsync(lab, cancellationToken) is { Count: > 0 } running)
        {
            await new OrphanServers(context.Host, context.Probes, lab.Name, dataIsThere: true)
                .EndAsync(running, () => survey.FindServersAsync(lab, cancellationToken), cancellationToken);
        }
    }

    private async Task DeleteAsync(Lab lab)
    {
        var files = lab.Pgpools.SelectMany(p => (string[])[p.Paths.PcpPass, p.Paths.PgPass, $"{p.Folder}/bashrc.ports", $"{p.Folder}/README.port", .. LabScripts.Names.Select(n => $"{p.Folder}/{n}")])
            .Concat(LabScripts.Names.Select(n => $"{lab.Root}/{n}")).Distinct().ToArray();
        string?[] everything =
        [
            lab.SafeAlias is { } alias && new FileInfo(alias).LinkTarget == lab.Root ? alias : null,
            .. lab.Nodes.Where(_ => lab.OwnsNodes).SelectMany(n => LabSockets.OfNode(lab, n)).Concat(lab.Pgpools.SelectMany(p => LabSockets.OfPgpool(lab, p))).Where(IsStale),
            // What the others hold are links to the first one's data.
            .. lab.Pgpools.SelectMany(p => lab.Nodes.SelectMany(n => (string[])[p.Paths.Data(n.Id), p.Paths.Data(n.Id) + ".recovery", p.Paths.Data(n.Id) + ".kept"])),
            .. lab.Pgpools.SelectMany(p => (string[])
            [
                p.Paths.Etc, p.Paths.Run, p.Paths.Archive, p.Paths.Log,
                // Left by the pgpool_setup that watchdog_setup has called for each.
                .. p.Folder == lab.Root ? [] : (string[])[$"{p.Folder}/pgpool_setup.log", p.Paths.Hidden],
            ]),
            .. files,
            .. await FindUnfinishedAsync(files),
            .. lab.HasPrivateSockets ? (string[])[lab.Paths.Run] : [],
            lab.ToolLog,
        ];
        foreach (var path in everything.OfType<string>())
        {
            try
            {
                await DeleteAsync(lab, path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new LabException(ExitCode.UndoFailed, $"Could not delete {path}: {error.Message}", error)
                {
                    Hints =
                    [
                        error is IOException io && LabLock.IsReadOnly(io)
                            ? "The lab's servers are stopped. Its file system is read-only: make it writable, then run the same command again."
                            : "Remove what is in the way, then run the same command again.",
                    ],
                };
            }
        }
    }

    /// <summary>What lies in the lab's folder is reached from there through no link.</summary>
    private ValueTask DeleteAsync(Lab lab, string path) => path.StartsWith(lab.Root + "/", StringComparison.Ordinal)
        ? context.Host.DeleteWithinAsync(lab.Root, path, CancellationToken.None) : context.Host.DeleteAsync(path, CancellationToken.None);

    /// <summary>What was being written when a command was killed .</summary>
    private async Task<IReadOnlyList<string>> FindUnfinishedAsync(IReadOnlyList<string> files)
    {
        var found = new List<string>();
        foreach (var folder in files.GroupBy(f => Path.GetDirectoryName(f)!))
        {
            var names = folder.Select(f => Path.GetFileName(f)).ToHashSet(StringComparer.Ordinal);
            found.AddRange((await context.Host.ListAsync(folder.Key, CancellationToken.None)).Where(n => UnfinishedFile.Replaces(n) is { } name && names.Contains(name)).Select(n => $"{folder.Key}/{n}"));
        }

        return found;
    }

    /// <summary>With a watchdog each Pgpool-II has a folder of its own; what the user has put into it stays.</summary>
    private static void DeleteEmptyFolders(Lab lab)
    {
        using var root = OpenFolder.TryOpen(lab.Root);
        foreach (var name in lab.Pgpools.Where(p => p.Folder != lab.Root).Select(p => Path.GetFileName(p.Folder)))
        {
            using var folder = root?.TryOpenFolder(name);
            if (folder?.List().Count == 0)
            {
                root!.DeleteEmpty(name);
            }
        }
    }

    /// <summary>A socket of this lab's ports may by now be another user's or another lab's server; ours are stopped, so that one answers is proof.</summary>
    private bool IsStale(string socket) =>
        Path.Exists(socket) && Identity.OwnerOf(socket)?.User == Identity.Current.UserId
        && !context.Host.SocketAnswersAsync(socket.EndsWith(".lock", StringComparison.Ordinal) ? socket[..^".lock".Length] : socket, CancellationToken.None).AsTask().GetAwaiter().GetResult();
}
