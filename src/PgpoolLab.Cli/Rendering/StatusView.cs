using PgpoolLab.Servers.Reports;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>The screen of <c>status</c>: a word, the tables of <c>nodes</c>, the findings, and what comes
/// next.</summary>
internal static class StatusView
{
    internal static void Print(IAnsiConsole console, StatusReport report)
    {
        Terminal.Line(
            console,
            $"The lab '[bold]{Printable.Escape(report.Lab)}[/]' is "
                + report.Health switch
                {
                    LabHealth.Healthy => "[green]healthy[/]",
                    LabHealth.Degraded => "[yellow]degraded[/]",
                    _ => "[red]down[/]",
                }
                + $" ({Counted(report)})."
        );
        NodesView.PrintTables(console, report.Nodes, report.Watchdog);
        foreach (var finding in report.Findings)
        {
            console.WriteLine();
            Print(console, finding);
        }

        console.WriteLine();
        Terminal.Paragraph(console, "[bold]Next:[/] ", report.Next);
        if (report.Findings.Any(f => f.Severity is not FindingSeverity.Note))
        {
            Terminal.Line(console, "[grey]More about each: docs/status.md[/]");
        }
    }

    /// <summary>What is to be done, a line each: its number, the command, and why.</summary>
    internal static IEnumerable<string> PlanLines(IReadOnlyList<PlannedFix> plan)
    {
        var width = plan.Select(p => p.Command.Length).Where(l => l <= 40).DefaultIfEmpty(0).Max();
        return plan.Select(
            (p, i) =>
                $"{i + 1, 3}. {p.Command.PadRight(width)}  ({p.Because.Id}"
                + $"{(p.Because.Node is { } node ? $", node {node}" : "")})"
        );
    }

    private static void Print(IAnsiConsole console, Finding finding)
    {
        var mark = finding.Severity switch
        {
            FindingSeverity.Broken => "[red]broken[/]",
            FindingSeverity.Warning => "[yellow]warning[/]",
            _ => "[blue]note[/]",
        };
        var where = finding.Host is { } host ? $" (host {Printable.Escape(host)})" : "";
        Terminal.Paragraph(console, $"{mark} [bold]{finding.Id}[/]{where}: ", finding.Problem);
        if (finding.Cause is not null)
        {
            Terminal.Paragraph(console, "  Cause: ", finding.Cause);
        }

        if (finding.Consequence is not null)
        {
            Terminal.Paragraph(console, "  Consequence: ", finding.Consequence);
        }

        if (finding.Fix is not null)
        {
            Terminal.Line(console, $"  [blue]→[/] {Printable.Escape(finding.Fix)}");
        }
    }

    private static string Counted(StatusReport report)
    {
        var (broken, warnings) = (
            report.Findings.Count(f => f.Severity is FindingSeverity.Broken),
            report.Findings.Count(f => f.Severity is FindingSeverity.Warning)
        );
        return (broken, warnings) switch
        {
            (0, 0) => "nothing is wrong",
            (0, _) => Warnings(warnings),
            (_, 0) => $"{broken} broken",
            _ => $"{broken} broken, {Warnings(warnings)}",
        };
    }

    private static string Warnings(int count) => count == 1 ? "1 warning" : $"{count} warnings";
}
