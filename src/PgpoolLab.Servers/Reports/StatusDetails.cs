namespace PgpoolLab.Servers.Reports;

/// <summary>What <c>status</c> asks for beyond what <c>nodes</c> shows.</summary>
public sealed record StatusDetails
{
    /// <summary>Nothing was asked.</summary>
    public static StatusDetails None { get; } = new();

    /// <summary>By node.</summary>
    public IReadOnlyDictionary<int, NodeDetails> Nodes { get; init; } = new Dictionary<int, NodeDetails>();

    /// <summary>By Pgpool-II.</summary>
    public IReadOnlyDictionary<int, PgpoolDetails> Pgpools { get; init; } = new Dictionary<int, PgpoolDetails>();

    /// <summary>Disks of the lab's files, each once.</summary>
    public IReadOnlyList<DiskSpace> Disks { get; init; } = [];
}

/// <summary>What one PostgreSQL says of itself. What it did not answer is null.</summary>
/// <param name="Node">The node.</param>
public sealed record NodeDetails(int Node)
{
    /// <summary>Sessions it has room for.</summary>
    public int? MaxConnections { get; init; }

    /// <summary>How many of them are kept for administrators.</summary>
    public int ReservedConnections { get; init; }

    /// <summary>The slot it asks its primary for.</summary>
    public string? SlotName { get; init; }

    /// <summary>Its recovery_min_apply_delay; null for none.</summary>
    public string? ApplyDelay { get; init; }

    /// <summary>True when its replay was paused by pg_wal_replay_pause().</summary>
    public bool ReplayIsPaused { get; init; }

    /// <summary>Settings that wait for a restart.</summary>
    public string? PendingRestart { get; init; }

    /// <summary>Whether Pgpool-II's sr_check_user may see who streams; null when there is no such role.</summary>
    public bool? CheckUserMayLook { get; init; }

    /// <summary>Its replication slots.</summary>
    public IReadOnlyList<SlotState>? Slots { get; init; }

    /// <summary>The end of its log; read only where it may explain something.</summary>
    public string LogEnd { get; init; } = "";
}

/// <summary>A replication slot.</summary>
/// <param name="Name">Its name.</param>
/// <param name="IsPhysical">True for one that a standby streams by.</param>
/// <param name="Active">True when somebody uses it right now.</param>
/// <param name="WalStatus">pg_replication_slots.wal_status; null before PostgreSQL 13.</param>
/// <param name="HeldBytes">Bytes of WAL that it keeps; null when it keeps none.</param>
public sealed record SlotState(string Name, bool IsPhysical, bool Active, string? WalStatus, long? HeldBytes);

/// <summary>What one Pgpool-II says of itself.</summary>
/// <param name="Pgpool">Its number.</param>
public sealed record PgpoolDetails(int Pgpool)
{
    /// <summary>The settings in its file.</summary>
    public IReadOnlyDictionary<string, string> InFile { get; init; } = new Dictionary<string, string>();

    /// <summary>The settings it has in effect; null when it did not say.</summary>
    public IReadOnlyDictionary<string, string>? InEffect { get; init; }

    /// <summary>Why pcp did not let us in; null when it did, or was not asked.</summary>
    public string? PcpProblem { get; init; }

    /// <summary>The end of its log.</summary>
    public string LogEnd { get; init; } = "";

    /// <summary>Nodes for which follow_primary.sh ended last with an error, and its exit code.</summary>
    public IReadOnlyDictionary<int, long> FollowFailed { get; init; } = new Dictionary<int, long>();

    /// <summary>A setting, in effect or else in its file.</summary>
    internal string? this[string name] => InEffect?.GetValueOrDefault(name) ?? InFile.GetValueOrDefault(name);
}

/// <summary>Room on a disk.</summary>
/// <param name="Folder">A folder that lies on it.</param>
/// <param name="FreeBytes">Bytes that can still be written.</param>
public sealed record DiskSpace(string Folder, long FreeBytes);
