using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;
using Spectre.Console;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>nodes</c>: what Pgpool-II thinks beside what each PostgreSQL says itself.</summary>
internal static class NodesCommand
{
    internal static Command Create(Terminal terminal)
    {
        var watch = new Option<bool>("--watch", "-w") { Description = "Show it again every second, until Ctrl+C" };
        var command = new Command(
            "nodes",
            "Show every node's role, state and lag, as Pgpool-II sees it and as PostgreSQL reports it"
        )
        {
            CommandLine.Lab,
            watch,
            CommandLine.Json,
        }
            .Guide(
                CommandGroup.Look,
                ("pgpoollab nodes", "Show roles, states and lag once"),
                ("pgpoollab nodes --watch", "Show them again every second, for example during a failover"),
                ("pgpoollab nodes --json", "Print the same for a program")
            )
            .Synonyms("ps");
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var spread = SpreadCommands.Find(parsed);
                var lab = spread ?? LabCommand.Open(parsed);
                var host = Composition.Host();
                var probes = Composition.Probes(host);
                await using var hosts = spread is null
                    ? null
                    : new SpreadHosts(terminal, LabCommand.RequireReady(spread));
                var code = ExitCode.Done;
                try
                {
                    do
                    {
                        var report = hosts is null
                            ? await new NodesReporter(host, probes).ReportAsync(lab, cancellationToken)
                            : await hosts.NodesAsync(cancellationToken);
                        // What runs on a host that does not answer nobody knows.
                        code = report.Hosts?.All(h => h.Answers) is false ? ExitCode.NotHealthy : ExitCode.Done;
                        if (parsed.GetValue(watch) && terminal.Data.Profile.Capabilities.Ansi)
                        {
                            terminal.Data.Clear();
                        }

                        Print(terminal, report, parsed.GetValue(CommandLine.Json));
                        if (parsed.GetValue(watch) && !terminal.OutputIsLost)
                        {
                            await probes.PauseAsync(TimeSpan.FromSeconds(1), cancellationToken);
                        }
                    } while (parsed.GetValue(watch) && !terminal.OutputIsLost);
                }
                catch (OperationCanceledException) when (parsed.GetValue(watch))
                {
                    // Ctrl+C is how one leaves --watch.
                }

                return (int)(parsed.GetValue(watch) ? ExitCode.Done : code);
            }
        );
        return command;
    }

    private static void Print(Terminal terminal, NodesReport report, bool json)
    {
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
