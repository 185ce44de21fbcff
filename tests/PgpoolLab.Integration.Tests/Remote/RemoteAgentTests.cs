using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Remote;
using PgpoolLab.Ssh;

namespace PgpoolLab.Integration.Tests.Remote;

/// <summary>A conversation with the program at the other end.</summary>
public sealed class RemoteAgentTests : SshTestBed
{
    [Fact]
    public async Task A_command_that_is_cancelled_has_ended_there_and_with_the_connection_all_ends()
    {
        var sshd = await ReadyAsync();
        var host = await ConnectAsync();
        using var cancel = new CancellationTokenSource();
        var (running, process) = await RunAsync(host, "first", cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.False(Directory.Exists($"/proc/{process}"));

        (running, process) = await RunAsync(host, "second", default);
        var agent = sshd.Family();
        await host.DisposeAsync();
        await Assert.ThrowsAsync<HostLostException>(() => running);
        await Sshd.UntilAsync(() => !Directory.Exists($"/proc/{process}"), "the program runs on");
        await Sshd.UntilAsync(() => agent.All(a => !Directory.Exists($"/proc/{a}")), "the agent runs on");
    }

    /// <summary>A cable that is pulled: nothing says so, and SSH's own keep-alive does not see it.</summary>
    [Fact]
    public async Task A_host_that_says_nothing_any_more_is_given_up_after_fifteen_seconds()
    {
        var sshd = await ReadyAsync();
        var time = new FakeTimeProvider();
        var host = await ConnectAsync(Options() with { Clock = time });
        var (running, _) = await RunAsync(host, "command", default);
        var stopped = sshd.Family();
        Sshd.Signal("STOP", stopped);
        var waited = Stopwatch.StartNew();
        for (var seconds = 0; seconds < 15; seconds += 5)
        {
            Assert.False(running.IsCompleted);
            time.Advance(TimeSpan.FromSeconds(5));
        }

        var error = await Assert.ThrowsAsync<HostLostException>(() => running);
        Assert.StartsWith("Host b has not answered since ", error.Message, StringComparison.Ordinal);
        await host.DisposeAsync();
        Assert.True(waited.Elapsed < TimeSpan.FromMinutes(1), $"{waited.Elapsed}");
        Sshd.Signal("CONT", stopped);
        // It is there again, and so is the way to it; what was under way there has ended with its connection.
        await using var again = await ConnectAsync();
        await AnswersAsync(again);
        await Sshd.UntilAsync(
            () => !stopped.Any(p => Directory.Exists($"/proc/{p}")),
            "something of the lost connection runs on"
        );
    }

    [Fact]
    public async Task A_connection_that_breaks_is_reported_with_the_last_words_of_the_agent()
    {
        var sshd = await ReadyAsync();
        var program = Program("program", $"echo 'a last word' >&2; exec '{Sandbox.ProgramFile}' \"$@\"");
        await using var host = await ConnectAsync(Options() with { Agent = new InstalledAgent(program) });
        var (running, _) = await RunAsync(host, "command", default);
        Sshd.Signal("KILL", sshd.Family());
        var error = await Assert.ThrowsAsync<HostLostException>(() => running);
        Assert.Equal(["a last word"], error.Details);
        error = await Assert.ThrowsAsync<HostLostException>(() => AnswersAsync(host));
        Assert.Equal("b", error.Host);
    }

    /// <summary>A command that has begun, and the number of its process.</summary>
    private async Task<(Task Running, int Process)> RunAsync(SshHost host, string name, CancellationToken cancellation)
    {
        var running = host.Programs.RunAsync(
            new CommandSpec("/bin/sh", "-c", $"echo $$ >{name}.tmp; mv {name}.tmp {name}; exec sleep 600")
            {
                WorkingDirectory = Folder.Path,
            },
            cancellation
        );
        await Sshd.UntilAsync(() => File.Exists(Folder[name]), "the program does not begin");
        var process = int.Parse(
            await File.ReadAllTextAsync(Folder[name], CancellationToken.None),
            CultureInfo.InvariantCulture
        );
        return (running, process);
    }
}
