using System.Globalization;
using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;
using PgpoolLab.Hosts;
using PgpoolLab.Provisioning.Configuration;
using Scriban.Runtime;

namespace PgpoolLab.Drills.Reports.Pages;

/// <summary>A drill, as a template can name it: <c>drill</c>.</summary>
internal static class DrillNames
{
    /// <param name="result">The drill.</param>
    /// <param name="index">Its place in the page, from 0.</param>
    /// <param name="isAlone">Whether the page is about it alone.</param>
    internal static ScriptObject Of(DrillResult result, int index, bool isAlone)
    {
        DrillRun[] runs = [.. result.Variants.SelectMany(v => v.Runs)];
        var failed = runs.Sum(r => r.Expectations.Count(e => !e.Holds));
        return new StrictObject("drill")
        {
            ["id"] = PageIds.Of(index),
            ["name"] = Names.Short(result.Drill, 120),
            ["title"] = Names.Short(result.Title, 200),
            ["file"] = result.File is { } file ? Names.Text(file) : "",
            ["text"] = ShownText.Escape(ShownText.Lines(result.Text.TrimEnd())),
            ["started"] = result.StartedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture),
            ["tool"] = Names.Short(result.Tool, 60),
            ["postgresql"] = Names.Short(result.Versions.Postgresql, 60),
            ["pgpool"] = Names.Short(result.Versions.Pgpool, 60),
            ["cores"] = Figures.Count(result.Machine.Cores, "processor", "processors"),
            ["load"] = Figures.Plain(result.Machine.LoadBefore),
            ["sentence"] = Names.Text(Sentences.Of(result)),
            ["verdict"] = Names.Of(Verdict.Of(runs)),
            ["expects"] = runs.Any(r => r.Expectations.Count > 0),
            ["holds"] = result.Holds,
            ["failed"] = Figures.Count(failed, "expectation does not hold", "expectations do not hold"),
            ["command"] = ShownText.Escape(Command(result)),
            ["matrix"] = result.Variants.Count > 1,
            ["values"] = ComparedNames.OfValues(result, index),
            ["variants"] = new ScriptArray(
                result.Variants.Select((v, n) => VariantNames.Of(v, PageIds.Of(index, n, result), isAlone))
            ),
        };
    }

    /// <summary>What measures the same again.</summary>
    internal static string Command(DrillResult result)
    {
        var repeat = result.Variants.Select(v => v.Runs.Count).DefaultIfEmpty(1).Max();
        return $"pgpoollab drill {ShownText.Line(Shell.Quote(result.File ?? result.Drill))}"
            + (repeat > 1 ? $" --repeat {repeat}" : "");
    }
}
