using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

// System calls: folders and what lies in them.
internal static partial class Posix
{
    [LibraryImport(C, EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateHardLink(string from, string to);

    [LibraryImport(C, EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int CreateFolder(string path, uint mode);

    [LibraryImport(C, EntryPoint = "umask")]
    private static partial uint SetMask(uint mask);

    [LibraryImport(C, EntryPoint = "unshare", SetLastError = true)]
    private static partial int Unshare(int what);

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
}
