using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>The folder a lab lies in: made, handed over, and given back as it was.</summary>
public static class LabFolder
{
    /// <summary>Refuses a folder that cannot become a lab. Touches nothing.</summary>
    /// <param name="folder">The folder, absolute.</param>
    /// <param name="hiddenFilesAreFine">As pgpool_setup sees it, files whose name begins with a dot do not count.</param>
    /// <exception cref="LabException">It is not empty, no folder, or its parent cannot be written to.</exception>
    public static void RequireUsable(string folder, bool hiddenFilesAreFine = false)
    {
        if (File.Exists(folder))
        {
            throw new LabException(ExitCode.InTheWay, $"{folder} is a file, not a folder.");
        }

        if (!Directory.Exists(folder))
        {
            var parent = NearestExisting(folder);
            if (!Identity.CanEnterAndWrite(parent))
            {
                throw NotWritable(parent, Identity.Current.Name);
            }

            return;
        }

        if (LabStore.Load(folder) is { } manifest)
        {
            if (manifest.State is LabState.Creating && LabLock.IsTaken(folder))
            {
                throw new LabException(ExitCode.Busy, $"Another setup is at work in {folder}.");
            }

            throw new LabException(ExitCode.InTheWay, manifest.State switch
            {
                LabState.Ready => $"{folder} is the lab '{manifest.Lab.Name}' already.",
                LabState.Failed => $"{folder} holds what a failed setup was told to keep.",
                _ => $"{folder} holds a lab whose setup was killed before it was done (state: creating).",
            })
            {
                Hints = [manifest.State is LabState.Ready ? $"Start it:  pgpoollab startall --lab {Shell.Quote(folder)}" : "A lab is made anew, not mended.", $"Delete it:  pgpoollab destroy {Shell.Quote(folder)}"],
            };
        }

        string[] found;
        try
        {
            var remains = LabRemains.AreIn(folder) ? Path.GetFileName(new LabPaths(folder).Hidden) : null;
            found = Directory.EnumerateFileSystemEntries(folder).Select(e => Path.GetFileName(e)).Where(n => n != remains && (!hiddenFilesAreFine || !n.StartsWith('.'))).Take(4).Order(StringComparer.Ordinal).ToArray();
        }
        catch (UnauthorizedAccessException)
        {
            throw NotWritable(folder, Identity.Current.Name);
        }

        if (found.Length > 0)
        {
            throw new LabException(ExitCode.InTheWay, $"The folder {folder} is not empty: it holds {string.Join(", ", found.Take(3))}{(found.Length > 3 ? ", …" : "")}.")
            {
                Hints = ["Name a folder that does not exist yet:  pgpoollab setup DIR"],
            };
        }
    }

    /// <summary>Keeps other setups of the same folder waiting while one finds out whether it is there, and makes it.</summary>
    /// <param name="folder">The folder, absolute.</param>
    /// <param name="probes">Waits.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Dispose it when the folder is claimed; null when it cannot be locked.</returns>
    public static async Task<IDisposable?> LockAsync(string folder, Probes.ProbeRunner probes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(probes);
        // Anybody may lock a folder like /tmp, and keep it: the lock is a help, not a condition.
        for (var tries = 0; tries < 500; tries++)
        {
            var nearest = NearestExisting(folder);
            var held = FolderLock.TryTake(nearest, out var taken);
            if (!taken && nearest == NearestExisting(folder))
            {
                return held;
            }

            held?.Dispose();
            await probes.PauseAsync(TimeSpan.FromMilliseconds(10), cancellationToken);
        }

        return null;
    }

    /// <summary>Makes the folder, hands it to the lab's user, and goes on as that user.</summary>
    /// <param name="folder">The folder, absolute.</param>
    /// <param name="user">Whom to become; null to stay who we are.</param>
    /// <returns>What to give back later.</returns>
    /// <exception cref="LabException">The user cannot work there; the folder is as it was.</exception>
    public static FolderOrigin Prepare(string folder, SystemUser? user)
    {
        var origin = new FolderOrigin(Directory.Exists(folder) ? null : TopmostMissing(folder));
        Directory.CreateDirectory(folder);
        for (var made = folder; origin.CreatedFrom is { } top && made.Length >= top.Length && !OperatingSystem.IsWindows(); made = Path.GetDirectoryName(made)!)
        {
            // Whatever the caller's umask: others may pass through, nobody else may write.
            File.SetUnixFileMode(made, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }

        if (user is not null)
        {
            if (Identity.OwnerOf(folder) is { } owner && owner.User != user.UserId)
            {
                origin = origin with { FormerUid = owner.User, FormerGid = owner.Group };
                Identity.Own(folder, user.UserId, user.GroupId);
            }

            Environment.CurrentDirectory = folder;
            Identity.Become(user);
        }

        if (!Identity.CanEnterAndWrite(folder))
        {
            GiveBack(folder, origin);
            throw NotWritable(folder, Identity.Current.Name);
        }

        return origin;
    }

    /// <summary>Gives an empty folder back as it was before setup: its former owner, or no folder at all.</summary>
    /// <returns>False when something of the user's is in it, or our rights do not suffice.</returns>
    public static bool GiveBack(string folder, FolderOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        try
        {
            // What this takes back comes from a file the lab's user can write. So root returns a folder only to itself, removes only what is
            // empty, and neither through a link that may have been put in the way since.
            if (Identity.RealPath(folder) != folder)
            {
                return false;
            }

            return Identity.WithOriginalRights(() =>
            {
                if (origin is { FormerUid: 0, FormerGid: { } group })
                {
                    Identity.Own(folder, 0, group);
                }

                for (var path = folder; origin.CreatedFrom is { } top && path.Length >= top.Length; path = Path.GetDirectoryName(path)!)
                {
                    Directory.Delete(path);
                }
            });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static string NearestExisting(string folder)
    {
        var parent = Path.GetDirectoryName(folder)!;
        return Directory.Exists(parent) ? parent : NearestExisting(parent);
    }

    private static string TopmostMissing(string folder)
    {
        var parent = Path.GetDirectoryName(folder)!;
        return Directory.Exists(parent) ? folder : TopmostMissing(parent);
    }

    private static LabException NotWritable(string folder, string user) =>
        new(ExitCode.InTheWay, $"The user {user} cannot write in {folder}, or cannot enter one of the folders above it.")
        {
            Hints = [$"Name a folder that {user} can write in:  pgpoollab setup DIR", .. Identity.HasStoodDown ? ["Or another user, as PostgreSQL refuses to run as root:  --run-as USER"] : Array.Empty<string>()],
        };
}
