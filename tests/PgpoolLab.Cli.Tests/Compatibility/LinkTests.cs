using PgpoolLab.Cli.Compatibility;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Tests.Compatibility;

/// <summary>The small programs old scripts call this one by, and the other pgpool_setup that PGPOOL_SETUP may
/// name.</summary>
public sealed class LinkTests : IDisposable
{
    private static readonly string[] Names = ["pgpool_setup", "watchdog_setup"];

    private readonly TemporaryFolder _folder = new("-it's");

    public void Dispose() => _folder.Dispose();

    private string Link(string name) => _folder[$"links/{name}"];

    private Task<(int Code, string Out, string Error)> InstallAsync(params string[] options) =>
        Screen.RunAsync(["install-links", _folder["links"], .. options]);

    private static void AssertCalls(string path, params string[] program)
    {
        Assert.Null(new FileInfo(path).LinkTarget);
        Assert.Equal(program.Length > 0 ? program : [Environment.ProcessPath!], SetupWrapper.ProgramOf(path));
    }

    /// <summary>A program that says how it was called, as the links call it.</summary>
    private string Echo(string name)
    {
        Executable.Write(_folder[name], "#!/bin/sh\nprintf '<%s>' \"$0\" \"$@\"\n");
        return _folder[name];
    }

    private static Task<CommandResult> ShellAsync(string script, params string[] words) =>
        new LocalHost(TimeProvider.System).Programs.RunAsync(
            new CommandSpec("/bin/sh", ["-c", script, "sh", .. words]),
            CancellationToken.None
        );

    // ---- install-links ----

    [Fact]
    public async Task Both_call_this_program_and_making_them_again_is_fine()
    {
        for (var i = 0; i < 2; i++)
        {
            var (code, output, _) = await InstallAsync();
            Assert.Equal((0, ""), (code, output));
            Assert.All(Names, n => AssertCalls(Link(n)));
        }

        Assert.Equal(
            Names,
            Directory
                .GetFileSystemEntries(_folder["links"])
                .Select(e => Path.GetFileName(e))
                .Order(StringComparer.Ordinal)
        );
    }

    /// <summary>Many scripts call the old programs as <c>sh $PGPOOL_SETUP -n 2</c>, which a link to a binary cannot
    /// bear.</summary>
    [Theory]
    [InlineData("\"$1\"")]
    [InlineData("sh \"$1\"")]
    [InlineData("dash \"$1\"")]
    [InlineData("bash \"$1\"")]
    [InlineData("cd \"${1%/*}\" && ./${1##*/}")]
    [InlineData("PATH=\"${1%/*}:$PATH\" && ${1##*/}")]
    [InlineData("ln -s \"$1\" \"$1.link\" && \"$1.link\"")]
    [InlineData("ln -s \"$1\" \"$1.link\" && sh \"$1.link\"")]
    public async Task It_works_by_itself_by_a_shell_and_by_a_link_whatever_folder_the_program_is_in(string call)
    {
        const string nasty = "a {} $HOME `x` \"q\" \\ 'it\u2028";
        foreach (var name in Names)
        {
            var program = Echo($"{nasty} {name}");
            var path = Path.Combine(Directory.CreateDirectory(_folder[$"li nks {name}"]).FullName, name);
            SetupWrapper.Write(path, SetupWrapper.Text(name, [program]));
            AssertCalls(path, program);
            var said = await ShellAsync($"{call} -n 2 -vip '' 'a b'", path);
            Assert.Equal(($"<{program}><{name}><-n><2><-vip><><a b>", "", 0), (said.Output, said.Error, said.ExitCode));
        }
    }

    [Fact]
    public async Task A_program_that_dotnet_runs_is_called_by_dotnet()
    {
        var (dotnet, library) = (Echo("dot net"), _folder["it's/pgpoollab.dll"]);
        SetupWrapper.Write(_folder["here"], SetupWrapper.Text("pgpool_setup", [dotnet, library]));
        AssertCalls(_folder["here"], dotnet, library);
        Assert.Equal(
            $"<{dotnet}><{library}><pgpool_setup><-n><2>",
            (await ShellAsync("sh \"$1\" -n 2", _folder["here"])).Output
        );
    }

    [Fact]
    public async Task When_the_program_is_gone_it_says_so_and_how_to_get_another()
    {
        SetupWrapper.Write(_folder["here"], SetupWrapper.Text("pgpool_setup", ["/non existent/pgpoollab"]));
        var said = await ShellAsync("sh \"$1\" -n 2", _folder["here"]);
        Assert.Equal((int)ExitCode.Missing, said.ExitCode);
        Assert.Equal(
            $"{_folder["here"]}: /non existent/pgpoollab is not there any more; install pgpoollab, then call: "
                + "pgpoollab install-links DIR\n",
            said.Error
        );
    }

    [Fact]
    public async Task A_folder_that_is_there_is_used()
    {
        Directory.CreateDirectory(_folder["links"]);
        File.WriteAllText(_folder["links/other"], "mine");
        Assert.Equal(0, (await InstallAsync()).Code);
        Assert.Equal("mine", File.ReadAllText(_folder["links/other"]));
    }

    [Fact]
    public async Task Those_of_earlier_releases_and_of_a_program_that_has_moved_are_replaced()
    {
        Directory.CreateDirectory(_folder["links"]);
        File.CreateSymbolicLink(Link("pgpool_setup"), "/nonexistent/bin/pgpoollab");
        SetupWrapper.Write(
            Link("watchdog_setup"),
            SetupWrapper.Text("watchdog_setup", ["/nonexistent/it's/pgpoollab"])
        );
        Assert.Equal(0, (await InstallAsync()).Code);
        Assert.All(Names, n => AssertCalls(Link(n)));
    }

    [Fact]
    public async Task A_link_to_this_program_is_replaced_and_the_program_stays()
    {
        Directory.CreateDirectory(_folder["links"]);
        File.CreateSymbolicLink(Link("pgpool_setup"), Environment.ProcessPath!);
        var before = new FileInfo(Environment.ProcessPath!).Length;
        Assert.Equal(0, (await InstallAsync()).Code);
        AssertCalls(Link("pgpool_setup"));
        Assert.Equal(before, new FileInfo(Environment.ProcessPath!).Length);
    }

    [Theory]
    [InlineData("pgpool_setup", "the original")]
    [InlineData("watchdog_setup", "the original")]
    [InlineData("pgpool_setup", "")]
    [InlineData("watchdog_setup", "ours with a line of the user's")]
    public async Task A_foreign_file_is_replaced_only_by_force(string name, string text)
    {
        Directory.CreateDirectory(_folder["links"]);
        text = text.StartsWith("ours", StringComparison.Ordinal)
            ? SetupWrapper.Text(name, [Environment.ProcessPath!]) + "# mine\n"
            : text;
        File.WriteAllText(Link(name), text);
        var (code, output, error) = await InstallAsync();
        Assert.Equal(((int)ExitCode.InTheWay, ""), (code, output));
        Assert.StartsWith($"error: {Link(name)} is there already.\n", error, StringComparison.Ordinal);
        Assert.Contains("--force", error, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(Link(name)));
        Assert.Equal([Link(name)], Directory.GetFileSystemEntries(_folder["links"]));
        Assert.Equal(0, (await InstallAsync("--force")).Code);
        Assert.All(Names, n => AssertCalls(Link(n)));
    }

    [Theory]
    [InlineData("/usr/sbin/pgpool_setup")]
    [InlineData("/nonexistent/pgpool_setup")]
    [InlineData("original")]
    public async Task A_foreign_link_is_replaced_only_by_force_and_never_what_it_leads_to(string target)
    {
        Directory.CreateDirectory(_folder["links"]);
        File.WriteAllText(_folder["links/original"], "the original");
        File.CreateSymbolicLink(Link("pgpool_setup"), target);
        var (code, _, error) = await InstallAsync();
        Assert.Equal((int)ExitCode.InTheWay, code);
        Assert.StartsWith(
            $"error: {Link("pgpool_setup")} is there already, a link to {target}.\n",
            error,
            StringComparison.Ordinal
        );
        Assert.Equal(target, new FileInfo(Link("pgpool_setup")).LinkTarget);
        Assert.Equal(0, (await InstallAsync("--force")).Code);
        AssertCalls(Link("pgpool_setup"));
        Assert.Equal("the original", File.ReadAllText(_folder["links/original"]));
    }

    [Fact]
    public async Task A_folder_of_that_name_is_left_alone_by_force_too()
    {
        Directory.CreateDirectory(Link("pgpool_setup"));
        Assert.All(
            [await InstallAsync(), await InstallAsync("--force")],
            a => Assert.Equal(((int)ExitCode.InTheWay, ""), (a.Code, a.Out))
        );
        Assert.Equal([Link("pgpool_setup")], Directory.GetFileSystemEntries(_folder["links"]));
    }

    [Fact]
    public async Task The_line_to_paste_can_be_pasted()
    {
        var line = (await InstallAsync()).Error.Split("with:  ")[1].Trim();
        var shell = await new LocalHost(TimeProvider.System).Programs.RunAsync(
            new CommandSpec("/bin/sh", "-c", $"{line}; printf '%s|%s' \"$PGPOOL_SETUP\" \"$WATCHDOG_SETUP\""),
            CancellationToken.None
        );
        Assert.Equal(
            ($"{_folder["links/pgpool_setup"]}|{_folder["links/watchdog_setup"]}", ""),
            (shell.Output, shell.Error)
        );
    }

    // ---- PGPOOL_SETUP ----

    private string Program(string name, bool executable = true)
    {
        Executable.Write(
            _folder[name],
            "#!/bin/sh\n",
            UnixFileMode.UserRead | UnixFileMode.UserWrite | (executable ? UnixFileMode.UserExecute : 0)
        );
        return _folder[name];
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void Without_PGPOOL_SETUP_there_is_no_other(string? variable) =>
        Assert.Null(OtherPgpoolSetup.From(variable, "/usr/bin"));

    [Fact]
    public async Task This_very_program_is_no_other()
    {
        // The variable holds words: a path with a space in it cannot be named there.
        File.CreateSymbolicLink(_folder["this"], Environment.ProcessPath!);
        Assert.Null(OtherPgpoolSetup.From(_folder["this"], null));
        await InstallAsync();
        Assert.Null(OtherPgpoolSetup.From(_folder["links/pgpool_setup"], null));
        Assert.Null(OtherPgpoolSetup.From("pgpool_setup", $"/nonexistent:{_folder["links"]}"));
    }

    [Fact]
    public void Another_program_may_be_named_by_path_or_found_on_PATH_and_have_words_of_its_own()
    {
        var program = Program("theirs");
        Assert.NotNull(OtherPgpoolSetup.From(program, null));
        Assert.NotNull(OtherPgpoolSetup.From($"{program} -d  -x", null));
        Assert.NotNull(OtherPgpoolSetup.From("theirs", $"/nonexistent:{_folder.Path}"));
        Assert.NotNull(OtherPgpoolSetup.From(Path.GetRelativePath(Environment.CurrentDirectory, program), null));
    }

    [Theory]
    [InlineData("/nonexistent/pgpool_setup")]
    [InlineData("no-such-program")]
    public void What_is_no_program_is_named(string variable)
    {
        var error = Assert.Throws<LabException>(() => OtherPgpoolSetup.From(variable, _folder.Path));
        Assert.Equal(
            (ExitCode.Missing, $"PGPOOL_SETUP names {variable}, which is no program."),
            (error.Code, error.Message)
        );
    }

    [Fact]
    public void A_file_that_cannot_be_run_is_no_program() =>
        Assert.Throws<LabException>(() => OtherPgpoolSetup.From(Program("text", executable: false), null));
}
