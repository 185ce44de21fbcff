using System.Text;

namespace PgpoolLab.Hosts;

/// <summary>The one place where text is quoted for a POSIX shell.</summary>
/// <remarks>POSIX.1, Shell Command Language, 2.2 Quoting.</remarks>
public static class Shell
{
    private const string SafeCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

    /// <summary>True when the text means itself as an unquoted word.</summary>
    public static bool IsSafeWord(string text) => text.Length > 0 && text.All(SafeCharacters.Contains);

    /// <summary>The text as one word of a POSIX shell, quoted only where it must be.</summary>
    public static string Quote(string text) =>
        IsSafeWord(text) ? text : $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>The text as one word of whatever shell somebody logs in with (csh, fish), which <c>printf %b</c> makes
    /// the text again.</summary>
    /// <remarks>POSIX.1, printf, "EXTENDED DESCRIPTION": \0 and up to three octal digits are a byte.</remarks>
    public static string Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return IsSafeWord(text) ? text : $"'{string.Concat(Encoding.UTF8.GetBytes(text).Select(Encode))}'";
    }

    private static string Encode(byte one) =>
        SafeCharacters.Contains((char)one) ? ((char)one).ToString() : $@"\0{Convert.ToString(one, 8).PadLeft(3, '0')}";

    /// <summary>What <see cref="Quote"/> was given.</summary>
    /// <returns>Null when the word is none that <see cref="Quote"/> makes.</returns>
    public static string? Unquote(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        var text = word is ['\'', .. var quoted, '\''] ? quoted.Replace(@"'\''", "'", StringComparison.Ordinal) : word;
        return Quote(text) == word ? text : null;
    }
}
