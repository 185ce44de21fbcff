using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Settings;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>lag</c>: has a standby replay later.</summary>
internal static class LagCommand
{
    internal static Command Create(Terminal terminal)
    {
        var number = new Argument<string>("NODE") { Description = "A standby's number" };
        var delay = new Argument<string>("DELAY")
        {
            Description = "How much later, such as 500ms, 5s, 2m or 1h; off for no delay",
        };
        var command = new Command("lag", "Delay replay on a standby, so that it shows older data")
        {
            number,
            delay,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var value = StandbyRules.ParseDelay(parsed.GetValue(delay)!);
                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    var said = await SpreadForward.LagAsync(
                        terminal,
                        spread,
                        parsed.GetValue(number)!,
                        parsed.GetValue(delay)!,
                        cancellationToken
                    );
                    terminal.Say(Sentence(parsed.GetValue(number)!, value));
                    if (parsed.GetValue(CommandLine.Json))
                    {
                        terminal.Out.Write(said);
                    }

                    return (int)ExitCode.Done;
                }

                var lab = LabCommand.Open(parsed);
                var node =
                    lab.Nodes.FirstOrDefault(n => n.Id.ToString() == parsed.GetValue(number))
                    ?? throw new LabException(
                        ExitCode.NotFound,
                        $"The lab '{lab.Name}' has no node {parsed.GetValue(number)}; "
                            + $"its nodes are 0 to {lab.Nodes.Count - 1}."
                    );
                lab.RequireInReach(node);
                using var progress = new ProgressView(terminal);
                await new LagOperation(Terminal.Operation(progress)).ExecuteAsync(lab, node, value, cancellationToken);
                progress.Dispose();
                terminal.Say(Sentence($"{node.Id}", value));
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(LagInfo.Of(lab, node, value).ToJson());
                }

                return (int)ExitCode.Done;
            }
        );
        return command.Guide(
            CommandGroup.Break,
            ("pgpoollab lag 1 5s", "Make node 1 show what was true five seconds ago"),
            ("pgpoollab lag 1 off", "Let node 1 catch up")
        );
    }

    private static string Sentence(string node, string delay) =>
        delay == "0"
            ? $"Node {node} replays at once."
            : $"Node {node} replays what it receives {delay} later. Pgpool-II goes on reading from it; to end it:  "
                + $"pgpoollab lag {node} off";
}

/// <summary><c>sync</c>: has commits wait for a standby.</summary>
internal static class SyncCommand
{
    internal static Command Create(Terminal terminal)
    {
        var state = new Argument<SyncChoice>("STATE")
        {
            Description = "on (wait for any one standby), off, or the standbys to wait for, such as 1,2",
            CustomParser = result =>
            {
                if (SyncChoice.Parse(result.Tokens[^1].Value) is { } choice)
                {
                    return choice;
                }

                result.AddError(
                    $"'{result.Tokens[^1].Value}' is neither on, off nor the numbers of standbys, such as 1,2."
                );
                return null!;
            },
        };
        state.CompletionSources.Add("on", "off");
        var apply = new Option<bool>("--apply")
        {
            Description = "Wait until the standby has also replayed the commit, so that it can be read there",
        };
        var command = new Command(
            "sync",
            "Turn synchronous replication on or off: commits wait for a standby, or for none"
        )
        {
            state,
            apply,
            CommandLine.Lab,
            CommandLine.Json,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var choice = parsed.GetValue(state)!;
                var spread = SpreadCommands.Find(parsed);
                var lab = spread ?? LabCommand.Open(parsed);
                var (primary, standbys) = spread is not null
                    ? await SpreadSync.RunAsync(terminal, lab, choice, parsed.GetValue(apply), cancellationToken)
                    : await OnThisMachineAsync(lab, choice, parsed.GetValue(apply), cancellationToken);
                terminal.Say(
                    choice.On
                        ? $"Commits on node {primary?.Id} wait for "
                            + $"{string.Join(" and ", standbys.Select(s => TitleOf(lab, s)))}."
                        : "Commits wait for no standby."
                );
                var warning = choice.On ? StandbyRules.WarningOf(lab, choice) : null;
                if (warning is not null)
                {
                    terminal.Say(warning);
                }

                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(
                        SyncInfo.Of(lab, choice, parsed.GetValue(apply), primary, standbys, warning).ToJson()
                    );
                }

                return (int)ExitCode.Done;
            }
        );
        return command.Guide(
            CommandGroup.Run,
            ("pgpoollab sync on", "Lose no acknowledged write in a failover"),
            ("pgpoollab sync 1,2", "Make commits wait for both nodes 1 and 2"),
            ("pgpoollab sync on --apply", "Read on a standby what was just written"),
            ("pgpoollab sync off", "Let commits that hang, as no standby is there, go on")
        );

        async Task<(PostgresNode? Primary, IReadOnlyList<string> Standbys)> OnThisMachineAsync(
            Lab lab,
            SyncChoice choice,
            bool waitsForReplay,
            CancellationToken cancellationToken
        )
        {
            using var progress = new ProgressView(terminal);
            return await new SyncOperation(Terminal.Operation(progress)).ExecuteAsync(
                lab,
                choice,
                waitsForReplay,
                cancellationToken
            );
        }
    }

    /// <summary>Users know a standby by its node's number, not by its application_name.</summary>
    private static string TitleOf(Lab lab, string name) =>
        lab.Nodes.FirstOrDefault(n => n.ApplicationName == name) is { } node ? $"node {node.Id}" : name;
}
