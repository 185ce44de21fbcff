using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>A band for each node: what it was, by colour, pattern and word. Stretches with two primaries are marked
/// across all bands.</summary>
internal static class NodeLanes
{
    private const double Height = 20;
    private const double Gap = 5;
    private const double Note = 20;

    internal static void Draw(Drawing drawing)
    {
        var bands = drawing.Run.Nodes;
        if (bands.Count == 0)
        {
            return;
        }

        var two = drawing.Run.Primaries.Where(p => p.Nodes.Count > 1 && p.To > p.From).ToArray();
        var top = drawing.Y;
        drawing.Y += two.Length > 0 ? Note : 0;
        foreach (var node in bands.GroupBy(b => b.Node).OrderBy(g => g.Key))
        {
            drawing.Name($"node {node.Key}", drawing.Y + 14);
            var free = 0.0;
            foreach (var band in node.OrderBy(b => b.From))
            {
                free = Band(drawing, band, free);
            }

            drawing.Y += Height + Gap;
        }

        Two(drawing, two, top);
        drawing.Y += 3;
    }

    /// <returns>Where the next band's word may begin: bands that overlap have one word.</returns>
    private static double Band(Drawing drawing, NodeBand band, double free)
    {
        var style = State(band.State);
        var (x, width) = drawing.Time.Of(band.From, band.To);
        var title =
            $"node {band.Node}: {band.State}, {Figures.Moment(band.From)} to {Figures.Moment(band.To)} "
            + $"({Figures.Seconds(band.To - band.From)})";
        if (style is "down" or "hung")
        {
            drawing.Shapes.Rect($"tl-{style}", x, drawing.Y, width, Height);
            drawing.Shapes.Path($"tl-{style}-edge", Pattern(style, x, drawing.Y, width), title);
        }
        else
        {
            drawing.Shapes.Rect($"tl-{style}", x, drawing.Y, width, Height, title);
        }

        drawing.Explain(style, Means(style));
        const double inside = 6;
        var word = ShownText.Line(band.State);
        var wide = TextWidth.Of(word, Drawing.SmallBold);
        if (wide > width - (2 * inside) || x + inside < free)
        {
            return free;
        }

        drawing.Texts.Text($"tl-{style}-text", x + inside, drawing.Y + 14, word);
        return x + inside + wide;
    }

    // Strokes rather than an SVG pattern: those are referred to by a name that must be unique in the page.
    private static string Pattern(string style, double x, double y, double width)
    {
        var data = new System.Text.StringBuilder();
        var number = SvgText.Number;
        data.Append($"M{number(x)} {number(y)}h{number(width)}v{number(Height)}h{number(-width)}z");
        const double apart = 9;
        for (var at = x - Height; at < x + width; at += apart)
        {
            // From the lower edge to the upper, cut off at both ends of the band.
            var (x1, y1, x2, y2) = (at, y + Height, at + Height, y);
            if (style is "hung")
            {
                (y1, y2) = (y2, y1);
            }

            var slope = (y2 - y1) / (x2 - x1);
            (x1, y1) = x1 < x ? (x, y1 + ((x - x1) * slope)) : (x1, y1);
            (x2, y2) = x2 > x + width ? (x + width, y2 + ((x + width - x2) * slope)) : (x2, y2);
            if (x2 - x1 > 0.1)
            {
                data.Append($"M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}");
            }
        }

        return data.ToString();
    }

    private static void Two(Drawing drawing, PrimariesSeen[] stretches, double top)
    {
        var free = 0.0;
        foreach (var stretch in stretches.OrderBy(s => s.From))
        {
            var (x, width) = drawing.Time.Of(stretch.From, stretch.To, 3);
            var lasted = Figures.Seconds(stretch.To - stretch.From);
            var nodes = string.Join(" and ", stretch.Nodes.Order().Select(n => $"node {n}"));
            var title = $"{nodes} both took writes, {Figures.Moment(stretch.From)} to {Figures.Moment(stretch.To)}";
            drawing.Shapes.Rect("tl-two", x, top + Note - 4, width, drawing.Y - Gap - top - Note + 8, title);
            string[] texts = [$"two primaries {lasted}", lasted, ""];
            foreach (var text in texts)
            {
                var place = Math.Min(x, drawing.Size.Width - 2 - TextWidth.Of(text, Drawing.SmallBold));
                if (place >= free && text.Length > 0)
                {
                    drawing.Texts.Text("tl-two-text", place, top + Note - 7, text);
                    free = place + TextWidth.Of(text, Drawing.SmallBold) + 6;
                    break;
                }
            }
        }

        if (stretches.Length > 0)
        {
            drawing.Explain("two", "two primaries");
        }
    }

    private static string Means(string style) =>
        style switch
        {
            "hung" => "hung: there, but does not answer",
            "unknown-state" => "another state",
            _ => style,
        };

    private static string State(string state) =>
        state is "primary" or "standby" or "down" or "hung" ? state : "unknown-state";
}
