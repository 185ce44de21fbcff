using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace PgpoolLab.Hosts;

/// <summary>Asks Linux who listens. /proc/net/tcp tells it too, but walks through all connections the machine could
/// have: some milliseconds a look.</summary>
/// <remarks>sock_diag(7), netlink(7). A kernel may have been built without it, and a container may be kept from
/// it.</remarks>
internal static partial class SocketDiagnosis
{
    private const string C = "libc";
    private const int HeaderSize = 16;
    private const int RequestSize = HeaderSize + 56;
    private const int MessageSize = 72;

    [LibraryImport(C, EntryPoint = "socket")]
    private static partial int OpenSocket(int family, int type, int protocol);

    [LibraryImport(C, EntryPoint = "send")]
    private static unsafe partial nint Send(int socket, byte* bytes, nint count, int flags);

    [LibraryImport(C, EntryPoint = "recv")]
    private static unsafe partial nint Receive(int socket, byte* bytes, nint count, int flags);

    [LibraryImport(C, EntryPoint = "close")]
    private static partial int Close(int socket);

    /// <summary>Those who listen on a TCP port, on any address; null where the system does not tell.</summary>
    internal static IReadOnlyList<Listener>? TryListeners(int port)
    {
        const int netlink = 16,
            raw = 3,
            closeOnExec = 0x80000,
            socketDiagnosis = 4;
        if (
            !OperatingSystem.IsLinux()
            || OpenSocket(netlink, raw | closeOnExec, socketDiagnosis) is not (>= 0 and var socket)
        )
        {
            return null;
        }

        try
        {
            const byte internet = 2,
                internet6 = 10;
            var found = new List<Listener>();
            return Ask(socket, internet, port, found) && Ask(socket, internet6, port, found) ? found : null;
        }
        finally
        {
            _ = Close(socket);
        }
    }

    private static unsafe bool Ask(int socket, byte family, int port, List<Listener> found)
    {
        const ushort byFamily = 20,
            requestAll = 0x301;
        const byte tcp = 6;
        const uint listening = 1 << 10;
        Span<byte> request = stackalloc byte[RequestSize];
        request.Clear();
        MemoryMarshal.Write(request, (uint)RequestSize);
        MemoryMarshal.Write(request[4..], byFamily);
        MemoryMarshal.Write(request[6..], requestAll);
        request[HeaderSize] = family;
        request[HeaderSize + 1] = tcp;
        MemoryMarshal.Write(request[(HeaderSize + 4)..], listening);
        fixed (byte* bytes = request)
        {
            if (Send(socket, bytes, RequestSize, 0) != RequestSize)
            {
                return false;
            }
        }

        var buffer = new byte[1 << 15];
        fixed (byte* bytes = buffer)
        {
            while (true)
            {
                var received = (int)Receive(socket, bytes, buffer.Length, 0);
                if (received <= 0 || Understand(buffer.AsSpan(0, received), port, found) is not { } atEnd)
                {
                    return false;
                }

                if (atEnd)
                {
                    return true;
                }
            }
        }
    }

    /// <returns>Whether that was the end; null when the system refuses, or its tables changed meanwhile.</returns>
    private static bool? Understand(ReadOnlySpan<byte> messages, int port, List<Listener> found)
    {
        const ushort error = 2,
            done = 3,
            interrupted = 0x10;
        const int sourcePort = 4,
            sourceAddress = 8,
            user = 64,
            inode = 68,
            sizeOf6 = 16,
            sizeOf4 = 4;
        while (messages.Length >= HeaderSize)
        {
            var length = MemoryMarshal.Read<int>(messages);
            var kind = MemoryMarshal.Read<ushort>(messages[4..]);
            if (
                length < HeaderSize
                || length > messages.Length
                || kind == error
                || (MemoryMarshal.Read<ushort>(messages[6..]) & interrupted) != 0
            )
            {
                return null;
            }

            if (kind == done)
            {
                return true;
            }

            var message = messages[HeaderSize..length];
            if (message.Length >= MessageSize && BinaryPrimitives.ReadUInt16BigEndian(message[sourcePort..]) == port)
            {
                var address = new IPAddress(message.Slice(sourceAddress, message[0] == 2 ? sizeOf4 : sizeOf6));
                found.Add(
                    new Listener(
                        address,
                        MemoryMarshal.Read<uint>(message[inode..]).ToString(),
                        MemoryMarshal.Read<uint>(message[user..]).ToString()
                    )
                );
            }

            const int alignment = 4;
            messages = messages[Math.Min(messages.Length, (length + alignment - 1) / alignment * alignment)..];
        }

        return false;
    }
}

/// <summary>A socket that somebody listens on.</summary>
/// <param name="Address">Its own address.</param>
/// <param name="Inode">The number by which its owner's file descriptors name it.</param>
/// <param name="User">The number of the user who made it.</param>
internal sealed record Listener(IPAddress Address, string Inode, string User);
