using PgpoolLab.Servers.Logs;

namespace PgpoolLab.Servers.Tests.Reading;

public sealed class LogParserTests
{
    private static readonly TimeZoneInfo Berlin = TimeZoneInfo.CreateCustomTimeZone(
        "test",
        TimeSpan.FromHours(1),
        null,
        null
    );

    private static LogLine[] Read(LogKind kind, string text)
    {
        var parser = new LogParser(new LogSource(kind, 0, "log", "/log"), Berlin);
        var lines = text.Split('\n').SelectMany(parser.Add).ToList();
        return [.. lines, .. parser.End() is { } last ? (LogLine[])[last] : []];
    }

    [Theory]
    // PostgreSQL: ours, pgpool_setup's, with an offset, before it knows its time zone, of another language
    [InlineData(
        LogKind.Node,
        "2026-11-29 13:49:18.312 UTC [30650] pgbench FATAL:  terminating",
        "2026-11-29T13:49:18.3120000+00:00|Fatal|30650|pgbench|terminating"
    )]
    [InlineData(
        LogKind.Node,
        "2026-11-29 13:48:58.196 GMT [30167] LOG:  skipping",
        "2026-11-29T13:48:58.1960000+00:00|Log|30167||skipping"
    )]
    [InlineData(
        LogKind.Node,
        "1167 2026-11-29 13:49:18.312 CET ERROR:  division by zero",
        "2026-11-29T13:49:18.3120000+01:00|Error|1167||division by zero"
    )]
    [InlineData(
        LogKind.Node,
        "2026-11-29 13:49:18.312 +0530 [7] psql WARNING:  x",
        "2026-11-29T13:49:18.3120000+05:30|Warning|7|psql|x"
    )]
    [InlineData(
        LogKind.Node,
        "2026-11-29 13:49:18.312 -03 [7] [unknown] PANIC:  x",
        "2026-11-29T13:49:18.3120000-03:00|Panic|7||x"
    )]
    [InlineData(
        LogKind.Node,
        "2026-11-29 13:49:18.312 CET [7] FEHLER:  Division durch Null",
        "2026-11-29T13:49:18.3120000+01:00|Log|7||FEHLER:  Division durch Null"
    )]
    // Pgpool-II: ours; the default up to 4.3
    [InlineData(
        LogKind.Pgpool,
        "2026-11-29 13:50:56.332: main pid 1772: LOG:  starting",
        "2026-11-29T13:50:56.3320000+01:00|Log|1772|main|starting"
    )]
    [InlineData(
        LogKind.Pgpool,
        "2026-11-29 13:50:56.332: my app: 2 pid 17: DEBUG1:  x",
        "2026-11-29T13:50:56.3320000+01:00|Debug|17|my app: 2|x"
    )]
    [InlineData(
        LogKind.Pgpool,
        "2021-05-01 10:00:00: pid 4711: ERROR:  failed",
        "2021-05-01T10:00:00.0000000+01:00|Error|4711||failed"
    )]
    [InlineData(
        LogKind.Script,
        "2026-11-29 13:49:18 failover: promoting node 1",
        "2026-11-29T13:49:18.0000000+01:00|Log||failover|promoting node 1"
    )]
    [InlineData(
        LogKind.Tool,
        "2026-11-29 13:50:24.002 ERR Stop Pgpool-II: no",
        "2026-11-29T13:50:24.0020000+01:00|Error|||Stop Pgpool-II: no"
    )]
    public void The_beginning_of_a_line_says_when_how_serious_and_by_whom(LogKind kind, string text, string expected)
    {
        var line = Assert.Single(Read(kind, text));
        Assert.Equal(expected, $"{line.At:O}|{line.Level}|{line.Process}|{line.Name}|{line.Text}");
    }

    [Fact]
    public void Whatever_continues_a_message_stays_with_it()
    {
        var lines = Read(
            LogKind.Node,
            """
            2026-11-29 13:49:18.382 UTC [30709] FATAL:  could not connect to the primary server
            	Is the server running on that host?
            2026-11-29 13:50:11.942 UTC [1119] psql ERROR:  recovery is in progress
            2026-11-29 13:50:11.942 UTC [1119] psql HINT:  WAL control functions cannot be executed.
            2026-11-29 13:50:11.942 UTC [1119] psql STATEMENT:  SELECT pg_current_wal_lsn(),
            	'LOG:  no message'
            2026-11-29 13:50:12.000 UTC [1120] LOG:  next
            """
        );
        Assert.Equal(
            [
                "could not connect to the primary server\n\tIs the server running on that host?",
                "recovery is in progress\nHINT:  WAL control functions cannot be executed.\n"
                    + "STATEMENT:  SELECT pg_current_wal_lsn(),\n\t'LOG:  no message'",
                "next",
            ],
            lines.Select(l => l.Text)
        );
        Assert.Equal(LogLevel.Error, lines[1].Level);
        Assert.Equal("recovery is in progress", lines[1].FirstLine);
    }

    [Fact]
    public void What_Pgpool_II_prints_a_second_time_without_an_end_of_line_is_no_part_of_its_message()
    {
        var lines = Read(
            LogKind.Pgpool,
            "2026-11-29 13:50:56.669: main pid 1772: LOG:  failover: set new main node: 0\n"
                + "failover done. shutdown host localhost(11003)"
                + "2026-11-29 13:50:56.670: main pid 1772: LOG:  failover done. shutdown host localhost(11003)"
        );
        Assert.Equal(
            ["failover: set new main node: 0", "failover done. shutdown host localhost(11003)"],
            lines.Select(l => l.Text)
        );
    }

    [Fact]
    public void Lines_before_the_first_message_and_half_an_event_end_nothing()
    {
        var lines = Read(LogKind.Pgpool, "ls: no such file\nmore\n2026-11-29 13:50:56.669: main pid 1: LOG:  up");
        Assert.Equal(["ls: no such file\nmore", "up"], lines.Select(l => l.Text));
        Assert.Null(lines[0].At);
        Assert.Empty(Read(LogKind.ScriptEvents, "{\"time\":\"2026-11-29T13:4\n\n17\n[]"));
        const string run = """{"time":"2026-11-29T13:49:18.337Z","duration_ms":392}""";
        Assert.Equal("2026-11-29T13:49:18.7290000+00:00", $"{Assert.Single(Read(LogKind.ScriptEvents, run)).At:O}");
    }
}
