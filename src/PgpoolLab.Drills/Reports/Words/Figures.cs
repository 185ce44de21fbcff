using System.Globalization;

namespace PgpoolLab.Drills.Reports.Words;

/// <summary>Numbers for readers: <c>3.9 s</c>, <c>+0.11 s</c>, <c>3,980</c>.</summary>
internal static class Figures
{
    /// <summary>What stands where there is no number.</summary>
    internal const string None = "–";

    /// <summary>A duration: two digits after the point below a second, one below 100.</summary>
    internal static string Seconds(double seconds) => Number(seconds) + " s";

    /// <summary>The same, or a dash.</summary>
    internal static string Seconds(double? seconds) => seconds is { } s ? Seconds(s) : None;

    /// <summary>How long a step took, which may be very short.</summary>
    internal static string Took(double seconds) =>
        seconds is > 0 and < 0.1
            ? Math.Max(1, Math.Round(seconds * 1000)).ToString(CultureInfo.InvariantCulture) + " ms"
            : Seconds(seconds);

    /// <summary>A moment: with its sign.</summary>
    internal static string Moment(double seconds) => (Rounded(seconds) > 0 ? "+" : "") + Seconds(seconds);

    /// <summary>A duration for a column whose head says that it is seconds.</summary>
    internal static string Fixed(double seconds) => Signed(seconds.ToString("0.00", CultureInfo.InvariantCulture));

    /// <summary>The same, or a dash.</summary>
    internal static string Fixed(double? seconds) => seconds is { } s ? Fixed(s) : None;

    /// <summary>A count: <c>3,980</c>.</summary>
    internal static string Count(int count) => Signed(count.ToString("#,0", CultureInfo.InvariantCulture));

    /// <summary>A count and its noun: <c>1 row</c>, <c>881 rows</c>.</summary>
    internal static string Count(int count, string one, string many) => $"{Count(count)} {(count == 1 ? one : many)}";

    /// <summary>Any other number.</summary>
    internal static string Plain(double number) => Signed(number.ToString("0.##", CultureInfo.InvariantCulture));

    private static string Number(double seconds) =>
        Signed(
            Rounded(seconds)
                .ToString(
                    Math.Abs(seconds) switch
                    {
                        < 0.005 => "0",
                        < 0.995 => "0.00",
                        < 99.95 => "0.0",
                        _ => "#,0",
                    },
                    CultureInfo.InvariantCulture
                )
        );

    private static double Rounded(double seconds) => Math.Round(seconds, 2, MidpointRounding.AwayFromZero);

    private static string Signed(string number) =>
        number.StartsWith('-')
            ? (number.Trim('-', '0', '.', ',').Length > 0 ? "−" + number[1..] : number[1..])
            : number;
}
