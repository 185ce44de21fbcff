using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using Spectre.Console;

namespace PgpoolLab.Cli.Tests;

public sealed class PrintableTests
{
    private const string Wicked = "lab\u001b]0;owned\u0007\u009b2J\u202Eedoc\u2066";
    private const string Shown = "lab\\x1B]0;owned\\x07\\x9B2J\\u202Eedoc\\u2066";

    [Fact]
    public void Text_from_elsewhere_reaches_the_terminal_without_control_characters()
    {
        var screen = new Screen();
        screen.Terminal.Say(Wicked);
        screen.Terminal.Error.Write(Wicked + "\n");
        ErrorView.Show(
            screen.Terminal,
            new LabException(ExitCode.Failed, Wicked) { Hints = [Wicked], Details = [Wicked] }
        );
        Terminal.Line(screen.Terminal.Data, Printable.Escape(Wicked));
        var table = new FittedTable(
            [new(Printable.Escape(Wicked))],
            [
                [Printable.Escape(Wicked)],
            ]
        );
        table.Print(screen.Terminal.Data);
        screen.Terminal.Out.WriteLine(Wicked);
        screen.Terminal.Out.Write("{0}\n", Wicked);

        Assert.DoesNotContain(
            screen.Out + screen.Error,
            c => c != '\n' && (char.IsControl(c) || c is '\u202E' or '\u2066')
        );
        Assert.Equal(5, screen.Error.Split(Shown).Length - 1);
        Assert.Equal(5, screen.Out.Split(Shown).Length - 1);
    }

    [Theory]
    [InlineData("a\tb\nc")]
    [InlineData("Müller's → ✓ 🐘")]
    public void What_is_harmless_stays(string text) => Assert.Equal(text, Printable.Of(text));

    [Fact]
    public void Where_there_is_no_Unicode_our_own_signs_are_ASCII_and_names_stay() =>
        Assert.Equal("-> + Müller...", Printable.Of("→ ✓ Müller…", Glyphs.Ascii));

    [Theory]
    [InlineData("Short.", "Short.")]
    [InlineData("  a line of its own form   # stays", "  a line of its own form   # stays")]
    [InlineData(
        "Writes hang until it is back. To end that:  pgpoollab sync off",
        "Writes hang until|it is back. To end|that:|  pgpoollab sync off"
    )]
    [InlineData("A/word/that/is/too/long stays whole", "A/word/that/is/too/long|stays whole")]
    public void A_sentence_is_broken_at_spaces_and_the_command_at_its_end_is_not(string text, string lines) =>
        Assert.Equal(lines.Split('|'), Terminal.Broken(text, 18));
}
