using System.Text.RegularExpressions;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Settings;

/// <summary>Sets values in the text of a postgresql.conf or pgpool.conf. No line of anybody else is changed: of two
/// settings of one name the last counts, and so the new ones stand at the end, between two comments.</summary>
/// <remarks>PostgreSQL manual, "Parameter Interaction via the Configuration File"; Pgpool-II reads its file the same
/// way.</remarks>
public static partial class SettingsText
{
    /// <summary>Above the lines this program has added.</summary>
    public const string Heading = "# Set with pgpoollab config set";

    /// <summary>Below them: what somebody adds after that is his own.</summary>
    public const string End = "# End of what was set with pgpoollab config set";

    /// <summary>The text with these settings.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="program"><c>pgpool</c> or <c>postgresql</c>.</param>
    /// <param name="settings">Names and values.</param>
    public static string With(string text, string program, IReadOnlyDictionary<string, string> settings)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(settings);
        var lines = text.Split('\n').ToList();
        while (lines.Count > 0 && lines[^1].Trim().Length == 0)
        {
            lines.RemoveAt(lines.Count - 1);
        }

        var end = lines.FindLastIndex(l => l.TrimEnd() == End);
        var heading = end < 0 ? -1 : lines.FindLastIndex(end, l => l.TrimEnd() == Heading);
        if (heading < 0 || lines.Skip(end).Any(IsSetting))
        {
            // Somebody has set something below it, which may be the same.
            if (lines.Count > 0)
            {
                lines.Add("");
            }

            heading = lines.Count;
            lines.Add(Heading);
            end = lines.Count;
            lines.Add(End);
        }

        foreach (var (name, value) in settings)
        {
            var line = $"{name} = {(program == SettingAssignment.Pgpool ? $"'{value}'" : ConfigQuoting.Value(value))}";
            var there = lines.FindIndex(
                heading,
                end - heading,
                l => string.Equals(Own().Match(l).Groups[1].Value, name, Comparison(program))
            );
            if (there >= 0)
            {
                lines[there] = line;
            }
            else
            {
                lines.Insert(end++, line);
            }
        }

        return string.Join('\n', lines) + "\n";
    }

    /// <summary>What this program has set in a file: names and values, in the file's order.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="doubledQuotes">True for postgresql.conf, where quotes and backslashes are doubled; pgpool.conf
    /// takes what is between two single quotes as it stands.</param>
    internal static IEnumerable<KeyValuePair<string, string>> SetLater(string text, bool doubledQuotes = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var inside = false;
        foreach (var line in text.Split('\n').Select(l => l.TrimEnd()))
        {
            inside = line == Heading || (inside && line != End);
            if (inside && Own().Match(line) is { Success: true } match)
            {
                var value = match.Groups[2].Value;
                yield return new(
                    match.Groups[1].Value,
                    doubledQuotes
                        ? value
                            .Replace("''", "'", StringComparison.Ordinal)
                            .Replace(@"\\", @"\", StringComparison.Ordinal)
                        : value
                );
            }
        }
    }

    /// <summary>PostgreSQL does not mind how its names are written.</summary>
    internal static StringComparison Comparison(string program) =>
        program == SettingAssignment.Pgpool ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    private static bool IsSetting(string line) => line.TrimStart() is { Length: > 0 } text && text[0] != '#';

    [GeneratedRegex(@"\A([A-Za-z_][A-Za-z0-9_.]*) = '(.*)'\r?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Own();
}
