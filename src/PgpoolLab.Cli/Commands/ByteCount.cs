using System.Globalization;

namespace PgpoolLab.Cli.Commands;

/// <summary>Numbers of bytes as users write them.</summary>
internal static class ByteCount
{
    /// <summary>Understands <c>500</c>, <c>500B</c>, <c>64kB</c>, <c>1MB</c>, <c>1.5GB</c>, and the same with
    /// <c>/s</c>. A kB has 1000 bytes.</summary>
    /// <returns>Null when it is none, or more than a PB.</returns>
    internal static long? Parse(string text)
    {
        var number = text.EndsWith("/s", StringComparison.Ordinal) ? text[..^2] : text;
        var digits = number.TrimEnd([.. "kKMGB"]);
        return
            double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && UnitOf(number[digits.Length..]) is { } unit
            && value * unit <= 1e15
            ? (long)(value * unit)
            : null;
    }

    private static double? UnitOf(string text) =>
        text switch
        {
            "" or "B" => 1,
            "k" or "kB" or "KB" => 1e3,
            "M" or "MB" => 1e6,
            "G" or "GB" => 1e9,
            _ => null,
        };
}
