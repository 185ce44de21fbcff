using PgpoolLab.Drills.Reports.Pages;
using PgpoolLab.Drills.Reports.Pictures;
using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using Scriban.Runtime;

namespace PgpoolLab.Drills.Reports;

/// <summary>The report of drills: one HTML file that needs nothing else, no network and no script. It is made of the
/// templates <c>drill/…</c>.</summary>
/// <param name="templates">Where templates come from.</param>
/// <param name="programVersion">This program's version.</param>
public sealed class DrillPage(TemplateStore templates, string programVersion)
{
    private readonly TemplateEngine _engine = new(templates);

    /// <summary>The page of one drill, or of several, which it compares.</summary>
    /// <param name="results">The drills, in the order of the page.</param>
    /// <exception cref="LabException">A template has an error.</exception>
    public string Render(IReadOnlyList<DrillResult> results)
    {
        ArgumentNullException.ThrowIfNull(results);
        return _engine.Render(
            "drill/report.html",
            new ScriptObject
            {
                ["program"] = new StrictObject("program") { ["version"] = Names.Text(programVersion) },
                ["page"] = Page(results),
            }
        );
    }

    private static StrictObject Page(IReadOnlyList<DrillResult> results)
    {
        var isMany = results.Count != 1;
        var failed = results.Count(r => !r.Holds);
        return new StrictObject("page")
        {
            ["title"] = isMany
                ? Figures.Count(results.Count, "drill", "drills")
                : Names.Short(
                    $"{results[0].Title}: {Verdict.Of([.. results[0].Variants.SelectMany(v => v.Runs)]).Text}"
                ),
            ["many"] = isMany,
            ["sentence"] =
                failed == 0
                    ? "All of them behave as expected."
                    : $"{results.Count - failed} behave as expected, {failed} "
                        + (failed == 1 ? "does not." : "do not."),
            ["timeline_style"] = Timeline.Style,
            ["lines"] = isMany ? ComparedNames.OfDrills(results) : new ScriptArray(),
            ["drills"] = new ScriptArray(results.Select((r, i) => DrillNames.Of(r, i, !isMany))),
        };
    }
}
