using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>A lane for each client: a line while its rows are acknowledged, an empty box while none is, and a tick for
/// each error. The kinds of error differ in height and head as well as in colour.</summary>
internal static class ClientLanes
{
    private const double Pitch = 15;
    private const double Tick = 10;

    /// <summary>Beyond this many nobody tells them apart; the table of errors counts all.</summary>
    private const int Most = 40;

    private static readonly (string Outcome, string Means)[] Outcomes =
    [
        ("unknown", "error: outcome unknown"),
        ("refused", "error: refused"),
        ("not-sent", "error: not sent"),
    ];

    internal static void Draw(Drawing drawing)
    {
        var clients = drawing.Run.Clients.OrderBy(c => c.Client).ToArray();
        if (clients.Length == 0)
        {
            return;
        }

        foreach (var client in clients.Take(Most))
        {
            var middle = drawing.Y + (Pitch / 2);
            drawing.Name($"client {client.Client}", middle + 4);
            drawing.Back.Line("tl-alive", drawing.Time.Left, middle, drawing.Time.Right, middle);
            foreach (var pause in client.Pauses)
            {
                var (x, width) = drawing.Time.Of(pause.From, pause.To, 2);
                var title =
                    $"client {client.Client}: nothing acknowledged for {Figures.Seconds(pause.To - pause.From)}";
                drawing.Shapes.Rect("tl-pause", x, middle - 4, width, 8, title);
                drawing.Explain("pause", "a client's pause");
            }

            foreach (var error in client.Errors)
            {
                Error(drawing, client, error, middle);
            }

            drawing.Y += Pitch;
        }

        if (clients.Length > Most)
        {
            drawing.Y += Pitch;
            var rest = $"and {Figures.Count(clients.Length - Most, "client", "clients")} more";
            drawing.Texts.Text("tl-event-text", drawing.Time.Left, drawing.Y - 3, rest);
        }

        foreach (var (outcome, means) in Outcomes)
        {
            if (clients.Any(c => c.Errors.Any(e => Kind(e.Outcome) == outcome)))
            {
                drawing.Explain(outcome, means);
            }
        }

        drawing.Y += 4;
    }

    private static void Error(Drawing drawing, ClientLane client, ClientError error, double middle)
    {
        var kind = Kind(error.Outcome);
        drawing.Shapes.Path(
            $"tl-{kind}",
            Shape(kind, SvgText.Number(drawing.Time.X(error.At)), middle),
            $"client {client.Client}, {Figures.Moment(error.At)}, {error.Outcome}: {error.Text}"
        );
    }

    /// <summary>Unknown: a cross. Refused: a tick. Not sent: half a tick, upwards.</summary>
    internal static string Shape(string kind, string x, double middle)
    {
        const double half = Tick / 2;
        var number = SvgText.Number;
        return kind switch
        {
            "unknown" => $"M{x} {number(middle)}m-3.5 -3.5l7 7m0 -7l-7 7",
            "refused" => $"M{x} {number(middle - half)}v{Tick}",
            _ => $"M{x} {number(middle - half)}v{half}",
        };
    }

    private static string Kind(string outcome) => outcome is "unknown" or "refused" ? outcome : "not-sent";
}
