namespace PgpoolLab.Model;

/// <summary>One host's part of a lab on several: what all parts have in common, and which this is.</summary>
/// <param name="LabId">The lab's id, the same on all hosts.</param>
/// <param name="Hosts">The hosts, by number.</param>
/// <param name="Here">The number of the host whose part this is; null for the whole, as the user's own machine knows
/// it.</param>
public sealed record PartOfLab(string LabId, IReadOnlyList<LabHost> Hosts, int? Here)
{
    /// <summary>The address, with the length of its prefix, that the leading Pgpool-II has; null for none.</summary>
    public string? VirtualIp { get; init; }

    /// <summary>The network interface that gets it; null without one.</summary>
    public string? Interface { get; init; }

    /// <summary>The id of the folder: parts of a lab, and the whole, may lie on one machine.</summary>
    public string Id => $"{LabId[..6]}{Here ?? 0xff:x2}";

    /// <summary>The host a node runs on: one after the other, from the first.</summary>
    public int HostOfNode(int node) => node % Hosts.Count;
}
