using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>What was done: a numbered badge above all lanes, its line through them, and its words beside it where they
/// fit. The page has a table of the same numbers.</summary>
internal static class StepRow
{
    private const double Height = 24;
    private const double Radius = 8;
    private const double Gap = 3;

    /// <summary>More than this the drawing has no room for: they are lines without a badge.</summary>
    private static int Most(Drawing drawing) =>
        (int)((drawing.Time.Right - drawing.Time.Left + (2 * Radius)) / ((2 * Radius) + Gap));

    /// <summary>Draws badges and words.</summary>
    /// <returns>Where the lines begin and are, for <see cref="Lines"/>.</returns>
    internal static void Draw(Drawing drawing)
    {
        var steps = drawing.Run.Steps;
        if (steps.Count == 0)
        {
            return;
        }

        var y = drawing.Y + (Height / 2);
        if (steps.Count <= Most(drawing))
        {
            var order = Enumerable.Range(0, steps.Count).OrderBy(i => steps[i].At).ToArray();
            var places = Places(drawing, [.. order.Select(i => drawing.Time.X(steps[i].At))]);
            for (var i = 0; i < order.Length; i++)
            {
                Badge(drawing, order[i] + 1, steps[order[i]], places[i], y);
            }

            Words(drawing, [.. order.Select(i => steps[i])], places, y);
        }

        drawing.Y += Height;
    }

    /// <summary>Draws the lines, when all lanes are there.</summary>
    internal static void Lines(Drawing drawing, double top, double bottom)
    {
        foreach (var step in drawing.Run.Steps)
        {
            var x = drawing.Time.X(step.At);
            drawing.Lines.Line($"tl-{Kind(step)}-line", x, top, x, bottom);
        }

        foreach (var kind in drawing.Run.Steps.Select(Kind).Distinct())
        {
            drawing.Explain(
                kind,
                kind switch
                {
                    "fault" => "fault",
                    "heal" => "heal",
                    _ => "other step",
                }
            );
        }
    }

    /// <summary>What a step did, in a few words.</summary>
    internal static string Text(StepDone step) =>
        $"{step.Verb} {step.Was ?? step.Asked}".TrimEnd() + (step.Failed is null ? "" : ": failed");

    private static void Badge(Drawing drawing, int number, StepDone step, double x, double y)
    {
        var kind = Kind(step);
        var title = $"{number}. {Text(step)}, {Figures.Moment(step.At)}, took {Figures.Seconds(step.Took)}";
        title += step.Failed is { } why ? $": {why}" : "";
        drawing.Shapes.Circle($"tl-{kind}-badge", x, y, Radius, title);
        drawing.Texts.Text($"tl-badge-text tl-{kind}-text", x, y + 4, number.ToString());
    }

    // Where they are, or so far beside it that no badge lies on another.
    private static double[] Places(Drawing drawing, double[] wanted)
    {
        const double apart = (2 * Radius) + Gap;
        var places = (double[])wanted.Clone();
        for (var i = 1; i < places.Length; i++)
        {
            places[i] = Math.Max(places[i], places[i - 1] + apart);
        }

        var limit = drawing.Size.Width - Radius - 1;
        for (var i = places.Length - 1; i >= 0; i--)
        {
            places[i] = Math.Min(places[i], limit);
            limit = places[i] - apart;
        }

        return places;
    }

    // Faults first: of these the reader wants to know most.
    private static void Words(Drawing drawing, StepDone[] steps, double[] places, double y)
    {
        var left = new double[steps.Length];
        var right = new double[steps.Length];
        for (var i = 0; i < steps.Length; i++)
        {
            (left[i], right[i]) = (places[i] - Radius - Gap, places[i] + Radius + Gap);
        }

        foreach (var i in Enumerable.Range(0, steps.Length).OrderBy(i => Rank(steps[i])))
        {
            var text = Text(steps[i]);
            var after = (i + 1 < steps.Length ? left[i + 1] : drawing.Size.Width) - right[i];
            var before = left[i] - (i > 0 ? right[i - 1] : 0);
            var isAfter = after >= Math.Min(before, TextWidth.Of(text, Drawing.Font));
            var shown = TextWidth.Cut(text, Drawing.Font, isAfter ? after : before);
            if (shown.Length == 0)
            {
                continue;
            }

            var width = TextWidth.Of(shown, Drawing.Font) + Gap;
            drawing.Texts.Text(isAfter ? "tl-step" : "tl-step tl-end", isAfter ? right[i] : left[i], y + 4, shown);
            right[i] += isAfter ? width : 0;
            left[i] -= isAfter ? 0 : width;
        }
    }

    private static int Rank(StepDone step) =>
        Kind(step) switch
        {
            "fault" => 0,
            "heal" => 1,
            _ => 2,
        };

    private static string Kind(StepDone step) => step.Kind is "fault" or "heal" ? step.Kind : "other";
}
