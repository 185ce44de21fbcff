using System.Globalization;
using PgpoolLab.Provisioning.Reports;
using Spectre.Console;

namespace PgpoolLab.Cli.Rendering;

/// <summary>The table of <c>list</c>: one where there is room, else two.</summary>
internal static class LabsView
{
    internal static void Print(IAnsiConsole console, LabsReport report)
    {
        var all = Table([.. OfRunning, .. OfBeing], report, l => [.. Runs(l), .. Is(l)]);
        if (all.Fits(console))
        {
            all.Print(console);
        }
        else
        {
            Table(OfRunning, report, Runs).Print(console);
            console.WriteLine();
            Table(OfBeing, report, Is).Print(console);
        }

        foreach (var lab in report.Labs.Where(l => l.Problem is not null))
        {
            Terminal.Paragraph(console, $"[yellow]![/] {Printable.Escape(lab.Name)}: ", lab.Problem!, indent: 2);
            if (lab.Fix is not null)
            {
                Terminal.Line(console, $"  [blue]→[/] {Printable.Escape(lab.Fix)}");
            }
        }
    }

    private static readonly Heading[] OfRunning =
    [
        new("state"),
        new("nodes up", Right: true),
        new("Pgpool-II up", Right: true),
        new("port"),
        new("pcp"),
        new("nodes"),
    ];

    private static readonly Heading[] OfBeing =
    [
        new("mode"),
        new("PostgreSQL"),
        new("Pgpool-II"),
        new("size", Right: true),
        new("folder"),
    ];

    private static FittedTable Table(
        IEnumerable<Heading> headings,
        LabsReport report,
        Func<LabView, IEnumerable<string>> cells
    ) => new([new("name"), .. headings], [.. report.Labs.Select(l => (string[])[Name(l), .. cells(l)])]) { Gap = 2 };

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
