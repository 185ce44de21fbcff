namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>What the shapes mean: only those that this picture has, in rows that break where it ends.</summary>
internal static class Legends
{
    private const double Height = 18;
    private const double Swatch = 22;
    private const double Between = 16;

    internal static void Draw(Drawing drawing)
    {
        var x = 1.0;
        drawing.Y += 6;
        foreach (var entry in drawing.Legend)
        {
            var width = Swatch + TextWidth.Of(entry.Text, Drawing.SmallFont);
            if (x > 1 && x + width > drawing.Size.Width)
            {
                (x, drawing.Y) = (1, drawing.Y + Height);
            }

            Shape(drawing.Shapes, entry.Shape, x, drawing.Y + 8);
            drawing.Texts.Text("tl-legend", x + Swatch, drawing.Y + 12, entry.Text);
            x += width + Between;
        }

        drawing.Y += Height + 2;
    }

    private static void Shape(SvgText svg, string shape, double x, double y)
    {
        var number = SvgText.Number;
        var (middle, box) = (x + 8, $"M{number(x)} {number(y - 5)}h16v10h-16z");
        switch (shape)
        {
            case "fault" or "heal" or "other":
                svg.Line($"tl-{shape}-line", middle, y - 6, middle, y + 6);
                svg.Circle($"tl-{shape}-badge", middle, y, 4);
                break;
            case "down":
                svg.Rect("tl-down", x, y - 5, 16, 10);
                svg.Path("tl-down-edge", $"{box}M{number(x)} {number(y + 5)}l10 -10m-2 10l8 -8");
                break;
            case "hung":
                svg.Rect("tl-hung", x, y - 5, 16, 10);
                svg.Path("tl-hung-edge", $"{box}M{number(x)} {number(y - 5)}l10 10m-2 -10l8 8");
                break;
            case "event":
                svg.Path("tl-event", $"M{number(middle)} {number(y - 4)}l4 4l-4 4l-4 -4z");
                break;
            case "latency":
                svg.Path("tl-latency", $"M{number(x)} {number(y + 3)}h6l4 -6h6");
                break;
            case "unknown" or "refused" or "not-sent":
                svg.Path($"tl-{shape}", ClientLanes.Shape(shape, number(middle), y));
                break;
            case "unknown-state":
                svg.Rect("tl-unknown-state", x, y - 5, 16, 10);
                break;
            default:
                svg.Rect($"tl-{shape}", x, y - 5, 16, 10);
                break;
        }
    }
}
