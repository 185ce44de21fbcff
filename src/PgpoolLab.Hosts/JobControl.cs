using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

/// <summary>Sessions, process groups, and which of them a terminal is for, as shells have it. Linux only, but for
/// <see cref="TryBeginSession"/>.</summary>
/// <remarks>credentials(7), tcsetpgrp(3), waitpid(2).</remarks>
public static unsafe partial class JobControl
{
    private const string C = "libc";

    [LibraryImport(C, EntryPoint = "setsid", SetLastError = true)]
    private static partial int BeginSession();

    [LibraryImport(C, EntryPoint = "getpgrp")]
    private static partial int OwnGroup();

    [LibraryImport(C, EntryPoint = "tcgetpgrp", SetLastError = true)]
    private static partial int ForegroundGroup(int terminal);

    [LibraryImport(C, EntryPoint = "tcsetpgrp", SetLastError = true)]
    private static partial int SetForegroundGroup(int terminal, int group);

    [LibraryImport(C, EntryPoint = "pthread_sigmask")]
    private static partial int ChangeBlocked(int how, void* signals, void* former);

    [LibraryImport(C, EntryPoint = "sigemptyset")]
    private static partial int NoSignals(void* signals);

    [LibraryImport(C, EntryPoint = "sigaddset")]
    private static partial int PutIn(void* signals, int signal);

    [LibraryImport(C, EntryPoint = "raise")]
    private static partial int Raise(int signal);

    [LibraryImport(C, EntryPoint = "waitpid", SetLastError = true)]
    private static partial int Wait(int process, int* status, int options);

    /// <summary>Leaves the session of the caller, with its terminal: no key that is pressed there reaches this process
    /// any more.</summary>
    /// <returns>False for the leader of a process group, as a shell makes one of each program that it starts at a
    /// terminal; nothing has changed then.</returns>
    public static bool TryBeginSession() => !OperatingSystem.IsWindows() && BeginSession() > 0;

    /// <summary>Puts a group into the foreground of our terminal, when we are there ourselves, and has it go
    /// on.</summary>
    /// <param name="terminal">The terminal; null for none.</param>
    /// <param name="group">The group.</param>
    internal static void HandOver(SafeFileHandle? terminal, int group)
    {
        const int goOn = 18;
        if (terminal is not null && ForegroundGroup(Descriptor(terminal)) == OwnGroup())
        {
            SetForeground(terminal, group);
        }

        // It may have asked for the terminal before that, and was stopped.
        Send(group, goOn);
    }

    /// <summary>Takes the terminal back from a group that has it.</summary>
    internal static void TakeBack(SafeFileHandle? terminal, int group)
    {
        if (terminal is not null && ForegroundGroup(Descriptor(terminal)) == group)
        {
            SetForeground(terminal, OwnGroup());
        }
    }

    /// <summary>Suspends this process until it is continued, as Ctrl+Z does.</summary>
    internal static void Suspend()
    {
        const int stop = 19;
        // To this very thread: all others stop with it before the call returns.
        _ = Raise(stop);
    }

    /// <summary>Sends a signal to a group. One that has become another user's, as with sudo, gets none.</summary>
    internal static void Send(int group, int signal)
    {
        try
        {
            _ = Posix.Signal(-group, signal);
        }
        catch (System.ComponentModel.Win32Exception) { }
    }

    /// <summary>Waits until a child has ended or was suspended.</summary>
    /// <returns>Its exit code, 128 plus the signal when a signal ended it; null when it was suspended.</returns>
    internal static int? WaitFor(int process)
    {
        const int alsoStopped = 2,
            interrupted = 4,
            unknown = 1,
            ofSignal = 128,
            stopped = 0x7f;
        int status;
        while (Wait(process, &status, alsoStopped) < 0)
        {
            if (Marshal.GetLastPInvokeError() != interrupted)
            {
                return unknown;
            }
        }

        return (status & 0xff) == stopped ? null
            : (status & 0x7f) is var signal and not 0 ? ofSignal + signal
            : (status >> 8) & 0xff;
    }

    /// <summary>Who is in the background is suspended for this by default (SIGTTOU).</summary>
    private static void SetForeground(SafeFileHandle terminal, int group)
    {
        const int block = 0,
            set = 2,
            outputOfBackground = 22,
            room = 128;
        byte* signals = stackalloc byte[room],
            former = stackalloc byte[room];
        _ = NoSignals(signals);
        _ = PutIn(signals, outputOfBackground);
        _ = ChangeBlocked(block, signals, former);
        _ = SetForegroundGroup(Descriptor(terminal), group);
        _ = ChangeBlocked(set, former, null);
    }

    private static int Descriptor(SafeFileHandle terminal) => (int)terminal.DangerousGetHandle();
}
