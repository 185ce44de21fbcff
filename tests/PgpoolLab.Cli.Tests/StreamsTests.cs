using System.Diagnostics;

namespace PgpoolLab.Cli.Tests;

/// <summary>The program itself, with its standard streams closed, full or at a terminal.</summary>
public sealed class StreamsTests
{
    private static readonly string Pgpoollab = Path.Combine(AppContext.BaseDirectory, "pgpoollab");

    [Theory]
    [InlineData("<&-", 0)]
    [InlineData("2>&-", 0)]
    [InlineData("2>/dev/full", 0)]
    [InlineData("<&- 2>&-", 0)]
    [InlineData(">&-", 1)]
    [InlineData(">/dev/full", 1)]
    [InlineData(">&- 2>&-", 1)]
    [InlineData("<&- >/dev/full 2>/dev/full", 1)]
    public async Task A_stream_that_is_closed_or_full_crashes_nothing(string redirection, int code)
    {
        using var folder = new TemporaryFolder();
        var target = Path.Combine(folder.Path, "templates");
        await ShellAsync($"\"$0\" templates export '{target}' {redirection}");
        Assert.True(File.Exists(Path.Combine(target, "pgpool", "pgpool.conf.sbn")), "what it does is done");

        Assert.Equal(code, (await ShellAsync($"\"$0\" version {redirection}")).Code);
        Assert.Equal(2, (await ShellAsync($"\"$0\" frobnicate {redirection}")).Code);
    }

    [Theory]
    [InlineData(">&-", "error: Standard output could not be written to: Bad file descriptor.")]
    [InlineData(">/dev/full", "error: Standard output could not be written to: No space left on device.")]
    public async Task An_output_that_is_lost_is_named(string redirection, string message) =>
        Assert.Equal(message + "\n", (await ShellAsync($"\"$0\" version {redirection}")).Error);

    [Fact]
    public async Task A_reader_that_has_had_enough_is_no_failure()
    {
        var (code, output, error) = await ShellAsync("{ \"$0\" --help; echo $? >&2; } | head -1");
        Assert.Equal((0, "Description:\n", "0\n"), (code, output, error));
    }

    [Theory]
    [InlineData("TERM=dumb")]
    [InlineData("TERM=")]
    [InlineData("TERM=xterm NO_COLOR=1")]
    public async Task A_terminal_that_knows_no_escapes_gets_none(string variables)
    {
        var text = await AtTerminalAsync(
            $"{variables} \"$0\" doctor; {variables} \"$0\" frobnicate; {variables} \"$0\" --help"
        );
        Assert.Contains("There is no command frobnicate", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_terminal_is_not_switched_to_another_mode()
    {
        var text = await AtTerminalAsync(
            "export TERM=xterm NO_COLOR=; \"$0\" version; \"$0\" frobnicate; \"$0\" --help"
        );
        Assert.Contains("merror:\u001b[0m", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b[?", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\u001b=", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_terminal_without_Unicode_gets_signs_of_ASCII()
    {
        var text = await AtTerminalAsync("TERM=xterm LC_ALL=C \"$0\" frobnicate");
        Assert.Contains("->", text, StringComparison.Ordinal);
        Assert.True(text.All(char.IsAscii), text);
        Assert.Contains(
            "→",
            await AtTerminalAsync("TERM=xterm LC_ALL=C.UTF-8 \"$0\" frobnicate"),
            StringComparison.Ordinal
        );
    }

    /// <summary>Runs a script with a terminal of its own, as python's pty module makes it; what it wrote
    /// there.</summary>
    private static async Task<string> AtTerminalAsync(string script)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/python3"), "needs python3 for a terminal");
        const string terminal =
            "import pty, sys; sys.exit(pty.spawn(['/bin/sh', '-c', sys.argv[2], sys.argv[1]], stdin_read=lambda "
            + "fd: b'') >> 8)";
        var (_, output, _) = await RunAsync("/usr/bin/python3", "-c", terminal, Pgpoollab, script);
        return output;
    }

    private static Task<(int Code, string Output, string Error)> ShellAsync(string script) =>
        RunAsync("/bin/sh", "-c", script, Pgpoollab);

    private static async Task<(int Code, string Output, string Error)> RunAsync(
        string program,
        params string[] arguments
    )
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }
}
