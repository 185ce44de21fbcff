using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>Draws a run: what was done, what each node was, what logs told, rows acknowledged, how long they took, and
/// what each client lived through, over one axis of seconds since the fault. The same run is always the same text;
/// every text in it is escaped.</summary>
public static class Timeline
{
    /// <summary>More steps than this have faint lines: else one would see nothing else.</summary>
    private const int Many = 12;

    /// <summary>A whole SVG file, for a wide place; with <paramref name="narrow"/> for one of some 370
    /// pixels.</summary>
    /// <param name="run">What is drawn.</param>
    /// <param name="narrow">For a telephone.</param>
    public static string File(DrillRun run, bool narrow = false) =>
        Draw(run, narrow ? PictureSize.Narrow : PictureSize.Wide, "timeline", $"<style>{Style}</style>\n");

    /// <summary>For a page that has <see cref="Style"/>: the picture for one width.</summary>
    /// <param name="run">What is drawn.</param>
    /// <param name="size">For how wide a place.</param>
    /// <param name="id">A name that no other picture of the page has.</param>
    internal static string InPage(DrillRun run, PictureSize size, string id) => Draw(run, size, id, "");

    private static string Draw(DrillRun run, PictureSize size, string id, string style)
    {
        var drawing = new Drawing(run, size, id);
        StepRow.Draw(drawing);
        var top = drawing.Y;
        NodeLanes.Draw(drawing);
        EventRows.Draw(drawing);
        WritesLane.Draw(drawing);
        LatencyLane.Draw(drawing);
        ClientLanes.Draw(drawing);
        StepRow.Lines(drawing, top, drawing.Y + 2);
        TimeAxis.Draw(drawing, top);
        Legends.Draw(drawing);
        var (width, height) = (SvgText.Number(size.Width), SvgText.Number(drawing.Y));
        return $"<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tl tl-of-{size.Name}\" role=\"img\" "
            + $"width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" "
            + $"aria-labelledby=\"{id}-title {id}-desc\">\n"
            + $"<title id=\"{id}-title\">{Text($"Run {run.Number}, from {Figures.Moment(run.From)} to "
                + $"{Figures.Moment(run.To)}")}</title>\n"
            + $"<desc id=\"{id}-desc\">{Text(TimelineWords.Of(run))}</desc>\n"
            + style
            + $"<g class=\"tl-back\">\n{drawing.Back}</g>\n"
            + $"<g>\n{drawing.Shapes}</g>\n"
            + $"<g class=\"{(run.Steps.Count > Many ? "tl-lines tl-many" : "tl-lines")}\">\n{drawing.Lines}</g>\n"
            + $"<g class=\"tl-texts\">\n{drawing.Texts}</g>\n</svg>\n";
    }

    private static string Text(string text) => ShownText.Escape(ShownText.Line(text));

    /// <summary>Colours and fonts of all pictures: light and dark, on screen and on paper. Orange, green, blue and
    /// purple of these lightnesses differ for every kind of colour blindness, and no meaning has a colour
    /// alone.</summary>
    public const string Style = """
        .tl{--tl-paper:#fff;--tl-ink:#1a2230;--tl-soft:#5a6575;--tl-grid:#e4e8ee;--tl-base:#9aa5b4;
        --tl-primary:#1f5c9e;--tl-on-primary:#fff;--tl-standby:#d5e4f4;--tl-edge:#8db0d6;
        --tl-down:#f0f1f4;--tl-down-edge:#a3acb9;--tl-hung:#fbe6b4;--tl-hung-edge:#c08a1e;
        --tl-rows:#6c9fd3;--tl-lost:#f2b394;--tl-gap:#fbe9e1;--tl-fault:#c2410c;--tl-heal:#0b7a5c;
        --tl-two:#86308c;--tl-latency:#5a6575;
        font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;
        font-variant-numeric:tabular-nums;background:var(--tl-paper)}
        @media screen and (prefers-color-scheme:dark){.tl{--tl-paper:#151a22;--tl-ink:#e8ecf2;--tl-soft:#9ba7b7;
        --tl-grid:#28303c;--tl-base:#5b6778;--tl-primary:#5596da;--tl-on-primary:#06101d;--tl-standby:#22344a;
        --tl-edge:#47698f;--tl-down:#1d232d;--tl-down-edge:#5b6778;--tl-hung:#4a3a12;--tl-hung-edge:#d9a53a;
        --tl-rows:#4a82bb;--tl-lost:#8f4a2a;--tl-gap:#3a241c;--tl-fault:#ff8a57;--tl-heal:#4ccba6;
        --tl-two:#dc8fe0;--tl-latency:#9ba7b7}}
        @media print{.tl{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
        .tl text{fill:var(--tl-ink)}
        .tl-lines{pointer-events:none}.tl-many{opacity:.4}
        .tl .tl-name,.tl .tl-scale,.tl .tl-end{text-anchor:end}.tl .tl-tick,.tl .tl-middle,.tl .tl-badge-text{
        text-anchor:middle}
        .tl .tl-name,.tl .tl-scale,.tl .tl-tick,.tl .tl-legend{fill:var(--tl-soft);font-size:11px}
        .tl .tl-event-text,.tl .tl-two-text{font-size:11px}
        .tl .tl-event-text,.tl .tl-gap-text,.tl .tl-two-text{paint-order:stroke;stroke:var(--tl-paper);
        stroke-width:3px;stroke-linejoin:round}
        .tl .tl-step,.tl .tl-gap-text{font-weight:600}
        .tl .tl-badge-text{font-size:10px;font-weight:700}
        .tl-grid{stroke:var(--tl-grid)}.tl-zero{stroke:var(--tl-base)}.tl-base{stroke:var(--tl-base)}
        .tl-primary{fill:var(--tl-primary)}.tl .tl-primary-text{fill:var(--tl-on-primary);font-weight:600}
        .tl-standby{fill:var(--tl-standby);stroke:var(--tl-edge)}
        .tl-down{fill:var(--tl-down)}.tl-down-edge{fill:none;stroke:var(--tl-down-edge)}
        .tl-hung{fill:var(--tl-hung)}.tl-hung-edge{fill:none;stroke:var(--tl-hung-edge);stroke-width:1.5px}
        .tl-unknown-state{fill:none;stroke:var(--tl-base);stroke-dasharray:2 2}
        .tl .tl-down-text,.tl .tl-hung-text{paint-order:stroke;stroke-width:4px;stroke-linejoin:round}
        .tl .tl-down-text{stroke:var(--tl-down)}.tl .tl-hung-text{stroke:var(--tl-hung)}
        .tl .tl-primary-text,.tl .tl-standby-text,.tl .tl-down-text,.tl .tl-hung-text,
        .tl .tl-unknown-state-text{font-size:11px}
        .tl-two{fill:none;stroke:var(--tl-two);stroke-width:2px}.tl .tl-two-text{fill:var(--tl-two);font-weight:600}
        .tl-event{fill:var(--tl-soft)}
        .tl-rows{fill:var(--tl-rows)}
        .tl-lost{fill:var(--tl-lost);stroke:var(--tl-fault);stroke-width:1.5px}
        .tl-gap{fill:var(--tl-gap)}.tl .tl-gap-text{fill:var(--tl-fault)}
        .tl-measure{stroke:var(--tl-fault)}
        .tl-latency{fill:none;stroke:var(--tl-latency);stroke-width:1.25px}
        .tl-alive{stroke:var(--tl-rows);stroke-width:2px}
        .tl-pause{fill:var(--tl-paper);stroke:var(--tl-rows)}
        .tl-unknown,.tl-refused,.tl-not-sent{fill:none;stroke-width:1.5px}
        .tl-unknown{stroke:var(--tl-fault)}.tl-refused{stroke:var(--tl-two)}.tl-not-sent{stroke:var(--tl-soft)}
        .tl-fault-line{stroke:var(--tl-fault);stroke-width:1.5px}
        .tl-heal-line{stroke:var(--tl-heal);stroke-width:1.5px;stroke-dasharray:5 3}
        .tl-other-line{stroke:var(--tl-soft);stroke-dasharray:1 3}
        .tl-fault-badge{fill:var(--tl-fault)}.tl .tl-fault-text{fill:var(--tl-paper)}
        .tl-heal-badge,.tl-other-badge{fill:var(--tl-paper);stroke-width:1.5px}
        .tl-heal-badge{stroke:var(--tl-heal)}.tl-other-badge{stroke:var(--tl-soft)}

        """;
}
