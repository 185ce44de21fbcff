using PgpoolLab.Cli.Compatibility;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Tests.Compatibility;

/// <summary>The links old scripts call this program by, and the other pgpool_setup that PGPOOL_SETUP may name.</summary>
public sealed class LinkTests : IDisposable
{
    private static readonly string[] Names = ["pgpool_setup", "watchdog_setup"];

    private readonly TemporaryFolder _folder = new("-it's");

    public void Dispose() => _folder.Dispose();

    private string? TargetOf(string name) => new FileInfo(_folder[$"links/{name}"]).LinkTarget;

    private Task<(int Code, string Out, string Error)> InstallAsync(params string[] options) => Screen.RunAsync(["install-links", _folder["links"], .. options]);

    // ---- install-links ----

    [Fact]
    public async Task Both_links_lead_to_this_program_and_making_them_again_is_fine()
    {
        for (var i = 0; i < 2; i++)
        {
            var (code, output, _) = await InstallAsync();
            Assert.Equal((0, ""), (code, output));
            Assert.All(Names, n => Assert.Equal(Environment.ProcessPath, TargetOf(n)));
        }

        Assert.Equal(Names, Directory.GetFileSystemEntries(_folder["links"]).Select(e => Path.GetFileName(e)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_folder_that_is_there_is_used()
    {
        Directory.CreateDirectory(_folder["links"]);
        File.WriteAllText(_folder["links/other"], "mine");
        Assert.Equal(0, (await InstallAsync()).Code);
        Assert.Equal("mine", File.ReadAllText(_folder["links/other"]));
    }

    [Theory]
    [InlineData("pgpool_setup")]
    [InlineData("watchdog_setup")]
    public async Task A_foreign_file_is_replaced_only_by_force(string name)
    {
        Directory.CreateDirectory(_folder["links"]);
        File.WriteAllText(_folder[$"links/{name}"], "the original");
        var (code, output, error) = await InstallAsync();
        Assert.Equal(((int)ExitCode.InTheWay, ""), (code, output));
        Assert.StartsWith($"error: {_folder[$"links/{name}"]} is there already.\n", error, StringComparison.Ordinal);
        Assert.Contains("--force", error, StringComparison.Ordinal);
        Assert.Equal("the original", File.ReadAllText(_folder[$"links/{name}"]));
        Assert.Equal(0, (await InstallAsync("--force")).Code);
        Assert.All(Names, n => Assert.Equal(Environment.ProcessPath, TargetOf(n)));
    }

    [Theory]
    [InlineData("/usr/sbin/pgpool_setup")]
    [InlineData("/nonexistent/pgpool_setup")]
    public async Task A_foreign_link_is_replaced_only_by_force_even_when_it_leads_nowhere(string target)
    {
        Directory.CreateDirectory(_folder["links"]);
        File.CreateSymbolicLink(_folder["links/pgpool_setup"], target);
        var (code, _, error) = await InstallAsync();
        Assert.Equal((int)ExitCode.InTheWay, code);
        Assert.StartsWith($"error: {_folder["links/pgpool_setup"]} is there already, a link to {target}.\n", error, StringComparison.Ordinal);
        Assert.Equal(target, TargetOf("pgpool_setup"));
        Assert.Equal(0, (await InstallAsync("--force")).Code);
        Assert.Equal(Environment.ProcessPath, TargetOf("pgpool_setup"));
    }

    [Fact]
    public async Task The_line_to_paste_can_be_pasted()
    {
        var line = (await InstallAsync()).Error.Split("with:  ")[1].Trim();
        var shell = await new LocalHost(TimeProvider.System).RunAsync(new CommandSpec("/bin/sh", "-c", $"{line}; printf '%s|%s' \"$PGPOOL_SETUP\" \"$WATCHDOG_SETUP\""), CancellationToken.None);
        Assert.Equal(($"{_folder["links/pgpool_setup"]}|{_folder["links/watchdog_setup"]}", ""), (shell.Output, shell.Error));
    }

    // ---- PGPOOL_SETUP ----

    private string Program(string name, bool executable = true)
    {
        File.WriteAllText(_folder[name], "#!/bin/sh\n");
        File.SetUnixFileMode(_folder[name], UnixFileMode.UserRead | UnixFileMode.UserWrite | (executable ? UnixFileMode.UserExecute : 0));
        return _folder[name];
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    public void Without_PGPOOL_SETUP_there_is_no_other(string? variable) => Assert.Null(OtherPgpoolSetup.From(variable, "/usr/bin"));

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
        Assert.Equal((ExitCode.Missing, $"PGPOOL_SETUP names {variable}, which is no program."), (error.Code, error.Message));
    }

    [Fact]
    public void A_file_that_cannot_be_run_is_no_program() => Assert.Throws<LabException>(() => OtherPgpoolSetup.From(Program("text", executable: false), null));
}
