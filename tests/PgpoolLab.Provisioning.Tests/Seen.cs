using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What Pgpool-II and a PostgreSQL say of a node, for tests of what is made of it.</summary>
internal static class Seen
{
    internal static PoolNode Pool(int id, string role, string status = "up") => Looks.Pool(id, role, status);

    internal static PostgresSays Primary(int timeline = 2) =>
        new()
        {
            Up = true,
            Runs = true,
            ProcessId = 100,
            InRecovery = false,
            Timeline = timeline,
        };

    internal static PostgresSays Standby(int timeline = 2, string? receiver = "streaming", bool? fed = true) =>
        new()
        {
            Up = true,
            Runs = true,
            ProcessId = 101,
            InRecovery = true,
            Timeline = timeline,
            Receiver = receiver,
            FedByPrimary = fed,
        };

    internal static PostgresSays Suspended(bool standby) =>
        new()
        {
            Up = false,
            Runs = true,
            ProcessId = 103,
            Suspended = [103],
            MadeAsStandby = standby,
            Problem = "it is suspended",
        };

    /// <summary>A Pgpool-II that answers.</summary>
    internal static readonly PgpoolSays Answers = new(true, null) { Runs = true, ProcessId = 70 };

    /// <summary>All that was seen of a lab, and what <c>nodes</c> makes of it.</summary>
    internal static StatusFacts Of(
        Lab lab,
        NodeView[] nodes,
        PgpoolSays? pgpool,
        WorkUnderWay[] work,
        SynchronousCommit? synchronous = null
    )
    {
        var facts = new NodesFacts(lab, pgpool ?? Answers, nodes) { Work = work, Synchronous = synchronous };
        return new StatusFacts(
            lab,
            facts.Pgpool,
            new NodesReport(
                "lab",
                "/srv/lab",
                "",
                11000,
                facts.Pgpool.Answers,
                null,
                nodes,
                [],
                NodesDiagnosis.Of(facts)
            )
            {
                AtWork = work,
            }
        );
    }
}
