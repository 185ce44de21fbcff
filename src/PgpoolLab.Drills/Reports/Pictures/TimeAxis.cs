using PgpoolLab.Drills.Reports.Words;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>Seconds since the fault, below all lanes, and their grid behind them.</summary>
internal static class TimeAxis
{
    internal static void Draw(Drawing drawing, double top)
    {
        var (bottom, free) = (drawing.Y + 2, drawing.Time.Left - 4);
        foreach (var tick in drawing.Time.Ticks(drawing.Size.TickApart))
        {
            var x = drawing.Time.X(tick);
            drawing.Back.Line(tick == 0 ? "tl-grid tl-zero" : "tl-grid", x, top, x, bottom);
            drawing.Shapes.Line("tl-base", x, bottom, x, bottom + 4);
            var text = Figures.Plain(tick);
            var half = TextWidth.Of(text, Drawing.SmallFont) / 2;
            if (x - half >= free && x + half <= drawing.Size.Width)
            {
                free = x + half + 4;
                drawing.Texts.Text("tl-tick", x, bottom + 16, text);
            }
        }

        drawing.Shapes.Line("tl-base", drawing.Time.Left, bottom, drawing.Time.Right, bottom);
        drawing.Name("seconds", bottom + 16);
        drawing.Y = bottom + 24;
    }
}
