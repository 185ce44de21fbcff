using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Servers.Watching;

/// <summary>What a node was like at one look.</summary>
/// <param name="LagBytes">WAL it has not replayed, in bytes; null when nobody knows.</param>
/// <param name="SelectsPerSecond">SELECTs that Pgpool-II has sent to it, each second since the look before; null when
/// that is not known.</param>
public readonly record struct NodeMeasurement(long? LagBytes, double? SelectsPerSecond);

/// <summary>How the nodes of a lab went on: what Pgpool-II counts becomes rates, and the last of them are
/// kept.</summary>
/// <param name="capacity">How many looks are kept.</param>
public sealed class Measurements(int capacity)
{
    private readonly Dictionary<int, List<NodeMeasurement>> _history = [];
    private readonly Dictionary<int, (long Selects, DateTimeOffset At)> _counts = [];
    private int? _pgpool;

    /// <summary>What was measured of a node, the oldest first.</summary>
    public IReadOnlyList<NodeMeasurement> Of(int node) =>
        _history.TryGetValue(node, out var history) ? history : (IReadOnlyList<NodeMeasurement>)[];

    /// <summary>Takes a look in.</summary>
    /// <param name="report">What was seen.</param>
    /// <param name="at">When.</param>
    public void Add(NodesReport report, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.PgpoolProcessId != _pgpool)
        {
            // Another Pgpool-II, or the same one started again, counts from its own beginning.
            _counts.Clear();
            _pgpool = report.PgpoolProcessId;
        }

        foreach (var node in report.Nodes)
        {
            var history = _history.TryGetValue(node.Id, out var known) ? known : _history[node.Id] = [];
            history.Add(new NodeMeasurement(node.Postgres.LagBytes, RateOf(node, at)));
            if (history.Count > capacity)
            {
                history.RemoveAt(0);
            }
        }
    }

    private double? RateOf(NodeView node, DateTimeOffset at)
    {
        if (node.Pgpool?.SelectCount is not { } selects)
        {
            _counts.Remove(node.Id);
            return null;
        }

        double? rate =
            _counts.TryGetValue(node.Id, out var before) && selects >= before.Selects && at > before.At
                ? (selects - before.Selects) / (at - before.At).TotalSeconds
                : null;
        _counts[node.Id] = (selects, at);
        return rate;
    }
}
