using System.Globalization;
using PgpoolLab.Provisioning.Reports;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>The table of <c>list</c>: one where there is room, else two.</summary>
internal static class LabsView
{
    private const int WidthOfOneTable = 140;

    internal static void Print(IAnsiConsole console, LabsReport report)
    {
        var table = Table();
        AddRuns(table);
        if (console.Profile.Width >= WidthOfOneTable)
        {
            AddIs(table);
            foreach (var lab in report.Labs)
            {
                table.AddRow([Name(lab), .. Runs(lab), .. Is(lab)]);
            }

            Terminal.Whole(console, table);
        }
        else
        {
            foreach (var lab in report.Labs)
            {
                table.AddRow([Name(lab), .. Runs(lab)]);
            }

            Terminal.Whole(console, table);
            console.WriteLine();
            var second = Table();
            AddIs(second);
            foreach (var lab in report.Labs)
            {
                second.AddRow([Name(lab), .. Is(lab)]);
            }

            Terminal.Whole(console, second);
        }

        foreach (var lab in report.Labs.Where(l => l.Problem is not null))
        {
            Terminal.Line(console, $"[yellow]![/] {Printable.Escape(lab.Name)}: {Printable.Escape(lab.Problem!)}");
            if (lab.Fix is not null)
            {
                Terminal.Line(console, $"  [blue]→[/] {Printable.Escape(lab.Fix)}");
            }
        }
    }

    private static Table Table() => new Table().Border(TableBorder.None).AddColumn(Left("name"));

    private static void AddRuns(Table table) =>
        table
            .AddColumn(Left("state"))
            .AddColumn(Right("nodes up"))
            .AddColumn(Right("Pgpool-II up"))
            .AddColumn(Left("port"))
            .AddColumn(Left("pcp"))
            .AddColumn(Left("nodes"));

    private static void AddIs(Table table) =>
        table
            .AddColumn(Left("mode"))
            .AddColumn(Left("PostgreSQL"))
            .AddColumn(Left("Pgpool-II"))
            .AddColumn(Right("size"))
            .AddColumn(Left("folder"));

    private static TableColumn Left(string title) => Narrow(new TableColumn(title));

    private static TableColumn Right(string title) => Narrow(new TableColumn(title).RightAligned());

    // A folder that was broken over two lines could not be pasted.
    private static TableColumn Narrow(TableColumn column) => column.NoWrap().Padding(0, 0, 2, 0);

    private static string Name(LabView lab) => Printable.Escape(lab.Name);

    private static string[] Runs(LabView lab) =>
        [
            State(lab),
            lab.NodesUp is { } nodes ? Up(nodes, lab.NodePorts.Count) : "",
            lab.PgpoolsUp is { } pgpools ? Up(pgpools, lab.PgpoolPorts.Count) : "",
            Ports(lab.PgpoolPorts),
            Ports(lab.PcpPorts),
            Ports(lab.NodePorts),
        ];

    private static string[] Is(LabView lab) =>
        [
            Mode(lab),
            lab.PostgreSql ?? "",
            lab.Pgpool ?? "",
            lab.Bytes is { } bytes ? (bytes / 1e6).ToString("0 'MB'", CultureInfo.InvariantCulture) : "",
            Printable.Escape(lab.Directory),
        ];

    /// <summary>"streaming", where Pgpool-II says streaming_replication.</summary>
    private static string Mode(LabView lab) =>
        (lab.Mode ?? "").Replace("_replication", "", StringComparison.Ordinal).Replace('_', ' ');

    private static string State(LabView lab)
    {
        var state = lab.State.ToString().ToLowerInvariant();
        return lab.Command is { } command ? $"[blue]{state}, at work: {Printable.Escape(command)}[/]"
            : lab.Orphan ? $"[red]orphan ({state})[/]"
            : lab.State is LabCondition.Ready ? state
            : $"[yellow]{state}[/]";
    }

    private static string Up(int up, int all) =>
        $"{(up == all ? "[green]" : up > 0 ? "[yellow]" : "[grey]")}{up}/{all}[/]";

    /// <summary>"11002-11004" where they follow one another.</summary>
    private static string Ports(IReadOnlyList<int> ports) =>
        ports switch
        {
            [] => "",
            [var one] => one.ToString(CultureInfo.InvariantCulture),
            [var first, .., var last] when last - first == ports.Count - 1 => $"{first}-{last}",
            _ => string.Join(',', ports),
        };
}
