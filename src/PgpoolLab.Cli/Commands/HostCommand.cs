using System.CommandLine;
using PgpoolLab.Cli.Keeping;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>host</c>: makes labs for another program, and removes them when that has ended.</summary>
internal static class HostCommand
{
    internal static Command Create(Terminal terminal)
    {
        var schema = new Option<bool>("--schema") { Description = "Print the JSON schema of these lines, and end" };
        var command = new Command(
            "host",
            "Make labs for a program and work on them, as lines of JSON on standard input say; "
                + "remove them when that ends"
        )
        {
            schema,
        }.Guide(
            CommandGroup.More,
            ("pgpoollab host --schema", "Print what lines it reads and writes"),
            (
                "(echo '{\"id\":1,\"call\":{\"call\":\"create\"}}'; sleep 60) | pgpoollab host",
                "Make a lab that is there for a minute, and describe it"
            )
        );
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var verbs = Verbs(parsed.RootCommandResult.Command);
                if (parsed.GetValue(schema))
                {
                    terminal.Out.WriteLine(HostSchema.Text(verbs.Keys));
                    return (int)ExitCode.Done;
                }

                var session = ProcessGroup.OwnSession;
                // What ends the other program at its terminal must not end this one, which has to clean up after it.
                _ = JobControl.TryBeginSession();
                // Not the terminal's writers: what goes here is no text for people.
                await using var output = Console.OpenStandardOutput();
                await using var input = Console.OpenStandardInput();
                using var service = new HostService(verbs, Composition.Probes(Composition.Host()), output)
                {
                    Session = session,
                };
                var failures = await service.RunAsync(input, ProgramVersion.Text, cancellationToken);
                foreach (var failure in failures)
                {
                    terminal.Error.WriteLine(failure.Text);
                }

                return (int)(failures.Count > 0 ? ExitCode.UndoFailed : ExitCode.Done);
            }
        );
        return command;
    }

    /// <summary>The commands that work on one lab, by the words that lead to them.</summary>
    internal static SortedDictionary<string, bool> Verbs(Command root) =>
        new(
            CommandFacts
                .All(root)
                .Where(c =>
                    (c.Subcommands.Count == 0 && CommandFacts.Options(c).Contains(CommandLine.Lab))
                    // It may work on a lab; there are drills to be listed below it.
                    || CommandFacts.PathOf(c).TrimEnd() == HostService.Drill
                )
                .ToDictionary(
                    c => CommandFacts.PathOf(c).TrimEnd(),
                    c => CommandFacts.Options(c).Contains(CommandLine.Json)
                ),
            StringComparer.Ordinal
        );
}
