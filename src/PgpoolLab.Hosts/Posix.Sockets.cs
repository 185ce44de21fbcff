using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;

namespace PgpoolLab.Hosts;

/// <summary>TCP sockets of IPv4 as plain descriptors, none of which ever waits. The numbers are Linux's.</summary>
/// <remarks>Linux manual, ip(7), tcp(7), socket(7).</remarks>
internal static partial class Posix
{
    /// <summary>What a call gives that would have to wait.</summary>
    internal const int Again = -11;

    /// <summary>What a call gives that a signal has interrupted.</summary>
    internal const int Interrupted = -4;

    /// <summary>What a call gives when there are as many descriptors as there may be, of this process or of
    /// all.</summary>
    internal const int TooManyFiles = -24,
        TooManyFilesOfAll = -23;

    private const int InProgress = -115;
    private const int SizeOfAddress = 16;

    [LibraryImport(C, EntryPoint = "socket", SetLastError = true)]
    private static partial int OpenSocket(int family, int type, int protocol);

    [LibraryImport(C, EntryPoint = "bind", SetLastError = true)]
    private static unsafe partial int BindSocket(int descriptor, byte* address, int size);

    [LibraryImport(C, EntryPoint = "listen", SetLastError = true)]
    private static partial int ListenSocket(int descriptor, int backlog);

    [LibraryImport(C, EntryPoint = "connect", SetLastError = true)]
    private static unsafe partial int ConnectSocket(int descriptor, byte* address, int size);

    [LibraryImport(C, EntryPoint = "accept4", SetLastError = true)]
    private static unsafe partial int AcceptSocket(int descriptor, byte* address, int* size, int flags);

    [LibraryImport(C, EntryPoint = "getsockname", SetLastError = true)]
    private static unsafe partial int NameOfSocket(int descriptor, byte* address, int* size);

    [LibraryImport(C, EntryPoint = "setsockopt", SetLastError = true)]
    private static unsafe partial int SetSocketOption(int descriptor, int level, int name, void* value, int size);

    [LibraryImport(C, EntryPoint = "getsockopt", SetLastError = true)]
    private static unsafe partial int GetSocketOption(int descriptor, int level, int name, void* value, int* size);

    [LibraryImport(C, EntryPoint = "recv", SetLastError = true)]
    private static unsafe partial nint ReceiveSocket(int descriptor, byte* buffer, nint size, int flags);

    [LibraryImport(C, EntryPoint = "send", SetLastError = true)]
    private static unsafe partial nint SendSocket(int descriptor, byte* buffer, nint size, int flags);

    [LibraryImport(C, EntryPoint = "shutdown", SetLastError = true)]
    private static partial int ShutSocket(int descriptor, int how);

    /// <summary>A socket that listens.</summary>
    /// <exception cref="IOException">It cannot, in the system's words.</exception>
    internal static unsafe int Listen(IPEndPoint place, int backlog)
    {
        var socket = NewSocket();
        var address = stackalloc byte[SizeOfAddress];
        Write(place, address);
        SetNumber(socket, SocketLevel, ReuseAddress, 1);
        if (BindSocket(socket, address, SizeOfAddress) == 0 && ListenSocket(socket, backlog) == 0)
        {
            return socket;
        }

        var error = SocketFailure($"listen at {place}");
        _ = Close(socket);
        throw error;
    }

    /// <summary>Changes how many connections may wait to be accepted.</summary>
    internal static void ListenAgain(int socket, int backlog)
    {
        if (ListenSocket(socket, backlog) != 0)
        {
            throw SocketFailure("listen");
        }
    }

    /// <summary>Begins to connect.</summary>
    /// <param name="place">Where to.</param>
    /// <param name="problem">0, or the negative number of the error.</param>
    /// <returns>The socket, which may not be connected yet; -1 with a problem.</returns>
    internal static unsafe int Connect(IPEndPoint place, out int problem)
    {
        var socket = NewSocket();
        var address = stackalloc byte[SizeOfAddress];
        Write(place, address);
        SetNumber(socket, TcpLevel, NoDelay, 1);
        problem = ConnectSocket(socket, address, SizeOfAddress) == 0 ? 0 : -Marshal.GetLastPInvokeError();
        if (problem is 0 or InProgress)
        {
            problem = 0;
            return socket;
        }

        _ = Close(socket);
        return -1;
    }

    /// <summary>Accepts a connection.</summary>
    /// <param name="listener">The socket that listens.</param>
    /// <param name="port">The port of who has connected.</param>
    /// <returns>The connection, or the negative number of an error.</returns>
    internal static unsafe int Accept(int listener, out int port)
    {
        var address = stackalloc byte[SizeOfAddress];
        var size = SizeOfAddress;
        var accepted = AcceptSocket(listener, address, &size, NonBlocking | CloseOnExec);
        if (accepted < 0)
        {
            port = 0;
            return -Marshal.GetLastPInvokeError();
        }

        port = (address[2] << 8) | address[3];
        SetNumber(accepted, TcpLevel, NoDelay, 1);
        return accepted;
    }

    /// <summary>The port a socket has on our side.</summary>
    internal static unsafe int PortOf(int socket)
    {
        var address = stackalloc byte[SizeOfAddress];
        var size = SizeOfAddress;
        return NameOfSocket(socket, address, &size) == 0 ? (address[2] << 8) | address[3] : 0;
    }

    /// <summary>Reads what there is.</summary>
    /// <returns>The number of bytes, 0 at the end, or the negative number of an error.</returns>
    internal static unsafe int Receive(int socket, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            var read = ReceiveSocket(socket, start, buffer.Length, 0);
            return read >= 0 ? (int)read : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Writes what can be written at once.</summary>
    /// <returns>The number of bytes, or the negative number of an error.</returns>
    internal static unsafe int Send(int socket, ReadOnlySpan<byte> bytes)
    {
        const int noSignal = 0x4000;
        fixed (byte* start = bytes)
        {
            var sent = SendSocket(socket, start, bytes.Length, noSignal);
            return sent >= 0 ? (int)sent : -Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Tells the other side that nothing more comes.</summary>
    internal static void ShutDownSending(int socket) => _ = ShutSocket(socket, 1);

    /// <summary>Why a socket does not work any more; 0 when it does.</summary>
    internal static unsafe int ErrorOf(int socket)
    {
        const int pending = 4;
        int error = 0,
            size = sizeof(int);
        return GetSocketOption(socket, SocketLevel, pending, &error, &size) == 0 ? error : 0;
    }

    /// <summary>Closes a socket by a reset: the other side sees an error, and no end.</summary>
    internal static unsafe void Reset(int socket)
    {
        const int linger = 13;
        var atOnce = stackalloc int[] { 1, 0 };
        _ = SetSocketOption(socket, SocketLevel, linger, atOnce, 2 * sizeof(int));
        _ = Close(socket);
    }

    private const int SocketLevel = 1,
        TcpLevel = 6,
        ReuseAddress = 2,
        NoDelay = 1,
        NonBlocking = 0x800,
        CloseOnExec = 0x80000;

    private static int NewSocket()
    {
        const int internet = 2,
            stream = 1;
        var socket = OpenSocket(internet, stream | NonBlocking | CloseOnExec, 0);
        return socket >= 0 ? socket : throw SocketFailure("open a socket");
    }

    private static unsafe void SetNumber(int socket, int level, int name, int value) =>
        _ = SetSocketOption(socket, level, name, &value, sizeof(int));

    private static unsafe void Write(IPEndPoint place, byte* address)
    {
        new Span<byte>(address, SizeOfAddress).Clear();
        *(ushort*)address = 2;
        address[2] = (byte)(place.Port >> 8);
        address[3] = (byte)place.Port;
        place.Address.TryWriteBytes(new Span<byte>(address + 4, 4), out _);
    }

    private static IOException SocketFailure(string attempt)
    {
        var error = Marshal.GetLastPInvokeError();
        return new IOException($"Could not {attempt}: {new Win32Exception(error).Message}", error);
    }
}
