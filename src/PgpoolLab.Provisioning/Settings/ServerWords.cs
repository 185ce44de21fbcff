using System.Text.RegularExpressions;

namespace PgpoolLab.Provisioning.Settings;

/// <summary>What a server program says on standard error, without times and process ids.</summary>
internal static partial class ServerWords
{
    /// <summary>The first error and what explains it, as sentences of one line.</summary>
    internal static string Of(string error)
    {
        var lines = error.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var words = lines
            .Select(l => Level().Match(l))
            .Where(m => m.Success)
            .SkipWhile(m => m.Groups[1].Value is not ("FATAL" or "ERROR" or "PANIC"))
            .Select((m, i) => (m, i))
            .TakeWhile(x => x.i == 0 || x.m.Groups[1].Value is "DETAIL" or "HINT")
            .Select(x => x.m.Groups[2].Value.TrimEnd())
            .ToArray();
        return words.Length > 0
            ? string.Join(" ", words.Select(w => w.EndsWith('.') ? w : w + "."))
            : lines.FirstOrDefault() ?? "it does not say why";
    }

    /// <summary>True for words about a setting or a line of a file.</summary>
    internal static bool IsAboutSettings(string words) =>
        words.Contains("parameter \"", StringComparison.Ordinal)
        || words.Contains("configuration file", StringComparison.Ordinal);

    [GeneratedRegex(@"\b(FATAL|ERROR|PANIC|LOG|WARNING|NOTICE|DETAIL|HINT|CONTEXT): +(.*)\z")]
    private static partial Regex Level();
}
