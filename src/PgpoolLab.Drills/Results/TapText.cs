using System.Globalization;
using System.Text;

namespace PgpoolLab.Drills.Results;

/// <summary>Results in the Test Anything Protocol.</summary>
/// <remarks>TAP version 14, testanything.org.</remarks>
public static class TapText
{
    /// <summary>A test point for each run.</summary>
    public static string Of(IReadOnlyList<DrillResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        var points = results
            .SelectMany(r => r.Variants.SelectMany(v => v.Runs.Select(run => (r.Drill, v.Setting, Run: run))))
            .ToArray();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"TAP version 14\n1..{points.Length}\n");
        for (var i = 0; i < points.Length; i++)
        {
            var (drill, setting, run) = points[i];
            text.Append(DrillSummaries.Holds(run) ? "ok " : "not ok ")
                .Append(CultureInfo.InvariantCulture, $"{i + 1} - {Escaped(drill)}")
                .Append(setting is null ? "" : $", {Escaped(setting)}")
                .Append(CultureInfo.InvariantCulture, $", run {run.Number}\n")
                .Append(CultureInfo.InvariantCulture, $"# {Line(run.Sentence)}\n");
            foreach (var (what, seen) in JunitXml.Broken(run))
            {
                text.Append(CultureInfo.InvariantCulture, $"# expected {Line(what)}; it is {Line(seen)}\n");
            }
        }

        return text.ToString();
    }

    private static string Escaped(string text) =>
        Line(text).Replace("\\", "\\\\", StringComparison.Ordinal).Replace("#", "\\#", StringComparison.Ordinal);

    private static string Line(string text) => text.ReplaceLineEndings(" ");
}
