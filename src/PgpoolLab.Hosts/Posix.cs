using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

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

    /// <summary>What tells a file from every other on this machine: its device, as stat gives it, and its inode; null when it cannot be seen. Linux only.</summary>
    internal static unsafe (ulong Device, ulong Inode)? FileIdOf(string path)
    {
        const int currentFolder = -100;
        const uint inode = 0x100;
        const int words = 256 / sizeof(uint);
        var status = stackalloc uint[words];
        if (Status(currentFolder, path, 0, inode, status) != 0)
        {
            return null;
        }

        // stx_ino is at byte 32, stx_dev_major at 136, stx_dev_minor follows; glibc makes a dev_t of the two like this.
        ulong major = status[136 / sizeof(uint)], minor = status[140 / sizeof(uint)];
        return (((major & 0xfff) << 8) | ((major & ~0xffful) << 32) | (minor & 0xff) | ((minor & ~0xfful) << 12), *(ulong*)(status + (32 / sizeof(uint))));
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

    [LibraryImport(C, EntryPoint = "shmat")]
    private static partial nint AttachSharedMemory(int id, nint address, int flags);

    [LibraryImport(C, EntryPoint = "shmdt")]
    private static partial int DetachSharedMemory(nint address);

    [LibraryImport(C, EntryPoint = "shmctl")]
    private static partial int ControlSharedMemory(int id, int command, nint buffer);

    [LibraryImport(C, EntryPoint = "semctl")]
    private static partial int ControlSemaphore(int id, int number, int command, nint argument);

    private const int RemoveIpc = 0;

    /// <summary>The beginning of a SysV shared memory segment; null when it is gone or may not be read.</summary>
    internal static byte[]? ReadSharedMemory(int id, int length)
    {
        const int readOnly = 0x1000;
        var address = AttachSharedMemory(id, 0, readOnly);
        if (address == -1)
        {
            return null;
        }

        try
        {
            var bytes = new byte[length];
            Marshal.Copy(address, bytes, 0, length);
            return bytes;
        }
        finally
        {
            _ = DetachSharedMemory(address);
        }
    }

    internal static bool RemoveSharedMemory(int id) => ControlSharedMemory(id, RemoveIpc, 0) == 0;

    internal static bool RemoveSemaphores(int id) => ControlSemaphore(id, 0, RemoveIpc, 0) == 0;

    /// <summary>For each semaphore of a set the process that changed it last; who has made it counts.</summary>
    internal static IEnumerable<int> LastUsersOf(int id, int count)
    {
        const int lastUser = 11;
        return Enumerable.Range(0, count).Select(i => ControlSemaphore(id, i, lastUser, 0));
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

    [LibraryImport(C, EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport(C, EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateHardLink(string from, string to);

    [LibraryImport(C, EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateFolder(string path, uint mode);

    [LibraryImport(C, EntryPoint = "umask")]
    private static partial uint SetMask(uint mask);

    [LibraryImport(C, EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(SafeFileHandle file, uint user, uint group);

    /// <summary>Opens an existing file or folder for reading: not through a link at its end, and without waiting for the other end of a pipe.</summary>
    /// <param name="path">The path.</param>
    /// <param name="folder">True when it must be a folder.</param>
    /// <param name="error">The system's error number; 0 when it is open.</param>
    /// <returns>Null when it cannot be opened.</returns>
    internal static SafeFileHandle? OpenWithoutFollowing(string path, bool folder, out int error)
    {
        // These two numbers are not the same on all of Linux's processors.
        var few = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64 or Architecture.Armv6 or Architecture.Ppc64le;
        var (doNotWait, closeOnExec, doNotFollow, onlyFolder) = OperatingSystem.IsMacOS() ? (0x4, 0x1000000, 0x100, 0x100000)
            : (0x800, 0x80000, few ? 0x8000 : 0x20000, few ? 0x4000 : 0x10000);
        var descriptor = Open(path, doNotWait | closeOnExec | doNotFollow | (folder ? onlyFolder : 0));
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    internal const int NoSuchFile = 2;
    internal const int NotAFolder = 20;
    private const int Exists = 17;

    /// <summary>Locks an open file for this one alone. The lock ends when it is closed, and with its process.</summary>
    /// <returns>False when another has the lock; null when files cannot be locked there.</returns>
    internal static bool? TryLock(SafeFileHandle file)
    {
        const int exclusiveWithoutWaiting = 2 | 4;
        var wouldWait = OperatingSystem.IsMacOS() ? 35 : 11;
        return Lock(file, exclusiveWithoutWaiting) == 0 ? true : Marshal.GetLastPInvokeError() == wouldWait ? false : null;
    }

    /// <summary>Gives a file one more name.</summary>
    /// <returns>False when there is something of that name already.</returns>
    /// <exception cref="IOException">It cannot be done.</exception>
    internal static bool TryLink(string file, string name)
    {
        if (CreateHardLink(file, name) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() == Exists ? false : throw new IOException(new Win32Exception().Message);
    }

    /// <summary>Creates a folder with exactly this mode from its first moment on, whatever the umask.</summary>
    /// <returns>False when it could not be created, for example because it is there.</returns>
    internal static bool TryCreateFolder(string path, uint mode)
    {
        var mask = SetMask(0);
        try
        {
            return CreateFolder(path, mode) == 0;
        }
        finally
        {
            _ = SetMask(mask);
        }
    }

    internal static void OwnByRoot(SafeFileHandle file) => Check(ChangeOwner(file, 0, 0));

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
