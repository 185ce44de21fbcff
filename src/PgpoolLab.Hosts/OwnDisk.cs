using System.ComponentModel;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

/// <summary>A small disk for one folder, which nobody else uses, and which can therefore be filled: a file system in
/// memory, mounted on the folder, with what was in the folder. Linux only.</summary>
public static class OwnDisk
{
    /// <summary>What the table of mounts calls it.</summary>
    internal const string Source = "pgpoollab-drill";

    private const string Ballast = "pgpoollab-ballast",
        Table = "/proc/thread-self/mountinfo";

    private const int NoSpace = 28,
        Piece = 1 << 20;

    /// <summary>Gives a folder one. What is in the folder is copied, owners and permissions and all; it stays below,
    /// and is to be seen again when the namespace has ended. Nobody may use it meanwhile.</summary>
    /// <param name="mounts">Where it is mounted.</param>
    /// <param name="folder">The folder, absolute; no link leads there.</param>
    /// <param name="room">What it can hold besides what is in it already, in bytes.</param>
    /// <exception cref="IOException">It cannot be done.</exception>
    public static void Give(OwnMounts mounts, string folder, long room)
    {
        ArgumentNullException.ThrowIfNull(mounts);
        try
        {
            mounts.Do(() =>
            {
                Give(folder, room);
                return 0;
            });
        }
        catch (Win32Exception error)
        {
            throw new IOException($"{folder}: mount: {error.Message}", error);
        }
    }

    /// <summary>True for a folder that has such a disk, as this process sees it.</summary>
    public static bool IsOn(string folder)
    {
        using var open = Own(folder);
        return open is not null;
    }

    /// <summary>Fills it up.</summary>
    /// <param name="folder">A folder with a disk of its own.</param>
    /// <exception cref="IOException">It has none; then nothing is written.</exception>
    public static void Fill(string folder)
    {
        using var open = Own(folder) ?? throw None(folder);
        var path = $"{folder}/{Ballast}";
        using var ballast = Posix.OpenToWriteIn(open.Handle!, Ballast, isNew: false, path);
        var zeros = new byte[Piece];
        var length = RandomAccess.GetLength(ballast);
        try
        {
            for (; ; length += Piece)
            {
                RandomAccess.Write(ballast, zeros, length);
            }
        }
        catch (IOException error) when ((error.HResult & 0xFFFF) is NoSpace)
        {
            // So it is full.
        }
    }

    /// <summary>Gives it room again: what has filled it goes. Nothing happens when nothing has.</summary>
    /// <inheritdoc cref="Fill"/>
    public static void Free(string folder)
    {
        using var open = Own(folder) ?? throw None(folder);
        Posix.RemoveIn(open.Handle!, Ballast, isFolder: false, $"{folder}/{Ballast}");
    }

    private static IOException None(string folder) => new($"{folder} has no disk of its own.");

    /// <summary>The folder, if it is one such disk: the open folder's device counts, not the path alone.</summary>
    private static OpenFolder? Own(string folder)
    {
        if (!OperatingSystem.IsLinux() || OpenFolder.TryOpen(folder) is not { } open)
        {
            return null;
        }

        var entry = MountEntry
            .Parse(File.ReadAllText(Table))
            .LastOrDefault(e => e.Point == folder && e is { Type: "tmpfs", Source: Source });
        if (entry is not null && Posix.StatusOf(open.Handle!)?.Device == entry.Device)
        {
            return open;
        }

        open.Dispose();
        return null;
    }

    private static void Give(string folder, long room)
    {
        using var below = OpenFolder.TryOpen(folder) ?? throw new DirectoryNotFoundException(folder);
        var owner = below.Ownership ?? throw new IOException($"{folder} cannot be seen.");
        Posix.MountMemory(below.Handle!, Source, LengthOf(below) + room);
        // By its path it is the new one now. Until it is whole it is root's, and nobody can put anything into it.
        using var above = Own(folder) ?? throw new IOException($"{folder} was changed while it was given a disk.");
        CopyAll(below, above, owner.User);
        Take(above, owner);
    }

    /// <summary>What all files in it take, holes and all.</summary>
    private static long LengthOf(OpenFolder folder)
    {
        long bytes = 0;
        foreach (var name in folder.List())
        {
            if (folder.HasFile(name))
            {
                bytes += Posix.StatusIn(folder.Handle!, name)?.Length ?? 0;
            }
            else
            {
                using var below = folder.TryOpenFolder(name);
                bytes += below is null ? 0 : LengthOf(below);
            }
        }

        return bytes;
    }

    private static void CopyAll(OpenFolder from, OpenFolder to, int user)
    {
        foreach (var name in from.List())
        {
            var path = from.In(name);
            if (from.OwnershipOf(name) is not { } owner || owner.User != user)
            {
                // Root would show a user what is somebody else's.
                throw new IOException($"{path} does not belong to the owner of its folder.");
            }

            if (from.HasFile(name))
            {
                CopyFile(from, to, name, owner);
            }
            else
            {
                Posix.MakeFolderIn(to.Handle!, name, Modes.PrivateFolder, path);
                using var source = from.TryOpenFolder(name) ?? throw new DirectoryNotFoundException(path);
                using var target = to.TryOpenFolder(name) ?? throw new DirectoryNotFoundException(path);
                CopyAll(source, target, user);
                Take(target, owner);
            }
        }
    }

    private static void CopyFile(OpenFolder from, OpenFolder to, string name, Ownership owner)
    {
        var path = from.In(name);
        using var source = Posix.OpenFileIn(from.Handle!, name, path) ?? throw new FileNotFoundException(path);
        if (Ownership.Of(source, path) is not { } now || now.Id != owner.Id)
        {
            throw new IOException($"{path} was changed while it was copied.");
        }

        using var target = Posix.OpenToWriteIn(to.Handle!, name, isNew: true, path);
        var buffer = new byte[Piece];
        long offset = 0;
        while (RandomAccess.Read(source, buffer, offset) is > 0 and var read)
        {
            RandomAccess.Write(target, buffer.AsSpan(0, read), offset);
            offset += read;
        }

        Give(target, owner, path);
    }

    private static void Take(OpenFolder folder, Ownership owner)
    {
        using var open = Posix.Reopen(folder.Handle!, folder.Path);
        Give(open, owner, folder.Path);
    }

    private static void Give(SafeFileHandle file, Ownership owner, string path)
    {
        Posix.SetPermissions(file, owner.Permissions, path);
        Posix.Own(file, owner.User, owner.Group);
    }
}
