using System.Globalization;
using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;
using PgpoolLab.Provisioning.Configuration;
using Scriban.Runtime;

namespace PgpoolLab.Drills.Reports.Pages;

/// <summary>A line of a table that compares drills, or the values of a matrix.</summary>
internal static class ComparedNames
{
    /// <summary>Of drills: a line for each, or for each of its values.</summary>
    internal static ScriptArray OfDrills(IReadOnlyList<DrillResult> results)
    {
        var longest = Longest(results.SelectMany(r => r.Variants));
        return new ScriptArray(
            results.SelectMany(
                (result, i) =>
                    result.Variants.Select(
                        (v, n) => Of(v, result.Drill, n == 0 ? result.Title : "", PageIds.Of(i, n, result), longest)
                    )
            )
        );
    }

    /// <summary>Of the values of one drill's matrix.</summary>
    internal static ScriptArray OfValues(DrillResult result, int index)
    {
        var longest = Longest(result.Variants);
        return new ScriptArray(
            result.Variants.Select((v, n) => Of(v, v.Setting ?? "", "", PageIds.Of(index, n, result), longest))
        );
    }

    private static StrictObject Of(DrillVariant variant, string name, string title, string id, double longest)
    {
        var (runs, summary) = (variant.Runs, variant.Summary);
        var isPart = runs.Any(r => r.NotJudged.Count > 0);
        var isNever = runs.Any(r => r.Rto.Never);
        var share = isNever ? 100 : (summary.RtoWorst ?? 0) / longest * 100;
        return new StrictObject("line")
        {
            ["name"] = Names.Short(name, 200),
            ["title"] = Names.Short(title, 200),
            ["setting"] = name == variant.Setting ? "" : Names.Short(variant.Setting ?? "", 200),
            ["is_setting"] = name == variant.Setting,
            ["id"] = id,
            ["verdict"] = Names.Of(Verdict.Of(runs)),
            ["runs"] = runs.Count,
            ["median"] = summary.RtoMedian is null && isNever ? "never" : Figures.Fixed(summary.RtoMedian),
            ["worst"] = isNever ? "never" : Figures.Fixed(summary.RtoWorst),
            ["share"] = Math.Clamp(share, 0, 100).ToString("0.#", CultureInfo.InvariantCulture),
            ["never"] = isNever,
            ["lost"] = RunNames.Judged(summary.LostWorst, isPart),
            ["has_lost"] = summary.LostWorst > 0,
            ["twice"] = RunNames.Judged(summary.DoubledWorst, isPart),
            ["has_twice"] = summary.DoubledWorst > 0,
            ["two_primaries"] = Figures.Fixed(summary.TwoPrimariesWorst),
            ["has_two"] = summary.TwoPrimariesWorst > 0,
            ["noisy"] = runs.Count(r => r.Noisy),
            ["holds"] = summary.Holds,
            ["expects"] = runs.Any(r => r.Expectations.Count > 0),
        };
    }

    private static double Longest(IEnumerable<DrillVariant> variants) =>
        Math.Max(0.01, variants.Select(v => v.Summary.RtoWorst ?? 0).DefaultIfEmpty(0).Max());
}
