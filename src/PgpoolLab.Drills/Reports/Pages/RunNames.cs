using System.Globalization;
using PgpoolLab.Drills.Reports.Pictures;
using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;
using PgpoolLab.Provisioning.Configuration;
using Scriban.Runtime;

namespace PgpoolLab.Drills.Reports.Pages;

/// <summary>A run, as a template can name it: <c>run</c>.</summary>
internal static class RunNames
{
    /// <param name="run">The run.</param>
    /// <param name="id">A name that nothing else in the page has.</param>
    internal static ScriptObject Of(DrillRun run, string id) =>
        new StrictObject("run")
        {
            ["id"] = id,
            ["number"] = run.Number,
            ["sentence"] = Names.Text(run.Sentence),
            ["verdict"] = Names.Of(Verdict.Of(run)),
            ["picture_wide"] = Timeline.InPage(run, PictureSize.Wide, $"{id}-wide"),
            ["picture_narrow"] = Timeline.InPage(run, PictureSize.Narrow, $"{id}-narrow"),
            ["noisy"] = run.Noisy,
            ["noise_floor"] = Figures.Seconds(run.Rto.NoiseFloor),
            ["not_judged"] = new ScriptArray(run.NotJudged.Select(n => Names.Short(n))),
            ["why"] = Why(run),
            ["steps"] = Steps(run),
            ["expectations"] = Expectations(run),
            ["ledger"] = Ledger(run),
            ["clients"] = Clients(run),
            ["lost_samples"] = new ScriptArray(run.Rpo.Samples.Select(s => Names.Short(s, 120))),
            ["errors"] = Errors(run),
            ["sequence"] = Sequence(run),
        };

    private static ScriptArray Why(DrillRun run)
    {
        var all = run.Why.Sum(w => Math.Max(0, w.To - w.From));
        return Names.List(
            run.Why.Select((part, i) => (part, i)),
            p => new StrictObject("why")
            {
                ["number"] = p.i + 1,
                ["shade"] = p.i % 6,
                ["what"] = Names.Short(p.part.What, 120),
                ["from"] = Figures.Moment(p.part.From),
                ["seconds"] = Figures.Fixed(p.part.To - p.part.From),
                ["share"] = Share(p.part, all).ToString("0.#", CultureInfo.InvariantCulture),
                ["percent"] = Percent(Share(p.part, all)),
                ["has_room"] = Share(p.part, all) >= 6,
            }
        );
    }

    private static double Share(WhyPart part, double all) => all > 0 ? Math.Max(0, part.To - part.From) / all * 100 : 0;

    private static string Percent(double share) =>
        share is > 0 and < 0.5 ? "&lt; 1" : share.ToString("0", CultureInfo.InvariantCulture);

    private static ScriptArray Steps(DrillRun run) =>
        Names.List(
            run.Steps.Select((step, i) => (step, i)),
            s => new StrictObject("step")
            {
                ["number"] = s.i + 1,
                ["kind"] = s.step.Kind is "fault" or "heal" ? s.step.Kind : "other",
                ["at"] = Figures.Moment(s.step.At),
                ["what"] = Names.Short($"{s.step.Verb} {s.step.Asked}".TrimEnd(), 200),
                ["was"] = s.step.Was is { } was && was != s.step.Asked ? Names.Short(was, 120) : "",
                ["took"] = Figures.Took(s.step.Took),
                ["failed"] = s.step.Failed is { } failed ? Names.Short(failed) : "",
            }
        );

    private static ScriptArray Expectations(DrillRun run) =>
        Names.List(
            run.Expectations,
            e => new StrictObject("expectation")
            {
                ["what"] = Names.Short(e.What, 120),
                ["seen"] = Names.Short(e.Seen, 120),
                ["holds"] = e.Holds,
            }
        );

    private static ScriptArray Ledger(DrillRun run)
    {
        var (ledger, isPart) = (run.Ledger, run.NotJudged.Count > 0);
        (string What, string Count, string Tone)[] lines =
        [
            ("Attempts to write", Figures.Count(ledger.Attempts), ""),
            ("acknowledged", Figures.Count(ledger.Acknowledged), "part"),
            ("refused", Figures.Count(ledger.Refused), "part"),
            ("not sent: no connection", Figures.Count(ledger.NotSent), "part"),
            ("unknown: sent, and no answer came", Figures.Count(ledger.Unknown), "part"),
            ("Acknowledged and lost", Judged(run.Rpo.LostAcknowledged, isPart), Bad(run.Rpo.LostAcknowledged)),
            ("Seconds of writing lost", Figures.Fixed(run.Rpo.LostSeconds), Bad(run.Rpo.LostAcknowledged)),
            ("Unknown, and there", Judged(ledger.UnknownPresent, isPart), ""),
            ("Rows written twice", Judged(ledger.Doubled, isPart), Bad(ledger.Doubled)),
            ("Refused, and yet there", Judged(ledger.RefusedPresent, isPart), Bad(ledger.RefusedPresent)),
            ("Only on another node that takes writes", Judged(ledger.OnlyElsewhere, isPart), Bad(ledger.OnlyElsewhere)),
            (
                "Reads that missed the client's own row",
                $"{Figures.Count(ledger.StaleReads)} of {Figures.Count(ledger.Reads)}",
                ledger.StaleReads > 0 ? "warn"
                : ledger.Reads > 0 ? ""
                : "zero"
            ),
        ];
        return Names.List(
            lines,
            l => new StrictObject("line")
            {
                ["what"] = Names.Text(l.What),
                ["count"] = Names.Text(l.Count),
                ["tone"] = l is { Tone: "", Count: "0" or "0.00" } ? "zero" : l.Tone,
            }
        );
    }

    /// <summary>A count that a node which could not be read may make larger.</summary>
    internal static string Judged(int count, bool isPart) =>
        !isPart ? Figures.Count(count)
        : count > 0 ? $"at least {Figures.Count(count)}"
        : "not judged";

    private static string Bad(int count) => count > 0 ? "bad" : "";

    private static StrictObject? Clients(DrillRun run) =>
        run.Rto.Clients is { } clients
            ? new StrictObject("clients")
            {
                ["p50"] = Figures.Fixed(clients.P50),
                ["p95"] = Figures.Fixed(clients.P95),
                ["p99"] = Figures.Fixed(clients.P99),
                ["max"] = Figures.Fixed(clients.Max),
            }
            : null;

    private static ScriptArray Errors(DrillRun run) =>
        Names.List(
            run.Errors,
            e => new StrictObject("error")
            {
                ["outcome"] = Names.Text(e.Outcome.Replace('-', ' ')),
                ["sqlstate"] = e.Sqlstate is { } code ? Names.Short(code, 12) : "",
                ["text"] = Names.Short(e.Text),
                ["count"] = Figures.Count(e.Count),
                ["clients"] = Figures.Count(e.Clients),
                ["first"] = Figures.Moment(e.First),
            }
        );

    /// <summary>Steps and events in one order.</summary>
    private static ScriptArray Sequence(DrillRun run) =>
        Names.List(
            run.Steps.Select(s => (s.At, Source: "drill", Text: StepRow.Text(s), Kind: "step"))
                .Concat(run.Events.Select(e => (e.At, e.Source, e.Text, e.Kind)))
                .OrderBy(e => e.At),
            e => new StrictObject("event")
            {
                ["at"] = Figures.Moment(e.At),
                ["source"] = Names.Short(e.Source, 40),
                ["text"] = Names.Short(e.Text),
                ["kind"] = Names.Short(e.Kind, 40),
                ["is_step"] = e.Kind == "step",
            }
        );
}
