using System.CommandLine;
using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Cli.Startup;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Verbs;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Cli.Commands;

/// <summary><c>status</c>: how the lab is, why, and what ends it.</summary>
internal static class StatusCommand
{
    internal static Command Create(Terminal terminal)
    {
        var check = new Option<bool>("--check")
        {
            Description = "Report by the exit code: 0 healthy, 1 degraded (a warning), 5 down (something is broken)",
        };
        var fix = new Option<bool>("--fix")
        {
            Description = "Run the commands that fix what was found, in order, after a question",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "With --fix: print the plan and do nothing" };
        var yes = new Option<bool>("--yes", "-y") { Description = "With --fix: do not ask" };
        var command = new Command(
            "status",
            "Show whether the lab is healthy: what is wrong, why, and the command that fixes it"
        )
        {
            CommandLine.Lab,
            check,
            fix,
            dryRun,
            yes,
            CommandLine.Json,
        }.Guide(
            CommandGroup.Look,
            ("pgpoollab status", "Show what is wrong, why, and the command that fixes it"),
            ("pgpoollab status --fix", "Do what it advises, after a question"),
            ("pgpoollab status --check || echo degraded", "Let a script find out whether all is well")
        );
        command.Validators.Add(result =>
        {
            if (!result.GetValue(fix) && (result.GetValue(dryRun) || result.GetValue(yes)))
            {
                result.AddError("--dry-run and --yes go with --fix.");
            }

            if (result.GetValue(dryRun) && result.GetValue(CommandLine.Json))
            {
                result.AddError("--dry-run and --json do not go together: what would be done is in \"fix\" of --json.");
            }
        });
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var spread = SpreadCommands.Find(parsed);
                var lab = spread is null ? LabCommand.Open(parsed) : LabCommand.RequireReady(spread);
                await using var hosts = spread is null ? null : new SpreadHosts(terminal, spread);
                Func<OperationContext, FixOperation> make = hosts is null
                    ? context => new FixOperation(context, lab)
                    : new SpreadFix(terminal, hosts).Of;
                var fixes = parsed.GetValue(fix) ? new StatusFix(terminal, lab, make) : null;
                if (fixes is not null && parsed.GetValue(dryRun))
                {
                    await fixes.PreviewAsync(cancellationToken);
                    return (int)ExitCode.Done;
                }

                var (report, failures) = fixes is null
                    ? (await (hosts?.StatusAsync(cancellationToken) ?? LookAsync(lab, cancellationToken)), [])
                    : await fixes.RunAsync(parsed.GetValue(yes), cancellationToken);
                if (parsed.GetValue(CommandLine.Json))
                {
                    terminal.Out.WriteLine(NodesReporter.ToJson(report));
                }
                else
                {
                    StatusView.Print(terminal.Data, report);
                }

                foreach (var failure in failures)
                {
                    ErrorView.Show(terminal, failure);
                }

                return (int)(
                    report.CheckExitCode is ExitCode.Done && failures.Count > 0 ? failures[0].Code
                    : parsed.GetValue(check) || fixes is not null ? report.CheckExitCode
                    : ExitCode.Done
                );
            }
        );
        return command;
    }

    private static Task<StatusReport> LookAsync(Lab lab, CancellationToken cancellationToken)
    {
        var host = Composition.Host();
        return new StatusReporter(host, Composition.Probes(host)).ReportAsync(lab, cancellationToken);
    }
}
