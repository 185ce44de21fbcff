using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers.Facts;

/// <summary>What can be waited for.</summary>
public enum FactKind
{
    /// <summary>Clients are served: Pgpool-II answers, there is a primary, every node Pgpool-II sends queries to is up
    /// and follows it, and nothing is at work. Nodes that were given up do not count.</summary>
    Healthy,

    /// <summary>There is a node that can be written to, and Pgpool-II knows it.</summary>
    Primary,

    /// <summary>Every node is up and attached, and every standby streams from the primary.</summary>
    Streaming,

    /// <summary>The watchdog has a leader and a quorum.</summary>
    Quorum,

    /// <summary>A node runs, Pgpool-II sends queries to it, and a standby streams.</summary>
    NodeUp,

    /// <summary>Pgpool-II has given a node up, and the failover that this caused is over.</summary>
    NodeDown,

    /// <summary>A node that was the primary is none any more: Pgpool-II has given it up, or has made it a standby of
    /// another one, and is done with that.</summary>
    NodeReplaced,

    /// <summary>A node is the primary in both views.</summary>
    NodeIsPrimary,
}

/// <summary>A fact about a lab that holds or does not. A plain value.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Node">The node, for those about one.</param>
public sealed record LabFact(FactKind Kind, int? Node = null)
{
    /// <summary>The words of <c>wait --for</c>.</summary>
    public const string Words = "healthy, primary, streaming, quorum, 'node N up', 'node N down', 'node N primary'";

    /// <summary>Understands the words of <c>wait --for</c>.</summary>
    /// <returns>Null when they are none of <see cref="Words"/>.</returns>
    public static LabFact? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) switch
        {
            ["healthy"] => new LabFact(FactKind.Healthy),
            ["primary"] => new LabFact(FactKind.Primary),
            ["streaming"] => new LabFact(FactKind.Streaming),
            ["quorum"] => new LabFact(FactKind.Quorum),
            ["node", var number, var state] when int.TryParse(number, out var node) && node >= 0 => state switch
            {
                "up" => new LabFact(FactKind.NodeUp, node),
                "down" => new LabFact(FactKind.NodeDown, node),
                "primary" => new LabFact(FactKind.NodeIsPrimary, node),
                _ => null,
            },
            _ => null,
        };
    }

    /// <summary>What is expected, as a clause.</summary>
    public string Expectation =>
        Kind switch
        {
            FactKind.Healthy => "the lab serves its clients, and nothing is at work on it",
            FactKind.Primary => "there is a primary, and Pgpool-II knows it",
            FactKind.Streaming => "every node is up and attached, and every standby streams",
            FactKind.Quorum => "the watchdog has a leader and a quorum",
            FactKind.NodeUp => $"node {Node} is up and attached",
            FactKind.NodeDown => $"Pgpool-II has given up node {Node}, and is done with it",
            FactKind.NodeReplaced => $"another node has taken the place of node {Node}, and Pgpool-II is done with it",
            _ => $"node {Node} is the primary, and Pgpool-II knows it",
        };

    /// <summary>Whether it holds, and what there is.</summary>
    /// <param name="report">A look at the lab.</param>
    public Observation Check(NodesReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new Observation(Holds(report), Seen(report));
    }

    /// <summary>For how long a fact that must last has to hold.</summary>
    public static TimeSpan SettleTime { get; } = TimeSpan.FromMilliseconds(500);

    /// <summary>True when it has to hold for a while: after a failover Pgpool-II has the other standbys follow the new
    /// primary, and does nothing for a moment before it begins. Whoever looks then would take the failover for
    /// over.</summary>
    public bool NeedsToLast(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.Nodes.Count > 2
            && Kind is (FactKind.Healthy or FactKind.NodeDown or FactKind.NodeReplaced or FactKind.NodeIsPrimary);
    }

    /// <summary>The word it is asked for by.</summary>
    public override string ToString() =>
        Kind switch
        {
            FactKind.Healthy => "healthy",
            FactKind.Primary => "primary",
            FactKind.Streaming => "streaming",
            FactKind.Quorum => "quorum",
            FactKind.NodeUp => $"node {Node} up",
            FactKind.NodeDown => $"node {Node} down",
            FactKind.NodeReplaced => $"node {Node} replaced",
            _ => $"node {Node} primary",
        };

    private bool Holds(NodesReport report) =>
        Kind switch
        {
            FactKind.Healthy => IsQuiet(report)
                && PrimaryOf(report) is not null
                && report.Nodes.All(n => !IsAttached(n) || IsUp(report, n))
                && (report.Watchdog.Count == 0 || HasQuorum(report)),
            FactKind.Primary => PrimaryOf(report) is not null,
            FactKind.Streaming => IsQuiet(report)
                && PrimaryOf(report) is not null
                && report.Nodes.All(n => IsUp(report, n)),
            FactKind.Quorum => HasQuorum(report),
            FactKind.NodeUp => ViewOf(report) is { } up && IsUp(report, up) && !report.AtWork.Any(IsServers),
            FactKind.NodeDown => ViewOf(report) is { Pgpool: { } pool } && !IsAttached(pool.Status) && IsQuiet(report),
            FactKind.NodeReplaced => ViewOf(report) is { Pgpool: { } pool }
                && (!IsAttached(pool.Status) || (PrimaryOf(report) is { } other && other.Id != Node))
                && IsQuiet(report),
            _ => PrimaryOf(report)?.Id == Node && IsQuiet(report),
        };

    /// <summary>The node clients write to: both sides agree on it. In modes without a primary it is the one Pgpool-II
    /// calls its main node.</summary>
    public static NodeView? PrimaryOf(NodesReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return report.Nodes.FirstOrDefault(n =>
            n.Pgpool is { Role: "primary" or "main" or "master" } pool
            && IsAttached(pool.Status)
            && n.Postgres is { Up: true, InRecovery: false }
        );
    }

    private NodeView? ViewOf(NodesReport report) => report.Nodes.FirstOrDefault(n => n.Id == Node);

    private static bool IsStreaming(NodesReport report) => report.Mode == ClusteringMode.StreamingReplication.Setting();

    private static bool IsAttached(string status) => status is "up" or "waiting";

    private static bool IsAttached(NodeView node) => node.Pgpool is { } pool && IsAttached(pool.Status);

    private static bool IsUp(NodesReport report, NodeView node) =>
        IsAttached(node)
        && node.Postgres.Up
        && !node.Postgres.IsSuspended
        && (
            !IsStreaming(report)
            || (
                node.Postgres.InRecovery is false
                    ? node.Pgpool!.Role == "primary"
                    : node.Postgres is { Receiver: "streaming", FedByPrimary: not false }
            )
        );

    // Another command is none of the servers' business: the one that waits is a command itself.
    private static bool IsServers(WorkUnderWay work) => work.Kind is not WorkKind.Command;

    /// <summary>True when Pgpool-II answers, and the servers have nothing under way.</summary>
    internal static bool IsQuiet(NodesReport report) => report.PgpoolAnswers && !report.AtWork.Any(IsServers);

    private static bool HasQuorum(NodesReport report) =>
        report.Watchdog.Any(w => w.Status is "LEADER" or "MASTER") && report.Watchdog.Any(w => w.Quorum is true);

    private static string Seen(NodesReport report) =>
        string.Join(
            "; ",
            (string[])
                [
                    .. report.PgpoolAnswers
                        ? Array.Empty<string>()
                        : [$"Pgpool-II does not answer: {report.PgpoolProblem}"],
                    .. report.Nodes.Select(n =>
                        $"node {n.Id}: {n.Pgpool?.Status ?? "unknown"} as {n.Pgpool?.Role ?? "unknown"} in Pgpool-II, "
                        + (
                            n.Postgres.Up
                                ? $"up as {n.Postgres.Role}"
                                    + (
                                        n.Postgres is { InRecovery: true }
                                            ? $", {n.Postgres.Receiver ?? "receives nothing"}"
                                            : ""
                                    )
                            : n.Postgres.IsSuspended ? "suspended"
                            : "down"
                        )
                    ),
                    .. report.Watchdog.Select(w =>
                        $"Pgpool-II {w.Id}: {w.Status ?? w.Problem}{(w.Quorum is false ? ", no quorum" : "")}"
                    ),
                    .. report.AtWork.Where(IsServers).Select(w => w.Title),
                ]
        );
}

/// <summary>Waits for a fact about a lab: looks at all of it again and again.</summary>
/// <param name="Live">The lab.</param>
/// <param name="Fact">What is expected.</param>
public sealed record LabShows(LiveLab Live, LabFact Fact) : IProbe
{
    /// <inheritdoc/>
    public string Expectation => Fact.Expectation;

    private long? _since;
    private bool _isQuiet;
    private PgpoolNode? _hasFailed;

    /// <summary>When what is waited for began: a script that has failed since fails no more. Null to wait for what
    /// others may do, too.</summary>
    public EventsMark? Began { get; init; }

    /// <summary>Whether it goes on while Pgpool-II does not run: somebody else may start it.</summary>
    public bool OutlivesServers { get; init; }

    /// <inheritdoc/>
    public ServerLog? Log =>
        _hasFailed is { } pgpool ? new($"{pgpool.Paths.Log}/failover.log") : ServerLog.Of(Live.Lab.Pgpool);

    /// <inheritdoc/>
    public IReadOnlyList<string> Hints =>
        _hasFailed is null ? [] : [$"Bring it back with:  pgpoollab recover {Fact.Node}"];

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        var report = await Live.LookAsync(cancellationToken);
        _isQuiet = LabFact.IsQuiet(report);
        var observation = Fact.Check(report);
        if (!observation.Holds || !Fact.NeedsToLast(Live.Lab))
        {
            _since = observation.Holds ? _since : null;
            return observation;
        }

        _since ??= TimeProvider.System.GetTimestamp();
        return observation with { Holds = TimeProvider.System.GetElapsedTime(_since.Value) >= LabFact.SettleTime };
    }

    /// <inheritdoc/>
    /// <remarks>Nothing can come of a lab of which nothing runs; and Pgpool-II does not try again to have a standby
    /// follow the new primary.</remarks>
    public async Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken)
    {
        if (OutlivesServers)
        {
            return null;
        }

        foreach (var pgpool in Live.Pgpools)
        {
            if (await pgpool.FindAsync(cancellationToken) is not null)
            {
                return await WhyNodeStaysAwayAsync(cancellationToken);
            }
        }

        return "Pgpool-II does not run";
    }

    private async Task<string?> WhyNodeStaysAwayAsync(CancellationToken cancellationToken)
    {
        if (
            Fact is not { Kind: FactKind.NodeUp, Node: { } node }
            || Began is null
            || !_isQuiet
            || await Began.FollowThatFailedAsync(Live.Host, Live.Lab, node, cancellationToken) is not { } failed
        )
        {
            return null;
        }

        _hasFailed = failed.Pgpool;
        return $"follow_primary.sh ended with exit code {failed.ExitCode} for it; failover.log says why";
    }
}
