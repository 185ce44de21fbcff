using System.Globalization;
using System.Text;

namespace PgpoolLab.Drills.Reports.Pictures;

/// <summary>How wide a text may become. Nobody knows the reader's fonts, so it is measured as in a wide one, DejaVu
/// Sans.</summary>
internal static class TextWidth
{
    /// <summary>In the picture's units.</summary>
    internal static double Of(string text, double size) => text.EnumerateRunes().Sum(Em) * size;

    /// <summary>The beginning of a text that is not wider than this; empty when not even a few characters
    /// fit.</summary>
    internal static string Cut(string text, double size, double width)
    {
        if (Of(text, size) <= width)
        {
            return text;
        }

        const int fewest = 4;
        var (room, end, runes) = (width - (Ellipsis * size), 0, 0);
        foreach (var rune in text.EnumerateRunes())
        {
            room -= Em(rune) * size;
            if (room < 0)
            {
                break;
            }

            end += rune.Utf16SequenceLength;
            runes++;
        }

        return runes < fewest ? "" : text[..end].TrimEnd() + "…";
    }

    private const double Ellipsis = 1;

    private static double Em(Rune rune) =>
        rune.Value switch
        {
            ' ' or '.' or ',' or ':' or ';' or 'i' or 'j' or 'l' or 'I' or '|' or '\'' or '/' => 0.36,
            'r' or 't' or 'f' or '-' or '(' or ')' => 0.42,
            'm' or 'w' or 'M' or 'W' or '@' or '%' or '…' => 1,
            >= 'A' and <= 'Z' or '+' or '=' or '<' or '>' or '~' or '−' or '#' or '→' => 0.84,
            < 0x250 => 0.66,
            _ when Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark => 0.2,
            < 0x1100 => 0.9,
            _ => 1.4,
        };
}
