using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>What logs told: a mark at its moment, with its words beside it where they fit. What finds no place for its
/// words is a mark in the last row.</summary>
internal static class EventRows
{
    private const double Height = 16;
    private const double Mark = 4;
    private const double Gap = 4;

    /// <summary>What a failover is told by; these get their words before others do.</summary>
    private static readonly string[] Telling =
    [
        "failover-begins",
        "failover-ends",
        "promotion-ends",
        "server-died",
        "health-check-failed",
        "primary",
    ];

    internal static void Draw(Drawing drawing)
    {
        var events = drawing.Run.Events;
        if (events.Count == 0)
        {
            return;
        }

        drawing.Name("events", drawing.Y + 12);
        var rows = Enumerable.Range(0, drawing.Size.EventRows).Select(_ => new List<Stretch>()).ToArray();
        var order = events.OrderBy(e => Telling.Contains(e.Kind) ? 0 : 1).ThenBy(e => e.At);
        var used = order.Select(seen => Draw(drawing, rows, seen)).Max();
        drawing.Explain("event", "event in a log");
        drawing.Y += ((used + 1) * Height) + 6;
    }

    private static int Draw(Drawing drawing, List<Stretch>[] rows, EventSeen seen)
    {
        var x = drawing.Time.X(seen.At);
        var (row, text, place) = Place(drawing, rows, seen, x);
        var y = drawing.Y + (row * Height) + 8;
        var number = SvgText.Number;
        drawing.Shapes.Path(
            "tl-event",
            $"M{number(x)} {number(y - Mark)}l{Mark} {Mark}l{-Mark} {Mark}l{-Mark} {-Mark}z",
            $"{Figures.Moment(seen.At)}, {seen.Source}: {seen.Text}"
        );
        if (text.Length > 0)
        {
            drawing.Texts.Text(place > x ? "tl-event-text" : "tl-event-text tl-end", place, y + 4, text);
        }

        return row;
    }

    private static (int Row, string Text, double Place) Place(
        Drawing drawing,
        List<Stretch>[] rows,
        EventSeen seen,
        double x
    )
    {
        const double cut = 90;
        var (after, before) = (x + Mark + Gap, x - Mark - Gap);
        string[] texts =
        [
            ShownText.Line(seen.Text),
            ShownText.Line(seen.Kind),
            TextWidth.Cut(ShownText.Line(seen.Text), Drawing.SmallFont, cut),
        ];
        foreach (var text in texts.Where(t => t.Length > 0))
        {
            var width = TextWidth.Of(text, Drawing.SmallFont);
            for (var row = 0; row < rows.Length; row++)
            {
                if (after + width <= drawing.Size.Width && Take(rows[row], x - Mark - 1, after + width))
                {
                    return (row, text, after);
                }

                if (before - width >= drawing.Size.Gutter && Take(rows[row], before - width, x + Mark + 1))
                {
                    return (row, text, before);
                }
            }
        }

        for (var row = 0; row < rows.Length; row++)
        {
            if (Take(rows[row], x - Mark, x + Mark))
            {
                return (row, "", x);
            }
        }

        return (rows.Length, "", x);
    }

    private static bool Take(List<Stretch> row, double from, double to)
    {
        if (row.Any(taken => from < taken.To + Gap && to > taken.From - Gap))
        {
            return false;
        }

        row.Add(new(from, to));
        return true;
    }
}
