using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace PgpoolLab.Model;

/// <summary>What a virtual IP is in text: an IPv4 address, perhaps with the length of its network's prefix.</summary>
/// <remarks>Pgpool-II manual, "Controlling the Virtual IP": <c>delegate_ip</c>.</remarks>
public static class VirtualIp
{
    /// <summary>The address alone.</summary>
    public static string AddressOf(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split('/')[0];
    }

    /// <summary>The length of the prefix; that of the address itself where none is said.</summary>
    public static string PrefixOf(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split('/') is [_, var prefix] ? prefix : "32";
    }

    /// <summary>True when the length of the prefix is said.</summary>
    public static bool HasPrefix(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Contains('/', StringComparison.Ordinal);
    }

    /// <summary>Why it can be none, for the end of "the virtual IP TEXT ..."; null when it can.</summary>
    public static string? WhyNot(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var parts = text.Split('/');
        if (!IPAddress.TryParse(parts[0], out var address) || address.ToString() != parts[0])
        {
            return "is no address";
        }

        if (address.AddressFamily is not AddressFamily.InterNetwork)
        {
            return "is not an IPv4 address, which is what Pgpool-II gives to an interface";
        }

        var first = address.GetAddressBytes()[0];
        if (first is 0 or 127 or >= 224)
        {
            return "is no address that other machines reach";
        }

        return
            parts.Length == 1
            || (
                parts.Length == 2
                && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var prefix)
                && prefix is >= 1 and <= 32
            )
            ? null
            : "must end with the length of its network's prefix, 1 to 32, or with nothing";
    }

    /// <summary>Its network: <c>192.0.2.0/24</c>.</summary>
    public static string NetworkOf(string text)
    {
        var prefix = int.Parse(PrefixOf(text), CultureInfo.InvariantCulture);
        return $"{Text(Number(AddressOf(text)) & Mask(prefix))}/{prefix}";
    }

    /// <summary>True when an address is in a network.</summary>
    /// <param name="address">The address.</param>
    /// <param name="network">An address of the network, and the length of its prefix.</param>
    public static bool IsIn(string address, string network) =>
        NetworkOf(network) == NetworkOf($"{AddressOf(address)}/{PrefixOf(network)}");

    private static uint Mask(int prefix) => prefix == 0 ? 0 : uint.MaxValue << (32 - prefix);

    private static uint Number(string address) =>
        IPAddress.Parse(address).GetAddressBytes().Aggregate(0u, (sum, part) => (sum << 8) | part);

    private static string Text(uint number) =>
        new IPAddress([(byte)(number >> 24), (byte)(number >> 16), (byte)(number >> 8), (byte)number]).ToString();
}
