using System.Globalization;
using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Watching;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace PgpoolLab.Cli.Rendering;

/// <summary>The live screen of <c>watch</c>: the nodes, what is at work and what is wrong, and below that what
/// happened.</summary>
/// <param name="lab">The lab's name.</param>
/// <param name="time">The clock.</param>
internal sealed class WatchView(string lab, TimeProvider time)
{
    /// <summary>From these widths on there is room for ports, and for curves.</summary>
    private const int WidthWithPorts = 76,
        WidthWithCurves = 100;

    private const int ShortestTimeline = 3;
    private const string Bars = "▁▂▃▄▅▆▇█";

    /// <summary>How many looks a curve shows at most.</summary>
    internal const int LongestCurve = 40;

    /// <summary>What is shown.</summary>
    /// <param name="Report">The last look; null before the first.</param>
    /// <param name="Measurements">How it came there.</param>
    /// <param name="Events">What happened, the newest last.</param>
    /// <param name="Hint">How one ends it.</param>
    internal readonly record struct Scene(
        NodesReport? Report,
        Measurements Measurements,
        IReadOnlyList<LabEvent> Events,
        string Hint
    );

    /// <summary>The screen, which fits into the window.</summary>
    internal IRenderable Render(Scene scene, int width, int height, bool unicode)
    {
        var below = scene.Report is { } seen ? Below(seen).ToArray() : [];
        var nodes = scene.Report?.Nodes.Count ?? 0;
        // The title, the table's head, three empty lines, the hint, and the line the cursor is on.
        var room = Math.Max(ShortestTimeline, height - nodes - below.Length - 7);
        return new Rows(
            new CutLines([Title(scene.Report, width), ""]),
            scene.Report is { } report ? Nodes(report, scene.Measurements, width, unicode) : new Text(""),
            new CutLines([
                .. below,
                "",
                .. scene.Events.Skip(Math.Max(0, scene.Events.Count - room)).Select(Of),
                "",
                $"[grey]{scene.Hint}[/]",
            ])
        );
    }

    private string Title(NodesReport? report, int width)
    {
        var now = time.GetLocalNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        if (report is null)
        {
            return $"[bold]{Printable.Escape(lab)}[/]  looking …  [grey]{now}[/]";
        }

        var mode = width >= WidthWithPorts ? $"{report.Mode.Replace('_', ' ')}, " : "";
        return $"[bold]{Printable.Escape(lab)}[/]  {mode}Pgpool-II on port {report.PgpoolPort} "
            + (report.PgpoolAnswers ? "[green]answers[/]" : "[red]does not answer[/]")
            + $"  [grey]{now}[/]";
    }

    private static Table Nodes(NodesReport report, Measurements measurements, int width, bool unicode)
    {
        var (ports, curves) = (width >= WidthWithPorts, unicode && width >= WidthWithCurves);
        var table = new Table().Border(TableBorder.None).AddColumn(Right("node"));
        if (ports)
        {
            table.AddColumn(Right("port"));
        }

        table.AddColumn(Left("Pgpool-II")).AddColumn(Left("PostgreSQL")).AddColumn(Right("lag"));
        table.AddColumn(Right("sessions")).AddColumn(Right("SELECT/s"));
        if (curves)
        {
            table.AddColumn(Left(""));
        }

        foreach (var column in table.Columns)
        {
            column.Padding(0, 0, 1, 0);
        }

        var room = Math.Min(LongestCurve, width - WidthWithCurves + 16);
        foreach (var node in report.Nodes)
        {
            var history = measurements.Of(node.Id);
            var rate = history.Count > 0 ? history[^1].SelectsPerSecond : null;
            string[] cells =
            [
                $"[{LogStyle.ColorOf(node.Id)}]{node.Id}[/]",
                .. ports ? [node.Port.ToString(CultureInfo.InvariantCulture)] : Array.Empty<string>(),
                Pool(node),
                Postgres(node.Postgres, isShort: !ports),
                node.Postgres.LagBytes is { } lag ? Size(lag) : "",
                node.Postgres.Sessions?.ToString(CultureInfo.InvariantCulture) ?? "",
                rate is { } each ? each.ToString("0", CultureInfo.InvariantCulture) : "",
                .. curves ? [$"[{LogStyle.ColorOf(node.Id)}]{Curve(history, room)}[/]"] : Array.Empty<string>(),
            ];
            table.AddRow(cells);
        }

        return table;
    }

    private IEnumerable<string> Below(NodesReport report)
    {
        foreach (var host in (report.Hosts ?? []).Where(h => !h.Answers))
        {
            var since = HostLook.Since(host.SilentSince, time.GetLocalNow());
            yield return $"[red]host {Printable.Escape(host.Name)} does not answer{since}[/]";
        }

        if (report.Watchdog.Count > 0)
        {
            yield return "watchdog: "
                + string.Join(
                    "  ",
                    report.Watchdog.Select(m =>
                        $"{m.Id} "
                        + (
                            !m.Answers ? "[red]no answer[/]"
                            : m.Status is "LEADER" or "MASTER" ? "[bold]leads[/]"
                            : Printable.Escape(m.Status?.ToLowerInvariant() ?? "?")
                        )
                    )
                )
                + (
                    report.Watchdog.Any(m => m.Quorum is true) ? "  quorum"
                    : report.Watchdog.Any(m => m.Quorum is false) ? "  [red]no quorum[/]"
                    : ""
                );
        }

        foreach (var work in report.AtWork)
        {
            yield return $"[blue]…[/] {Printable.Escape(work.Title)}";
        }

        foreach (var finding in report.Findings.Take(3))
        {
            yield return $"[yellow]![/] {Printable.Escape(finding.Problem)}"
                + (finding.Fix is { } fix ? $"  [blue]→[/] {Printable.Escape(fix)}" : "");
        }
    }

    private string Of(LabEvent happened)
    {
        var at = happened.At is { } moment
            ? TimeZoneInfo
                .ConvertTime(moment, time.LocalTimeZone)
                .ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)
            : "            ";
        var color = happened.Node is { } node and >= 0 ? LogStyle.ColorOf(node) : "bold";
        return $"[grey]{at}[/] [{color}]{happened.Source, -8}[/] "
            + $"[{EventsView.ColorOf(happened.Name)}]{Printable.Escape(happened.Text)}[/]";
    }

    private static string Pool(NodeView node) =>
        node.Pgpool is not { } pool
            ? "[grey]no answer[/]"
            : (
                pool.Status is "up" or "waiting"
                    ? $"[green]{pool.Status}[/]"
                    : $"[red]{Printable.Escape(pool.Status)}[/]"
            ) + $" {(pool.Role == "primary" ? "[bold]primary[/]" : Printable.Escape(pool.Role))}";

    private static string Postgres(PostgresSays says, bool isShort)
    {
        var timeline = $"{(isShort ? "tl" : "timeline")} {says.Timeline}";
        return says.IsSuspended ? "[red]suspended[/]"
            : !says.Up ? $"[red]{(says.Runs is false ? "not running" : "no answer")}[/]"
            : says.InRecovery is false ? $"[bold]primary[/], {timeline}"
            : says.Receiver == "streaming" ? $"streams, {timeline}"
            : $"[yellow]standby, {Printable.Escape(says.Receiver ?? (isShort ? "no WAL" : "receives nothing"))}[/]";
    }

    /// <summary>The highest of them is a whole bar.</summary>
    private static string Curve(IReadOnlyList<NodeMeasurement> history, int room)
    {
        var rates = history.Skip(Math.Max(0, history.Count - room)).Select(m => m.SelectsPerSecond ?? 0).ToArray();
        var highest = rates.DefaultIfEmpty().Max();
        return highest <= 0
            ? ""
            : string.Concat(rates.Select(r => Bars[(int)Math.Min(Bars.Length - 1, r / highest * Bars.Length)]));
    }

    /// <summary>A number of bytes that is read at a glance.</summary>
    private static string Size(long bytes) =>
        bytes switch
        {
            < 10_000 => $"{bytes} B",
            < 10_000_000 => $"{bytes / 1_000} kB",
            < 10_000_000_000 => $"{bytes / 1_000_000} MB",
            _ => $"{bytes / 1_000_000_000} GB",
        };

    private static TableColumn Left(string title) => new TableColumn(title).NoWrap();

    private static TableColumn Right(string title) => new TableColumn(title).NoWrap().RightAligned();
}
