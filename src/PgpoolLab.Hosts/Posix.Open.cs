using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

// System calls: opening files and folders.
internal static partial class Posix
{
    [LibraryImport(C, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

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

    private static SafeFileHandle Handle(int descriptor, string path) =>
        descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure(path);
}
