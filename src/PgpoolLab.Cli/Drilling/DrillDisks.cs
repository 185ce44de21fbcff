using PgpoolLab.Cli.Keeping;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Drills.Files;
using PgpoolLab.Drills.Running;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Drilling;

/// <summary>Disks that a drill fills. The nodes in question get one of their own for their WAL before the load begins,
/// in a mount namespace that the lab's servers then run in; with the last of these it is gone. What makes and removes
/// the lab stays outside, where nothing is mounted: docs/decisions/0077-a-full-disk-of-its-own.md.</summary>
internal static class DrillDisks
{
    /// <summary>What such a disk can hold besides what is on it at first, in bytes.</summary>
    private const long Room = 256L << 20;

    /// <summary>Why a drill cannot be done here; null when it can. Nothing is made for that.</summary>
    internal static LabException? Refusal(DrillSpec drill, DrillWish wish)
    {
        var fills = drill.NodesToFill.Count > 0;
        if (fills && (wish.Lab is not null || wish.Keep))
        {
            return new LabException(
                ExitCode.Usage,
                $"The drill {drill.Name} fills a disk that goes when the drill ends, and part of the lab with it."
            )
            {
                Hints = [$"Leave out {(wish.Keep ? "--keep" : "--lab")}: the drill makes a lab, and removes it."],
            };
        }

        if (drill.NeedsRoot && !Identity.IsRoot)
        {
            return new LabException(
                ExitCode.Missing,
                fills
                    ? $"The drill {drill.Name} needs root: it fills a disk, which it mounts for that."
                    : $"The drill {drill.Name} needs root."
            )
            {
                Hints = [$"As root:  sudo {Invocation.Command} drill {Shell.Quote(drill.File ?? drill.Name)}"],
            };
        }

        return fills && OwnMounts.WhyNot() is { } why
            ? new LabException(
                ExitCode.Missing,
                $"The drill {drill.Name} fills a disk, which it mounts for that in a namespace of its own, and this "
                    + "system does not let root do so."
            )
            {
                Details = [why],
                Hints =
                [
                    "A container needs a right for it, such as:  docker run --cap-add SYS_ADMIN "
                        + "--security-opt apparmor=unconfined",
                ],
            }
            : null;
    }

    /// <summary>Gives a lab's nodes such disks: all servers are stopped for that, and started again.</summary>
    /// <param name="lab">The lab, as setup has told of it.</param>
    /// <param name="drill">The drill.</param>
    /// <param name="said">Is told each line of conversation.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Where the servers are then.</returns>
    internal static async Task<OwnMounts> GiveAsync(
        LabInfo lab,
        DrillSpec drill,
        Action<string> said,
        CancellationToken cancellationToken
    )
    {
        if (drill.NodesToFill.FirstOrDefault(n => n >= lab.Nodes.Count, -1) is >= 0 and var none)
        {
            throw new LabException(
                ExitCode.Usage,
                $"The drill {drill.Name} fills the disk of node {none}, and its lab has {lab.Nodes.Count} nodes."
            )
            {
                Hints = ["Nodes are counted from 0. The lab of a drill has two where its file says nothing else."],
            };
        }

        DrillPlace.Checked(await CommandAsync("stopall"));
        var mounts = OwnMounts.Create();
        try
        {
            foreach (var node in lab.Nodes.Where(n => drill.NodesToFill.Contains(n.Id)))
            {
                OwnDisk.Give(mounts, DiskSteps.FolderOf(node.DataDirectory), Room);
            }

            DrillPlace.Checked(await mounts.Do(() => CommandAsync("startall")));
            return mounts;
        }
        catch (IOException error)
        {
            mounts.Dispose();
            throw new LabException(
                ExitCode.Failed,
                $"The drill {drill.Name} could not give a node a disk of its own: {error.Message}",
                error
            );
        }
        catch
        {
            mounts.Dispose();
            throw;
        }

        Task<CommandEnd> CommandAsync(string verb) =>
            OwnProgram.RunAsync([verb, "--lab", lab.Directory], said, printed: null, cancellationToken);
    }
}
