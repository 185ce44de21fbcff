using System.ComponentModel;
using System.Runtime.InteropServices;

namespace PgpoolLab.Hosts;

/// <summary>The system calls .NET has no face for.</summary>
internal static partial class Posix
{
    private const string C = "libc";

    [LibraryImport(C, EntryPoint = "geteuid")]
    internal static partial uint EffectiveUserId();

    [LibraryImport(C, EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);

    [LibraryImport(C, EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport(C, EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);

    [LibraryImport(C, EntryPoint = "initgroups", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int InitGroups(string user, uint group);

    [LibraryImport(C, EntryPoint = "setresgid", SetLastError = true)]
    private static partial int SetGroups(uint real, uint effective, uint saved);

    [LibraryImport(C, EntryPoint = "setresuid", SetLastError = true)]
    private static partial int SetUsers(uint real, uint effective, uint saved);

    [LibraryImport(C, EntryPoint = "setgid", SetLastError = true)]
    private static partial int SetGroup(uint group);

    [LibraryImport(C, EntryPoint = "setuid", SetLastError = true)]
    private static partial int SetUser(uint user);

    [LibraryImport(C, EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ResolvePath(string path, nint buffer);

    [LibraryImport(C, EntryPoint = "free")]
    private static partial void Free(nint memory);

    // Unlike stat's, this structure is the same on every processor.
    [LibraryImport(C, EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Status(int folder, string path, int flags, uint mask, uint* status);

    /// <summary>Owner and group of a path, of a link itself; null when it cannot be seen. Linux only.</summary>
    internal static (int User, int Group)? OwnerOf(string path) => StatusOf(path) is { } status ? (status.User, status.Group) : null;

    /// <summary>What the system knows of a path, of a link itself; null when it cannot be seen. Linux only.</summary>
    internal static unsafe FileStatus? StatusOf(string path)
    {
        const int currentFolder = -100;
        const int doNotFollow = 0x100;
        const uint ownerGroupInodeAndBlocks = 0x8 | 0x10 | 0x100 | 0x400;
        const int words = 256 / sizeof(uint);
        const int user = 20 / sizeof(uint);
        const int group = 24 / sizeof(uint);
        const int inode = 32 / sizeof(ulong);
        const int blocks = 48 / sizeof(ulong);
        const int bytesOfBlock = 512;
        var status = stackalloc uint[words];
        return Status(currentFolder, path, doNotFollow, ownerGroupInodeAndBlocks, status) == 0
            ? new FileStatus((int)status[user], (int)status[group], ((ulong*)status)[inode], (long)((ulong*)status)[blocks] * bytesOfBlock)
            : null;
    }

    // glibc's and musl's structure on 64-bit Linux: sizes and counts, 8 bytes each.
    [LibraryImport(C, EntryPoint = "statvfs", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int VolumeStatus(string path, ulong* status);

    /// <summary>The file system a path lies on; null when it cannot be seen. Linux only.</summary>
    internal static unsafe Volume? VolumeOf(string path)
    {
        const int words = 32;
        const int unit = 1, blocks = 2, availableBlocks = 4, files = 5, availableFiles = 7, flags = 9;
        const ulong readOnly = 1;
        var status = stackalloc ulong[words];
        return VolumeStatus(path, status) == 0
            ? new Volume((long)(status[blocks] * status[unit]), (long)(status[availableBlocks] * status[unit]), status[files] == 0 ? null : (long)status[availableFiles], (status[flags] & readOnly) != 0)
            : null;
    }

    /// <returns>Null when the path does not exist or may not be seen.</returns>
    internal static string? RealPath(string path)
    {
        var text = ResolvePath(path, 0);
        if (text == 0)
        {
            return null;
        }

        try
        {
            return Marshal.PtrToStringUTF8(text);
        }
        finally
        {
            Free(text);
        }
    }

    [LibraryImport(C, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int ControlDescriptor(int descriptor, int command, int argument);

    /// <summary>Closes every open file but the standard three in children that are started from now on.</summary>
    internal static void InheritNothing()
    {
        if (OperatingSystem.IsMacOS())
        {
            // fcntl has a variable number of arguments; Apple's processors pass those another way than this declaration does.
            return;
        }

        const int setFlags = 2;
        const int closeOnExec = 1;
        foreach (var entry in Directory.EnumerateFileSystemEntries("/dev/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), out var descriptor) && descriptor > 2)
            {
                // One that was closed meanwhile is no error.
                _ = ControlDescriptor(descriptor, setFlags, closeOnExec);
            }
        }
    }

    [LibraryImport(C, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport(C, EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(int descriptor, int operation);

    [LibraryImport(C, EntryPoint = "close")]
    private static partial int Close(int descriptor);

    /// <summary>Locks an existing folder, which no file in it does: a folder can be locked before there is anything in it.</summary>
    /// <returns>A descriptor to give to <see cref="UnlockFolder"/>; -1 when another process has it, -2 when it cannot be opened.</returns>
    internal static int TryLockFolder(string path)
    {
        const int exclusiveWithoutWaiting = 2 | 4;
        // Not for the programs we start: those that outlive us would keep the lock.
        var closeOnExec = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;
        var descriptor = Open(path, closeOnExec);
        if (descriptor < 0)
        {
            return -2;
        }

        if (Lock(descriptor, exclusiveWithoutWaiting) == 0)
        {
            return descriptor;
        }

        _ = Close(descriptor);
        return -1;
    }

    internal static void UnlockFolder(int descriptor) => _ = Close(descriptor);

    internal static bool CanEnterAndWrite(string directory) => Access(directory, 1 | 2) == 0;

    internal static bool CanExecute(string path) => Access(path, 1) == 0;

    /// <returns>False when there is no such process.</returns>
    internal static bool Signal(int pid, int signal)
    {
        const int noSuchProcess = 3;
        if (Kill(pid, signal) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() == noSuchProcess ? false : throw new Win32Exception();
    }

    internal static void Own(string path, uint user, uint group) => Check(ChangeOwner(path, user, group));

    /// <summary>Gives up root for another user. On Linux the saved ids stay root, so that <see cref="WithRoot"/> works; no child inherits them
    /// (execve copies the effective ids over the saved ones).</summary>
    internal static void Become(string name, uint user, uint group)
    {
        Check(InitGroups(name, group));
        if (OperatingSystem.IsLinux())
        {
            Check(SetGroups(group, group, 0));
            Check(SetUsers(user, user, 0));
        }
        else
        {
            Check(SetGroup(group));
            Check(SetUser(user));
        }
    }

    /// <summary>Does one thing as root again, after <see cref="Become"/>.</summary>
    /// <returns>False when this process cannot be root again; nothing was done.</returns>
    internal static bool WithRoot(uint user, uint group, Action action)
    {
        const uint keep = uint.MaxValue;
        if (!OperatingSystem.IsLinux() || SetUsers(keep, 0, keep) != 0)
        {
            return false;
        }

        try
        {
            Check(SetGroups(keep, 0, keep));
            action();
        }
        finally
        {
            Check(SetGroups(keep, group, keep));
            Check(SetUsers(keep, user, keep));
        }

        return true;
    }

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new Win32Exception();
        }
    }
}

/// <summary>What the system knows of a file.</summary>
/// <param name="User">Numeric owner.</param>
/// <param name="Group">Numeric group.</param>
/// <param name="Inode">Its number on its file system.</param>
/// <param name="BytesOnDisk">Bytes it takes on disk, which is less than its length where it has holes.</param>
internal readonly record struct FileStatus(int User, int Group, ulong Inode, long BytesOnDisk);
