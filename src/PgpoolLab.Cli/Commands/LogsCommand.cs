using System.CommandLine;
using System.Runtime.CompilerServices;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>logs</c>: all logs of a lab as one.</summary>
internal static class LogsCommand
{
    internal static Command Create(Terminal terminal)
    {
        var target = new Argument<string>("TARGET")
        {
            Description =
                "Whose logs: a node's number, primary, standby, pgpool, pgpool1 (the second Pgpool-II), "
                + "leader, scripts "
                + "(failover.log, recovery.log), or all",
            DefaultValueFactory = _ => "all",
        };
        target.CompletionSources.Add("all", "primary", "standby", "pgpool", "scripts", "0", "1");
        var follow = Follow();
        var since = Since();
        var level = Level();
        var command = new Command("logs", "Show all logs of the lab, merged by time")
        {
            target,
            follow,
            since,
            level,
            CommandLine.Lab,
            CommandLine.Json,
        }
            .Guide(
                CommandGroup.Look,
                ("pgpoollab logs", "Show everything that servers, scripts and this program have logged"),
                ("pgpoollab logs -f --since 5m --level warning", "Follow what goes wrong, from five minutes ago"),
                ("pgpoollab logs 1", "Show what node 1 has logged"),
                ("pgpoollab logs primary -f", "Follow the log of the node that is the primary now")
            )
            .Synonyms("log", "tail");
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var of = Target.Of(parsed.GetValue(target)!);
                if (SpreadCommands.Find(parsed) is { } spread)
                {
                    return await SpreadLogs.ShowLogsAsync(
                        terminal,
                        spread,
                        of,
                        new SpreadLogs.Wish(
                            parsed.GetValue(follow),
                            parsed.GetValue(since),
                            parsed.GetValue(level) ?? LogLevel.Debug,
                            parsed.GetValue(CommandLine.Json)
                        ),
                        cancellationToken
                    );
                }

                var lab = LabCommand.Open(parsed);
                var reading = new Reading(
                    LogChoice.Of(lab, of, await LabCommand.LookForAsync(of, lab, cancellationToken)),
                    parsed.GetValue(follow),
                    terminal
                );
                var (first, least) = (parsed.GetValue(since), parsed.GetValue(level) ?? LogLevel.Debug);
                var (view, json) = (new LogsView(terminal, TimeProvider.System), parsed.GetValue(CommandLine.Json));
                await foreach (var line in reading.OfAsync(lab, cancellationToken))
                {
                    if (line.Level < least || line.At < first)
                    {
                        continue;
                    }

                    if (json)
                    {
                        terminal.Out.WriteLine(JsonLines.Of(line));
                    }
                    else
                    {
                        view.Print(line);
                    }
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    internal static Option<LogLevel?> Level()
    {
        var level = new Option<LogLevel?>("--level")
        {
            Description =
                "Only lines of this level or worse: " + string.Join(", ", LogLevels.Names) + " (default: all)",
            HelpName = "LEVEL",
            CustomParser = result =>
            {
                if (LogLevels.Names.Contains(result.Tokens[^1].Value))
                {
                    return LogLevels.Of(result.Tokens[^1].Value);
                }

                result.AddError(
                    $"--level must be one of {string.Join(", ", LogLevels.Names)}; it is '{result.Tokens[^1].Value}'."
                );
                return null;
            },
        };
        level.CompletionSources.Clear();
        level.CompletionSources.Add([.. LogLevels.Names]);
        return level;
    }

    internal static Option<bool> Follow() =>
        new("--follow", "-f") { Description = "Print new lines as they come, until Ctrl+C" };

    internal static Option<DateTimeOffset?> Since() =>
        new("--since")
        {
            Description = "Only what is newer than 90s, 5m, 2h, 1d, or since 13:45, '2026-11-29 13:45' (default: all)",
            HelpName = "TIME",
            CustomParser = result =>
            {
                if (LogChoice.Since(result.Tokens[^1].Value, TimeProvider.System) is { } moment)
                {
                    return moment;
                }

                result.AddError(
                    $"--since must be a time such as 5m, 13:45 or '2026-11-29 13:45'; it is "
                        + $"'{result.Tokens[^1].Value}'."
                );
                return null;
            },
        };

    /// <summary>What <c>logs</c> and <c>events</c> read.</summary>
    internal sealed class Reading(Func<LogSource, bool> wanted, bool follows, Terminal terminal)
    {
        /// <summary>Is told, of one that follows, up to which moment all that was written has been given
        /// out.</summary>
        internal Action<DateTimeOffset>? Looked { get; init; }

        /// <summary>The messages, until there are no more, or nobody reads any more what is made of them, or, of one
        /// that follows, Ctrl+C.</summary>
        internal async IAsyncEnumerable<LogLine> OfAsync(
            Lab lab,
            [EnumeratorCancellation] CancellationToken cancellationToken
        )
        {
            await using var lines = AllAsync(lab, cancellationToken).GetAsyncEnumerator(cancellationToken);
            while (await MoreAsync(lines))
            {
                yield return lines.Current;
                if (terminal.OutputIsLost)
                {
                    yield break;
                }
            }
        }

        private async IAsyncEnumerable<LogLine> AllAsync(
            Lab lab,
            [EnumeratorCancellation] CancellationToken cancellationToken
        )
        {
            var host = Composition.Host();
            var log = new LabLog(host, lab, TimeProvider.System);
            await foreach (var line in log.ReadAsync(wanted, follows, cancellationToken))
            {
                yield return line;
            }

            if (!follows)
            {
                yield break;
            }

            var probes = Composition.Probes(host);
            await foreach (
                var line in log.FollowAsync(wanted, probes, () => terminal.OutputIsLost, cancellationToken, Looked)
            )
            {
                yield return line;
            }
        }

        private async ValueTask<bool> MoreAsync(IAsyncEnumerator<LogLine> lines)
        {
            try
            {
                return await lines.MoveNextAsync();
            }
            catch (OperationCanceledException) when (follows)
            {
                // Ctrl+C is how one leaves --follow.
                return false;
            }
        }
    }
}
