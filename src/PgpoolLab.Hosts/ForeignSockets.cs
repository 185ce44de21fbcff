using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PgpoolLab.Hosts;

/// <summary>The connections of another process of the same user.</summary>
/// <remarks>Linux manual, proc_pid_fd(5), sockaddr(3type).</remarks>
public static class ForeignSockets
{
    private const int Unix = 1,
        InterNet = 2,
        InterNet6 = 10;

    /// <summary>A name that nobody answers for is not waited for: the network may be lost.</summary>
    private static readonly TimeSpan MayResolve = TimeSpan.FromSeconds(2);

    /// <summary>Ends the connections that a process has to a PostgreSQL server: whatever waits for an answer to come by
    /// one sees that it is closed.</summary>
    /// <param name="process">The process.</param>
    /// <param name="host">The server's address or name, or the folder of its socket.</param>
    /// <param name="port">Its port.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many there were.</returns>
    /// <exception cref="IOException">They cannot be ended: the system forbids that, or does not know how (Linux before
    /// 5.6).</exception>
    public static async Task<int> ShutDownAsync(int process, string host, int port, CancellationToken cancellationToken)
    {
        var addresses = host.StartsWith('/') ? [] : await ResolveAsync(host, cancellationToken);
        return Of(process)
            .Count(d => Posix.ShutDownForeign(process, d, address => Leads(address, host, addresses, port)));
    }

    /// <summary>Whether an address, as the system has it, is a server's.</summary>
    /// <param name="address">A <c>sockaddr</c>.</param>
    /// <param name="host">The server's host, or the folder of its socket.</param>
    /// <param name="addresses">The addresses of that host.</param>
    /// <param name="port">The server's port.</param>
    internal static bool Leads(byte[] address, string host, IReadOnlyList<IPAddress> addresses, int port)
    {
        const int words = 2;
        if (address.Length < 2 * words)
        {
            return false;
        }

        var family = BitConverter.ToUInt16(address);
        if (family == Unix)
        {
            var path = Encoding.UTF8.GetString(address, words, address.Length - words).TrimEnd('\0');
            return path == $"{host}/.s.PGSQL.{port.ToString(CultureInfo.InvariantCulture)}";
        }

        var (start, length) = family switch
        {
            InterNet => (4, 4),
            InterNet6 => (8, 16),
            _ => (0, 0),
        };
        if (length == 0 || address.Length < start + length)
        {
            return false;
        }

        var there = new IPAddress(address.AsSpan(start, length));
        return BinaryPrimitives.ReadUInt16BigEndian(address.AsSpan(words)) == port
            && addresses.Contains(there.IsIPv4MappedToIPv6 ? there.MapToIPv4() : there);
    }

    private static async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            return IPAddress.TryParse(host, out var address)
                ? [address]
                : await Dns.GetHostAddressesAsync(host, cancellationToken).WaitAsync(MayResolve, cancellationToken);
        }
        catch (Exception error) when (error is SocketException or TimeoutException)
        {
            throw new IOException($"{host}: {error.Message}", error);
        }
    }

    private static List<int> Of(int process)
    {
        try
        {
            return
            [
                .. new DirectoryInfo($"/proc/{process}/fd")
                    .EnumerateFiles()
                    .Where(f => f.LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) is true)
                    // It may have several numbers for one.
                    .DistinctBy(f => f.LinkTarget)
                    .Select(f => int.Parse(f.Name, CultureInfo.InvariantCulture)),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            // It has ended.
            return [];
        }
        catch (UnauthorizedAccessException error)
        {
            throw new IOException(error.Message, error);
        }
    }
}
