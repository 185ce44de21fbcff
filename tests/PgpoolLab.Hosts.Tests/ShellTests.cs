using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Hosts.Tests;

public sealed class ShellTests
{
    public static TheoryData<string> Nasty =>
        new(
            "",
            "plain",
            "/usr/lib/postgresql/15/bin",
            "two words",
            " leading and trailing ",
            "it's",
            "''",
            "'",
            "\"double\"",
            "$HOME",
            "${x}",
            "$(id)",
            "`id`",
            "back\\slash",
            "ends in \\",
            "two\nlines",
            "\n",
            "tab\there",
            "Prüfstand",
            "🐘",
            "*",
            "?",
            "[a-z]",
            "~",
            "~root",
            "-n",
            "--",
            "#comment",
            "a;b",
            "a&b",
            "a|b",
            "a>b",
            "(a)",
            "{a,b}",
            "!history",
            "%d",
            "a=b",
            "\u007f"
        );

    [Theory]
    [MemberData(nameof(Nasty))]
    public async Task Whatever_is_quoted_arrives_as_it_was(string text)
    {
        // One argument behind the text shows that it was exactly one word.
        var script = $"printf '%s.' {Shell.Quote(text)} end";
        var result = await new LocalHost(TimeProvider.System).Programs.RunAsync(
            new CommandSpec("/bin/sh", "-c", script),
            CancellationToken.None
        );
        Assert.Equal((0, text + ".end."), (result.ExitCode, result.Output));
    }

    [Theory]
    [InlineData("/usr/lib/postgresql/15/bin/initdb", "/usr/lib/postgresql/15/bin/initdb")]
    [InlineData("--no-locale", "--no-locale")]
    [InlineData("", "''")]
    [InlineData("two words", "'two words'")]
    [InlineData("it's", @"'it'\''s'")]
    public void Only_what_needs_quotes_has_them(string text, string quoted) => Assert.Equal(quoted, Shell.Quote(text));

    [Fact]
    public void A_command_is_printed_so_that_it_can_be_pasted() =>
        Assert.Equal(
            "/bin/initdb -D '/srv/my lab/data0' -c 'it'\\''s'",
            new CommandSpec("/bin/initdb", "-D", "/srv/my lab/data0", "-c", "it's").ToString()
        );
}
