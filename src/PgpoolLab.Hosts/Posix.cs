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
    internal static (int User, int Group)? OwnerOf(string path) =>
        StatusOf(path) is { } status ? (status.User, status.Group) : null;

    /// <summary>What the system knows of a path, of a link itself; null when it cannot be seen. Linux only.</summary>
    internal static FileStatus? StatusOf(string path)
    {
        const int currentFolder = -100;
        return StatusAt(currentFolder, path, 0);
    }

    /// <summary>What the system knows of an open file or folder; null when it cannot be seen. Linux only.</summary>
    internal static FileStatus? StatusOf(SafeFileHandle file)
    {
        const int ofTheDescriptorItself = 0x1000;
        return StatusAt((int)file.DangerousGetHandle(), "", ofTheDescriptorItself);
    }

    /// <summary>What the system knows of what has a name in a folder, of a link itself; null when it cannot be
    /// seen.</summary>
    internal static FileStatus? StatusIn(SafeFileHandle folder, string name) =>
        StatusAt((int)folder.DangerousGetHandle(), name, 0);

    private static unsafe FileStatus? StatusAt(int folder, string path, int flags)
    {
        const int doNotFollow = 0x100;
        const uint basicsAndBirth = 0xfff;
        const int words = 256 / sizeof(uint);
        const int user = 20 / sizeof(uint);
        const int group = 24 / sizeof(uint);
        const int mode = 28 / sizeof(ushort);
        const int inode = 32 / sizeof(ulong);
        const int length = 40 / sizeof(ulong);
        const int blocks = 48 / sizeof(ulong);
        const int birthSeconds = 80 / sizeof(ulong);
        const int birthNanoseconds = 88 / sizeof(uint);
        const int bytesOfBlock = 512;
        var status = stackalloc uint[words];
        var wide = (ulong*)status;
        return Status(folder, path, doNotFollow | flags, basicsAndBirth, status) != 0
            ? null
            : new FileStatus((int)status[user], (int)status[group], wide[inode], (long)wide[blocks] * bytesOfBlock)
            {
                Mode = ((ushort*)status)[mode],
                Length = (long)wide[length],
                Birth = $"{wide[birthSeconds]:x}-{status[birthNanoseconds]:x}",
            };
    }

    // glibc's and musl's structure on 64-bit Linux: sizes and counts, 8 bytes each.
    [LibraryImport(C, EntryPoint = "statvfs", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int VolumeStatus(string path, ulong* status);

    /// <summary>The file system a path lies on; null when it cannot be seen. Linux only.</summary>
    internal static unsafe Volume? VolumeOf(string path)
    {
        const int words = 32;
        const int unit = 1,
            blocks = 2,
            availableBlocks = 4,
            files = 5,
            availableFiles = 7,
            flags = 9;
        const ulong readOnly = 1,
            noPrograms = 8;
        var status = stackalloc ulong[words];
        return VolumeStatus(path, status) == 0
            ? new Volume(
                (long)(status[blocks] * status[unit]),
                (long)(status[availableBlocks] * status[unit]),
                status[files] == 0 ? null : (long)status[availableFiles],
                (status[flags] & readOnly) != 0
            )
            {
                NoPrograms = (status[flags] & noPrograms) != 0,
            }
            : null;
    }

    /// <summary>What tells a file from every other on this machine: its device, as stat gives it, and its inode; null
    /// when it cannot be seen. Linux only.</summary>
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
        ulong major = status[136 / sizeof(uint)],
            minor = status[140 / sizeof(uint)];
        return (
            ((major & 0xfff) << 8) | ((major & ~0xffful) << 32) | (minor & 0xff) | ((minor & ~0xfful) << 12),
            *(ulong*)(status + (32 / sizeof(uint)))
        );
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
            // fcntl has a variable number of arguments; Apple's processors pass those another way than this declaration
            // does.
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

    /// <summary>Locks an existing folder, which no file in it does: a folder can be locked before there is anything in
    /// it.</summary>
    /// <returns>A descriptor to give to <see cref="UnlockFolder"/>; -1 when another process has it, -2 when it cannot
    /// be opened.</returns>
    internal static int TryLockFolder(string path)
    {
        const int exclusiveWithoutWaiting = 2 | 4;
        // Not for the programs we start: those that outlive us would keep the lock.
        var closeOnExec = OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;
        var descriptor = Open(
            path,
            OperatingSystem.IsLinux() ? closeOnExec | OpenOnlyFolder | OpenWithoutWaiting : closeOnExec
        );
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

    internal static void Unlock(SafeFileHandle file)
    {
        const int unlock = 8;
        _ = Lock(file, unlock);
    }

    internal static void UnlockFolder(int descriptor)
    {
        const int unlock = 8;
        // A child that is just being started has the descriptor, too, until it has become its program: closing alone
        // would leave the lock to it.
        _ = Lock(descriptor, unlock);
        _ = Close(descriptor);
    }

    [LibraryImport(C, EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(SafeFileHandle file, int operation);

    [LibraryImport(C, EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateHardLink(string from, string to);

    [LibraryImport(C, EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateFolder(string path, uint mode);

    [LibraryImport(C, EntryPoint = "umask")]
    private static partial uint SetMask(uint mask);

    [LibraryImport(C, EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int what);

    [LibraryImport(C, EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwner(SafeFileHandle file, uint user, uint group);

    /// <summary>Opens an existing file or folder for reading: not through a link at its end, and without waiting for
    /// the other end of a pipe.</summary>
    /// <param name="path">The path.</param>
    /// <param name="folder">True when it must be a folder.</param>
    /// <param name="error">The system's error number; 0 when it is open.</param>
    /// <returns>Null when it cannot be opened.</returns>
    internal static SafeFileHandle? OpenWithoutFollowing(string path, bool folder, out int error)
    {
        // These two numbers are not the same on all of Linux's processors.
        var few =
            RuntimeInformation.ProcessArchitecture
            is Architecture.Arm
                or Architecture.Arm64
                or Architecture.Armv6
                or Architecture.Ppc64le;
        var (doNotWait, closeOnExec, doNotFollow, onlyFolder) = OperatingSystem.IsMacOS()
            ? (0x4, 0x1000000, 0x100, 0x100000)
            : (0x800, 0x80000, few ? 0x8000 : 0x20000, few ? 0x4000 : 0x10000);
        var descriptor = Open(path, doNotWait | closeOnExec | doNotFollow | (folder ? onlyFolder : 0));
        error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    // The mode counts only where something is created; without it these calls are the same on all systems.
    [LibraryImport(C, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, uint mode);

    [LibraryImport(C, EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(SafeFileHandle folder, string name, int flags);

    [LibraryImport(C, EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateFolderAt(SafeFileHandle folder, string name, uint mode);

    [LibraryImport(C, EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveAt(SafeFileHandle folder, string name, int flags);

    [LibraryImport(C, EntryPoint = "fchdir", SetLastError = true)]
    private static partial int ChangeFolder(SafeFileHandle folder);

    [LibraryImport(C, EntryPoint = "fdopendir", SetLastError = true)]
    private static partial nint OpenListing(int descriptor);

    [LibraryImport(C, EntryPoint = "readdir")]
    private static partial nint NextEntry(nint listing);

    [LibraryImport(C, EntryPoint = "closedir")]
    private static partial int CloseListing(nint listing);

    // Linux's, where they are the same on all processors, and those two which are not.
    private const int OpenForWriting = 0x1,
        OpenOrCreate = 0x40,
        OpenEmptied = 0x200,
        OpenAtEnd = 0x400,
        OpenWithoutWaiting = 0x800,
        OpenCloseOnExec = 0x80000,
        OpenPathOnly = 0x200000;

    private static readonly bool FlagsOfArm =
        RuntimeInformation.ProcessArchitecture
        is Architecture.Arm
            or Architecture.Arm64
            or Architecture.Armv6
            or Architecture.Ppc64le;

    private static int OpenOnlyFolder => FlagsOfArm ? 0x4000 : 0x10000;

    private static int OpenNoLink => FlagsOfArm ? 0x8000 : 0x20000;

    /// <summary>Opens the topmost folder, to walk from. Linux only.</summary>
    internal static SafeFileHandle OpenTop() => Handle(Open("/", OpenPathOnly | OpenOnlyFolder | OpenCloseOnExec), "/");

    /// <summary>Opens a folder in another, to go on from it: that needs no right to list it. A link is none. Linux
    /// only.</summary>
    /// <returns>Null when there is nothing of that name.</returns>
    /// <exception cref="IOException">It is no folder.</exception>
    internal static SafeFileHandle? OpenFolderIn(SafeFileHandle folder, string name, string path)
    {
        var descriptor = OpenAt(folder, name, OpenPathOnly | OpenOnlyFolder | OpenNoLink | OpenCloseOnExec);
        return descriptor < 0 && Marshal.GetLastPInvokeError() == NoSuchFile ? null : Handle(descriptor, path);
    }

    /// <summary>The same folder by a descriptor of its own.</summary>
    internal static SafeFileHandle Reference(SafeFileHandle folder) =>
        Handle(OpenAt(folder, ".", OpenPathOnly | OpenOnlyFolder | OpenCloseOnExec), ".");

    /// <summary>Opens a folder once more, to list it and to change its owner.</summary>
    internal static SafeFileHandle Reopen(SafeFileHandle folder, string path) =>
        Handle(OpenAt(folder, ".", OpenOnlyFolder | OpenCloseOnExec), path);

    /// <summary>Opens a file in a folder for reading: no link, and without waiting for the other end of a pipe. Linux
    /// only.</summary>
    /// <returns>Null when there is nothing of that name.</returns>
    internal static SafeFileHandle? OpenFileIn(SafeFileHandle folder, string name, string path)
    {
        var descriptor = OpenAt(folder, name, OpenNoLink | OpenWithoutWaiting | OpenCloseOnExec);
        return descriptor < 0 && Marshal.GetLastPInvokeError() == NoSuchFile ? null : Handle(descriptor, path);
    }

    /// <summary>Opens a file for reading, without waiting for the other end of a pipe; links are followed. Linux
    /// only.</summary>
    /// <returns>Null when there is none.</returns>
    internal static SafeFileHandle? OpenForReading(string path)
    {
        var descriptor = Open(path, OpenWithoutWaiting | OpenCloseOnExec);
        return descriptor < 0 && Marshal.GetLastPInvokeError() is NoSuchFile or NotAFolder
            ? null
            : Handle(descriptor, path);
    }

    /// <summary>Opens a file for writing, without waiting for the other end of a pipe; makes it when there is none.
    /// Linux only.</summary>
    internal static SafeFileHandle OpenToWrite(string path, bool atEnd, bool emptied, uint mode) =>
        Handle(
            Open(
                path,
                OpenForWriting
                    | OpenOrCreate
                    | (atEnd ? OpenAtEnd : 0)
                    | (emptied ? OpenEmptied : 0)
                    | OpenWithoutWaiting
                    | OpenCloseOnExec,
                mode
            ),
            path
        );

    /// <summary>Opens an existing file for writing, without waiting for the other end of a pipe. Linux only.</summary>
    internal static SafeFileHandle OpenToChange(string path) =>
        Handle(Open(path, OpenForWriting | OpenWithoutWaiting | OpenCloseOnExec), path);

    /// <returns>False when there is something of that name.</returns>
    internal static bool MakeFolderIn(SafeFileHandle folder, string name, UnixFileMode mode, string path)
    {
        if (CreateFolderAt(folder, name, (uint)mode) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() == Exists ? false : throw Failure(path);
    }

    /// <summary>Removes a file, or a link itself, or an empty folder. Nothing happens when there is none.</summary>
    internal static void RemoveIn(SafeFileHandle folder, string name, bool isFolder, string path)
    {
        const int removeFolder = 0x200;
        if (RemoveAt(folder, name, isFolder ? removeFolder : 0) != 0 && Marshal.GetLastPInvokeError() != NoSuchFile)
        {
            throw Failure(path);
        }
    }

    /// <summary>Names of what lies in a folder. Linux only, 64 bits.</summary>
    internal static List<string> NamesIn(SafeFileHandle folder, string path)
    {
        const int name = 19;
        using var own = Reopen(folder, path);
        var listing = OpenListing((int)own.DangerousGetHandle());
        if (listing == 0)
        {
            throw Failure(path);
        }

        try
        {
            var names = new List<string>();
            while (NextEntry(listing) is not 0 and var entry)
            {
                if (Marshal.PtrToStringUTF8(entry + name) is { } text and not ("." or ".."))
                {
                    names.Add(text);
                }
            }

            return names;
        }
        finally
        {
            // It closes the descriptor, too.
            own.SetHandleAsInvalid();
            _ = CloseListing(listing);
        }
    }

    internal static void Enter(SafeFileHandle folder) => Check(ChangeFolder(folder));

    internal static void Own(SafeFileHandle file, int user, int group) =>
        Check(ChangeOwner(file, (uint)user, (uint)group));

    private static SafeFileHandle Handle(int descriptor, string path) =>
        descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure(path);

    private static Exception Failure(string path)
    {
        const int notPermitted = 1,
            denied = 13,
            loop = 40,
            noReader = 6;
        return Marshal.GetLastPInvokeError() switch
        {
            denied or notPermitted => new UnauthorizedAccessException($"Access to the path '{path}' is denied."),
            loop or NotAFolder => new IOException(
                $"{path} is a link, or not what it must be; links are not followed there."
            ),
            NoSuchFile => new DirectoryNotFoundException($"Could not find a part of the path '{path}'."),
            noReader => new IOException($"{path} is not a regular file."),
            _ => new IOException($"{new Win32Exception().Message} : '{path}'", Marshal.GetLastPInvokeError()),
        };
    }

    internal const int NoSuchFile = 2;
    internal const int NotAFolder = 20;
    private const int Exists = 17;

    /// <summary>Locks an open file, for this one alone or for several that only read. The lock ends when it is closed,
    /// and with its process.</summary>
    /// <returns>False when another has the lock; null when files cannot be locked there.</returns>
    internal static bool? TryLock(SafeFileHandle file, bool alone = true)
    {
        const int shared = 1,
            exclusive = 2,
            withoutWaiting = 4;
        var wouldWait = OperatingSystem.IsMacOS() ? 35 : 11;
        return Lock(file, (alone ? exclusive : shared) | withoutWaiting) == 0 ? true
            : Marshal.GetLastPInvokeError() == wouldWait ? false
            : null;
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

    /// <summary>
    /// Creates a folder with exactly this mode, whatever the umask; from its first moment on where a thread can have a
    /// umask of its own (Linux, if nothing forbids it). The process' umask stays as it is: other threads create files
    /// at the same time.
    /// </summary>
    /// <returns>False when it could not be created, for example because it is there.</returns>
    /// <remarks>unshare(2), CLONE_FS; containers may forbid it.</remarks>
    internal static bool TryCreateFolder(string path, uint mode)
    {
        const int fileSystemAttributes = 0x200;
        var (created, ownMask) = (false, false);
        var thread = new Thread(
            () =>
            {
                ownMask = OperatingSystem.IsLinux() && Unshare(fileSystemAttributes) == 0;
                if (ownMask)
                {
                    _ = SetMask(0);
                }

                created = CreateFolder(path, mode) == 0;
            },
            maxStackSize: 256 * 1024
        );
        thread.Start();
        thread.Join();
        if (created && !ownMask && !OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)mode);
        }

        return created;
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

    /// <summary>Gives up root for another user. On Linux the saved ids stay root, so that <see cref="WithRoot"/> works;
    /// no child inherits them (execve copies the effective ids over the saved ones).</summary>
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
internal readonly record struct FileStatus(int User, int Group, ulong Inode, long BytesOnDisk)
{
    private const int TypeBits = 0xf000;
    private const int PermissionBits = 0xfff;

    /// <summary>Type and permissions, as stat has them.</summary>
    internal int Mode { get; init; }

    /// <summary>Length in bytes.</summary>
    internal long Length { get; init; }

    /// <summary>When it was made; the same for all where the file system does not tell.</summary>
    internal string Birth { get; init; } = "";

    internal bool IsRegularFile => (Mode & TypeBits) == 0x8000;

    internal bool IsFolder => (Mode & TypeBits) == 0x4000;

    internal bool IsLink => (Mode & TypeBits) == 0xa000;

    internal UnixFileMode Permissions => (UnixFileMode)(Mode & PermissionBits);

    /// <summary>What tells it from every other that has had its path. (The number of its file system may be another
    /// after the machine was started again.)</summary>
    internal string Id => $"{Inode:x}-{Birth}";
}
