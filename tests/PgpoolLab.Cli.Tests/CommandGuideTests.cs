using System.CommandLine;
using System.Text.RegularExpressions;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Manual;

namespace PgpoolLab.Cli.Tests;

/// <summary>Every command has its place in the help, and examples that work.</summary>
public sealed partial class CommandGuideTests
{
    private static readonly Command Root = AllCommands.Root(new Screen().Terminal, []);

    /// <summary>The words of every command.</summary>
    internal static IEnumerable<string> Names => CommandFacts.All(Root).Select(c => CommandFacts.PathOf(c).TrimEnd());

    [Fact]
    public void Every_command_is_in_a_group_and_has_an_example()
    {
        // But those that no person calls.
        Assert.Equal(
            ["internal-drill-run", "agent", "part", "internal-links", "internal-hang-up"],
            Root.Subcommands.Where(c => CommandGuides.Of(c).Group is null).Select(c => c.Name)
        );
        Assert.Empty(
            CommandFacts
                .All(Root)
                .Where(c => CommandGuides.Of(c).Examples.Count == 0)
                .Select(c => CommandFacts.PathOf(c).TrimEnd())
        );
    }

    [Fact]
    public void An_example_is_a_line_the_program_understands_that_calls_the_command_itself()
    {
        foreach (var command in CommandFacts.All(Root))
        {
            foreach (var (line, effect) in CommandGuides.Of(command).Examples)
            {
                var call = Call().Match(line).Groups[1].Value;
                var parsed = Root.Parse(call, CommandLine.Literally);
                Assert.True(parsed.Errors.Count == 0 && UnknownOption.In(parsed) is null, $"{line}: {call}");
                Assert.StartsWith(CommandFacts.PathOf(command), call + " ", StringComparison.Ordinal);
                Assert.Matches(@"^[A-Z][^#]*[^.]$", effect);
            }
        }
    }

    /// <summary>A program that works with labs reads no words meant for people.</summary>
    [Fact]
    public void Every_command_that_looks_at_a_lab_or_changes_one_has_json()
    {
        // What they print is another program's, or for a shell or a person.
        string[] without =
        [
            "psql",
            "exec",
            "run",
            "host",
            "demo",
            "config",
            "schema",
            "drill schema",
            "drill show",
            "templates",
            "templates export",
            "cache",
            "snapshot",
            "install-links",
            "completion",
            "man",
            "help",
            "hosts",
            "pgpool_setup",
            "watchdog_setup",
        ];
        Assert.Equal(
            without.Order(),
            CommandFacts
                .All(Root)
                .Where(c => !c.Options.Contains(CommandLine.Json))
                .Select(c => CommandFacts.PathOf(c).TrimEnd())
                .Order()
        );
    }

    [Fact]
    public void A_synonym_is_no_command_and_means_one_command()
    {
        var synonyms = Root.Subcommands.SelectMany(c => CommandGuides.Of(c).Synonyms).ToArray();
        Assert.Empty(synonyms.Intersect(Root.Subcommands.Select(c => c.Name)));
        Assert.Equal(synonyms.Distinct(), synonyms);
    }

    [Theory]
    [InlineData("node", "nodes")]
    [InlineData("lsit", "list")]
    [InlineData("stratall", "startall")]
    [InlineData("destry", "destroy")]
    [InlineData("temp", "templates")]
    [InlineData("ls", "list")]
    [InlineData("rm", "destroy")]
    [InlineData("pg_setup", null)]
    [InlineData("frobnicate", null)]
    [InlineData("x", null)]
    public void The_nearest_command_is_suggested(string word, string? command) =>
        Assert.Equal(
            $"There is no command {word}.{(command is null ? "" : $" Did you mean {command}?")}",
            Nearest.NoCommand(Root, word)
        );

    /// <summary>From the program's name to the end of its command line.</summary>
    [GeneratedRegex("""pgpoollab ((?:'[^']*'|[^'`|;&)<>])+)""")]
    private static partial Regex Call();
}
