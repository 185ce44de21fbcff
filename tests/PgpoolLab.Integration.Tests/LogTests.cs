using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>What <c>logs</c> and <c>events</c> make of the logs of real servers.</summary>
public sealed class LogTests
{
    private const int Interrupt = 2;

    [Fact]
    public async Task A_failover_and_a_recovery_are_told_in_their_order_then_and_later()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "--port", "auto", sandbox.Lab)).Ok();
        using var follower = sandbox.Start(sandbox.Lab, "events", "-f", "--json");
        var error = follower.StandardError.ReadToEndAsync();
        (await sandbox.ShellAsync("kill -KILL \"$(head -n 1 data0/postmaster.pid)\"")).Ok();
        await sandbox.UntilNodesShowAsync("node 1 is the primary", n => Is(n[0], "down") && Is(n[1], "up"));
        await sandbox.RecoverByPcpAsync(0);
        await sandbox.UntilNodesShowAsync("node 0 is back", n => Is(n[0], "up") && Is(n[1], "up"));

        // Then: who follows is told of everything.
        var followed = new List<JsonElement>();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        while (!Names(followed).Contains("recovery-ends 0") || !Names(followed).Contains("attach-ends 0"))
        {
            var line = await follower.StandardOutput.ReadLineAsync(limit.Token);
            if (line is null)
            {
                Assert.Fail(await error);
            }

            followed.Add(JsonDocument.Parse(line).RootElement.Clone());
        }

        Assert.Equal(0, Signals.Send(follower.Id, Interrupt));
        _ = await follower.StandardOutput.ReadToEndAsync(limit.Token);
        await follower.WaitForExitAsync(limit.Token);
        Assert.Equal((0, ""), (follower.ExitCode, await error));

        // Later: the same, and in its order.
        var events = (await sandbox.RunInLabAsync("events", "--json"))
            .Ok()
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => JsonDocument.Parse(l).RootElement)
            .ToArray();
        Assert.Empty(Names(followed).Except(Names(events)));
        AssertInOrder(
            Names(events),
            "setup-begins ",
            "server-up 0",
            "failover-begins 0",
            "promotion-begins 1",
            "primary 1",
            "failover-ends 0",
            "recovery-begins 0",
            "script-ends 0",
            "server-starts 0",
            "attach-ends 0"
        );
        AssertInOrder(Names(events), "recovery-begins 0", "server-starts 0", "server-up 0", "streaming-begins 0");
        AssertInOrder(Names(events), "promotion-begins 1", "promotion-ends 1", "recovery-begins 0", "recovery-ends 0");
        var promoted = events.First(e => e.GetProperty("event").GetString() == "promotion-ends");
        Assert.Equal(2, promoted.GetProperty("arguments").GetProperty("timeline").GetInt32());

        // A reader that goes ends what follows, also while there is nothing to write.
        var readers = await sandbox.ShellAsync("pgpoollab logs -f | head -n 1; pgpoollab events -f --since 0 | true");
        Assert.Equal("", readers.Ok().Error);
        Assert.Single(readers.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var node1 = (await sandbox.RunInLabAsync("logs", "1")).Ok();
        Assert.Contains("received promote request", node1.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(" node0 ", node1.Output, StringComparison.Ordinal);
        Assert.Equal("", (await sandbox.RunInLabAsync("logs", "--level", "panic")).Ok().Output);
        (await sandbox.RunInLabAsync("logs", "2")).FailedWith(6);
    }

    private static List<string> Names(IEnumerable<JsonElement> events) =>
        [.. events.Select(e => $"{e.GetProperty("event").GetString()} {e.GetProperty("node")}")];

    private static void AssertInOrder(List<string> names, params string[] expected)
    {
        var from = 0;
        foreach (var name in expected)
        {
            // The times of a Pgpool-II before 4.2 are whole seconds: what the others did within one comes before or
            // after.
            var at = names.IndexOf(name, InstalledPgpool.Is42 ? from : 0);
            Assert.True(at >= 0, $"There is no {name} after {from}:\n{string.Join('\n', names)}");
            from = at + 1;
        }
    }

    private static bool Is(JsonElement node, string status) =>
        node.GetProperty("pgpool") is { ValueKind: JsonValueKind.Object } pgpool
        && pgpool.GetProperty("status").GetString() == status;
}
