namespace PgpoolLab.Model;

/// <summary>What a command reaches of a lab from the machine it is called on: on one host's part of a lab on several
/// what runs there, elsewhere all of it.</summary>
public static class LabReach
{
    private const string Instead = "call pgpoollab where the lab was made.";

    /// <summary>The PostgreSQL servers a command can act on.</summary>
    public static IReadOnlyList<PostgresNode> NodesInReach(this Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.Here is null ? lab.Nodes : lab.OwnNodes;
    }

    /// <summary>The Pgpool-IIs a command can act on.</summary>
    public static IReadOnlyList<PgpoolNode> PgpoolsInReach(this Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.Here is null ? lab.Pgpools : lab.OwnPgpools;
    }

    /// <summary>Refuses, on a part, a node of another host.</summary>
    /// <exception cref="LabException">It runs on another host.</exception>
    public static PostgresNode RequireInReach(this Lab lab, PostgresNode node)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(node);
        return lab.Here is null || node.Host == lab.Here ? node : throw Elsewhere(lab, $"Node {node.Id}", node.Host);
    }

    /// <summary>Refuses, on a part, a Pgpool-II of another host.</summary>
    /// <exception cref="LabException">It runs on another host.</exception>
    public static PgpoolNode RequireInReach(this Lab lab, PgpoolNode pgpool)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(pgpool);
        return lab.Here is null || pgpool.Host == lab.Here
            ? pgpool
            : throw Elsewhere(lab, lab.TitleOf(pgpool), pgpool.Host);
    }

    /// <summary>Why one host alone cannot do what is about the whole lab; null when this is no part.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="what">What it would do: <c>A switchover</c>.</param>
    public static string? WhyNotAlone(this Lab lab, string what)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.Here is null
            ? null
            : $"{what} is about servers of several hosts, and this is {HereTitle(lab)}'s part of the lab: {Instead}";
    }

    /// <summary>The host whose part this is, for the middle of a sentence.</summary>
    public static string HereTitle(this Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return NameOf(lab, lab.Here);
    }

    private static LabException Elsewhere(Lab lab, string server, int? host) =>
        new(ExitCode.Failed, $"{server} runs on {NameOf(lab, host)}: call pgpoollab there, or where the lab was made.");

    private static string NameOf(Lab lab, int? host) =>
        lab.Hosts.FirstOrDefault(h => h.Id == host) is { } known ? $"host {known.Name}" : "another host";
}
