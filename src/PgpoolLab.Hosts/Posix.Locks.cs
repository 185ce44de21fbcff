using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

// System calls: locks.
internal static partial class Posix
{
    [LibraryImport(C, EntryPoint = "flock", SetLastError = true)]
    private static partial int Lock(int descriptor, int operation);

    [LibraryImport(C, EntryPoint = "close")]
    internal static partial int Close(int descriptor);

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
}
