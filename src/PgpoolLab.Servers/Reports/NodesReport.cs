using System.Text.Json.Serialization;
using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Servers.Reports;

/// <summary>What one PostgreSQL says of itself when it is asked directly.</summary>
public sealed record PostgresSays
{
    /// <summary>True when it answered.</summary>
    public required bool Up { get; init; }

    /// <summary>Why it did not answer, in its own words or the system's.</summary>
    public string? Problem { get; init; }

    /// <summary>True when it has a process, false when it has none; null when that cannot be seen.</summary>
    public bool? Runs { get; init; }

    /// <summary>Its first process; null when it does not run.</summary>
    public int? ProcessId { get; init; }

    /// <summary>Those of its processes that are suspended (SIGSTOP, or a debugger), the first process first.</summary>
    public IReadOnlyList<int> Suspended { get; init; } = [];

    /// <summary>True for a standby.</summary>
    public bool? InRecovery { get; init; }

    /// <summary>Its timeline.</summary>
    public int? Timeline { get; init; }

    /// <summary>Where it writes (primary) or has replayed to (standby), as PostgreSQL prints a WAL position.</summary>
    public string? WalPosition { get; init; }

    /// <summary>Bytes of WAL the primary has written and this standby has not replayed; null when there is no primary
    /// to compare with.</summary>
    public long? LagBytes { get; init; }

    /// <summary>State of its WAL receiver, for example <c>streaming</c>; null when it has none.</summary>
    public string? Receiver { get; init; }

    /// <summary>Sessions of clients on it, Pgpool-II's among them.</summary>
    public int? Sessions { get; init; }

    /// <summary>Whether the primary says that it sends its WAL to this standby; null when there is no primary to
    /// ask.</summary>
    public bool? FedByPrimary { get; init; }

    /// <summary>True when its first process is suspended: it accepts connections, and answers nobody.</summary>
    [JsonIgnore]
    public bool IsSuspended => ProcessId is { } id && Suspended.Contains(id);

    /// <summary>The name under which it asks its primary for WAL (<c>application_name</c>); null when it does not
    /// say.</summary>
    [JsonIgnore]
    public string? StreamsAs { get; init; }

    /// <summary>Whether its data folder is a standby's; null when nobody looked, because it answered itself.</summary>
    [JsonIgnore]
    public bool? MadeAsStandby { get; init; }

    /// <summary>primary, standby, or null when it did not answer.</summary>
    [JsonIgnore]
    public string? Role =>
        InRecovery switch
        {
            true => "standby",
            false => "primary",
            null => null,
        };
}

/// <summary>What became of the question to Pgpool-II.</summary>
/// <param name="Answers">True when it answered.</param>
/// <param name="Problem">Why it did not.</param>
public sealed record PgpoolSays(bool Answers, string? Problem)
{
    /// <summary>True when it has a process, false when it has none; null when that cannot be seen.</summary>
    public bool? Runs { get; init; }

    /// <summary>Its first process; null when it does not run.</summary>
    public int? ProcessId { get; init; }

    /// <summary>For how long it has been running; null when that cannot be seen.</summary>
    public TimeSpan? Age { get; init; }

    /// <summary>Those of its processes that are suspended (SIGSTOP, or a debugger), the first process first.</summary>
    public IReadOnlyList<int> Suspended { get; init; } = [];

    /// <summary>Its processes that take clients.</summary>
    public PoolChildren Children { get; init; } = PoolChildren.None;

    /// <summary>How many clients it takes at the same time; null when its configuration does not say.</summary>
    public int? MostClients { get; init; }

    /// <summary>True when it has just failed over or attached a node: it replaces its processes.</summary>
    public bool Renews { get; init; }
}

/// <summary>One node, seen from both sides.</summary>
/// <param name="Id">Node number.</param>
/// <param name="Port">Its port.</param>
/// <param name="Pgpool">What Pgpool-II thinks; null when it does not answer.</param>
/// <param name="Postgres">What the node says.</param>
public sealed record NodeView(int Id, int Port, PoolNode? Pgpool, PostgresSays Postgres)
{
    /// <summary>The host it runs on, in a lab on several; null in one on one machine.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Host { get; init; }
}

/// <summary>One of several Pgpool-IIs.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Port">Its port.</param>
/// <param name="Answers">True when it answers clients.</param>
/// <param name="Status">What it says it is in the watchdog: LEADER, STANDBY …; null when it does not say.</param>
/// <param name="Quorum">Whether it sees enough others to decide on a failover; null when it does not say.</param>
/// <param name="Primary">The node it takes for the primary; null when it shows none.</param>
/// <param name="Problem">Why it does not answer.</param>
public sealed record WatchdogView(
    int Id,
    int Port,
    bool Answers,
    string? Status,
    bool? Quorum,
    int? Primary,
    string? Problem
)
{
    /// <summary>Its first process; null when it does not run, or cannot be seen.</summary>
    public int? ProcessId { get; init; }

    /// <summary>The host it runs on, in a lab on several; null in one on one machine.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Host { get; init; }

    /// <summary>Those of its processes that are suspended (SIGSTOP, or a debugger), the first process first.</summary>
    public IReadOnlyList<int> Suspended { get; init; } = [];

    /// <summary>True while it is on its way to lead or to follow: it joins, or takes part in an election.</summary>
    /// <remarks>src/watchdog/watchdog.c of Pgpool-II names the states.</remarks>
    [JsonIgnore]
    public bool IsPassing =>
        Status
            is "LOADING"
                or "JOINING"
                or "INITIALIZING"
                or "STANDING FOR LEADER"
                or "STANDING FOR MASTER"
                or "PARTICIPATING IN ELECTION";

    /// <summary>False while members of a watchdog find each other: one is on its way, or all answer and there are two
    /// leaders, none, or no quorum. A member that is started within <c>wd_heartbeat_deadtime</c> of its end joins, is
    /// then given up for the silence of the one before, and both lead until they hear each other.</summary>
    /// <param name="members">All members; none for a lab without a watchdog. One alone is what a host of several
    /// sees, and says nothing of the others.</param>
    public static bool HaveSettled(IReadOnlyList<WatchdogView> members)
    {
        ArgumentNullException.ThrowIfNull(members);
        return !members.Any(m => m.IsPassing)
            && (
                members.Count <= 1
                || members.Any(m => m.Status is null)
                || (
                    members.Count(m => m.Status is "LEADER" or "MASTER") == 1 && members.All(m => m.Quorum is not false)
                )
            );
    }
}

/// <summary>One of the machines of a lab on several.</summary>
/// <param name="Name">What the user calls it.</param>
/// <param name="Address">Where the lab's servers on the other machines reach it.</param>
/// <param name="Answers">True when it has said how its servers are.</param>
public sealed record HostView(string Name, string Address, bool Answers)
{
    /// <summary>Since when it does not answer; null when it does.</summary>
    public DateTimeOffset? SilentSince { get; init; }

    /// <summary>Why it does not answer.</summary>
    public string? Problem { get; init; }
}

/// <summary>All nodes of a lab.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="Mode">The clustering mode, as Pgpool-II names it.</param>
/// <param name="PgpoolPort">The port of the Pgpool-II that was asked; of several, the first that answers.</param>
/// <param name="PgpoolAnswers">True when Pgpool-II answered.</param>
/// <param name="PgpoolProblem">Why it did not.</param>
/// <param name="Nodes">The nodes.</param>
/// <param name="Watchdog">The Pgpool-IIs, when there are several; else empty.</param>
/// <param name="Findings">Where things are wrong, or the two sides disagree.</param>
public sealed record NodesReport(
    string Lab,
    string Directory,
    string Mode,
    int PgpoolPort,
    bool PgpoolAnswers,
    string? PgpoolProblem,
    IReadOnlyList<NodeView> Nodes,
    IReadOnlyList<WatchdogView> Watchdog,
    IReadOnlyList<Finding> Findings
)
{
    /// <summary>The first process of that Pgpool-II; null when it does not run, or cannot be seen.</summary>
    public int? PgpoolProcessId { get; init; }

    /// <summary>Those of its processes that are suspended.</summary>
    public IReadOnlyList<int> PgpoolSuspended { get; init; } = [];

    /// <summary>What is at work on the lab.</summary>
    public IReadOnlyList<WorkUnderWay> AtWork { get; init; } = [];

    /// <summary>What commits wait for; null when they wait for nobody.</summary>
    public SynchronousCommit? Synchronous { get; init; }

    /// <summary>The machines of a lab on several; null for a lab on one, and for one host's part.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<HostView>? Hosts { get; init; }

    /// <summary>Where the virtual IP is; null in a lab without one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VirtualIpView? VirtualIp { get; init; }

    /// <summary>What Pgpool-II shows of nodes on other hosts, which nobody here has asked; empty where all of the lab
    /// is seen.</summary>
    [JsonIgnore]
    public IReadOnlyList<PoolNode> Elsewhere { get; init; } = [];

    /// <summary>The same, null where it is empty: only a host's part says it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PoolNode>? NodesElsewhere
    {
        get => Elsewhere.Count > 0 ? Elsewhere : null;
        init => Elsewhere = value ?? [];
    }

    /// <summary>The node of another host that Pgpool-II takes for the primary; null when there is none.</summary>
    [JsonIgnore]
    public int? PrimaryElsewhere => Elsewhere.FirstOrDefault(IsPrimary)?.Id;

    /// <summary>True when Pgpool-II writes to the node.</summary>
    internal static bool IsPrimary(PoolNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        return node is { Status: "up" or "waiting", Role: "primary" };
    }
}

/// <summary>The shapes of <c>--json</c>, without reflection.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true
)]
[JsonSerializable(typeof(NodesReport))]
[JsonSerializable(typeof(StatusReport))]
internal sealed partial class ReportJson : JsonSerializerContext;
