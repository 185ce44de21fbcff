using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary>The commands on one server, in a lab on several hosts: each goes to the host its server is on.</summary>
internal static class SpreadVerbs
{
    /// <summary>The target of <c>kill</c> that is a host; its name follows.</summary>
    internal const string HostWord = "host";

    /// <summary>Those that need nothing but the server's own host.</summary>
    private static readonly string[] OnOneHost = ["start", "stop", "restart", "kill", "pause", "resume"];

    /// <summary>Those that any Pgpool-II can do.</summary>
    private static readonly string[] OfPgpool = ["attach", "detach"];

    /// <summary>Does it, and shows how all nodes are then.</summary>
    internal static async Task<int> RunAsync(
        Terminal terminal,
        Lab lab,
        string verb,
        ParseResult parsed,
        CancellationToken cancellationToken
    )
    {
        // Without the command itself, and what is said of which lab and of what is printed.
        var words = parsed.Tokens.Select(t => t.Value).SkipWhile(w => w != verb).Skip(1).ToList();
        var dry = words.Remove(CommandLine.DryRun.Name);
        _ = words.Remove(CommandLine.Json.Name);
        for (var at = words.IndexOf(CommandLine.Lab.Name); at >= 0; at = words.IndexOf(CommandLine.Lab.Name))
        {
            words.RemoveRange(at, Math.Min(2, words.Count - at));
        }

        if (verb == "switchover")
        {
            return await SpreadSwitch.RunAsync(terminal, lab, words, dry, parsed, cancellationToken);
        }

        var recovers = verb == "recover";
        if (
            dry
            || !(recovers || OnOneHost.Contains(verb) || OfPgpool.Contains(verb))
            || words.Find(w => !w.StartsWith('-')) is not { } target
        )
        {
            throw recovers || OnOneHost.Contains(verb)
                ? new LabException(
                    ExitCode.Usage,
                    dry
                        ? $"The lab '{lab.Name}' is on several hosts; '{verb} --dry-run' works on one host's part."
                        : $"The lab '{lab.Name}' is on several hosts; '{verb}' works on one of its servers at a time."
                )
                {
                    Hints = [$"Name one server:  pgpoollab {verb} 1"],
                }
                : SpreadRefusal.Of(lab, verb);
        }

        await using var session = await SpreadCommands.ConnectAsync(terminal, lab, cancellationToken);
        await ActAsync(terminal, session, lab, verb, words, target, cancellationToken);
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

    /// <summary>Does it.</summary>
    /// <param name="terminal">Where it shows what it does.</param>
    /// <param name="session">The lab's hosts.</param>
    /// <param name="lab">The whole lab.</param>
    /// <param name="verb">The command.</param>
    /// <param name="words">Its arguments.</param>
    /// <param name="target">The server among them.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task ActAsync(
        Terminal terminal,
        SpreadSession session,
        Lab lab,
        string verb,
        IReadOnlyList<string> words,
        string target,
        CancellationToken cancellationToken
    )
    {
        using var labLock = LabLock.Take(lab.Root);
        if (verb == "kill" && target == HostWord)
        {
            var dying = SpreadCommands.HostOf(lab, words.Where(w => !w.StartsWith('-')).ElementAtOrDefault(1) ?? "");
            await session.Parts.RunAsync(dying, "kill its servers", ["kill", "all"], cancellationToken);
            return;
        }

        var look = await session.Parts.LookAsync(lab, cancellationToken);
        var (host, word) = Find(lab, look, target, verb);
        if (verb != "recover" && !OfPgpool.Contains(verb))
        {
            await session.Parts.RunAsync(
                host,
                $"{verb} {target}",
                [verb, .. words.Select(w => w == target ? word : w)],
                cancellationToken
            );
            return;
        }

        var node =
            lab.Nodes.FirstOrDefault(n => $"{n.Id}" == word)
            ?? throw new LabException(ExitCode.Usage, $"'{word}' is no node; {verb} is for nodes.");
        using var progress = new ProgressView(terminal);
        var recovery = new SpreadRecovery(Terminal.Operation(progress), session.Parts, lab);
        if (verb == "recover")
        {
            await recovery.RecoverAsync(look, node, MethodOf(words), cancellationToken);
            await SpreadWait.UntilAsync(session.Parts, lab, new LabFact(FactKind.NodeUp, node.Id), cancellationToken);
        }
        else
        {
            await recovery.TellIfItMayAsync(
                look,
                verb == "attach" ? Verb.Attach : Verb.Detach,
                node,
                cancellationToken
            );
        }
    }

    private static RecoveryMethod MethodOf(IReadOnlyList<string> words) =>
        words.Contains("--rewind") ? RecoveryMethod.Rewind
        : words.Contains("--basebackup") ? RecoveryMethod.BaseBackup
        : RecoveryMethod.AsConfigured;

    /// <summary>On which host a server is, and what it is called there.</summary>
    private static (LabHost Host, string Word) Find(Lab lab, NodesReport look, string target, string verb)
    {
        // What is suspended cannot say what it is; its data folder does.
        var suspended =
            verb == "resume"
                ? look.Nodes.FirstOrDefault(v =>
                    target is "primary" or "standby"
                    && v.Postgres.IsSuspended
                    && v.Postgres.MadeAsStandby == (target == "standby")
                )
                : null;
        var node =
            suspended is not null ? lab.Nodes.FirstOrDefault(n => n.Id == suspended.Id)
            : int.TryParse(target, out var number) ? lab.Nodes.FirstOrDefault(n => n.Id == number)
            : target == "primary" ? lab.Nodes.FirstOrDefault(n => n.Id == SpreadNodes.RightfulPrimary(look))
            : target == "standby" ? lab.Nodes.FirstOrDefault(n => look.Nodes.Any(v => v.Id == n.Id && IsStandby(v)))
            : null;
        if (node is not null)
        {
            return (lab.Hosts[node.Host!.Value], $"{node.Id}");
        }

        var pgpool = lab.Pgpools.FirstOrDefault(p => $"pgpool{p.Id}" == target);
        if (target == "leader")
        {
            var leader = look.Watchdog.Where(w => w.Status is "LEADER" or "MASTER").MaxBy(w => w.Quorum is true)?.Id;
            pgpool = lab.Pgpools.FirstOrDefault(p => p.Id == leader);
        }

        return pgpool is not null
            ? (lab.Hosts[pgpool.Host!.Value], $"pgpool{pgpool.Id}")
            : throw new LabException(ExitCode.Usage, $"There is no server '{target}' in the lab '{lab.Name}'.")
            {
                Hints =
                [
                    $"There are nodes 0 to {lab.Nodes.Count - 1} (also: primary, standby), and "
                        + $"{string.Join(", ", lab.Pgpools.Select(p => $"pgpool{p.Id}"))} (also: leader).",
                ],
            };
    }

    private static bool IsStandby(NodeView view) => view.Postgres.InRecovery is true;
}
