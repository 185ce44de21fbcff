namespace PgpoolLab.Drills.Measuring;

/// <summary>What a node was found to be.</summary>
public enum NodeState
{
    /// <summary>It takes writes.</summary>
    Primary,

    /// <summary>It answers, and takes no writes.</summary>
    Standby,

    /// <summary>Nobody listens, or it lets nobody in.</summary>
    Down,

    /// <summary>It accepts connections, and does not answer.</summary>
    Hung,
}

/// <summary>A node's state, from this moment on.</summary>
/// <param name="At">When it was first seen, in ticks of the monotonic clock.</param>
/// <param name="State">The state.</param>
/// <param name="LastSeen">When it was last seen to be so: what it was from then until the next sample nobody knows.
/// Null
/// for all of that time.</param>
public readonly record struct NodeSample(long At, NodeState State, long? LastSeen = null);

/// <summary>All that was seen of a node, in order of time.</summary>
/// <param name="Node">Its number.</param>
/// <param name="Samples">Its changes.</param>
public sealed record NodeHistory(int Node, IReadOnlyList<NodeSample> Samples);
