using PgpoolLab.Drills.Reports.Words;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>The picture for whoever does not see it.</summary>
internal static class TimelineWords
{
    internal static string Of(DrillRun run) =>
        string.Join(" ", (string[])[run.Sentence, .. Steps(run), .. Nodes(run), .. Writes(run)]);

    private static IEnumerable<string> Steps(DrillRun run) =>
        run.Steps.Select(s => $"{Figures.Moment(s.At)}: {ShownText.Cut(StepRow.Text(s), 100)}.");

    private static IEnumerable<string> Nodes(DrillRun run) =>
        run
            .Nodes.GroupBy(b => b.Node)
            .OrderBy(g => g.Key)
            .Select(g =>
                $"Node {g.Key}: "
                + string.Join(
                    ", ",
                    g.OrderBy(b => b.From).Select(b => $"{b.State} {Figures.Moment(b.From)} to {Figures.Moment(b.To)}")
                )
                + "."
            );

    private static IEnumerable<string> Writes(DrillRun run) =>
        run.Rto switch
        {
            { Never: true } => ["Writes never came back."],
            { From: { } from, To: { } to } =>
            [
                $"Nothing could be written from {Figures.Moment(from)} to {Figures.Moment(to)}.",
            ],
            _ => [],
        };
}
