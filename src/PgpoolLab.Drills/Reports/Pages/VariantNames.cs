using System.Globalization;
using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;
using PgpoolLab.Provisioning.Configuration;
using Scriban.Runtime;

namespace PgpoolLab.Drills.Reports.Pages;

/// <summary>The runs with the same settings, as a template can name them: <c>variant</c>.</summary>
internal static class VariantNames
{
    /// <param name="variant">The runs.</param>
    /// <param name="id">A name that nothing else in the page has.</param>
    /// <param name="drawsAll">Whether every run gets a picture, or the most telling one alone.</param>
    internal static ScriptObject Of(DrillVariant variant, string id, bool drawsAll)
    {
        var shown = RunChoice.MostTelling(variant.Runs);
        return new StrictObject("variant")
        {
            ["id"] = id,
            ["setting"] = variant.Setting is { } setting ? Names.Short(setting, 200) : "",
            ["sentence"] = Names.Text(Sentences.Of(variant)),
            ["verdict"] = Names.Of(Verdict.Of(variant.Runs)),
            ["figures"] = FiguresOf(variant, shown),
            ["run"] = shown is null ? null : RunNames.Of(shown, $"{id}-run-{shown.Number}"),
            ["others"] = Names.List(
                drawsAll ? variant.Runs.Where(r => !ReferenceEquals(r, shown)) : [],
                r => RunNames.Of(r, $"{id}-run-{r.Number}")
            ),
            ["runs"] = Names.List(variant.Runs, r => Line(r, ReferenceEquals(r, shown))),
            ["count"] = variant.Runs.Count,
            ["noisy"] = variant.Runs.Count(r => r.Noisy),
            ["settings"] = Names.List(
                variant.Lab.Settings.OrderBy(s => s.Key, StringComparer.Ordinal),
                s => new StrictObject("setting")
                {
                    ["key"] = Names.Short(s.Key, 120),
                    ["value"] = Names.Short(s.Value, 200),
                }
            ),
            ["lab"] = Names.Text(LabOf(variant.Lab)),
            ["load"] = Names.Text(LoadOf(variant.Load)),
        };
    }

    private static string LabOf(LabFacts lab) =>
        $"mode {lab.Mode}, {Figures.Count(lab.Nodes, "node", "nodes")}, "
        + $"{Figures.Count(lab.Pgpools, "Pgpool-II", "Pgpool-IIs")}";

    private static string LoadOf(LoadFacts load) =>
        $"{load.Kind}, {Figures.Count(load.Clients, "client", "clients")}, "
        + $"{load.Rate.ToString("#,0.##", CultureInfo.InvariantCulture)} statements a second in all";

    /// <summary>The four numbers that matter.</summary>
    private static ScriptArray FiguresOf(DrillVariant variant, DrillRun? shown)
    {
        if (shown is null)
        {
            return [];
        }

        var (runs, summary) = (variant.Runs, variant.Summary);
        var isMany = runs.Count > 1;
        var never = runs.Count(r => r.Rto.Never);
        var isPart = runs.Any(r => r.NotJudged.Count > 0);
        var lost = runs.OrderByDescending(r => r.Rpo.LostAcknowledged).First();
        var none = runs.Max(r => r.NoPrimaryFor);
        return Names.List(
            (Figure[])
                [
                    new(
                        isMany ? "Without writes, at worst" : "Without writes",
                        never > 0 ? "never back" : Figures.Seconds(summary.RtoWorst),
                        (never, isMany) switch
                        {
                            (> 0, true) => $"in {never} of {runs.Count} runs",
                            (_, true) => $"median {Figures.Seconds(summary.RtoMedian)} of {runs.Count} runs",
                            _ => $"longest pause before: {Figures.Seconds(shown.Rto.NoiseFloor)}",
                        },
                        never > 0 ? "bad" : ""
                    ),
                    new(
                        "Acknowledged rows lost",
                        RunNames.Judged(summary.LostWorst, isPart),
                        lost.Rpo.LostAcknowledged > 0
                            ? $"{Figures.Seconds(lost.Rpo.LostSeconds)} of writing"
                            : $"of {Figures.Count(shown.Ledger.Acknowledged)} acknowledged",
                        summary.LostWorst > 0 ? "bad" : ""
                    ),
                    new(
                        "Rows written twice",
                        RunNames.Judged(summary.DoubledWorst, isPart),
                        $"{Figures.Count(shown.Ledger.Unknown, "outcome", "outcomes")} unknown to the client",
                        summary.DoubledWorst > 0 ? "warn" : ""
                    ),
                    new(
                        "Two primaries",
                        Figures.Seconds(summary.TwoPrimariesWorst),
                        $"no primary for {Figures.Seconds(none)}",
                        summary.TwoPrimariesWorst > 0 ? "warn" : ""
                    ),
                ],
            f => new StrictObject("figure")
            {
                ["label"] = Names.Text(f.Label),
                ["value"] = Names.Text(f.Value),
                ["note"] = Names.Text(f.Note),
                ["tone"] = f.Tone,
            }
        );
    }

    private static StrictObject Line(DrillRun run, bool isShown) =>
        new StrictObject("line")
        {
            ["number"] = run.Number,
            ["shown"] = isShown,
            ["verdict"] = Names.Of(Verdict.Of(run)),
            ["rto"] = run.Rto.Never ? "never" : Figures.Fixed(run.Rto.Service),
            ["client_p50"] = Figures.Fixed(run.Rto.Clients?.P50),
            ["client_max"] = Figures.Fixed(run.Rto.Clients?.Max),
            ["lost"] = RunNames.Judged(run.Rpo.LostAcknowledged, run.NotJudged.Count > 0),
            ["twice"] = RunNames.Judged(run.Ledger.Doubled, run.NotJudged.Count > 0),
            ["two_primaries"] = Figures.Fixed(run.TwoPrimariesFor),
            ["noisy"] = run.Noisy,
            ["failed"] = run.Expectations.Count(e => !e.Holds),
            ["expectations"] = run.Expectations.Count,
        };

    private sealed record Figure(string Label, string Value, string Note, string Tone);
}
