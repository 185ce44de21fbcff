using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Settings;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>config</c>: the settings that the servers of a lab have in effect, and changing them.</summary>
internal static class ConfigCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("config", "Show and change settings of Pgpool-II and PostgreSQL")
        {
            CreateGet(terminal),
            CreateSet(terminal),
            CreateDiff(terminal),
        };
        return command.Guide(
            CommandGroup.Run,
            ("pgpoollab config set postgresql.work_mem=8MB", "Change a setting on every node, and reload"),
            ("pgpoollab config diff", "Show what differs from the defaults")
        );
    }

    private static Command CreateGet(Terminal terminal)
    {
        var setting = new Argument<string>("NAME")
        {
            Description = "pgpool.NAME or postgresql.NAME; NAME alone asks both programs",
        };
        var command = new Command("get", "Show the value that is in effect on each server, and where it comes from")
        {
            setting,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    return await SpreadForward.ConfigAsync(
                        terminal,
                        spread,
                        ["get", parsed.GetValue(setting)!],
                        restart: false,
                        parsed.GetValue(CommandLine.Json),
                        cancellationToken
                    );
                }

                var lab = LabCommand.Open(parsed);
                var report = await Reporter().GetAsync(lab, parsed.GetValue(setting)!, cancellationToken);
                Print(terminal, parsed, report, () => SettingsView.PrintGet(terminal.Data, report));
                return (int)ExitCode.Done;
            }
        );
        return command.Guide(
            ("pgpoollab config get max_connections", "Ask every node, and Pgpool-II if it has such a setting"),
            ("pgpoollab config get pgpool.num_init_children --json", "The same for programs")
        );
    }

    private static Command CreateSet(Terminal terminal)
    {
        var settings = new Argument<string[]>("SETTING")
        {
            Description = "pgpool.NAME=VALUE or postgresql.NAME=VALUE",
            HelpName = "NAME=VALUE",
            Arity = ArgumentArity.OneOrMore,
        };
        var restart = new Option<bool>("--restart")
        {
            Description = "Restart servers where a reload is not enough; this ends their sessions",
        };
        var command = new Command("set", "Write settings into the lab's files, on all nodes, and reload")
        {
            settings,
            restart,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var wanted = Parse(parsed.GetValue(settings)!);
                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    return await SpreadForward.ConfigAsync(
                        terminal,
                        spread,
                        ["set", .. parsed.GetValue(settings)!],
                        parsed.GetValue(restart),
                        parsed.GetValue(CommandLine.Json),
                        cancellationToken
                    );
                }

                var lab = LabCommand.Open(parsed);
                using var progress = new ProgressView(terminal);
                var outcomes = await new ConfigureOperation(Terminal.Operation(progress)).SetAsync(
                    lab,
                    wanted,
                    parsed.GetValue(restart),
                    cancellationToken
                );
                progress.Dispose();
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(ConfigSetInfo.Of(lab, outcomes).ToJson());
                }
                else
                {
                    SettingsView.PrintSet(terminal.Data, outcomes, parsed.GetValue(restart));
                }

                return (int)SettingsView.CodeOf(outcomes, parsed.GetValue(restart));
            }
        );
        return command.Guide(
            ("pgpoollab config set postgresql.work_mem=8MB", "Change a setting on every node, and reload"),
            (
                "pgpoollab config set pgpool.num_init_children=20 --restart",
                "Restart Pgpool-II, which a reload does not change"
            )
        );
    }

    private static Command CreateDiff(Terminal terminal)
    {
        var program = new Argument<string?>("PROGRAM")
        {
            Description = "pgpool or postgresql (default: both)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        program.AcceptOnlyFromAmong(SettingAssignment.Pgpool, SettingAssignment.Postgres);
        var command = new Command("diff", "Show what differs from the programs' own defaults")
        {
            program,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    return await SpreadForward.ConfigAsync(
                        terminal,
                        spread,
                        ["diff", .. parsed.GetValue(program) is { } only ? (string[])[only] : []],
                        restart: false,
                        parsed.GetValue(CommandLine.Json),
                        cancellationToken
                    );
                }

                var lab = LabCommand.Open(parsed);
                var report = await Reporter().DiffAsync(lab, parsed.GetValue(program), cancellationToken);
                Print(terminal, parsed, report, () => SettingsView.PrintDiff(terminal.Data, report));
                return (int)(report.Problems.Count > 0 ? ExitCode.NotHealthy : ExitCode.Done);
            }
        );
        return command.Guide(
            ("pgpoollab config diff", "Show what differs, of both programs"),
            ("pgpoollab config diff postgresql", "Show it of PostgreSQL alone")
        );
    }

    /// <summary>Understands the arguments of <c>config set</c>.</summary>
    /// <exception cref="InvalidSpecException">Some are no settings; it names each.</exception>
    internal static IReadOnlyList<SettingAssignment> Parse(IReadOnlyList<string> arguments)
    {
        string[] problems =
        [
            .. arguments
                .Where(a => SettingAssignment.Parse(a) is null)
                .Select(a => $"config set '{a}' is not understood; write pgpool.NAME=VALUE or postgresql.NAME=VALUE."),
        ];
        return problems.Length > 0
            ? throw new InvalidSpecException(problems)
            : [.. arguments.Select(a => SettingAssignment.Parse(a)!)];
    }

    private static SettingsReporter Reporter()
    {
        var host = Composition.Host();
        return new SettingsReporter(host, Composition.Probes(host));
    }

    private static void Print(Terminal terminal, ParseResult parsed, SettingsReport report, Action print)
    {
        if (parsed.GetValue(CommandLine.Json))
        {
            terminal.Out.WriteLine(report.ToJson());
        }
        else
        {
            print();
        }
    }
}

/// <summary><c>reload</c>: has every server read its configuration files again.</summary>
internal static class ReloadCommand
{
    internal static Command Create(Terminal terminal)
    {
        var restart = new Option<bool>("--restart")
        {
            Description = "Restart servers where a reload is not enough; this ends their sessions",
        };
        var command = new Command(
            "reload",
            "Make every server read its configuration files again, and report which settings need a restart"
        )
        {
            restart,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    return await SpreadForward.ReloadAsync(
                        terminal,
                        spread,
                        parsed.GetValue(restart),
                        parsed.GetValue(CommandLine.Json),
                        cancellationToken
                    );
                }

                var lab = LabCommand.Open(parsed);
                using var progress = new ProgressView(terminal);
                var result = await new ReloadOperation(Terminal.Operation(progress)).ExecuteAsync(
                    lab,
                    parsed.GetValue(restart),
                    cancellationToken
                );
                progress.Dispose();
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(ReloadInfo.Of(lab, result).ToJson());
                }
                else
                {
                    SettingsView.PrintReload(terminal.Data, result, parsed.GetValue(restart));
                }

                return (int)(
                    result.NotTaken.Count > 0 || (parsed.GetValue(restart) && result.Waiting.Count > 0)
                        ? ExitCode.Failed
                        : ExitCode.Done
                );
            }
        );
        return command.Guide(
            CommandGroup.Run,
            ("pgpoollab reload", "Take over what you have edited in the lab's files"),
            ("pgpoollab reload --restart", "Restart servers where a reload is not enough")
        );
    }
}
