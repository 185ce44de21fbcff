using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Watching;
using Spectre.Console;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>watch</c>: the lab as it goes on. A screen on a terminal; elsewhere a line for each change.</summary>
internal static class WatchCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("watch", "Watch a lab live: roles, lag, load, and events. q ends it")
        {
            CommandLine.Lab,
            CommandLine.Json,
        }
            .Guide(
                CommandGroup.Look,
                ("pgpoollab watch", "Watch a failover in one window while you break things in another"),
                ("pgpoollab watch > changes.txt", "Append a line for each change, until Ctrl+C"),
                ("pgpoollab watch --json", "Print one JSON object for each change, for a program")
            )
            .Synonyms("top");
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var spread = SpreadCommands.Find(parsed);
                var lab = spread is null ? LabCommand.Open(parsed) : LabCommand.RequireReady(spread);
                var json = parsed.GetValue(CommandLine.Json);
                await using var hosts = spread is null ? null : new SpreadHosts(terminal, spread);
                var watch = hosts is null
                    ? new LabWatch(Composition.Host(), lab, TimeProvider.System, () => terminal.OutputIsLost)
                    : SpreadLogs.Watch(terminal, hosts);
                try
                {
                    if (terminal.Data.Profile.Capabilities.Ansi && !json)
                    {
                        await ShowAsync(terminal, watch, lab, cancellationToken);
                    }
                    else
                    {
                        await AppendAsync(terminal, watch, json, cancellationToken);
                    }
                }
                catch (OperationCanceledException)
                {
                    // Ctrl+C is how one leaves it, too.
                }

                return (int)ExitCode.Done;
            }
        );
        return command;
    }

    private static async Task AppendAsync(
        Terminal terminal,
        LabWatch watch,
        bool json,
        CancellationToken cancellationToken
    )
    {
        var view = new EventsView(terminal, TimeProvider.System);
        NodesReport? before = null;
        await foreach (var sight in watch.FollowAsync(cancellationToken))
        {
            foreach (var happened in sight.Events.Where(e => e.At >= watch.BeganAt))
            {
                if (json)
                {
                    terminal.Out.WriteLine(happened.ToJson());
                }
                else
                {
                    view.Print(happened);
                }
            }

            if (sight.Report is not { } report)
            {
                continue;
            }

            foreach (var change in LabChange.Between(before, report, sight.At))
            {
                if (json)
                {
                    terminal.Out.WriteLine(change.ToJson());
                }
                else
                {
                    view.Print(change);
                }
            }

            before = report;
        }
    }

    private static async Task ShowAsync(Terminal terminal, LabWatch watch, Lab lab, CancellationToken cancellationToken)
    {
        const int mostEvents = 200;
        using var keyboard = OperatingSystem.IsLinux() ? Keyboard.TryTake() : null;
        var hint = keyboard is null ? "Ctrl+C ends it" : "q ends it";
        var view = new WatchView(lab.Name, TimeProvider.System);
        var measurements = new Measurements(WatchView.LongestCurve);
        var events = new List<LabEvent>();
        NodesReport? last = null;
        terminal.FitToWindow();
        var live = terminal
            .Data.Live(Screen())
            .Overflow(VerticalOverflow.Crop)
            .Cropping(VerticalOverflowCropping.Bottom);
        await live.StartAsync(async shown =>
        {
            await foreach (var sight in watch.FollowAsync(cancellationToken))
            {
                events.AddRange(sight.Events);
                events.RemoveRange(0, Math.Max(0, events.Count - mostEvents));
                if (sight.Report is { } report)
                {
                    measurements.Add(report, sight.At);
                    last = report;
                }

                if (terminal.FitToWindow() || sight.Report is not null || sight.Events.Count > 0)
                {
                    shown.UpdateTarget(Screen());
                }

                if (
                    OperatingSystem.IsLinux()
                    && keyboard?.Pressed().Contains('q', StringComparison.OrdinalIgnoreCase) == true
                )
                {
                    break;
                }
            }
        });

        Spectre.Console.Rendering.IRenderable Screen() =>
            view.Render(
                new WatchView.Scene(last, measurements, events, hint),
                terminal.Data.Profile.Width,
                terminal.Data.Profile.Height,
                terminal.Data.Profile.Capabilities.Unicode
            );
    }
}
