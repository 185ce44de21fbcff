using System.Diagnostics;
using System.Text.Json;
using System.Xml.Linq;

namespace PgpoolLab.Integration.Tests;

/// <summary><c>drill</c>: a lab is made, broken under load, judged, and gone. Times are never judged here: this machine
/// may be busy.</summary>
public sealed class DrillTests
{
    private const int Kill = 9;

    private static Sandbox Ready(string account)
    {
        var sandbox = new Sandbox(account);
        sandbox.Variables["TMPDIR"] = sandbox.Labs;
        sandbox.Variables["DOTNET_EnableDiagnostics"] = "0";
        return sandbox;
    }

    private static JsonElement Run(string json) =>
        JsonElement.Parse(json).GetProperty("variants")[0].GetProperty("runs")[0];

    /// <summary>A drill file in a folder of the user's.</summary>
    private static string Drill(Sandbox sandbox, string text)
    {
        var file = Path.Combine(sandbox.Labs, "mine.yaml");
        File.WriteAllText(file, text);
        return file;
    }

    private static async Task UntilAsync(Func<bool> fact, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!fact())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), $"Not within three minutes: {what}");
            await Task.Delay(10);
        }
    }

    [Theory]
    [MemberData(nameof(Account.Callers), MemberType = typeof(Account))]
    public async Task The_primary_dies_and_it_is_told_what_that_cost(string account)
    {
        using var sandbox = Ready(account);
        var (page, junit) = (Path.Combine(sandbox.Labs, "page.html"), Path.Combine(sandbox.Labs, "drill.xml"));
        var outcome = (
            await sandbox.RunAsync("drill", "primary-dies", "--json", "--report", page, "--junit", junit)
        ).Ok();
        var run = Run(outcome.Output);
        var step = Assert.Single(run.GetProperty("steps").EnumerateArray());
        Assert.Equal("node 0", step.GetProperty("was").GetString());
        Assert.False(run.GetProperty("rto").GetProperty("never").GetBoolean());
        Assert.True(run.GetProperty("rto").GetProperty("service").GetDouble() > 0);
        var ledger = run.GetProperty("ledger");
        Assert.True(ledger.GetProperty("acknowledged").GetInt32() > 100, outcome.Output);
        // Eight clients had sessions, and lost them.
        Assert.True(run.GetProperty("errors").GetArrayLength() > 0, outcome.Output);
        Assert.Equal(
            [0, 1],
            run.GetProperty("primaries")
                .EnumerateArray()
                .SelectMany(p => p.GetProperty("nodes").EnumerateArray().Select(n => n.GetInt32()))
                .Distinct()
        );
        Assert.Contains("failover-begins", outcome.Output, StringComparison.Ordinal);
        Assert.NotEmpty(run.GetProperty("why").EnumerateArray());
        var html = await File.ReadAllTextAsync(page);
        Assert.Contains("Node 0 was killed.", html, StringComparison.Ordinal);
        Assert.Contains("<svg", html, StringComparison.Ordinal);
        Assert.Single(XDocument.Load(junit).Descendants("testcase"));
        File.Delete(page);
        File.Delete(junit);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Rows_that_the_standby_never_had_are_counted()
    {
        using var sandbox = Ready(Account.Plain);
        var file = Drill(
            sandbox,
            """
            load: { clients: 4, rate: 200/s }
            steps:
              - { at: 500ms, cut: node 1 -> node 0, how: stall }
              - { after: 1s, kill: primary }
            until: { writes-steady: 1s, at-most: 60s }
            expect: { lost: "> 20", lost-seconds: "> 300ms", primaries: 1 }
            """
        );
        var outcome = (await sandbox.RunAsync("drill", file, "--no-report", "--json")).Ok();
        Assert.Equal("lost", Run(outcome.Output).GetProperty("verdict").GetString());
        File.Delete(file);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_primary_that_somebody_stops_stays_stopped()
    {
        using var sandbox = Ready(Account.Plain);
        var outcome = (await sandbox.RunAsync("drill", "primary-stops", "--no-report", "--json")).Ok();
        var states = Run(outcome.Output)
            .GetProperty("nodes")
            .EnumerateArray()
            .Where(n => n.GetProperty("node").GetInt32() == 0)
            .Select(n => n.GetProperty("state").GetString());
        Assert.Equal(["primary", "down"], states.Where(s => s != "hung"));
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task What_does_not_hold_is_said_and_the_exit_code_tells()
    {
        using var sandbox = Ready(Account.Plain);
        var file = Drill(
            sandbox,
            """
            load: { clients: 2, rate: 100/s, kind: bank }
            steps: [ { at: 200ms, restart: pgpool }, { detach: 7 } ]
            until: { writes-steady: 500ms, at-most: 60s }
            expect: { lost: "> 1000000" }
            """
        );
        var outcome = (await sandbox.RunAsync("drill", file, "--no-report", "--tap")).FailedWith(1);
        Assert.Contains("not ok 1 - mine, run 1", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("# expected lost > 1000000; it is 0", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("# expected every step can be done; it is detach 7:", outcome.Output, StringComparison.Ordinal);
        File.Delete(file);
        sandbox.AssertNothingIsLeft();
    }

    /// <summary>In a lab of the user's own nobody removes what is frozen.</summary>
    [Fact]
    public async Task A_drill_that_is_killed_leaves_nothing_frozen_and_the_lab_can_be_put_back()
    {
        using var sandbox = Ready(Account.Plain);
        (await sandbox.RunAsync("setup", "-s", "--start", "--port", "auto", sandbox.Lab)).Ok();
        var file = Drill(
            sandbox,
            """
            load: { clients: 2, rate: 50/s }
            steps: [ { at: 200ms, pause: standby }, { after: 2m, resume: standby } ]
            """
        );
        using (var tool = sandbox.Start(sandbox.Labs, "drill", file, "--lab", sandbox.Lab, "--no-report"))
        {
            // Saving the lab before freezes it for a moment, too.
            await UntilAsync(() => HasBegun(sandbox) && Frozen(sandbox) > 0, "the standby is frozen");
            Assert.Equal(0, Signals.Send(tool.Id, Kill));
            await UntilAsync(() => Frozen(sandbox) == 0, "the standby goes on");
            await UntilAsync(() => !HasBegun(sandbox), "the drill's other half, which has the lab, has ended");
        }

        var list = (await sandbox.RunAsync("snapshot", "list", "--json", "--lab", sandbox.Lab)).Ok().Output;
        Assert.Contains("drill-", list, StringComparison.Ordinal);
        var name = JsonElement.Parse(list).ToString();
        var snapshot = System.Text.RegularExpressions.Regex.Match(name, "drill-[0-9]+-[0-9]+").Value;
        (await sandbox.RunAsync("snapshot", "restore", snapshot, "--lab", sandbox.Lab)).Ok();
        (await sandbox.RunAsync("status", "--check", "--lab", sandbox.Lab)).Ok();
        (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        File.Delete(file);
        sandbox.AssertNothingIsLeft();
    }

    private static bool HasBegun(Sandbox sandbox) =>
        sandbox.Processes().Any(p => p.Contains("internal-drill-run", StringComparison.Ordinal));

    /// <summary>How many processes that work in the labs are frozen.</summary>
    private static int Frozen(Sandbox sandbox) =>
        Directory
            .EnumerateDirectories("/proc")
            .Where(d => int.TryParse(Path.GetFileName(d), out _))
            .Count(d =>
            {
                try
                {
                    return new FileInfo($"{d}/cwd").LinkTarget?.StartsWith(sandbox.Labs, StringComparison.Ordinal)
                            is true
                        && File.ReadAllText($"{d}/stat").Split(") ").Last()[0] == 'T';
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    return false;
                }
            });

    [Fact]
    public async Task A_drill_that_is_interrupted_removes_its_lab()
    {
        using var sandbox = Ready(Account.Plain);
        var file = Drill(sandbox, "steps: [ { at: 5m, kill: primary } ]");
        using (var tool = sandbox.Start(sandbox.Labs, "drill", file, "--no-report"))
        {
            var said = tool.StandardError;
            await UntilAsync(() => HasBegun(sandbox), "the run has begun");
            Assert.Equal(0, Signals.Send(tool.Id, 15));
            await tool.WaitForExitAsync();
            Assert.True(tool.ExitCode == 130, $"{tool.ExitCode}: {await said.ReadToEndAsync()}");
        }

        File.Delete(file);
        sandbox.AssertNothingIsLeft();
    }
}
