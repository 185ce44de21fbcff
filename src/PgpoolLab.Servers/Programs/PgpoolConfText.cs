using System.Text.RegularExpressions;

namespace PgpoolLab.Servers.Programs;

/// <summary>The settings in the text of a pgpool.conf. Of two of one name the last counts.</summary>
/// <remarks>Pgpool-II source, pool_config.l.</remarks>
internal sealed partial class PgpoolConfText
{
    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);

    private PgpoolConfText() { }

    /// <summary>A setting's value without quotes; null when it is not there.</summary>
    internal string? this[string name] => _values.GetValueOrDefault(name);

    /// <summary>All of them, by name.</summary>
    internal IReadOnlyDictionary<string, string> All => _values;

    /// <summary>A whole number; null when it is not there, or is none.</summary>
    internal int? Number(string name) => int.TryParse(this[name], out var number) ? number : null;

    /// <summary>A number of seconds, with or without its unit.</summary>
    internal int? Seconds(string name) =>
        Duration().Match(this[name] ?? "") is { Success: true } match
        && int.TryParse(match.Groups[1].Value, out var number)
            ? match.Groups[2].Value switch
            {
                "ms" => (number + 999) / 1000,
                "min" => number * 60,
                "h" => number * 3600,
                "d" => number * 86400,
                _ => number,
            }
            : null;

    /// <summary>Reads.</summary>
    internal static PgpoolConfText Read(string text)
    {
        var read = new PgpoolConfText();
        foreach (var line in text.Split('\n'))
        {
            if (ConfigLine.TryRead(ofPgpool: true, line) is var (name, value))
            {
                read._values[name] = value;
            }
        }

        return read;
    }

    [GeneratedRegex(@"\A\s*([0-9]+)\s*(ms|s|min|h|d)?\s*\z")]
    private static partial Regex Duration();
}
