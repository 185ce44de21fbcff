using System.CommandLine;
using System.CommandLine.Help;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Compatibility;
using PgpoolLab.Cli.Demo;
using PgpoolLab.Cli.Drilling;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;

namespace PgpoolLab.Cli;

/// <summary>All commands, as one command line.</summary>
internal static class AllCommands
{
    internal static ProgramCommand Root(Terminal terminal, IReadOnlyList<string> arguments)
    {
        var setup = SetupCommand.Create(terminal, arguments, "setup", start: false);
        var root = new ProgramCommand(
            "Test clusters of PostgreSQL and Pgpool-II: made in seconds, broken on purpose, removed without a trace. "
                + "Such a cluster is called a lab: PostgreSQL nodes, numbered from 0, and one or several Pgpool-IIs, "
                + "all on this machine, with all their files in one folder."
        )
        {
            setup,
            SetupCommand.Create(terminal, arguments, "up", start: true),
            StartAllCommand.Create(terminal),
            StopAllCommand.Create(terminal),
            NodesCommand.Create(terminal),
            StatusCommand.Create(terminal),
            WatchCommand.Create(terminal),
            ConfigCommand.Create(terminal),
            ReloadCommand.Create(terminal),
            LagCommand.Create(terminal),
            SyncCommand.Create(terminal),
            FaultsCommand.Create(terminal),
            LogsCommand.Create(terminal),
            EventsCommand.Create(terminal),
            ListCommand.Create(terminal),
            EnvCommand.Create(terminal),
            PsqlCommand.Create(terminal),
            ExecCommand.Create(terminal),
            RunCommand.Create(terminal, arguments, setup),
            SnapshotCommand.Create(terminal),
            CloneCommand.Create(terminal, arguments),
            MoveCommand.Create(terminal),
            DestroyCommand.Create(terminal),
            DrillCommand.Create(terminal),
            DrillRunCommand.Create(terminal),
            DoctorCommand.Create(terminal),
            HostsCommand.Create(terminal),
            DemoCommand.Create(terminal),
            ExportCommand.Create(terminal),
            SchemaCommand.Create(terminal),
            TemplatesCommand.Create(terminal),
            CacheCommand.Create(terminal),
            VersionCommand.Create(terminal),
            HostCommand.Create(terminal),
            AgentCommand.Create(),
            PartCommand.Create(terminal),
            InternalLinksCommand.Create(terminal),
            InternalHangUpCommand.Create(terminal),
            PgpoolSetupCommand.Create(terminal, arguments),
            PgpoolSetupCommand.CreateWatchdog(terminal, arguments),
            InstallLinksCommand.Create(terminal),
            CompletionCommand.Create(terminal),
            ManCommand.Create(terminal),
            HelpCommand.Create(terminal),
        };
        foreach (
            var command in ServerCommands
                .Create(terminal)
                .Concat(LinkCommands.Create(terminal))
                .Concat(PartitionCommands.Create(terminal))
        )
        {
            root.Subcommands.Add(command);
        }

        var help = new ShowHelp(terminal.Data.Profile.Width);
        root.Options.Add(Help(help));
        root.Options.Add(new VersionOption());
        // Without a command it lists the commands.
        root.SetAction(help.Invoke);
        root.Options.Add(CommandLine.Quiet);
        root.Options.Add(CommandLine.Verbose);
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
        command.Options.Add(CommandLine.Quiet);
        command.Options.Add(CommandLine.Verbose);
        return command;
    }

    /// <summary>Not the names the parser gives it by default: <c>/h</c> is a folder.</summary>
    private static HelpOption Help(ShowHelp action) => new("--help", "-h", "-?") { Action = action };
}
