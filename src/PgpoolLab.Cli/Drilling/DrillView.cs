using System.Globalization;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Cli.Drilling;

/// <summary>Prints what a drill has measured: a few lines; the page has the rest.</summary>
internal static class DrillView
{
    private const int Widest = 26;

    internal static void Print(Terminal terminal, DrillResult result)
    {
        foreach (var line in Lines(result))
        {
            terminal.Out.WriteLine(line);
        }
    }

    /// <summary>The lines.</summary>
    internal static IEnumerable<string> Lines(DrillResult result)
    {
        yield return $"{result.Drill}: {result.Title}";
        foreach (var variant in result.Variants)
        {
            if (variant.Setting is { } setting)
            {
                yield return $"  with {setting}";
            }

            foreach (var line in LinesOf(variant))
            {
                yield return $"  {line}";
            }
        }
    }

    private static IEnumerable<string> LinesOf(DrillVariant variant)
    {
        var run = Telling(variant);
        yield return variant.Runs.Count == 1
            ? run.Sentence
            : $"Of {variant.Runs.Count} runs, the worst: {run.Sentence}";
        if (variant.Runs.Count > 1)
        {
            yield return variant.Summary.RtoMedian is { } median
                ? Line("Without writes", $"{Time(median)} (median), {Time(variant.Summary.RtoWorst)} (worst)")
                : Line(
                    "Without writes",
                    $"in {variant.Runs.Count(r => r.Rto.Never)} of {variant.Runs.Count} runs for good"
                );
        }

        if (run.Rto.Clients is { } clients)
        {
            yield return Line(
                "Without writes, by client",
                $"{Time(clients.P50)} (median), {Time(clients.Max)} (longest)"
            );
        }

        foreach (var part in run.Why)
        {
            yield return $"  {Time(part.To - part.From), 8}  {part.What}";
        }

        var ledger = run.Ledger;
        yield return Line(
            "Attempts to write",
            $"{Number(ledger.Attempts)}: {Number(ledger.Acknowledged)} acknowledged, {Number(ledger.Refused)} refused, "
                + $"{Number(ledger.NotSent)} not sent, {Number(ledger.Unknown)} without an answer"
                + (ledger.Unknown > 0 ? $" ({Number(ledger.UnknownPresent)} of them are there)" : "")
        );
        if (ledger.StaleReads > 0)
        {
            yield return Line(
                "Reads of own rows",
                $"{Number(ledger.StaleReads)} of {Number(ledger.Reads)} did not see the row"
            );
        }

        foreach (var step in run.Steps.Where(s => s.Failed is not null))
        {
            yield return $"not done  {step.Verb} {step.Asked}: {step.Failed}";
        }

        foreach (var text in run.NotJudged)
        {
            yield return $"not judged  {text}";
        }

        foreach (var (what, seen, holds) in Expected(variant))
        {
            yield return $"{(holds ? "ok    " : "NOT OK")}  {what, -Widest}  {seen}";
        }

        if (variant.Runs.Any(r => r.Noisy))
        {
            yield return "The machine was busy: times mean little "
                + $"(before the fault there was a pause of {Time(variant.Runs.Max(r => r.Rto.NoiseFloor))}).";
        }
    }

    /// <summary>The run that tells most: one that broke a promise, else the longest without writes.</summary>
    private static DrillRun Telling(DrillVariant variant) =>
        variant
            .Runs.OrderBy(DrillSummaries.Holds)
            .ThenByDescending(r => r.Rto.Never)
            .ThenByDescending(r => r.Rto.Service ?? 0)
            .First();

    /// <summary>What is expected, and the worst that was seen of it.</summary>
    private static IEnumerable<(string What, string Seen, bool Holds)> Expected(DrillVariant variant)
    {
        var all = variant
            .Runs.SelectMany(r =>
                r.Expectations.Select(e => (e.What, e.Seen, e.Holds))
                    .Concat(r.Checks.Select(c => (c.What, c.Seen, c.Holds)))
            )
            .ToArray();
        return all.GroupBy(e => e.What)
            .Select(g =>
                g.FirstOrDefault(e => !e.Holds) is { What: not null } broken
                    ? (
                        g.Key,
                        variant.Runs.Count == 1 ? broken.Seen : $"{broken.Seen} in one of {g.Count()} runs",
                        false
                    )
                    : (g.Key, g.First().Seen, true)
            );
    }

    private static string Line(string what, string seen) => $"{what.PadRight(Widest)}  {seen}";

    private static string Time(double? seconds) =>
        seconds is { } value ? string.Create(CultureInfo.InvariantCulture, $"{value:0.00} s") : "never";

    private static string Number(int number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
