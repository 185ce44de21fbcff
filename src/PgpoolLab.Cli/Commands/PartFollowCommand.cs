using System.CommandLine;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>part follow</c>: sends what is logged here, or happens here, for the pgpoollab that puts what all hosts
/// of a lab say into one order.</summary>
internal static class PartFollowCommand
{
    internal const string Logs = "logs",
        Events = "events";

    internal static Command Create(Terminal terminal)
    {
        var what = new Argument<string>("WHAT") { Description = $"{Logs}, or {Events}" };
        var targets = new Argument<string[]>("TARGET")
        {
            Description = "Whose logs, as in logs; several are possible",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var (follow, since, level) = (LogsCommand.Follow(), LogsCommand.Since(), LogsCommand.Level());
        var command = new Command("follow", "Send what is logged or happens here")
        {
            what,
            targets,
            follow,
            since,
            level,
            CommandLine.Lab,
        };
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                var events = parsed.GetValue(what) == Events;
                var reading = new LogsCommand.Reading(
                    events ? s => s.Kind is not LogKind.Script : Wanted(lab, parsed.GetValue(targets) ?? []),
                    parsed.GetValue(follow),
                    terminal
                )
                {
                    Looked = until => Send(new PartLine { Until = until }),
                };
                var (first, least) = (parsed.GetValue(since), parsed.GetValue(level) ?? LogLevel.Debug);
                var classifier = new EventClassifier(lab);
                Send(new PartLine { Clock = Composition.Clock.GetUtcNow() });
                await foreach (var line in reading.OfAsync(lab, cancellationToken))
                {
                    if (events)
                    {
                        // What was before has its say, too: it tells what is news.
                        if (classifier.Classify(line) is { } happened && !(happened.At < first))
                        {
                            Send(new PartLine { Happened = happened });
                        }
                    }
                    else if (line.Level >= least && !(line.At < first))
                    {
                        Send(new PartLine { Logged = line });
                    }
                }

                return (int)ExitCode.Done;
            }
        );
        return command;

        void Send(PartLine line) => terminal.Out.WriteLine(line.ToJson());
    }

    private static Func<LogSource, bool> Wanted(Lab lab, IReadOnlyList<string> targets)
    {
        var each = targets.Select(t => LogChoice.Of(lab, Target.Of(t), null)).ToArray();
        return source => each.Any(wanted => wanted(source));
    }
}
