using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>Deletes what is a lab's, and nothing else.</summary>
/// <param name="host">Where it lies.</param>
internal sealed class LabDeletion(IHost host)
{
    /// <summary>What is the lab's and is deleted, whether it is there or not.</summary>
    internal async Task<IReadOnlyList<string>> PathsAsync(Lab lab)
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
            LabItemProof.Silence => await IsStaleAsync(item.Path),
            LabItemProof.Target => await host.Files.LinkTargetAsync(item.Path, CancellationToken.None) is { } target
                && (
                    target == item.Target
                    || await host.Files.RealPathAsync(item.Path, CancellationToken.None) == item.Target
                ),
            _ => true,
        };

    internal async Task DeleteAsync(Lab lab, IReadOnlyList<string> kept)
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

        foreach (var name in await host.Files.ListAsync(path, CancellationToken.None))
        {
            await DeleteExceptAsync(lab, $"{path}/{name}", kept);
        }
    }

    /// <summary>What lies in the lab's folder is reached from there through no link.</summary>
    internal ValueTask DeleteAsync(Lab lab, string path) =>
        path.StartsWith(lab.Root + "/", StringComparison.Ordinal)
            ? host.Files.DeleteWithinAsync(lab.Root, path, CancellationToken.None)
            : host.Files.DeleteAsync(path, CancellationToken.None);

    /// <summary>What was being written when a command was killed .</summary>
    private async Task<IReadOnlyList<string>> FindUnfinishedAsync(IReadOnlyList<string> files)
    {
        var found = new List<string>();
        foreach (var folder in files.GroupBy(f => Path.GetDirectoryName(f)!))
        {
            var names = folder.Select(f => Path.GetFileName(f)).ToHashSet(StringComparer.Ordinal);
            found.AddRange(
                (await host.Files.ListAsync(folder.Key, CancellationToken.None))
                    .Where(n => UnfinishedFile.Replaces(n) is { } name && names.Contains(name))
                    .Select(n => $"{folder.Key}/{n}")
            );
        }

        return found;
    }

    /// <summary>With a watchdog each Pgpool-II has a folder of its own; what the user has put into it stays.</summary>
    internal async Task DeleteEmptyFoldersAsync(Lab lab)
    {
        foreach (var folder in LabInventory.Of(lab).Items.Where(i => i.IsShared))
        {
            await host.Files.DeleteEmptyWithinAsync(
                lab.Root,
                $"{lab.Root}/{Path.GetFileName(folder.Path)}",
                CancellationToken.None
            );
        }
    }

    /// <summary>A socket of this lab's ports may by now be another user's or another lab's server; ours are stopped, so
    /// that one answers is proof.</summary>
    private async ValueTask<bool> IsStaleAsync(string socket) =>
        await host.Files.LookAsync(socket, CancellationToken.None) is { } facts
        && facts.User == Identity.Current.UserId
        && !await host.Ports.SocketAnswersAsync(LabNames.SocketOf(socket), CancellationToken.None);
}
