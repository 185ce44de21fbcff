using System.Runtime.InteropServices;
using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Hosts.Tests;

/// <summary>A program that is run in the caller's place, and what becomes of signals meanwhile.</summary>
[Collection("processes")]
public sealed partial class ForegroundProgramTests : IDisposable
{
    private const int Hangup = 1,
        Terminate = 15;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [LibraryImport("libc", EntryPoint = "getpgid")]
    private static partial int GroupOf(int process);

    private Task<int> RunAsync(string script, Action<int>? started = null) =>
        ForegroundProgram.RunAsync(
            new CommandSpec("/bin/sh", ["-c", script])
            {
                WorkingDirectory = _folder.Path,
                KeepsEnvironment = true,
                Environment = new Dictionary<string, string?> { ["GIVEN"] = "it's", ["HOME"] = null },
            },
            started ?? (_ => { })
        );

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("exit 0", 0)]
    [InlineData("kill -KILL $$", 137)]
    [InlineData("kill -TERM $$", 143)]
    public async Task Its_exit_code_is_that_of_the_program_and_128_more_than_the_signal_that_ended_it(
        string script,
        int code
    ) => Assert.Equal(code, await RunAsync(script));

    [Fact]
    public async Task It_has_our_environment_and_what_was_said_of_it()
    {
        Assert.Equal(0, await RunAsync("""printf '%s %s %s' "$GIVEN" "${HOME-none}" "${PATH:+path}" >seen"""));
        Assert.Equal("it's none path", await File.ReadAllTextAsync(_folder["seen"]));
    }

    [Fact]
    public async Task It_leads_a_group_of_its_own_whose_number_is_told()
    {
        var told = 0;
        Assert.Equal(0, await RunAsync("echo $$ >seen", group => told = group));
        Assert.Equal($"{told}\n", await File.ReadAllTextAsync(_folder["seen"]));
        Assert.NotEqual(GroupOf(0), told);
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_an_error() =>
        await Assert.ThrowsAsync<ProgramNotFoundException>(() =>
            ForegroundProgram.RunAsync(new CommandSpec(_folder["none"], []), _ => { })
        );

    /// <summary>The signal goes to this process, which runs the tests: only what registers for it survives.</summary>
    [Theory]
    [InlineData(Hangup, "HUP")]
    [InlineData(Terminate, "TERM")]
    public async Task A_signal_is_passed_on_to_the_whole_group(int signal, string name)
    {
        // The shell and a child of it, each with its own trap.
        var running = RunAsync(
            $"""
            sh -c 'trap "echo child >>seen; exit" {name}; echo >ready1; while :; do sleep 0.01; done' &
            trap 'wait; echo shell >>seen; exit 5' {name}
            until [ -s ready1 ]; do sleep 0.01; done
            echo >ready2
            while :; do sleep 0.01; done
            """
        );
        await Eventually.FileAsync(_folder["ready2"]);
        Assert.Equal(0, Kill(Environment.ProcessId, signal));
        Assert.Equal(5, await running);
        Assert.Equal("child\nshell\n", await File.ReadAllTextAsync(_folder["seen"]));
    }

    [Fact]
    public async Task A_group_is_known_by_its_number_and_its_leaders_start()
    {
        ProcessGroup? group = null;
        var running = RunAsync(
            "sleep 600 & echo $! >child; until [ -e go ]; do sleep 0.01; done",
            id => group = ProcessGroup.LedBy(id)
        );
        var child = int.Parse(
            await Eventually.FileAsync(_folder["child"]),
            System.Globalization.CultureInfo.InvariantCulture
        );
        // The program may be quicker than who is told of it.
        await Eventually.TrueAsync(() => group is not null, "the group is known");
        Assert.True(group!.Runs);
        // Another process has the number by now.
        Assert.False((group with { StartedAt = "1" }).Runs);
        Assert.False((group with { StartedAt = "1" }).TrySignal(ProcessSignal.Kill));

        await File.WriteAllTextAsync(_folder["go"], "");
        Assert.Equal(0, await running);
        Assert.True(group.Runs, "what the leader has left is of the group still");
        Assert.True(group.TrySignal(ProcessSignal.Kill));
        await Eventually.TrueAsync(() => !group.Runs, "the group has ended");
        var host = new LocalHost(TimeProvider.System);
        Assert.Null(await host.Processes.FindAsync(child, CancellationToken.None));
    }

    [Fact]
    public async Task A_program_in_pipes_is_asked_to_end_and_has_its_time()
    {
        using var enough = new CancellationTokenSource();
        var (said, printed) = (new List<string>(), new List<string>());
        var code = await PipedProgram.RunAsync(
            new CommandSpec(
                "/bin/sh",
                ["-c", "trap 'echo bye; exit 9' TERM; echo problem >&2; echo ready; while :; do sleep 0.01; done"]
            ),
            line =>
            {
                printed.Add(line);
                enough.Cancel();
            },
            said.Add,
            enough.Token
        );
        Assert.Equal(9, code);
        Assert.Equal(["ready", "bye"], printed);
        Assert.Equal(["problem"], said);
    }
}
