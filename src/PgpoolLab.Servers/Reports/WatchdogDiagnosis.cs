using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Reports;

/// <summary>Points out what is wrong with a watchdog. Pure.</summary>
public static class WatchdogDiagnosis
{
    /// <summary>Compares what its members say.</summary>
    public static IReadOnlyList<Finding> Of(
        Lab lab,
        IReadOnlyList<WatchdogView> members,
        IReadOnlyList<WorkUnderWay> work
    )
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(members);
        ArgumentNullException.ThrowIfNull(work);
        if (!members.Any(m => m.Answers))
        {
            return []; // told already
        }

        // A Pgpool-II that fails over answers nobody for a while, and a command starts and stops them.
        var underWay = work.FirstOrDefault(w => w.Kind is WorkKind.Failover or WorkKind.Command);
        Finding About(FindingKind kind, string problem, Remedy remedy) =>
            underWay is null
                ? Finding.Of(lab, kind, null, problem, remedy)
                : Finding.Of(
                    lab,
                    kind,
                    null,
                    $"{problem.TrimEnd('.')}. Wait: {underWay.Name} is at work.",
                    new Remedy.Wait(underWay.Kind)
                );

        var findings = members
            .Where(m => m.Suspended.Count > 0)
            .Select(m => NodesDiagnosis.OfSuspended(lab, m.Id, $"Pgpool-II {m.Id}", m.ProcessId, m.Suspended))
            .Concat(
                members
                    .Where(m => m is { Answers: false, Suspended.Count: 0 })
                    .Select(m =>
                        About(
                            FindingKinds.MemberDown,
                            $"Pgpool-II {m.Id} does not answer: {m.Problem}",
                            new Remedy.RestartPgpool(m.Id)
                        )
                    )
            )
            .Concat(
                members
                    // That the password for pcp is refused is said by status.
                    .Where(m => m is { Answers: true, Status: null, Suspended.Count: 0 } && !Pcp.Refuses(m.Problem))
                    .Select(m =>
                        About(
                            FindingKinds.MemberDown,
                            $"Pgpool-II {m.Id} answers clients, but not pcp_watchdog_info: its first process may "
                                + "have been killed.",
                            new Remedy.RestartPgpool(m.Id)
                        )
                    )
            )
            .ToList();
        if (lab.Here is not null)
        {
            return findings; // what its members think of each other is compared where all of them are seen
        }

        var leaders = members.Count(m => m.Status is "LEADER" or "MASTER");
        if (leaders != 1)
        {
            findings.Add(
                Finding.Of(
                    lab,
                    FindingKinds.NoLeader,
                    null,
                    leaders == 0 ? "The watchdog has no leader (yet)." : $"The watchdog has {leaders} leaders."
                )
            );
        }

        if (
            lab.Mode is ClusteringMode.StreamingReplication
            && members.FirstOrDefault(m => m is { Answers: true, Primary: not null }) is { } knows
        )
        {
            findings.AddRange(
                members
                    .Where(m => m is { Answers: true, Primary: null })
                    .Select(m =>
                        About(
                            FindingKinds.PrimaryUnknown,
                            $"Pgpool-II {m.Id} shows no primary, and Pgpool-II {knows.Id} does: it asked its "
                                + "leader for it when that was still starting, "
                                + "and does not ask again by itself.",
                            new Remedy.RestartPgpool(m.Id)
                        )
                    )
            );
        }

        if (members.Any(m => m.Quorum is false))
        {
            var joining = members.Where(m => m.IsPassing).ToArray();
            findings.Add(
                Finding.Of(
                    lab,
                    FindingKinds.NoQuorum,
                    null,
                    $"The watchdog has no quorum ({members.Count(m => m.Answers)} of {members.Count} Pgpool-IIs "
                        + "answer): "
                        + "until it has, none of them decides on a failover."
                        + (
                            joining.Length == 0
                                ? ""
                                : $" {string.Join(" and ", joining.Select(m => $"Pgpool-II {m.Id}"))} "
                                    + $"{(joining.Length == 1 ? "is" : "are")} just joining it."
                        )
                )
            );
        }

        return findings;
    }
}
