using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>What was done: a numbered badge above all lanes, its line through them, and its words beside it where they
/// fit. The page has a table of the same numbers.</summary>
internal static class StepRow
{
    private const double Height = 24;
    private const double Radius = 8;
    private const double Gap = 3;

    /// <summary>How far a badge may be beside its line.</summary>
    private const double Aside = 12;

    /// <summary>Draws badges and words. Where the steps are too many for numbers, they are dots.</summary>
    internal static void Draw(Drawing drawing)
    {
        var steps = drawing.Run.Steps;
        if (steps.Count == 0)
        {
            return;
        }

        var y = drawing.Y + (Height / 2);
        var order = Enumerable.Range(0, steps.Count).OrderBy(i => steps[i].At).ToArray();
        double[] wanted = [.. order.Select(i => drawing.Time.X(steps[i].At))];
        var places = Places(drawing, wanted);
        var haveRoom = !places.Where((x, i) => Math.Abs(x - wanted[i]) > Aside).Any();
        for (var i = 0; i < order.Length; i++)
        {
            Badge(drawing, order[i] + 1, steps[order[i]], haveRoom ? places[i] : wanted[i], y, haveRoom);
        }

        if (haveRoom)
        {
            Words(drawing, [.. order.Select(i => steps[i])], places, y);
        }

        foreach (var kind in (string[])["fault", "heal", "other"])
        {
            if (steps.Any(s => Kind(s) == kind))
            {
                drawing.Explain(kind, kind is "other" ? "other step" : kind);
            }
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
    }

    /// <summary>What a step did, in a few words.</summary>
    internal static string Text(StepDone step) =>
        (step.Failed is null ? "" : "✕ ") + $"{step.Verb} {step.Was ?? step.Asked}".TrimEnd();

    private static void Badge(Drawing drawing, int number, StepDone step, double x, double y, bool isNumbered)
    {
        var kind = Kind(step);
        var title = $"{number}. {Text(step)}, {Figures.Moment(step.At)}, took {Figures.Took(step.Took)}";
        title += step.Failed is { } why ? $": {why}" : "";
        const double dot = 3.5;
        drawing.Shapes.Circle(
            $"tl-{kind}-badge",
            x,
            isNumbered ? y : y + Radius - dot,
            isNumbered ? Radius : dot,
            title
        );
        if (isNumbered)
        {
            drawing.Texts.Text($"tl-badge-text tl-{kind}-text", x, y + 4, Figures.Count(number));
        }
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

    // After its badge, or before it where nothing else is: a text between two badges would be anybody's. Faults first:
    // of these the reader wants to know most.
    private static void Words(Drawing drawing, StepDone[] steps, double[] places, double y)
    {
        var isTaken = new bool[steps.Length + 1];
        foreach (var i in Enumerable.Range(0, steps.Length).OrderBy(i => Rank(steps[i])))
        {
            var text = ShownText.Line(Text(steps[i]));
            var (left, right) = (places[i] - Radius - Gap, places[i] + Radius + Gap);
            var after = (i + 1 < steps.Length ? places[i + 1] - Radius - Gap : drawing.Size.Width) - right;
            var before = left - (i > 0 ? places[i - 1] + Radius + Gap : 0);
            var isBefore = after < Math.Min(before, TextWidth.Of(text, Drawing.Bold)) || isTaken[i + 1];
            var shown = isTaken[isBefore ? i : i + 1] ? "" : Cut(text, isBefore ? before : after);
            if (shown.Length > 0)
            {
                drawing.Texts.Text(isBefore ? "tl-step tl-end" : "tl-step", isBefore ? left : right, y + 4, shown);
                isTaken[isBefore ? i : i + 1] = true;
            }
        }
    }

    private static string Cut(string text, double room)
    {
        const int fewest = 8;
        var shown = TextWidth.Cut(text, Drawing.Bold, room);
        return shown == text || shown.Length > fewest ? shown : "";
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
