using PgpoolLab.Model;

namespace PgpoolLab.Cli.Tests;

public sealed class CommandLineTests
{
    public static TheoryData<string> Commands => [.. CommandGuideTests.Names];

    [Fact]
    public async Task Help_lists_every_command() => Snapshot.Approve("help", await Screen.HelpAsync());

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_command_has_help(string command) =>
        Snapshot.Approve($"help-{command.Replace(' ', '-')}", await Screen.HelpAsync(command.Split(' ')));

    [Fact]
    public async Task Help_on_a_command_is_what_the_option_shows()
    {
        foreach (var words in Commands.Select(c => c.Data.Split(' ')))
        {
            Assert.Equal(await Screen.HelpAsync(words), await Screen.UnbrokenAsync(["help", .. words]));
        }

        Assert.Equal((await Screen.RunAsync("--help")).Out, (await Screen.RunAsync("help")).Out);
        Assert.Equal((await Screen.RunAsync("--help")).Out, (await Screen.RunAsync()).Out);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    public async Task Help_fits_the_window(int width)
    {
        var screen = new Screen(width);
        Assert.Equal(0, await Program.RunAsync(["help"], screen.Terminal));
        Assert.All(screen.Out.Split('\n'), line => Assert.InRange(line.Length, 0, width));
        Snapshot.Approve($"help-{width}", screen.Out);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("-h")]
    [InlineData("-?")]
    public async Task Help_has_three_names(string option)
    {
        var (code, output, error) = await Screen.RunAsync("setup", option);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("Usage:\n  pgpoollab setup [<DIR>] [options]", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_wins_over_a_mistake() =>
        Assert.Equal(0, (await Screen.RunAsync("setup", "--nodes", "x", "--help")).Code);

    [Fact]
    public async Task Help_does_not_depend_on_the_machine()
    {
        foreach (var command in Commands.Select(c => c.Data).Append(""))
        {
            var text = await Screen.HelpAsync(command.Split(' ', StringSplitOptions.RemoveEmptyEntries));
            Assert.DoesNotContain(Environment.CurrentDirectory, text, StringComparison.Ordinal);
            Assert.DoesNotContain(AppContext.BaseDirectory, text, StringComparison.Ordinal);
            // A terminal of the C locale can show it, and so can a pager behind a pipe.
            Assert.DoesNotContain(text, c => !char.IsAscii(c));
            // Examples name folders of any machine's; a rate has a slash as well.
            var above = text.Split("\nExamples:\n")[0].Replace("MB/s", "", StringComparison.Ordinal);
            Assert.DoesNotContain("/", above, StringComparison.Ordinal);
        }
    }

    public static TheoryData<string, string[]> Mistakes =>
        new()
        {
            { "unknown-command", ["frobnicate"] },
            { "unknown-command-nearly-right", ["node"] },
            { "unknown-option", ["setup", "--frobnicate"] },
            { "nodes-no-number", ["setup", "-n", "x"] },
            { "port-no-number", ["setup", "--port", "abc"] },
            { "pg-port-no-number", ["setup", "--pg-port", "abc"] },
            { "mode-unknown", ["setup", "-m", "x"] },
            { "mode-slony", ["setup", "-m", "y"] },
            { "watchdog-no-number", ["setup", "--watchdog", "x"] },
            { "watchdog-of-one", ["setup", "lab", "--watchdog", "1"] },
            { "watchdog-too-many", ["setup", "lab", "--watchdog", "129"] },
            { "slots-in-raw-mode", ["setup", "lab", "-m", "raw", "-s"] },
            { "rewind-in-native-replication", ["setup", "lab", "-m", "r", "-r"] },
            { "install-links-without-folder", ["install-links"] },
            { "standbys-unknown", ["setup", "--standbys", "magic"] },
            { "value-missing", ["setup", "--name"] },
            { "two-folders", ["setup", "one", "two"] },
            { "no-folder", ["setup", ""] },
            { "no-programs-folder", ["setup", "lab", "--pg-bin", ""] },
            { "no-settings-file", ["setup", "lab", "--pgpool-conf", "/nonexistent/pgpool.conf"] },
            { "settings-file-without-name", ["setup", "lab", "--postgresql-conf", ""] },
            { "no-folder-for-links", ["install-links", ""] },
            { "no-folder-for-templates", ["templates", "export", ""] },
            { "two-mistakes", ["setup", "-n", "x", "--frobnicate"] },
            { "templates-without-verb", ["templates"] },
            { "cache-without-verb", ["cache"] },
            { "cache-verb-nearly-right", ["cache", "lsit"] },
            { "unknown-command-of-another-program", ["rm", "lab"] },
            { "unknown-command-begun", ["templ"] },
            { "unknown-option-nearly-right", ["nodes", "--wacth"] },
            { "unknown-option-begun", ["destroy", "--orph"] },
            { "help-on-nothing", ["help", "frobnicate"] },
            { "help-on-something-nearly-right", ["help", "cache", "cler"] },
            { "export-without-folder", ["templates", "export"] },
            { "nodes-extra-argument", ["nodes", "extra"] },
            { "zero-nodes", ["setup", "lab", "-n", "0"] },
            { "too-many-nodes", ["setup", "lab", "-n", "129"] },
            { "port-too-high", ["setup", "lab", "--port", "70000"] },
            {
                "everything-wrong",
                [
                    "up",
                    "lab",
                    "-n",
                    "0",
                    "--port",
                    "0",
                    "--name",
                    ".x",
                    "--set",
                    "nonsense",
                    "--set",
                    "pgpool.x=1",
                    "--pg-version",
                    "15",
                    "--pg-bin",
                    ".",
                ]
            },
            { "destroy-orphans-of-one-lab", ["destroy", "lab", "--orphans"] },
            { "psql-unknown-target", ["psql", "nobody"] },
        };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_told_in_a_few_lines_with_exit_code_2(string name, string[] arguments)
    {
        var text = await Screen.TranscriptAsync(arguments);
        Assert.EndsWith("-- exit code 2\n", text, StringComparison.Ordinal);
        Assert.StartsWith(
            $"$ pgpoollab {string.Join(' ', arguments)}\n-- standard error:\n",
            text,
            StringComparison.Ordinal
        );
        Snapshot.Approve($"mistake-{name}", text);
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task A_mistake_is_not_told_in_the_words_of_a_programming_language(string name, string[] arguments) =>
        Assert.DoesNotContain("System.", name + await Screen.TranscriptAsync(arguments), StringComparison.Ordinal);

    [Theory]
    [InlineData(StandbyMethod.BaseBackup, "setup", "lab")]
    [InlineData(StandbyMethod.BaseBackup, "setup", "lab", "--standbys", "basebackup")]
    [InlineData(StandbyMethod.Clone, "setup", "lab", "--standbys", "clone")]
    [InlineData(StandbyMethod.Clone, "up", "lab", "--standbys=clone")]
    public void Standbys_are_made_as_was_asked(StandbyMethod method, params string[] arguments)
    {
        var parsed = AllCommands.Root(new Screen().Terminal, arguments).Parse(arguments);
        Assert.Empty(parsed.Errors);
        Assert.Equal(method, Cli.Commands.SetupCommand.Spec(parsed, start: arguments[0] == "up").Standbys);
    }

    [Theory]
    [InlineData("@lab")]
    [InlineData("@/etc/hostname")]
    [InlineData("[lab]")]
    public async Task A_folder_may_begin_with_what_other_programs_read_arguments_from(string folder)
    {
        using var home = new TemporaryFolder();
        var inner = home[folder.Replace('/', '-')];
        Directory.CreateDirectory(inner);
        File.WriteAllText(inner + "/mine", "");
        var (code, _, error) = await Screen.RunAsync("setup", inner);
        Assert.Equal((int)ExitCode.InTheWay, code);
        Assert.Contains("holds mine.", error.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.StartsWith(
            $"error: There is no lab named '{folder}'",
            (await Screen.RunAsync("destroy", folder)).Error,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("nodes")]
    [InlineData("status")]
    [InlineData("startall")]
    [InlineData("stopall")]
    [InlineData("env")]
    [InlineData("destroy")]
    [InlineData("psql")]
    public async Task A_lab_that_is_not_there_is_not_found(string command)
    {
        var (code, output, error) = await Screen.RunAsync(command, "--lab", "/nonexistent/no-such-lab");
        Assert.Equal(((int)ExitCode.NotFound, ""), (code, output));
        Assert.StartsWith(
            "error: There is no lab named '/nonexistent/no-such-lab', and none in /nonexistent/no-such-lab.\n  → ",
            error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_folder_that_is_not_empty_is_in_the_way()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["mine"], "");
        var (code, output, error) = await Screen.RunAsync("setup", folder.Path);
        Assert.Equal(((int)ExitCode.InTheWay, ""), (code, output));
        Assert.Contains("is not empty: it holds mine.", error.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Equal([folder["mine"]], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Programs_that_are_missing_are_named_and_nothing_is_touched()
    {
        using var folder = new TemporaryFolder();
        var (code, output, error) = await Screen.RunAsync(
            "setup",
            folder["lab"],
            "--port",
            "auto",
            "--pg-bin",
            folder.Path,
            "--pgpool-dir",
            folder.Path
        );
        Assert.Equal(((int)ExitCode.Missing, ""), (code, output));
        Assert.StartsWith(
            "error: What a lab is made of is not all on this machine.\n",
            error,
            StringComparison.Ordinal
        );
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task A_dry_run_finds_mistakes_too() =>
        Assert.Equal(2, (await Screen.RunAsync("setup", "lab", "-n", "0", "--dry-run")).Code);

    [Fact]
    public async Task Templates_are_exported_and_ones_own_are_kept()
    {
        using var folder = new TemporaryFolder(" it's");
        var (code, output, error) = await Screen.RunAsync("templates", "export", folder["mine"]);
        Assert.Equal((0, ""), (code, output));
        var names = Provisioning.Configuration.TemplateStore.Names;
        Assert.StartsWith($"{names.Count} templates written to {folder["mine"]}.\n", error, StringComparison.Ordinal);
        Assert.All(
            names,
            n =>
                Assert.Equal(Provisioning.Configuration.TemplateStore.BuiltIn(n), File.ReadAllText(folder[$"mine/{n}"]))
        );
        File.WriteAllText(folder["mine/_generated.sbn"], "# mine\n");
        error = (await Screen.RunAsync("templates", "export", folder["mine"])).Error;
        Assert.StartsWith(
            $"0 templates written to {folder["mine"]}; {names.Count} were there already and are kept.\n",
            error,
            StringComparison.Ordinal
        );
        Assert.Equal("# mine\n", File.ReadAllText(folder["mine/_generated.sbn"]));
    }

    [Fact]
    public async Task Quiet_means_results_and_errors_only()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal((0, "", ""), await Screen.RunAsync("templates", "export", folder["a"], "--quiet"));
        Assert.Equal((0, "", ""), await Screen.RunAsync("-q", "templates", "export", folder["b"]));
        Assert.NotEqual("", (await Screen.RunAsync("-q", "nodes", "--lab", "/nonexistent/lab")).Error);
    }

    [Fact]
    public async Task The_version_is_data()
    {
        var (code, output, error) = await Screen.RunAsync("version");
        Assert.Equal((0, ""), (code, error));
        Assert.Matches(@"^pgpoollab \d+\.\d+\.\d+\n", output);
    }
}
