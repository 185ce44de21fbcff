using System.Text;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;

namespace PgpoolLab.Hosts.Tests;

// One after the other: every child inherits what another test leaves open for its own.
[Collection("processes")]
public abstract class RunTests(HostUnderTest under) : IDisposable
{
    private readonly IHost _host = under.Host;

    public void Dispose()
    {
        under.Dispose();
        GC.SuppressFinalize(this);
    }

    private static CommandSpec Sh(string script, params string[] arguments) =>
        new("/bin/sh", ["-c", script, "sh", .. arguments]);

    private Task<CommandResult> RunAsync(CommandSpec command) =>
        _host.Programs.RunAsync(command, CancellationToken.None);

    [Fact]
    public async Task A_program_leaves_its_output_its_errors_and_its_exit_code()
    {
        var result = await RunAsync(Sh("echo out; echo Prüfung >&2; exit 7"));
        Assert.Equal((7, "out\n", "Prüfung\n"), (result.ExitCode, result.Output, result.Error));
        Assert.True(result.Elapsed > TimeSpan.Zero);
    }

    [Fact]
    public async Task Arguments_arrive_as_they_are()
    {
        var result = await RunAsync(Sh("printf '%s|' \"$@\"", "two words", "", "$HOME", "it's", "*", "ü\n"));
        Assert.Equal("two words||$HOME|it's|*|ü\n|", result.Output);
    }

    [Fact]
    public async Task A_program_reads_the_input_it_is_given()
    {
        Assert.Equal("Prüfung\n2", (await RunAsync(new CommandSpec("cat") { Input = "Prüfung\n2" })).Output);
        Assert.Equal("", (await RunAsync(new CommandSpec("cat"))).Output);
    }

    [Fact]
    public async Task A_program_may_leave_its_input_unread()
    {
        var result = await RunAsync(Sh("exit 3") with { Input = new string('x', 1 << 20) });
        Assert.Equal(3, result.ExitCode);
    }

    [Fact]
    public async Task A_program_works_in_the_folder_it_is_given()
    {
        using var folder = new TemporaryFolder(" it's");
        Assert.Equal(folder.Path + "\n", (await RunAsync(Sh("pwd -P") with { WorkingDirectory = folder.Path })).Output);
    }

    [Fact]
    public async Task Much_output_on_both_streams_and_much_input_at_once_end_well()
    {
        const int size = 4 << 20;
        var echoed = await RunAsync(Sh("tee /dev/stderr") with { Input = new string('i', size) });
        Assert.Equal((0, size, size), (echoed.ExitCode, echoed.Output.Length, echoed.Error.Length));
    }

    [Fact]
    public async Task Programs_speak_untranslated_and_hear_what_the_environment_is_given()
    {
        var result = await RunAsync(Sh("echo \"$LC_ALL $COLOR\"").With("COLOR", "it's blue"));
        Assert.Equal("C it's blue\n", result.Output);
    }

    [Fact]
    public async Task A_variable_can_be_taken_away()
    {
        Assert.Equal("set\n", (await RunAsync(Sh("echo ${HOME+set}").With("HOME", "/"))).Output);
        Assert.Equal("unset\n", (await RunAsync(Sh("echo ${HOME-unset}").With("HOME", null))).Output);
    }

    [Fact]
    public void A_copy_with_a_variable_leaves_the_original_alone()
    {
        var original = new CommandSpec("psql").With("PGPORT", "1");
        var copy = original.With("PGPORT", "2").With("PGHOST", null);
        Assert.Equal("1", original.Environment["PGPORT"]);
        Assert.Equal(
            (2, "2", (string?)null),
            (copy.Environment.Count, copy.Environment["PGPORT"], copy.Environment["PGHOST"])
        );
    }

    [Theory]
    [InlineData("/nonexistent/initdb")]
    [InlineData("pgpoollab-no-such-program")]
    public async Task A_program_that_is_not_there_is_named(string program)
    {
        var error = await Assert.ThrowsAsync<ProgramNotFoundException>(() => RunAsync(new CommandSpec(program)));
        Assert.Equal(ExitCode.Missing, error.Code);
        Assert.Contains(program, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_program_is_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["initdb"], "#!/bin/sh\n");
        var error = await Assert.ThrowsAsync<ProgramNotFoundException>(() =>
            RunAsync(new CommandSpec(folder["initdb"]))
        );
        Assert.Contains(folder["initdb"], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_takes_too_long_is_ended_and_counts_as_failed()
    {
        using var folder = new TemporaryFolder();
        var result = await RunAsync(
            Sh("echo $$ >pid; exec sleep 600") with
            {
                Timeout = TimeSpan.FromMilliseconds(300),
                WorkingDirectory = folder.Path,
            }
        );
        Assert.Equal(143, result.ExitCode);
        Assert.Contains("ended after", result.Error, StringComparison.Ordinal);
        Assert.Null(
            await _host.Processes.FindAsync(int.Parse(File.ReadAllText(folder["pid"])), CancellationToken.None)
        );
    }

    [Fact]
    public async Task A_program_is_ended_before_a_cancelled_run_returns()
    {
        using var folder = new TemporaryFolder();
        using var cancel = new CancellationTokenSource();
        var run = _host.Programs.RunAsync(
            Sh("echo $$ >pid.tmp; mv pid.tmp pid; exec sleep 600") with
            {
                WorkingDirectory = folder.Path,
            },
            cancel.Token
        );
        var pid = await Eventually.FileAsync(folder["pid"]);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Null(await _host.Processes.FindAsync(int.Parse(pid), CancellationToken.None));
    }

    [Fact]
    public async Task What_a_program_prints_is_given_on_as_it_comes()
    {
        using var folder = new TemporaryFolder();
        var said = new StringBuilder();
        var result = await _host.Programs.RunAsync(
            // It ends only when what it has printed has arrived here.
            Sh("echo one; while ! [ -e go ]; do sleep 0.02; done; echo Prüfung; echo no >&2; exit 7") with
            {
                WorkingDirectory = folder.Path,
            },
            (data, _) =>
            {
                said.Append(Encoding.UTF8.GetString(data.Span));
                File.WriteAllText(folder["go"], "");
                return ValueTask.CompletedTask;
            },
            CancellationToken.None
        );
        Assert.Equal(
            (7, "one\nPrüfung\n", "", "no\n"),
            (result.ExitCode, said.ToString(), result.Output, result.Error)
        );
    }

    [Fact]
    public async Task Much_that_is_given_on_arrives_whole()
    {
        var count = 0;
        var result = await _host.Programs.RunAsync(
            Sh("head -c 3000000 /dev/zero"),
            (data, _) =>
            {
                count += data.Length;
                return ValueTask.CompletedTask;
            },
            CancellationToken.None
        );
        Assert.Equal((0, 3_000_000), (result.ExitCode, count));
    }

    [Fact]
    public async Task A_program_whose_output_is_given_on_is_ended_before_a_cancelled_run_returns()
    {
        using var folder = new TemporaryFolder();
        using var cancel = new CancellationTokenSource();
        var run = _host.Programs.RunAsync(
            Sh("echo $$ >pid.tmp; mv pid.tmp pid; echo begun; exec sleep 600") with
            {
                WorkingDirectory = folder.Path,
            },
            (_, _) => ValueTask.CompletedTask,
            cancel.Token
        );
        var pid = await Eventually.FileAsync(folder["pid"]);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Null(await _host.Processes.FindAsync(int.Parse(pid), CancellationToken.None));
    }

    [Fact]
    public async Task A_program_whose_output_is_not_taken_any_more_is_ended()
    {
        using var folder = new TemporaryFolder();
        await Assert.ThrowsAsync<InvalidDataException>(() =>
            _host.Programs.RunAsync(
                Sh("echo $$ >pid; echo begun; exec sleep 600") with
                {
                    WorkingDirectory = folder.Path,
                },
                (_, _) => throw new InvalidDataException("no more"),
                CancellationToken.None
            )
        );
        var pid = int.Parse(File.ReadAllText(folder["pid"]));
        Assert.Null(await _host.Processes.FindAsync(pid, CancellationToken.None));
    }

    [Fact]
    public async Task That_a_program_whose_output_is_given_on_is_not_there_is_said()
    {
        var error = await Assert.ThrowsAsync<ProgramNotFoundException>(() =>
            _host.Programs.RunAsync(
                new CommandSpec("/nonexistent/program"),
                (_, _) => ValueTask.CompletedTask,
                CancellationToken.None
            )
        );
        Assert.Contains("/nonexistent/program", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_program_may_clean_up_first()
    {
        using var folder = new TemporaryFolder();
        using var cancel = new CancellationTokenSource();
        var run = _host.Programs.RunAsync(
            Sh(
                "trap 'echo clean >cleaned; exit 0' TERM; echo $$ >pid.tmp; mv pid.tmp pid; while :; do sleep "
                    + "0.05; done"
            ) with
            {
                WorkingDirectory = folder.Path,
            },
            cancel.Token
        );
        await Eventually.FileAsync(folder["pid"]);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Equal("clean\n", File.ReadAllText(folder["cleaned"]));
    }

    [Fact]
    public async Task A_program_that_ignores_the_request_to_end_is_killed()
    {
        using var folder = new TemporaryFolder();
        using var cancel = new CancellationTokenSource();
        // Ten seconds of patience, which this clock lets pass at once.
        using var hasty = under.With(new HastyClock(speed: 20));
        var run = hasty.Host.Programs.RunAsync(
            Sh("trap '' TERM; echo $$ >pid.tmp; mv pid.tmp pid; while :; do sleep 0.05; done") with
            {
                WorkingDirectory = folder.Path,
            },
            cancel.Token
        );
        var pid = int.Parse(await Eventually.FileAsync(folder["pid"]));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.Null(await _host.Processes.FindAsync(pid, CancellationToken.None));
    }

    [Fact]
    public async Task A_failure_says_what_was_tried_and_what_the_program_said()
    {
        var result = await RunAsync(Sh("echo lots of output; echo 'FATAL: no' >&2; exit 1"));
        var error = Assert.Throws<CommandFailedException>(() => result.OrThrow("create node 0"));
        Assert.Equal("Could not create node 0: sh ended with exit code 1.", error.Message);
        Assert.Equal(["FATAL: no"], error.Words);
        Assert.Equal((ExitCode.Failed, result), (error.Code, error.Result));
    }

    [Fact]
    public async Task A_failure_without_a_word_on_standard_error_quotes_the_end_of_the_output()
    {
        var result = await RunAsync(Sh("seq 1 30; exit 1"));
        Assert.Equal(
            Enumerable.Range(19, 12).Select(i => i.ToString()),
            Assert.Throws<CommandFailedException>(() => result.OrThrow("count")).Words
        );
    }

    [Fact]
    public async Task A_program_a_signal_ended_has_128_and_the_signal()
    {
        Assert.Equal(137, (await RunAsync(Sh("kill -KILL $$"))).ExitCode);
    }

    [Fact]
    public async Task A_success_is_handed_on()
    {
        var result = await RunAsync(Sh("exit 0"));
        Assert.Same(result, result.OrThrow("do nothing"));
    }

    [Fact]
    public async Task Hundreds_of_programs_one_after_the_other_leave_no_descriptor_open()
    {
        await _host.Programs.RunAsync(new CommandSpec("/bin/echo", "first"), TestContext.Current.CancellationToken);
        var before = Pipes();
        for (var i = 0; i < 100; i++)
        {
            await _host.Programs.RunAsync(new CommandSpec("/bin/echo", "again"), TestContext.Current.CancellationToken);
        }

        // Other tests run beside this one, and open folders and files; a leak would be of two pipes for each.
        Assert.InRange(Pipes() - before, -1000, 99);
        static int Pipes() =>
            Directory
                .GetFiles("/proc/self/fd")
                .Count(f => new FileInfo(f).LinkTarget?.StartsWith("pipe:", StringComparison.Ordinal) == true);
    }
}
