using System.Globalization;
using System.Text;

namespace PgpoolLab.Drills.Reports.Words;

/// <summary>Texts of servers, drills and people as a page may show them. They can hold anything.</summary>
internal static class ShownText
{
    /// <summary>How much of an error's or event's text is shown: more than any server writes in a line.</summary>
    internal const int Longest = 500;

    /// <summary>A text of one line, in which what cannot be seen is visible, and what would turn the text round is
    /// not there. XML 1.0 allows every character of it.</summary>
    internal static string Line(string text) => Visible(text, lines: false);

    /// <summary>The same of several lines.</summary>
    internal static string Lines(string text) => Visible(text.ReplaceLineEndings("\n"), lines: true);

    /// <summary>The beginning of a text, with a mark where it was cut.</summary>
    /// <param name="text">One line.</param>
    /// <param name="characters">How much of it at most, the mark with it.</param>
    internal static string Cut(string text, int characters)
    {
        if (text.Length <= characters)
        {
            return text;
        }

        var end = Math.Max(0, characters - 1);
        return (end > 0 && char.IsHighSurrogate(text[end - 1]) ? text[..(end - 1)] : text[..end]).TrimEnd() + "…";
    }

    /// <summary>For HTML, XML, and their attributes between double quotes.</summary>
    internal static string Escape(string text)
    {
        if (text.AsSpan().IndexOfAny("<>&\"'") < 0)
        {
            return text;
        }

        var escaped = new StringBuilder(text.Length + 16);
        foreach (var c in text)
        {
            _ = c switch
            {
                '<' => escaped.Append("&lt;"),
                '>' => escaped.Append("&gt;"),
                '&' => escaped.Append("&amp;"),
                '"' => escaped.Append("&quot;"),
                '\'' => escaped.Append("&#39;"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    private static string Visible(string text, bool lines)
    {
        if (text.All(c => c is >= ' ' and <= '~'))
        {
            return text;
        }

        var shown = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '\n' when lines => shown.Append('\n'),
                '\n' or '\r' or '\t' => shown.Append(' '),
                < 0x20 => shown.Append((char)(0x2400 + rune.Value)),
                0x7F => shown.Append('\u2421'),
                (>= 0x80 and < 0xA0) or 0xFFFE or 0xFFFF => shown.Append('\uFFFD'),
                _ when TurnsRound(rune) => shown.Append('\uFFFD'),
                _ => shown.Append(rune.ToString()),
            };
        }

        return shown.ToString();
    }

    // Unicode's bidirectional controls, and the separators that browsers take for line ends.
    private static bool TurnsRound(Rune rune) =>
        rune.Value is (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) or 0x200E or 0x200F or 0x061C
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
