using System.Diagnostics;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Remote;

namespace PgpoolLab.Integration.Tests;

/// <summary>The program as it answers at the other end of a connection.</summary>
public sealed class AgentProgramTests : IDisposable
{
    private readonly Sandbox _sandbox = new(Account.Plain);

    public void Dispose() => _sandbox.Dispose();

    private static Process Start() =>
        Process.Start(
            new ProcessStartInfo(Sandbox.ProgramFile, ["agent", "m4rk"])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                WorkingDirectory = "/",
            }
        )!;

    private static Task<AgentChannel> OpenAsync(Process agent) =>
        AgentChannel.OpenAsync(
            "b",
            agent.StandardOutput.BaseStream,
            agent.StandardInput.BaseStream,
            "m4rk",
            TimeProvider.System,
            CancellationToken.None
        );

    private static async Task UntilAsync(Func<bool> fact, string otherwise)
    {
        var waited = Stopwatch.StartNew();
        while (!fact())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromMinutes(2), otherwise);
            await Task.Delay(5);
        }
    }

    /// <summary>The parser took the first of its words for the command.</summary>
    [Theory]
    [InlineData("agent")]
    [InlineData("list")]
    public async Task The_program_works_by_a_name_that_is_one_of_its_commands(string name)
    {
        var link = _sandbox[name];
        File.CreateSymbolicLink(link, Sandbox.ProgramFile);
        var labs = (await _sandbox.RunProgramAsync([link, "list", "--json"], _sandbox.Labs)).Ok();
        Assert.Equal("{\n  \"labs\": []\n}\n", labs.Output);
        var wrong = await _sandbox.RunProgramAsync([link, "lst"], _sandbox.Labs);
        Assert.Equal(2, wrong.ExitCode);
        Assert.Contains("There is no command lst. Did you mean list?", wrong.Error, StringComparison.Ordinal);
    }

    /// <summary>Whatever ends it: its caller closes the connection, or it is told to end.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_program_answers_for_its_machine_and_leaves_nothing_at_work_when_it_ends(bool bySignal)
    {
        using var agent = Start();
        await using var channel = await OpenAsync(agent);
        var host = new RemoteHost(channel);
        Assert.Equal(agent.Id, (await host.Processes.FindAsync(agent.Id, CancellationToken.None))?.Id);
        Assert.NotEqual("", channel.AgentVersion);
        await host.Files.WriteTextAsync(
            _sandbox["a file ü"],
            "text ü",
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            CancellationToken.None
        );
        Assert.Equal("text ü", await host.Files.ReadTextAsync(_sandbox["a file ü"], CancellationToken.None));
        var running = host.Programs.RunAsync(
            new CommandSpec("/bin/sh", "-c", "echo $$ >pid.tmp; mv pid.tmp pid; exec sleep 600")
            {
                WorkingDirectory = _sandbox[""].TrimEnd('/'),
            },
            CancellationToken.None
        );
        await UntilAsync(() => File.Exists(_sandbox["pid"]), "the program does not start");
        var started = int.Parse(
            await File.ReadAllTextAsync(_sandbox["pid"]),
            System.Globalization.CultureInfo.InvariantCulture
        );
        if (bySignal)
        {
            using var kill = Process.Start("kill", ["-TERM", $"{agent.Id}"]);
            await kill.WaitForExitAsync();
        }
        else
        {
            agent.StandardInput.Close();
        }

        await agent.WaitForExitAsync();
        await UntilAsync(() => !Directory.Exists($"/proc/{started}"), "what it ran runs on");
        await Assert.ThrowsAsync<HostLostException>(() => running);
    }
}
