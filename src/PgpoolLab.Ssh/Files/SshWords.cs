using System.Text;

namespace PgpoolLab.Ssh.Files;

/// <summary>A line of ssh's configuration: a keyword, and its words.</summary>
/// <param name="Keyword">In small letters.</param>
/// <param name="Words">Without their quotes.</param>
internal sealed record SshLine(string Keyword, IReadOnlyList<string> Words)
{
    private static readonly char[] Blanks = [' ', '\t', '\r', '\f'];

    /// <summary>Reads a line.</summary>
    /// <returns>Null for an empty line and a comment.</returns>
    /// <exception cref="FormatException">A quote is not closed.</exception>
    internal static SshLine? Parse(string line)
    {
        var rest = line.AsSpan().Trim(Blanks);
        if (rest.IsEmpty || rest[0] == '#')
        {
            return null;
        }

        var end = rest.IndexOfAny(" \t\f=");
        if (end < 0)
        {
            return new SshLine(rest.ToString().ToLowerInvariant(), []);
        }

        var keyword = rest[..end].ToString().ToLowerInvariant();
        rest = rest[end..].TrimStart(Blanks);
        // "Port=22" and "Port = 22" are what "Port 22" is.
        if (!rest.IsEmpty && rest[0] == '=')
        {
            rest = rest[1..].TrimStart(Blanks);
        }

        return new SshLine(keyword, [.. Split(rest.ToString())]);
    }

    private static IEnumerable<string> Split(string text)
    {
        var at = 0;
        while (true)
        {
            while (at < text.Length && Blanks.Contains(text[at]))
            {
                at++;
            }

            if (at == text.Length || text[at] == '#')
            {
                yield break;
            }

            yield return Word(text, ref at);
        }
    }

    private static string Word(string text, ref int at)
    {
        var word = new StringBuilder();
        var quote = '\0';
        for (; at < text.Length && (quote != '\0' || !Blanks.Contains(text[at])); at++)
        {
            var c = text[at];
            if (c == '\\' && at + 1 < text.Length && IsEscaped(text[at + 1], quote))
            {
                word.Append(text[++at]);
            }
            else if (quote == '\0' && c is '"' or '\'')
            {
                quote = c;
            }
            else if (quote != '\0' && c == quote)
            {
                quote = '\0';
            }
            else
            {
                word.Append(c);
            }
        }

        return quote == '\0' ? word.ToString() : throw new FormatException("a quote is not closed");
    }

    private static bool IsEscaped(char c, char quote) => c is '"' or '\'' or '\\' || (c == ' ' && quote == '\0');
}
