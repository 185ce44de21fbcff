using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Manual;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Tests;

public sealed class ManPageTests
{
    [Theory]
    [InlineData("psql")]
    [InlineData("cache")]
    [InlineData("cache", "clear")]
    public void A_page_is_made_of_the_definitions(params string[] words)
    {
        var root = AllCommands.Root(new Screen().Terminal, []);
        var command = words.Aggregate(
            root as System.CommandLine.Command,
            (c, w) => c.Subcommands.Single(s => s.Name == w)
        );
        Snapshot.Approve($"man-{string.Join('-', words.Prepend("pgpoollab"))}", ManPage.Of(command));
    }

    [Fact]
    public async Task Every_command_has_a_page_that_groff_finds_no_fault_in()
    {
        using var folder = new TemporaryFolder(" it's");
        var (code, output, error) = await Screen.RunAsync("man", folder["man"]);
        var pages = CommandGuideTests.Names.Select(n => $"pgpoollab-{n.Replace(' ', '-')}.1").Append("pgpoollab.1");
        Assert.Equal((0, "", $"{pages.Count()} pages written to {folder["man/man1"]}.\n"), (code, output, error));
        Assert.Equal(
            pages.Order(StringComparer.Ordinal),
            Directory.GetFiles(folder["man/man1"]).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)
        );
        const string groff = "/usr/bin/groff";
        if (File.Exists(groff))
        {
            var result = await new LocalHost(TimeProvider.System).Programs.RunAsync(
                new CommandSpec(
                    groff,
                    ["-man", "-ww", "-k", "-z", "-Tutf8", .. Directory.GetFiles(folder["man/man1"])]
                ),
                TestContext.Current.CancellationToken
            );
            Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        }
    }

    [Fact]
    public void Every_exit_code_has_a_meaning() =>
        Assert.All(Enum.GetValues<ExitCode>(), c => Assert.EndsWith(".", ManPage.Meaning(c), StringComparison.Ordinal));

    [Theory]
    [InlineData("man", "")]
    [InlineData("completion", "csh")]
    [InlineData("completion")]
    public async Task A_wrong_argument_is_a_mistake(params string[] arguments) =>
        Assert.Equal(2, (await Screen.RunAsync(arguments)).Code);
}
