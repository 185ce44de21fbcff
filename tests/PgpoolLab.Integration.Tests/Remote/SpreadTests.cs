using System.Text.Json;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>A lab on several hosts: each is an address of this machine's loopback with its own way in by ssh.</summary>
public sealed class SpreadTests : SshTestBed
{
    private static readonly string[] Names = ["a", "b", "c"];

    /// <summary>The way in to host c.</summary>
    private Sshd _last = null!;

    private Task<Outcome> RunAsync(params string[] arguments) => RunAsync(Folder.Path, arguments);

    private System.Diagnostics.Process Start(string folder, params string[] arguments) =>
        Reaper.Start(
            // Who runs the tests in the background may have SIGINT ignored, and ignoring is inherited.
            new System.Diagnostics.ProcessStartInfo(
                "env",
                ["--default-signal=INT,TERM,HUP", Sandbox.ProgramFile, .. arguments]
            )
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment =
                {
                    ["HOME"] = Home,
                    ["XDG_STATE_HOME"] = $"{Home}/state",
                    ["SSH_AUTH_SOCK"] = "",
                },
            }
        );

    private async Task<Outcome> RunAsync(string folder, string[] arguments)
    {
        using var process = Start(folder, arguments);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return new Outcome(string.Join(' ', arguments), process.ExitCode, await output, await error);
    }

    private async Task ConfigureHostsAsync()
    {
        foreach (var (name, number) in Names.Select((n, i) => (n, i + 1)))
        {
            var sshd = await StartAsync($"ListenAddress 127.0.0.{number}");
            _last = sshd;
            File.AppendAllText(
                $"{Home}/.ssh/config",
                $"Host {name}\n HostName 127.0.0.{number}\n Port {sshd.Port}\n ConnectTimeout 60\n"
            );
            File.SetUnixFileMode($"{Home}/.ssh/config", UnixFileMode.UserRead | UnixFileMode.UserWrite);
            File.AppendAllText(Known, $"[127.0.0.{number}]:{sshd.Port} {sshd.Key().ToLine()}\n");
        }
    }

    [Fact]
    public async Task A_lab_is_made_on_three_hosts_stopped_started_and_removed()
    {
        await ConfigureHostsAsync();
        (
            await RunAsync(
                "up",
                "--hosts",
                string.Join(',', Names),
                "--installed",
                Sandbox.ProgramFile,
                "--port",
                "auto",
                "lab"
            )
        ).Ok();
        System.Diagnostics.Process? events = null;
        try
        {
            await WellAsync();
            await IsSeenFromHereAsync();
            await LetsInFromHereAsync();
            await DoneAsync("stopall");
            await DoneAsync("startall");
            await WellAsync();
            // The primary's end: a standby on another host takes over, and the old one comes back as a copy of it.
            events = Start(Folder["lab"], "events", "-f", "--since", "0s", "--json");
            var happened = new List<string>();
            events.OutputDataReceived += (_, line) =>
            {
                lock (happened)
                {
                    happened.Add(line.Data ?? "");
                }
            };
            events.BeginOutputReadLine();
            await DoneAsync("kill", "primary");
            await UntilAsync(
                async () => RoleOf(await NodesAsync(), 1) == "primary" || RoleOf(await NodesAsync(), 2) == "primary",
                "a standby is promoted"
            );
            await UntilAsync(() => Task.FromResult(Has("promotion-ends")), "the promotion is among the events");
            lock (happened)
            {
                // The Pgpool-II that has given the primary up is on another host than the standby that took over.
                Assert.Contains(happened, h => h.Contains("\"host\":\"a\"", StringComparison.Ordinal));
                Assert.Contains(
                    happened,
                    h =>
                        h.Contains("\"event\":\"promotion-ends\"", StringComparison.Ordinal)
                        && !h.Contains("\"host\":\"a\"", StringComparison.Ordinal)
                );
            }

            Signals.Send(events.Id, 2);
            await events.WaitForExitAsync();
            Assert.Equal(0, events.ExitCode);
            Assert.Empty(Following());
            await DoneAsync("recover", "0", "--yes");
            (await RunAsync(Folder["lab"], ["wait", "--for", "streaming", "--timeout", "3m"])).Ok();
            await WellAsync();
            Assert.Equal("standby", RoleOf(await NodesAsync(), 0));
            await IsSwitchedOverAsync();
            await HasTwoPrimariesAsync();
            await IsSilentAsync();

            bool Has(string name)
            {
                lock (happened)
                {
                    return happened.Exists(h => h.Contains($"\"event\":\"{name}\"", StringComparison.Ordinal));
                }
            }
        }
        finally
        {
            if (events is { HasExited: false })
            {
                events.Kill();
            }

            events?.Dispose();
            (await RunAsync("destroy", "lab")).Ok();
        }

        Assert.False(Directory.Exists(Folder["lab"]));
        // Other tests have labs of that name.
        (await RunAsync("nodes", "--lab", Folder["lab"])).FailedWith((int)Model.ExitCode.NotFound);
    }

    /// <summary>What programs of hosts still send what happens there.</summary>
    private string[] Following() =>
        [
            .. Directory
                .GetDirectories("/proc")
                .Where(d => int.TryParse(Path.GetFileName(d), out _))
                .Select(d =>
                {
                    try
                    {
                        return File.ReadAllText($"{d}/cmdline").Replace('\0', ' ');
                    }
                    catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                    {
                        return "";
                    }
                })
                .Where(c => c.Contains(" part follow ", StringComparison.Ordinal))
                .Where(c => c.Contains(Folder.Path, StringComparison.Ordinal)),
        ];

    private async Task IsSeenFromHereAsync()
    {
        (await RunAsync(Folder["lab"], ["wait", "--for", "healthy", "--timeout", "3m"])).Ok();
        var status = await JsonAsync("status", "--check", "--json");
        Assert.Equal("healthy", status.GetProperty("health").GetString());
        Assert.Equal(
            ["a", "b", "c"],
            status.GetProperty("hosts").EnumerateArray().Select(h => h.GetProperty("name").GetString())
        );
        JsonElement row = default;
        await UntilAsync(
            async () =>
            {
                row = (await JsonAsync("list", "--json"))
                    .GetProperty("labs")
                    .EnumerateArray()
                    .First(l => l.GetProperty("name").GetString() == "lab");
                // A host of a busy machine may not answer in time; then nobody knows.
                return (row.GetProperty("nodesUp").ToString(), row.GetProperty("pgpoolsUp").ToString()) == ("3", "3");
            },
            () => $"the list has three of three up: {row}"
        );
        // The node's own log, from its host, and no other.
        var logs = (await DoneAsync("logs", "1", "--json")).Output;
        Assert.Contains("\"host\":\"b\",\"source\":\"node1\"", logs, StringComparison.Ordinal);
        Assert.DoesNotContain("\"host\":\"a\"", logs, StringComparison.Ordinal);
    }

    private async Task LetsInFromHereAsync()
    {
        const string sql = "SELECT pg_is_in_recovery()";
        await SaysAsync("t\n", "psql", "1", "--", "-XAtc", sql);
        await SaysAsync("f\n", "psql", "primary", "--", "-XAtc", sql);
        await SaysAsync("1\n", "exec", "--", "psql", "-XAtc", "SELECT 1");
        // This machine has the hosts' addresses: by TLS, with the password that was brought here.
        var uri = (await DoneAsync("env", "--format", "uri", "pgpool")).Output.Trim();
        using var psql = Reaper.Start(
            new System.Diagnostics.ProcessStartInfo("psql", [uri, "-XAtc", "SELECT 2"])
            {
                RedirectStandardOutput = true,
            }
        );
        Assert.Equal("2\n", await psql.StandardOutput.ReadToEndAsync());
    }

    private async Task SaysAsync(string expected, params string[] command) =>
        Assert.Equal(expected, (await DoneAsync(command)).Output);

    /// <summary>On a busy machine a host, or a server, may not answer in time: then it is tried again.</summary>
    private async Task<Outcome> DoneAsync(params string[] command)
    {
        Outcome? told = null;
        await UntilAsync(
            async () => (told = await RunAsync(Folder["lab"], command)).ExitCode != (int)Model.ExitCode.NotHealthy,
            () => $"the lab answers: {told?.Error}"
        );
        return told!.Ok();
    }

    /// <summary>Node 0 takes over in good order: no row is lost, and the old primary follows it.</summary>
    private async Task IsSwitchedOverAsync()
    {
        const string fill = "CREATE TABLE t AS SELECT generate_series(1, 10000) AS i";
        await SaysAsync("", "psql", "primary", "--", "-qXc", fill);
        var dry = (await DoneAsync("switchover", "0", "--dry-run")).Output;
        Assert.Contains("promote node 0 on host a\n", dry, StringComparison.Ordinal);
        Assert.Equal("standby", RoleOf(await NodesAsync(), 0));
        // What is set on all hosts holds for whoever is the primary next.
        var set = (await DoneAsync("config", "set", "postgresql.work_mem=9MB")).Output;
        Assert.Equal(3, set.Split('\n').Count(l => l.EndsWith(": in effect", StringComparison.Ordinal)));
        var sync = await DoneAsync("sync", "on", "--json");
        Assert.Equal(1, Parsed(sync).GetProperty("standbys").GetArrayLength());
        await DoneAsync("switchover", "0");
        const string waits = "SHOW work_mem; SHOW synchronous_standby_names";
        await SaysAsync("9MB\nFIRST 1 (server0, server1, server2)\n", "psql", "0", "--", "-XAtc", waits);
        await DoneAsync("sync", "off");
        var after = await NodesAsync();
        Assert.Equal(["primary", "standby", "standby"], Enumerable.Range(0, 3).Select(n => RoleOf(after, n)));
        await WellAsync();
        foreach (var node in (string[])["0", "1", "2"])
        {
            await UntilAsync(
                async () =>
                    (await RunAsync(Folder["lab"], ["psql", node, "--", "-XAtc", "SELECT count(*) FROM t"])).Output
                    == "10000\n",
                $"node {node} has every row"
            );
        }
    }

    /// <summary>A standby that was promoted behind Pgpool-II's back becomes a standby again.</summary>
    private async Task HasTwoPrimariesAsync()
    {
        var plan = (await DoneAsync("restart", "standby", "--dry-run")).Output;
        Assert.DoesNotContain("Host a:", plan, StringComparison.Ordinal);
        Assert.Contains("Host b:", plan, StringComparison.Ordinal);
        Assert.Contains("Host c:", plan, StringComparison.Ordinal);
        await DoneAsync("promote", "2");
        JsonElement two = default;
        await UntilAsync(
            async () => (RoleOf(two = await NodesAsync(), 0), RoleOf(two, 2)) == ("primary", "primary"),
            () => $"there are two primaries: {two}"
        );
        var steps = (await DoneAsync("recover", "--all", "--dry-run")).Output;
        Assert.Contains("Make node 2 on host c a copy of node 0", steps, StringComparison.Ordinal);
        await DoneAsync("recover", "--all");
        await WellAsync();
        Assert.Equal("standby", RoleOf(await NodesAsync(), 2));
    }

    /// <summary>A host whose sshd hangs is said to be silent, by all that look, and keeps nobody waiting.</summary>
    private async Task IsSilentAsync()
    {
        var config = $"{Home}/.ssh/config";
        File.WriteAllText(
            config,
            File.ReadAllText(config).Replace(" ConnectTimeout 60\n", "", StringComparison.Ordinal)
        );
        Signals.Send(_last.Id, 19);
        try
        {
            JsonElement status = default;
            await UntilAsync(
                async () =>
                {
                    status = await JsonAsync("status", "--json");
                    // A busy machine may not answer in time either.
                    return status
                            .GetProperty("hosts")
                            .EnumerateArray()
                            .Count(h => h.GetProperty("answers").GetBoolean()) == 2;
                },
                "two hosts answer"
            );
            var silent = status.GetProperty("hosts").EnumerateArray().Last();
            Assert.Equal("c", silent.GetProperty("name").GetString());
            Assert.Contains(
                status.GetProperty("findings").EnumerateArray(),
                f => f.GetProperty("id").GetString() == "host-silent"
            );
            Assert.DoesNotContain(
                status.GetProperty("findings").EnumerateArray(),
                f => f.TryGetProperty("host", out var host) && host.GetString() == "c"
            );
            var since = silent.GetProperty("silentSince").GetString();
            var list = "";
            await UntilAsync(
                async () =>
                    (list = (await RunAsync("list", "--json")).Ok().Output).Contains(
                        "Host c does not answer since ",
                        StringComparison.Ordinal
                    ),
                () => $"the list says that host c is silent: {list}"
            );
            var nodes = await RunAsync(Folder["lab"], ["nodes", "--json"]);
            Assert.Equal((int)Model.ExitCode.NotHealthy, nodes.ExitCode);
            var again = Parsed(nodes).GetProperty("hosts").EnumerateArray().Last();
            Assert.Equal(since, again.GetProperty("silentSince").GetString());
        }
        finally
        {
            Signals.Send(_last.Id, 18);
        }
    }

    private async Task<JsonElement> JsonAsync(params string[] command) =>
        Parsed((await RunAsync(Folder["lab"], command)).Ok());

    private static JsonElement Parsed(Outcome shown)
    {
        using var document = JsonDocument.Parse(shown.Output);
        return document.RootElement.Clone();
    }

    private async Task<JsonElement> NodesAsync()
    {
        var shown = await RunAsync(Folder["lab"], ["nodes", "--json"]);
        // A busy machine may not answer in time: then it is looked again.
        return shown.ExitCode == (int)Model.ExitCode.NotHealthy ? Parsed(shown) : Parsed(shown.Ok());
    }

    private async Task WellAsync()
    {
        JsonElement report = default;
        await UntilAsync(
            async () =>
            {
                report = await NodesAsync();
                return report
                    .GetProperty("nodes")
                    .EnumerateArray()
                    .All(n =>
                        n.GetProperty("postgres").GetProperty("up").GetBoolean()
                        && n.GetProperty("pgpool") is { ValueKind: JsonValueKind.Object } pgpool
                        && pgpool.GetProperty("status").GetString() is "up" or "waiting"
                    );
            },
            "every node is up"
        );
        Assert.Equal(3, report.GetProperty("nodes").GetArrayLength());
        Assert.Equal(3, report.GetProperty("watchdog").GetArrayLength());
    }

    private static Task UntilAsync(Func<Task<bool>> holds, string what) => UntilAsync(holds, () => what);

    private static async Task UntilAsync(Func<Task<bool>> holds, Func<string> what)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(5), $"Within five minutes it was not so that {what()}.");
            // Each look connects to every host anew.
            await Task.Delay(1000);
        }
    }

    private static string? RoleOf(JsonElement report, int node) =>
        report
            .GetProperty("nodes")
            .EnumerateArray()
            .First(n => n.GetProperty("id").GetInt32() == node)
            .GetProperty("postgres")
            .TryGetProperty("inRecovery", out var recovery)
            ? recovery.ValueKind switch
            {
                JsonValueKind.False => "primary",
                JsonValueKind.True => "standby",
                _ => null,
            }
            : null;
}
