using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

// System calls: what the system knows of files and their volumes.
internal static partial class Posix
{
    [LibraryImport(C, EntryPoint = "realpath", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint ResolvePath(string path, nint buffer);

    [LibraryImport(C, EntryPoint = "free")]
    private static partial void Free(nint memory);

    // Unlike stat's, this structure is the same on every processor.
    [LibraryImport(C, EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int Status(int folder, string path, int flags, uint mask, uint* status);

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
        const int changedSeconds = 96 / sizeof(ulong);
        const int changedNanoseconds = 104 / sizeof(uint);
        const int modifiedSeconds = 112 / sizeof(ulong);
        const int modifiedNanoseconds = 120 / sizeof(uint);
        const int deviceMajor = 136 / sizeof(uint);
        const int deviceMinor = 140 / sizeof(uint);
        const long nanoseconds = 1_000_000_000;
        const int bytesOfBlock = 512;
        var status = stackalloc uint[words];
        var wide = (ulong*)status;
        return Status(folder, path, doNotFollow | flags, basicsAndBirth, status) != 0
            ? null
            : new FileStatus((int)status[user], (int)status[group], wide[inode], (long)wide[blocks] * bytesOfBlock)
            {
                Mode = ((ushort*)status)[mode],
                Length = (long)wide[length],
                Changed = ((long)wide[changedSeconds] * nanoseconds) + status[changedNanoseconds],
                Modified = ((long)wide[modifiedSeconds] * nanoseconds) + status[modifiedNanoseconds],
                Device = ((ulong)status[deviceMajor] << 32) | status[deviceMinor],
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
}
