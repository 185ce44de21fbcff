using System.Runtime.InteropServices;

namespace PgpoolLab.Drills.Ledger;

/// <summary>One attempt of a client to write one row, in 24 bytes. Moments are those of the monotonic clock, in its
/// ticks.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly struct Attempt
{
    private readonly ushort _number;
    private readonly byte _outcome;

    /// <param name="begin">When it was begun.</param>
    /// <param name="end">When its outcome was known.</param>
    /// <param name="row">Which row of the client's: the same again until it is acknowledged.</param>
    /// <param name="number">Which attempt at that row; the first is 0.</param>
    /// <param name="outcome">What became of it.</param>
    public Attempt(long begin, long end, int row, int number, Outcome outcome) =>
        (Begin, End, Row, _number, _outcome) = (
            begin,
            end,
            row,
            (ushort)Math.Min(number, ushort.MaxValue),
            (byte)outcome
        );

    /// <summary>When it was begun.</summary>
    public long Begin { get; }

    /// <summary>When its outcome was known.</summary>
    public long End { get; }

    /// <summary>Which row of the client's: the same again until it is acknowledged.</summary>
    public int Row { get; }

    /// <summary>Which attempt at that row; the first is 0.</summary>
    public int Number => _number;

    /// <summary>What became of it.</summary>
    public Outcome Outcome => (Outcome)_outcome;
}
