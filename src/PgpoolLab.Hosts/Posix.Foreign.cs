using System.ComponentModel;
using System.Runtime.InteropServices;

namespace PgpoolLab.Hosts;

/// <summary>Descriptors of another process. The numbers are Linux's, the same on every processor.</summary>
/// <remarks>Linux manual, pidfd_open(2), pidfd_getfd(2), getpeername(2), shutdown(2).</remarks>
internal static partial class Posix
{
    private const int PidFdOpen = 434;
    private const int PidFdGetFd = 438;
    private const int SizeOfAnyAddress = 128;

    [LibraryImport(C, EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third);

    [LibraryImport(C, EntryPoint = "getpeername", SetLastError = true)]
    private static unsafe partial int NameOfPeer(int descriptor, byte* address, int* size);

    /// <summary>Ends a connection of another process of the same user, both ways, if it leads where it is to lead: what
    /// waits for it goes on.</summary>
    /// <param name="process">The process.</param>
    /// <param name="descriptor">Its number for the socket.</param>
    /// <param name="leadsThere">Judges the address of the other end, a <c>sockaddr</c>.</param>
    /// <returns>False when it leads elsewhere or nowhere, or is gone.</returns>
    /// <exception cref="IOException">It may not be done, or this Linux cannot (before 5.6).</exception>
    internal static unsafe bool ShutDownForeign(int process, int descriptor, Func<byte[], bool> leadsThere)
    {
        const int both = 2;
        var there = (int)SystemCall(PidFdOpen, process, 0, 0);
        if (there < 0)
        {
            return NotThere();
        }

        try
        {
            var copy = (int)SystemCall(PidFdGetFd, there, descriptor, 0);
            if (copy < 0)
            {
                return NotThere();
            }

            try
            {
                var address = stackalloc byte[SizeOfAnyAddress];
                var size = SizeOfAnyAddress;
                return NameOfPeer(copy, address, &size) == 0
                    && leadsThere(new ReadOnlySpan<byte>(address, Math.Min(size, SizeOfAnyAddress)).ToArray())
                    && ShutSocket(copy, both) == 0;
            }
            finally
            {
                _ = Close(copy);
            }
        }
        finally
        {
            _ = Close(there);
        }

        static bool NotThere()
        {
            const int noProcess = 3,
                noDescriptor = 9;
            return Marshal.GetLastPInvokeError() is noProcess or noDescriptor
                ? false
                : throw new IOException(new Win32Exception().Message, Marshal.GetLastPInvokeError());
        }
    }
}
