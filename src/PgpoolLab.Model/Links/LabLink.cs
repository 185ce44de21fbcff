namespace PgpoolLab.Model.Links;

/// <summary>A link of a lab: a way through its proxy.</summary>
/// <param name="Name">Who connects to whom.</param>
/// <param name="Port">The port of whom it leads to, which is the link's own, too.</param>
public sealed record LabLink(LinkName Name, int Port)
{
    /// <summary>Where it listens.</summary>
    public string Address => Name.Address;

    /// <summary>True when nodes replicate from each other by links. Elsewhere one is a standby only while it is
    /// recovered, and goes past the links.</summary>
    public static bool BetweenNodes(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab is { Faults: true, Mode: ClusteringMode.StreamingReplication };
    }

    /// <summary>Every link of a lab: from each Pgpool-II to each node, in streaming replication from each node to each
    /// other one, and from clients to each Pgpool-II.</summary>
    public static IReadOnlyList<LabLink> AllOf(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var replicate = lab.Mode is ClusteringMode.StreamingReplication ? lab.Nodes : [];
        return
        [
            .. lab.Pgpools.SelectMany(p => lab.Nodes.Select(n => Of(LinkEnd.Pgpool(p.Id), n))),
            .. replicate.SelectMany(from =>
                lab.Nodes.Where(to => to != from).Select(to => Of(LinkEnd.Node(from.Id), to))
            ),
            .. lab.Pgpools.Select(p => new LabLink(new LinkName(LinkEnd.Client, LinkEnd.Pgpool(p.Id)), p.Port)),
        ];

        static LabLink Of(LinkEnd from, PostgresNode to) => new(new LinkName(from, LinkEnd.Node(to.Id)), to.Port);
    }
}
