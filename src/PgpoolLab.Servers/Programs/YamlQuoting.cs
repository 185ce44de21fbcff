using System.Globalization;
using System.Text;

namespace PgpoolLab.Servers.Programs;

/// <summary>Quoting for YAML. What is quoted here is text to every reader: <c>no</c>, <c>1.10</c> and <c>*x</c> stay
/// what they are.</summary>
public static class YamlQuoting
{
    /// <summary>How far the lines of a block are indented: that of a value two levels down.</summary>
    private const string Indent = "    ";

    /// <summary>A text in double quotes, on one line.</summary>
    /// <remarks>YAML 1.2.2, 5.7 "Escaped Characters" and 7.3.1 "Double-Quoted Style"; YAML 1.1 has the same
    /// escapes.</remarks>
    public static string Text(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var quoted = new StringBuilder("\"", text.Length + 2);
        foreach (var rune in text.EnumerateRunes())
        {
            quoted.Append(
                rune.Value switch
                {
                    '"' => "\\\"",
                    '\\' => @"\\",
                    '\n' => "\\n",
                    '\t' => "\\t",
                    _ when IsPlain(rune) => rune.ToString(),
                    <= 0xFFFF => $"\\u{rune.Value.ToString("X4", CultureInfo.InvariantCulture)}",
                    _ => $"\\U{rune.Value.ToString("X8", CultureInfo.InvariantCulture)}",
                }
            );
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>A text of several lines as a block that people can read, where YAML has one for it; else in double
    /// quotes.</summary>
    /// <remarks>YAML 1.2.2, 8.1.2 "Literal Style". A line break of YAML 1.1 inside of a line (U+2028) would end it
    /// there.</remarks>
    public static string Block(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = text.Split('\n');
        return
            text.EndsWith('\n')
            && !text.EndsWith("\n\n", StringComparison.Ordinal)
            && text[0] is not (' ' or '\n')
            && lines.All(l => l.EnumerateRunes().All(IsPlain) && (l.Length == 0 || l.Trim(' ').Length > 0))
            ? "|\n" + string.Join('\n', lines.Select(l => l.Length > 0 ? Indent + l : l)).TrimEnd('\n')
            : Text(text);
    }

    /// <summary>True for what every reader takes for itself: neither a control character nor a line break of any
    /// release of YAML.</summary>
    /// <remarks>YAML 1.2.2, 5.1 "Character Set".</remarks>
    private static bool IsPlain(Rune rune) =>
        rune.Value is (>= 0x20 and <= 0x7E) or (>= 0xA0 and <= 0xD7FF) or (>= 0xE000 and <= 0xFFFD) or >= 0x10000
        && rune.Value is not (0x2028 or 0x2029 or 0xFEFF or 0xFFFD)
        && (rune.Value & 0xFFFE) != 0xFFFE;
}
