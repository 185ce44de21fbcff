using System.CommandLine;
using System.CommandLine.Parsing;
using PgpoolLab.Cli.Manual;

namespace PgpoolLab.Cli;

/// <summary>A word that looks like an option and is none. The parser would take it for a folder.</summary>
internal static class UnknownOption
{
    /// <returns>The first one before <c>--</c>, and the option that is most like it; null when there is none.</returns>
    internal static (string Text, string? Suggestion)? In(ParseResult parsed)
    {
        // What is meant for another program is an option of that one's.
        var passedOn = parsed
            .CommandResult.Children.OfType<OptionResult>()
            .Where(o => o.Option.Name == Commands.SetupCommand.InitDbOption)
            .SelectMany(o => o.Tokens)
            .ToHashSet();
        var word = parsed
            .Tokens.TakeWhile(t => t.Type is not TokenType.DoubleDash)
            .Where(t => !passedOn.Contains(t))
            .FirstOrDefault(t =>
                t.Type is TokenType.Argument && t.Value.Length > 1 && t.Value[0] == '-' && !int.TryParse(t.Value, out _)
            )
            ?.Value;
        if (word is null)
        {
            return null;
        }

        var name = word.Split('=')[0];
        var known = parsed
            .CommandResult.Command.Options.Concat(parsed.RootCommandResult.Command.Options)
            .Where(o => !o.Hidden)
            .SelectMany(o => o.Aliases.Prepend(o.Name))
            .Where(n => n.StartsWith("--", StringComparison.Ordinal));
        return (name, Nearest.Of(name, known));
    }
}
