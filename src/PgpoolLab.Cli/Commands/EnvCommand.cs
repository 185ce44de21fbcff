using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>env</c>: what a shell needs so that psql, pgbench, pg_ctl and pcp_* find this lab.</summary>
internal static class EnvCommand
{
    internal static Command Create(Terminal terminal)
    {
        var target = new Argument<string?>("TARGET")
        {
            Description = "With --format: pgpool, or a node's number (default: all, each with its name)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        target.CompletionSources.Add("pgpool", "0", "1");
        var shell = new Option<string>("--shell")
        {
            Description = "Your shell: sh (also bash, zsh), fish, or csh (also tcsh)",
            HelpName = "SHELL",
            DefaultValueFactory = _ => "sh",
        };
        CommandLine.OnlyAmong(shell, ShellDialect.Names);
        var format = new Option<string?>("--format")
        {
            Description =
                "Print connection strings instead: uri (for libpq), jdbc, npgsql, service (a pg_service.conf) or json. "
                + "They hold no password, but name the file that has it (for JDBC: in the variable PGPASSFILE)",
            HelpName = "FORMAT",
        };
        CommandLine.OnlyAmong(format, ConnectionStrings.Formats);
        var off = new Option<bool>("--off") { Description = "Undo all that env has changed in this shell" };
        var command = new Command(
            "env",
            "Print variables for a shell, or connection strings, by which programs find the lab"
        )
        {
            target,
            CommandLine.Lab,
            shell,
            off,
            format,
            CommandLine.Json,
        }.Guide(
            CommandGroup.Run,
            ("eval \"$(pgpoollab env)\"", "Have this shell's psql, pgbench, pg_ctl and pcp_* find the lab"),
            ("pgpoollab env --shell fish | source", "The same in fish"),
            ("eval \"`pgpoollab env --shell csh`\"", "The same in csh and tcsh"),
            ("eval \"$(pgpoollab env --off)\"", "Undo it"),
            ("psql \"$(pgpoollab env --format uri 1)\"", "Connect to node 1 from any shell, by its URI"),
            ("pgpoollab env --format service", "Print a pg_service.conf, for:  psql service=node1")
        );
        command.Validators.Add(result =>
        {
            string[] ways =
            [
                .. result.GetValue(off) ? (string[])["--off"] : [],
                .. result.GetValue(format) is null ? [] : (string[])["--format"],
                .. result.GetValue(CommandLine.Json) ? (string[])["--json"] : [],
            ];
            if (ways.Length > 1)
            {
                result.AddError($"{ways[0]} and {ways[1]} exclude each other.");
            }

            if (result.GetValue(target) is { } name && result.GetValue(format) is null)
            {
                result.AddError($"'{name}' goes with --format: a shell's variables are for Pgpool-II.");
            }
        });
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var session = ShellSession.OfCaller();
                var dialect = ShellDialect.Of(parsed.GetValue(shell)!);
                if (parsed.GetValue(off))
                {
                    TakeBack(terminal, session, dialect);
                    return (int)ExitCode.Done;
                }

                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    var owner = await SpreadEnv.PrepareAsync(terminal, spread, cancellationToken);
                    if (parsed.GetValue(format) is { } shape)
                    {
                        var (all, one) = (SpreadEnv.Endpoints(spread, owner), parsed.GetValue(target));
                        terminal.Verbatim.Write(
                            ConnectionStrings.Text(Named(spread, all, one), shape, one is not null)
                        );
                    }
                    else
                    {
                        var found = SpreadEnv.Variables(spread, owner);
                        terminal.Verbatim.Write(
                            parsed.GetValue(CommandLine.Json)
                                ? ToJson(found) + "\n"
                                : Text(dialect, session, LabVariables.WithoutOthers(found))
                        );
                    }

                    return (int)ExitCode.Done;
                }

                // Root's own, while it is root.
                var roots = Identity.IsRoot ? StateFolder.Open() : null;
                var lab = LabCommand.Open(parsed);
                if (parsed.GetValue(format) is { } strings)
                {
                    var endpoints = Endpoints(lab, parsed.GetValue(target));
                    terminal.Verbatim.Write(
                        ConnectionStrings.Text(endpoints, strings, parsed.GetValue(target) is not null)
                    );
                }
                else if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(ToJson(LabVariables.Of(lab, session.Path, Wrappers.TryWrite(lab))));
                }
                else if (Identity.HasStoodDown && roots is not null)
                {
                    var wanted = LabVariables.ForRoot(lab, Wrappers.WriteForRoot(roots, lab), session.Path);
                    terminal.Verbatim.Write(Text(dialect, session, wanted));
                }
                else
                {
                    var wrappers = Wrappers.TryWrite(lab);
                    var wanted = LabVariables.ForOwner(lab, session.Path, wrappers);
                    terminal.Verbatim.Write(Text(dialect, session, wanted, wrappers is null ? lab : null));
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    private static void TakeBack(Terminal terminal, ShellSession session, ShellDialect dialect)
    {
        if (!session.IsChanged)
        {
            terminal.Say("env has changed nothing in this shell; there is nothing to take back.");
            return;
        }

        terminal.Verbatim.Write(dialect.NoFunctions(session.Functions) + dialect.Text(session.Leave()));
    }

    /// <param name="dialect">The shell.</param>
    /// <param name="session">What it has.</param>
    /// <param name="wanted">What it gets.</param>
    /// <param name="functionsOf">A lab whose wrappers could be written nowhere: functions take their place.</param>
    internal static string Text(
        ShellDialect dialect,
        ShellSession session,
        IReadOnlyDictionary<string, string?> wanted,
        Lab? functionsOf = null
    )
    {
        var functions = functionsOf is null
            ? []
            : LabPrograms.PcpOf(functionsOf).ToDictionary(p => p, p => LabPrograms.PcpWords(functionsOf, p));
        return dialect.NoFunctions(session.Functions)
            + dialect.Text(session.Enter(wanted, [.. functions.Keys]))
            + dialect.Functions(functions);
    }

    private static IReadOnlyList<Endpoint> Endpoints(Lab lab, string? target)
    {
        return Named(lab, Endpoint.Of(lab), target);
    }

    private static IReadOnlyList<Endpoint> Named(Lab lab, IReadOnlyList<Endpoint> all, string? target)
    {
        if (target is null)
        {
            return all;
        }

        var name = int.TryParse(target, out _) ? $"node{target}" : target;
        return all.FirstOrDefault(e => e.Name == name) is { } one
            ? [one]
            : throw new LabException(ExitCode.NotFound, $"The lab '{lab.Name}' has no {name}.")
            {
                Hints = [$"It has {string.Join(", ", all.Select(e => e.Name))}."],
            };
    }

    internal static string ToJson(Dictionary<string, string> variables) =>
        JsonSerializer.Serialize(variables, EnvJson.Readable.DictionaryStringString);
}

[JsonSourceGenerationOptions(WriteIndented = true)]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class EnvJson : JsonSerializerContext
{
    internal static EnvJson Readable =>
        new(
            new JsonSerializerOptions(Default.Options)
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
