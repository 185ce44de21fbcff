using System.Globalization;

namespace PgpoolLab.Model.Links;

/// <summary>What a link does with what goes through it. It counts for connections that are there as for new
/// ones.</summary>
public sealed record LinkState
{
    /// <summary>A whole link.</summary>
    public static LinkState Open { get; } = new();

    /// <summary>How it is cut.</summary>
    public LinkCut Cut { get; init; }

    /// <summary>What a round trip takes longer, half of it each way.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>By how much a round trip takes longer or shorter than that, by chance.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Bytes a second that go through, each way; null for as many as can.</summary>
    public long? Rate { get; init; }

    /// <summary>Bytes after which a connection is reset, in the middle of a message; null for never.</summary>
    public long? CutAfter { get; init; }

    /// <summary>Set for a link that is cut, in this way, again and again.</summary>
    public LinkFlap? Flap { get; init; }

    /// <summary>True for a link without a fault.</summary>
    public bool IsOpen => this == Open;

    /// <summary>True when bytes are kept for a while.</summary>
    public bool Delays => Latency > TimeSpan.Zero || Jitter > TimeSpan.Zero || Rate is not null;

    /// <summary>In words: <c>hole</c>, <c>50ms ± 5ms</c>, <c>1000000 B/s</c>.</summary>
    public override string ToString()
    {
        string?[] words =
        [
            Cut is LinkCut.None ? null : Cut.Word(),
            Flap is { } flap ? $"{Text(flap.On)} on, {Text(flap.Off)} off, {flap.Times} times" : null,
            Latency > TimeSpan.Zero || Jitter > TimeSpan.Zero
                ? $"{Text(Latency)}{(Jitter > TimeSpan.Zero ? $" ± {Text(Jitter)}" : "")}"
                : null,
            Rate is { } rate ? $"{rate.ToString(CultureInfo.InvariantCulture)} B/s" : null,
            CutAfter is { } bytes ? $"reset after {bytes.ToString(CultureInfo.InvariantCulture)} B" : null,
        ];
        return words.OfType<string>().ToArray() is { Length: > 0 } some ? string.Join(", ", some) : Cut.Word();
    }

    /// <summary>What makes no sense in it; null when all does.</summary>
    public string? Problem() =>
        Latency < TimeSpan.Zero || Jitter < TimeSpan.Zero || Latency > TimeSpan.FromHours(1) || Jitter > Latency
            ? "A latency is between 0 and an hour, and jitter no more than that."
        : Rate is < 1 ? "A rate is at least one byte a second."
        : CutAfter is < 0 ? "A number of bytes is not below 0."
        : Flap is { } flap
        && (flap.Times < 1 || flap.On < TimeSpan.FromMilliseconds(1) || flap.Off < TimeSpan.FromMilliseconds(1))
            ? "A flap has times of a millisecond and more, and happens at least once."
        : Flap is not null && Cut is LinkCut.None ? "A flap needs a way to cut the link."
        : null;

    private static string Text(TimeSpan time) =>
        time.TotalMilliseconds < 1000
            ? $"{time.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture)}ms"
            : $"{time.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)}s";
}
