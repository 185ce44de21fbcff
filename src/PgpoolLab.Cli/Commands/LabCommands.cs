using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Snapshots;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Cli.Commands;

/// <summary>What the commands on an existing lab share.</summary>
internal static class LabCommand
{
    /// <summary>Finds the lab, refuses one that is not ready, and goes on as its user.</summary>
    internal static Lab Open(ParseResult parsed)
    {
        var manifest = Find(parsed, parsed.GetValue(CommandLine.Lab));
        var lab = LabLocator.RequireReady(manifest);
        if (lab.IsWhole)
        {
            throw SpreadRefusal.Of(lab, SpreadRefusal.NameOf(parsed));
        }

        LabLocator.BecomeOwner(manifest, Composition.Process);
        LabIndex.RegisterAgain(lab);
        return lab;
    }

    /// <summary>Refuses a lab on several hosts whose setup was never finished, or that is being destroyed.</summary>
    internal static Lab RequireReady(Lab lab) => LabLocator.RequireReady(LabStore.Load(lab.Root)!);

    /// <summary>Finds a lab. What a command has begun there that was killed is brought to its end first.</summary>
    /// <param name="parsed">Where to speak.</param>
    /// <param name="nameOrFolder">Names it; null for that of PGPOOLLAB_LAB, or the one around the current
    /// folder.</param>
    internal static LabManifest Find(ParseResult parsed, string? nameOrFolder)
    {
        var manifest = NamedLab.Find(nameOrFolder);
        var root = manifest.Lab.Root;
        if (!LabMending.IsNeeded(root) || LabLock.IsTaken(root))
        {
            return manifest;
        }

        LabLocator.BecomeOwner(manifest, Composition.Process);
        var notes = new NotesAlone(parsed.InvocationConfiguration.Error);
        root = LabMending.MendAsync(Terminal.Operation(notes), root).GetAwaiter().GetResult();
        return LabLocator.Find(root, Invocation.CurrentFolder);
    }

    /// <summary>A folder that the user has named.</summary>
    internal static string FolderOf(string path) =>
        Identity.RealPath(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, Invocation.CurrentFolder)));

    /// <summary>Makes a folder for a lab that is like another one, or for that one itself, and goes on as its
    /// user.</summary>
    internal static async Task<FolderOrigin> PrepareAsync(
        OperationContext context,
        LabManifest manifest,
        string folder,
        CancellationToken cancellationToken
    )
    {
        var user = LabLocator.OtherOwnerOf(manifest);
        using var folderLock = await LabFolder.LockAsync(folder, context.Probes, cancellationToken);
        LabFolder.RequireUsable(folder);
        var origin = LabFolder.Prepare(folder, user, Composition.Process);
        try
        {
            LabLocator.BecomeOwner(manifest, Composition.Process);
        }
        catch
        {
            LabFolder.GiveBack(folder, origin);
            throw;
        }

        return origin;
    }

    /// <summary>Prints the plans that a command would run, for people or for programs.</summary>
    /// <param name="terminal">Where to.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="parsed">Says which.</param>
    /// <param name="plan">Has the plans made, given what shows one.</param>
    internal static async Task ShowPlansAsync(
        Terminal terminal,
        Lab lab,
        ParseResult parsed,
        Func<Action<VerbPlan>, Task> plan
    )
    {
        var plans = new List<VerbPlan>();
        await plan(plans.Add);
        ShowPlans(terminal, lab, parsed, plans);
    }

    /// <summary>Prints these plans.</summary>
    internal static void ShowPlans(Terminal terminal, Lab lab, ParseResult parsed, IReadOnlyList<VerbPlan> plans)
    {
        if (parsed.GetValue(CommandLine.Json))
        {
            terminal.Out.WriteLine(VerbPlan.ToJson(plans, lab));
        }
        else
        {
            PlanView.Print(terminal.Out, lab, plans);
        }
    }

    /// <summary>A command that starts or stops the whole lab.</summary>
    /// <param name="terminal">Where it talks.</param>
    /// <param name="command">The command.</param>
    /// <param name="act">Runs its plans, or shows them.</param>
    /// <param name="done">What it says when that is done.</param>
    /// <param name="onHosts">Does the same with a lab on several hosts.</param>
    /// <param name="doneOnHosts">What it says then, of "The lab NAME is ...".</param>
    internal static Command OnWholeLab(
        Terminal terminal,
        Command command,
        Func<PlanRun, ServerSet?, CancellationToken, Task> act,
        Func<Lab, ServerSet, string> done,
        Func<HostParts, Lab, Action<string>, CancellationToken, Task> onHosts,
        string doneOnHosts
    )
    {
        var parts = new Argument<string[]>("PART")
        {
            Description = $"Only these: {ServerSet.Parts} (default: all)",
            Arity = ArgumentArity.ZeroOrMore,
        };
        parts.CompletionSources.Add(ServerSet.NodesWord, "pgpool");
        command.Arguments.Add(parts);
        command.Options.Add(CommandLine.DryRun);
        command.Options.Add(CommandLine.Lab);
        command.Options.Add(CommandLine.Json);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    RequireWhole(parsed, parts);
                    return await SpreadCommands.OnAllAsync(
                        terminal,
                        spread,
                        onHosts,
                        $"The lab '{spread.Name}' is {doneOnHosts} on all hosts.",
                        parsed.GetValue(CommandLine.Json),
                        cancellationToken
                    );
                }

                var lab = Open(parsed);
                var servers = ServerSet.Of(lab, parsed.GetValue(parts) ?? []);
                using var progress = new ProgressView(terminal);
                var context = Terminal.Operation(progress);
                if (parsed.GetValue(CommandLine.DryRun))
                {
                    await ShowPlansAsync(
                        terminal,
                        lab,
                        parsed,
                        show => act(new PlanRun(context, lab, show), servers.PartOf(lab), cancellationToken)
                    );
                    return (int)ExitCode.Done;
                }

                await act(new PlanRun(context, lab), servers.PartOf(lab), cancellationToken);
                progress.Dispose();
                terminal.Say(done(lab, servers));
                if (parsed.GetValue(CommandLine.Json))
                {
                    await ShowAsync(terminal, lab, json: true, cancellationToken);
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    private static void RequireWhole(ParseResult parsed, Argument<string[]> parts)
    {
        if (parsed.GetValue(parts) is { Length: > 0 } || parsed.GetValue(CommandLine.DryRun))
        {
            throw new LabException(
                ExitCode.Usage,
                $"A lab on several hosts is started and stopped as a whole: {parts.Name} and --dry-run work on one "
                    + "host's part, on that host."
            );
        }
    }

    /// <summary>The Pgpool-IIs' names, as in "Pgpool-II 0 and Pgpool-II 1".</summary>
    internal static string TitlesOf(Lab lab, ServerSet servers) =>
        string.Join(" and ", servers.Pgpools.Select(lab.TitleOf));

    /// <summary>A look at the lab, when a target needs one to be known.</summary>
    internal static async Task<NodesReport?> LookForAsync(Target target, Lab lab, CancellationToken cancellationToken)
    {
        if (!target.NeedsLook)
        {
            return null;
        }

        var host = Composition.Host();
        var live = new LiveLab(host, lab, new ProbeRunner(host, TimeProvider.System));
        return await live.LookAsync(cancellationToken);
    }

    /// <summary>Shows what is true now.</summary>
    internal static async Task ShowAsync(Terminal terminal, Lab lab, bool json, CancellationToken cancellationToken)
    {
        var host = Composition.Host();
        var live = new LiveLab(host, lab, Composition.Probes(host));
        var report = await live.LookAsync(cancellationToken);
        if (json)
        {
            terminal.Out.WriteLine(NodesReporter.ToJson(report));
        }
        else
        {
            NodesView.Print(terminal.Data, report);
        }
    }
}

/// <summary><c>startall</c>: starts every node, then Pgpool-II.</summary>
internal static class StartAllCommand
{
    internal static Command Create(Terminal terminal) =>
        LabCommand.OnWholeLab(
            terminal,
            new Command(
                "startall",
                "Start all servers: every PostgreSQL, then Pgpool-II; those that run already are left alone"
            ).Guide(
                CommandGroup.Run,
                ("pgpoollab startall", "Start the lab around the current folder"),
                ("pgpoollab startall --lab demo", "Start the lab named demo, from anywhere"),
                ("pgpoollab startall --dry-run", "Show what would be started, and do nothing")
            ),
            (run, only, cancellationToken) => new StartOperation(run).ExecuteAsync(cancellationToken, only: only),
            (lab, servers) =>
                servers.Pgpools.Count == 0 ? $"The nodes of the lab '{lab.Name}' are up."
                : servers.Nodes.Count == 0 ? $"{LabCommand.TitlesOf(lab, servers)} of the lab '{lab.Name}' is up."
                : $"The lab '{lab.Name}' is up; Pgpool-II listens on port {servers.Pgpools[0].Port}.",
            async (hosts, lab, note, cancellationToken) =>
            {
                await SpreadSetup.StartAsync(hosts, lab, note, cancellationToken);
                await SpreadWait.UntilStartedAsync(hosts, lab, cancellationToken);
            },
            "up"
        );
}

/// <summary><c>stopall</c>: stops Pgpool-II, then every node.</summary>
internal static class StopAllCommand
{
    internal static Command Create(Terminal terminal) =>
        LabCommand.OnWholeLab(
            terminal,
            new Command("stopall", "Stop all servers: Pgpool-II, then every PostgreSQL")
                .Guide(
                    CommandGroup.Run,
                    ("pgpoollab stopall", "Stop the lab around the current folder"),
                    ("pgpoollab stopall --dry-run", "Show what would be stopped, and do nothing")
                )
                .Synonyms("down", "shutdown", "shutdownall"),
            (run, only, cancellationToken) => new StopOperation(run).ExecuteAsync(cancellationToken, only),
            (lab, servers) =>
                servers.Pgpools.Count == 0 ? $"The nodes of the lab '{lab.Name}' are stopped."
                : servers.Nodes.Count == 0 ? $"{LabCommand.TitlesOf(lab, servers)} of the lab '{lab.Name}' is stopped."
                : $"The lab '{lab.Name}' is stopped.",
            (hosts, _, _, cancellationToken) => SpreadSetup.StopAsync(hosts, cancellationToken),
            "stopped"
        );
}

/// <summary><c>psql</c>: a session through Pgpool-II or with one node.</summary>
internal static class PsqlCommand
{
    internal static Command Create(Terminal terminal)
    {
        var target = new Argument<string>("TARGET")
        {
            Description =
                "One server: a node's number, primary, standby (the first), pgpool, pgpool1 (the second "
                + "Pgpool-II), or leader (of a watchdog)",
            DefaultValueFactory = _ => "pgpool",
        };
        target.CompletionSources.Add("pgpool", "primary", "standby", "0", "1");
        var rest = new Argument<string[]>("ARGS")
        {
            Description = "Arguments for psql; put -- before them",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var command = new Command("psql", "Open psql through Pgpool-II, or on one node")
        {
            target,
            rest,
            CommandLine.Lab,
        }
            .Guide(
                CommandGroup.Run,
                ("pgpoollab psql", "Open a session through Pgpool-II"),
                ("pgpoollab psql primary", "Open a session on the primary, whichever node that is now"),
                ("pgpoollab psql 1 -- -c 'SELECT pg_is_in_recovery()'", "Ask node 1 itself, past Pgpool-II")
            )
            .Synonyms("sql", "connect");
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                // "psql -- -c ..." leaves TARGET out: then the first argument is psql's.
                var (to, arguments) = (Target.Of(parsed.GetValue(target)!), parsed.GetValue(rest) ?? []);
                if (!to.IsKnown)
                {
                    if (!to.Text.StartsWith('-'))
                    {
                        throw new LabException(
                            ExitCode.Usage,
                            $"'{parsed.GetValue(target)}' is no server. It must be {Target.Words}."
                        )
                        {
                            Hints =
                            [
                                "Arguments for psql come after --, for example:  pgpoollab psql 1 -- -c 'SELECT 1'",
                            ],
                        };
                    }

                    arguments = [parsed.GetValue(target)!, .. arguments];
                    to = Target.Of("pgpool");
                }

                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    return await SpreadShell.PsqlAsync(terminal, spread, to, arguments, cancellationToken);
                }

                var lab = LabCommand.Open(parsed);
                var port = to.ResolvePort(lab, await LabCommand.LookForAsync(to, lab, cancellationToken));
                return await ChildProcess.RunInteractiveAsync(
                    Psql.Interactive(
                        lab.Tools,
                        lab.HasPrivateSockets ? lab.SocketFolder : "localhost",
                        port,
                        lab.Owner,
                        arguments
                    ) with
                    {
                        KeepsEnvironment = !Identity.HasStoodDown,
                        OnTerminal = true,
                    }
                );
            }
        );
        return command;
    }
}
