using System.Net;

namespace PgpoolLab.Model.Links;

/// <summary>Who connects to whom. The address of a link says the same: <c>127.77.FROM.TO</c>, at the port of whom it
/// leads to.</summary>
/// <param name="From">Who connects.</param>
/// <param name="To">Who listens.</param>
public readonly record struct LinkName(LinkEnd From, LinkEnd To)
{
    private const string Arrow = "->";
    private const byte First = 127,
        Second = 77;

    /// <summary>Where it listens: an address of loopback that nothing else of a lab has.</summary>
    public string Address => AddressOf($"{From.Octet}", $"{To.Octet}");

    /// <summary>An address of which the ends are texts: scripts know them later.</summary>
    public static string AddressOf(string from, string to) => $"{First}.{Second}.{from}.{to}";

    /// <summary><c>pgpool0->node1</c>.</summary>
    public override string ToString() => $"{From}{Arrow}{To}";

    /// <summary>Reads what <see cref="ToString"/> gives; null for anything else.</summary>
    public static LinkName? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split(Arrow) is [var from, var to] && LinkEnd.Parse(from) is { } a && LinkEnd.Parse(to) is { } b
            ? new LinkName(a, b)
            : null;
    }

    /// <summary>True for an address that a link may have. A server on 127.0.0.1 has nothing to do with it.</summary>
    public static bool IsAddress(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        Span<byte> bytes = stackalloc byte[4];
        return address.TryWriteBytes(bytes, out var count) && count == 4 && bytes[0] == First && bytes[1] == Second;
    }
}
