using PgpoolLab.Model;
using PgpoolLab.Model.Links;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Servers.Verbs;

/// <summary>The ends of links as users name them.</summary>
/// <param name="lab">The lab.</param>
public sealed class LinkWords(Lab lab)
{
    /// <summary>The words there are.</summary>
    public const string Words =
        "a node (1, node1), primary, standbys, pgpool (every Pgpool-II), pgpool1, leader, client, all; or several, "
        + "such as node1,node2";

    private const string Client = "client",
        All = "all",
        Node = "node";

    /// <summary>Whether the words alone tell which servers are meant, without a look at the lab.</summary>
    public static bool NeedLook(params IEnumerable<string> words) =>
        words.SelectMany(Split).Any(w => Target.Of(w).NeedsLook);

    /// <summary>The links from some to others.</summary>
    /// <param name="from">Who connects.</param>
    /// <param name="to">Who listens.</param>
    /// <param name="report">A look at the lab; null where <see cref="NeedLook"/> is false.</param>
    /// <exception cref="LabException">There is no such server, or not right now, or no link between them.</exception>
    public IReadOnlyList<LinkName> Resolve(string from, string to, NodesReport? report)
    {
        var (ends, others) = (Ends(from, report), Ends(to, report));
        LinkName[] links =
        [
            .. LabLink.AllOf(lab).Select(l => l.Name).Where(n => ends.Contains(n.From) && others.Contains(n.To)),
        ];
        return links.Length > 0
            ? links
            : throw new LabException(
                ExitCode.Usage,
                $"There is no link from {Title(ends)} to {Title(others)}: links lead from Pgpool-IIs to nodes, from a "
                    + "standby to the node it replicates from, and from clients to Pgpool-IIs."
            )
            {
                Hints = ["See which there are:  pgpoollab links"],
            };
    }

    private HashSet<LinkEnd> Ends(string words, NodesReport? report) =>
        [.. Split(words).SelectMany(w => EndsOf(w, report))];

    private IEnumerable<LinkEnd> EndsOf(string word, NodesReport? report)
    {
        if (word == Client)
        {
            return [LinkEnd.Client];
        }

        if (word == All)
        {
            return LabLink.AllOf(lab).SelectMany(l => (LinkEnd[])[l.Name.From, l.Name.To]).Distinct();
        }

        var servers = Target.Of(word).Resolve(lab, report);
        return servers.Nodes.Select(n => LinkEnd.Node(n.Id)).Concat(servers.Pgpools.Select(p => LinkEnd.Pgpool(p.Id)));
    }

    /// <summary>The words of a list, as servers are named elsewhere: <c>node1</c> is <c>1</c>.</summary>
    private static IEnumerable<string> Split(string words) =>
        words
            .ToLowerInvariant()
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(w =>
                w == "standbys" ? "standby"
                : w.StartsWith(Node, StringComparison.Ordinal) && w.Length > Node.Length ? w[Node.Length..].TrimStart()
                : w
            );

    private static string Title(IEnumerable<LinkEnd> ends) => string.Join(", ", ends.Order(new ByOctet()));

    private sealed class ByOctet : IComparer<LinkEnd>
    {
        public int Compare(LinkEnd x, LinkEnd y) => x.Octet.CompareTo(y.Octet);
    }
}
