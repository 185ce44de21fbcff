using System.Text.Json;

namespace PgpoolLab.Drills.Results;

/// <summary>Runs together, and results as texts.</summary>
public static class DrillSummaries
{
    /// <summary>The runs of a variant together.</summary>
    /// <param name="runs">At least one.</param>
    public static DrillSummary Of(IReadOnlyList<DrillRun> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        double[] services = [.. runs.Select(r => r.Rto.Service).OfType<double>().Order()];
        var all = services.Length == runs.Count;
        return new DrillSummary(
            all ? Median(services) : null,
            all ? services[^1] : null,
            runs.Max(r => r.Rpo.LostAcknowledged),
            runs.Max(r => r.Ledger.Doubled),
            runs.Max(r => r.TwoPrimariesFor),
            runs.All(Holds)
        );
    }

    /// <summary>Every expectation of a run holds, and every rule of its load.</summary>
    public static bool Holds(DrillRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.Expectations.All(e => e.Holds) && run.Checks.All(c => c.Holds);
    }

    /// <summary>One result, as JSON.</summary>
    public static string ToJson(DrillResult result) => JsonSerializer.Serialize(result, DrillJson.Readable.DrillResult);

    /// <summary>Several results, as JSON: a list.</summary>
    public static string ToJson(IReadOnlyList<DrillResult> results) =>
        JsonSerializer.Serialize(results, DrillJson.Readable.IReadOnlyListDrillResult);

    private static double Median(double[] sorted) =>
        sorted.Length % 2 == 1
            ? sorted[sorted.Length / 2]
            : Math.Round((sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2, 3);
}
