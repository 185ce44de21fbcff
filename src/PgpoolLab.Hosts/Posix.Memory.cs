using System.Runtime.InteropServices;

namespace PgpoolLab.Hosts;

// System calls: shared memory and semaphores.
internal static partial class Posix
{
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
}
