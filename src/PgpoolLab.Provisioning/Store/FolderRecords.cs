using System.Text.Json;
using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Store;

/// <summary>A folder root has made, known by more than its path.</summary>
/// <param name="Path">Its path, with links resolved.</param>
/// <param name="Id">What tells it from every other that has had its path.</param>
public sealed record MadeFolder(string Path, string Id);

/// <summary>Whose a folder was before it became a lab's.</summary>
/// <param name="User">Numeric owner.</param>
/// <param name="Group">Numeric group.</param>
/// <param name="Mode">Permissions.</param>
public sealed record FormerOwner(int User, int Group, int Mode);

/// <summary>What root has done to give a folder to a lab's user.</summary>
/// <param name="Folder">The folder, with links resolved.</param>
/// <param name="User">Numeric id of the lab's user.</param>
/// <param name="Former">Whose it was; null when root has made it.</param>
/// <param name="Made">Folders root has made for it, topmost first, the lab's own the last.</param>
public sealed record FolderRecord(string Folder, int User, FormerOwner? Former, IReadOnlyList<MadeFolder> Made);

/// <summary>Root's own notes of the folders it has given to labs' users. By them it takes them back: the manifest in
/// such a folder is its user's word, and root changes no owner and deletes nothing on that.</summary>
/// <remarks>docs/decisions/0030-roots-own-notes.md</remarks>
/// <param name="folder">Where they are.</param>
public sealed class FolderRecords(string folder)
{
    private const int MostText = 1 << 20;
    private const UnixFileMode RootsAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Where they are on this machine: a place that HOME does not change, and that nobody else can write
    /// in.</summary>
    /// <remarks>Filesystem Hierarchy Standard, "/var/lib".</remarks>
    public static FolderRecords OfThisMachine { get; } = new("/var/lib/pgpoollab/folders");

    /// <summary>The current user's own notes: of folders a setup has made whose lab has no manifest yet.</summary>
    public static FolderRecords OfCurrentUser() => new($"{StateFolder.Open()}/folders");

    /// <summary>Everything that is noted.</summary>
    public IReadOnlyList<FolderRecord> All()
    {
        try
        {
            using var store = Open(create: false);
            return store?.List().Select(n => Read(store, n)).OfType<FolderRecord>().ToArray() ?? [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Forgets what is noted of a folder.</summary>
    public void Forget(string path)
    {
        try
        {
            using var store = Open(create: false);
            foreach (var name in store?.List().Where(n => Read(store, n)?.Folder == path) ?? [])
            {
                store!.Delete(name);
            }

            RemoveWhenEmpty(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is swept another time.
        }
    }

    /// <summary>Notes what is about to be given away.</summary>
    /// <param name="given">The lab's folder.</param>
    /// <param name="record">What to know of it later.</param>
    /// <returns>False when it cannot be noted: then the folder is not given back later.</returns>
    public bool TryWrite(OpenFolder given, FolderRecord record)
    {
        ArgumentNullException.ThrowIfNull(given);
        for (var tries = 1; ; tries++)
        {
            try
            {
                using var store = Open(create: true);
                if (store is null || given.Ownership is not { Id: var id })
                {
                    return false;
                }

                Sweep(store);
                store.WriteText(NameOf(id), JsonSerializer.Serialize(record, StoreJson.Default.FolderRecord));
                return true;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another command may have removed the folder in this moment, as it was empty.
                if (tries == 3)
                {
                    return false;
                }
            }
        }
    }

    /// <summary>Gives a lab's folder back as it was: to its former owner, or no folder at all. Needs root.</summary>
    /// <param name="path">The lab's folder, with links resolved; it must be empty.</param>
    /// <returns>False when nothing is known of it, or it is not what it was.</returns>
    /// <exception cref="IOException">It is not empty, or a link is in the way.</exception>
    public bool GiveBack(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var store = Open(create: false);
        using var given = store is null ? null : OpenFolder.TryOpen(path);
        if (
            given?.Ownership is not { } now
            || Read(store!, NameOf(now.Id)) is not { } record
            || record.Folder != path
            || now.User != record.User
        )
        {
            return false;
        }

        foreach (var made in record.Made.Reverse())
        {
            using var above = OpenFolder.TryOpen(Path.GetDirectoryName(made.Path)!);
            if (above?.OwnershipOf(Path.GetFileName(made.Path)) is not { } there || there.Id != made.Id)
            {
                return false;
            }

            above.DeleteEmpty(Path.GetFileName(made.Path));
        }

        if (record.Former is { } former)
        {
            given.Own(former.User, former.Group);
            given.SetMode((UnixFileMode)former.Mode);
        }

        store!.Delete(NameOf(now.Id));
        RemoveWhenEmpty(folder);
        RemoveWhenEmpty(Path.GetDirectoryName(folder)!);
        return true;
    }

    /// <summary>Forgets folders that are not there any more, or are others by now.</summary>
    private static void Sweep(OpenFolder store)
    {
        foreach (var name in store.List())
        {
            if (Read(store, name) is { } record && IsOver(record, name))
            {
                store.Delete(name);
            }
        }
    }

    private static bool IsOver(FolderRecord record, string name)
    {
        try
        {
            using var above = OpenFolder.TryOpen(Path.GetDirectoryName(record.Folder)!);
            // A disk that is not mounted now may be so later.
            return above is not null
                && (above.OwnershipOf(Path.GetFileName(record.Folder)) is not { Id: var id } || NameOf(id) != name);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static FolderRecord? Read(OpenFolder store, string name)
    {
        try
        {
            return
                store.ReadText(name, MostText) is var (text, _)
                && JsonSerializer.Deserialize(text, StoreJson.Default.FolderRecord)
                    is { Folder: not null, Made: not null } record
                && record.Made.All(m => m is { Path: not null, Id: not null })
                ? record
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    private OpenFolder? Open(bool create)
    {
        var above = Identity.RealPath(Path.GetDirectoryName(Path.GetDirectoryName(folder)!)!);
        var current = OpenFolder.TryOpen(above);
        foreach (var name in (string[])[Path.GetFileName(Path.GetDirectoryName(folder)!), Path.GetFileName(folder)])
        {
            using var parent = current;
            current =
                parent?.TryOpenFolder(name)
                ?? (create ? parent?.TryMake(name, RootsAlone) ?? parent?.TryOpenFolder(name) : null);
            if (current?.Ownership is not { OnlyOwnerWrites: true } ownership || !Identity.IsEffective(ownership.User))
            {
                current?.Dispose();
                return null;
            }
        }

        return current;
    }

    private static void RemoveWhenEmpty(string path)
    {
        try
        {
            Directory.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // There are more.
        }
    }

    private static string NameOf(string id) => $"{id}.json";
}
