using System.CommandLine;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Tools;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Cli.Compatibility;

/// <summary><c>pgpool_setup</c> and <c>watchdog_setup</c>: the old command lines, for those who have scripts that call
/// them.</summary>
internal static class PgpoolSetupCommand
{
    internal const string Name = "pgpool_setup";
    internal const string WatchdogName = "watchdog_setup";

    internal static readonly string[] Names = [Name, WatchdogName];

    /// <summary>The old program that is called by this name; null for any other name.</summary>
    internal static string? NameIn(string name) => Names.Contains(name) ? name : null;

    /// <summary>An option may be given again: PGPOOL_SETUP may hold some already. As in the old scripts the last one
    /// counts.</summary>
    private static readonly ArgumentArity LastCounts = new(1, 100);

    private static readonly string[] Letters = ["s", "r", "n", "l", "i", "y"];
    private static readonly Option<string?> Mode = new("-m")
    {
        Description =
            "s streaming replication (default), r native replication, n raw, l logical replication, i snapshot "
            + "isolation, y slony",
        HelpName = "MODE",
    };
    private static readonly Option<int?> Nodes = new("-n")
    {
        Description = "Number of PostgreSQL nodes (default: NUMCLUSTERS, else 2)",
        HelpName = "N",
    };
    private static readonly Option<int?> Port = new("-p")
    {
        Description = "Pgpool-II's port; the next is pcp's, then come the nodes' (default: BASEPORT, else 11000)",
        HelpName = "PORT",
    };
    private static readonly Option<int?> PostgresPort = new("-pg")
    {
        Description = "Port of the first node; the others follow (default: after Pgpool-II's)",
        HelpName = "PORT",
    };
    private static readonly Option<bool> NoStop = new("--no-stop")
    {
        Description = "Leave Pgpool-II and PostgreSQL running",
    };
    private static readonly Option<bool> Debug = new("-d")
    {
        Description = "Start Pgpool-II with -d, for debug messages (or PGPOOLDEBUG=true)",
    };
    private static readonly Option<bool> Slots = new("-s")
    {
        Description = "Use replication slots (or USE_REPLICATION_SLOT=true; default: WAL archiving)",
    };
    private static readonly Option<bool> Rewind = new("-r")
    {
        Description = "Try pg_rewind in online recovery (or USE_PG_REWIND=true)",
    };
    private static readonly Option<bool> NoClusters = new("-e") { Description = "Create no PostgreSQL clusters" };
    private static readonly Option<bool> EnableTest = new("-t")
    {
        Description = "Set health_check_test = on (or ENABLE_TEST=true)",
    };
    private static readonly Option<bool> Samples = new("-c")
    {
        Description = "Use Pgpool-II's sample scripts (or TEST_SAMPLES=true)",
    };
    private static readonly Option<int?> PgpoolNodes = new("-wn")
    {
        Description = "Number of Pgpool-IIs, 2 or more (default: W_NUM_PGPOOL, else 3)",
        HelpName = "N",
    };
    private static readonly Option<int?> WatchdogPort = new("-wp")
    {
        Description =
            "Port of the first Pgpool-II; each takes four, and the nodes begin 1000 above (default: W_BASE_PORT, "
            + "else 50000)",
        HelpName = "PORT",
    };
    private static readonly Option<string?> VirtualIp = new("-vip")
    {
        Description = "Set delegate_ip, to 127.0.0.1 if no address is given; no interface really gets it",
        HelpName = "IP",
        Arity = ArgumentArity.ZeroOrOne,
    };

    static PgpoolSetupCommand()
    {
        foreach (var number in (Option<int?>[])[Nodes, Port, PostgresPort, PgpoolNodes, WatchdogPort])
        {
            CommandLine.WholeNumber(number, n => n);
            number.Arity = LastCounts;
        }

        Mode.Arity = LastCounts;
        Mode.CompletionSources.Add(Letters);
        Mode.CustomParser = result => result.Tokens[^1].Value;

        Mode.Validators.Add(result =>
        {
            if (result.Tokens is [.., { Value: var letter }] && !Letters.Contains(letter))
            {
                result.AddError($"-m must be one of {string.Join(", ", Letters)}; it is '{letter}'.");
            }
        });
        VirtualIp.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && !System.Net.IPAddress.TryParse(text, out _))
            {
                result.AddError($"-vip must be an IP address; it is '{text}'.");
            }
        });
    }

    /// <summary>The line the old scripts print when a command line is wrong.</summary>
    internal static string Usage(string command) =>
        command == Name
            ? "usage: pgpool_setup [-m r|s|n|l|y|i] [-n num_clusters] [-p base_port] [-pg "
                + "pg_base_port][--no-stop] [-d] [-s] [-r] [-e] [-t] [-c]"
            : "usage: watchdog_setup [-wn num_pgpool][-wp watchdog_base_port][-m r|s|n|l|i] [-n num_clusters] "
                + "[-p base_port] [-pg pg_base_port][--no-stop] [-vip [ip]] [-d]";

    internal static Command Create(Terminal terminal, IReadOnlyList<string> arguments)
    {
        var command = new Command(
            Name,
            "The old command line: make a lab in the current folder, by the conventions of Pgpool-II's pgpool_setup"
        )
        {
            Mode,
            Nodes,
            Port,
            PostgresPort,
            NoStop,
            Debug,
            Slots,
            Rewind,
            NoClusters,
            EnableTest,
            Samples,
        }.Guide(CommandGroup.More, ("pgpoollab pgpool_setup -n 3", "Make a lab of three nodes in the current folder"));
        command.SetAction(
            (parsed, cancellationToken) =>
                RunAsync(
                    terminal,
                    arguments,
                    Shared(parsed) with
                    {
                        Port = parsed.GetValue(Port),
                        Slots = parsed.GetValue(Slots),
                        Rewind = parsed.GetValue(Rewind),
                        NoClusters = parsed.GetValue(NoClusters),
                        EnableTest = parsed.GetValue(EnableTest),
                        SampleScripts = parsed.GetValue(Samples),
                    },
                    cancellationToken
                )
        );
        return command;
    }

    /// <summary>The options that both old command lines have.</summary>
    private static OldOptions Shared(ParseResult parsed) =>
        new()
        {
            Mode = parsed.GetValue(Mode),
            Nodes = parsed.GetValue(Nodes),
            PostgresPort = parsed.GetValue(PostgresPort),
            LeaveRunning = parsed.GetValue(NoStop),
            Debug = parsed.GetValue(Debug),
        };

    internal static Command CreateWatchdog(Terminal terminal, IReadOnlyList<string> arguments)
    {
        var command = new Command(
            WatchdogName,
            "The old command line: make a lab of several Pgpool-IIs with a watchdog in the current folder"
        )
        {
            PgpoolNodes,
            WatchdogPort,
            Mode,
            Nodes,
            Port,
            PostgresPort,
            NoStop,
            Debug,
            VirtualIp,
        }.Guide(
            CommandGroup.More,
            ("pgpoollab watchdog_setup -wn 3", "Make a lab of three Pgpool-IIs in the current folder")
        );
        command.SetAction(
            (parsed, cancellationToken) =>
            {
                var environment = new OldEnvironment(Environment.GetEnvironmentVariable);
                var count = parsed.GetValue(PgpoolNodes) ?? environment.Number("W_NUM_PGPOOL") ?? 3;
                if (count <= 1)
                {
                    throw new LabException(ExitCode.Usage, "number of Pgpool-II nodes must be greater than 1");
                }

                if (parsed.GetValue(Port) is not null)
                {
                    terminal.Say("-p has no effect here: every Pgpool-II takes its port from -wp.");
                }

                return RunAsync(
                    terminal,
                    arguments,
                    Shared(parsed) with
                    {
                        Port = parsed.GetValue(WatchdogPort),
                        PgpoolNodes = count,
                        VirtualIp = parsed.GetResult(VirtualIp) is null
                            ? null
                            : parsed.GetValue(VirtualIp) ?? "127.0.0.1",
                    },
                    cancellationToken
                );
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(
        Terminal terminal,
        IReadOnlyList<string> arguments,
        OldOptions options,
        CancellationToken cancellationToken
    )
    {
        terminal.NameOf = field =>
            field is SpecField.Port && options.PgpoolNodes is not null ? "-wp" : FieldNames.Letter(field);
        var folder = Identity.RealPath(Invocation.ExistingCurrentFolder);
        var screen = new OldScreen(terminal.Out, terminal.Error);
        var operation = Terminal.Operation(screen);
        await RequireEmptyAsync(operation, folder, cancellationToken);
        var environment = new OldEnvironment(Environment.GetEnvironmentVariable);
        var tools = await new ToolFinder(
            operation.Host,
            await Platform.DetectAsync(operation.Host, cancellationToken),
            ProgramAnswers.OfCurrentUser(operation.Host)
        ).FindAsync(environment.Tools(folder), cancellationToken);
        var spec = await environment.SpecAsync(options, folder, tools, operation.Host.Files, cancellationToken);
        if (spec.UseRewind && spec.Mode.WritesEverywhere())
        {
            screen.Note(
                $"pg_rewind cannot compare nodes in {spec.Mode.Title()}: each has a history of its own. Online "
                    + "recovery always takes a base backup."
            );
        }

        var other = options.PgpoolNodes is null
            ? null
            : OtherPgpoolSetup.From(environment.Text("PGPOOL_SETUP"), environment.Text("PATH"));
        if (other is not null)
        {
            var made = await other.RunAsync(
                operation,
                spec,
                options,
                CommandLineOf(options, arguments),
                cancellationToken
            );
            screen.End(made, options.LeaveRunning);
            return (int)ExitCode.Done;
        }

        screen.Begin(tools, spec);
        var lab = (
            await new SetupOperation(operation).ExecuteAsync(spec, CommandLineOf(options, arguments), cancellationToken)
        ).Lab;
        if (lab.OwnsNodes)
        {
            await FinishAsync(operation, screen, lab, options.LeaveRunning);
        }

        screen.End(lab, options.LeaveRunning && lab.OwnsNodes);
        screen.Note(
            "This lab lets everybody on this machine in, without a password, as Pgpool-II's own tests need it. "
                + "pgpoollab setup makes labs that do not."
        );
        return (int)ExitCode.Done;
    }

    /// <summary>As the manifest records it, whichever name the program was called by.</summary>
    private static string[] CommandLineOf(OldOptions options, IReadOnlyList<string> arguments)
    {
        var name = options.PgpoolNodes is null ? Name : WatchdogName;
        return ["pgpoollab", name, .. arguments.Count > 0 && arguments[0] == name ? arguments.Skip(1) : arguments];
    }

    /// <summary>Shows what Pgpool-II says of its nodes, as the old script does, and stops everything. The lab is made
    /// by now: who interrupts comes too late.</summary>
    private static async Task FinishAsync(OperationContext operation, OldScreen screen, Lab lab, bool leaveRunning)
    {
        try
        {
            if (lab.HasWatchdog)
            {
                // With their watchdogs they have not been started yet.
                if (!leaveRunning)
                {
                    return;
                }

                await new StartOperation(new PlanRun(operation, lab)).ExecuteAsync(CancellationToken.None);
            }

            screen.Say(
                (
                    await operation.Host.Programs.RunAsync(
                        Psql.Table(lab.Tools, "localhost", lab.Pgpool.Port, lab.Owner, Lab.Database, "show pool_nodes"),
                        CancellationToken.None
                    )
                ).Output.TrimEnd()
            );
        }
        finally
        {
            if (!leaveRunning)
            {
                screen.Say("shutdown all");
                await new StopOperation(new PlanRun(operation, lab)).ExecuteAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>Refuses a folder with anything in it. "rm -r *" leaves what is hidden: the remains of a lab are cleared
    /// away.</summary>
    private static async Task RequireEmptyAsync(
        OperationContext operation,
        string folder,
        CancellationToken cancellationToken
    )
    {
        if (Directory.EnumerateFileSystemEntries(folder).Any(e => !Path.GetFileName(e).StartsWith('.')))
        {
            throw new LabException(
                ExitCode.InTheWay,
                "Current directory is not empty. Please remove files and directories then try again."
            );
        }

        if (LabStore.Load(folder) is { } remains && !LabLock.IsTaken(folder))
        {
            LabLocator.BecomeOwner(remains, operation.Process);
            await new DestroyOperation(
                operation with
                {
                    Reader = new OldScreen(TextWriter.Null, TextWriter.Null),
                }
            ).ExecuteAsync(
                remains.Lab with
                {
                    Folder = new FolderOrigin(null),
                },
                deletesUsersFiles: true,
                cancellationToken
            );
        }
    }
}
