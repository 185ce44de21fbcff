using System.Text.Json.Serialization;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>What can be at work on a lab.</summary>
public enum WorkKind
{
    /// <summary>Pgpool-II fails over, or takes a node back: it runs failover_command, then looks for the
    /// primary.</summary>
    [JsonStringEnumMemberName("failover")]
    Failover,

    /// <summary>Pgpool-II has a node follow the new primary (follow_primary_command).</summary>
    [JsonStringEnumMemberName("follow_primary")]
    FollowPrimary,

    /// <summary>An online recovery (pcp_recovery_node).</summary>
    [JsonStringEnumMemberName("recovery")]
    Recovery,

    /// <summary>A command that changes the lab: startall, stopall, destroy …</summary>
    [JsonStringEnumMemberName("command")]
    Command,
}

/// <summary>Something that is at work on a lab: whoever helps it now harms it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Node">The node it works on; null when it is about all of them, or not known.</param>
/// <param name="ProcessId">The process that does it.</param>
/// <param name="Since">Since when; null when that cannot be seen.</param>
/// <param name="Title">What it is, in words that can begin a sentence.</param>
public sealed record WorkUnderWay(WorkKind Kind, int? Node, int ProcessId, DateTimeOffset? Since, string Title)
{
    /// <summary>What comes after it, one sentence.</summary>
    public string? Next { get; init; }

    /// <summary>True when it may change the node, or what Pgpool-II thinks of it, before it has ended.</summary>
    public bool Concerns(int node) => Kind is not WorkKind.Recovery || Node is null || Node == node;

    /// <summary>A name for the middle of a sentence.</summary>
    [JsonIgnore]
    public string Name =>
        Kind switch
        {
            WorkKind.Failover => "the failover",
            WorkKind.FollowPrimary => "follow_primary",
            WorkKind.Recovery => "the recovery",
            _ => "the command",
        };

    /// <summary>Adds what comes next, as far as Pgpool-II's view of the nodes shows it.</summary>
    internal WorkUnderWay WithNext(Lab lab, IReadOnlyList<NodeView> nodes) =>
        this with
        {
            Next = Kind switch
            {
                WorkKind.Failover => "Next: Pgpool-II takes clients "
                    + $"again{(lab.Nodes.Count > 2 ? ", then the other standbys follow the new primary" : "")}.",
                WorkKind.FollowPrimary => Waiting(nodes) is { Length: > 0 } waiting
                    ? $"Next: node {string.Join(", then node ", waiting)}."
                    : "Next: Pgpool-II attaches the node, if it can follow.",
                WorkKind.Recovery =>
                    $"Next: {(Node is { } node ? $"node {node}" : "the node")} is started, and Pgpool-II attaches it.",
                _ => null,
            },
        };

    /// <summary>Pgpool-II goes through the nodes that are down by their numbers.</summary>
    private int[] Waiting(IReadOnlyList<NodeView> nodes) =>
        Node is { } current
            ? [.. nodes.Where(n => n.Id > current && n.Pgpool?.Status == "down").Select(n => n.Id)]
            : [];
}
