using System.Text;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>How long 99 % of the rows took at most, on a logarithmic scale: a row that waited for a failover takes a
/// thousand times as long as others.</summary>
internal static class LatencyLane
{
    private const double Height = 44;
    private static readonly (double Milliseconds, string Text)[] Marks =
    [
        (1, "1 ms"),
        (10, "10 ms"),
        (100, "0.1 s"),
        (1000, "1 s"),
        (10_000, "10 s"),
        (100_000, "100 s"),
    ];

    internal static void Draw(Drawing drawing)
    {
        var series = drawing.Run.Series;
        double[] known = [.. series.LatencyP99.OfType<double>().Where(l => l > 0)];
        if (known.Length == 0 || series.Step <= 0)
        {
            return;
        }

        var least = Math.Floor(Math.Log10(known.Min()));
        var most = Math.Max(Math.Ceiling(Math.Log10(known.Max())), least + 1);
        var (top, bottom) = (drawing.Y + 2, drawing.Y + 2 + Height);
        double Y(double milliseconds) => bottom - ((Math.Log10(milliseconds) - least) / (most - least) * Height);

        drawing.Name("p99", bottom);
        var free = double.MaxValue;
        foreach (var (milliseconds, text) in Marks.Reverse().Where(m => Y(m.Milliseconds) >= top - 0.01))
        {
            var y = Y(milliseconds);
            if (y > bottom - 11)
            {
                break;
            }

            drawing.Back.Line("tl-grid", drawing.Time.Left, y, drawing.Time.Right, y);
            if (Math.Abs(free - y) >= 12 && y <= bottom - 17)
            {
                drawing.Name(text, y + 4, "tl-scale");
                free = y;
            }
        }

        drawing.Shapes.Path("tl-latency", Line(drawing, Y));
        drawing.Explain("latency", "p99 of the time that a row took");
        drawing.Y = bottom + 10;
    }

    private static string Line(Drawing drawing, Func<double, double> y)
    {
        var (series, run) = (drawing.Run.Series, drawing.Run);
        var number = SvgText.Number;
        var path = new StringBuilder();
        var isOpen = false;
        for (var i = 0; i < series.LatencyP99.Count; i++)
        {
            var from = run.From + (i * series.Step);
            if (series.LatencyP99[i] is not { } latency || latency <= 0 || from >= run.To)
            {
                isOpen = false;
                continue;
            }

            path.Append(isOpen ? 'L' : 'M').Append(number(drawing.Time.X(from))).Append(' ').Append(number(y(latency)));
            path.Append('H').Append(number(drawing.Time.X(from + series.Step)));
            isOpen = true;
        }

        return path.ToString();
    }
}
