using PgpoolLab.Model;
using PgpoolLab.Servers.Logs;

namespace PgpoolLab.Servers.Tests.Reading;

/// <summary>Lines that a host sends of its part arrive as they were.</summary>
public sealed class PartLineTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 30, 12, 0, 0, 123, TimeSpan.Zero);

    [Fact]
    public void A_message_arrives_as_it_was()
    {
        var line = new LogLine(
            Noon,
            new LogSource(LogKind.Node, 1, "node1", "/srv/lab/log/node1.log"),
            LogLevel.Warning,
            4711,
            "walreceiver",
            "it's \"said\"\nDETAIL: Prüfung \u001b"
        );
        var sent = new PartLine { Logged = line }.ToJson();
        Assert.DoesNotContain('\n', sent);
        var arrived = PartLine.FromJson(sent)!;
        Assert.Equal((line, line.At), (arrived.Logged, arrived.At));
    }

    [Fact]
    public void An_event_arrives_with_its_numbers_and_texts_in_their_order()
    {
        var happened = new LabEvent(
            Noon,
            "script-ends",
            "scripts1",
            2,
            new Dictionary<string, object>
            {
                ["script"] = "failover",
                ["old_primary"] = 0L,
                ["exit_code"] = 1L,
                ["host"] = "b",
            },
            "failover of node 2 failed"
        );
        var arrived = PartLine.FromJson(new PartLine { Happened = happened }.ToJson())!.Happened!;
        Assert.Equal(happened.ToJson(), arrived.ToJson());
        Assert.Contains("\"host\":\"b\"", arrived.ToJson("b"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_line_is_none()
    {
        Assert.Null(PartLine.FromJson("Last login: yesterday"));
        Assert.Equal(Noon, PartLine.FromJson(new PartLine { Until = Noon }.ToJson())!.Until);
        Assert.Equal(Noon, PartLine.FromJson(new PartLine { Clock = Noon }.ToJson())!.Clock);
    }
}
