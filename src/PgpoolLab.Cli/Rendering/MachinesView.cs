using System.Globalization;
using PgpoolLab.Provisioning.Doctor;
using PgpoolLab.Provisioning.Machines;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>What <c>hosts check</c> says: a table of the hosts, then what was found.</summary>
internal static class MachinesView
{
    internal static void Print(Terminal terminal, MachinesReport report)
    {
        var console = terminal.Data;
        new FittedTable(
            [new("host"), .. Columns.Select(c => new Heading(c.Title))],
            [
                .. report.Hosts.Select(h =>
                    (string[])[Printable.Escape(h.Name), .. Columns.Select(c => Printable.Escape(c.Cell(h)))]
                ),
            ]
        )
        {
            Gap = 2,
        }.Print(console);

        if (report.Findings.Count > 0)
        {
            console.WriteLine();
            DoctorView.PrintFindings(terminal, report.Findings);
        }

        var problems = report.Findings.Count(f => f.Severity is Severity.Problem);
        var good = report.Ways.Count(w => w.Problem is null);
        terminal.Say(
            $"{report.Hosts.Count(h => h.Problem is null)} of {report.Hosts.Count} hosts answer"
                + (report.Ways.Count > 0 ? $"; {good} of {report.Ways.Count} ways between them are open." : ".")
        );
        terminal.Say(
            problems == 0
                ? "Nothing keeps a lab from these hosts."
                : $"{problems} {(problems == 1 ? "problem keeps" : "problems keep")} a lab from these hosts, see above."
        );
    }

    private static readonly (string Title, Func<MachineView, string> Cell)[] Columns =
    [
        ("login", h => h.Login ?? "not reached"),
        ("PostgreSQL", h => h.PostgreSql ?? ""),
        ("Pgpool-II", h => h.Pgpool ?? ""),
        ("round trip", h => h.RoundTrip is { } ms ? ms.ToString("0.0 'ms'", CultureInfo.InvariantCulture) : ""),
        ("clock", h => h.ClockAhead is { } s ? Ahead(s) : ""),
        ("system", h => h.System ?? ""),
        ("processor", h => h.Architecture ?? ""),
        ("C library", h => h.CLibrary ?? ""),
        ("ICU", h => h.Icu ?? ""),
        ("free", h => h.FreeBytes is { } bytes ? (bytes / 1e9).ToString("0.0 'GB'", CultureInfo.InvariantCulture) : ""),
    ];

    private static string Ahead(double seconds) =>
        $"{(seconds < 0 ? '-' : '+')}{Math.Abs(seconds).ToString("0.000", CultureInfo.InvariantCulture)} s";
}
