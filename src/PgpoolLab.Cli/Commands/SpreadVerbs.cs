using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary>The commands on servers, in a lab on several hosts: each goes to the hosts that its servers are
/// on.</summary>
internal static class SpreadVerbs
{
    /// <summary>The target of <c>kill</c> that is a host; its name follows.</summary>
    internal const string HostWord = "host";

    /// <summary>Those that need nothing but the servers' own hosts.</summary>
    private static readonly string[] OnServers = ["start", "stop", "restart", "kill", "pause", "resume"];

    /// <summary>Those on one node, which the lab as a whole does.</summary>
    private static readonly Dictionary<string, Verb> OnNode = new()
    {
        ["attach"] = Verb.Attach,
        ["detach"] = Verb.Detach,
        ["promote"] = Verb.Promote,
        ["recover"] = Verb.Recover,
    };

    /// <summary>Does it, and shows how all nodes are then; or says what would be done.</summary>
    internal static async Task<int> RunAsync(
        Terminal terminal,
        Lab lab,
        string verb,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        var call = SpreadCall.Of(verb, parsed);
        if (verb == "switchover")
        {
            return await SpreadSwitch.RunAsync(terminal, lab, call.Target, parsed, cancellationToken);
        }

        if (!OnServers.Contains(verb) && !OnNode.ContainsKey(verb))
        {
            throw SpreadRefusal.Of(lab, verb);
        }

        await using var session = await SpreadCommands.ConnectAsync(terminal, lab, cancellationToken);
        if (parsed.GetValue(CommandLine.DryRun))
        {
            await PlanAsync(terminal, session, lab, call, parsed, cancellationToken);
            return (int)ExitCode.Done;
        }

        await ActAsync(terminal, session, lab, call, cancellationToken);
        await ShowAsync(terminal, session, lab, parsed, cancellationToken);
        return (int)ExitCode.Done;
    }

    /// <summary>Shows how all nodes are.</summary>
    internal static async Task ShowAsync(
        Terminal terminal,
        SpreadSession session,
        Lab lab,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        var report = await session.Parts.LookAsync(lab, cancellationToken);
        if (parsed.GetValue(CommandLine.Json))
        {
            terminal.Out.WriteLine(NodesReporter.ToJson(report));
        }
        else
        {
            NodesView.Print(terminal.Data, report);
        }
    }

    /// <summary>Prints steps that would be done.</summary>
    internal static void ShowPlan(Terminal terminal, ParseResult parsed, IReadOnlyList<string> steps)
    {
        if (parsed.GetValue(CommandLine.Json))
        {
            terminal.Out.WriteLine(VerbPlan.ToJson(steps));
            return;
        }

        foreach (var step in steps)
        {
            terminal.Out.WriteLine(step);
        }
    }

    /// <summary>Does it.</summary>
    /// <param name="terminal">Where it shows what it does.</param>
    /// <param name="session">The lab's hosts.</param>
    /// <param name="lab">The whole lab.</param>
    /// <param name="call">What is to be done.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task ActAsync(
        Terminal terminal,
        SpreadSession session,
        Lab lab,
        SpreadCall call,
        CancellationToken cancellationToken
    )
    {
        using var labLock = LabLock.Take(lab.Root);
        if (OnNode.TryGetValue(call.Verb, out var verb))
        {
            await ActOnNodeAsync(terminal, session, lab, call, verb, cancellationToken);
            return;
        }

        if (call.Target == "all" && call.Verb is "start" or "stop" or "restart")
        {
            // They have an order, which no host alone knows.
            if (call.Verb is not "start")
            {
                string[] stop = call.Options is [] ? ["stopall"] : ["stop", "all", .. call.Options];
                await SpreadSetup.StopAsync(session.Parts, stop, cancellationToken);
            }

            if (call.Verb is not "stop")
            {
                await SpreadSetup.StartAsync(session.Parts, lab, n => terminal.Say($"note {n}"), cancellationToken);
            }

            return;
        }

        await EachAsync(session, await FindAsync(session, lab, call, cancellationToken), call, [], cancellationToken);
    }

    private static async Task ActOnNodeAsync(
        Terminal terminal,
        SpreadSession session,
        Lab lab,
        SpreadCall call,
        Verb verb,
        CancellationToken cancellationToken
    )
    {
        using var progress = new ProgressView(terminal);
        var recovery = new SpreadRecovery(Terminal.Operation(progress), session.Parts, lab);
        if (call.Target is null)
        {
            await recovery.RecoverAllAsync(
                ct => session.Parts.LookAsync(lab, ct),
                call.Method,
                UntilWellAsync,
                cancellationToken
            );
            return;
        }

        var look = await session.Parts.LookAsync(lab, cancellationToken);
        var node = SpreadTargets.NodeOf(lab, look, Target.Of(call.Target));
        switch (verb)
        {
            case Verb.Promote:
                await recovery.PromoteAsync(look, node, cancellationToken);
                break;
            case Verb.Recover:
                if (!call.EvenIfWell)
                {
                    SpreadRecovery.RequireIll(look, node);
                }

                await recovery.RecoverAsync(look, node, call.Method, cancellationToken);
                await UntilWellAsync(node, cancellationToken);
                break;
            default:
                await recovery.TellIfItMayAsync(look, verb, node, cancellationToken);
                break;
        }

        Task UntilWellAsync(PostgresNode made, CancellationToken ct) =>
            SpreadWait.UntilAsync(session.Parts, lab, new LabFact(FactKind.NodeUp, made.Id), ct);
    }

    /// <summary>Says what would be done: of servers each host says it.</summary>
    private static async Task PlanAsync(
        Terminal terminal,
        SpreadSession session,
        Lab lab,
        SpreadCall call,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        if (!OnNode.TryGetValue(call.Verb, out var verb))
        {
            var json = parsed.GetValue(CommandLine.Json);
            var servers = await FindAsync(session, lab, call, cancellationToken);
            string[] options = [CommandLine.DryRun.Name, .. json ? (string[])[CommandLine.Json.Name] : []];
            SpreadForward.Print(
                terminal,
                lab,
                await EachAsync(session, servers, call, options, cancellationToken),
                json
            );
            return;
        }

        var look = await session.Parts.LookAsync(lab, cancellationToken);
        using var progress = new ProgressView(terminal);
        var recovery = new SpreadRecovery(Terminal.Operation(progress), session.Parts, lab);
        var nodes = call.Target is { } target
            ? [SpreadTargets.NodeOf(lab, look, Target.Of(target))]
            : recovery.NotWell(look);
        if (verb is Verb.Recover && call is { Target: not null, EvenIfWell: false })
        {
            SpreadRecovery.RequireIll(look, nodes[0]);
        }

        ShowPlan(terminal, parsed, [.. nodes.SelectMany(n => recovery.Lines(look, verb, n, call.Method))]);
    }

    private static async Task<IReadOnlyList<ServersOfHost>> FindAsync(
        SpreadSession session,
        Lab lab,
        SpreadCall call,
        CancellationToken cancellationToken
    ) =>
        call is { Verb: "kill", Target: HostWord }
            ? [new ServersOfHost(SpreadCommands.HostOf(lab, call.Host ?? ""), ["all"])]
            : SpreadTargets.Of(
                lab,
                await session.Parts.LookAsync(lab, cancellationToken),
                Target.Of(call.Target!),
                call.Verb == "resume"
            );

    /// <summary>Has the hosts do it, all at once, each for its servers one after the other.</summary>
    /// <returns>What each host said, by number; null of one that has nothing to do.</returns>
    private static async Task<string?[]> EachAsync(
        SpreadSession session,
        IReadOnlyList<ServersOfHost> servers,
        SpreadCall call,
        IReadOnlyList<string> options,
        CancellationToken cancellationToken
    )
    {
        var said = new string?[session.Parts.Hosts.Count];
        await session.Parts.ForEachAsync(async h =>
        {
            var words = servers.Where(s => s.Host.Id == h.Host.Id).SelectMany(s => s.Words).ToArray();
            if (words is not [])
            {
                var parts = new List<string>();
                foreach (var word in words)
                {
                    parts.Add(
                        await session.Parts.RunAsync(
                            h.Host,
                            $"{call.Verb} {(word == "all" ? "its servers" : word)}",
                            [call.Verb, word, .. call.Options, .. options],
                            cancellationToken
                        )
                    );
                }

                said[h.Host.Id] = options.Contains(CommandLine.Json.Name)
                    ? $"[{string.Join(",", parts)}]"
                    : string.Concat(parts);
            }
        });
        return said;
    }
}
