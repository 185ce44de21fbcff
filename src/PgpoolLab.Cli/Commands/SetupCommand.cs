using System.CommandLine;
using System.CommandLine.Parsing;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
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
    private static readonly Option<bool> Faults = new("--faults")
    {
        Description = "Have the servers reach each other by links that cut, slow and flap can break (one machine only)",
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
    private static readonly Option<string> Vip = new("--vip")
    {
        Description =
            "With --hosts: a virtual IP, which the host of the leading Pgpool-II has; a slash and the length of its "
            + "prefix may follow (default: that of the interface's network). sudo must let the lab's user run ip and "
            + "arping there",
        HelpName = "IP",
    };
    private static readonly Option<string> VipInterface = new("--vip-interface")
    {
        Description = "With --vip: the network interface that gets it (default: the one whose network it is in)",
        HelpName = "NAME",
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
        CommandLine.IsVirtualIp(Vip);
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
        Option[] others =
        [
            Port,
            OnHosts,
            Installed,
            AcceptNew,
            Vip,
            VipInterface,
            Start,
            DryRun,
            Keep,
            CommandLine.Json,
        ];
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
            Faults,
            Standbys,
            Watchdog,
            SetupFileOptions.File,
            SetupFileOptions.Database,
            SetupFileOptions.Role,
            SetupFileOptions.Sql,
            OnHosts,
            Installed,
            AcceptNew,
            Vip,
            VipInterface,
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
        if (start)
        {
            command.Options.Add(UpCommand.Yes);
        }

        command.Validators.Add(result =>
        {
            if (result.GetValue(OnHosts) is not { Length: > 0 })
            {
                if (
                    ((Option[])[AcceptNew, Installed, Vip, VipInterface]).Any(o => IsGiven(result, o))
                    && result.GetValue(SetupFileOptions.File) is null
                )
                {
                    result.AddError("--accept-new, --installed, --vip and --vip-interface go with --hosts.");
                }

                return;
            }

            if (
                IsGiven(result, VipInterface)
                && !IsGiven(result, Vip)
                && result.GetValue(SetupFileOptions.File) is null
            )
            {
                result.AddError("--vip-interface goes with --vip.");
            }

            foreach (var option in (Option[])[Watchdog, Listen, Templates, PgpoolConf, PostgresConf, Keep])
            {
                if (IsGiven(result, option))
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
                ("pgpoollab up --watchdog 3 /tmp/lab", "Make one of three Pgpool-IIs with a watchdog"),
                ("pgpoollab up -f lab.yaml", "Make what a lab file says, or change the lab to be what it says")
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

    private static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };

    private static async Task<int> RunAsync(
        Terminal terminal,
        ParseResult parsed,
        IReadOnlyList<string> arguments,
        bool start,
        CancellationToken cancellationToken
    )
    {
        var request = SetupRequest.Read(parsed, Said(parsed), start);
        terminal.NameOf = request.NameOf;
        var spec = request.ReadFiles();
        if (request.Said.Hosts is { Count: > 0 } hosts)
        {
            if (start && UpCommand.FindLab(request) is { } spread)
            {
                throw UpCommand.OnHosts(spread.Lab);
            }

            return await SpreadCommands.SetupAsync(
                terminal,
                request.Said.Nodes is not null ? spec : spec with { Nodes = hosts.Count },
                hosts,
                request.Said,
                parsed.GetValue(DryRun),
                ["pgpoollab", .. arguments],
                parsed.GetValue(CommandLine.Json),
                cancellationToken
            );
        }

        if (start && UpCommand.FindLab(request) is { } manifest)
        {
            return await UpCommand.ChangeAsync(terminal, manifest, request, spec, parsed, cancellationToken);
        }

        using var progress = new ProgressView(terminal);
        var setup = new SetupOperation(Terminal.Operation(progress) with { NameOf = request.NameOf });
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

    internal static LabSpec Spec(ParseResult parsed, bool start) =>
        SetupRequest.Read(parsed, Said(parsed), start).ReadFiles();

    /// <summary>What the options say.</summary>
    internal static LabFile Said(ParseResult parsed)
    {
        var roles = SetupFileOptions.RolesOf(parsed);
        return new LabFile
        {
            // The lab is made in the current folder, unless somebody says otherwise.
            Directory = parsed.GetResult(Directory) is { Tokens.Count: > 0 }
                ? FullPath(parsed.GetValue(Directory))
                : null,
            Name = parsed.GetValue(Name),
            Nodes = Given(Nodes) ? parsed.GetValue(Nodes) : null,
            Mode = Given(Mode) ? ClusteringModes.Parse(parsed.GetValue(Mode)!) : null,
            Watchdog = parsed.GetValue(Watchdog),
            Port = Given(Port) && int.TryParse(parsed.GetValue(Port), out var port) ? port : null,
            AutomaticPort = Given(Port) && parsed.GetValue(Port) == "auto",
            PostgresPort = parsed.GetValue(PgPort),
            Standbys =
                !Given(Standbys) ? null
                : parsed.GetValue(Standbys) == "clone" ? StandbyMethod.Clone
                : StandbyMethod.BaseBackup,
            Auth = Given(Auth) ? AuthMethods.Parse(parsed.GetValue(Auth)!) : null,
            Listen = Given(Listen) ? parsed.GetValue(Listen) : null,
            Tls = Given(Tls) ? parsed.GetValue(Tls) : null,
            Slots = Given(Slots) ? parsed.GetValue(Slots) : null,
            Rewind = Given(Rewind) ? parsed.GetValue(Rewind) : null,
            Faults = Given(Faults) ? parsed.GetValue(Faults) : null,
            Start = Given(Start) ? parsed.GetValue(Start) : null,
            Keep = Given(Keep) ? parsed.GetValue(Keep) : null,
            Templates = FullPath(parsed.GetValue(Templates)),
            RunAs = parsed.GetValue(RunAsUser),
            PostgresVersion = parsed.GetValue(PgVersion),
            PostgresBin = FullPath(parsed.GetValue(PgBin)),
            PgpoolDirectory = FullPath(parsed.GetValue(PgpoolDir)),
            InitDbArguments = Given(InitDbArg) ? parsed.GetValue(InitDbArg) : null,
            Settings = parsed.GetValue(Set) ?? [],
            PgpoolConf = FullPath(parsed.GetValue(PgpoolConf)),
            PostgresConf = FullPath(parsed.GetValue(PostgresConf)),
            Hosts = Given(OnHosts) ? SetupFileOptions.HostsOf(parsed.GetValue(OnHosts) ?? []) : null,
            Installed = parsed.GetValue(Installed),
            AcceptNew = Given(AcceptNew) ? parsed.GetValue(AcceptNew) : null,
            VirtualIp = parsed.GetValue(Vip),
            VirtualIpInterface = parsed.GetValue(VipInterface),
            Databases = SetupFileOptions.DatabasesOf(parsed),
            Roles = [.. roles.Select(r => r.Role)],
            PasswordFiles = roles
                .Where(r => r.PasswordFile is not null)
                .GroupBy(r => r.Role.Name, StringComparer.Ordinal)
                .ToDictionary(r => r.Key, r => r.Last().PasswordFile!, StringComparer.Ordinal),
            Sql = SetupFileOptions.SqlOf(parsed),
        };

        bool Given(Option option) => parsed.GetResult(option) is { Implicit: false };
    }

    private static string? FullPath(string? path) =>
        path is null ? null : Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
}
