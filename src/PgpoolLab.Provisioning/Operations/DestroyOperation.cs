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
            if (await new StopOperation(context).StopServersAsync(lab) is { Count: > 0 } running)
            {
                throw new LabException(ExitCode.UndoFailed, $"The lab '{lab.Name}' was not destroyed: not all of its servers could be stopped.") { Details = running };
            }

            context.Observer.Finished("Stop what runs", context.Time.GetElapsedTime(began));
            cancellationToken.ThrowIfCancellationRequested();
            began = context.Time.GetTimestamp();
            context.Observer.Started("Delete the files");
            await DeleteAsync(lab);
            context.Observer.Finished("Delete the files", context.Time.GetElapsedTime(began));
        }

        LabIndex.Remove(lab);
        await context.Host.DeleteAsync(lab.Paths.Hidden, CancellationToken.None);
        var left = await context.Host.ListAsync(lab.Root, CancellationToken.None);
        var givenBack = left.Count == 0 && LabFolder.GiveBack(lab.Root, lab.Folder);
        return new DestroyResult(givenBack && lab.Folder.CreatedFrom is not null, left);
    }

    private async Task DeleteAsync(Lab lab)
    {
        string?[] everything =
        [
            lab.SafeAlias is { } alias && new FileInfo(alias).LinkTarget == lab.Root ? alias : null,
            .. lab.Nodes.SelectMany(n => LabSockets.OfNode(lab, n)).Concat(LabSockets.OfPgpool(lab)).Where(IsStale),
            .. lab.Nodes.SelectMany(n => (string[])[n.DataDirectory, n.DataDirectory + ".recovery", n.DataDirectory + ".kept"]),
            lab.Paths.Etc, lab.Paths.Run, lab.Paths.Archive, lab.Paths.PcpPass, $"{lab.Root}/bashrc.ports", $"{lab.Root}/README.port",
            .. LabScripts.Names.Select(n => $"{lab.Root}/{n}"),
            lab.Paths.Log,
        ];
        foreach (var path in everything.OfType<string>())
        {
            try
            {
                await context.Host.DeleteAsync(path, CancellationToken.None);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new LabException(ExitCode.UndoFailed, $"Could not delete {path}: {error.Message}", error)
                {
                    Hints = ["Remove what is in the way, then run the same command again."],
                };
            }
        }
    }

    /// <summary>A socket of this lab's ports may by now be another user's or another lab's server; ours are stopped, so that one answers is proof.</summary>
    private bool IsStale(string socket) =>
        Path.Exists(socket) && Identity.OwnerOf(socket)?.User == Identity.Current.UserId
        && !context.Host.SocketAnswersAsync(socket.EndsWith(".lock", StringComparison.Ordinal) ? socket[..^".lock".Length] : socket, CancellationToken.None).AsTask().GetAwaiter().GetResult();
}
