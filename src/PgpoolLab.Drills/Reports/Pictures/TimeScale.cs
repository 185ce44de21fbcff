namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>From seconds to places in the picture.</summary>
/// <param name="from">The first moment.</param>
/// <param name="to">The last.</param>
/// <param name="left">Where the first is.</param>
/// <param name="right">Where the last is.</param>
internal sealed class TimeScale(double from, double to, double left, double right)
{
    private static readonly double[] Steps = [1, 2, 5];

    /// <summary>Where the first moment is.</summary>
    internal double Left => left;

    /// <summary>Where the last is.</summary>
    internal double Right => right;

    private double Span { get; } = to - from is var span && span > 0.001 ? span : 1;

    /// <summary>The place of a moment; one outside is at the edge.</summary>
    internal double X(double seconds) => Math.Clamp(left + ((seconds - from) / Span * (right - left)), left, right);

    /// <summary>From one moment to another as a place and a width, which is never too small to be seen.</summary>
    internal (double X, double Width) Of(double since, double until, double atLeast = 1)
    {
        var x = Math.Min(X(since), right - atLeast);
        return (x, Math.Max(X(until) - x, atLeast));
    }

    /// <summary>Round moments, 0 among them if it is there, at least this far from each other.</summary>
    internal IReadOnlyList<double> Ticks(double apart)
    {
        var least = Span * apart / (right - left);
        var step = Step(least);
        var first = Math.Ceiling((from - 1e-9) / step);
        return
        [
            .. Enumerable
                .Range(0, 1000)
                .Select(i => (first + i) * step)
                .TakeWhile(t => t <= from + Span + 1e-9)
                .Select(t => Math.Round(t, 6)),
        ];
    }

    private static double Step(double least)
    {
        var magnitude = Math.Pow(10, Math.Floor(Math.Log10(least)));
        return Steps.Append(10).Select(s => s * magnitude).First(s => s >= least * 0.999);
    }
}
