using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What Pgpool-II and a PostgreSQL say of a node, for tests of what is made of it.</summary>
internal static class Seen
{
    internal static PoolNode Pool(int id, string role, string status = "up") =>
        new()
        {
            Id = id,
            Status = status,
            Role = role,
        };

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
}
