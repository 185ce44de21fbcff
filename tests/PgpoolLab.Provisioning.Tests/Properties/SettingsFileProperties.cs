using CsCheck;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Tests.Properties;

public sealed class SettingsFileProperties
{
    private static readonly Gen<string> Name = Gen.OneOf(
        "work_mem",
        "a",
        "_x9$",
        "auto_explain.log_min_duration",
        "größe",
        "Include_x"
    );

    private static IReadOnlyList<FileSetting> Read(string program, string text) =>
        SettingsFileReader.Parse(program, "--x", "/x", text).Settings;

    [Fact]
    public void What_is_written_for_PostgreSQL_is_read_again() =>
        Gen.Select(Name, Any.Line, Gen.OneOf(" = ", "=", " ", "\t", ""), Gen.OneOf("", " # it's", "#'", " \r"))
            .Sample(
                (name, value, between, end) =>
                {
                    var setting = Assert.Single(
                        Read("postgresql", $"# '\n{name}{between}{ConfigQuoting.Value(value)}{end}\n")
                    );
                    Assert.Equal((name, value, 2), (setting.Name, setting.Value, setting.Line));
                },
                iter: Any.Many
            );

    [Fact]
    public void What_is_written_for_Pgpool_is_read_again() =>
        Any
            .Line.Where(v => !v.Contains('\'') && !v.Contains('\\'))
            .Sample(
                value => Assert.Equal(value, Assert.Single(Read("pgpool", $"health_check_user1 = '{value}'\n")).Value),
                iter: Any.Many
            );

    /// <summary>The manual's rules, written down once more in another way.</summary>
    [Fact]
    public void Of_any_text_each_line_is_a_setting_a_comment_an_include_or_refused_with_its_number() =>
        Gen.OneOf(
                Any.Text,
                Any.Mutation(
                    "work_mem = '4MB'\n#x = 1\ninclude 'a'\nport = 5432 # x\nlog_line_prefix = '%m it''s \\'x'\n"
                )
            )
            .Sample(
                text =>
                {
                    var lines = text.Split('\n');
                    foreach (var program in (string[])["pgpool", "postgresql"])
                    {
                        try
                        {
                            var file = SettingsFileReader.Parse(program, "--x", "/x", text);
                            var numbers = file
                                .Settings.Select(s => s.Line)
                                .Concat(file.Includes.Select(i => i.Line))
                                .Order()
                                .ToArray();
                            Assert.Equal(
                                lines
                                    .Index()
                                    .Where(l => l.Item.Trim(' ', '\t', '\r') is not ("" or ['#', ..]))
                                    .Select(l => l.Index + 1),
                                numbers
                            );
                            Assert.All(
                                file.Settings,
                                s => Assert.Contains(s.Name, lines[s.Line - 1], StringComparison.Ordinal)
                            );
                        }
                        catch (InvalidSpecException error)
                        {
                            Assert.All(
                                error.Problems,
                                p => Assert.Matches(@"^--x: /x, line [0-9]+ is no setting", $"{p}")
                            );
                        }
                    }
                },
                iter: Any.Many
            );
}
