using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Verbs;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary>The commands that act on servers of a lab: each shows, when it is done, what is true then.</summary>
internal sealed class ServerCommands
{
    private static readonly Option<StopMode> Mode = new("--mode", "-m")
    {
        Description =
            "How: smart (wait until all clients have gone), fast (cut them off), or immediate (without a checkpoint)",
        DefaultValueFactory = _ => StopMode.Fast,
        CustomParser = result =>
        {
            if (
                Enum.TryParse<StopMode>(result.Tokens[^1].Value, ignoreCase: true, out var mode)
                && Enum.IsDefined(mode)
                && !char.IsAsciiDigit(result.Tokens[^1].Value[0])
            )
            {
                return mode;
            }

            result.AddError($"--mode must be smart, fast or immediate; it is '{result.Tokens[^1].Value}'.");
            return default;
        },
        HelpName = "MODE",
    };

    private static readonly Option<string?> Process = OneProcessOption();

    private readonly Terminal _terminal;

    private ServerCommands(Terminal terminal) => _terminal = terminal;

    internal static IEnumerable<Command> Create(Terminal terminal) =>
        new ServerCommands(terminal)
            .All()
            .Select(c => c.Guide(ServerCommandGuides.Of(c.Name).Group, ServerCommandGuides.Of(c.Name).Examples));

    private Command[] All() =>
        [
            OnServers("stop", "Stop servers: one node, all standbys, Pgpool-II", v => v.StopAsync),
            OnServers(
                "start",
                "Start servers; a standby is attached to Pgpool-II as soon as it streams",
                v => v.StartAsync
            ),
            OnServers("restart", "Stop servers and start them again", v => v.RestartAsync),
            Kill(),
            OnServers(
                "pause",
                "Freeze servers (SIGSTOP): they accept connections and never answer",
                [Process],
                (v, t, p, ct) => p.GetValue(Process) is { } kind ? v.PauseAsync(t, kind, ct) : v.PauseAsync(t, ct)
            ),
            OnServers(
                "resume",
                "Let frozen servers go on (SIGCONT)",
                [Process],
                (v, t, p, ct) => p.GetValue(Process) is { } kind ? v.ResumeAsync(t, kind, ct) : v.ResumeAsync(t, ct)
            ),
            OnNode(
                "attach",
                "Attach a node: Pgpool-II uses it again",
                "A node's number",
                r => new ClusterVerbs(r).AttachAsync
            ),
            OnNode(
                "detach",
                "Detach a node: Pgpool-II stops using it; of the primary, this is a failover",
                "A node's number, or primary",
                r => new ClusterVerbs(r).DetachAsync
            ),
            OnNode(
                "promote",
                "Promote a standby without Pgpool-II's knowledge: the lab then has two primaries",
                "A standby's number",
                r => new ClusterVerbs(r).PromoteAsync
            ),
            Switchover(),
            Recover(),
            Act(
                "add-node",
                "Add a standby with the next number, and make it known to every Pgpool-II",
                [],
                [],
                (r, _, ct) => new NodeCountVerbs(r).AddAsync(ct)
            ),
            OnNode(
                "remove-node",
                "Remove the last node and its data; this restarts Pgpool-II",
                "The number of the last node",
                r => new NodeCountVerbs(r).RemoveAsync
            ),
            Wait(),
        ];

    private static Option<string?> OneProcessOption()
    {
        var process = new Option<string?>("--process")
        {
            Description =
                "Only one process of the server, by what it does: main, walreceiver, walsender, startup, "
                + "checkpointer; of Pgpool-II main, child, healthcheck, worker",
            HelpName = "KIND",
        };
        process.CompletionSources.Add([.. OneProcess.Examples]);
        return process;
    }

    private Command OnServers(
        string name,
        string description,
        Func<ServerVerbs, Func<Target, CancellationToken, Task>> verb
    ) => OnServers(name, description, [], (v, t, _, ct) => verb(v)(t, ct));

    /// <summary>One that stops them, in the mode it is told.</summary>
    private Command OnServers(
        string name,
        string description,
        Func<ServerVerbs, Func<Target, StopMode, CancellationToken, Task>> verb
    ) => OnServers(name, description, [Mode], (v, t, p, ct) => verb(v)(t, p.GetValue(Mode), ct));

    private Command OnServers(
        string name,
        string description,
        IReadOnlyList<Option> options,
        Func<ServerVerbs, Target, ParseResult, CancellationToken, Task> act
    )
    {
        var target = new Argument<string>("TARGET")
        {
            Description =
                "Which servers: a node's number, primary, standby (every standby), all, pgpool (every Pgpool-II), "
                + "pgpool1 (the second one, and so on), leader (of the watchdog)",
        };
        return Act(
            name,
            description,
            [target],
            options,
            (r, p, ct) => act(new ServerVerbs(r), Target.Of(p.GetValue(target)!), p, ct)
        );
    }

    /// <summary>Of a lab on several hosts a whole host can die.</summary>
    private Command Kill()
    {
        var command = OnServers(
            "kill",
            "Crash servers: SIGKILL to all their processes at once",
            [Process],
            (v, t, p, ct) => p.GetValue(Process) is { } kind ? v.KillAsync(t, kind, ct) : v.KillAsync(t, ct)
        );
        var host = new Argument<string?>("NAME")
        {
            Description = $"With the target {SpreadVerbs.HostWord}: which host of a lab on several",
            Arity = ArgumentArity.ZeroOrOne,
        };
        command.Arguments.Add(host);
        command.Validators.Add(result =>
        {
            var isHost = result.GetValue((Argument<string>)command.Arguments[0]) == SpreadVerbs.HostWord;
            if (isHost != (result.GetValue(host) is not null))
            {
                result.AddError($"Name a host after the word {SpreadVerbs.HostWord}, and only then: kill host NAME.");
            }
        });
        return command;
    }

    private Command OnNode(
        string name,
        string description,
        string which,
        Func<VerbRun, Func<Target, CancellationToken, Task>> verb
    )
    {
        var node = new Argument<string>("NODE") { Description = which };
        return Act(name, description, [node], [], (r, p, ct) => verb(r)(Target.Of(p.GetValue(node)!), ct));
    }

    private Command Switchover()
    {
        var node = new Argument<string?>("NODE")
        {
            Description = "Number of the standby that becomes the primary (default: the one that is least behind)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        return Act(
            "switchover",
            "Make a standby the primary, in good order: the old primary becomes its standby, and no row is lost",
            [node],
            [],
            (o, p, ct) => new ClusterVerbs(o).SwitchoverAsync(p.GetValue(node) is { } text ? Target.Of(text) : null, ct)
        );
    }

    private Command Recover()
    {
        var node = new Argument<string?>("NODE")
        {
            Description = "A node's number, 0, 1 and so on",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var all = new Option<bool>("--all", "-a")
        {
            Description = "Recover every node that needs it, one after the other",
        };
        var yes = new Option<bool>("--yes", "-y") { Description = "Recover the node even if it needs no recovery" };
        var rewind = new Option<bool>("--rewind")
        {
            Description = "Use pg_rewind this time, and fail if it cannot be used",
        };
        var copy = new Option<bool>("--basebackup")
        {
            Description = "Use a base backup this time, also in a lab of setup --rewind",
        };
        var command = Act(
            "recover",
            "Rebuild a node as a standby of the primary (online recovery), and attach it",
            [node],
            [all, yes, rewind, copy],
            (o, p, ct) =>
            {
                var method =
                    p.GetValue(rewind) ? RecoveryMethod.Rewind
                    : p.GetValue(copy) ? RecoveryMethod.BaseBackup
                    : RecoveryMethod.AsConfigured;
                return p.GetValue(node) is { } text
                    ? new ClusterVerbs(o).RecoverAsync(Target.Of(text), p.GetValue(yes), method, ct)
                    : new ClusterVerbs(o).RecoverAllAsync(method, ct);
            }
        );
        command.Validators.Add(result =>
        {
            if (result.GetValue(node) is null != result.GetValue(all))
            {
                result.AddError("Say which node, or --all.");
            }

            if (result.GetValue(rewind) && result.GetValue(copy))
            {
                result.AddError("Say --rewind or --basebackup, not both.");
            }
        });
        return command;
    }

    private Command Wait()
    {
        var fact = new Option<LabFact>("--for")
        {
            Description = $"What to wait for: {LabFact.Words}",
            DefaultValueFactory = _ => new LabFact(FactKind.Healthy),
            CustomParser = result =>
            {
                if (LabFact.Parse(result.Tokens[^1].Value) is { } parsed)
                {
                    return parsed;
                }

                result.AddError(
                    $"'{result.Tokens[^1].Value}' cannot be waited for. It must be one of: {LabFact.Words}."
                );
                return null!;
            },
            HelpName = "FACT",
        };
        var timeout = new Option<TimeSpan?>("--timeout", "-t")
        {
            Description = "How long to wait at most, such as 500ms, 30s, 5m or 1h (default: 30s)",
            CustomParser = result =>
            {
                if (Duration.Parse(result.Tokens[^1].Value) is { } parsed)
                {
                    return parsed;
                }

                result.AddError($"--timeout must be a time such as 30s or 5m; it is '{result.Tokens[^1].Value}'.");
                return default;
            },
            HelpName = "TIME",
        };
        var command = new Command(
            "wait",
            "Wait until the lab is healthy, or what --for says; for scripts (exit code 5: not in time)"
        )
        {
            fact,
            timeout,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var spread = SpreadCommands.Find(parsed);
                var lab = spread ?? LabCommand.Open(parsed);
                if (parsed.GetValue(fact) is { Node: { } node })
                {
                    Target.NodeOf(lab, node);
                }

                if (parsed.GetValue(fact) is { Kind: FactKind.Quorum } && !lab.HasWatchdog)
                {
                    throw new LabException(ExitCode.Usage, $"The lab '{lab.Name}' has no watchdog, so no quorum.");
                }

                if (spread is not null)
                {
                    await SpreadWait.RunAsync(
                        _terminal,
                        spread,
                        parsed.GetValue(fact)!,
                        parsed.GetValue(timeout) ?? TimeSpan.FromSeconds(30),
                        parsed.GetValue(CommandLine.Json),
                        cancellationToken
                    );
                    SayThat(parsed.GetValue(fact)!, parsed);
                    return (int)ExitCode.Done;
                }

                using var progress = new ProgressView(_terminal);
                await new WaitVerb(Terminal.Operation(progress), lab).ExecuteAsync(
                    parsed.GetValue(fact)!,
                    parsed.GetValue(timeout) ?? TimeSpan.FromSeconds(30),
                    cancellationToken
                );
                progress.Dispose();
                if (parsed.GetValue(CommandLine.Json))
                {
                    await LabCommand.ShowAsync(_terminal, lab, json: true, cancellationToken);
                }
                else
                {
                    SayThat(parsed.GetValue(fact)!, parsed);
                }

                return (int)ExitCode.Done;
            }
        );
        return command;

        void SayThat(LabFact expected, ParseResult parsed)
        {
            if (!parsed.GetValue(CommandLine.Json))
            {
                _terminal.Say($"{Capital(expected.Expectation)}.");
            }
        }
    }

    private Command Act(
        string name,
        string description,
        IReadOnlyList<Argument> arguments,
        IReadOnlyList<Option> options,
        Func<VerbRun, ParseResult, CancellationToken, Task> act
    )
    {
        var command = new Command(name, description);
        foreach (var argument in arguments)
        {
            command.Arguments.Add(argument);
        }

        foreach (var option in (Option[])[.. options, CommandLine.DryRun, CommandLine.Lab, CommandLine.Json])
        {
            command.Options.Add(option);
        }

        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    return await SpreadVerbs.RunAsync(_terminal, spread, name, parsed, cancellationToken);
                }

                var lab = LabCommand.Open(parsed);
                using (var progress = new ProgressView(_terminal))
                {
                    var context = Terminal.Operation(progress);
                    if (parsed.GetValue(CommandLine.DryRun))
                    {
                        await LabCommand.ShowPlansAsync(
                            _terminal,
                            lab,
                            parsed,
                            show => act(new VerbRun(context, lab, show), parsed, cancellationToken)
                        );
                        return (int)ExitCode.Done;
                    }

                    await act(new VerbRun(context, lab), parsed, cancellationToken);
                }

                // It may have another number of nodes now.
                lab = LabStore.Load(lab.Root)?.Lab ?? lab;
                await LabCommand.ShowAsync(_terminal, lab, parsed.GetValue(CommandLine.Json), cancellationToken);
                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
