using PgpoolLab.Hosts;

namespace PgpoolLab.Servers.Logs;

/// <summary>Reads one log from its beginning, in parts, and goes on where it was when the log has grown or was begun
/// again.</summary>
/// <param name="host">Where the log is.</param>
/// <param name="source">The log.</param>
/// <param name="local">The machine's time zone.</param>
internal sealed class LogCursor(IHost host, LogSource source, TimeZoneInfo local)
{
    private const int Part = 1 << 18;

    /// <summary>So much of its beginning tells a log from another of the same name: there is a time in it.</summary>
    private const int Beginning = 128;

    private readonly LogParser _parser = new(source, local);
    private readonly Queue<LogLine> _ready = [];
    private readonly List<LogLine> _undated = [];
    private string _unfinished = "";
    private string _beginning = "";
    private long _position;
    private DateTimeOffset? _last;

    /// <summary>The log.</summary>
    internal LogSource Source => source;

    /// <summary>The next message.</summary>
    /// <param name="toTheEnd">A last line without an end counts, too. Whoever follows a log waits until it has
    /// one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Null when there is none yet.</returns>
    internal async ValueTask<LogLine?> NextAsync(bool toTheEnd, CancellationToken cancellationToken)
    {
        while (_ready.Count == 0)
        {
            if (!await ReadAsync(cancellationToken))
            {
                if (toTheEnd && _unfinished.Length > 0)
                {
                    Take(_parser.Add(_unfinished));
                    _unfinished = "";
                }

                // Servers write a message at once, with all that belongs to it.
                Take(_parser.End() is { } last ? [last] : []);
                TakeUndated();
                break;
            }
        }

        return _ready.TryDequeue(out var line) ? line : null;
    }

    private async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        var part = await host.Files.ReadPartAsync(source.Path, _position, Part, cancellationToken);
        if (part.Length < _position || (part.Text.Length > 0 && !await IsTheSameAsync(cancellationToken)))
        {
            Take(_parser.End() is { } last ? [last] : []);
            (_position, _unfinished, _beginning) = (0, "", "");
            return part.Length > 0;
        }

        if (part.Text.Length == 0)
        {
            return false;
        }

        if (_beginning.Length < Beginning)
        {
            _beginning = _position == 0 ? part.Text[..Math.Min(Beginning, part.Text.Length)] : _beginning;
        }

        _position = part.End;
        var lines = (_unfinished + part.Text).Split('\n');
        _unfinished = lines[^1];
        Take(lines[..^1].SelectMany(_parser.Add));
        return true;
    }

    private async ValueTask<bool> IsTheSameAsync(CancellationToken cancellationToken) =>
        _position == 0
        || (await host.Files.ReadPartAsync(source.Path, 0, 4 * Beginning, cancellationToken)).Text.StartsWith(
            _beginning,
            StringComparison.Ordinal
        );

    /// <summary>What has no time has that of the message before it, else of the first that has one.</summary>
    private void Take(IEnumerable<LogLine> lines)
    {
        foreach (var line in lines)
        {
            _last = line.At ?? _last;
            if (_last is null)
            {
                _undated.Add(line);
                continue;
            }

            TakeUndated();
            _ready.Enqueue(line.At is null ? line with { At = _last } : line);
        }
    }

    private void TakeUndated()
    {
        foreach (var line in _undated)
        {
            _ready.Enqueue(line with { At = _last });
        }

        _undated.Clear();
    }
}
