using System.CommandLine;
using System.CommandLine.Help;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Compatibility;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;

namespace PgpoolLab.Cli;

/// <summary>All commands, and the options they share.</summary>
internal static class CommandLine
{
    internal static readonly Option<string?> Lab = new("--lab")
    {
        Description = "The lab, by name or folder; by default the one around the current folder",
        HelpName = "NAME|DIR",
    };
    internal static readonly Option<bool> Json = new("--json") { Description = "Print JSON" };
    internal static readonly Option<bool> Quiet = new("--quiet", "-q")
    {
        Description = "Say nothing but results and errors",
        Recursive = true,
    };
    internal static readonly Option<bool> Verbose = new("--verbose", "-v")
    {
        Description = "Say more: causes and stack traces of errors",
        Recursive = true,
    };

    /// <summary>Arguments are what they are: by default the parser takes <c>@lab</c> for a file that holds
    /// arguments.</summary>
    internal static readonly ParserConfiguration Literally = new() { ResponseFileTokenReplacer = null };

    internal static RootCommand Root(Terminal terminal, IReadOnlyList<string> arguments)
    {
        var root = new RootCommand(
            "Test clusters of PostgreSQL and Pgpool-II: made in seconds, broken on purpose, removed without a trace."
        )
        {
            SetupCommand.Create(terminal, arguments, "setup", start: false),
            SetupCommand.Create(terminal, arguments, "up", start: true),
            StartAllCommand.Create(terminal),
            StopAllCommand.Create(terminal),
            NodesCommand.Create(terminal),
            StatusCommand.Create(terminal),
            ConfigCommand.Create(terminal),
            ReloadCommand.Create(terminal),
            LagCommand.Create(terminal),
            SyncCommand.Create(terminal),
            LogsCommand.Create(terminal),
            EventsCommand.Create(terminal),
            ListCommand.Create(terminal),
            EnvCommand.Create(terminal),
            PsqlCommand.Create(terminal),
            RunCommand.Create(terminal),
            DestroyCommand.Create(terminal),
            DoctorCommand.Create(terminal),
            DemoCommand.Create(terminal),
            TemplatesCommand.Create(terminal),
            CacheCommand.Create(terminal),
            VersionCommand.Create(terminal),
            PgpoolSetupCommand.Create(terminal, arguments),
            PgpoolSetupCommand.CreateWatchdog(terminal, arguments),
            InstallLinksCommand.Create(terminal),
            CompletionCommand.Create(terminal),
            ManCommand.Create(terminal),
            HelpCommand.Create(terminal),
        };
        foreach (var command in ServerCommands.Create(terminal))
        {
            root.Subcommands.Add(command);
        }

        root.HelpName = Invocation.Name;
        var help = new ShowHelp(terminal.Data.Profile.Width);
        root.Options[root.Options.IndexOf(root.Options.OfType<HelpOption>().Single())] = Help(help);
        // Without a command it lists the commands.
        root.SetAction(help.Invoke);
        root.Options.Add(Quiet);
        root.Options.Add(Verbose);
        return root;
    }

    /// <summary>The command line of an old program, when this one is called by its name.</summary>
    internal static Command Old(Terminal terminal, IReadOnlyList<string> arguments, string name)
    {
        var command =
            name == PgpoolSetupCommand.Name
                ? PgpoolSetupCommand.Create(terminal, arguments)
                : PgpoolSetupCommand.CreateWatchdog(terminal, arguments);
        command.Options.Add(Help(new ShowHelp(terminal.Data.Profile.Width)));
        command.Options.Add(Quiet);
        command.Options.Add(Verbose);
        return command;
    }

    /// <summary>Not the names the parser gives it by default: <c>/h</c> is a folder.</summary>
    private static HelpOption Help(ShowHelp action) => new("--help", "-h", "-?") { Action = action };

    /// <summary>Refuses an empty folder, as a shell makes it of a variable that is not set.</summary>
    internal static void RequireFolder(Argument<string> argument) =>
        argument.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }])
            {
                result.AddError($"{argument.Name} is empty; it must be a folder.");
            }
        });

    /// <inheritdoc cref="RequireFolder(Argument{string})"/>
    internal static void RequireFolder(Option<string?> option) =>
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }])
            {
                result.AddError($"{option.Name} is empty; it must be a folder.");
            }
        });

    /// <summary>Refuses an empty name of a file.</summary>
    internal static void RequireFile(Option<string?> option) =>
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }])
            {
                result.AddError($"{option.Name} is empty; it must be a file.");
            }
        });

    /// <summary>Lets an option take these words alone, and completion know them.</summary>
    internal static void OnlyAmong(Option option, params string[] values)
    {
        option.CompletionSources.Add(values);
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && !values.Contains(text))
            {
                result.AddError(
                    $"{option.Name} must be {string.Join(" or ", values)}; it is '{text}'."
                        + (Nearest.Of(text, values) is { } nearest ? $" Did you mean {nearest}?" : "")
                );
            }
        });
    }

    /// <summary>Lets an option take whole numbers, with an error in plain words.</summary>
    internal static void WholeNumber<T>(Option<T> option, Func<int, T> convert) =>
        option.CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[^1].Value, out var number))
            {
                return convert(number);
            }

            result.AddError($"{option.Name} must be a whole number; it is '{result.Tokens[^1].Value}'.");
            return default!;
        };
}
