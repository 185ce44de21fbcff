using PgpoolLab.Model;
using PgpoolLab.Servers.Watching;

namespace PgpoolLab.Cli.Rendering;

/// <summary>Lines of <c>events</c>.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="time">The clock: today's lines need no date on a terminal.</param>
internal sealed class EventsView(Terminal terminal, TimeProvider time)
{
    private const int SourceWidth = 9;
    private const int NameWidth = 20;

    /// <summary>In a narrower window the name, which says the same as the sentence in one word, is left out.</summary>
    private const int WidthWithNames = 120;

    internal void Print(LabEvent happened)
    {
        var stamp = LogStyle.Time(happened.At, terminal, time);
        var (source, name) = (happened.Source.PadRight(SourceWidth), happened.Name.PadRight(NameWidth));
        if (!terminal.Data.Profile.Capabilities.Ansi)
        {
            terminal.Out.WriteLine($"{stamp} {source} {name} {happened.Text}");
            return;
        }

        var color = happened.Node is { } node and >= 0 ? LogStyle.ColorOf(node) : "bold";
        var head = $"[grey]{stamp}[/] [{color}]{source}[/] ";
        if (terminal.Data.Profile.Width >= WidthWithNames)
        {
            Terminal.Line(
                terminal.Data,
                $"{head}[{ColorOf(happened.Name)}]{name}[/] {Printable.Escape(happened.Text)}"
            );
            return;
        }

        Terminal.Paragraph(terminal.Data, head, happened.Text, stamp.Length + SourceWidth + 2);
    }

    /// <summary>What a server is like from now on.</summary>
    internal void Print(LabChange change)
    {
        var stamp = LogStyle.Time(change.At, terminal, time);
        terminal.Out.WriteLine(
            $"{stamp} {change.Source.PadRight(SourceWidth)} {"is".PadRight(NameWidth)} {change.State}"
        );
    }

    internal static string ColorOf(string name) =>
        name switch
        {
            "server-died" or "process-killed" or "failover-begins" or "quarantine-begins" or "diverged" => "red",
            "health-check-failed" or "segment-missing" or "crash-recovery" or "streaming-breaks" => "yellow",
            _ when name.EndsWith("-lost", StringComparison.Ordinal) => "red",
            _ when name.EndsWith("-fails", StringComparison.Ordinal) => "red",
            _ when name.EndsWith("-ends", StringComparison.Ordinal) => "green",
            _ when name.EndsWith("-up", StringComparison.Ordinal) => "green",
            "primary" or "leader" or "quorum" => "green",
            _ => "default",
        };
}
