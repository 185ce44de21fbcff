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

    /// <summary>A drill that fills a disk, in a folder whose name is not easy.</summary>
    private static (Sandbox Sandbox, string File) ReadyToFill(string steps)
    {
        var sandbox = Ready(Account.Root);
        sandbox.Variables["TMPDIR"] = Directory.CreateDirectory(Path.Combine(sandbox.Labs, "ordner ü")).FullName;
        return (
            sandbox,
            Drill(
                sandbox,
                $"""
                load: {"{"} clients: 2, rate: 50/s {"}"}
                steps: [ {steps} ]
                until: {"{"} writes-steady: 2s, at-most: 60s {"}"}
                expect: {"{"} refused-present: 0, primaries: 1 {"}"}
                """
            )
        );
    }

    /// <summary>Processes that see a disk which a drill in this sandbox has made.</summary>
    private static IReadOnlyList<int> SeeingDisks(Sandbox sandbox) =>
        [
            .. Directory
                .EnumerateDirectories("/proc")
                .Select(d => int.TryParse(Path.GetFileName(d), out var id) ? id : 0)
                .Where(id => id > 0 && SeesDisk(id, Path.GetFileName(Path.GetDirectoryName(sandbox.Labs)!))),
        ];

    private static bool SeesDisk(int process, string folder)
    {
        try
        {
            return File.ReadLines($"/proc/{process}/mountinfo")
                .Any(l =>
                    l.Contains("pgpoollab-drill", StringComparison.Ordinal)
                    && l.Contains(folder, StringComparison.Ordinal)
                );
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static async Task AssertNoDiskIsLeftAsync(Sandbox sandbox, string file)
    {
        await UntilAsync(() => SeeingDisks(sandbox).Count == 0, "nobody sees the disk any more");
        File.Delete(file);
        Assert.Empty(Directory.EnumerateFileSystemEntries(sandbox.Variables["TMPDIR"]!));
        Directory.Delete(sandbox.Variables["TMPDIR"]!);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    [Trait("Needs", "root")]
    public async Task The_primarys_disk_becomes_full_and_nothing_of_it_is_left()
    {
        var (sandbox, file) = ReadyToFill("{ at: 300ms, fill: primary }, { after: 200ms, free: node 0 }");
        using (sandbox)
        {
            var outcome = (await sandbox.RunAsync("drill", file, "--no-report", "--json")).Ok();
            var run = Run(outcome.Output);
            Assert.StartsWith(
                "Node 0's disk became full. ",
                run.GetProperty("sentence").GetString(),
                StringComparison.Ordinal
            );
            Assert.All(
                run.GetProperty("steps").EnumerateArray(),
                s => Assert.Equal("node 0", s.GetProperty("was").GetString())
            );
            Assert.False(run.GetProperty("rto").GetProperty("never").GetBoolean());
            Assert.Equal(
                "down",
                run.GetProperty("nodes")
                    .EnumerateArray()
                    .Last(n => n.GetProperty("node").GetInt32() == 0)
                    .GetProperty("state")
                    .GetString()
            );
            Assert.Equal(1, run.GetProperty("primaries").EnumerateArray().Last().GetProperty("nodes")[0].GetInt32());
            // What PostgreSQL does after a PANIC.
            Assert.Contains("was ended by signal 6", outcome.Output, StringComparison.Ordinal);
            await AssertNoDiskIsLeftAsync(sandbox, file);
        }
    }

    /// <summary>Nobody is left who would remove the lab: <c>destroy</c> does, from outside.</summary>
    [Fact]
    [Trait("Needs", "root")]
    public async Task A_drill_with_a_disk_that_is_killed_as_a_whole_leaves_none()
    {
        var (sandbox, file) = ReadyToFill("{ at: 5m, fill: primary }");
        using (sandbox)
        {
            using (var tool = sandbox.Start(sandbox.Labs, "drill", file, "--no-report"))
            {
                await UntilAsync(() => HasBegun(sandbox) || tool.HasExited, "the run has begun");
                Assert.NotEmpty(SeeingDisks(sandbox));
                Assert.DoesNotContain(tool.Id, SeeingDisks(sandbox));
                // Who keeps the lab, the half that works on it, and the command.
                int[] victims = [.. Named(tool.Id, "host"), .. Named(tool.Id, "internal-drill-run"), tool.Id];
                Assert.Equal(3, victims.Length);
                Assert.All(victims, v => Assert.Equal(0, Signals.Send(v, Kill)));
                await tool.WaitForExitAsync();
            }

            await UntilAsync(() => !HasBegun(sandbox), "the other half has ended");
            Assert.NotEmpty(SeeingDisks(sandbox));
            var lab = Assert.Single(Directory.EnumerateDirectories(sandbox.Variables["TMPDIR"]!));
            (await sandbox.RunAsync("destroy", "--yes", lab)).Ok();
            await AssertNoDiskIsLeftAsync(sandbox, file);
        }
    }

    /// <summary>Children of a process whose first word is such.</summary>
    private static IEnumerable<int> Named(int parent, string word) =>
        Directory
            .EnumerateDirectories($"/proc/{parent}/task")
            .SelectMany(t => File.ReadAllText($"{t}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(int.Parse)
            .Where(c => File.ReadAllText($"/proc/{c}/cmdline").Split('\0').Contains(word));

    [Fact]
    public async Task Who_may_mount_nothing_fills_no_disk_and_is_told_so_before_anything_is_made()
    {
        using var sandbox = Ready(Account.Plain);
        var outcome = (await sandbox.RunAsync("drill", "primary-disk-full", "--no-report")).FailedWith(3);
        Assert.Equal(
            """
            error: The drill primary-disk-full needs root: it fills a disk, which it mounts for that.
              → As root:  sudo pgpoollab drill primary-disk-full
            """,
            outcome.Error.TrimEnd()
        );
        sandbox.AssertNothingIsLeft();
    }
}
