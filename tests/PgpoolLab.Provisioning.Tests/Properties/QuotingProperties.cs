using System.Text;
using CsCheck;
using PgpoolLab.Hosts;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Tests.Properties;

public sealed class QuotingProperties
{
    [Fact]
    public void Any_value_comes_out_of_a_configuration_file_as_it_was() =>
        Any.Line.Sample(
            text => Assert.Equal(text, ManualParser.Settings($"x = {ConfigQuoting.Value(text)}\n")["x"]),
            iter: Any.Many,
            print: Any.Shown
        );

    [Fact]
    public void Any_value_comes_out_of_a_connection_string_as_it_was() =>
        Any
            .Text.Array[1, 5]
            .Sample(
                texts =>
                    Assert.Equal(
                        texts,
                        ConnectionValues(
                            string.Join(' ', texts.Select((t, i) => $"k{i}={ConfigQuoting.ConnectionValue(t)}"))
                        )
                    ),
                iter: Any.Many,
                print: t => string.Join(" | ", t.Select(Any.Shown))
            );

    [Fact]
    public void Any_fields_come_out_of_a_password_file_as_they_were() =>
        Any
            .Line.Array[5]
            .Sample(
                fields =>
                    Assert.Equal(
                        fields,
                        PasswordFields(string.Join(':', fields.Select(ConfigQuoting.PasswordFileField)))
                    ),
                iter: Any.Many,
                print: t => string.Join(" | ", t.Select(Any.Shown))
            );

    [Fact]
    public void Any_text_comes_out_of_a_command_with_percent_escapes_as_it_was() =>
        Any.Text.Sample(
            text => Assert.Equal(text, ManualParser.Expanded(ConfigQuoting.Percent(text), "p", "f")),
            iter: Any.Many,
            print: Any.Shown
        );

    [Fact]
    public void Any_text_comes_out_of_a_here_document_as_it_was() =>
        // Not at the beginning of a line: dash spoils some characters behind a word that begins as the end marker does.
        Any
            .Text.Where(t => !t.Split('\n').Any(l => l.StartsWith('E')))
            .Array[1, 10]
            .Sample(
                texts =>
                    Assert.All(
                        Shells.All,
                        shell =>
                            Assert.Equal(
                                texts.Select(t => t + "\n"),
                                Shells.Run(
                                    shell,
                                    string.Concat(
                                        texts.Select(t =>
                                            $"cat <<END\n{ConfigQuoting.HereDocument(t)}\nEND\nprintf '\\0'\n"
                                        )
                                    )
                                )
                            )
                    ),
                iter: Any.Few,
                print: t => string.Join(" | ", t.Select(Any.Shown))
            );

    /// <summary>As everything together: a path in a shell command with percent escapes, in a configuration file, in a
    /// here-document.</summary>
    [Fact]
    public void Any_path_goes_through_all_of_them_at_once() =>
        Any
            .Line.Array[1, 10]
            .Sample(
                texts =>
                {
                    var documents = Shells.Run(
                        "/bin/sh",
                        string.Concat(
                            texts
                                .Select(t => "p " + Shell.Quote(ConfigQuoting.Percent(t)))
                                .Select(c => ConfigQuoting.HereDocument($"x = {ConfigQuoting.Value(c)}"))
                                .Select(line => $"cat <<END\n{line}\nEND\nprintf '\\0'\n")
                        )
                    );
                    var commands = documents.Select(d =>
                        ManualParser.Expanded(ManualParser.Settings(d)["x"], "p", "f")
                    );
                    Assert.Equal(
                        texts,
                        Shells.Run("/bin/sh", "p() { printf '%s\\0' \"$1\"; }\n" + string.Join('\n', commands))
                    );
                },
                iter: Any.Few,
                print: t => string.Join(" | ", t.Select(Any.Shown))
            );

    /// <remarks>libpq's <c>conninfo_parse</c>.</remarks>
    private static List<string> ConnectionValues(string text)
    {
        var values = new List<string>();
        for (var i = 0; i < text.Length; )
        {
            i = text.IndexOf('=', i) + 1;
            var value = new StringBuilder();
            var quoted = i < text.Length && text[i] == '\'';
            i += quoted ? 1 : 0;
            for (; i < text.Length && (quoted ? text[i] != '\'' : !" \t\n\v\f\r".Contains(text[i])); i++)
            {
                i += text[i] == '\\' ? 1 : 0;
                value.Append(text[i]);
            }

            values.Add(value.ToString());
            i++;
            while (i < text.Length && text[i] == ' ')
            {
                i++;
            }
        }

        return values;
    }

    /// <remarks>PostgreSQL manual, libpq, "The Password File".</remarks>
    private static string[] PasswordFields(string line)
    {
        var fields = new List<StringBuilder> { new() };
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == ':')
            {
                fields.Add(new StringBuilder());
                continue;
            }

            i += line[i] == '\\' ? 1 : 0;
            fields[^1].Append(line[i]);
        }

        return fields.Select(f => f.ToString()).ToArray();
    }
}
