namespace PgpoolLab.Drills.Measuring;

/// <summary>The moments of a run, in ticks of the monotonic clock.</summary>
/// <param name="Steady">When the load was steady.</param>
/// <param name="Zero">When the first fault began.</param>
/// <param name="End">When the load was stopped.</param>
/// <param name="Frequency">Ticks in a second.</param>
public sealed record RunClock(long Steady, long Zero, long End, long Frequency)
{
    /// <summary>Seconds since the first fault, to the millisecond.</summary>
    public double Seconds(long at) => Math.Round((at - Zero) / (double)Frequency, 3);

    /// <summary>The seconds from one moment to another, to the millisecond.</summary>
    public double Between(long from, long to) => Math.Round((to - from) / (double)Frequency, 3);

    /// <summary>Ticks in so many seconds.</summary>
    public long Ticks(double seconds) => (long)(seconds * Frequency);
}
