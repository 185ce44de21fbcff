using PgpoolLab.Servers.Reports;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>The table of <c>nodes</c>: left what Pgpool-II thinks, right what each PostgreSQL says itself.</summary>
internal static class NodesView
{
    internal static void Print(IAnsiConsole console, NodesReport report)
    {
        PrintTables(console, report.Nodes, report.Watchdog);
        if (report.VirtualIp is { } virtualIp)
        {
            Terminal.Paragraph(console, "", virtualIp.Title, indent: 2);
        }

        foreach (var work in report.AtWork)
        {
            Terminal.Paragraph(console, "[blue]…[/] ", $"{work.Title}{Since(work)}. {work.Next}".TrimEnd(), indent: 2);
        }

        foreach (var finding in report.Findings)
        {
            var where = finding.Host is { } host ? $"host {host}: " : "";
            Terminal.Paragraph(console, "[yellow]![/] ", where + finding.Problem, indent: 2);
            if (finding.Fix is not null)
            {
                Terminal.Line(console, $"  [blue]→[/] {Printable.Escape(finding.Fix)}");
            }
        }
    }

    /// <summary>The tables alone.</summary>
    internal static void PrintTables(
        IAnsiConsole console,
        IReadOnlyList<NodeView> nodes,
        IReadOnlyList<WatchdogView> watchdog
    )
    {
        var one = new FittedTable(
            [.. Key(nodes), .. OfPgpool("Pgpool-II: status"), .. OfPostgres("PostgreSQL: up")],
            [.. nodes.Select(n => (string[])[.. Node(n), .. Pgpool(n, shortTime: false), .. Postgres(n)])]
        )
        {
            Border = console.Profile.Capabilities.Unicode ? TableBorder.Minimal : TableBorder.None,
        };
        if (one.Fits(console))
        {
            one.Print(console);
        }
        else
        {
            console.MarkupLine("[bold]What Pgpool-II thinks[/]");
            PrintHalf(console, nodes, OfPgpool("status"), n => Pgpool(n, shortTime: true));
            console.MarkupLine("[bold]What each PostgreSQL says itself[/]");
            PrintHalf(console, nodes, OfPostgres("up"), Postgres);
        }

        if (watchdog.Count > 0)
        {
            console.MarkupLine("[bold]The watchdog[/]");
            new FittedTable(
                [
                    new("Pgpool-II", Right: true),
                    .. watchdog.Any(m => m.Host is not null) ? (Heading[])[new("host")] : [],
                    new("port", Right: true),
                    new("up"),
                    new("role"),
                    new("quorum"),
                ],
                [.. watchdog.Select(Member)]
            ).Print(console);
        }
    }

    private static string[] Member(WatchdogView member) =>
        [
            member.Id.ToString(),
            .. HostOf(member.Host),
            member.Port.ToString(),
            member.Answers ? "[green]yes[/]" : "[red]no[/]",
            member.Status is "LEADER" or "MASTER" ? $"[bold]{member.Status}[/]" : Printable.Escape(member.Status ?? ""),
            member.Quorum switch
            {
                true => "yes",
                false => "[red]no[/]",
                null => "",
            },
        ];

    private static string Since(WorkUnderWay work) =>
        work.Since is { } since ? $" (since {since:HH:mm:ss}, pid {work.ProcessId})" : $" (pid {work.ProcessId})";

    // No lines: it fits in 80 columns.
    private static void PrintHalf(
        IAnsiConsole console,
        IReadOnlyList<NodeView> nodes,
        IEnumerable<Heading> headings,
        Func<NodeView, string[]> cells
    ) =>
        new FittedTable([.. Key(nodes), .. headings], [.. nodes.Select(n => (string[])[.. Node(n), .. cells(n)])])
        {
            Keys = Key(nodes).Length,
        }.Print(console);

    /// <summary>In a lab on several hosts each has its host.</summary>
    private static Heading[] Key(IReadOnlyList<NodeView> nodes) =>
        [
            new("node", Right: true),
            .. nodes.Any(n => n.Host is not null) ? (Heading[])[new("host")] : [],
            new("port", Right: true),
        ];

    private static string[] HostOf(string? host) => host is null ? [] : [Printable.Escape(host)];

    private static IEnumerable<Heading> OfPgpool(string first) =>
        [
            new(first),
            new("role"),
            new("weight", Right: true),
            new("selects", Right: true),
            new("replication"),
            new("delay", Right: true),
            new("last change"),
        ];

    private static IEnumerable<Heading> OfPostgres(string first) =>
        [
            new(first),
            new("role"),
            new("timeline", Right: true),
            new("WAL position", Right: true),
            new("lag", Right: true),
        ];

    private static string[] Node(NodeView node) => [node.Id.ToString(), .. HostOf(node.Host), node.Port.ToString()];

    private static string[] Pgpool(NodeView node, bool shortTime) =>
        node.Pgpool is not { } p
            ? ["[grey]no answer[/]", "", "", "", "", "", ""]
            :
            [
                p.Status is "up" or "waiting" ? $"[green]{p.Status}[/]" : $"[red]{Printable.Escape(p.Status)}[/]",
                Role(p.Role),
                p.Weight is { } weight
                && double.TryParse(weight, System.Globalization.CultureInfo.InvariantCulture, out var w)
                    ? w.ToString("0.00")
                    : "",
                p.SelectCount?.ToString() ?? "",
                Printable.Escape(string.Join("/", ((string?[])[p.ReplicationState, p.SyncState]).OfType<string>())),
                Printable.Escape(Delay(p.Delay)),
                Printable.Escape((shortTime ? p.LastChange?.Split(' ')[^1] : p.LastChange) ?? ""),
            ];

    private static string[] Postgres(NodeView node) =>
        node.Postgres is { Up: false }
            ? ["[red]no[/]", "", "", "", ""]
            :
            [
                "[green]yes[/]",
                Role(node.Postgres.Role ?? ""),
                node.Postgres.Timeline?.ToString() ?? "",
                node.Postgres.WalPosition ?? "",
                node.Postgres.LagBytes is { } lag ? $"{lag} B" : "",
            ];

    /// <summary>Pgpool-II reports seconds with their unit, and bytes without.</summary>
    private static string Delay(string? delay) =>
        delay is { Length: > 0 } && delay.All(char.IsAsciiDigit) ? $"{delay} B" : delay ?? "";

    private static string Role(string role) => role == "primary" ? "[bold]primary[/]" : Printable.Escape(role);
}
