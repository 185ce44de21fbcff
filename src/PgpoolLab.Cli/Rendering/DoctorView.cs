using PgpoolLab.Provisioning.Doctor;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>What <c>doctor</c> says: a line for each finding, its cause and its cure below.</summary>
internal static class DoctorView
{
    internal static void Print(Terminal terminal, DoctorReport report)
    {
        PrintFindings(terminal, report.Findings);
        var problems = report.Findings.Count(f => f.Severity is Severity.Problem);
        terminal.Say(
            problems == 0
                ? "Labs can be made here:  pgpoollab up DIR"
                : $"Labs cannot be made here: {problems} {(problems == 1 ? "problem" : "problems")}, see above."
        );
    }

    internal static void PrintFindings(Terminal terminal, IReadOnlyList<DoctorFinding> findings)
    {
        var width = findings.Select(f => f.Check.Length).DefaultIfEmpty(0).Max();
        var indent = new string(' ', "problem".Length + width + 4);
        foreach (var finding in findings)
        {
            var severity = finding.Severity switch
            {
                Severity.Ok => "[green]ok     [/]",
                Severity.Note => "[yellow]note   [/]",
                _ => "[red]problem[/]",
            };
            Terminal.Paragraph(
                terminal.Data,
                $"{severity}  {Printable.Escape(finding.Check.PadRight(width))}  ",
                finding.Seen,
                indent.Length
            );
            if (finding.Cause is not null)
            {
                Terminal.Paragraph(terminal.Data, indent, finding.Cause, indent.Length);
            }

            if (finding.Fix is not null)
            {
                Terminal.Line(terminal.Data, $"{indent}[blue]→[/] {Printable.Escape(finding.Fix)}");
            }
        }
    }
}
