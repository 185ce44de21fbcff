namespace PgpoolLab.Servers.Reports;

/// <summary>Explains what is wrong with a lab. Pure.</summary>
public static class StatusDiagnosis
{
    /// <summary>Explains.</summary>
    public static IReadOnlyList<Finding> Of(StatusFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        return
        [
            .. facts.Look.Findings.Select(f => PgpoolTrouble.Explain(facts, StandbyTrouble.Explain(facts, f))),
            .. StandbyTrouble.Of(facts),
            .. PgpoolTrouble.Of(facts),
            .. ServerTrouble.Of(facts),
            .. facts.Look.AtWork.Select(w => OfWork(facts, w)),
        ];
    }

    private static Finding OfWork(StatusFacts facts, WorkUnderWay work) =>
        Finding.Of(
            facts.Lab,
            work.Kind switch
            {
                WorkKind.Failover => FindingKinds.FailoverRuns,
                WorkKind.FollowPrimary => FindingKinds.FollowPrimaryRuns,
                WorkKind.Recovery => FindingKinds.RecoveryRuns,
                _ => FindingKinds.CommandRuns,
            },
            work.Node,
            $"{work.Title}{Since(work)}.",
            new Remedy.Wait(work.Kind)
        );

    private static string Since(WorkUnderWay work) =>
        work.Since is { } since ? $" (since {since:HH:mm:ss}, pid {work.ProcessId})" : $" (pid {work.ProcessId})";
}
