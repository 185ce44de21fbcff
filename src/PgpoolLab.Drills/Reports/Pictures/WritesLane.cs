using System.Globalization;
using System.Text;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>Rows acknowledged, as an area of steps; those that were lost have a colour and an edge of their own. The
/// time without any is shaded and measured.</summary>
internal static class WritesLane
{
    internal static void Draw(Drawing drawing)
    {
        var (series, height) = (drawing.Run.Series, drawing.Size.WritesHeight);
        var (top, bottom) = (drawing.Y + 6, drawing.Y + 6 + height);
        var most = series.Acknowledged.DefaultIfEmpty(0).Max();
        var perSecond = series.Step > 0 ? most / series.Step : most;
        var head = Round(perSecond);
        Gap(drawing, top, bottom);
        Scale(drawing, top, bottom, head);
        if (series.Step > 0 && most > 0)
        {
            drawing.Shapes.Path("tl-rows", Area(drawing, bottom, height / (head * series.Step), (_, _) => true));
            drawing.Explain("rows", "rows acknowledged");
            if (drawing.Run.Rpo is { LostAcknowledged: > 0, First: { } first, Last: { } last } rpo)
            {
                drawing.Shapes.Path(
                    "tl-lost",
                    Area(drawing, bottom, height / (head * series.Step), (from, to) => from <= last && to >= first),
                    $"{Figures.Count(rpo.LostAcknowledged, "row", "rows")} acknowledged from "
                        + $"{Figures.Moment(first)} to {Figures.Moment(last)} are lost"
                );
                drawing.Explain("lost", "among these: rows that are lost");
            }
        }

        drawing.Y = bottom + 8;
    }

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

    // The time without writes: a shade, its two ends, and how long it was.
    private static void Gap(Drawing drawing, double top, double bottom)
    {
        var rto = drawing.Run.Rto;
        if (rto.From is not { } from || (rto.To is null && !rto.Never))
        {
            return;
        }

        var (x, width) = drawing.Time.Of(from, rto.To ?? drawing.Run.To, 2);
        var text = rto.Never ? "writes never came back" : $"no writes for {Figures.Seconds(rto.Service)}";
        drawing.Back.Rect("tl-gap", x, top, width, bottom - top, text);
        drawing.Explain("gap", "nothing could be written");
        var wide = TextWidth.Of(text, Drawing.Font);
        var isInside = wide + 8 <= width;
        if (isInside)
        {
            var middle = x + (width / 2);
            drawing.Texts.Text("tl-gap-text tl-middle", middle, top + 18, text);
            foreach (var (end, inwards) in ((double, double)[])[(x, 1), (x + width, -1)])
            {
                var to = middle - (inwards * ((wide / 2) + 4));
                drawing.Lines.Line("tl-measure", end, top + 14, to, top + 14);
                drawing.Lines.Line("tl-measure", end, top + 9, end, top + 19);
            }

            return;
        }

        var isAfter = x + width + 6 + wide <= drawing.Size.Width;
        if (isAfter || x - 6 - wide >= 0)
        {
            drawing.Texts.Text(
                isAfter ? "tl-gap-text" : "tl-gap-text tl-end",
                isAfter ? x + width + 6 : x - 6,
                top + 18,
                text
            );
        }
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
}
