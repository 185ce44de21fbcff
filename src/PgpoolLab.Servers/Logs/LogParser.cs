using System.Globalization;
using System.Text;
using System.Text.Json;

namespace PgpoolLab.Servers.Logs;

/// <summary>Makes messages of the lines of one log. It keeps the last message until it knows that nothing more belongs
/// to it.</summary>
/// <param name="source">The log.</param>
/// <param name="local">The machine's time zone.</param>
public sealed class LogParser(LogSource source, TimeZoneInfo local)
{
    private readonly StringBuilder _text = new();
    private LogLine? _open;
    private DateTimeOffset? _last;

    /// <summary>Takes a line.</summary>
    /// <param name="line">The line, without its end.</param>
    /// <returns>The messages that are complete by it: none, one, or two.</returns>
    public IEnumerable<LogLine> Add(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        line = line.TrimEnd('\r');
        if (source.Kind is LogKind.ScriptEvents)
        {
            return Event(line) is { } run ? [run] : [];
        }

        if (source.Kind is LogKind.Pgpool && LogPrefix.Within(line) is > 0 and var second)
        {
            var rest = line[second..];
            // What it says a second time is no news; what a program has printed is.
            return rest.EndsWith(line[..second], StringComparison.Ordinal)
                ? Add(rest)
                : [.. Add(line[..second]), .. Add(rest)];
        }

        var prefix = LogPrefix.Read(source.Kind, line, local);
        if (prefix is null or { Continues: true } && (_open is not null || prefix is null))
        {
            Continue(prefix is null ? line : $"{prefix.Word}:  {prefix.Text}");
            return [];
        }

        var complete = End();
        _last = prefix!.At;
        _open = new LogLine(
            prefix.At,
            source,
            LogLevels.Of(prefix.Word) ?? LogLevel.Log,
            prefix.Process,
            prefix.Name,
            ""
        );
        _text.Append(prefix.Continues ? $"{prefix.Word}:  {prefix.Text}" : prefix.Text);
        return complete is null ? [] : [complete];
    }

    /// <summary>Ends the last message; null when there is none. What is added later and belongs to it becomes a message
    /// of its own.</summary>
    public LogLine? End()
    {
        var complete = _open is null ? null : _open with { Text = _text.ToString().TrimEnd('\n') };
        _open = null;
        _text.Clear();
        return complete;
    }

    private void Continue(string line)
    {
        if (_open is null)
        {
            _open = new LogLine(_last, source, LogLevel.Log, null, "", "");
        }
        else
        {
            _text.Append('\n');
        }

        _text.Append(line);
    }

    /// <summary>A script writes one when it ends, with the time when it began.</summary>
    private LogLine? Event(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var run = document.RootElement;
            return
                run.ValueKind is JsonValueKind.Object
                && run.TryGetProperty("time", out var time)
                && DateTimeOffset.TryParse(
                    time.GetString(),
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal,
                    out var began
                )
                ? new LogLine(
                    run.TryGetProperty("duration_ms", out var duration) && duration.TryGetInt64(out var milliseconds)
                        ? began.AddMilliseconds(milliseconds)
                        : began,
                    source,
                    LogLevel.Log,
                    null,
                    "",
                    line
                )
                : null;
        }
        catch (Exception error)
            when (error is JsonException or InvalidOperationException or ArgumentOutOfRangeException)
        {
            // A full disk, or a machine that went down, leaves half of a line.
            return null;
        }
    }
}
