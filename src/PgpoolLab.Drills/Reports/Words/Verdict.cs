using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Reports.Words;

/// <summary>What happened, in a few words and by a sign: colour alone says nothing.</summary>
/// <param name="Word">One of <see cref="Verdicts"/>.</param>
/// <param name="Tone"><c>good</c>, <c>bad</c>, or <c>warn</c>.</param>
/// <param name="Sign">One character.</param>
/// <param name="Text">In a few words, with its number: <c>881 acknowledged rows lost</c>.</param>
internal sealed record Verdict(string Word, string Tone, string Sign, string Text)
{
    /// <summary>The verdicts there are, the worst first.</summary>
    private static readonly string[] Worst =
    [
        Verdicts.NeverBack,
        Verdicts.Lost,
        Verdicts.TwoPrimaries,
        Verdicts.NothingLost,
    ];

    /// <summary>Of one run.</summary>
    internal static Verdict Of(DrillRun run) =>
        Of(run.Verdict, run.Rpo.LostAcknowledged, run.TwoPrimariesFor, run.NotJudged.Count > 0);

    /// <summary>The worst of the runs, with the worst numbers.</summary>
    internal static Verdict Of(IReadOnlyCollection<DrillRun> runs) =>
        runs.Count == 0
            ? new("", "warn", "!", "No run was finished")
            : Of(
                runs.Select(r => r.Verdict).MinBy(Rank)!,
                runs.Max(r => r.Rpo.LostAcknowledged),
                runs.Max(r => r.TwoPrimariesFor),
                runs.Any(r => r.NotJudged.Count > 0)
            );

    private static int Rank(string word) => Array.IndexOf(Worst, word) is >= 0 and var rank ? rank : Worst.Length;

    private static Verdict Of(string word, int lost, double two, bool isPart) =>
        word switch
        {
            Verdicts.NeverBack => new(word, "bad", "✕", "Writes never came back"),
            Verdicts.Lost => new(
                word,
                "bad",
                "✕",
                Figures.Count(lost, "acknowledged row lost", "acknowledged rows lost")
            ),
            Verdicts.TwoPrimaries => new(word, "warn", "!", $"Two primaries for {Figures.Seconds(two)}"),
            Verdicts.NothingLost when isPart => new(word, "warn", "!", "Nothing lost where it could be read"),
            Verdicts.NothingLost => new(word, "good", "✓", "Nothing lost"),
            _ => new(word, "warn", "!", ShownText.Cut(ShownText.Line(word), 60)),
        };
}
