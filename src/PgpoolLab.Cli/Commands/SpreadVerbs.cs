using System.CommandLine;
using System.Globalization;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Cli.Commands;

/// <summary>The commands on one server, in a lab on several hosts: each goes to the host its server is on.</summary>
internal static class SpreadVerbs
{
    /// <summary>Those that need nothing but the server's own host.</summary>
    private static readonly string[] OnOneHost =
    [
        "start",
        "stop",
        "restart",
        "kill",
        "pause",
        "resume",
        "attach",
        "detach",
    ];

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

        var recovers = verb == "recover";
        if (dry || !(recovers || OnOneHost.Contains(verb)) || words.Find(w => !w.StartsWith('-')) is not { } target)
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
        await ActAsync(session, lab, verb, words, target, cancellationToken);

        var report = await session.Parts.LookAsync(lab, cancellationToken);
        if (parsed.GetValue(CommandLine.Json))
        {
            terminal.Out.WriteLine(NodesReporter.ToJson(report));
        }
        else
        {
            NodesView.Print(terminal.Data, report);
        }

        return (int)ExitCode.Done;
    }

    /// <summary>Does it.</summary>
    /// <param name="session">The lab's hosts.</param>
    /// <param name="lab">The whole lab.</param>
    /// <param name="verb">The command.</param>
    /// <param name="words">Its arguments.</param>
    /// <param name="target">The server among them.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal static async Task ActAsync(
        SpreadSession session,
        Lab lab,
        string verb,
        IReadOnlyList<string> words,
        string target,
        CancellationToken cancellationToken
    )
    {
        using (LabLock.Take(lab.Root))
        {
            var look = await session.Parts.LookAsync(lab, cancellationToken);
            var (host, word) = Find(lab, look, target);
            if (verb == "recover")
            {
                await RecoverAsync(session, lab, look, word, cancellationToken);
                var up = new LabFact(FactKind.NodeUp, int.Parse(word, CultureInfo.InvariantCulture));
                await SpreadWait.UntilAsync(session.Parts, lab, up, cancellationToken);
                return;
            }

            await session.Parts.RunAsync(
                host,
                $"{verb} {target}",
                [verb, .. words.Select(w => w == target ? word : w)],
                cancellationToken
            );
        }
    }

    /// <summary>On which host a server is, and what it is called there.</summary>
    private static (LabHost Host, string Word) Find(Lab lab, NodesReport look, string target)
    {
        var node =
            int.TryParse(target, out var number) ? lab.Nodes.FirstOrDefault(n => n.Id == number)
            : target == "primary" ? lab.Nodes.FirstOrDefault(n => n.Id == PrimaryOf(look))
            : target == "standby" ? lab.Nodes.FirstOrDefault(n => look.Nodes.Any(v => v.Id == n.Id && IsStandby(v)))
            : null;
        if (node is not null)
        {
            return (lab.Hosts[node.Host!.Value], $"{node.Id}");
        }

        var pgpool = lab.Pgpools.FirstOrDefault(p => $"pgpool{p.Id}" == target);
        if (target == "leader")
        {
            var leader = look.Watchdog.FirstOrDefault(w => w.Status is "LEADER" or "MASTER")?.Id;
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

    /// <summary>The one primary; of several, the one that Pgpool-II writes to.</summary>
    private static int? PrimaryOf(NodesReport look)
    {
        var all = look.Nodes.Where(v => v.Postgres.InRecovery is false).ToArray();
        return all.Length == 1
            ? all[0].Id
            : all.FirstOrDefault(v => v.Pgpool is { Status: "up" or "waiting", Role: "primary" })?.Id;
    }

    private static async Task RecoverAsync(
        SpreadSession session,
        Lab lab,
        NodesReport look,
        string word,
        CancellationToken cancellationToken
    )
    {
        var node = lab.Nodes.FirstOrDefault(n => $"{n.Id}" == word);
        var primary = PrimaryOf(look);
        if (node is null || primary is null || primary == node.Id)
        {
            throw new LabException(
                ExitCode.NotHealthy,
                node is null ? $"'{word}' is no node; only nodes are recovered."
                    : primary is null ? "No node can be written to: there is nothing to copy."
                    : $"Node {node.Id} is the primary; the others are copies of it."
            )
            {
                Hints = ["See how the nodes are:  pgpoollab nodes --lab " + Shell.Quote(lab.Name)],
            };
        }

        await session.Parts.RunAsync(
            lab.Hosts[node.Host!.Value],
            $"recover node {node.Id}",
            ["part", "rejoin", $"{node.Id}", $"{primary}"],
            cancellationToken
        );
    }
}
