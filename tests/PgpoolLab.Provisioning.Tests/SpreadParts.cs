using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;

namespace PgpoolLab.Testing;

/// <summary>What hosts of a lab on three say, made up: on each a node and a Pgpool-II.</summary>
internal static class SpreadParts
{
    internal static readonly Lab Whole = Labs.Part(0) with { Here = null };

    internal static readonly DateTimeOffset Noon = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A host that says this of its node.</summary>
    /// <param name="host">Its number.</param>
    /// <param name="node">Its node, as it and its Pgpool-II have it.</param>
    /// <param name="elsewhere">The other nodes, as its Pgpool-II has them.</param>
    /// <param name="status">What its Pgpool-II is in the watchdog.</param>
    /// <param name="quorum">Whether that sees a quorum.</param>
    /// <param name="primary">Which node it takes for the primary.</param>
    internal static HostLook Host(
        int host,
        NodeView node,
        IReadOnlyList<PoolNode> elsewhere,
        string status = "STANDBY",
        bool? quorum = true,
        int? primary = 0
    )
    {
        var member = new WatchdogView(host, Whole.Pgpools[host].Port, true, status, quorum, primary, null);
        return new HostLook(
            Whole.Hosts[host],
            Noon,
            new PartLook(
                Looks.At(node with { Port = Whole.Nodes[host].Port }) with
                {
                    Watchdog = [member],
                },
                new PgpoolSays(true, null) { Runs = true }
            )
            {
                Elsewhere = elsewhere,
                Nodes =
                [
                    new PartNode(node.Id)
                    {
                        MadeAsStandby = node.Postgres.Up ? null : node.Postgres.MadeAsStandby,
                        LagOf = node.Postgres.InRecovery is false
                            ? Whole.Nodes.ToDictionary(n => n.ApplicationName, _ => (long?)0)
                            : new Dictionary<string, long?>(),
                    },
                ],
                SocketFolder = $"/home/u/part{host}/run",
                Owner = "u",
            },
            null
        );
    }

    /// <summary>A host that does not answer.</summary>
    internal static HostLook Silent(int host) =>
        new(Whole.Hosts[host], Noon, null, "it has not answered within 2 s") { SilentSince = Noon.AddMinutes(-1) };

    /// <summary>Node 0 is the primary, and all is well.</summary>
    internal static HostLook[] Well() =>
        [
            Host(0, Looks.Primary(0), [Looks.Pool(1, "standby"), Looks.Pool(2, "standby")], "LEADER"),
            Host(1, Looks.Standby(1), [Looks.Pool(0, "primary"), Looks.Pool(2, "standby")]),
            Host(2, Looks.Standby(2), [Looks.Pool(0, "primary"), Looks.Pool(1, "standby")]),
        ];
}
