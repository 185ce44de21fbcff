using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Words;

/// <summary>What happened, for a person who reads one sentence.</summary>
internal static class Sentences
{
    /// <summary>Of a drill: its run's own, or what its runs or values have in common.</summary>
    internal static string Of(DrillResult result) =>
        result.Variants switch
        {
            [] => "No run was finished.",
            [var only] => Of(only),
            var values => OfValues(values),
        };

    /// <summary>Of the runs with the same settings.</summary>
    internal static string Of(DrillVariant variant) =>
        variant.Runs switch
        {
            [] => "No run was finished.",
            [var only] => only.Sentence,
            var runs => OfRuns(runs, variant.Summary),
        };

    private static string OfRuns(IReadOnlyList<DrillRun> runs, DrillSummary summary)
    {
        var never = runs.Count(r => r.Rto.Never);
        var away =
            never > 0 ? $"In {never} of {runs.Count} runs writes never came back."
            : summary.RtoMedian is null ? $"In {runs.Count} runs writes never stopped."
            : $"In {runs.Count} runs nothing could be written for {Figures.Seconds(summary.RtoMedian)} "
                + $"(median; {Figures.Seconds(summary.RtoWorst)} at worst).";
        return string.Join(" ", (string[])[away, .. Costs(summary, runs.Any(r => r.NotJudged.Count > 0))]);
    }

    private static IEnumerable<string> Costs(DrillSummary summary, bool isPart)
    {
        if (summary.LostWorst > 0)
        {
            yield return $"Up to {Figures.Count(summary.LostWorst, "acknowledged row was", "acknowledged rows were")} "
                + "lost.";
        }
        else
        {
            yield return isPart
                ? "No acknowledged row was lost where the nodes could be read."
                : "No acknowledged row was lost.";
        }

        if (summary.DoubledWorst > 0)
        {
            yield return $"Up to {Figures.Count(summary.DoubledWorst, "row was", "rows were")} written twice.";
        }

        if (summary.TwoPrimariesWorst > 0)
        {
            yield return $"There were two primaries for up to {Figures.Seconds(summary.TwoPrimariesWorst)}.";
        }
    }

    private static string OfValues(IReadOnlyList<DrillVariant> values)
    {
        var never = values.Where(v => v.Runs.Any(r => r.Rto.Never)).ToArray();
        var known = values.Where(v => v.Summary.RtoMedian is not null).OrderBy(v => v.Summary.RtoMedian).ToArray();
        var lost = values.Max(v => v.Summary.LostWorst);
        string[] sentences =
        [
            known.Length == 0 ? $"{values.Count} values were compared."
            : never.Length > 0 || known.Length == 1 ? $"Nothing could be written for {Of(known[0])} at best."
            : $"Nothing could be written for {Of(known[0])} at best and for {Of(known[^1])} at worst.",
            .. never.Length > 0
                ? (string[])[$"Writes never came back with {string.Join(", ", never.Select(v => v.Setting))}."]
                : [],
            lost > 0
                ? $"Up to {Figures.Count(lost, "acknowledged row was", "acknowledged rows were")} lost."
                : "No acknowledged row was lost.",
        ];
        return string.Join(" ", sentences);

        static string Of(DrillVariant variant) => $"{Figures.Seconds(variant.Summary.RtoMedian)} ({variant.Setting})";
    }
}
