using System.Globalization;
using System.Text;
using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>Rows acknowledged, as an area of steps; those that were lost have a colour and an edge of their own. The
/// time without any is shaded. Above the area both are measured.</summary>
internal static class WritesLane
{
    private const double Strip = 20;

    internal static void Draw(Drawing drawing)
    {
        var series = drawing.Run.Series;
        var isMeasured = GapOf(drawing.Run) is not null || LostOf(drawing.Run) is not null;
        var top = drawing.Y + (isMeasured ? Strip : 6);
        var bottom = top + drawing.Size.WritesHeight;
        var most = series.Acknowledged.DefaultIfEmpty(0).Max();
        var head = Round(series.Step > 0 ? most / series.Step : most);
        Measures(drawing, top, bottom);
        Scale(drawing, top, bottom, head);
        if (series.Step > 0 && most > 0)
        {
            var scale = (bottom - top) / (head * series.Step);
            var lost = LostOf(drawing.Run);
            bool IsLost(double from, double to) => lost is not null && from <= lost.To && to >= lost.From;
            drawing.Shapes.Path("tl-rows", Area(drawing, bottom, scale, (from, to) => !IsLost(from, to)));
            drawing.Explain("rows", "rows acknowledged");
            if (lost is not null)
            {
                drawing.Shapes.Path("tl-lost", Area(drawing, bottom, scale, IsLost), lost.Long);
                drawing.Explain("lost", "among these: rows that are lost");
            }
        }

        drawing.Y = bottom + 8;
    }

    // The time without writes, and that from which rows are lost: how long it was, above all.
    private static void Measures(Drawing drawing, double top, double bottom)
    {
        if (GapOf(drawing.Run) is { } gap)
        {
            var (x, width) = drawing.Time.Of(gap.From, gap.To, 2);
            drawing.Back.Rect("tl-gap", x, top, width, bottom - top, gap.Long);
            drawing.Explain("gap", "nothing could be written");
        }

        Measured[] all = [.. new[] { GapOf(drawing.Run), LostOf(drawing.Run) }.OfType<Measured>()];
        List<Stretch> lines =
        [
            .. all.Select(m => drawing.Time.Of(m.From, m.To, 2)).Select(l => new Stretch(l.X - 2, l.X + l.Width + 2)),
        ];
        var words = new List<Stretch>();
        foreach (var what in all)
        {
            Measure(drawing, what, top - (Strip / 2) + 1, lines, words);
        }
    }

    private static void Measure(Drawing drawing, Measured what, double y, List<Stretch> lines, List<Stretch> words)
    {
        var (x, width) = drawing.Time.Of(what.From, what.To, 2);
        var (text, left) = Words(drawing, what, lines, words);
        var wide = TextWidth.Of(text, Drawing.Bold);
        if (text.Length > 0)
        {
            drawing.Texts.Text("tl-gap-text", left, y + 4, text);
            words.Add(new(left, left + wide));
        }

        // Not through the words.
        const double air = 4;
        var isInside = text.Length > 0 && left > x && left < x + width;
        drawing.Lines.Line("tl-measure", x, y, isInside ? left - air : x + width, y);
        drawing.Lines.Line("tl-measure", isInside ? left + wide + air : x, y, x + width, y);
        drawing.Lines.Line("tl-measure", x, y - 5, x, y + 5);
        drawing.Lines.Line("tl-measure", x + width, y - 5, x + width, y + 5);
    }

    // Inside the stretch, after it, or before it; in few words where there is no place for many.
    private static (string Text, double Left) Words(
        Drawing drawing,
        Measured what,
        List<Stretch> lines,
        List<Stretch> words
    )
    {
        const double air = 6;
        var (x, width) = drawing.Time.Of(what.From, what.To, 2);
        foreach (var text in (string[])[what.Long, what.Short])
        {
            var wide = TextWidth.Of(text, Drawing.Bold);
            bool IsFree(double left, IEnumerable<Stretch> taken) => taken.All(t => left > t.To || left + wide < t.From);

            var middle = x + ((width - wide) / 2);
            if (wide + (4 * air) <= width && IsFree(middle, words))
            {
                return (text, middle);
            }

            foreach (var left in (double[])[x + width + air, x - air - wide])
            {
                var isInPicture = left >= drawing.Size.Gutter && left + wide <= drawing.Size.Width;
                if (isInPicture && IsFree(left, [.. lines, .. words]))
                {
                    return (text, left);
                }
            }
        }

        return ("", x);
    }

    private static Measured? GapOf(DrillRun run) =>
        run.Rto switch
        {
            { Never: true, From: { } from } => new(from, run.To, "writes never came back", "never back"),
            { From: { } from, To: { } to } => new(
                from,
                to,
                $"no writes for {Figures.Seconds(run.Rto.Service)}",
                Figures.Seconds(run.Rto.Service)
            ),
            _ => null,
        };

    private static Measured? LostOf(DrillRun run) =>
        run.Rpo is { LostAcknowledged: > 0 and var rows, First: { } first, Last: { } last }
            ? new(
                first,
                last,
                $"{Figures.Count(rows, "row", "rows")} lost ({Figures.Seconds(last - first)})",
                $"{Figures.Count(rows)} lost"
            )
            : null;

    private static void Scale(Drawing drawing, double top, double bottom, double head)
    {
        drawing.Name("rows/s", bottom - 4);
        foreach (var (y, value) in ((double, double)[])[(top, head), ((top + bottom) / 2, head / 2)])
        {
            drawing.Back.Line("tl-grid", drawing.Time.Left, y, drawing.Time.Right, y);
            drawing.Name(value.ToString("#,0.##", CultureInfo.InvariantCulture), y + 4, "tl-scale");
        }

        drawing.Shapes.Line("tl-base", drawing.Time.Left, bottom, drawing.Time.Right, bottom);
    }

    /// <summary>The outline of those stretches that belong to it; neighbours of the same height are one.</summary>
    private static string Area(Drawing drawing, double bottom, double scale, Func<double, double, bool> belongs)
    {
        var (series, run) = (drawing.Run.Series, drawing.Run);
        var number = SvgText.Number;
        var path = new StringBuilder();
        var (height, end) = (0, run.From);
        for (var i = 0; i <= series.Acknowledged.Count; i++)
        {
            var from = run.From + (i * series.Step);
            var isPart = i < series.Acknowledged.Count && from < run.To && belongs(from, from + series.Step);
            var rows = isPart ? Math.Max(0, series.Acknowledged[i]) : 0;
            if (rows != height)
            {
                path.Append(
                    height > 0 ? $"H{number(drawing.Time.X(end))}" : $"M{number(drawing.Time.X(from))} {number(bottom)}"
                );
                path.Append($"V{number(bottom - (rows * scale))}").Append(rows == 0 ? "z" : "");
            }

            (height, end) = (rows, from + series.Step);
        }

        return path.ToString();
    }

    /// <summary>A round number at or above it, for the scale's head.</summary>
    private static double Round(double number)
    {
        if (number <= 0)
        {
            return 1;
        }

        var magnitude = Math.Pow(10, Math.Floor(Math.Log10(number)));
        double[] heads = [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10];
        return heads.Select(h => h * magnitude).First(h => h >= number * 0.999);
    }

    /// <summary>A stretch of time and what is to be said of it.</summary>
    private sealed record Measured(double From, double To, string Long, string Short);
}
