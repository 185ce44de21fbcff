using Microsoft.Extensions.Time.Testing;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;

namespace PgpoolLab.Servers.Tests.Reading;

public sealed class EventTests
{
    private static async Task<string> EventsOfAsync(Lab lab)
    {
        var clock = new FakeTimeProvider();
        clock.SetLocalTimeZone(TimeZoneInfo.Utc);
        var classifier = new EventClassifier(lab);
        var events = new List<string>();
        var log = new LabLog(new LocalHost(TimeProvider.System), lab, clock);
        await foreach (
            var line in log.ReadAsync(s => s.Kind is not LogKind.Script, follows: false, CancellationToken.None)
        )
        {
            if (classifier.Classify(line) is { } happened)
            {
                events.Add(happened.ToJson());
            }
        }

        return string.Join('\n', events) + "\n";
    }

    [Fact]
    public async Task Of_the_logs_of_a_failover_a_recovery_and_a_switchover_few_events_are_made() =>
        Snapshot.Approve("events-4.3.5", await EventsOfAsync(KeptLab.Of("4.3.5", nodes: 3)));

    [Fact]
    public async Task Of_the_logs_of_a_watchdog_that_loses_its_quorum_few_events_are_made() =>
        Snapshot.Approve(
            "events-4.3.5-watchdog",
            await EventsOfAsync(KeptLab.Of("4.3.5-watchdog", nodes: 2, pgpools: 3))
        );

    [Theory]
    // Since 4.4 (these are of 4.5), and as 4.1 to 4.3 write them
    [InlineData("=== Starting degeneration. shutdown host 127.0.0.1(11003) ===", "failover-begins 1")]
    [InlineData("starting degeneration. shutdown host localhost(11003)", "failover-begins 1")]
    [InlineData("=== Failover done. shutdown host 127.0.0.1(11003) ===", "failover-ends 1")]
    [InlineData("=== Starting quarantine. shutdown host localhost(11002) ===", "quarantine-begins 0")]
    [InlineData("=== Quarantine done. shutdown host localhost(11002) ===", "quarantine-ends 0")]
    [InlineData("=== Starting fail back. reconnect host localhost(11002) ===", "attach-begins 0")]
    [InlineData("=== Failback done. reconnect host localhost(11002) ===", "attach-ends 0")]
    [InlineData("failback done. reconnect host /tmp(11002)", "attach-ends 0")]
    [InlineData("execute command: /srv/a b/etc/follow_master.sh 2 h 11004 1 h 0 0 11003", "follow-begins 2")]
    [InlineData("health check failed on node 1 (timeout:0)", "health-check-failed 1")]
    [InlineData("health check retrying on DB node: 1 (round:2)", "health-check-retries 1")]
    [InlineData("setting the remote node \"localhost:11000 Linux h\" as watchdog cluster master", "leader ")]
    [InlineData("We have lost the cluster master node \"localhost:11000 Linux h\"", "leader-lost ")]
    [InlineData("child process with pid: 1808 exits with status 9 by signal 9", "process-killed ")]
    [InlineData("child process with pid: 1808 exits with status 256", null)]
    [InlineData("starting follow degeneration. shutdown host localhost(11003)", null)]
    [InlineData("node recovery failed, node id: 1 is alive", "recovery-fails ")]
    public void Every_version_of_Pgpool_II_is_understood(string text, string? expected)
    {
        var happened = new EventClassifier(KeptLab.At("/srv/lab", nodes: 3)).Classify(
            new LogLine(null, new LogSource(LogKind.Pgpool, 0, "pgpool", "/x"), LogLevel.Log, 1, "main", text)
        );
        Assert.Equal(expected, happened is null ? null : $"{happened.Name} {happened.Node}");
    }

    [Theory]
    [InlineData("database system is ready to accept read only connections", "server-up 1 standby")] // up to 13
    [InlineData("database system is ready to accept read-only connections", "server-up 1 standby")]
    [InlineData("database system is ready to accept connections", "server-up 1 primary")]
    [InlineData("database system is shut down", "server-down 1 ")]
    [InlineData("database system was shut down at 2026-11-29 13:50:24 UTC", null)]
    [InlineData("server process (PID 12) was terminated by signal 9: Killed", "process-killed 1 ")]
    [InlineData("checkpointer process (PID 12) was terminated by signal 9: Killed", "process-killed 1 ")]
    [InlineData(
        "could not receive data from WAL stream: ERROR:  requested WAL segment 0000 has already been removed",
        "streaming-breaks 1 "
    )]
    public void PostgreSQL_10_to_18_is_understood(string text, string? expected)
    {
        var happened = new EventClassifier(KeptLab.At("/srv/lab", nodes: 3)).Classify(
            new LogLine(null, new LogSource(LogKind.Node, 1, "node1", "/x"), LogLevel.Log, 1, "", text)
        );
        Assert.Equal(
            expected,
            happened is null ? null : $"{happened.Name} {happened.Node} {happened.Arguments.GetValueOrDefault("role")}"
        );
    }

    [Fact]
    public void A_failed_step_of_this_program_and_a_run_of_a_script_have_the_same_shape()
    {
        var classifier = new EventClassifier(KeptLab.At("/srv/lab", nodes: 3));
        var at = DateTimeOffset.Parse("2026-11-29T13:00:00.5Z");
        LogLine[] lines =
        [
            new(
                at,
                new LogSource(LogKind.Tool, null, "pgpoollab", "/x"),
                LogLevel.Error,
                null,
                "",
                "Start node 1: \"no\"\nmore"
            ),
            new(
                at,
                new LogSource(LogKind.ScriptEvents, 0, "scripts", "/x"),
                LogLevel.Log,
                null,
                "",
                """
                {"time":"2026-11-29T13:00:00Z","event":"follow_primary",
                "arguments":["2","h","11004","1","h","0","0","11003"],"exit_code":1,"duration_ms":500}
                """.ReplaceLineEndings("")
            ),
        ];
        Assert.Equal(
            [
                """
                {"time":"2026-11-29T13:00:00.500Z","event":"step-fails","source":"pgpoollab","node":null,
                "arguments":{"step":"Start node 1: \"no\""},"text":"Start node 1: \"no\""}
                """.ReplaceLineEndings(""),
                """
                {"time":"2026-11-29T13:00:00.500Z","event":"follow-ends","source":"scripts","node":2,
                "arguments":{"script":"follow_primary","primary":1,"exit_code":1,"duration_ms":500},
                "text":"follow_primary of node 2 failed: exit code 1, 500 ms"}
                """.ReplaceLineEndings(""),
            ],
            lines.Select(l => classifier.Classify(l)!.ToJson())
        );
    }
}
