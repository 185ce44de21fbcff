using PgpoolLab.Cli.Manual;
using PgpoolLab.Cli.Manual.Completion;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Cli.Tests;

/// <summary>What a shell completes, asked of the shell itself.</summary>
public sealed class CompletionTests
{
    private const string Bash = "/bin/bash";

    [Theory]
    [InlineData("pgpoollab no", "nodes")]
    [InlineData("pgpoollab cache ", "clear", "list")]
    [InlineData("pgpoollab -q cache c", "clear")]
    [InlineData("pgpoollab nodes --wa", "--watch")]
    [InlineData("pgpoollab nodes --watch --j", "--json")]
    [InlineData("pgpoollab setup --mode sn", "snapshot-isolation")]
    [InlineData("pgpoollab setup --mode = sn", "snapshot-isolation")]
    [InlineData("pgpoollab setup -m sn", "snapshot-isolation")]
    [InlineData("pgpoollab setup --standbys =", "basebackup", "clone")]
    [InlineData("pgpoollab setup --port a", "auto")]
    [InlineData("pgpoollab setup --nodes ")]
    [InlineData("pgpoollab setup f", "folder one")]
    [InlineData("pgpoollab setup --templates f", "folder one")]
    [InlineData("pgpoollab setup --pgpool-conf f", "file", "folder one")]
    [InlineData("pgpoollab nodes --lab d", "demo", "it's a $(lab)")]
    [InlineData("pgpoollab destroy i", "it's a $(lab)")]
    [InlineData("pgpoollab psql p", "pgpool", "primary")]
    [InlineData("pgpoollab psql 1 -- f", "file", "folder one")]
    [InlineData("pgpoollab help cac", "cache")]
    [InlineData("pgpoollab completion z", "zsh")]
    [InlineData("pgpoollab frobnicate ")]
    [InlineData("pgpoollab nodes nodes ")]
    public void Bash_completes(string line, params string[] expected)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["folder one"]);
        File.WriteAllText(folder["file"], "");
        Executable.Write(
            folder["pgpoollab"],
            "#!/bin/sh\n[ \"$*\" = 'list --names' ] && printf '%s\\n' demo \"it's a \\$(lab)\"\n"
        );
        var words = line.Split(' ');
        words[0] = folder["pgpoollab"];
        // The file is there, too.
        Assert.Equal(
            expected
                .Where(e => !line.Contains("--lab d", StringComparison.Ordinal) || e == "demo")
                .Order(StringComparer.Ordinal),
            Completions(folder.Path, words).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Bash_offers_every_command_and_every_option()
    {
        var root = AllCommands.Root(new Screen().Terminal, []);
        using var folder = new TemporaryFolder();
        var expected = new List<(string[] Words, string Offered)>();
        foreach (var command in CommandFacts.All(root).Prepend(root))
        {
            string[] path =
            [
                "pgpoollab",
                .. CommandFacts.PathOf(command).Split(' ', StringSplitOptions.RemoveEmptyEntries),
            ];
            expected.Add(([.. path, "-"], Line(CommandFacts.Options(command).SelectMany(CommandFacts.TypedNames))));
            if (CommandFacts.Commands(command) is { Count: > 0 } below)
            {
                expected.Add(([.. path, ""], Line(below.Select(c => c.Name))));
            }
        }

        var offered = Completions(folder.Path, [.. expected.Select(e => e.Words)]).Select(Line);
        Assert.Equal(
            expected.Select(e => $"{Line(e.Words)}: {e.Offered}"),
            expected.Zip(offered, (e, o) => $"{Line(e.Words)}: {o}")
        );

        static string Line(IEnumerable<string> words) => string.Join(' ', words);
    }

    [Theory]
    [InlineData("bash", "-n")]
    [InlineData("zsh", "-n")]
    [InlineData("fish", "--no-execute")]
    public async Task A_script_is_valid_in_its_shell(string shell, string check)
    {
        var (code, script, error) = await Screen.RunAsync("completion", shell);
        Assert.Equal((0, ""), (code, error));
        // Not all of these need be installed.
        Assert.Contains("snapshot-isolation", script, StringComparison.Ordinal);
        Assert.All(
            CommandFacts.All(AllCommands.Root(new Screen().Terminal, [])),
            c => Assert.Contains(c.Name, script, StringComparison.Ordinal)
        );
        var program = ((string[])["/bin", "/usr/bin", "/usr/local/bin"])
            .Select(f => Path.Combine(f, shell))
            .FirstOrDefault(File.Exists);
        if (program is not null)
        {
            using var folder = new TemporaryFolder();
            File.WriteAllText(folder["script"], script);
            var host = new LocalHost(TimeProvider.System);
            var result = await host.Programs.RunAsync(
                new CommandSpec(program, check, folder["script"]),
                TestContext.Current.CancellationToken
            );
            Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        }
    }

    [Fact]
    public async Task Names_of_labs_are_listed_one_a_line()
    {
        var (code, _, error) = await Screen.RunAsync("list", "--names", "--json");
        Assert.Equal(2, code);
        Assert.StartsWith("error: --names prints plain lines", error, StringComparison.Ordinal);
        Assert.Equal(0, (await Screen.RunAsync("list", "--names")).Code);
    }

    private static string[] Completions(string folder, string[] words) => Completions(folder, [words])[0];

    /// <summary>What bash would offer for the last of the words of each line, as its manual describes it in
    /// "Programmable Completion". One bash is asked for all lines: what takes its time is to read the script.</summary>
    private static string[][] Completions(string folder, string[][] lines)
    {
        const string end = "\n";
        var script = BashCompletion.Script(AllCommands.Root(new Screen().Terminal, []));
        var said = Shells.Run(
            Bash,
            $"cd {Shell.Quote(folder)} || exit\n{script}\n"
                + "compopt() { :; }\n"
                + "offer() {\n"
                + "COMP_WORDS=(\"$@\")\nCOMP_CWORD=$(($# - 1))\nCOMPREPLY=()\n"
                + "_pgpoollab\nfor reply in ${COMPREPLY[@]+\"${COMPREPLY[@]}\"}; do printf '%s\\0' \"$reply\"; done\n"
                + "printf '\\n\\0'\n}\n"
                + string.Concat(lines.Select(l => $"offer {string.Join(' ', l.Select(Shell.Quote))}\n"))
        );
        var offered = lines.Select(_ => new List<string>()).ToArray();
        var line = 0;
        foreach (var word in said)
        {
            if (word == end)
            {
                line++;
            }
            else
            {
                offered[line].Add(word);
            }
        }

        Assert.Equal(lines.Length, line);
        return [.. offered.Select(o => o.ToArray())];
    }
}
