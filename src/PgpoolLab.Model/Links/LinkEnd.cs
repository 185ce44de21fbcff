using System.Globalization;

namespace PgpoolLab.Model.Links;

/// <summary>What can be at an end of a link.</summary>
public enum LinkEndKind
{
    /// <summary>A PostgreSQL.</summary>
    Node,

    /// <summary>A Pgpool-II.</summary>
    Pgpool,

    /// <summary>Whoever connects to a Pgpool-II.</summary>
    Client,
}

/// <summary>One end of a link.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Number">Its number, from 0; of a client 0.</param>
public readonly record struct LinkEnd(LinkEndKind Kind, int Number)
{
    private const string NodeWord = "node",
        PgpoolWord = "pgpool",
        ClientWord = "client";

    /// <summary>The first of the octets that stand for Pgpool-IIs; below it stand the nodes.</summary>
    private const int FirstPgpool = 200;

    private const int ClientOctet = FirstPgpool + LabFaults.MostPgpools;

    /// <summary>A PostgreSQL.</summary>
    public static LinkEnd Node(int number) => new(LinkEndKind.Node, number);

    /// <summary>A Pgpool-II.</summary>
    public static LinkEnd Pgpool(int number) => new(LinkEndKind.Pgpool, number);

    /// <summary>Clients.</summary>
    public static LinkEnd Client { get; } = new(LinkEndKind.Client, 0);

    /// <summary>What stands for it in an address.</summary>
    public int Octet =>
        Kind switch
        {
            LinkEndKind.Node => Number,
            LinkEndKind.Pgpool => FirstPgpool + Number,
            _ => ClientOctet,
        };

    /// <summary><c>node0</c>, <c>pgpool1</c>, <c>client</c>.</summary>
    public override string ToString() =>
        Kind switch
        {
            LinkEndKind.Node => $"{NodeWord}{Number.ToString(CultureInfo.InvariantCulture)}",
            LinkEndKind.Pgpool => $"{PgpoolWord}{Number.ToString(CultureInfo.InvariantCulture)}",
            _ => ClientWord,
        };

    /// <summary>Reads what <see cref="ToString"/> gives; null for anything else.</summary>
    public static LinkEnd? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text == ClientWord ? Client
            : NumberAfter(text, NodeWord) is { } node ? Node(node)
            : NumberAfter(text, PgpoolWord) is { } pgpool ? Pgpool(pgpool)
            : null;
    }

    private static int? NumberAfter(string text, string word) =>
        text.StartsWith(word, StringComparison.Ordinal)
        && int.TryParse(text.AsSpan(word.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number < FirstPgpool
            ? number
            : null;
}
