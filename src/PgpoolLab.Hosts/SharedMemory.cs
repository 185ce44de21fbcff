using System.Buffers.Binary;
using System.Globalization;

namespace PgpoolLab.Hosts;

/// <summary>
/// The shared memory and semaphores that servers leave when they are killed. They belong to no folder, count against
/// the machine's limits (SHMMNI, SEMMNI), and stay until somebody removes them or the machine restarts. Linux only:
/// elsewhere there is no table of them to read.
/// </summary>
/// <remarks>proc(5), "/proc/sysvipc"; PostgreSQL's sources, <c>pg_shmem.h</c>, <c>sysv_shmem.c</c> and
/// <c>dsm.c</c>.</remarks>
internal static class SharedMemory
{
    private const string Folder = "/dev/shm";

    /// <summary>A server makes its memory and its semaphores when it starts, and starts within this time.</summary>
    private const int StartSeconds = 60;

    /// <summary>One line of /proc/sysvipc/shm.</summary>
    private sealed record Segment(int Key, int Id, long Size, int Creator, int Attached, uint Owner, long Changed);

    /// <summary>Removes what a PostgreSQL of this data folder has left. That it is this folder's is written in the
    /// memory itself; what anybody uses is left alone.</summary>
    /// <returns>How many pieces were removed.</returns>
    internal static int RemoveOfPostgres(string dataDirectory)
    {
        if (
            !OperatingSystem.IsLinux()
            || !Environment.Is64BitProcess
            || Posix.FileIdOf(dataDirectory) is not { } folder
        )
        {
            return 0;
        }

        var removed = 0;
        foreach (var segment in Segments().Where(s => s.Attached == 0 && s.Size == Header.Size && MayBeOf(folder, s)))
        {
            if (
                Posix.ReadSharedMemory(segment.Id, Header.Size) is { } bytes
                && Header.Read(bytes) is { } header
                && header.IsOf(folder)
                && !ProcessTable.Exists(header.Creator)
            )
            {
                removed += RemoveDynamic(header.DynamicControl);
                removed += Posix.RemoveSharedMemory(segment.Id) ? 1 : 0;
            }
        }

        return removed;
    }

    /// <summary>Removes the SysV shared memory and the semaphores a process has made that has ended. Nothing happens
    /// while it lives, or while anybody is attached.</summary>
    /// <returns>How many pieces were removed.</returns>
    internal static int RemoveOfProcess(int process)
    {
        if (!OperatingSystem.IsLinux() || ProcessTable.Exists(process))
        {
            return 0;
        }

        var segments = Segments().Where(s => s.Creator == process).ToArray();
        // Somebody of its family lives, or a later process of that number has left a family.
        if (segments.Any(s => s.Attached > 0))
        {
            return 0;
        }

        return SemaphoresOf(process, segments).Count(Posix.RemoveSemaphores)
            + segments.Sum(s => RemoveNamedIn(s) + (Posix.RemoveSharedMemory(s.Id) ? 1 : 0));
    }

    /// <summary>Removes the files that the memory of a PostgreSQL names: without it nothing tells whose they
    /// are.</summary>
    private static int RemoveNamedIn(Segment segment) =>
        Environment.Is64BitProcess
        && segment.Size == Header.Size
        && Posix.ReadSharedMemory(segment.Id, Header.Size) is { } bytes
        && Header.Read(bytes) is { } header
        && header.Creator == segment.Creator
            ? RemoveDynamic(header.DynamicControl)
            : 0;

    /// <summary>The sets of semaphores a process has made, as long as its memory is there: without that nothing tells
    /// whose they are.</summary>
    internal static int[] SemaphoresOf(int process) =>
        OperatingSystem.IsLinux() ? SemaphoresOf(process, Segments().Where(s => s.Creator == process).ToArray()) : [];

    /// <summary>Those of these processes that have made shared memory.</summary>
    internal static int[] MakersAmong(IReadOnlyCollection<int> processes) =>
        OperatingSystem.IsLinux()
            ? Segments().Select(s => s.Creator).Where(processes.Contains).Distinct().ToArray()
            : [];

    /// <summary>Removes sets of semaphores of a process that has ended.</summary>
    /// <returns>How many there still were.</returns>
    internal static int RemoveSemaphores(IEnumerable<int> semaphores) => semaphores.Count(Posix.RemoveSemaphores);

    // Nothing tells who has made a set of semaphores, only who changed one last; and numbers of processes are used
    // again. So it must also be as old as the memory.
    private static int[] SemaphoresOf(int process, Segment[] segments) =>
        Semaphores()
            .Where(s =>
                segments.Any(m => Math.Abs(m.Changed - s.Changed) <= StartSeconds)
                && Posix.LastUsersOf(s.Id, s.Count).Contains(process)
            )
            .Select(s => s.Id)
            .ToArray();

    /// <summary>Since release 13 the key is the folder's inode, or one of the next when that was taken; before, it came
    /// from the port.</summary>
    private static bool MayBeOf((ulong Device, ulong Inode) folder, Segment segment) =>
        unchecked((uint)segment.Key - (uint)folder.Inode) < 100 || segment.Key % 1000 is > 0 and < 100;

    /// <summary>The memory that PostgreSQL's processes share by need: files in /dev/shm, of which one lists the
    /// others.</summary>
    private static int RemoveDynamic(uint control)
    {
        var file = FileOf(control);
        if (control == 0 || !RegularFile.Is(file) || Identity.OwnerOf(file)?.User != Identity.Current.UserId)
        {
            return 0;
        }

        var removed = 0;
        foreach (var handle in HandlesIn(RegularFile.ReadBytes(file)).Append(control).Select(FileOf).Where(File.Exists))
        {
            File.Delete(handle);
            removed++;
        }

        return removed;
    }

    private static string FileOf(uint handle) => $"{Folder}/PostgreSQL.{handle}";

    /// <summary>dsm_control_header: magic, number of items, and from byte 16 the items. An item begins with its handle
    /// and how many use it; it has 40 bytes since release 14, 24 before.</summary>
    private static HashSet<uint> HandlesIn(byte[] control)
    {
        const uint magic = 0x9a503d32;
        var handles = new HashSet<uint>();
        if (control.Length < 16 || BinaryPrimitives.ReadUInt32LittleEndian(control) != magic)
        {
            return handles;
        }

        var count = BinaryPrimitives.ReadUInt32LittleEndian(control.AsSpan(4));
        foreach (var size in (int[])[40, 24])
        {
            for (long i = 0, at = 16; i < count && at + 8 <= control.Length; i++, at += size)
            {
                if (BinaryPrimitives.ReadUInt32LittleEndian(control.AsSpan((int)at + 4)) > 0)
                {
                    handles.Add(BinaryPrimitives.ReadUInt32LittleEndian(control.AsSpan((int)at)));
                }
            }

            // Read by the wrong size no name would fit; but where the right one has found some, the other is not tried.
            if (handles.Any(h => File.Exists(FileOf(h))))
            {
                break;
            }
        }

        return handles;
    }

    private static IEnumerable<Segment> Segments() =>
        Table("/proc/sysvipc/shm")
            .Select(f => new Segment(
                Number(f[0]),
                Number(f[1]),
                long.Parse(f[3], CultureInfo.InvariantCulture),
                Number(f[4]),
                Number(f[6]),
                uint.Parse(f[7], CultureInfo.InvariantCulture),
                long.Parse(f[13], CultureInfo.InvariantCulture)
            ))
            .Where(s => s.Owner == Posix.EffectiveUserId());

    private static IEnumerable<(int Id, int Count, long Changed)> Semaphores() =>
        Table("/proc/sysvipc/sem")
            .Where(f => uint.Parse(f[4], CultureInfo.InvariantCulture) == Posix.EffectiveUserId())
            .Select(f => (Number(f[1]), Number(f[3]), long.Parse(f[9], CultureInfo.InvariantCulture)));

    private static string[][] Table(string file) =>
        File.Exists(file)
            ? File.ReadAllLines(file)
                .Skip(1)
                .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(f => f.Length > 9)
                .ToArray()
            : [];

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>PGShmemHeader, as it lies in the memory of a 64-bit PostgreSQL.</summary>
    private sealed record Header(int Creator, uint DynamicControl, ulong Device, ulong Inode)
    {
        internal const int Size = 56;
        private const int Magic = 679834894;

        internal static Header? Read(byte[] bytes) =>
            BitConverter.ToInt32(bytes, 0) != Magic
                ? null
                : new Header(
                    BitConverter.ToInt32(bytes, 4),
                    BitConverter.ToUInt32(bytes, 24),
                    BitConverter.ToUInt64(bytes, 40),
                    BitConverter.ToUInt64(bytes, 48)
                );

        internal bool IsOf((ulong Device, ulong Inode) folder) => (Device, Inode) == folder;
    }
}
