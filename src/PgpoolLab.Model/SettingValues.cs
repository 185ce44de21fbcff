using System.Globalization;
using System.Text.RegularExpressions;

namespace PgpoolLab.Model;

/// <summary>Values of settings, which can be written in several ways: <c>60</c>, <c>60s</c> and <c>1min</c>; <c>on</c>
/// and <c>true</c>.</summary>
/// <remarks>PostgreSQL manual, "Parameter Names and Values"; Pgpool-II took the same over in 4.0.</remarks>
public static partial class SettingValues
{
    private static readonly (string Unit, double Factor)[] Times =
    [
        ("us", 1e-6),
        ("ms", 1e-3),
        ("s", 1),
        ("min", 60),
        ("h", 3600),
        ("d", 86400),
    ];

    private static readonly (string Unit, double Factor)[] Sizes =
    [
        ("B", 1),
        ("kB", 1024),
        ("MB", 1 << 20),
        ("GB", 1 << 30),
        ("TB", 1L << 40),
    ];

    /// <summary>A number without a unit is in seconds or milliseconds, in bytes or kilobytes.</summary>
    private static readonly double[] PlainTimes = [1, 1e-3];

    private static readonly double[] PlainSizes = [1, 1024];

    /// <summary>True when a value from a file is the same as one a server shows, as far as that can be known without
    /// the setting's own unit.</summary>
    public static bool Same(string file, string shown)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(shown);
        var (one, other) = (file.Trim(), shown.Trim());
        if (
            string.Equals(one, other, StringComparison.OrdinalIgnoreCase)
            || (IsOn(one) is { } on && IsOn(other) == on)
            || WithoutSpaces(one) == WithoutSpaces(other)
        )
        {
            return true;
        }

        if (Number(one) is not { } a || Number(other) is not { } b)
        {
            return false;
        }

        return (a.Unit, b.Unit) switch
        {
            (null, null) => Octal(one) == b.Value || Octal(other) == a.Value || a.Value == b.Value,
            (null, { } unit) => AnyUnit(a.Value, b.Value, unit),
            ({ } unit, null) => AnyUnit(b.Value, a.Value, unit),
            ({ } x, { } y) => FactorOf(x) is var (f, time)
                && FactorOf(y) is var (g, otherTime)
                && time == otherTime
                && Math.Abs((a.Value * f) - (b.Value * g)) < 1e-9 * Math.Max(1, Math.Abs(a.Value * f)),
        };
    }

    /// <summary>True, false, or null for what is no boolean: any beginning of these words counts.</summary>
    public static bool? IsOn(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return value.Trim().ToLowerInvariant() switch
        {
            "on" or "true" or "tru" or "tr" or "t" or "yes" or "ye" or "y" or "1" => true,
            "off" or "of" or "false" or "fals" or "fal" or "fa" or "f" or "no" or "n" or "0" => false,
            _ => null,
        };
    }

    /// <summary>A number of a unit as people write it, in the largest unit that it is a whole number of.</summary>
    /// <param name="value">The value as pg_settings has it.</param>
    /// <param name="unit">Its unit, such as <c>8kB</c>; null for none.</param>
    public static string Pretty(string value, string? unit)
    {
        ArgumentNullException.ThrowIfNull(value);
        // -1 and 0 mean something of their own, mostly off.
        if (
            unit is null
            || !double.TryParse(value, CultureInfo.InvariantCulture, out var number)
            || number <= 0
            || Number(unit[0] is >= '0' and <= '9' ? unit : $"1{unit}") is not { Unit: { } name } step
            || FactorOf(name) is not var (factor, isTime)
        )
        {
            return value;
        }

        var total = number * step.Value * factor;
        var (best, divisor) = (isTime ? Times : Sizes).Last(u =>
            total / u.Factor is var n && n >= 1 && Math.Abs(n - Math.Round(n)) < 1e-6 * n || u.Factor <= factor
        );
        return $"{(total / divisor).ToString("0.######", CultureInfo.InvariantCulture)}{best}";
    }

    private static bool AnyUnit(double plain, double value, string unit) =>
        FactorOf(unit) is var (factor, isTime)
        && (isTime ? PlainTimes : PlainSizes).Any(f =>
            Math.Abs((plain * f) - (value * factor)) < 1e-9 * Math.Max(1, value * factor)
        );

    private static (double Factor, bool IsTime)? FactorOf(string unit) =>
        Times.FirstOrDefault(u => u.Unit == unit) is { Unit: not null } time ? (time.Factor, true)
        : Sizes.FirstOrDefault(u => u.Unit == unit) is { Unit: not null } size ? (size.Factor, false)
        : null;

    private static (double Value, string? Unit)? Number(string text)
    {
        var match = Measure().Match(text);
        return match.Success && double.TryParse(match.Groups[1].Value, CultureInfo.InvariantCulture, out var value)
            ? (value, match.Groups[2].Length > 0 ? match.Groups[2].Value : null)
            : null;
    }

    private static double? Octal(string text) =>
        text.Length > 1 && text[0] == '0' && text.All(c => c is >= '0' and <= '7') ? Convert.ToInt32(text, 8) : null;

    private static string WithoutSpaces(string text) => Spaces().Replace(text, "");

    [GeneratedRegex(@"\A([-+]?[0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]{1,3})?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Measure();

    [GeneratedRegex(@"(?<=[,;:])\s+|\s+(?=[,;:])", RegexOptions.CultureInvariant)]
    private static partial Regex Spaces();
}
