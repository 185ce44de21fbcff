using CsCheck;

namespace PgpoolLab.Hosts.Tests.Properties;

public sealed class ShellProperties
{
    public static TheoryData<string> ShellsThereAre => new(Shells.All);

    [Theory]
    [MemberData(nameof(ShellsThereAre))]
    public void Any_text_goes_through_a_shell_unharmed(string shell) =>
        Any
            .Text.Array[1, 20]
            .Sample(
                texts =>
                    Assert.Equal(
                        texts,
                        Shells.Run(shell, $"printf '%s\\0' {string.Join(' ', texts.Select(Shell.Quote))}")
                    ),
                iter: Any.Few,
                print: Print
            );

    [Theory]
    [MemberData(nameof(ShellsThereAre))]
    public void Any_text_can_be_a_variables_value_and_be_put_into_a_longer_word(string shell) =>
        Any
            .Text.Array[1, 20]
            .Sample(
                texts =>
                    Assert.Equal(
                        texts.Select(t => $"/{t}/data0"),
                        Shells.Run(
                            shell,
                            string.Concat(texts.Select(t => $"x=/{Shell.Quote(t)}/data0; printf '%s\\0' \"$x\"\n"))
                        )
                    ),
                iter: Any.Few,
                print: Print
            );

    [Theory]
    [MemberData(nameof(ShellsThereAre))]
    public void Any_text_that_was_encoded_is_what_printf_makes_of_it(string shell) =>
        Any
            .Text.Array[1, 20]
            .Sample(
                texts =>
                {
                    var words = string.Join(' ', texts.Select(Shell.Encode));
                    // What csh and fish read in another way is not in it.
                    Assert.DoesNotContain('!', words);
                    Assert.DoesNotContain('\n', words);
                    Assert.DoesNotContain(@"\'", words, StringComparison.Ordinal);
                    Assert.Equal(texts, Shells.Run(shell, $"printf '%b\\0' {words}"));
                },
                iter: Any.Few,
                print: Print
            );

    [Fact]
    public void Nothing_is_expanded_where_files_lie_that_a_pattern_could_mean()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["x"], "");
        Any.Line.Array[1, 20]
            .Sample(
                texts =>
                    Assert.Equal(
                        texts,
                        Shells.Run(
                            "/bin/sh",
                            $"cd {Shell.Quote(folder.Path)}; printf '%s\\0' "
                                + $"{string.Join(' ', texts.Select(Shell.Quote))}"
                        )
                    ),
                iter: Any.Few,
                print: Print
            );
    }

    [Fact]
    public void A_safe_word_is_left_as_it_is_and_holds_nothing_that_means_anything() =>
        Any.Text.Sample(
            text => Assert.Equal(Shell.IsSafeWord(text), Shell.Quote(text) == text),
            iter: Any.Many,
            print: Any.Shown
        );

    private static string Print(string[] texts) => string.Join(" | ", texts.Select(Any.Shown));

    [Fact]
    public void What_was_quoted_can_be_unquoted() =>
        Any.Text.Sample(text => Assert.Equal(text, Shell.Unquote(Shell.Quote(text))), iter: Any.Many, print: Any.Shown);

    [Fact]
    public void What_quoting_does_not_make_is_not_unquoted() =>
        Assert.All(["", "a b", "'a'", "'a", "'a b'c", "'a'b c'", "\"a b\""], word => Assert.Null(Shell.Unquote(word)));
}
