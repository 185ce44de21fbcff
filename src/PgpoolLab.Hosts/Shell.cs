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

    /// <summary>What <see cref="Quote"/> was given.</summary>
    /// <returns>Null when the word is none that <see cref="Quote"/> makes.</returns>
    public static string? Unquote(string word)
    {
        ArgumentNullException.ThrowIfNull(word);
        var text = word is ['\'', .. var quoted, '\''] ? quoted.Replace(@"'\''", "'", StringComparison.Ordinal) : word;
        return Quote(text) == word ? text : null;
    }
}
