using System.Text.Json;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>A lab on several hosts: each is an address of this machine's loopback with its own way in by ssh.</summary>
public sealed class SpreadTests : SshTestBed
{
    private static readonly string[] Names = ["a", "b", "c"];

    private Task<Outcome> RunAsync(params string[] arguments) => RunAsync(Folder.Path, arguments);

    private async Task<Outcome> RunAsync(string folder, string[] arguments)
    {
        using var process = Reaper.Start(
            new System.Diagnostics.ProcessStartInfo(Sandbox.ProgramFile, arguments)
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
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return new Outcome(string.Join(' ', arguments), process.ExitCode, await output, await error);
    }

    private async Task ConfigureHostsAsync()
    {
        foreach (var (name, number) in Names.Select((n, i) => (n, i + 1)))
        {
            var sshd = await StartAsync($"ListenAddress 127.0.0.{number}");
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
        try
        {
            await WellAsync();
            (await RunAsync(Folder["lab"], ["stopall"])).Ok();
            (await RunAsync(Folder["lab"], ["startall"])).Ok();
            await WellAsync();
            // The primary's end: a standby on another host takes over, and the old one comes back as a copy of it.
            (await RunAsync(Folder["lab"], ["kill", "primary"])).Ok();
            await UntilAsync(
                async () => RoleOf(await NodesAsync(), 1) == "primary" || RoleOf(await NodesAsync(), 2) == "primary",
                "a standby is promoted"
            );
            (await RunAsync(Folder["lab"], ["recover", "0"])).Ok();
            await WellAsync();
            Assert.Equal("standby", RoleOf(await NodesAsync(), 0));
        }
        finally
        {
            (await RunAsync("destroy", "lab")).Ok();
        }

        Assert.False(Directory.Exists(Folder["lab"]));
        (await RunAsync("nodes", "--lab", "lab")).FailedWith((int)Model.ExitCode.NotFound);
    }

    private async Task<JsonElement> NodesAsync()
    {
        var shown = (await RunAsync(Folder["lab"], ["nodes", "--json"])).Ok();
        using var document = JsonDocument.Parse(shown.Output);
        return document.RootElement.Clone();
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

    private static async Task UntilAsync(Func<Task<bool>> holds, string what)
    {
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(5), $"Within five minutes it was not so that {what}.");
            await Task.Delay(200);
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
