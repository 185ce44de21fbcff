using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

/// <summary>The system's calls for terminals. Linux only: the numbers are its own, glibc's and musl's
/// alike.</summary>
/// <remarks>ioctl_tty(2), termios(3), pty(7).</remarks>
internal static unsafe partial class TerminalCalls
{
    private const string C = "libc";

    /// <summary>The structure termios is smaller everywhere.</summary>
    private const int Room = 128;
    private const int OutputFlags = 4,
        LocalFlags = 12,
        SuspendKey = 17 + 10; // c_cc[VSUSP]
    private const uint Echo = 0x8,
        ProcessOutput = 0x1;

    private static readonly bool NumbersOfPower = RuntimeInformation.ProcessArchitecture is Architecture.Ppc64le;

    private static uint Lines => NumbersOfPower ? 0x100u : 0x2u;

    private static uint Signals => NumbersOfPower ? 0x80u : 0x1u;

    [LibraryImport(C, EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int OpenMaster(int flags);

    [LibraryImport(C, EntryPoint = "grantpt", SetLastError = true)]
    private static partial int Grant(SafeFileHandle master);

    [LibraryImport(C, EntryPoint = "unlockpt", SetLastError = true)]
    private static partial int Unlock(SafeFileHandle master);

    [LibraryImport(C, EntryPoint = "ptsname_r", SetLastError = true)]
    private static partial int NameOf(SafeFileHandle master, byte* name, nuint length);

    [LibraryImport(C, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport(C, EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int GetMode(int terminal, byte* mode);

    [LibraryImport(C, EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int SetMode(int terminal, int when, byte* mode);

    [LibraryImport(C, EntryPoint = "tcflush", SetLastError = true)]
    private static partial int Flush(int terminal, int queue);

    [LibraryImport(C, EntryPoint = "cfmakeraw")]
    private static partial void MakeRaw(byte* mode);

    [LibraryImport(C, EntryPoint = "tcgetpgrp", SetLastError = true)]
    private static partial int ForegroundGroup(int terminal);

    [LibraryImport(C, EntryPoint = "getpgrp")]
    private static partial int OwnGroup();

    [LibraryImport(C, EntryPoint = "ioctl", SetLastError = true)]
    private static partial int ControlSize(int terminal, nuint request, ushort* size);

    [LibraryImport(C, EntryPoint = "ioctl", SetLastError = true)]
    private static partial int SendSignal(int terminal, nuint request, nint signal);

    private const int ReadAndWrite = 2,
        NotOurs = 0x100,
        WithoutWaiting = 0x800,
        CloseOnExec = 0x80000;

    /// <summary>Makes a terminal: what is written to the one end is typed at the other.</summary>
    /// <returns>Our end, which never waits; and the path of the other.</returns>
    /// <exception cref="IOException">The system gives none.</exception>
    internal static (SafeFileHandle Master, string Path) Make()
    {
        var master = Handle(OpenMaster(ReadAndWrite | NotOurs | CloseOnExec | WithoutWaiting));
        const int most = 128;
        var name = stackalloc byte[most];
        if (Grant(master) == 0 && Unlock(master) == 0 && NameOf(master, name, most) == 0)
        {
            return (master, Marshal.PtrToStringUTF8((nint)name)!);
        }

        master.Dispose();
        throw Failure();
    }

    /// <summary>Opens a terminal, which does not become this process's own.</summary>
    /// <returns>Null when it cannot be opened.</returns>
    internal static SafeFileHandle? TryOpen(string path)
    {
        var descriptor = Open(path, ReadAndWrite | NotOurs | CloseOnExec);
        return descriptor < 0 ? null : new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <inheritdoc cref="TryOpen"/>
    /// <exception cref="IOException">It cannot be opened.</exception>
    internal static SafeFileHandle Open(string path) => TryOpen(path) ?? throw Failure();

    /// <summary>How a terminal is set; null when it has gone.</summary>
    internal static byte[]? ModeOf(int terminal)
    {
        var mode = new byte[Room];
        fixed (byte* bytes = mode)
        {
            return GetMode(terminal, bytes) == 0 ? mode : null;
        }
    }

    /// <summary>Sets a terminal. Nothing that was typed or written is lost.</summary>
    internal static void SetMode(int terminal, byte[] mode)
    {
        const int now = 0;
        fixed (byte* bytes = mode)
        {
            // One that has gone needs no setting.
            _ = SetMode(terminal, now, bytes);
        }
    }

    /// <summary>Forgets what was typed and not read: it was no answer to what is asked now.</summary>
    internal static void ForgetTyped(int terminal)
    {
        const int typed = 0;
        _ = Flush(terminal, typed);
    }

    /// <summary>A copy of a mode in which every key is a byte, and nothing is echoed.</summary>
    /// <param name="mode">The mode.</param>
    /// <param name="andOutput">Whether what is written stays as it is, too.</param>
    internal static byte[] Raw(byte[] mode, bool andOutput)
    {
        var raw = (byte[])mode.Clone();
        fixed (byte* bytes = raw)
        {
            MakeRaw(bytes);
        }

        if (!andOutput)
        {
            mode.AsSpan(OutputFlags, sizeof(uint)).CopyTo(raw.AsSpan(OutputFlags));
        }

        return raw;
    }

    /// <summary>A copy of a mode in which what is written stays as it is.</summary>
    /// <param name="mode">The mode.</param>
    /// <param name="echo">Whether what is typed is still echoed.</param>
    internal static byte[] WithoutProcessing(byte[] mode, bool echo)
    {
        var changed = (byte[])mode.Clone();
        Flags(changed, OutputFlags) &= ~ProcessOutput;
        if (!echo)
        {
            Flags(changed, LocalFlags) &= ~Echo;
        }

        return changed;
    }

    /// <summary>A copy of a mode in which a key can be read as soon as it is pressed, and is not shown. Keys that send
    /// signals still do.</summary>
    internal static byte[] WithoutLines(byte[] mode)
    {
        var changed = Raw(mode, andOutput: false);
        Flags(changed, LocalFlags) |= Flags(mode, LocalFlags) & Signals;
        return changed;
    }

    /// <summary>A copy of a mode in which what is typed is not shown. Ctrl+Z does nothing: after it a shell would go on
    /// without the echo, and this program with it.</summary>
    internal static byte[] ForSecrets(byte[] mode)
    {
        var changed = (byte[])mode.Clone();
        Flags(changed, LocalFlags) &= ~Echo;
        changed[SuspendKey] = 0;
        return changed;
    }

    /// <summary>True when a line is typed before it is read.</summary>
    internal static bool TakesLines(byte[] mode) => (Flags(mode, LocalFlags) & Lines) != 0;

    /// <summary>True when what is typed is shown.</summary>
    internal static bool Echoes(byte[] mode) => (Flags(mode, LocalFlags) & Echo) != 0;

    private static ref uint Flags(byte[] mode, int at) => ref MemoryMarshal.AsRef<uint>(mode.AsSpan(at, sizeof(uint)));

    /// <summary>True when this process may read the terminal: it is in the foreground there, or it is another's
    /// terminal.</summary>
    internal static bool IsForeground(int terminal) =>
        ForegroundGroup(terminal) is var group && (group < 0 || group == OwnGroup());

    /// <summary>Gives a terminal the size of another.</summary>
    internal static void CopySize(int from, int to)
    {
        const int rowsColumnsAndPixels = 4;
        var (get, set) = NumbersOfPower ? (0x40087468u, 0x80087467u) : (0x5413u, 0x5414u);
        var size = stackalloc ushort[rowsColumnsAndPixels];
        if (ControlSize(from, get, size) == 0)
        {
            _ = ControlSize(to, set, size);
        }
    }

    /// <summary>Sends a signal, as a key does, to whatever is in the foreground at the other end.</summary>
    internal static void Interrupt(SafeFileHandle master, int signal)
    {
        var send = NumbersOfPower ? 0x80045436u : 0x40045436u;
        _ = SendSignal((int)master.DangerousGetHandle(), send, signal);
    }

    private static SafeFileHandle Handle(int descriptor) =>
        descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure();

    private static IOException Failure() => new(new System.ComponentModel.Win32Exception().Message);

    [LibraryImport(C, EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(Watched* descriptors, nuint count, int timeout);

    [LibraryImport(C, EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(int descriptor, byte* bytes, nuint count);

    [LibraryImport(C, EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int descriptor, byte* bytes, nuint count);

    [LibraryImport(C, EntryPoint = "eventfd", SetLastError = true)]
    private static partial int MakeEvent(uint value, int flags);

    /// <summary>A descriptor that <see cref="Ring"/> makes readable.</summary>
    internal static SafeFileHandle MakeBell() => Handle(MakeEvent(0, CloseOnExec | WithoutWaiting));

    /// <summary>Wakes whoever waits for it.</summary>
    internal static void Ring(SafeFileHandle bell)
    {
        var one = 1UL;
        _ = Write((int)bell.DangerousGetHandle(), (byte*)&one, sizeof(ulong));
    }

    /// <summary>Waits until one of them can be read or written.</summary>
    /// <param name="watched">Those with a negative descriptor do not count.</param>
    /// <param name="milliseconds">How long; negative for as long as it takes.</param>
    internal static void Wait(Span<Watched> watched, int milliseconds)
    {
        fixed (Watched* all = watched)
        {
            if (Poll(all, (nuint)watched.Length, milliseconds) < 0)
            {
                // A signal.
                foreach (ref var one in watched)
                {
                    one.Happened = 0;
                }
            }
        }
    }

    /// <summary>Reads what there is.</summary>
    /// <returns>How many bytes; 0 at the end; null when there is nothing just now.</returns>
    internal static int? Read(int descriptor, Span<byte> buffer)
    {
        const int interrupted = 4,
            again = 11;
        fixed (byte* bytes = buffer)
        {
            var read = Read(descriptor, bytes, (nuint)buffer.Length);
            return read >= 0 ? (int)read
                : Marshal.GetLastPInvokeError() is interrupted or again ? null
                : 0;
        }
    }

    /// <summary>Writes as much as there is room for.</summary>
    /// <returns>How many bytes; all of them when nobody is there to take them.</returns>
    internal static int Write(SafeFileHandle file, ReadOnlySpan<byte> buffer)
    {
        const int interrupted = 4,
            again = 11;
        fixed (byte* bytes = buffer)
        {
            var written = Write((int)file.DangerousGetHandle(), bytes, (nuint)buffer.Length);
            return written >= 0 ? (int)written
                : Marshal.GetLastPInvokeError() is interrupted or again ? 0
                : buffer.Length;
        }
    }

    /// <summary>The system's structure pollfd.</summary>
    internal struct Watched
    {
        internal const short CanBeRead = 1,
            CanBeWritten = 4,
            HungUp = 0x8 | 0x10;
        internal int Descriptor;
        internal short Events;
        internal short Happened;
    }
}
