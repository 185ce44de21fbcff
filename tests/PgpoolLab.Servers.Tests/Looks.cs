using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Servers.Tests;

/// <summary>Looks at a lab, made up.</summary>
internal static class Looks
{
    internal static NodesReport At(params NodeView[] nodes) => At(ClusteringMode.StreamingReplication, nodes);

    internal static NodesReport At(ClusteringMode mode, params NodeView[] nodes) =>
        new("lab", "/srv/lab", mode.Setting(), 11000, true, null, nodes, [], []);

    internal static NodeView Primary(int id, string status = "up", int timeline = 1) =>
        new(
            id,
            11002 + id,
            Pool(id, "primary", status),
            new PostgresSays
            {
                Up = true,
                InRecovery = false,
                Timeline = timeline,
            }
        );

    internal static NodeView Standby(
        int id,
        string status = "up",
        string? receiver = "streaming",
        int timeline = 1,
        long? lag = 0
    ) =>
        new(
            id,
            11002 + id,
            Pool(id, "standby", status),
            new PostgresSays
            {
                Up = true,
                InRecovery = true,
                Receiver = receiver,
                FedByPrimary = receiver is not null,
                Timeline = timeline,
                LagBytes = lag,
            }
        );

    internal static NodeView Dead(int id, string status = "down") =>
        new(
            id,
            11002 + id,
            Pool(id, "standby", status),
            new PostgresSays
            {
                Up = false,
                Runs = false,
                Problem = "it does not run",
            }
        );

    /// <summary>It runs, and answers nobody.</summary>
    internal static NodeView Suspended(int id, bool standby, string status = "up") =>
        new(
            id,
            11002 + id,
            Pool(id, standby ? "standby" : "primary", status),
            new PostgresSays
            {
                Up = false,
                Runs = true,
                ProcessId = 100 + id,
                Suspended = [100 + id],
                MadeAsStandby = standby,
                Problem = "it does not answer",
            }
        );

    internal static WorkUnderWay Work(WorkKind kind, int? node = null) =>
        new(kind, node, 4711, null, "Something is at work");

    /// <summary>What Pgpool-II says of a node.</summary>
    internal static PoolNode Pool(int id, string role, string status = "up") =>
        new()
        {
            Id = id,
            Status = status,
            Role = role,
        };
}
