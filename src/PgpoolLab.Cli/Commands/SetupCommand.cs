using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Operations;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>setup</c> makes a lab and proves that it works; <c>up</c> leaves it running.</summary>
internal static class SetupCommand
{
    /// <summary>Its values are options of another program.</summary>
    internal const string InitDbOption = "--initdb-arg";

    private static readonly Argument<string> Directory = new("DIR")
    {
        Description = "The lab's folder: empty, or not there yet",
        DefaultValueFactory = _ => ".",
    };
    private static readonly Option<int> Nodes = new("--nodes", "-n")
    {
        Description = "PostgreSQL nodes: one primary, the others standbys",
        HelpName = "N",
        DefaultValueFactory = _ => 2,
    };
    private static readonly Option<string> Mode = new("--mode", "-m")
    {
        Description =
            "Clustering mode: s streaming replication, r native replication, i snapshot isolation, l "
            + "logical replication, n raw",
        HelpName = "MODE",
        DefaultValueFactory = _ => "s",
    };
    private static readonly Option<string> Port = PortOption(PortLayout.DefaultPgpool.ToString());
    private static readonly Option<int?> PgPort = new("--pg-port")
    {
        Description = "Port of node 0; the other nodes follow (default: after Pgpool-II's)",
        HelpName = "PORT",
    };
    private static readonly Option<bool> Slots = new("--slots", "-s")
    {
        Description = "Use replication slots (default: WAL archiving)",
    };
    private static readonly Option<bool> Rewind = new("--rewind", "-r")
    {
        Description = "Try pg_rewind in online recovery (default: always a base backup)",
    };
    private static readonly Option<string> Standbys = new("--standbys")
    {
        Description = "How standbys are made: basebackup (pg_basebackup), or clone (copied files, faster)",
        HelpName = "HOW",
        DefaultValueFactory = _ => "basebackup",
    };
    private static readonly Option<int?> Watchdog = new("--watchdog")
    {
        Description = "Number of Pgpool-IIs that watch each other, such as 3 (default: one, without a watchdog)",
        HelpName = "N",
    };
    private static readonly Option<string[]> OnHosts = new("--hosts")
    {
        Description =
            "Make it on these machines, reached by SSH: hosts that ssh knows by name, or user@host:port. The primary "
            + "is on the first, and each has a Pgpool-II",
        HelpName = "A,B,...",
        DefaultValueFactory = _ => [],
    };
    private static readonly Option<string> Installed = new("--installed")
    {
        Description =
            "With --hosts: the pgpoollab that answers there, a program of those hosts (default: this one, "
            + "which is copied there)",
        HelpName = "PATH",
    };
    private static readonly Option<bool> AcceptNew = new("--accept-new")
    {
        Description = "With --hosts: trust hosts whose keys nobody knows yet, and remember their keys",
    };
    private static readonly Option<string> Auth = new("--auth")
    {
        Description = "Password method for TCP clients: scram, md5, or trust (no password)",
        HelpName = "METHOD",
        DefaultValueFactory = _ => "scram",
    };
    private static readonly Option<string[]> Listen = new("--listen")
    {
        Description = "Listen on this address too, with TLS only; * for all; repeatable (default: loopback only)",
        HelpName = "ADDRESS",
        DefaultValueFactory = _ => [],
    };
    private static readonly Option<bool> Tls = new("--tls")
    {
        Description = "Use TLS on loopback too, with a certificate of the lab's own (default: no TLS there)",
    };
    private static readonly Option<bool> Start = new("--start", "--no-stop")
    {
        Description = "Leave the lab running; up always does",
    };
    private static readonly Option<string?> Name = new("--name")
    {
        Description = "The lab's name (default: the folder's)",
        HelpName = "NAME",
    };
    private static readonly Option<int?> PgVersion = new("--pg-version")
    {
        Description = "PostgreSQL's major version, such as 17 (default: the newest with all that a lab needs)",
        HelpName = "N",
    };
    private static readonly Option<string?> PgBin = new("--pg-bin")
    {
        Description = "Folder of PostgreSQL's programs (default: $PGBIN, else they are looked for)",
        HelpName = "DIR",
    };
    private static readonly Option<string?> PgpoolDir = new("--pgpool-dir")
    {
        Description = "Where Pgpool-II is installed (default: $PGPOOL_INSTALL_DIR, else it is looked for)",
        HelpName = "DIR",
    };
    private static readonly Option<string[]> Set = new("--set")
    {
        Description = "A setting: pgpool.NAME=VALUE or postgresql.NAME=VALUE; repeatable",
        HelpName = "SETTING",
        DefaultValueFactory = _ => [],
    };
    private static readonly Option<string?> PgpoolConf = new("--pgpool-conf")
    {
        Description = "Take the settings of this pgpool.conf that suit a lab; setup lists those it leaves out",
        HelpName = "FILE",
    };
    private static readonly Option<string?> PostgresConf = new("--postgresql-conf")
    {
        Description = "The same with a postgresql.conf",
        HelpName = "FILE",
    };
    private static readonly Option<string[]> InitDbArg = new(InitDbOption)
    {
        Description = "One more argument for initdb, such as --locale=de_DE.UTF-8; repeatable",
        HelpName = "ARG",
        DefaultValueFactory = _ => [],
    };
    private static readonly Option<string?> Templates = new("--templates")
    {
        Description = "Folder with templates of your own; see: pgpoollab templates export",
        HelpName = "DIR",
    };
    private static readonly Option<string?> RunAsUser = new("--run-as")
    {
        Description = "For root: the user who runs the servers (default: the folder's owner, or postgres)",
        HelpName = "USER",
    };
    private static readonly Option<bool> DryRun = new("--dry-run") { Description = "Print the plan and do nothing" };
    private static readonly Option<bool> Keep = new("--keep")
    {
        Description = "If it fails, keep what was made (default: undo it)",
    };

    static SetupCommand()
    {
        CommandLine.RequireFolder(Directory);
        CommandLine.RequireFolder(PgBin);
        CommandLine.RequireFolder(PgpoolDir);
        CommandLine.RequireFolder(Templates);
        CommandLine.RequireFile(PgpoolConf);
        CommandLine.RequireFile(PostgresConf);
        CommandLine.WholeNumber(Nodes, n => n);
        CommandLine.WholeNumber(PgPort, n => n);
        CommandLine.WholeNumber(Watchdog, n => n);
        Watchdog.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && int.TryParse(text, out var count) && count < 2)
            {
                result.AddError($"--watchdog must be 2 or more; it is {count}. Without it a lab has one Pgpool-II.");
            }
        });
        CommandLine.WholeNumber(PgVersion, n => n);
        CommandLine.OnlyAmong(Mode, [.. ClusteringModes.Names]);
        CommandLine.OnlyAmong(Standbys, "basebackup", "clone");
        CommandLine.OnlyAmong(Auth, [.. AuthMethods.Names]);
    }

    /// <summary><c>--port</c>, with this default.</summary>
    internal static Option<string> PortOption(string otherwise)
    {
        var port = new Option<string>("--port", "-p")
        {
            Description = "Pgpool-II's port; the next is pcp's, then come the nodes'. auto: the first that are free",
            HelpName = "PORT|auto",
            DefaultValueFactory = _ => otherwise,
        };
        port.CompletionSources.Add("auto");
        port.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && text != "auto" && !int.TryParse(text, out _))
            {
                result.AddError($"--port must be a number between 1 and 65535, or auto; it is '{text}'.");
            }
        });
        return port;
    }

    /// <summary>The options that say what a lab is to be, on this machine; not how and when it is made, and not
    /// <c>--port</c>.</summary>
    /// <param name="setup">The command.</param>
    internal static IEnumerable<Option> OptionsOfLab(Command setup)
    {
        Option[] others = [Port, OnHosts, Installed, AcceptNew, Start, DryRun, Keep, CommandLine.Json];
        return setup.Options.Where(o => !others.Contains(o));
    }

    internal static Command Create(Terminal terminal, IReadOnlyList<string> arguments, string name, bool start)
    {
        var command = new Command(
            name,
            start
                ? "Make a lab in DIR and leave it running (setup and startall in one)"
                : "Make a lab in DIR, prove that it works, leave it stopped"
        )
        {
            Directory,
            Nodes,
            Mode,
            Port,
            PgPort,
            Slots,
            Rewind,
            Standbys,
            Watchdog,
            OnHosts,
            Installed,
            AcceptNew,
            Auth,
            Listen,
            Tls,
            Start,
            Name,
            PgVersion,
            PgBin,
            PgpoolDir,
            Set,
            PgpoolConf,
            PostgresConf,
            InitDbArg,
            Templates,
            RunAsUser,
            DryRun,
            Keep,
            CommandLine.Json,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(OnHosts) is not { Length: > 0 })
            {
                if (result.GetValue(AcceptNew) || result.GetValue(Installed) is not null)
                {
                    result.AddError("--accept-new and --installed go with --hosts.");
                }

                return;
            }

            foreach (var option in (Option[])[Watchdog, Listen, Templates, PgpoolConf, PostgresConf, DryRun, Keep])
            {
                if (result.GetResult(option) is { Implicit: false })
                {
                    result.AddError($"{option.Name} and --hosts do not go together.");
                }
            }
        });
        _ = start
            ? command.Guide(
                CommandGroup.Make,
                ("pgpoollab up /tmp/lab", "Make a lab of two nodes and leave it running"),
                ("pgpoollab up -n 3 --port auto /tmp/lab", "Make one of three nodes, on ports that are free"),
                ("pgpoollab up --watchdog 3 /tmp/lab", "Make one of three Pgpool-IIs with a watchdog")
            )
            : command
                .Guide(
                    CommandGroup.Make,
                    ("pgpoollab setup /tmp/lab", "Make a lab of two nodes, for ./startall"),
                    (
                        "pgpoollab setup -s -r --set postgresql.work_mem=64MB /tmp/lab",
                        "Use replication slots and pg_rewind, and change a setting"
                    ),
                    ("pgpoollab setup --dry-run /tmp/lab", "Show files, ports and commands, and do nothing")
                )
                .Synonyms("create", "init", "new", "make");
        command.SetAction(
            (parsed, cancellationToken) => RunAsync(terminal, parsed, arguments, start, cancellationToken)
        );
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal,
        ParseResult parsed,
        IReadOnlyList<string> arguments,
        bool start,
        CancellationToken cancellationToken
    )
    {
        var spec = Spec(parsed, start);
        if (Names(parsed) is { Length: > 0 } names)
        {
            return await SpreadCommands.SetupAsync(
                terminal,
                parsed.GetResult(Nodes) is { Implicit: false } ? spec : spec with { Nodes = names.Length },
                names,
                parsed.GetValue(Installed),
                parsed.GetValue(AcceptNew),
                ["pgpoollab", .. arguments],
                parsed.GetValue(CommandLine.Json),
                cancellationToken
            );
        }

        using var progress = new ProgressView(terminal);
        var setup = new SetupOperation(Terminal.Operation(progress));
        if (parsed.GetValue(DryRun))
        {
            var plan = await setup.PlanAsync(spec, cancellationToken);
            progress.Dispose();
            if (parsed.GetValue(CommandLine.Json))
            {
                terminal.Out.WriteLine(PlannedSetup.Of(plan).ToJson());
            }
            else
            {
                PlanView.Print(terminal.Out, plan);
            }

            return (int)ExitCode.Done;
        }

        var began = TimeProvider.System.GetTimestamp();
        var result = await setup.ExecuteAsync(spec, ["pgpoollab", .. arguments], cancellationToken);
        progress.Dispose();
        if (parsed.GetValue(CommandLine.Json))
        {
            terminal.Out.WriteLine(LabInfo.Of(result.Lab, spec.Setup.LeaveRunning, result.SettingsFiles).ToJson());
        }

        SetupSummary.Say(terminal, result, spec.Setup.LeaveRunning, TimeProvider.System.GetElapsedTime(began));
        return (int)ExitCode.Done;
    }

    private static string[] Names(ParseResult parsed) =>
        [
            .. (parsed.GetValue(OnHosts) ?? [])
                .SelectMany(h => h.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
                .Distinct(StringComparer.Ordinal),
        ];

    internal static LabSpec Spec(ParseResult parsed, bool start) =>
        new()
        {
            Directory = Hosts.Identity.RealPath(
                Path.TrimEndingDirectorySeparator(Path.GetFullPath(parsed.GetValue(Directory)!))
            ),
            Name = parsed.GetValue(Name),
            Nodes = parsed.GetValue(Nodes),
            Mode = ClusteringModes.Parse(parsed.GetValue(Mode)!)!.Value,
            PgpoolNodes = parsed.GetValue(Watchdog) ?? 1,
            Port = int.TryParse(parsed.GetValue(Port), out var port) ? port : null,
            PostgresPort = parsed.GetValue(PgPort),
            Standbys = parsed.GetValue(Standbys) == "clone" ? StandbyMethod.Clone : StandbyMethod.BaseBackup,
            Auth = AuthMethods.Parse(parsed.GetValue(Auth)!)!.Value,
            ListenAddresses = parsed.GetValue(Listen) ?? [],
            UseTls = parsed.GetValue(Tls),
            UseSlots = parsed.GetValue(Slots),
            UseRewind = parsed.GetValue(Rewind),
            Setup = new SetupOptions
            {
                LeaveRunning = start || parsed.GetValue(Start),
                KeepOnFailure = parsed.GetValue(Keep),
                Templates = FullPath(parsed.GetValue(Templates)),
                RunAs = parsed.GetValue(RunAsUser),
            },
            PostgresMajor = parsed.GetValue(PgVersion),
            PostgresBin = FullPath(parsed.GetValue(PgBin)),
            PgpoolDirectory = FullPath(parsed.GetValue(PgpoolDir)),
            InitDbArguments = parsed.GetValue(InitDbArg) ?? [],
            Settings = parsed.GetValue(Set) ?? [],
            SettingsFiles =
            [
                .. parsed.GetValue(PgpoolConf) is { } pgpool
                    ? (SettingsFile[])[SettingsFileReader.Read("pgpool", PgpoolConf.Name, FullPath(pgpool)!)]
                    : [],
                .. parsed.GetValue(PostgresConf) is { } postgres
                    ? (SettingsFile[])[SettingsFileReader.Read("postgresql", PostgresConf.Name, FullPath(postgres)!)]
                    : [],
            ],
        };

    private static string? FullPath(string? path) =>
        path is null ? null : Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
}
