using System.Globalization;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Watching;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace PgpoolLab.Cli.Tests;

/// <summary>What <c>watch</c> shows and appends.</summary>
public sealed class WatchTests
{
    private static readonly DateTimeOffset Noon = DateTimeOffset.Parse(
        "2026-11-29T12:00:00Z",
        CultureInfo.InvariantCulture
    );

    private sealed class FixedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => Noon;
    }

    private static NodeView Node(int id, string status, string role, PostgresSays says, long selects = 0) =>
        new(
            id,
            11002 + id,
            new PoolNode
            {
                Id = id,
                Status = status,
                Role = role,
                SelectCount = selects,
            },
            says
        );

    private static PostgresSays Primary(int timeline = 1) =>
        new()
        {
            Up = true,
            Runs = true,
            InRecovery = false,
            Timeline = timeline,
            Sessions = 32,
        };

    private static PostgresSays Standby(long lag = 0) =>
        new()
        {
            Up = true,
            Runs = true,
            InRecovery = true,
            Timeline = 1,
            Receiver = "streaming",
            LagBytes = lag,
            Sessions = 31,
        };

    private static PostgresSays Gone() =>
        new()
        {
            Up = false,
            Runs = false,
            Problem = "not running",
        };

    private static NodesReport Report(params NodeView[] nodes) =>
        new("lab", "/srv/lab", "streaming_replication", 11000, true, null, nodes, [], []) { PgpoolProcessId = 20 };

    private static NodesReport Healthy(long selects = 0) =>
        Report(Node(0, "up", "primary", Primary(), selects), Node(1, "up", "standby", Standby(), 3 * selects));

    private static NodesReport FailedOver() =>
        Report(Node(0, "down", "standby", Gone()), Node(1, "up", "primary", Primary(2))) with
        {
            Findings = [new Finding(FindingKinds.NodeDown, 0, "Node 0 is down.") { Fix = "pgpoollab recover 0" }],
            AtWork = [new WorkUnderWay(WorkKind.FollowPrimary, 2, 99, Noon, "Node 2 is made to follow node 1")],
        };

    [Fact]
    public void The_first_look_says_what_everything_is_like()
    {
        Assert.Equal(
            [
                new LabChange(Noon, "pgpool", null, "answers"),
                new LabChange(Noon, "node0", 0, "Pgpool-II: up as primary; PostgreSQL: primary, timeline 1"),
                new LabChange(Noon, "node1", 1, "Pgpool-II: up as standby; PostgreSQL: standby, timeline 1, streaming"),
            ],
            LabChange.Between(null, Healthy(), Noon)
        );
    }

    [Fact]
    public void After_that_only_changes_are_said_and_numbers_are_none()
    {
        Assert.Empty(LabChange.Between(Healthy(), Healthy(selects: 500), Noon));
        Assert.Equal(
            [
                ("node0", "Pgpool-II: down as standby; PostgreSQL: not running"),
                ("node1", "Pgpool-II: up as primary; PostgreSQL: primary, timeline 2"),
                ("pgpoollab", "Node 2 is made to follow node 1"),
            ],
            LabChange.Between(Healthy(), FailedOver(), Noon).Select(c => (c.Source, c.State))
        );
        Assert.Contains(
            new LabChange(Noon, "pgpoollab", null, "nothing is at work"),
            LabChange.Between(FailedOver(), Healthy(), Noon)
        );
    }

    [Fact]
    public void A_change_is_one_line_of_JSON()
    {
        Assert.Equal(
            """{"time":"2026-11-29T12:00:00.000Z","source":"node0","node":0,"state":"suspended"}""",
            new LabChange(Noon, "node0", 0, "suspended").ToJson()
        );
    }

    [Fact]
    public void Counts_become_rates_and_begin_again_with_another_Pgpool()
    {
        var measurements = new Measurements(capacity: 3);
        measurements.Add(Healthy(100), Noon);
        measurements.Add(Healthy(150), Noon.AddSeconds(2));
        measurements.Add(Healthy(10), Noon.AddSeconds(3)); // counted down: reset
        measurements.Add(Healthy(30) with { PgpoolProcessId = 21 }, Noon.AddSeconds(4));
        Assert.Equal([25.0, null, null], measurements.Of(0).Select(m => m.SelectsPerSecond));
        Assert.Equal([75.0, null, null], measurements.Of(1).Select(m => m.SelectsPerSecond));
        Assert.Equal([0L, 0L, 0L], measurements.Of(1).Select(m => m.LagBytes));
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(200)]
    public void The_screen_fits_into_the_window(int width)
    {
        const int height = 16;
        var time = new FixedClock();
        var measurements = new Measurements(WatchView.LongestCurve);
        for (var i = 0; i < 12; i++)
        {
            measurements.Add(Healthy(i * i * 10), Noon.AddSeconds(i));
        }

        var report = FailedOver() with
        {
            Nodes =
            [
                Node(0, "down", "standby", Gone()),
                Node(1, "up", "primary", Primary(2), 12000),
                Node(2, "up", "standby", Standby(123_456_789) with { Receiver = null }, 9),
            ],
            Watchdog =
            [
                new WatchdogView(0, 11000, true, "LEADER", true, 1, null),
                new WatchdogView(1, 11004, true, "STANDBY", true, 1, null),
                new WatchdogView(2, 11008, false, null, null, null, "refused"),
            ],
        };
        measurements.Add(report, Noon.AddSeconds(13));
        var events = Enumerable
            .Range(0, 30)
            .Select(i => new LabEvent(
                Noon.AddMilliseconds(i * 37),
                i % 2 == 0 ? "promotes" : "server-died",
                i % 2 == 0 ? "node1" : "pgpool",
                i % 2 == 0 ? 1 : null,
                new Dictionary<string, object>(),
                $"event {i}: something happened that takes a long line to be told in all of its details"
            ))
            .ToArray();
        var text = Text(
            new WatchView("lab", time).Render(
                new WatchView.Scene(report, measurements, events, "q ends it"),
                width,
                height,
                unicode: true
            ),
            width
        );
        var lines = text.Split('\n');
        Assert.True(lines.Length <= height, $"{lines.Length} lines\n{text}");
        Assert.All(lines, l => Assert.True(l.Length <= width, l));
        Snapshot.Approve($"watch-{width}", text + "\n");
    }

    private static string Text(IRenderable screen, int width)
    {
        var writer = new StringWriter();
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Ansi = AnsiSupport.No,
                ColorSystem = ColorSystemSupport.NoColors,
                Out = new AnsiConsoleOutput(writer),
            }
        );
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = true;
        console.Write(screen);
        return string.Join('\n', writer.ToString().TrimEnd().Split('\n').Select(l => l.TrimEnd()));
    }
}
