using System.Net;
using System.Net.Sockets;

namespace PgpoolLab.Hosts;

/// <summary>Who listens on which port: from the kernel or /proc on Linux; elsewhere by trying.</summary>
internal static class PortTable
{
    /// <summary>Who listens on a TCP port, as far as this user may know.</summary>
    internal static string? Holder(int port) => Listeners(port).Select(Describe).FirstOrDefault();

    /// <summary>Who listens on a TCP port besides these processes. Null when nobody does, and where that cannot be
    /// seen.</summary>
    internal static string? HolderBeside(int port, IEnumerable<int> processes)
    {
        var strangers = ProcessTable.HasProc ? Listeners(port).ToList() : [];
        var couldLook = false;
        foreach (var id in processes)
        {
            if (strangers.Count == 0)
            {
                return null;
            }

            var own = Links($"/proc/{id}/fd");
            couldLook |= own.Length > 0;
            strangers.RemoveAll(l => own.Contains(NameOfSocket(l.Inode)));
        }

        // Without a look into a process its own socket would be taken for a stranger's.
        return couldLook ? strangers.Select(Describe).FirstOrDefault() : null;
    }

    /// <summary>Who receives on a UDP port. Of two that share one, only one gets what is sent.</summary>
    internal static string? DatagramHolder(int port)
    {
        if (ProcessTable.HasProc)
        {
            return ((string[])["/proc/net/udp", "/proc/net/udp6"])
                .SelectMany(table => LinesOf(table, port, ""))
                .Select(ListenerOf)
                .Select(Describe)
                .FirstOrDefault();
        }

        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return null;
        }
        catch (SocketException)
        {
            return "used by another program";
        }
    }

    // Columns of /proc/net/tcp and its like: number, local address, remote address, state, queues, timer, retransmits,
    // user, timeout, inode.
    private const int LocalAddress = 1;
    private const int User = 7;
    private const int Inode = 9;

    private static IEnumerable<Listener> Listeners(int port) =>
        (SocketDiagnosis.TryListeners(port) ?? (ProcessTable.HasProc ? ListenersFromProc(port) : [])).Where(l =>
            IsInTheWay(l.Address)
        );

    /// <summary>Where the kernel cannot be asked.</summary>
    internal static IEnumerable<Listener> ListenersFromProc(int port) =>
        ((string[])["/proc/net/tcp", "/proc/net/tcp6"])
            .SelectMany(table => LinesOf(table, port, "0A "))
            .Select(ListenerOf);

    private static Listener ListenerOf(string[] fields)
    {
        // Words of four bytes, each in the machine's order.
        var hexadecimal = fields[LocalAddress].Split(':')[0];
        var address = new byte[hexadecimal.Length / 2];
        for (var word = 0; word < address.Length; word += sizeof(uint))
        {
            BitConverter.TryWriteBytes(
                address.AsSpan(word),
                uint.Parse(hexadecimal.AsSpan(word * 2, 2 * sizeof(uint)), System.Globalization.NumberStyles.HexNumber)
            );
        }

        return new Listener(new IPAddress(address), fields[Inode], fields[User]);
    }

    private static string Describe(Listener socket) =>
        HolderOfSocket(socket.Inode) is { } p
            ? $"used by {p.Name} (pid {p.Id}: {Shorten(p.CommandLine)})"
            : $"used by a process of {Identity.Find(socket.User)?.Name ?? "uid " + socket.User}";

    /// <summary>The lines of one local port. The tables of a busy machine have thousands of lines of connections: those
    /// are not made texts of.</summary>
    /// <param name="table">The table.</param>
    /// <param name="port">The port.</param>
    /// <param name="state">How the state begins (0A: listening); empty for any.</param>
    private static List<string[]> LinesOf(string table, int port, string state)
    {
        var lines = new List<string[]>();
        if (!File.Exists(table))
        {
            return lines;
        }

        using var stream = new FileStream(table, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
        var buffer = new byte[1 << 16];
        var suffix = System.Text.Encoding.ASCII.GetBytes($":{port:X4}");
        var wanted = System.Text.Encoding.ASCII.GetBytes(state);
        var kept = 0;
        while (true)
        {
            var read = stream.Read(buffer, kept, buffer.Length - kept);
            if (read == 0)
            {
                return lines;
            }

            var rest = buffer.AsSpan(0, kept + read);
            while (rest.IndexOf((byte)'\n') is >= 0 and var end)
            {
                if (
                    IsOf(rest[..end], suffix, wanted)
                    && System
                        .Text.Encoding.ASCII.GetString(rest[..end])
                        .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                        is { Length: > Inode } fields
                )
                {
                    lines.Add(fields);
                }

                rest = rest[(end + 1)..];
            }

            rest.CopyTo(buffer);
            kept = rest.Length;
        }
    }

    private static bool IsOf(ReadOnlySpan<byte> line, ReadOnlySpan<byte> portSuffix, ReadOnlySpan<byte> state)
    {
        var number = line.IndexOf(": "u8);
        if (number < 0)
        {
            return false;
        }

        line = line[(number + 2)..];
        var local = line.IndexOf((byte)' ');
        if (local < 0 || !line[..local].EndsWith(portSuffix))
        {
            return false;
        }

        line = line[(local + 1)..];
        var remote = line.IndexOf((byte)' ');
        return remote >= 0 && line[(remote + 1)..].StartsWith(state);
    }

    internal static string? WhyNotBindable(int port)
    {
        // A listener that shares its port lets us bind: the table knows better.
        if (Holder(port) is { } listener)
        {
            return listener;
        }

        foreach (var address in (IPAddress[])[IPAddress.Loopback, IPAddress.IPv6Loopback])
        {
            try
            {
                using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                // As the servers do: connections that linger in TIME_WAIT are not in the way.
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                socket.Bind(new IPEndPoint(address, port));
                socket.Listen(1);
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.AddressAlreadyInUse)
            {
                return Holder(port) ?? PortState.Lingering;
            }
            catch (SocketException error) when (error.SocketErrorCode is SocketError.AccessDenied)
            {
                return "reserved for root";
            }
            catch (SocketException) when (address.AddressFamily is AddressFamily.InterNetworkV6)
            {
                // This machine has no IPv6 loopback; servers do without it as well.
            }
        }

        return null;
    }

    /// <summary>True for the addresses a server on loopback would meet: loopback itself, and all addresses. A lab's
    /// link has another address at the same port.</summary>
    internal static bool IsInTheWay(IPAddress address) =>
        (IPAddress.IsLoopback(address) && !Model.Links.LinkName.IsAddress(address))
        || address.IsIPv4MappedToIPv6
        || address.Equals(IPAddress.Any)
        || address.Equals(IPAddress.IPv6Any);

    private static string NameOfSocket(string inode) => $"socket:[{inode}]";

    private static ProcessFacts? HolderOfSocket(string inode)
    {
        var name = NameOfSocket(inode);
        return ProcessTable
            .All(ProcessFilter.All)
            .FirstOrDefault(p => Links($"/proc/{p.Id}/fd").Any(target => target == name));
    }

    private static string[] Links(string directory)
    {
        try
        {
            return Directory.GetFiles(directory).Select(ProcessTable.LinkTarget).OfType<string>().ToArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..79] + "…";
}
