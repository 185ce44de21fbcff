using System.CommandLine;
using PgpoolLab.Cli.Compatibility;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;

namespace PgpoolLab.Cli;

/// <summary>What is wrong with a command line, with the command, option or word that may have been meant.</summary>
internal static class UsageErrors
{
    internal static void Show(Terminal terminal, ParseResult parsed)
    {
        if (UnknownOption.In(parsed) is { } unknown)
        {
            // The parser takes it for an argument, and what follows for one too many.
            ErrorView.Headline(
                terminal,
                "There is no option "
                    + $"{unknown.Text}.{(unknown.Suggestion is null ? "" : $" Did you mean {unknown.Suggestion}?")}"
            );
        }
        else
        {
            // An unknown command is told twice: once as such, once as the lack of a known one.
            var parent = parsed.CommandResult.Command;
            var unknownCommand = parsed.UnmatchedTokens.Count > 0 && parent.Subcommands.Count > 0;
            foreach (
                var error in unknownCommand
                    ? [Nearest.NoCommand(parent, parsed.UnmatchedTokens[0])]
                    : parsed.Errors.Select(e => Message(parent, e.Message))
            )
            {
                ErrorView.Headline(terminal, error);
            }
        }

        if (parsed.CommandResult.Command.Name is PgpoolSetupCommand.Name or PgpoolSetupCommand.WatchdogName)
        {
            terminal.Error.WriteLine(PgpoolSetupCommand.Usage(parsed.CommandResult.Command.Name));
        }

        ErrorView.Hint(terminal, $"Help:  pgpoollab {CommandFacts.PathOf(parsed.CommandResult.Command)}--help");
    }

    /// <summary>The parser says that a command is missing, but not which there are.</summary>
    private static string Message(Command parent, string message) =>
        parent is not ProgramCommand && parent.Subcommands.Count > 0
            ? $"{CommandFacts.PathOf(parent)}needs a command: "
                + $"{string.Join(" or ", parent.Subcommands.Select(c => c.Name))}."
            : message;
}
