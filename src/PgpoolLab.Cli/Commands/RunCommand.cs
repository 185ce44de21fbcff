using System.CommandLine;
using System.CommandLine.Parsing;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Keeping;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.LabFiles;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>run</c>: makes a lab for one command, runs the command in it, and removes the lab, whatever has ended
/// the command or this program.</summary>
internal static class RunCommand
{
    private const string Name = "run",
        Separator = "--",
        AnyPort = "auto";

    private static readonly Option<string> Port = SetupCommand.PortOption(AnyPort);

    private static readonly Option<bool> KeepOnFailure = new("--keep-on-failure")
    {
        Description = "If the command fails, leave the lab as it is, and say where (default: remove it)",
    };

    private static readonly Argument<string[]> CommandWords = new("COMMAND")
    {
        Description = "The command and its arguments, after --",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<string?> From = new("--from")
    {
        Description = "Make the lab of this snapshot, as clone does; options of setup are the other lab's then",
        HelpName = "SNAPSHOT",
    };

    private static readonly Option<string?> LabOfSnapshot = new("--lab")
    {
        Description = "With --from: the lab whose snapshot it is (default: the one around the current folder)",
        HelpName = "LAB",
    };

    /// <param name="terminal">Where to speak.</param>
    /// <param name="arguments">The command line.</param>
    /// <param name="setup">The command whose options say what the lab is to be.</param>
    internal static Command Create(Terminal terminal, IReadOnlyList<string> arguments, Command setup)
    {
        var command = new Command(
            Name,
            "Make a lab for one command: run the command with the lab's variables set, then remove the lab"
        )
        {
            CommandWords,
            Port,
        };
        foreach (var option in SetupCommand.OptionsOfLab(setup))
        {
            command.Options.Add(option);
        }

        command.Options.Add(KeepOnFailure);
        command.Options.Add(From);
        command.Options.Add(LabOfSnapshot);
        command
            .Guide(
                CommandGroup.Make,
                ("pgpoollab run -- make test", "Run the tests of a project, which find the lab in DATABASE_URL"),
                ("pgpoollab run -n 3 -s -- pytest -x", "Give them three nodes, with replication slots"),
                (
                    "pgpoollab run -- sh -c 'pgbench -i test && pgpoollab kill primary && pgbench -T 5 test'",
                    "Break the lab from inside: commands find it by PGPOOLLAB_LAB"
                ),
                ("pgpoollab run -f lab.yaml -- make test", "Make the lab that a lab file says"),
                ("pgpoollab run --from migrated --lab demo -- make test", "Make it of a snapshot of another lab"),
                ("pgpoollab run --keep-on-failure -- make test", "Leave the lab to look at when a test fails")
            )
            .Synonyms("with", "ephemeral");
        command.Validators.Add(result =>
        {
            if (result.GetValue(From) is not null)
            {
                var said = SetupCommand
                    .OptionsOfLab(setup)
                    .Where(o => o != Port && result.GetResult(o) is { Implicit: false })
                    .Select(o => o.Name)
                    .ToArray();
                if (said.Length > 0)
                {
                    result.AddError(
                        $"--from makes the lab as the snapshot has it; leave out {string.Join(", ", said)}."
                    );
                }
            }
            else if (result.GetValue(LabOfSnapshot) is { } lab)
            {
                result.AddError(
                    "run makes a lab of its own. In a lab that exists, programs are run by:  "
                        + $"pgpoollab exec --lab {Shell.Quote(lab)} -- PROGRAM"
                );
            }
        });
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                RequireSeparator(parsed);
                RequireThisMachine(parsed);
                return RunAsync(
                    terminal,
                    CallOf(parsed, arguments),
                    [.. arguments.SkipWhile(w => w != Separator).Skip(1)],
                    parsed.GetValue(KeepOnFailure),
                    cancellationToken
                );
            }
        );
        return command;
    }

    private static CreateCall CallOf(ParseResult parsed, IReadOnlyList<string> arguments) =>
        parsed.GetValue(From) is { } snapshot
            ? new CreateCall
            {
                From = snapshot,
                Lab = LabLocator.RequireReady(NamedLab.Find(parsed.GetValue(LabOfSnapshot))).Root,
                Arguments = parsed.GetValue(Port) is { } port && port != AnyPort ? ["--port", port] : [],
            }
            : new CreateCall { Arguments = [.. OptionsIn(arguments)] };

    private static void RequireSeparator(ParseResult parsed)
    {
        if (!parsed.Tokens.Any(t => t.Type is TokenType.DoubleDash))
        {
            throw new LabException(ExitCode.Usage, "The command must come after --.")
            {
                Hints =
                [
                    $"Put -- before it:  pgpoollab run -- {parsed.GetValue(CommandWords)![0]} ...",
                    "Programs in a lab that exists are run by:  pgpoollab exec",
                ],
            };
        }
    }

    /// <summary>A lab file is looked at before anything is begun.</summary>
    private static void RequireThisMachine(ParseResult parsed)
    {
        if (parsed.GetValue(SetupFileOptions.File) is not { } file)
        {
            return;
        }

        if (file == LabFileReader.StandardInput)
        {
            throw new LabException(ExitCode.Usage, "Standard input is the command's; the lab file must be a file.");
        }

        var request = SetupRequest.Read(parsed, SetupCommand.Said(parsed), leaveRunning: true);
        if (request.Said.Hosts is { Count: > 0 })
        {
            throw new LabException(
                ExitCode.Usage,
                $"{request.NameOf(SpecField.Hosts)}: run makes labs on this machine only."
            )
            {
                Hints =
                [
                    $"Make it:  pgpoollab up -f {Shell.Quote(file)} DIR",
                    "Then run programs in it:  pgpoollab exec --lab DIR -- PROGRAM",
                ],
            };
        }
    }

    /// <summary>What of a command line is for setup.</summary>
    internal static IEnumerable<string> OptionsIn(IReadOnlyList<string> arguments)
    {
        var before = arguments.TakeWhile(w => w != Separator).ToList();
        before.Remove(Name);
        return before.Where(w => w != KeepOnFailure.Name && w is not "--quiet" and not "-q");
    }

    private static async Task<int> RunAsync(
        Terminal terminal,
        CreateCall create,
        IReadOnlyList<string> words,
        bool keepOnFailure,
        CancellationToken cancellationToken
    )
    {
        var before = ShellSession.OfCaller().Path;
        if (!IsKnown(words[0], before))
        {
            // Not after a lab was made in vain.
            throw NotFound(words[0]);
        }

        var began = Composition.Clock.GetTimestamp();
        await using var keeper = Keeper.Start();
        MadeLab made;
        try
        {
            made = await keeper.AskAsync(
                create,
                MadeLabJson.Default.MadeLab,
                line => ShowStep(terminal, line),
                cancellationToken
            );
        }
        catch (CallFailedException failed)
        {
            // As setup itself has told it; it has undone what it had made.
            var lines = failed.Error.Text.Split('\n');
            var first = Array.FindIndex(lines, l => l.StartsWith("error: ", StringComparison.Ordinal));
            terminal.Error.WriteLine(string.Join('\n', lines[Math.Max(0, first)..]));
            return failed.Error.Code;
        }

        if (cancellationToken.IsCancellationRequested)
        {
            return await RemoveAsync(terminal, keeper, made, (int)ExitCode.Interrupted);
        }

        var elapsed = Composition.Clock.GetElapsedTime(began);
        terminal.Say(
            $"pgpoollab: lab {made.Lab.Directory} is up after {elapsed.TotalSeconds:0.0} s: {made.Lab.Nodes.Count} "
                + $"node{(made.Lab.Nodes.Count == 1 ? "" : "s")}, Pgpool-II on port {made.Lab.PgpoolPort}"
        );
        int code;
        try
        {
            code = await ExecuteAsync(keeper, made, words);
        }
        catch
        {
            await RemoveAsync(terminal, keeper, made, (int)ExitCode.Failed);
            throw;
        }

        if (code != 0 && keepOnFailure)
        {
            await keeper.AskAsync(new KeepCall(made.Lab.Directory), said: null, CancellationToken.None);
            var folder = Shell.Quote(made.Lab.Directory);
            terminal.Say($"pgpoollab: {words[0]} ended with exit code {code}; the lab is kept in {made.Lab.Directory}");
            terminal.Say($"  See how it is:  pgpoollab status --lab {folder}");
            terminal.Say($"  Remove it:      pgpoollab destroy {folder}");
            return code;
        }

        return await RemoveAsync(terminal, keeper, made, code);
    }

    private static async Task<int> ExecuteAsync(Keeper keeper, MadeLab made, IReadOnlyList<string> words)
    {
        var path = made.Environment.GetValueOrDefault("PATH") ?? "";
        var program = words[0].Contains('/') ? words[0] : Find(words[0], path) ?? throw NotFound(words[0]);
        var group = 0;
        var code = await ForegroundProgram.RunAsync(
            new CommandSpec(program, [.. words.Skip(1)])
            {
                // The caller's own program, which runs as the caller.
                KeepsEnvironment = true,
                Environment = made.Environment,
            },
            started =>
            {
                group = started;
                keeper.Tell(new GuardCall(started));
            }
        );
        if (group != 0)
        {
            keeper.Tell(new ReleaseCall(group));
        }

        return code;
    }

    /// <summary>Removes the lab, also when the keeper is gone.</summary>
    /// <returns>The exit code; another one when the command was done and the lab could not be removed.</returns>
    private static async Task<int> RemoveAsync(Terminal terminal, Keeper keeper, MadeLab made, int code)
    {
        HostError? error = null;
        try
        {
            await keeper.AskAsync(new DestroyCall(made.Lab.Directory), said: null, CancellationToken.None);
        }
        catch (CallFailedException failed)
        {
            error = failed.Error;
        }
        catch (LabException)
        {
            // Somebody has ended the keeper alone.
            var end = await OwnProgram.DestroyAsync(made.Lab.Directory);
            error = end.Code == 0 ? null : end.ToError();
        }

        if (error is null)
        {
            return code;
        }

        terminal.Error.WriteLine($"pgpoollab: the lab could not be removed:\n{error.Text}");
        return code == 0 ? (int)ExitCode.UndoFailed : code;
    }

    private static void ShowStep(Terminal terminal, string line)
    {
        // What setup does is told on request; why it has failed is told at its end.
        if (terminal.Verbose)
        {
            terminal.Say(line);
        }
    }

    /// <summary>True for a program that there is, or that the lab brings.</summary>
    private static bool IsKnown(string program, string path) =>
        program.Contains('/')
            ? Identity.CanExecute(program)
            : Find(program, path) is not null
                || program == Invocation.Name
                || LabPrograms.IsPcp(program)
                || LabPrograms.Postgres.Contains(program);

    private static string? Find(string program, string path) =>
        path.Split(':')
            .Where(f => f.Length > 0)
            .Select(f => Path.Combine(f, program))
            .FirstOrDefault(Identity.CanExecute);

    private static LabException NotFound(string program) =>
        new(ExitCode.Missing, $"There is no program {program} that can be run.")
        {
            Hints = ["The command comes after --, with its path or by a name on PATH:  pgpoollab run -- make test"],
        };
}
