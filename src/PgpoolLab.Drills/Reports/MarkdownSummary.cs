using System.Text;
using PgpoolLab.Drills.Reports.Pages;
using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports;

/// <summary>Drills as a table of GitHub's Markdown, for <c>$GITHUB_STEP_SUMMARY</c>.</summary>
public static class MarkdownSummary
{
    private const string Special = "\\`*_[]|~$#";

    /// <summary>A table with a line for each drill, or for each value of its matrix; what does not hold; and how to
    /// measure the same again.</summary>
    /// <param name="results">The drills, in the order of the table.</param>
    public static string Of(IReadOnlyList<DrillResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var text = new StringBuilder();
        var failed = results.Count(r => !r.Holds);
        text.Append("### ").Append(Figures.Count(results.Count, "drill", "drills"));
        text.Append(failed == 0 ? ": as expected\n\n" : $": {failed} not as expected\n\n");
        if (results is [var only])
        {
            text.Append(Text(Sentences.Of(only))).Append("\n\n");
        }

        text.Append("| Drill | Verdict | Without writes (median) | (worst) | Lost | Twice | Two primaries | Holds |\n");
        text.Append("|---|---|--:|--:|--:|--:|--:|:-:|\n");
        foreach (var result in results)
        {
            foreach (var variant in result.Variants)
            {
                Line(text, result, variant);
            }
        }

        Failures(text, results);
        text.Append("\nRepeat ").Append(results.Count == 1 ? "it:\n" : "them:\n").Append("\n```sh\n");
        foreach (var result in results)
        {
            text.Append(DrillNames.Command(result)).Append('\n');
        }

        return text.Append("```\n").ToString();
    }

    private static void Line(StringBuilder text, DrillResult result, DrillVariant variant)
    {
        var (runs, summary) = (variant.Runs, variant.Summary);
        var isPart = runs.Any(r => r.NotJudged.Count > 0);
        var isNever = runs.Any(r => r.Rto.Never);
        var noisy = runs.Count(r => r.Noisy);
        string[] cells =
        [
            Text(result.Drill) + (variant.Setting is { } setting ? $"<br>{Text(setting)}" : ""),
            Text(Verdict.Of(runs).Text) + (noisy > 0 ? $"<br>noisy: {noisy} of {runs.Count}" : ""),
            summary.RtoMedian is null && isNever ? "never" : Figures.Seconds(summary.RtoMedian),
            isNever ? "never" : Figures.Seconds(summary.RtoWorst),
            RunNames.Judged(summary.LostWorst, isPart),
            RunNames.Judged(summary.DoubledWorst, isPart),
            Figures.Seconds(summary.TwoPrimariesWorst),
            runs.All(r => r.Expectations.Count == 0) ? Figures.None
            : summary.Holds ? "yes"
            : "**no**",
        ];
        text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
    }

    private static void Failures(StringBuilder text, IReadOnlyList<DrillResult> results)
    {
        var failures =
            from result in results
            from variant in result.Variants
            from run in variant.Runs
            from expectation in run.Expectations
            where !expectation.Holds
            let which = variant.Setting is { } setting ? $"{result.Drill}, {setting}" : result.Drill
            select $"- {Text(which)}, run {run.Number}: {Text(expectation.What)}; seen: {Text(expectation.Seen)}\n";
        const int most = 50;
        string[] lines = [.. failures];
        if (lines.Length > 0)
        {
            text.Append("\nWhat does not hold:\n\n").AppendJoin("", lines.Take(most));
            text.Append(lines.Length > most ? $"- and {lines.Length - most} more\n" : "");
        }
    }

    /// <summary>A text that Markdown and its HTML take for nothing but text.</summary>
    private static string Text(string text)
    {
        var plain = new StringBuilder();
        foreach (var c in ShownText.Cut(ShownText.Line(text), 300))
        {
            _ = c switch
            {
                '<' => plain.Append("&lt;"),
                '>' => plain.Append("&gt;"),
                '&' => plain.Append("&amp;"),
                _ when IsSpecial(c) => plain.Append('\\').Append(c),
                _ => plain.Append(c),
            };
        }

        return plain.ToString();
    }

    private static bool IsSpecial(char c) => Special.Contains(c, StringComparison.Ordinal);
}
