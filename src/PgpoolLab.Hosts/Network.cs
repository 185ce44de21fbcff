using System.Net;
using System.Net.Sockets;

namespace PgpoolLab.Hosts;

/// <summary>Which addresses this machine has, and what names mean to it.</summary>
public static class Network
{
    /// <summary>True where servers can be reached at 127.0.0.1. They cannot on a machine that has IPv6 alone, nor where
    /// the interface <c>lo</c> is down, though some kernels let them listen there all the same.</summary>
    public static bool HasLoopback()
    {
        try
        {
            using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(1);
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(listener.LocalEndPoint!);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>True for an address of this machine, and for those that stand for all of them.</summary>
    /// <remarks>ip(7): bind fails with EADDRNOTAVAIL for an address that is not local.</remarks>
    public static bool IsOwn(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>What a name or an address in text means.</summary>
    /// <returns>Empty when it does not resolve.</returns>
    public static IReadOnlyList<IPAddress> Resolve(string host)
    {
        try
        {
            return IPAddress.TryParse(host, out var address) ? [address] : Dns.GetHostAddresses(host);
        }
        catch (SocketException)
        {
            return [];
        }
    }
}
