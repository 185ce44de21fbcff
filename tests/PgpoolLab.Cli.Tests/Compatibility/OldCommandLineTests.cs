using System.CommandLine;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Tests.Compatibility;

public sealed class OldCommandLineTests
{
    private static ParseResult Parse(params string[] arguments) =>
        AllCommands.Root(new Screen().Terminal, arguments).Parse(arguments);

    /// <summary>As the program called by the name of a link.</summary>
    private static async Task<string> TranscriptAsync(string name, params string[] arguments)
    {
        var screen = new Screen();
        var code = await Program.RunAsync(arguments, screen.Terminal, name);
        return $"$ {name} {string.Join(' ', arguments)}\n{screen.Out}-- standard error:\n{screen.Error}-- exit "
            + $"code {code}\n";
    }

    [Theory]
    [InlineData("pgpool_setup", "--no-stop", "-n", "3")]
    [InlineData("pgpool_setup", "-n", "3", "--no-stop")]
    [InlineData("watchdog_setup", "--no-stop", "-n", "3")]
    public void No_stop_does_not_swallow_the_argument_after_it(params string[] arguments)
    {
        var parsed = Parse(arguments);
        Assert.Empty(parsed.Errors);
        Assert.True(parsed.GetValue<bool>("--no-stop"));
        Assert.Equal(3, parsed.GetValue<int?>("-n"));
    }

    [Fact]
    public void Every_option_of_pgpool_setup_is_understood()
    {
        var parsed = Parse(
            "pgpool_setup",
            "-m",
            "r",
            "-n",
            "3",
            "-p",
            "12000",
            "-pg",
            "5432",
            "--no-stop",
            "-d",
            "-s",
            "-r",
            "-e",
            "-t",
            "-c"
        );
        Assert.Empty(parsed.Errors);
        Assert.Equal(
            ("r", 3, 12000, 5432),
            (
                parsed.GetValue<string>("-m"),
                parsed.GetValue<int?>("-n"),
                parsed.GetValue<int?>("-p"),
                parsed.GetValue<int?>("-pg")
            )
        );
        Assert.All(["--no-stop", "-d", "-s", "-r", "-e", "-t", "-c"], o => Assert.True(parsed.GetValue<bool>(o), o));
    }

    [Fact]
    public void Every_option_of_watchdog_setup_is_understood()
    {
        var parsed = Parse(
            "watchdog_setup",
            "-wn",
            "4",
            "-wp",
            "60000",
            "-m",
            "i",
            "-n",
            "3",
            "-p",
            "11000",
            "-pg",
            "5432",
            "--no-stop",
            "-vip",
            "192.0.2.7",
            "-d"
        );
        Assert.Empty(parsed.Errors);
        Assert.Equal(
            (4, 60000, "i", 3, 5432, "192.0.2.7"),
            (
                parsed.GetValue<int?>("-wn"),
                parsed.GetValue<int?>("-wp"),
                parsed.GetValue<string>("-m"),
                parsed.GetValue<int?>("-n"),
                parsed.GetValue<int?>("-pg"),
                parsed.GetValue<string>("-vip")
            )
        );
        Assert.True(parsed.GetValue<bool>("-d"));
    }

    [Fact]
    public void Of_an_option_given_twice_the_last_counts_as_in_the_old_script()
    {
        var parsed = Parse(
            "pgpool_setup",
            "-m",
            "s",
            "-n",
            "2",
            "-p",
            "11000",
            "-s",
            "-s",
            "-m",
            "r",
            "-n",
            "3",
            "-p",
            "12000"
        );
        Assert.Empty(parsed.Errors);
        Assert.Equal(
            ("r", 3, 12000),
            (parsed.GetValue<string>("-m"), parsed.GetValue<int?>("-n"), parsed.GetValue<int?>("-p"))
        );
    }

    [Theory]
    [InlineData("watchdog_setup", "-vip")]
    [InlineData("watchdog_setup", "-vip", "-d")]
    [InlineData("watchdog_setup", "-vip", "--no-stop")]
    public void Vip_needs_no_address(params string[] arguments)
    {
        var parsed = Parse(arguments);
        Assert.Empty(parsed.Errors);
        Assert.Null(parsed.GetValue<string>("-vip"));
    }

    /// <summary>How the original watchdog_setup calls pgpool_setup.</summary>
    [Fact]
    public void The_original_watchdog_setup_can_drive_this_pgpool_setup() =>
        Assert.Empty(Parse("pgpool_setup", "-m", "s", "-p", "50004", "-pg", "51000", "-e").Errors);

    public static TheoryData<string, string, string[]> Mistakes =>
        new()
        {
            { "mode", "pgpool_setup", ["-m", "x"] },
            { "mode-by-name", "pgpool_setup", ["-m", "streaming"] },
            { "number", "pgpool_setup", ["-n", "two"] },
            { "port", "pgpool_setup", ["-p", "abc"] },
            { "value-missing", "pgpool_setup", ["-p"] },
            { "unknown-option", "pgpool_setup", ["--frobnicate"] },
            { "unknown-letter", "pgpool_setup", ["-x"] },
            { "extra-word", "pgpool_setup", ["lab"] },
            { "watchdogs-option", "pgpool_setup", ["-wn", "3"] },
            { "mode", "watchdog_setup", ["-m", "x"] },
            { "number", "watchdog_setup", ["-wn", "x"] },
            { "one-pgpool", "watchdog_setup", ["-wn", "1"] },
            { "pgpool-setups-option", "watchdog_setup", ["-s"] },
            { "address", "watchdog_setup", ["-vip", "nonsense"] },
        };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_told_with_the_line_the_old_script_prints(
        string mistake,
        string name,
        string[] arguments
    )
    {
        var text = await TranscriptAsync(name, arguments);
        Assert.EndsWith("-- exit code 2\n", text, StringComparison.Ordinal);
        Snapshot.Approve($"{name}-{mistake}", text);
        // The same by way of the program's own name.
        Assert.Equal(2, (await Screen.RunAsync([name, .. arguments])).Code);
    }

    [Theory]
    [InlineData("pgpool_setup")]
    [InlineData("watchdog_setup")]
    public async Task Called_by_a_link_it_has_the_help_of_that_command(string name)
    {
        var screen = new Screen();
        Assert.Equal(0, await Program.RunAsync(["--help"], screen.Terminal, name));
        Assert.Contains("-m <MODE>", screen.Out, StringComparison.Ordinal);
        Assert.Contains("The old command line", screen.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("startall", screen.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pgpool_setup")]
    [InlineData("watchdog_setup")]
    public async Task A_folder_that_is_not_empty_is_refused_in_the_old_scripts_words(string name)
    {
        // Or it would make a lab here.
        Assert.NotEmpty(Directory.EnumerateFileSystemEntries(Environment.CurrentDirectory));
        var (code, output, error) = await Screen.RunAsync(name);
        Assert.Equal(((int)ExitCode.InTheWay, ""), (code, output));
        Assert.Contains(
            "Current directory is not empty. Please remove files and directories then try again.",
            error.ReplaceLineEndings(" "),
            StringComparison.Ordinal
        );
    }
}
