using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>exec</c>: a program with the lab's environment, as the lab's user.</summary>
internal static class ExecCommand
{
    internal static Command Create(Terminal terminal)
    {
        var program = new Argument<string>("PROGRAM")
        {
            Description = "A program; those of the lab's PostgreSQL and Pgpool-II need no path",
        };
        var rest = new Argument<string[]>("ARGS")
        {
            Description = "Its arguments; put -- before the program",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command(
            "exec",
            "Run a program with the lab's ports and passwords set for it, as the lab's user"
        )
        {
            program,
            rest,
            CommandLine.Lab,
        }.Guide(
            CommandGroup.Run,
            ("pgpoollab exec -- pg_dump test", "Run the lab's pg_dump through Pgpool-II"),
            ("pgpoollab exec --lab demo -- pcp_node_count", "Run a pcp program, which needs no password this way")
        );
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    return await SpreadShell.RunAsync(
                        terminal,
                        spread,
                        Target.Of("pgpool"),
                        parsed.GetValue(program)!,
                        parsed.GetValue(rest) ?? [],
                        cancellationToken
                    );
                }

                var (folder, path) = (Invocation.CurrentFolder, ShellSession.OfCaller().Path);
                var lab = LabCommand.Open(parsed);
                return await ChildProcess.RunInteractiveAsync(
                    Command(
                        lab,
                        parsed.GetValue(program)!,
                        parsed.GetValue(rest) ?? [],
                        path,
                        FolderOf(lab, folder),
                        Wrappers.TryWrite(lab)
                    )
                );
            }
        );
        return command;
    }

    internal static CommandSpec Command(
        Lab lab,
        string program,
        IReadOnlyList<string> arguments,
        string callersPath,
        string folder,
        string? wrappers = null
    )
    {
        var variables = LabVariables.Of(lab, callersPath, wrappers);
        string[] words =
            program.Contains('/') ? [program]
            : LabPrograms.IsPcp(program) ? [.. LabPrograms.PcpWords(lab, program)]
            : [Find(program, variables["PATH"])];
        return new CommandSpec(words[0], [.. words.Skip(1), .. arguments])
        {
            WorkingDirectory = folder,
            // The lab's user may see what runs as that user; what else root's shell holds is none of its business.
            KeepsEnvironment = !Identity.HasStoodDown,
            OnTerminal = true,
            Environment = CleanEnvironment
                .Libpq.ToDictionary(v => v, v => variables.GetValueOrDefault(v))
                .Concat(
                    variables
                        .Where(v => !CleanEnvironment.Libpq.Contains(v.Key))
                        .Select(v => KeyValuePair.Create(v.Key, (string?)v.Value))
                )
                .ToDictionary(),
        };
    }

    private static string Find(string program, string path) =>
        path.Split(':').Select(f => Path.Combine(f, program)).FirstOrDefault(Identity.CanExecute) ?? program;

    /// <summary>Where the caller is, when the lab's user may be there, too.</summary>
    private static string FolderOf(Lab lab, string callers) =>
        Composition.Process.TryEnter(callers) ? callers : lab.Root;
}
