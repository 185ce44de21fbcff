namespace PgpoolLab.Cli.Commands;

/// <summary>Times as users write them.</summary>
internal static class Duration
{
    /// <summary>Understands <c>30s</c>, <c>500ms</c>, <c>5m</c> (or <c>5min</c>), <c>2h</c>, and a bare number of
    /// seconds.</summary>
    /// <returns>Null when it is none, is negative, or is longer than a day.</returns>
    internal static TimeSpan? Parse(string text)
    {
        var number = text.TrimEnd([.. "himns"]);
        return
            double.TryParse(number, System.Globalization.NumberStyles.AllowDecimalPoint, null, out var value)
            && UnitOf(text[number.Length..]) is { } unit
            && value * unit.TotalSeconds <= TimeSpan.FromDays(1).TotalSeconds
            ? value * unit
            : null;
    }

    private static TimeSpan? UnitOf(string text) =>
        text switch
        {
            "ms" => TimeSpan.FromMilliseconds(1),
            "s" or "" => TimeSpan.FromSeconds(1),
            "m" or "min" => TimeSpan.FromMinutes(1),
            "h" => TimeSpan.FromHours(1),
            _ => null,
        };
}
