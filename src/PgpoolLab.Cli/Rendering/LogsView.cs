using System.Globalization;
using PgpoolLab.Servers.Logs;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Lines of <c>logs</c>: coloured on a terminal, plain elsewhere.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="time">The clock: today's lines need no date on a terminal.</param>
internal sealed class LogsView(Terminal terminal, TimeProvider time)
{
    private const int LabelWidth = 9;
    private const int LevelWidth = 7;

    internal void Print(LogLine line)
    {
        var lines = line.Text.Split('\n');
        var stamp = LogStyle.Time(line.At, terminal, time);
        var (label, level) = (line.Source.Label.PadRight(LabelWidth), Word(line.Level).PadRight(LevelWidth));
        var writer = (line.Process, line.Name) switch
        {
            ({ } process, { Length: > 0 } name) => $"[{process} {name}] ",
            ({ } process, _) => $"[{process}] ",
            (null, { Length: > 0 } name) => name == line.Source.Label ? "" : $"{name}: ",
            _ => "",
        };
        if (!terminal.Data.Profile.Capabilities.Ansi)
        {
            terminal.Out.WriteLine($"{stamp} {label} {level} {writer}{lines[0]}");
            foreach (var more in lines.Skip(1))
            {
                terminal.Out.WriteLine($"{new string(' ', stamp.Length)} {label} {more}");
            }

            return;
        }

        var color = LogStyle.ColorOf(line.Source);
        var severity = ColorOf(line.Level);
        Terminal.Line(
            terminal.Data,
            $"[grey]{stamp}[/] [{color}]{label}[/] [{severity}]{level}[/] [grey]{Printable.Escape(writer)}[/]"
                + (
                    line.Level >= LogLevel.Warning
                        ? $"[{severity}]{Printable.Escape(lines[0])}[/]"
                        : Printable.Escape(lines[0])
                )
        );
        foreach (var more in lines.Skip(1))
        {
            Terminal.Line(
                terminal.Data,
                $"{new string(' ', stamp.Length)} [{color}]{label}[/] [grey]{Printable.Escape(more)}[/]"
            );
        }
    }

    private static string Word(LogLevel level) => level.ToString().ToUpperInvariant();

    private static string ColorOf(LogLevel level) =>
        level switch
        {
            LogLevel.Warning => "yellow",
            LogLevel.Error or LogLevel.Fatal => "red",
            LogLevel.Panic => "red bold",
            _ => "grey",
        };
}

/// <summary>What <c>logs</c> and <c>events</c> show alike.</summary>
internal static class LogStyle
{
    // Neither yellow nor red: those are for warnings and errors.
    private static readonly string[] Nodes = ["aqua", "green", "fuchsia", "blue", "teal", "purple"];

    /// <summary>A node has the same colour everywhere.</summary>
    internal static string ColorOf(LogSource source) =>
        source switch
        {
            { Kind: LogKind.Node, Number: { } number } => ColorOf(number),
            { Kind: LogKind.Pgpool } => "bold",
            _ => "grey",
        };

    internal static string ColorOf(int node) => Nodes[node % Nodes.Length];

    /// <summary>The machine's time; with its date, but on a terminal for today's.</summary>
    internal static string Time(DateTimeOffset? at, Terminal terminal, TimeProvider time)
    {
        if (at is not { } moment)
        {
            return "?".PadRight("yyyy-MM-dd HH:mm:ss.fff".Length);
        }

        var local = TimeZoneInfo.ConvertTime(moment, time.LocalTimeZone);
        var isShort = terminal.Data.Profile.Capabilities.Ansi && local.Date == time.GetLocalNow().Date;
        return local.ToString(isShort ? "HH:mm:ss.fff" : "yyyy-MM-dd HH:mm:ss.fff", CultureInfo.InvariantCulture);
    }
}
