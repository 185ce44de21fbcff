using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Words;

/// <summary>Which run is shown for all.</summary>
internal static class RunChoice
{
    /// <summary>The most telling run: writes never came back in it, or took longest to; of alike ones that which lost
    /// most, and of these the first.</summary>
    internal static DrillRun? MostTelling(IEnumerable<DrillRun> runs) =>
        runs.OrderByDescending(r => r.Rto.Never)
            .ThenByDescending(r => r.Rto.Service ?? 0)
            .ThenByDescending(r => r.Rpo.LostAcknowledged)
            .ThenBy(r => r.Number)
            .FirstOrDefault();
}
