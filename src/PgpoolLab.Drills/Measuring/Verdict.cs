using System.Globalization;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Measuring;

/// <summary>What a run comes to: a word, and a sentence for a person. Pure.</summary>
public static class Verdict
{
    /// <summary>How many times longer than any pause before the fault one must be to be the fault's.</summary>
    private const double Noticeable = 3;

    /// <summary>A shorter pause nobody notices, in seconds.</summary>
    private const double Unnoticed = 0.05;

    /// <summary>Without any fault to blame, a floor from which times mean little, in seconds.</summary>
    private const double BusyFloor = 0.3;

    /// <summary>The word for it.</summary>
    public static string Word(RtoFacts rto, RpoFacts rpo, double twoPrimaries)
    {
        ArgumentNullException.ThrowIfNull(rto);
        ArgumentNullException.ThrowIfNull(rpo);
        return rto.Never ? Verdicts.NeverBack
            : rpo.LostAcknowledged > 0 ? Verdicts.Lost
            : twoPrimaries > 0 ? Verdicts.TwoPrimaries
            : Verdicts.NothingLost;
    }

    /// <summary>True when the machine was too busy for the times to mean much.</summary>
    public static bool IsNoisy(RtoFacts rto)
    {
        ArgumentNullException.ThrowIfNull(rto);
        return Stopped(rto) ? rto.Service is { } service && rto.NoiseFloor > service / 3 : rto.NoiseFloor > BusyFloor;
    }

    /// <summary>What happened, in a sentence or two.</summary>
    /// <param name="steps">What was done.</param>
    /// <param name="rto">For how long nothing could be written.</param>
    /// <param name="audit">What was lost.</param>
    /// <param name="ledger">What became of every attempt.</param>
    /// <param name="twoPrimaries">For how long two nodes took writes, in seconds.</param>
    /// <param name="judged">False when no node could be judged by.</param>
    /// <param name="end">When the run ended.</param>
    public static string Sentence(
        IReadOnlyList<StepDone> steps,
        RtoFacts rto,
        RpoFacts audit,
        LedgerFacts ledger,
        double twoPrimaries,
        bool judged,
        double end
    )
    {
        ArgumentNullException.ThrowIfNull(steps);
        ArgumentNullException.ThrowIfNull(rto);
        ArgumentNullException.ThrowIfNull(audit);
        ArgumentNullException.ThrowIfNull(ledger);
        List<string> sentences = [Deeds(steps)];
        var writes =
            rto.Never ? $"Writes did not come back in the {Time(end - Math.Max(0, rto.From ?? 0))} that followed"
            : Stopped(rto) ? $"For {Time(rto.Service!.Value)} nothing could be written"
            : $"Writes went on: the longest pause was {Time(rto.Service ?? 0)}";
        var rows =
            !judged ? "what was lost is not known"
            : audit.LostAcknowledged == 0 ? $"none of {Count(ledger.Acknowledged)} acknowledged rows was lost"
            : $"{Count(audit.LostAcknowledged)} of {Count(ledger.Acknowledged)} acknowledged rows "
                + $"{(audit.LostAcknowledged == 1 ? "is" : "are")} gone, {Time(audit.LostSeconds)} of writing";
        sentences.Add($"{writes}; {rows}.");
        if (ledger.Doubled > 0)
        {
            sentences.Add($"{Rows(ledger.Doubled)} {(ledger.Doubled == 1 ? "is" : "are")} there twice.");
        }

        if (twoPrimaries > 0)
        {
            sentences.Add($"Two nodes took writes for {Time(twoPrimaries)}.");
        }

        if (ledger.OnlyElsewhere > 0)
        {
            sentences.Add($"{Rows(ledger.OnlyElsewhere)} only the other one has.");
        }

        return string.Join(' ', sentences.Where(s => s.Length > 0));
    }

    /// <summary>True when clients noticed that writes stopped.</summary>
    private static bool Stopped(RtoFacts rto) =>
        rto.Never || rto.Service > Math.Max(Unnoticed, rto.NoiseFloor * Noticeable);

    private static string Deeds(IReadOnlyList<StepDone> steps)
    {
        List<string> parts = [];
        StepDone? before = null;
        foreach (var step in steps.Where(s => s.Kind == "fault" && s.Failed is null))
        {
            var deed = Deed(step);
            if (before is not null && deed == Deed(before))
            {
                continue;
            }

            parts.Add(before is null ? deed : $"{Time(step.At - before.At)} later {LowerFirst(deed)}");
            before = step;
        }

        return parts.Count == 0 ? "" : $"{string.Join(", ", parts)}.";
    }

    private static string Deed(StepDone step)
    {
        const string process = "--process ";
        var whole = step.Was ?? step.Asked;
        var part = step.Asked.IndexOf(process, StringComparison.Ordinal);
        var what = UpperFirst(part < 0 ? whole : $"the {step.Asked[(part + process.Length)..]} process of {whole}");
        return step.Verb switch
        {
            "kill" => $"{what} was killed",
            "pause" => $"{what} was frozen",
            "stop" => $"{what} was stopped",
            "restart" => $"{what} was restarted",
            "detach" => $"{what} was detached",
            "promote" => $"{what} was promoted",
            "switchover" => $"The primary was switched over to {step.Was ?? "the standby"}",
            "cut" => $"The link {step.Was ?? step.Asked} was cut",
            "slow" => $"The link {step.Was ?? step.Asked} became slow",
            "fill" => $"{what}'s disk became full",
            "flap" => $"The link {step.Was ?? step.Asked} came and went",
            _ => $"'{$"{step.Verb} {step.Asked}".Trim()}' was done",
        };
    }

    private static string UpperFirst(string text) =>
        text.Length == 0 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    private static string LowerFirst(string text) =>
        text.Length == 0 || text.StartsWith("Pgpool", StringComparison.Ordinal)
            ? text
            : char.ToLowerInvariant(text[0]) + text[1..];

    private static string Rows(int count) => count == 1 ? "1 row" : $"{Count(count)} rows";

    private static string Count(int count) => count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Time(double seconds) =>
        seconds >= 10
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0} s")
            : string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s");
}
