using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>Something that <c>status --fix</c> does.</summary>
/// <param name="Remedy">What.</param>
/// <param name="Command">The same as a command line.</param>
/// <param name="Because">The finding that it ends.</param>
public sealed record PlannedFix(Remedy Remedy, string Command, Finding Because);

/// <summary>Something that <c>status --fix</c> tried to do, and could not.</summary>
/// <param name="Fix">What.</param>
/// <param name="Error">Why not.</param>
public sealed record FailedFix(PlannedFix Fix, LabException Error);

/// <summary>The order in which remedies are done. Pure.</summary>
public static class FixPlan
{
    /// <summary>What ends the findings, in an order in which one makes the next possible; each once.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="report">A look at it. While something is at work on the lab, only what is suspended may have to go
    /// on, which the work itself may wait for.</param>
    public static IReadOnlyList<PlannedFix> Of(Lab lab, StatusReport report)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(report);
        return
        [
            .. report
                // With a note all is well.
                .Findings.Where(f => f.Severity is not FindingSeverity.Note)
                .SelectMany(f => f.Remedies.Select(r => (Remedy: r, Command: RemedyWords.Command(lab, r), Finding: f)))
                .Where(r => r.Command is not null && (report.AtWork.Count == 0 || Rank(r.Remedy) == 0))
                .DistinctBy(r => r.Remedy)
                .OrderBy(r => Rank(r.Remedy))
                .Select(r => new PlannedFix(
                    r.Remedy,
                    r.Remedy is Remedy.WritePcpPassword ? "write the password of pcppass into pcp.conf" : r.Command!,
                    r.Finding
                )),
        ];
    }

    /// <summary>Those failures that count: what is advised no more has come in another way, as when a failover began at
    /// the moment at which a node was to be started.</summary>
    /// <param name="report">A later look at the lab.</param>
    /// <param name="failures">What failed before.</param>
    public static IReadOnlyList<FailedFix> StillAdvised(StatusReport report, IReadOnlyList<FailedFix> failures)
    {
        ArgumentNullException.ThrowIfNull(report);
        var advised = report
            .Findings.Where(f => f.Severity is not FindingSeverity.Note)
            .SelectMany(f => f.Remedies)
            .ToHashSet();
        return [.. failures.Where(f => advised.Contains(f.Fix.Remedy))];
    }

    /// <summary>Commands need a Pgpool-II that answers, and it waits for what hangs. Commits may wait for a standby
    /// that comes back meanwhile.</summary>
    private static int Rank(Remedy remedy) =>
        remedy switch
        {
            Remedy.KillNode or Remedy.ResumeNode or Remedy.ResumePgpool or Remedy.Heal => 0,
            Remedy.StartAll or Remedy.RestartAll or Remedy.RestartPgpool => 1,
            Remedy.WritePcpPassword or Remedy.Configure { Program: SettingAssignment.Pgpool } => 1,
            Remedy.StartNode => 2,
            Remedy.Attach => 3,
            Remedy.Recover => 4,
            Remedy.StopWaitingForStandbys => 9,
            _ => 5,
        };
}
