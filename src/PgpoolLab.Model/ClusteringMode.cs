namespace PgpoolLab.Model;

/// <summary>How Pgpool-II keeps its backends alike.</summary>
/// <remarks>Pgpool-II manual, "Clustering mode". A mode decides which steps the planner lists, nothing else.</remarks>
public enum ClusteringMode
{
    /// <summary>PostgreSQL streaming replication: one primary, the others are physical standbys.</summary>
    StreamingReplication,

    /// <summary>Pgpool-II itself sends every write to all nodes, which know nothing of each other.</summary>
    NativeReplication,

    /// <summary>Pgpool-II replicates nothing: it uses the first node that is up, and the next one when that
    /// fails.</summary>
    Raw,

    /// <summary>PostgreSQL's logical replication: node 0 publishes, the others subscribe.</summary>
    LogicalReplication,

    /// <summary>Native replication in which all nodes show the same snapshot.</summary>
    SnapshotIsolation,

    /// <summary>Slony-I replicates, outside of Pgpool-II; releases before 4.7 know it.</summary>
    Slony,
}

/// <summary>What a mode is called, and what it has.</summary>
public static class ClusteringModes
{
    private static readonly (ClusteringMode Mode, string Letter, string Name, string Setting, string Title)[] All =
    [
        (ClusteringMode.StreamingReplication, "s", "streaming", "streaming_replication", "streaming replication mode"),
        (ClusteringMode.NativeReplication, "r", "replication", "native_replication", "native replication mode"),
        (ClusteringMode.Raw, "n", "raw", "raw", "raw mode"),
        (ClusteringMode.LogicalReplication, "l", "logical", "logical_replication", "logical replication mode"),
        (ClusteringMode.SnapshotIsolation, "i", "snapshot-isolation", "snapshot_isolation", "snapshot isolation mode"),
        (ClusteringMode.Slony, "y", "slony", "slony", "slony mode"),
    ];

    /// <summary>What <c>-m</c> takes: pgpool_setup's letter, or the name.</summary>
    public static IReadOnlyList<string> Names { get; } =
        All.Where(m => m.Mode is not ClusteringMode.Slony).SelectMany(m => new[] { m.Letter, m.Name }).ToArray();

    /// <summary>Understands pgpool_setup's letter or the name; null when it is neither.</summary>
    public static ClusteringMode? Parse(string text) =>
        All.Where(m => m.Letter == text || m.Name == text).Select(m => (ClusteringMode?)m.Mode).FirstOrDefault();

    /// <summary>pgpool_setup's letter.</summary>
    public static string Letter(this ClusteringMode mode) => Of(mode).Letter;

    /// <summary>The value of <c>backend_clustering_mode</c> (Pgpool-II 4.2 and later).</summary>
    public static string Setting(this ClusteringMode mode) => Of(mode).Setting;

    /// <summary>For people, as pgpool_setup puts it: "streaming replication mode".</summary>
    public static string Title(this ClusteringMode mode) => Of(mode).Title;

    /// <summary>True when Pgpool-II sends every write to all nodes itself.</summary>
    public static bool WritesEverywhere(this ClusteringMode mode) =>
        mode is ClusteringMode.NativeReplication or ClusteringMode.SnapshotIsolation;

    /// <summary>True when Pgpool-II can bring a node back by online recovery in this mode.</summary>
    /// <remarks>Pgpool-II manual, "Online Recovery".</remarks>
    public static bool HasOnlineRecovery(this ClusteringMode mode) =>
        mode is ClusteringMode.StreamingReplication || mode.WritesEverywhere();

    /// <summary>True when one node is the primary and Pgpool-II calls the others standbys.</summary>
    public static bool HasPrimary(this ClusteringMode mode) =>
        mode is ClusteringMode.StreamingReplication or ClusteringMode.LogicalReplication or ClusteringMode.Slony;

    private static (ClusteringMode Mode, string Letter, string Name, string Setting, string Title) Of(
        ClusteringMode mode
    ) => Array.Find(All, m => m.Mode == mode);
}
