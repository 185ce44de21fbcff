using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>Points out what is wrong with where a virtual IP is. Pure.</summary>
public static class VirtualIpDiagnosis
{
    /// <summary>Compares where it is with who leads.</summary>
    /// <param name="lab">The whole lab.</param>
    /// <param name="view">Where it is; null in a lab without one.</param>
    /// <param name="members">The Pgpool-IIs.</param>
    /// <param name="work">What is at work: a failover moves it.</param>
    public static IReadOnlyList<Finding> Of(
        Lab lab,
        VirtualIpView? view,
        IReadOnlyList<WatchdogView> members,
        IReadOnlyList<WorkUnderWay> work
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(work);
        if (view is null)
        {
            return [];
        }

        var leaders = members.Where(m => m is { Status: "LEADER" or "MASTER", Quorum: not false }).ToArray();
        var leader = leaders is [var one] ? one : null;
        var leads = leader is null ? null : HostOf(lab, leader);
        Finding[] strangers =
        [
            .. view
                .Hosts.Where(h => h != leads)
                .Select(h =>
                    Finding.Of(
                        lab,
                        view.Hosts.Count > 1 ? FindingKinds.VirtualIpTwice : FindingKinds.VirtualIpElsewhere,
                        null,
                        view.Hosts.Count > 1
                            ? $"{view.Title} "
                                + (leads is null ? "No one Pgpool-II leads." : $"The Pgpool-II of host {leads} leads.")
                            : $"{view.Title} The Pgpool-II that leads is on host {leads}.",
                        lab.Pgpools.Where(p => HostOf(lab, p) == h)
                            .Select(p => new Remedy.RestartPgpool(p.Id))
                            .ToArray()
                    )
                ),
        ];
        return view.Hosts.Count > 1 ? strangers
            : leader is null ? []
            : view.Hosts.Count == 1 ? strangers
            : members.All(m => m.Answers) && work.Count == 0
                ?
                [
                    Finding.Of(
                        lab,
                        FindingKinds.VirtualIpNowhere,
                        null,
                        $"{view.Title} The Pgpool-II that leads, on host {leads}, has not taken it yet; why not is in "
                            + "its log.",
                        new Remedy.RestartPgpool(leader.Id)
                    ),
                ]
            : [];
    }

    private static string HostOf(Lab lab, WatchdogView member) =>
        HostOf(lab, lab.Pgpools.First(p => p.Id == member.Id));

    private static string HostOf(Lab lab, PgpoolNode pgpool) => lab.Hosts[pgpool.Host ?? 0].Name;
}
