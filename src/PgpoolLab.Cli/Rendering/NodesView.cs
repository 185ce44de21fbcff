using PgpoolLab.Servers.Reports;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>The table of <c>nodes</c>: left what Pgpool-II thinks, right what each PostgreSQL says itself.</summary>
internal static class NodesView
{
    private const int WidthOfOneTable = 180;

    internal static void Print(IAnsiConsole console, NodesReport report)
    {
        PrintTables(console, report.Nodes, report.Watchdog);
        foreach (var work in report.AtWork)
        {
            Terminal.Line(
                console,
                $"[blue]…[/] {Printable.Escape(work.Title)}{Since(work)}. {Printable.Escape(work.Next ?? "")}".TrimEnd()
            );
        }

        foreach (var finding in report.Findings)
        {
            Terminal.Line(console, $"[yellow]![/] {Printable.Escape(finding.Problem)}");
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
        if (console.Profile.Width >= WidthOfOneTable)
        {
            var table = new Table()
                .Border(console.Profile.Capabilities.Unicode ? TableBorder.Minimal : TableBorder.None)
                .BorderStyle(Style.Parse("grey"));
            AddNode(table);
            AddPgpool(table, "Pgpool-II: status");
            AddPostgres(table, "PostgreSQL: up");
            foreach (var node in nodes)
            {
                table.AddRow([.. Node(node), .. Pgpool(node, shortTime: false), .. Postgres(node)]);
            }

            Terminal.Whole(console, table);
        }
        else
        {
            console.MarkupLine("[bold]What Pgpool-II thinks[/]");
            PrintHalf(console, nodes, t => AddPgpool(t, "status"), n => Pgpool(n, shortTime: true));
            console.MarkupLine("[bold]What each PostgreSQL says itself[/]");
            PrintHalf(console, nodes, t => AddPostgres(t, "up"), Postgres);
        }

        if (watchdog.Count > 0)
        {
            console.MarkupLine("[bold]The watchdog[/]");
            var table = new Table()
                .Border(TableBorder.None)
                .AddColumn(Right("Pgpool-II"))
                .AddColumn(Right("port"))
                .AddColumn(Left("up"))
                .AddColumn(Left("role"))
                .AddColumn(Left("quorum"));
            foreach (var member in watchdog)
            {
                table.AddRow(
                    member.Id.ToString(),
                    member.Port.ToString(),
                    member.Answers ? "[green]yes[/]" : "[red]no[/]",
                    member.Status is "LEADER" or "MASTER"
                        ? $"[bold]{member.Status}[/]"
                        : Printable.Escape(member.Status ?? ""),
                    member.Quorum switch
                    {
                        true => "yes",
                        false => "[red]no[/]",
                        null => "",
                    }
                );
            }

            Terminal.Whole(console, table);
        }
    }

    private static string Since(WorkUnderWay work) =>
        work.Since is { } since ? $" (since {since:HH:mm:ss}, pid {work.ProcessId})" : $" (pid {work.ProcessId})";

    private static void PrintHalf(
        IAnsiConsole console,
        IReadOnlyList<NodeView> nodes,
        Action<Table> addColumns,
        Func<NodeView, string[]> cells
    )
    {
        // No lines: it fits in 80 columns.
        var table = new Table().Border(TableBorder.None);
        AddNode(table);
        addColumns(table);
        foreach (var column in table.Columns)
        {
            column.Padding(0, 0, 1, 0);
        }

        foreach (var node in nodes)
        {
            table.AddRow([.. Node(node), .. cells(node)]);
        }

        Terminal.Whole(console, table);
    }

    private static void AddNode(Table table) => table.AddColumn(Right("node")).AddColumn(Right("port"));

    private static void AddPgpool(Table table, string first) =>
        table
            .AddColumn(Left(first))
            .AddColumn(Left("role"))
            .AddColumn(Right("weight"))
            .AddColumn(Right("selects"))
            .AddColumn(Left("replication"))
            .AddColumn(Right("delay"))
            .AddColumn(Left("last change"));

    private static void AddPostgres(Table table, string first) =>
        table
            .AddColumn(Left(first))
            .AddColumn(Left("role"))
            .AddColumn(Right("timeline"))
            .AddColumn(Right("WAL position"))
            .AddColumn(Right("lag"));

    private static TableColumn Left(string title) => new TableColumn(title).NoWrap();

    private static TableColumn Right(string title) => new TableColumn(title).NoWrap().RightAligned();

    private static string[] Node(NodeView node) => [node.Id.ToString(), node.Port.ToString()];

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
