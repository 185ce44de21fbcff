using System.Globalization;
using System.Text.RegularExpressions;

namespace PgpoolLab.Servers.Logs;

/// <summary>What a line of a log begins with.</summary>
/// <param name="At">When.</param>
/// <param name="Word">The level's word, or DETAIL and the like; empty where there is none.</param>
/// <param name="Process">Id of the process.</param>
/// <param name="Name">What the process is.</param>
/// <param name="Text">The rest.</param>
internal sealed partial record LogPrefix(DateTimeOffset At, string Word, int? Process, string Name, string Text)
{
    /// <summary>True for a line that belongs to the message before it.</summary>
    internal bool Continues =>
        Word is "DETAIL" or "HINT" or "CONTEXT" or "STATEMENT" or "QUERY" or "LOCATION" or "BACKTRACE";

    /// <summary>Reads the beginning of a line.</summary>
    /// <returns>Null for a line that begins in no way that is known.</returns>
    internal static LogPrefix? Read(LogKind kind, string line, TimeZoneInfo local)
    {
        // A cheap look first: most continuation lines begin with a tab.
        if (line.Length < 19 || !char.IsAsciiDigit(line[0]))
        {
            return null;
        }

        var match = kind switch
        {
            LogKind.Script => Script().Match(line),
            LogKind.Tool => Tool().Match(line),
            _ => Server().Match(line),
        };
        if (!match.Success || TimeOf(match, local) is not { } at)
        {
            return null;
        }

        var text = match.Groups["text"].Value;
        if (kind is LogKind.Script or LogKind.Tool)
        {
            return new LogPrefix(at, match.Groups["level"].Value, null, match.Groups["name"].Value, text);
        }

        var (process, name, word, rest) = (match.Groups["first"].Value, "", "", text);
        if (Level().Match(text) is { Success: true } level)
        {
            (word, rest) = (level.Groups["level"].Value, level.Groups["text"].Value);
            var writer = level.Groups["writer"].Value;
            if (Pgpool().Match(writer) is { Success: true } pgpool)
            {
                (process, name) = (pgpool.Groups["process"].Value, pgpool.Groups["name"].Value);
            }
            else if (Postgres().Match(writer) is { Success: true } postgres)
            {
                (process, name) = (postgres.Groups["process"].Value, postgres.Groups["name"].Value);
            }
            else
            {
                name = writer.Trim();
            }
        }
        else if (Postgres().Match(text) is { Success: true } other)
        {
            // A server that speaks another language: its word for the level is not known.
            (process, rest) = (other.Groups["process"].Value, other.Groups["name"].Value);
        }

        return new LogPrefix(
            at,
            word,
            int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null,
            name == "[unknown]" ? "" : name,
            rest
        );
    }

    /// <summary>Where in a line Pgpool-II begins another one; -1 where it does not. Up to 4.7 it prints "failover
    /// done" a second time, without an end of line.</summary>
    /// <remarks>Pgpool-II source, failover() in pgpool_main.c.</remarks>
    internal static int Within(string line) =>
        line.Contains(" done. ", StringComparison.Ordinal)
        && Second().Match(line) is { Success: true, Index: > 0 } match
            ? match.Index
            : -1;

    private static DateTimeOffset? TimeOf(Match match, TimeZoneInfo local)
    {
        if (
            !DateTime.TryParse(
                match.Groups["time"].Value,
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out var time
            )
        )
        {
            return null;
        }

        var zone = match.Groups["zone"].Value;
        if (zone is "UTC" or "GMT" or "Z")
        {
            return new DateTimeOffset(time, TimeSpan.Zero);
        }

        if (
            zone is ['+' or '-', ..]
            && TimeSpan.TryParseExact(
                zone[1..],
                ["hh", "hhmm", @"hh\:mm", @"hh\:mm\:ss"],
                CultureInfo.InvariantCulture,
                out var offset
            )
        )
        {
            return new DateTimeOffset(time, zone[0] == '-' ? -offset : offset);
        }

        // initdb and Pgpool-II take the machine's time zone; its abbreviation says nothing more.
        return new DateTimeOffset(time, local.GetUtcOffset(time));
    }

    // Ours: '%m [%p] %q%a ' and, Pgpool-II, '%m: %a pid %p: '. pgpool_setup's: '%p %m ' and '%t: pid %p: '.
    [GeneratedRegex(
        @"\A((?<first>\d+) )?(?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d([.,]\d+)?)"
            + @"( (?<zone>Z|[A-Z][A-Za-z]{1,5}|[+-]\d\d(:?\d\d)?)(?=[ :]))?:? ?(?<text>.*)\z",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline
    )]
    private static partial Regex Server();

    [GeneratedRegex(
        @"\A(?<writer>.{0,200}?)(?<=\A|[\s:])(?<level>DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT"
            + @"|CONTEXT|STATEMENT|QUERY|LOCATION|BACKTRACE):  ?(?<text>.*)\z",
        RegexOptions.ExplicitCapture | RegexOptions.Singleline
    )]
    private static partial Regex Level();

    [GeneratedRegex(@"\A((?<name>.*) )?pid (?<process>\d+):\s*\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Pgpool();

    [GeneratedRegex(@"\A\[(?<process>\d+)\] ?(?<name>.*?)\s*\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Postgres();

    [GeneratedRegex(
        @"\A(?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?<name>\w+): (?<text>.*)\z",
        RegexOptions.ExplicitCapture
    )]
    private static partial Regex Script();

    [GeneratedRegex(
        @"\A(?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d+) (?<level>VRB|DBG|INF|WRN|ERR|FTL) (?<text>.*)\z",
        RegexOptions.ExplicitCapture
    )]
    private static partial Regex Tool();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?: .{0,80}?pid \d+: LOG:", RegexOptions.ExplicitCapture)]
    private static partial Regex Second();
}
