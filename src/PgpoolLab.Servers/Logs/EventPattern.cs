using System.Globalization;
using System.Text.RegularExpressions;

namespace PgpoolLab.Servers.Logs;

/// <summary>A message that reports an event.</summary>
/// <param name="kind">In whose log.</param>
/// <param name="key">A piece of it, to find it fast.</param>
/// <param name="pattern">All of it, as a regular expression. Its named groups are the event's arguments.</param>
/// <param name="name">The event.</param>
/// <param name="text">The same for a reader, with arguments in braces.</param>
internal sealed class EventPattern(LogKind kind, string key, string pattern, string name, string text)
{
    private readonly Lazy<Regex> _pattern = new(() =>
        new Regex(pattern, RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)
    );

    /// <summary>The event.</summary>
    internal string Name => name;

    /// <summary>The text for a reader.</summary>
    internal string Text => text;

    /// <summary>Tries a message.</summary>
    /// <returns>The arguments; null when it is another message.</returns>
    internal Dictionary<string, object>? Match(LogLine line)
    {
        if (line.Source.Kind != kind || !line.Text.Contains(key, StringComparison.Ordinal))
        {
            return null;
        }

        var match = _pattern.Value.Match(line.Text);
        return match.Success
            ? match.Groups.Values.Skip(1).Where(g => g.Success).ToDictionary(g => g.Name, g => Value(g.Value))
            : null;
    }

    private static object Value(string text) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
        && (text.Length == 1 || text[0] is not ('0' or '+'))
            ? number
            : text;
}
