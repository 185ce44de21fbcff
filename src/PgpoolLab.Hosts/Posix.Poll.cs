using System.ComponentModel;
using System.Runtime.InteropServices;

namespace PgpoolLab.Hosts;

/// <summary>Waiting for many descriptors at once.</summary>
/// <remarks>Linux manual, epoll(7), eventfd(2).</remarks>
internal static partial class Posix
{
    /// <summary>There is something to read, or an end.</summary>
    internal const uint Readable = 0x1;

    /// <summary>There is room to write.</summary>
    internal const uint Writable = 0x4;

    /// <summary>Something is wrong; reported whether it is asked for or not.</summary>
    internal const uint Broken = 0x8;

    /// <summary>Both directions have ended; reported whether it is asked for or not.</summary>
    internal const uint HungUp = 0x10;

    [LibraryImport(C, EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int CreatePoll(int flags);

    [LibraryImport(C, EntryPoint = "epoll_ctl", SetLastError = true)]
    private static unsafe partial int ControlPoll(int poll, int operation, int descriptor, byte* happening);

    [LibraryImport(C, EntryPoint = "epoll_wait", SetLastError = true)]
    private static unsafe partial int WaitPoll(int poll, byte* happenings, int most, int milliseconds);

    [LibraryImport(C, EntryPoint = "eventfd", SetLastError = true)]
    private static partial int CreateBell(uint start, int flags);

    [LibraryImport(C, EntryPoint = "write", SetLastError = true)]
    private static unsafe partial nint WriteDescriptor(int descriptor, void* bytes, nint size);

    [LibraryImport(C, EntryPoint = "read", SetLastError = true)]
    private static unsafe partial nint ReadDescriptor(int descriptor, void* bytes, nint size);

    /// <summary>What the kernel tells of one descriptor has no padding on x86-64, and has it elsewhere.</summary>
    internal static int SizeOfHappening { get; } = RuntimeInformation.ProcessArchitecture is Architecture.X64 ? 12 : 16;

    private static int PlaceOfNumber => SizeOfHappening - sizeof(long);

    /// <summary>A new set of descriptors to wait for.</summary>
    internal static int NewPoll() => CreatePoll(CloseOnExec) is >= 0 and var poll ? poll : throw new Win32Exception();

    /// <summary>Something to wake a wait by.</summary>
    internal static int NewBell() =>
        CreateBell(0, NonBlocking | CloseOnExec) is >= 0 and var bell ? bell : throw new Win32Exception();

    /// <summary>Wakes who waits for it.</summary>
    internal static unsafe void Ring(int bell)
    {
        var one = 1L;
        _ = WriteDescriptor(bell, &one, sizeof(long));
    }

    /// <summary>Has it be silent again.</summary>
    internal static unsafe void Silence(int bell)
    {
        long count;
        _ = ReadDescriptor(bell, &count, sizeof(long));
    }

    /// <summary>Changes what is waited for.</summary>
    /// <param name="poll">The set.</param>
    /// <param name="descriptor">Of which descriptor.</param>
    /// <param name="before">What was waited for so far; 0 for nothing.</param>
    /// <param name="after">What is to be waited for; 0 for nothing.</param>
    /// <param name="number">What is told when it happens.</param>
    internal static unsafe void Watch(int poll, int descriptor, uint before, uint after, long number)
    {
        const int add = 1,
            remove = 2,
            change = 3;
        var happening = stackalloc byte[16];
        *(uint*)happening = after;
        *(long*)(happening + PlaceOfNumber) = number;
        if (
            ControlPoll(
                poll,
                before == 0 ? add
                    : after == 0 ? remove
                    : change,
                descriptor,
                happening
            ) != 0
        )
        {
            throw new Win32Exception();
        }
    }

    /// <summary>Waits.</summary>
    /// <param name="poll">The set.</param>
    /// <param name="happenings">Gets what has happened: <see cref="SizeOfHappening"/> bytes each.</param>
    /// <param name="milliseconds">At most so long; -1 for as long as it takes.</param>
    /// <returns>How many; 0 when the time is over, or a signal came.</returns>
    internal static unsafe int WaitFor(int poll, Span<byte> happenings, int milliseconds)
    {
        fixed (byte* start = happenings)
        {
            var count = WaitPoll(poll, start, happenings.Length / SizeOfHappening, milliseconds);
            return count >= 0 ? count
                : Marshal.GetLastPInvokeError() == -Interrupted ? 0
                : throw new Win32Exception();
        }
    }

    /// <summary>One of what has happened.</summary>
    internal static (uint Events, long Number) Happening(ReadOnlySpan<byte> happenings, int index)
    {
        var one = happenings.Slice(index * SizeOfHappening, SizeOfHappening);
        return (BitConverter.ToUInt32(one), BitConverter.ToInt64(one[PlaceOfNumber..]));
    }
}
