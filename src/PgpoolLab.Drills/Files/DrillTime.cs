using System.Globalization;
using System.Text.RegularExpressions;

namespace PgpoolLab.Drills.Files;

/// <summary>Times in a drill file: <c>500ms</c>, <c>3s</c>, <c>2m</c>.</summary>
internal static partial class DrillTime
{
    internal const string Expected = "a time such as 500ms, 3s or 1m";

    /// <summary>In seconds; null when it is none.</summary>
    internal static double? Parse(string text)
    {
        var match = Pattern().Match(text);
        if (
            !match.Success
            || !double.TryParse(
                match.Groups["number"].Value,
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var number
            )
        )
        {
            return null;
        }

        return match.Groups["unit"].Value switch
        {
            "ms" => number / 1000,
            "m" or "min" => number * 60,
            _ => number,
        };
    }

    /// <summary>As a file has it.</summary>
    internal static string Text(double seconds) =>
        seconds is > 0 and < 1
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds * 1000:0.###}ms")
            : string.Create(CultureInfo.InvariantCulture, $"{seconds:0.###}s");

    [GeneratedRegex(@"\A(?<number>[0-9]{1,6}(\.[0-9]{1,6})?) ?(?<unit>ms|s|m|min)\z")]
    private static partial Regex Pattern();
}
