using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

// System calls: mounts. Linux only.
internal static partial class Posix
{
    [LibraryImport(C, EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Mount(string? source, string target, string? type, nuint flags, string? data);

    [LibraryImport(C, EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(SafeFileHandle folder, string name, int flags, uint mode);

    /// <summary>Gives this thread a mount namespace of its own: from now on nobody else sees what it mounts. Programs
    /// that it starts are in that namespace, too. Needs root.</summary>
    /// <exception cref="Win32Exception">The system forbids it.</exception>
    /// <remarks>unshare(2), mount_namespaces(7): most systems share their mounts with every namespace that is made of
    /// theirs, until that is ended.</remarks>
    internal static void LeaveMounts()
    {
        const int newMounts = 0x20000;
        const nuint everythingBelow = 0x4000,
            isPrivate = 1 << 18;
        Check(Unshare(newMounts));
        Check(Mount(null, "/", null, everythingBelow | isPrivate, null));
    }

    /// <summary>Mounts an empty file system in memory on an open folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="source">What the table of mounts calls it.</param>
    /// <param name="bytes">What it can hold.</param>
    /// <exception cref="Win32Exception">The system forbids it.</exception>
    internal static void MountMemory(SafeFileHandle folder, string source, long bytes)
    {
        const nuint noSetUser = 2,
            noDevices = 4,
            noPrograms = 8;
        Check(
            Mount(
                source,
                $"/proc/self/fd/{(int)folder.DangerousGetHandle()}",
                "tmpfs",
                noSetUser | noDevices | noPrograms,
                $"size={bytes},mode=0700"
            )
        );
    }

    /// <summary>Opens a file in a folder for writing, and makes it, for its owner alone, when there is none. A link is
    /// none.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="name">Its name.</param>
    /// <param name="isNew">True when it must not be there yet.</param>
    /// <param name="path">Its path, for errors.</param>
    internal static SafeFileHandle OpenToWriteIn(SafeFileHandle folder, string name, bool isNew, string path)
    {
        const int mustBeNew = 0x80;
        const uint ownersAlone = 0x180;
        return Handle(
            OpenAt(
                folder,
                name,
                OpenForWriting
                    | OpenOrCreate
                    | (isNew ? mustBeNew : 0)
                    | OpenNoLink
                    | OpenWithoutWaiting
                    | OpenCloseOnExec,
                ownersAlone
            ),
            path
        );
    }
}
