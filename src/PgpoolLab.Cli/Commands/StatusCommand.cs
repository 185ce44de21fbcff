using System.CommandLine;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>status</c>: how the lab is, why, and what ends it.</summary>
internal static class StatusCommand
{
    internal static Command Create(Terminal terminal)
    {
        var check = new Option<bool>("--check")
        {
            Description = "End with exit code 0 when all is well, 1 with a warning, 5 when something is broken",
        };
        var command = new Command(
            "status",
            "Explain how the lab is: what is wrong, why, what follows from it, and the command that ends it"
        )
        {
            CommandLine.Lab,
            check,
            CommandLine.Json,
        }.Guide(
            CommandGroup.Look,
            ("pgpoollab status", "Show what is wrong, why, and the command that ends it"),
            ("pgpoollab status --check || echo degraded", "Let a script find out whether all is well")
        );
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var lab = LabCommand.Open(parsed);
                var host = new LocalHost(TimeProvider.System);
                var reporter = new StatusReporter(host, new ProbeRunner(host, TimeProvider.System));
                var report = await reporter.ReportAsync(lab, cancellationToken);
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(NodesReporter.ToJson(report));
                }
                else
                {
                    StatusView.Print(terminal.Data, report);
                }

                return (int)(parsed.GetValue(check) ? report.CheckExitCode : ExitCode.Done);
            }
        );
        return command;
    }
}
