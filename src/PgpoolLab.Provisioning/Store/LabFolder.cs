using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Store;

/// <summary>The folder a lab lies in: made, handed over, and given back as it was.</summary>
public static class LabFolder
{
    private const UnixFileMode ForOthersToPass =
        UnixFileMode.UserRead
        | UnixFileMode.UserWrite
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;

    /// <summary>Refuses a folder that cannot become a lab. Touches nothing.</summary>
    /// <param name="folder">The folder, absolute.</param>
    /// <param name="hiddenFilesAreFine">As pgpool_setup sees it, files whose name begins with a dot do not
    /// count.</param>
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

            if (LabPlaces.ProblemOf(manifest.Lab) is { } misplaced)
            {
                throw new LabException(ExitCode.InTheWay, misplaced) { Hints = LabPlaces.HintsOf(manifest.Lab) };
            }

            throw new LabException(
                ExitCode.InTheWay,
                manifest.State switch
                {
                    LabState.Ready => $"{folder} is the lab '{manifest.Lab.Name}' already.",
                    LabState.Failed => $"{folder} holds what a failed setup was told to keep.",
                    LabState.Destroying =>
                        $"{folder} holds what is left of the lab '{manifest.Lab.Name}': destroying it has not ended.",
                    _ => $"{folder} holds a lab whose setup was killed before it was done (state: creating).",
                }
            )
            {
                Hints =
                [
                    manifest.State is LabState.Ready
                        ? $"Start it:  pgpoollab startall --lab {Shell.Quote(folder)}"
                        : "A lab is made anew, not mended.",
                    $"Delete it:  pgpoollab destroy {Shell.Quote(folder)}",
                ],
            };
        }

        string[] found;
        try
        {
            var remains = LabRemains.AreIn(folder) ? Path.GetFileName(new LabPaths(folder).Hidden) : null;
            found = Directory
                .EnumerateFileSystemEntries(folder)
                .Select(e => Path.GetFileName(e))
                .Where(n => n != remains && (!hiddenFilesAreFine || !n.StartsWith('.')))
                .Take(4)
                .Order(StringComparer.Ordinal)
                .ToArray();
        }
        catch (UnauthorizedAccessException)
        {
            throw NotWritable(folder, Identity.Current.Name);
        }

        if (found.Length > 0)
        {
            throw new LabException(
                ExitCode.InTheWay,
                $"The folder {folder} is not empty: it holds "
                    + $"{string.Join(", ", found.Take(3))}{(found.Length > 3 ? ", …" : "")}."
            )
            {
                Hints = ["Name a folder that does not exist yet:  pgpoollab setup DIR"],
            };
        }
    }

    /// <summary>Keeps other setups of the same folder waiting while one finds out whether it is there, and makes
    /// it.</summary>
    /// <param name="folder">The folder, absolute.</param>
    /// <param name="probes">Waits.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Dispose it when the folder is claimed; null when it cannot be locked.</returns>
    public static async Task<IDisposable?> LockAsync(
        string folder,
        ProbeRunner probes,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(probes);
        // Anybody may lock a folder like /tmp, and keep it: the lock is a help, not a condition.
        var inTime = probes.Limit(TimeSpan.FromSeconds(5));
        do
        {
            var nearest = NearestExisting(folder);
            var held = FolderLock.TryTake(nearest, out var taken);
            if (!taken && nearest == NearestExisting(folder))
            {
                return held;
            }

            held?.Dispose();
            await probes.PauseAsync(TimeSpan.FromMilliseconds(10), cancellationToken);
        } while (inTime());

        return null;
    }

    /// <summary>Makes the folder, hands it to the lab's user, and goes on as that user.</summary>
    /// <param name="folder">The folder, absolute.</param>
    /// <param name="user">Whom to become; null to stay who we are.</param>
    /// <param name="process">Becomes that user.</param>
    /// <returns>What to give back later.</returns>
    /// <exception cref="LabException">The user cannot work there; the folder is as it was.</exception>
    public static FolderOrigin Prepare(string folder, SystemUser? user, IThisProcess process)
    {
        ArgumentNullException.ThrowIfNull(process);
        var above = ItselfOrAbove(folder);
        var missing = folder[above.TrimEnd('/').Length..].Split('/', StringSplitOptions.RemoveEmptyEntries);
        var current =
            OpenFolder.TryOpen(Identity.RealPath(above))
            ?? throw new LabException(ExitCode.InTheWay, $"{above} was deleted in this moment.");
        try
        {
            var made = new List<(string Named, MadeFolder Folder)>();
            var named = above.TrimEnd('/');
            foreach (var name in missing)
            {
                named = $"{named}/{name}";
                using var parent = current;
                // Whatever the caller's umask: others may pass through, nobody else may write.
                if (parent.TryMake(name, ForOthersToPass) is { } next)
                {
                    current = next;
                    // Or else nothing could be made beside the lab by the one whose place it is, this lab's end or not.
                    if (user is not null && parent.Ownership?.User == user.UserId)
                    {
                        next.Own(user.UserId, user.GroupId);
                    }

                    made.Add((named, new MadeFolder(next.Path, next.Ownership?.Id ?? "")));
                }
                else
                {
                    current =
                        parent.TryOpenFolder(name)
                        ?? throw new LabException(ExitCode.InTheWay, $"{named} was deleted in this moment.");
                    made.Clear();
                }
            }

            var origin = new FolderOrigin(made.Count > 0 ? made[0].Named : null);
            if (user is not null)
            {
                origin = HandOver(current, user, origin, [.. made.Select(m => m.Folder)]);
                process.Become(user, current);
            }
            else if (made.Count > 0)
            {
                // Until the manifest says so.
                FolderRecords
                    .OfCurrentUser()
                    .TryWrite(
                        current,
                        new FolderRecord(current.Path, Identity.Current.UserId, null, [.. made.Select(m => m.Folder)])
                    );
            }

            if (!Identity.CanEnterAndWrite(folder))
            {
                GiveBack(folder, origin);
                throw NotWritable(folder, Identity.Current.Name);
            }

            return origin;
        }
        finally
        {
            current.Dispose();
        }
    }

    /// <summary>The folder, or when it is not there the nearest one above it that is.</summary>
    internal static string ItselfOrAbove(string folder) => Directory.Exists(folder) ? folder : NearestExisting(folder);

    /// <summary>Notes whose the folder was, then gives it away.</summary>
    private static FolderOrigin HandOver(
        OpenFolder folder,
        SystemUser user,
        FolderOrigin origin,
        IReadOnlyList<MadeFolder> made
    )
    {
        if (folder.Ownership is not { } owner)
        {
            return origin;
        }

        var former = made.Count > 0 ? null : new FormerOwner(owner.User, owner.Group, (int)owner.Permissions);
        FolderRecords.OfThisMachine.TryWrite(folder, new FolderRecord(folder.Path, user.UserId, former, made));
        if (owner.User == user.UserId)
        {
            return origin;
        }

        folder.Own(user.UserId, user.GroupId);
        return origin with { FormerUid = owner.User, FormerGid = owner.Group };
    }

    /// <summary>Gives an empty folder back as it was before setup: its former owner, or no folder at all.</summary>
    /// <returns>False when something of the user's is in it, or our rights do not suffice.</returns>
    public static bool GiveBack(string folder, FolderOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        try
        {
            var real = Identity.RealPath(folder);
            var given = false;
            // What the origin says is the word of the lab's user. Root goes by its own notes, and never through a link
            // that was put in the way since.
            if (
                Identity.HasStoodDown
                && Identity.WithOriginalRights(() => given = FolderRecords.OfThisMachine.GiveBack(real))
                && given
            )
            {
                return true;
            }

            if (origin == new FolderOrigin(null))
            {
                return true;
            }

            DeleteMade(real, origin.CreatedFrom);
            FolderRecords.OfCurrentUser().Forget(real);
            return origin.CreatedFrom is not null;
        }
        catch (Exception error)
            when (error is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Deletes a folder that is empty.</summary>
    /// <returns>False when it is not, or our rights do not suffice.</returns>
    internal static bool DeleteEmpty(string folder)
    {
        try
        {
            using var above = OpenFolder.TryOpen(Path.GetDirectoryName(folder)!);
            above?.DeleteEmpty(Path.GetFileName(folder));
            return above is not null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Gives a folder back by what is noted of it alone: a setup that was killed before it wrote a manifest
    /// has made it, or root has given it to the lab's user.</summary>
    /// <returns>False when nothing is noted, it is not empty, or a setup is at work on it.</returns>
    public static bool GiveBackNoted(string folder)
    {
        try
        {
            var real = Identity.RealPath(folder);
            var given = false;
            if (Identity.HasStoodDown)
            {
                return Identity.WithOriginalRights(() => given = GiveBack(FolderRecords.OfThisMachine)) && given;
            }

            return (Identity.IsRoot && GiveBack(FolderRecords.OfThisMachine))
                || GiveBack(FolderRecords.OfCurrentUser());

            bool GiveBack(FolderRecords records) =>
                records.All().Any(r => r.Folder == real && !IsBeingMade(r)) && IsEmpty(real) && records.GiveBack(real);
        }
        catch (Exception error)
            when (error
                    is IOException
                        or UnauthorizedAccessException
                        or LabException
                        or System.ComponentModel.Win32Exception
            )
        {
            return false;
        }
    }

    /// <summary>Folders that are noted, of labs that were never made.</summary>
    internal static IReadOnlyList<string> Noted() =>
        [
            .. (Identity.IsRoot ? FolderRecords.OfThisMachine.All() : [])
                .Concat(FolderRecords.OfCurrentUser().All())
                .Select(r => r.Folder)
                .Distinct(),
        ];

    private static bool IsEmpty(string folder)
    {
        using var open = OpenFolder.TryOpen(folder);
        return open?.List().Count == 0;
    }

    /// <summary>Setup keeps the folder locked in which it makes new ones, until there is a manifest.</summary>
    private static bool IsBeingMade(FolderRecord record)
    {
        using var held = FolderLock.TryTake(
            Path.GetDirectoryName(record.Made.Count > 0 ? record.Made[0].Path : record.Folder)!,
            out var taken
        );
        return taken;
    }

    /// <summary>Deletes empty folders that setup has made, with the rights of the lab's user.</summary>
    private static void DeleteMade(string folder, string? createdFrom)
    {
        // It may have been named by way of a link.
        if (
            createdFrom is null
            || Identity.RealPath(createdFrom) is not { Length: > 1 } topmost
            || (folder != topmost && !folder.StartsWith(topmost + "/", StringComparison.Ordinal))
        )
        {
            return;
        }

        for (var levels = folder[topmost.Length..].Count(c => c == '/') + 1; levels > 0; levels--)
        {
            using var above = OpenFolder.TryOpen(Path.GetDirectoryName(folder)!);
            above?.DeleteEmpty(Path.GetFileName(folder));
            folder = Path.GetDirectoryName(folder)!;
        }
    }

    internal static string NearestExisting(string folder)
    {
        var parent = Path.GetDirectoryName(folder)!;
        return Directory.Exists(parent) ? parent : NearestExisting(parent);
    }

    private static LabException NotWritable(string folder, string user) =>
        new(
            ExitCode.InTheWay,
            $"The user {user} cannot write in {folder}, or cannot enter one of the folders above it."
        )
        {
            Hints =
            [
                $"Name a folder that {user} can write in:  pgpoollab setup DIR",
                .. Identity.HasStoodDown
                    ? ["Or another user, as PostgreSQL refuses to run as root:  --run-as USER"]
                    : Array.Empty<string>(),
            ],
        };
}
