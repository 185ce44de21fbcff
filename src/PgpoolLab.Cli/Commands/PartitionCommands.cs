using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>partition</c> cuts hosts of a lab off from each other, <c>heal</c> ends that.</summary>
internal static class PartitionCommands
{
    internal static IEnumerable<Command> Create(Terminal terminal) => [Partition(terminal), Heal(terminal)];

    private static Command Partition(Terminal terminal)
    {
        var side = new Argument<string>("HOSTS") { Description = "A host of the lab, or several: a,b" };
        var others = new Argument<string?>("OTHERS")
        {
            Description = "The hosts they are cut off from (default: all others)",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var time = new Option<TimeSpan?>("--for")
        {
            Description = "End it by itself after this time, such as 30s or 5m (default: 10m)",
            CustomParser = result =>
            {
                if (Duration.Parse(result.Tokens[^1].Value) is { TotalSeconds: >= 1 } parsed)
                {
                    return parsed;
                }

                result.AddError($"--for must be a time such as 30s or 5m; it is '{result.Tokens[^1].Value}'.");
                return default;
            },
            HelpName = "TIME",
        };
        var command = new Command(
            "partition",
            "Cut hosts of a lab on several hosts off from each other, as a broken network does; ssh goes on. It takes "
                + "root's rights there, for nft"
        )
        {
            side,
            others,
            time,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = RequireSpread(parsed);
                var here = HostsOf(lab, parsed.GetValue(side)!);
                var beyond = parsed.GetValue(others) is { } named
                    ? HostsOf(lab, named)
                    : [.. lab.Hosts.Select(h => h.Id).Except(here)];
                if (beyond.Count == 0 || here.Intersect(beyond).Any())
                {
                    throw new LabException(ExitCode.Usage, "A host cannot be cut off from itself: name two sides.");
                }

                await using var session = await SpreadCommands.ConnectAsync(terminal, lab, cancellationToken);
                var patience = parsed.GetValue(time) ?? HostCuts.DefaultTime;
                using (LabLock.Take(lab.Root))
                {
                    if (lab.Partition is not null)
                    {
                        await new HostCuts(session.Parts, lab).HealAsync(cancellationToken);
                    }

                    lab = await new HostCuts(session.Parts, lab with { Partition = null }).CutAsync(
                        here,
                        beyond,
                        patience,
                        Composition.Clock.GetUtcNow(),
                        cancellationToken
                    );
                }

                terminal.Say(
                    $"The hosts are cut off: {lab.Partition!.TitleIn(lab)}, until "
                        + $"{lab.Partition.Until.ToLocalTime():HH:mm:ss}. End it before:  pgpoollab heal"
                );
                await ShowAsync(terminal, session, lab, parsed.GetValue(CommandLine.Json), cancellationToken);
                return (int)ExitCode.Done;
            }
        );
        return command.Guide(
            CommandGroup.Run,
            ("pgpoollab partition a", "Cut host a off from all others"),
            ("pgpoollab partition a b,c --for 2m", "Cut host a off from b and c, for two minutes")
        );
    }

    private static Command Heal(Terminal terminal)
    {
        var from = LinkCommands.From();
        var to = LinkCommands.To();
        (from.Arity, to.Arity) = (ArgumentArity.ZeroOrOne, ArgumentArity.ZeroOrOne);
        from.Description = "Who connects, of links that cut, slow and flap have broken (default: all links)";
        var command = new Command("heal", "Let servers, or the hosts of a lab, reach each other again")
        {
            from,
            to,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var (a, b) = (parsed.GetValue(from), parsed.GetValue(to));
                if (SpreadCommands.Find(parsed) is null)
                {
                    return await LinkCommands.HealAsync(terminal, parsed, b is null ? null : a, b, cancellationToken);
                }

                if (a is not null)
                {
                    throw new LabException(ExitCode.Usage, "Of a lab on several hosts all hosts are healed at once.")
                    {
                        Hints = ["pgpoollab heal"],
                    };
                }

                var lab = RequireSpread(parsed);
                await using var session = await SpreadCommands.ConnectAsync(terminal, lab, cancellationToken);
                using (LabLock.Take(lab.Root))
                {
                    await new HostCuts(session.Parts, lab).HealAsync(cancellationToken);
                    lab = lab with { Partition = null };
                }

                terminal.Say("All hosts reach each other again, as far as this lab is concerned.");
                await ShowAsync(terminal, session, lab, parsed.GetValue(CommandLine.Json), cancellationToken);
                return (int)ExitCode.Done;
            }
        );
        command.Validators.Add(result =>
        {
            if (result.GetValue(from) is { } one && result.GetValue(to) is null && one != "all")
            {
                result.AddError("Say two sides, or all.");
            }
        });
        return command.Guide(
            CommandGroup.Break,
            ("pgpoollab heal", "End what cut, slow, flap or partition has begun"),
            ("pgpoollab heal pgpool node0", "Heal the links from Pgpool-II to node 0")
        );
    }

    private static Lab RequireSpread(ParseResult parsed)
    {
        if (SpreadCommands.Find(parsed) is { } lab)
        {
            return lab;
        }

        var there = LabLocator.RequireReady(NamedLab.Find(parsed.GetValue(CommandLine.Lab)));
        throw new LabException(
            ExitCode.Usage,
            there.WhyNotAlone("A partition") ?? $"The lab '{there.Name}' is on one machine: there is nothing to part."
        );
    }

    private static List<int> HostsOf(Lab lab, string names) =>
        [
            .. names
                .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Select(n => SpreadCommands.HostOf(lab, n).Id)
                .Distinct(),
        ];

    private static async Task ShowAsync(
        Terminal terminal,
        SpreadSession session,
        Lab lab,
        bool json,
        CancellationToken cancellationToken
    )
    {
        var report = await session.Parts.LookAsync(lab, cancellationToken);
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
