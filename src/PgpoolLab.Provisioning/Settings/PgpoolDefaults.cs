using System.Text.RegularExpressions;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Settings;

/// <summary>The defaults of Pgpool-II's settings, as its sample files have them.</summary>
public static partial class PgpoolDefaults
{
    /// <summary>The defaults that a sample file names, whether they are commented out or not.</summary>
    /// <param name="sample">Its text.</param>
    internal static IReadOnlyDictionary<string, string> DefaultsOf(string sample)
    {
        var defaults = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in sample.Split('\n'))
        {
            if (
                Commented().Match(line) is { Success: true } match
                && ConfigLine.TryRead(ofPgpool: true, match.Groups[1].Value) is var (name, value)
                // They show how a node is written, and are nobody's default.
                && !name.StartsWith("backend_", StringComparison.Ordinal)
                && !Numbered().IsMatch(name)
            )
            {
                defaults.TryAdd(name, value);
            }
        }

        return defaults;
    }

    /// <summary>The default of a setting; one of a node's own that is none is the same for all nodes.</summary>
    internal static string? DefaultOf(IReadOnlyDictionary<string, string> defaults, string name) =>
        defaults.GetValueOrDefault(name) ?? defaults.GetValueOrDefault(name.TrimEnd([.. "0123456789"]));

    [GeneratedRegex(@"\A#?([a-zA-Z_][a-zA-Z0-9_]* *=.*?)\r?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Commented();

    [GeneratedRegex(
        @"\A(?:hostname|pgpool_port|wd_port|heartbeat_\w+?|other_\w+?)[0-9]+\z",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Numbered();
}
