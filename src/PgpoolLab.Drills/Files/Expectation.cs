using System.Globalization;
using System.Text.RegularExpressions;
using PgpoolLab.Drills.Results;

namespace PgpoolLab.Drills.Files;

/// <summary>What a value of an expectation is.</summary>
internal enum MeasureKind
{
    /// <summary>A time: <c>1s</c>, <c>300ms</c>.</summary>
    Seconds,

    /// <summary>A number.</summary>
    Count,
}

/// <summary>Something that can be expected.</summary>
/// <param name="Name">Its key.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Description">What it is, a sentence without its full stop.</param>
/// <param name="Of">What a run has of it; null for what never came to an end.</param>
internal sealed record Measure(string Name, MeasureKind Kind, string Description, Func<DrillRun, double?> Of)
{
    /// <summary>All of them.</summary>
    internal static IReadOnlyList<Measure> All { get; } =
    [
        new("rto", MeasureKind.Seconds, "How long nothing could be written, all clients together", r => r.Rto.Service),
        new(
            "rto-clients",
            MeasureKind.Seconds,
            "How long the client that waited longest could not write",
            r => r.Rto.Never ? null : r.Rto.Clients?.Max
        ),
        new("lost", MeasureKind.Count, "Acknowledged rows that are gone", r => r.Rpo.LostAcknowledged),
        new("lost-seconds", MeasureKind.Seconds, "Seconds of writing that are gone", r => r.Rpo.LostSeconds),
        new("doubled", MeasureKind.Count, "Rows that are there more than once", r => r.Ledger.Doubled),
        new("unknown", MeasureKind.Count, "Attempts whose outcome no client knows", r => r.Ledger.Unknown),
        new(
            "unknown-present",
            MeasureKind.Count,
            "Of those, how many had been written all the same",
            r => r.Ledger.UnknownPresent
        ),
        new("refused-present", MeasureKind.Count, "Rows refused that are there", r => r.Ledger.RefusedPresent),
        new("only-elsewhere", MeasureKind.Count, "Rows that only another primary has", r => r.Ledger.OnlyElsewhere),
        new("stale-reads", MeasureKind.Count, "Reads that did not see the own row", r => r.Ledger.StaleReads),
        new("errors", MeasureKind.Count, "Errors that clients saw", r => r.Errors.Sum(e => e.Count)),
        new("failovers", MeasureKind.Count, "Failovers that Pgpool-II began", r => r.Events.Count(IsFailover)),
        new(
            "primaries",
            MeasureKind.Count,
            "The most nodes that took writes at the same time",
            r => r.Primaries.Select(p => p.Nodes.Count).DefaultIfEmpty().Max()
        ),
        new("two-primaries", MeasureKind.Seconds, "How long two nodes took writes", r => r.TwoPrimariesFor),
        new("no-primary", MeasureKind.Seconds, "How long no node took writes", r => r.NoPrimaryFor),
    ];

    private static bool IsFailover(EventSeen seen) => seen.Kind == "failover-begins";
}

/// <summary>What a drill expects of a measure: <c>rto: &lt; 1s</c>, <c>lost: 0</c>, <c>rto: never</c>.</summary>
/// <param name="Measure">The measure.</param>
/// <param name="Comparison">One of &lt; &lt;= = &gt;= &gt;.</param>
/// <param name="Value">In seconds, or a number; null for <c>never</c>.</param>
internal sealed partial record Expectation(Measure Measure, string Comparison, double? Value)
{
    private const string NeverWord = "never";

    /// <summary>Reads one.</summary>
    /// <returns>Null when it is none.</returns>
    internal static Expectation? Parse(Measure measure, string text)
    {
        if (
            text.Trim() == NeverWord
            && measure.Kind is MeasureKind.Seconds
            && measure.Name.StartsWith("rto", StringComparison.Ordinal)
        )
        {
            return new Expectation(measure, "=", null);
        }

        var match = Pattern().Match(text);
        if (!match.Success)
        {
            return null;
        }

        var rest = match.Groups["value"].Value;
        double? value =
            measure.Kind is MeasureKind.Seconds
                ? rest == "0"
                    ? 0
                    : DrillTime.Parse(rest)
                : int.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    ? number
                    : null;
        return value is null
            ? null
            : new Expectation(measure, match.Groups["how"].Value is { Length: > 0 } how ? how : "=", value);
    }

    /// <summary>What a value must be, with its article.</summary>
    internal static string ExpectedFor(Measure measure) =>
        measure.Kind is MeasureKind.Seconds
            ? "a time to compare with, such as < 1s or 0"
            : "a number to compare with, such as 0 or > 0";

    /// <summary>Compares with a run.</summary>
    internal ExpectationSeen Judge(DrillRun run)
    {
        var seen = Measure.Of(run);
        var holds = (seen, Value) switch
        {
            (null, null) => true,
            ({ } number, { } limit) => Comparison switch
            {
                "<" => number < limit,
                "<=" => number <= limit,
                ">" => number > limit,
                ">=" => number >= limit,
                _ => Math.Abs(number - limit) < 0.0005,
            },
            // Never is longer than anything.
            (null, _) => Comparison is ">" or ">=",
            _ => false,
        };
        return new ExpectationSeen(Text, seen is { } value ? Shown(value) : NeverWord, holds);
    }

    /// <summary>As a drill has it: <c>rto &lt; 1s</c>.</summary>
    internal string Text =>
        Value is { } value
            ? $"{Measure.Name} {Comparison} "
                + (Measure.Kind is MeasureKind.Seconds ? DrillTime.Text(value) : Number(value))
            : $"{Measure.Name} = {NeverWord}";

    private string Shown(double value) => Measure.Kind is MeasureKind.Seconds ? $"{Number(value)} s" : Number(value);

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\A\s*(?<how><=|>=|<|>|=)?\s*(?<value>\S+)\s*\z")]
    private static partial Regex Pattern();
}
