namespace PgpoolLab.Model;

/// <summary>How Pgpool-II keeps its backends alike.</summary>
/// <remarks>Pgpool-II manual, "Clustering mode". A mode decides which steps the planner lists, nothing else.</remarks>
public enum ClusteringMode
{
    /// <summary>PostgreSQL streaming replication: one primary, the others are physical standbys.</summary>
    StreamingReplication,
}
