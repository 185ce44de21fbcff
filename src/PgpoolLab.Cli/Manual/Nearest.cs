using System.CommandLine;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Manual;

/// <summary>The command or option that somebody may have meant.</summary>
internal static class Nearest
{
    /// <summary>Of so few letters two others make any word.</summary>
    private const int Short = 3;

    /// <summary>"There is no command X", with the nearest one.</summary>
    /// <param name="parent">The command it would be below.</param>
    /// <param name="word">What was typed.</param>
    internal static string NoCommand(Command parent, string word)
    {
        var path = CommandFacts.PathOf(parent);
        var nearest = CommandFor(parent, word);
        return $"There is no command {path}{word}.{(nearest is null ? "" : $" Did you mean {path}{nearest}?")}";
    }

    /// <returns>The nearest of these; null when none is near.</returns>
    internal static string? Of(string word, IEnumerable<string> known)
    {
        var words = known.ToArray();
        var near = words
            .Select(k => (Word: k, Distance: Words.Distance(k, word)))
            .OrderBy(k => k.Distance)
            .FirstOrDefault();
        var length = word.TrimStart('-').Length;
        return length < 2 || near.Word is null ? null
            : near.Distance <= 1 ? near.Word
            : words.FirstOrDefault(k => k.StartsWith(word, StringComparison.Ordinal)) is { } begun ? begun
            : near.Distance == 2 && length > Short ? near.Word
            : null;
    }

    private static string? CommandFor(Command parent, string word)
    {
        var commands = CommandFacts.Commands(parent);
        return commands.FirstOrDefault(c => CommandGuides.Of(c).Synonyms.Contains(word))?.Name
            ?? Of(word, commands.Select(c => c.Name));
    }
}
