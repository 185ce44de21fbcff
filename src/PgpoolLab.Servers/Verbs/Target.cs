using System.Globalization;
using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Servers.Verbs;

/// <summary>Which servers a command is about, as users name them.</summary>
/// <param name="Text">A node's number, <c>primary</c>, <c>standby</c>, <c>all</c>, <c>pgpool</c>, <c>pgpool1</c> or
/// <c>leader</c>.</param>
public sealed record Target(string Text)
{
    /// <summary>The words there are.</summary>
    public const string Words = "a node's number, primary, standby, all, pgpool, pgpool1 (and so on), leader";

    private const string Pgpool = "pgpool";

    /// <summary>What a user has written, in whatever case.</summary>
    public static Target Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new Target(text.ToLowerInvariant());
    }

    /// <summary>Whether it is one of the words, or a number.</summary>
    public bool IsKnown =>
        Text is "all" or "primary" or "standby" or "leader" or Pgpool || Number is not null || PgpoolNumber is not null;

    /// <summary>Whether the whole lab is meant.</summary>
    public bool IsAll => Text is "all";

    /// <summary>Whether the words alone tell which servers are meant, without a look at the lab.</summary>
    public bool NeedsLook => Text is "primary" or "standby" or "leader";

    /// <summary>The servers.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="report">A look at it; null where <see cref="NeedsLook"/> is false.</param>
    /// <exception cref="LabException">There is no such server, or not right now, or it is on another host.</exception>
    public ServerSet Resolve(Lab lab, NodesReport? report)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return Text switch
        {
            "all" => ServerSet.AllOf(lab),
            Pgpool => new ServerSet([], lab.PgpoolsInReach()),
            "leader" => new ServerSet([], [LeaderOf(lab, report!)]),
            "primary" => new ServerSet([PrimaryOf(lab, report!)], []),
            "standby" => new ServerSet(StandbysOf(lab, report!), []),
            _ when Number is { } node => new ServerSet([lab.RequireInReach(NodeOf(lab, node))], []),
            _ when PgpoolNumber is { } id => new ServerSet([], [lab.RequireInReach(PgpoolOf(lab, id))]),
            _ => throw new LabException(ExitCode.Usage, $"'{Text}' is no server. It must be {Words}."),
        };
    }

    /// <summary>The one node meant, for commands about a single node.</summary>
    /// <exception cref="LabException">It is none, or not a node.</exception>
    public PostgresNode ResolveNode(Lab lab, NodesReport report)
    {
        var set = Resolve(lab, report);
        return set is { Nodes: [var node], Pgpools: [] }
            ? node
            : throw new LabException(ExitCode.Usage, $"'{Text}' is not one node; give a node's number.");
    }

    /// <summary>The port of the one server that a session is opened with: of several standbys, or Pgpool-IIs, the
    /// first.</summary>
    /// <exception cref="LabException">There is no such server, or not right now, or it is all of them.</exception>
    public int ResolvePort(Lab lab, NodesReport? report) =>
        Text == "all"
            ? throw new LabException(ExitCode.Usage, "A session is with one server; 'all' is every one.")
            {
                Hints = ["Through Pgpool-II to any of them:  pgpoollab psql"],
            }
        : Resolve(lab, report) is { Nodes: [var node, ..] } ? node.Port
        : Resolve(lab, report).Pgpools[0].Port;

    private int? Number => NumberIn(Text);

    private int? PgpoolNumber =>
        Text.StartsWith(Pgpool, StringComparison.Ordinal) ? NumberIn(Text[Pgpool.Length..]) : null;

    private static int? NumberIn(string digits) =>
        int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>The node of a number.</summary>
    /// <exception cref="LabException">There is none.</exception>
    public static PostgresNode NodeOf(Lab lab, int node)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.Nodes.FirstOrDefault(n => n.Id == node)
            ?? throw new LabException(
                ExitCode.NotFound,
                $"The lab '{lab.Name}' has no node {node}; its nodes are 0 to {lab.Nodes.Count - 1}."
            );
    }

    private static PgpoolNode PgpoolOf(Lab lab, int id) =>
        lab.Pgpools.FirstOrDefault(p => p.Id == id)
        ?? throw new LabException(
            ExitCode.NotFound,
            lab.Pgpools.Count == 1
                ? $"The lab '{lab.Name}' has one Pgpool-II; call it pgpool."
                : $"The lab '{lab.Name}' has no pgpool{id}; they are pgpool0 to pgpool{lab.Pgpools.Count - 1}."
        );

    private static PgpoolNode LeaderOf(Lab lab, NodesReport report)
    {
        if (!lab.HasWatchdog)
        {
            throw new LabException(ExitCode.Usage, $"The lab '{lab.Name}' has no watchdog, so there is no leader.");
        }

        return report.Watchdog.FirstOrDefault(w => w.Status is "LEADER" or "MASTER") is { } leader
            ? PgpoolOf(lab, leader.Id)
            : throw NotHere(lab, "The Pgpool-II that leads")
                ?? new LabException(ExitCode.NotHealthy, "The watchdog has no leader right now.")
                {
                    Hints = ["Wait for one:  pgpoollab wait --for quorum", "See what there is:  pgpoollab nodes"],
                };
    }

    // What a node says of itself counts. Two that say so are on different timelines, and the newest is Pgpool-II's.
    private static PostgresNode PrimaryOf(Lab lab, NodesReport report)
    {
        if (report.PrimaryElsewhere is { } elsewhere)
        {
            return lab.RequireInReach(NodeOf(lab, elsewhere)); // a primary here is an old one
        }

        var writable =
            lab.Mode is ClusteringMode.StreamingReplication
                ? report.Nodes.Where(n => n.Postgres.InRecovery is false).ToArray()
                : report.Nodes.Where(n => n.Pgpool?.Role is "primary" or "main" or "master" && n.Postgres.Up).ToArray();
        if (writable is [var only])
        {
            return NodeOf(lab, only.Id);
        }

        if (writable.Length > 1)
        {
            throw new LabException(
                ExitCode.NotHealthy,
                $"There are {writable.Length} primaries: nodes {string.Join(" and ", writable.Select(n => n.Id))}."
            )
            {
                Hints = ["Name one by its number."],
            };
        }

        var suspended = report.Nodes.FirstOrDefault(n => n.Postgres.IsSuspended && n.Pgpool?.Role == "primary");
        throw (suspended is null ? NotHere(lab, "The primary") : null)
            ?? new LabException(
                ExitCode.NotHealthy,
                suspended is null
                    ? "There is no primary right now."
                    : $"There is no primary that answers; node {suspended.Id}, which Pgpool-II takes for it, is "
                        + "suspended."
            )
            {
                Hints = ["Wait for one:  pgpoollab wait --for primary", "Or name a node by its number."],
            };
    }

    private static PostgresNode[] StandbysOf(Lab lab, NodesReport report)
    {
        var standbys =
            lab.Mode is ClusteringMode.StreamingReplication
                ? report.Nodes.Where(n => n.Postgres.InRecovery is true)
                : report.Nodes.Where(n => n.Pgpool?.Role is "standby" or "replica" or "slave" && n.Postgres.Up);
        return standbys.Select(n => NodeOf(lab, n.Id)).ToArray() is { Length: > 0 } nodes
            ? nodes
            : throw NotHere(lab, "A standby that runs")
                ?? new LabException(ExitCode.NotHealthy, "There is no standby that runs right now.")
                {
                    Hints = ["See what there is:  pgpoollab nodes", "Or name a node by its number."],
                };
    }

    /// <summary>What is not found on one host of several may be on another.</summary>
    private static LabException? NotHere(Lab lab, string what) =>
        lab.Here is null
            ? null
            : new LabException(
                ExitCode.NotHealthy,
                $"{what} is not on {lab.HereTitle()}, if there is one: call pgpoollab where the lab was made."
            );
}

/// <summary>Some servers of a lab.</summary>
/// <param name="Nodes">PostgreSQL.</param>
/// <param name="Pgpools">Pgpool-II.</param>
public sealed record ServerSet(IReadOnlyList<PostgresNode> Nodes, IReadOnlyList<PgpoolNode> Pgpools)
{
    /// <summary>The word for every PostgreSQL of a lab.</summary>
    public const string NodesWord = "nodes";

    /// <summary>The words for the parts of a lab that <c>startall</c> and <c>stopall</c> can be asked for.</summary>
    public const string Parts = $"{NodesWord}, pgpool, or one of several Pgpool-IIs: pgpool0, pgpool1, and so on";

    /// <summary>All servers of a lab; on one host's part of it those of the host.</summary>
    public static ServerSet AllOf(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return new ServerSet(lab.NodesInReach(), lab.PgpoolsInReach());
    }

    /// <summary>These servers; null when they are all of the lab.</summary>
    public ServerSet? PartOf(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var all = AllOf(lab);
        return Nodes.Count == all.Nodes.Count && Pgpools.Count == all.Pgpools.Count ? null : this;
    }

    /// <summary>The parts of a lab that were named; all of it when none was.</summary>
    /// <exception cref="LabException">One of them is no part of the lab.</exception>
    public static ServerSet Of(Lab lab, IReadOnlyList<string> parts)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(parts);
        if (parts.Count == 0)
        {
            return AllOf(lab);
        }

        var pgpools = parts.Where(p => p != NodesWord).Select(PgpoolsOf).SelectMany(p => p).ToHashSet();
        return new ServerSet(
            parts.Contains(NodesWord) ? lab.NodesInReach() : [],
            [.. lab.Pgpools.Where(pgpools.Contains)]
        );

        IReadOnlyList<PgpoolNode> PgpoolsOf(string part) =>
            part.StartsWith("pgpool", StringComparison.Ordinal) && Target.Of(part) is { IsKnown: true } target
                ? target.Resolve(lab, null).Pgpools
                : throw new LabException(ExitCode.Usage, $"'{part}' is no part of a lab. It must be {Parts}.");
    }
}
