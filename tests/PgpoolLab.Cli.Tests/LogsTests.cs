using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Cli.Tests;

public sealed class LogsTests
{
    private static readonly LogSource Node0 = new(LogKind.Node, 0, "node0", "/srv/lab/log/node0.log");
    private static readonly LogSource Pgpool = new(LogKind.Pgpool, 0, "pgpool", "/srv/lab/log/pgpool.log");
    private static readonly LogSource Failover = new(LogKind.Script, 0, "failover", "/srv/lab/log/failover.log");
    private static readonly LogSource Tool = new(LogKind.Tool, null, "pgpoollab", "/srv/lab/log/pgpoollab.log");

    private static FixedClock Clock() => new();

    private sealed class FixedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone { get; } =
            TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(1), null, null);

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.Parse("2026-11-29T14:00:00Z");
    }

    private static LogLine[] Lines()
    {
        var at = DateTimeOffset.Parse("2026-11-29T13:50:56.332Z");
        return
        [
            new(at, Tool, LogLevel.Log, null, "", "Start node 1: begins"),
            new(
                at.AddMilliseconds(1),
                Node0,
                LogLevel.Error,
                30650,
                "psql",
                "division by zero\nSTATEMENT:  SELECT\n\t1/0"
            ),
            new(at.AddMilliseconds(2), Node0, LogLevel.Fatal, 30651, "", "the database system is \x1b[31mstarting up"),
            new(at.AddMilliseconds(3), Pgpool, LogLevel.Log, 1772, "main", "starting degeneration. shutdown host a(1)"),
            new(at.AddMilliseconds(4), Failover, LogLevel.Log, null, "failover", "promoting node 1"),
            new(at.AddMilliseconds(5), Failover, LogLevel.Log, null, "follow_primary", "node 2 follows node 1"),
            new(null, Pgpool, LogLevel.Log, null, "", "ls: no such file"),
        ];
    }

    private static LabEvent[] Events()
    {
        var classifier = new EventClassifier(Labs.Fixed(nodes: 3));
        return
        [
            .. Lines()
                .Concat([
                    Lines()[3] with
                    {
                        Text = "starting degeneration. shutdown host localhost(11003)",
                    },
                    Lines()[2] with
                    {
                        Text = "selected new timeline ID: 2",
                    },
                    Lines()[3] with
                    {
                        Text = "failover done. shutdown host localhost(11003)",
                    },
                ])
                .Select(classifier.Classify)
                .OfType<LabEvent>(),
        ];
    }

    [Fact]
    public void Lines_of_logs_name_their_time_log_level_and_process()
    {
        var screen = new Screen(60);
        foreach (var line in Lines())
        {
            new LogsView(screen.Terminal, Clock()).Print(line);
        }

        Snapshot.Approve("logs", screen.Out);
    }

    [Fact]
    public void Events_name_their_time_log_and_subject()
    {
        var screen = new Screen(60);
        foreach (var happened in Events())
        {
            new EventsView(screen.Terminal, Clock()).Print(happened);
        }

        Snapshot.Approve("events", screen.Out);
    }

    [Fact]
    public void Json_has_one_line_for_each_message() =>
        Snapshot.Approve("logs-json", string.Concat(Lines().Select(l => JsonLines.Of(l) + "\n")));

    /// <summary>Node 1 is the primary, and node 0 its standby.</summary>
    private static NodesReport Look() =>
        new(
            "lab",
            "/srv/lab",
            ClusteringMode.StreamingReplication.Setting(),
            11000,
            true,
            null,
            [
                new(0, 11002, null, new PostgresSays { Up = true, InRecovery = true }),
                new(1, 11003, null, new PostgresSays { Up = true, InRecovery = false }),
            ],
            [],
            []
        );

    [Theory]
    [InlineData("all", "node0 pgpool failover pgpoollab")]
    [InlineData("0", "node0")]
    [InlineData("1", "")]
    [InlineData("pgpool", "pgpool")]
    [InlineData("pgpool0", "pgpool")]
    [InlineData("scripts", "failover")]
    [InlineData("primary", "")]
    [InlineData("standby", "node0")]
    [InlineData("Standby", "node0")]
    public void A_target_chooses_logs(string target, string expected)
    {
        var wanted = LogChoice.Of(Labs.Fixed(), Target.Of(target), Look());
        Assert.Equal(
            expected,
            string.Join(' ', ((LogSource[])[Node0, Pgpool, Failover, Tool]).Where(wanted).Select(s => s.Label))
        );
        Assert.False(wanted(new LogSource(LogKind.ScriptEvents, 0, "scripts", "/x")));
    }

    [Theory]
    [InlineData("2", ExitCode.NotFound, "The lab 'lab' has no node 2; its nodes are 0 to 1.")]
    [InlineData("pgpool1", ExitCode.NotFound, "The lab 'lab' has one Pgpool-II; call it pgpool.")]
    [InlineData(
        "-1",
        ExitCode.Usage,
        "'-1' is no server. It must be a node's number, primary, standby, all, pgpool, pgpool1 (and so "
            + "on), leader, or scripts."
    )]
    [InlineData(
        "nodes",
        ExitCode.Usage,
        "'nodes' is no server. It must be a node's number, primary, standby, all, pgpool, pgpool1 (and so "
            + "on), leader, or scripts."
    )]
    [InlineData(
        "99999999999",
        ExitCode.Usage,
        "'99999999999' is no server. It must be a node's number, primary, standby, all, pgpool, pgpool1 "
            + "(and so on), leader, or scripts."
    )]
    public void A_wrong_target_is_refused(string target, ExitCode code, string message)
    {
        var refused = Assert.Throws<LabException>(() => LogChoice.Of(Labs.Fixed(), Target.Of(target), Look()));
        Assert.Equal((code, message), (refused.Code, refused.Message));
    }

    [Theory]
    [InlineData("90", "2026-11-29T14:58:30.0000000+01:00")]
    [InlineData("90s", "2026-11-29T14:58:30.0000000+01:00")]
    [InlineData("1.5m", "2026-11-29T14:58:30.0000000+01:00")]
    [InlineData("5m", "2026-11-29T14:55:00.0000000+01:00")]
    [InlineData("2h", "2026-11-29T13:00:00.0000000+01:00")]
    [InlineData("1d", "2026-11-28T15:00:00.0000000+01:00")]
    [InlineData("999999999999d", "1970-01-01T00:00:00.0000000+00:00")]
    [InlineData("13:45", "2026-11-29T13:45:00.0000000+01:00")]
    [InlineData("9:45:01.5", "2026-11-29T09:45:01.5000000+01:00")]
    [InlineData("13:45:01 x", null)]
    [InlineData("13:45:01.500", "2026-11-29T13:45:01.5000000+01:00")]
    [InlineData("2026-11-29 13:45", "2026-11-29T13:45:00.0000000+01:00")]
    [InlineData("2026-11-29T13:45:00Z", "2026-11-29T13:45:00.0000000+00:00")]
    [InlineData("", null)]
    [InlineData("m", null)]
    [InlineData("-5m", null)]
    [InlineData("yesterday", null)]
    public void A_moment_is_so_long_ago_or_a_time_of_today_or_a_date(string text, string? expected) =>
        Assert.Equal(expected, LogChoice.Since(text, Clock())?.ToString("O"));

    [Theory]
    [InlineData("logs", "--since", "soon")]
    [InlineData("logs", "--level", "loud")]
    [InlineData("events", "--since", "5x")]
    public async Task A_wrong_option_is_refused_and_what_is_right_is_named(params string[] arguments)
    {
        var (code, _, error) = await Screen.RunAsync(arguments);
        Assert.Equal((int)ExitCode.Usage, code);
        Assert.Contains($"{arguments[1]} must be ", error, StringComparison.Ordinal);
        Assert.Contains($"it is '{arguments[2]}'", error, StringComparison.Ordinal);
    }
}
