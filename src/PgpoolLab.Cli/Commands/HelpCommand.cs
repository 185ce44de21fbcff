using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>help</c>: the help of the program, or of one command.</summary>
internal static class HelpCommand
{
    internal static Command Create(Terminal terminal)
    {
        var words = new Argument<string[]>("COMMAND")
        {
            Description = "A command, such as nodes, or cache clear (default: list all)",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("help", "Show help: all commands, or one of them with its examples") { words }.Guide(
            CommandGroup.More,
            ("pgpoollab help", "List all commands"),
            ("pgpoollab help setup", "Show the options of setup, and examples")
        );
        command.SetAction(parsed =>
        {
            Command found = parsed.RootCommandResult.Command;
            foreach (var word in parsed.GetValue(words) ?? [])
            {
                found =
                    found.Subcommands.FirstOrDefault(c => c.Name == word || c.Aliases.Contains(word))
                    ?? throw new LabException(ExitCode.Usage, Nearest.NoCommand(found, word))
                    {
                        Hints = [$"All commands:  {Invocation.Name} help"],
                    };
            }

            HelpPages.Print(found, terminal.Out, terminal.Data.Profile.Width);
            return (int)ExitCode.Done;
        });
        return command;
    }
}
