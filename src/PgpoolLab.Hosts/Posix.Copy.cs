using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

// System calls: copying files. Linux only, 64 bits.
internal static partial class Posix
{
    [LibraryImport(C, EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, nuint request, SafeFileHandle other);

    [LibraryImport(C, EntryPoint = "copy_file_range", SetLastError = true)]
    private static unsafe partial nint CopyRange(
        SafeFileHandle from,
        long* fromOffset,
        SafeFileHandle to,
        long* toOffset,
        nuint length,
        uint flags
    );

    [LibraryImport(C, EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int from);

    [LibraryImport(C, EntryPoint = "futimens", SetLastError = true)]
    private static unsafe partial int SetTimes(SafeFileHandle file, long* times);

    [LibraryImport(C, EntryPoint = "utimensat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int SetTimesAt(int folder, string path, long* times, int flags);

    [LibraryImport(C, EntryPoint = "fchmod", SetLastError = true)]
    private static partial int SetMode(SafeFileHandle file, uint mode);

    [LibraryImport(C, EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncVolume(SafeFileHandle file);

    [LibraryImport(C, EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt(int fromFolder, string from, int toFolder, string to, uint flags);

    private const int InvalidArgument = 22,
        BetweenVolumes = 18,
        NoSuchCall = 38,
        NotSupported = 95,
        NoSuchControl = 25,
        NoData = 6;

    private const int CurrentFolder = -100;

    /// <summary>Has a file share all blocks of another one (a reflink): it takes no room until one of the two is
    /// changed.</summary>
    /// <returns>False where the file system cannot do that.</returns>
    /// <remarks>ioctl_ficlone(2).</remarks>
    internal static bool TryShareBlocks(SafeFileHandle from, SafeFileHandle to, string path)
    {
        const nuint clone = 0x40049409;
        if (Control(to, clone, from) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() is InvalidArgument or BetweenVolumes or NotSupported or NoSuchControl
            ? false
            : throw Failure(path);
    }

    /// <summary>Has the kernel copy a range of a file to the same place in another one.</summary>
    /// <returns>How many bytes it has copied; null where it cannot.</returns>
    /// <remarks>copy_file_range(2).</remarks>
    internal static unsafe long? CopyRange(
        SafeFileHandle from,
        SafeFileHandle to,
        long offset,
        long length,
        string path
    )
    {
        long source = offset,
            target = offset;
        var copied = CopyRange(from, &source, to, &target, (nuint)length, 0);
        if (copied >= 0)
        {
            return copied;
        }

        if (Marshal.GetLastPInvokeError() is InvalidArgument or BetweenVolumes or NotSupported or NoSuchCall)
        {
            return null;
        }

        throw Failure(path);
    }

    /// <summary>Where the next data of a file begin: what is before it is a hole.</summary>
    /// <returns>Null when only a hole follows.</returns>
    /// <remarks>lseek(2), SEEK_DATA.</remarks>
    internal static long? NextData(SafeFileHandle file, long offset, string path)
    {
        const int data = 3;
        var found = Seek(file, offset, data);
        if (found >= 0)
        {
            return found;
        }

        var error = Marshal.GetLastPInvokeError();
        if (error == NoData)
        {
            return null;
        }

        // A file system that does not know of holes: all is data.
        return error is InvalidArgument or NotSupported ? offset : throw Failure(path);
    }

    /// <summary>Where the next hole of a file begins; its end counts as one.</summary>
    /// <remarks>lseek(2), SEEK_HOLE.</remarks>
    internal static long? NextHole(SafeFileHandle file, long offset)
    {
        const int hole = 4;
        var found = Seek(file, offset, hole);
        return found >= 0 ? found : null;
    }

    /// <summary>Gives an open file the time of its last change of contents.</summary>
    /// <param name="file">The file.</param>
    /// <param name="modified">In nanoseconds since 1970.</param>
    /// <param name="path">Its path, for errors.</param>
    internal static unsafe void SetModified(SafeFileHandle file, long modified, string path)
    {
        var times = stackalloc long[4];
        Fill(times, modified);
        if (SetTimes(file, times) != 0)
        {
            throw Failure(path);
        }
    }

    /// <summary>The same by a path; of a link itself.</summary>
    internal static unsafe void SetModified(string path, long modified)
    {
        const int notThrough = 0x100;
        var times = stackalloc long[4];
        Fill(times, modified);
        if (SetTimesAt(CurrentFolder, path, times, notThrough) != 0)
        {
            throw Failure(path);
        }
    }

    private static unsafe void Fill(long* times, long modified)
    {
        const long nanoseconds = 1_000_000_000;
        for (var i = 0; i < 2; i++)
        {
            times[2 * i] = modified / nanoseconds;
            times[(2 * i) + 1] = modified % nanoseconds;
        }
    }

    /// <summary>Gives an open file these permissions.</summary>
    internal static void SetPermissions(SafeFileHandle file, UnixFileMode mode, string path)
    {
        if (SetMode(file, (uint)mode) != 0)
        {
            throw Failure(path);
        }
    }

    /// <summary>Writes to the disk what the system still has in memory of the file system a path lies on.</summary>
    internal static void Sync(string path)
    {
        using var file = OpenForReading(path);
        if (file is not null && SyncVolume(file) != 0)
        {
            throw Failure(path);
        }
    }

    /// <summary>Lets two files or folders change their names, at one moment.</summary>
    /// <returns>False where the file system cannot do that.</returns>
    /// <remarks>renameat2(2), RENAME_EXCHANGE.</remarks>
    internal static bool TryExchange(string one, string other)
    {
        const uint exchange = 2;
        if (RenameAt(CurrentFolder, one, CurrentFolder, other, exchange) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() is InvalidArgument or NoSuchCall or NotSupported
            ? false
            : throw Failure(one);
    }

    /// <summary>Gives a file another name on its file system.</summary>
    /// <returns>False when that is on another one.</returns>
    internal static bool TryRename(string from, string to)
    {
        if (RenameAt(CurrentFolder, from, CurrentFolder, to, 0) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() == BetweenVolumes ? false : throw Failure(to);
    }

    /// <summary>Opens a file for reading; a link is none. Without waiting for the other end of a pipe.</summary>
    /// <returns>Null when there is none.</returns>
    internal static SafeFileHandle? OpenItself(string path)
    {
        var descriptor = Open(path, OpenNoLink | OpenWithoutWaiting | OpenCloseOnExec);
        return descriptor < 0 && Marshal.GetLastPInvokeError() is NoSuchFile or NotAFolder
            ? null
            : Handle(descriptor, path);
    }

    /// <summary>Makes a file that is not there, for its owner alone, and opens it for writing; or empties one that is
    /// there. A link is none.</summary>
    internal static SafeFileHandle OpenEmptyFile(string path) =>
        Handle(
            Open(
                path,
                OpenForWriting | OpenOrCreate | OpenEmptied | OpenNoLink | OpenWithoutWaiting | OpenCloseOnExec,
                (uint)(UnixFileMode.UserRead | UnixFileMode.UserWrite)
            ),
            path
        );
}
