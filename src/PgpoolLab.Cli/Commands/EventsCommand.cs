using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>events</c>: what happened in a lab.</summary>
internal static class EventsCommand
{
    internal static Command Create(Terminal terminal)
    {
        var (follow, since) = (LogsCommand.Follow(), LogsCommand.Since());
        var command = new Command("events", "Show what happened, and when: failovers, promotions, recoveries, crashes")
        {
            follow,
            since,
            CommandLine.Lab,
            CommandLine.Json,
        }
            .Guide(
                CommandGroup.Look,
                ("pgpoollab events", "Show what happened since the lab was made"),
                ("pgpoollab events -f --since 1m", "Follow a failover as it happens"),
                ("pgpoollab events --json", "Print one JSON object for each event, for a program")
            )
            .Synonyms("history");
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    return await SpreadLogs.ShowEventsAsync(
                        terminal,
                        spread,
                        new SpreadLogs.Wish(
                            parsed.GetValue(follow),
                            parsed.GetValue(since),
                            LogLevel.Debug,
                            parsed.GetValue(CommandLine.Json)
                        ),
                        cancellationToken
                    );
                }

                var lab = LabCommand.Open(parsed);
                // The scripts' logs say nothing that their events.jsonl does not.
                var reading = new LogsCommand.Reading(
                    s => s.Kind is not LogKind.Script,
                    parsed.GetValue(follow),
                    terminal
                );
                var (first, json) = (parsed.GetValue(since), parsed.GetValue(CommandLine.Json));
                var view = new EventsView(terminal, TimeProvider.System);
                var classifier = new EventClassifier(lab);
                await foreach (var line in reading.OfAsync(lab, cancellationToken))
                {
                    // What was before has its say, too: it tells what is news.
                    if (classifier.Classify(line) is not { } happened || happened.At < first)
                    {
                        continue;
                    }

                    if (json)
                    {
                        terminal.Out.WriteLine(happened.ToJson());
                    }
                    else
                    {
                        view.Print(happened);
                    }
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }
}
