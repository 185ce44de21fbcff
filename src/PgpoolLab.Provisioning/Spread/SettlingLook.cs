using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Looks at a lab on several hosts whose servers were started just now, until it is well. A Pgpool-II that has
/// asked its leader for the primary when that did not know it yet shows none and does not ask again: it is restarted,
/// as <c>status --fix</c> would.</summary>
/// <param name="parts">The hosts.</param>
/// <param name="lab">The whole lab.</param>
public sealed class SettlingLook(HostParts parts, Lab lab)
{
    private IReadOnlySet<int> _before = new HashSet<int>();

    /// <summary>Looks once. What was so at the look before, too, is mended.</summary>
    public async Task<NodesReport> LookAsync(CancellationToken cancellationToken)
    {
        var report = await parts.LookAsync(lab, cancellationToken);
        var unaware = Unaware(lab, report);
        var lasting = unaware.Intersect(_before).ToHashSet();
        _before = unaware.Except(lasting).ToHashSet();
        foreach (var pgpool in lab.Pgpools.Where(p => lasting.Contains(p.Id)))
        {
            await parts.RunAsync(
                lab.Hosts[pgpool.Host ?? 0],
                "restart its Pgpool-II",
                ["restart", $"pgpool{pgpool.Id}"],
                cancellationToken
            );
        }

        return report;
    }

    /// <summary>The Pgpool-IIs that show no primary though their leader knows it.</summary>
    internal static IReadOnlySet<int> Unaware(Lab lab, NodesReport report) =>
        lab.Mode is ClusteringMode.StreamingReplication
        && WatchdogView.HaveSettled(report.Watchdog)
        && report.Watchdog.Any(m => m is { Status: "LEADER" or "MASTER", Answers: true, Primary: not null })
            ? report.Watchdog.Where(m => m is { Answers: true, Primary: null }).Select(m => m.Id).ToHashSet()
            : new HashSet<int>();
}
