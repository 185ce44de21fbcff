using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Configuration files of other installations: how they are read, and what a lab takes of them.</summary>
public sealed class SettingsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's ü");

    public void Dispose() => _folder.Dispose();

    private static SettingsFile Parse(string text, string program = "postgresql") =>
        SettingsFileReader.Parse(program, $"--{program}-conf", "/x/a.conf", text);

    private static string Fixture(string name, [System.Runtime.CompilerServices.CallerFilePath] string file = "") =>
        Path.Combine(Path.GetDirectoryName(file)!, "settings", name);

    private static SettingsFile Published(string program, string name) =>
        SettingsFileReader.Read(program, $"--{program}-conf", Fixture(name));

    [Theory]
    [InlineData("a = 1", "a", "1")]
    [InlineData("a 1", "a", "1")]
    [InlineData("  a=1# a comment", "a", "1")]
    [InlineData("\ta\t=\t128MB\t# a comment\r", "a", "128MB")]
    [InlineData("a = -1", "a", "-1")]
    [InlineData("a = 0x1F", "a", "0x1F")]
    [InlineData("a = .5", "a", ".5")]
    [InlineData("a = 1.5e-3", "a", "1.5e-3")]
    [InlineData("a = on", "a", "on")]
    [InlineData("a = pg_catalog.english", "a", "pg_catalog.english")]
    [InlineData("a.b.c = 'x'", "a.b.c", "x")]
    [InlineData("a'x'", "a", "x")]
    [InlineData("a = ''", "a", "")]
    [InlineData("a = 'it''s #1'  # a comment", "a", "it's #1")]
    [InlineData(@"a = 'it\'s'", "a", "it's")]
    [InlineData(@"a = 'C:\\x\101\t'", "a", "C:\\xA\t")]
    [InlineData("größe = 'ü'", "größe", "ü")]
    public void Settings_are_read_as_PostgreSQL_reads_them(string line, string name, string value)
    {
        var setting = Assert.Single(Parse($"\n{line}\n").Settings);
        Assert.Equal((name, value, 2), (setting.Name, setting.Value, setting.Line));
    }

    [Theory]
    [InlineData(@"a = 'x\y'", @"x\y")]
    [InlineData(@"a = '%d \'x'", @"%d \'x")]
    [InlineData("a = 1min", "1min")]
    public void Pgpool_takes_what_is_between_quotes_as_it_stands(string line, string value) =>
        Assert.Equal(value, Assert.Single(Parse(line, "pgpool").Settings).Value);

    [Theory]
    [InlineData("a")]
    [InlineData("a =")]
    [InlineData("= 1")]
    [InlineData("a = 'x")]
    [InlineData("a = x y")]
    [InlineData("a = /srv/x")]
    [InlineData("1a = 1")]
    [InlineData("a = 'x' 'y'")]
    [InlineData("<VirtualHost *:80>")]
    public void What_is_no_setting_is_named_with_file_and_line(string line)
    {
        foreach (var program in (string[])["pgpool", "postgresql"])
        {
            var error = Assert.Throws<InvalidSpecException>(() => Parse($"# x\n{line}\nb = 1\n", program));
            Assert.Equal(
                (ExitCode.Usage, $"--{program}-conf: /x/a.conf, line 2 is no setting: {line}"),
                (error.Code, $"{Assert.Single(error.Problems)}")
            );
        }
    }

    [Fact]
    public void Quotes_are_not_doubled_in_pgpool_conf() =>
        Assert.Throws<InvalidSpecException>(() => Parse("a = 'it''s'", "pgpool"));

    [Fact]
    public void Of_a_file_that_is_something_else_only_the_first_lines_are_named()
    {
        var error = Assert.Throws<InvalidSpecException>(() =>
            Parse(string.Concat(Enumerable.Repeat(new string('x', 1000) + " ?\n", 1000)))
        );
        Assert.Equal(10, error.Problems.Count);
        Assert.All(error.Problems, p => Assert.InRange($"{p}".Length, 1, 120));
    }

    [Fact]
    public void Comments_are_no_settings_and_includes_are_not_followed()
    {
        var file = Parse(
            "#a = 1\n# b = 2\n# A sentence, in which x = y.\nInclude 'it''s.conf'\ninclude_dir = 'conf.d'\nc = 3\n"
        );
        Assert.Equal(["c"], file.Settings.Select(s => s.Name));
        Assert.Equal(2, file.Commented);
        Assert.Equal(
            [
                (4, "Include", "the settings in it's.conf are not read."),
                (5, "include_dir", "the settings in conf.d are not read."),
            ],
            file.Includes.Select(i => (i.Line, i.Name, $"{i.Reason}"))
        );
    }

    [Fact]
    public async Task A_file_that_cannot_be_one_is_refused_and_keeps_nobody_waiting()
    {
        File.WriteAllBytes(_folder["large"], new byte[(1 << 20) + 1]);
        Directory.CreateDirectory(_folder["folder"]);
        Assert.Equal(
            0,
            (
                await new Hosts.Local.LocalHost(TimeProvider.System).Programs.RunAsync(
                    new Hosts.CommandSpec("mkfifo", _folder["pipe"]),
                    CancellationToken.None
                )
            ).ExitCode
        );
        Assert.Equal($"--pgpool-conf: there is no file {_folder["none"]}.", Refused("none"));
        Assert.Equal($"--pgpool-conf: {_folder["folder"]} is a folder, not a file.", Refused("folder"));
        Assert.Equal(
            $"--pgpool-conf: {_folder["pipe"]} cannot be read: {_folder["pipe"]} is not a regular file.",
            Refused("pipe")
        );
        Assert.StartsWith(
            $"--pgpool-conf: {_folder["large"]} cannot be read: {_folder["large"]} is too large",
            Refused("large"),
            StringComparison.Ordinal
        );
        File.WriteAllBytes(_folder["bom"], [0xEF, 0xBB, 0xBF, .. "a = 1"u8]);
        Assert.Equal(
            "a",
            Assert.Single(SettingsFileReader.Read("pgpool", "--pgpool-conf", _folder["bom"]).Settings).Name
        );

        string Refused(string name) =>
            $"{Assert.Single(
                Assert
                    .Throws<InvalidSpecException>(() =>
                        SettingsFileReader.Read("pgpool", "--pgpool-conf", _folder[name])
                    )
                    .Problems
            )}";
    }

    private Toolset Tools()
    {
        // Names that a program knows are texts in it.
        File.WriteAllText(
            _folder["pgpool"],
            "\u007fELF\0write_function_list\0" + Names("pgpool", "pgpool-4.3.conf", "black_function_list")
        );
        File.WriteAllText(
            _folder["postgres"],
            "\u007fELF\0wal_keep_size\0" + Names("postgresql", "postgresql-15.conf", "wal_keep_segments")
        );
        return new Toolset(
            _folder.Path,
            new PostgresVersion(15, 4),
            _folder["pgpool"],
            _folder.Path,
            new PgpoolVersion(4, 3, 5)
        );

        static string Names(string program, string file, string but) =>
            string.Concat(
                Published(program, file)
                    .Settings.Select(s => s.Name.TrimEnd([.. "0123456789"]))
                    .Where(n => n != but)
                    .Distinct()
                    .Select(n => n + "\0")
            );
    }

    [Theory]
    [InlineData("pgpool", "pgpool-4.3.conf")]
    [InlineData("postgresql", "postgresql-15.conf")]
    public async Task Of_a_published_file_what_is_portable_is_taken_and_the_rest_is_named_with_its_reason(
        string program,
        string name
    )
    {
        var (spec, files) = await PortableSettings.ChooseAsync(
            new LocalHost(TimeProvider.System),
            new LabSpec { Directory = "/srv/lab", SettingsFiles = [Published(program, name)] },
            Tools(),
            default
        );
        var report = Assert.Single(files);
        Snapshot.Approve(
            $"settings-{program}",
            string.Join(
                '\n',
                [
                    .. PortableSettings
                        .Told(report, f => $"{f}")
                        .Select(l => l.Replace(Fixture(name), name, StringComparison.Ordinal)),
                    "",
                    "Taken:",
                    .. spec.AllSettingsOf(program).Select(s => $"{s.Key} = {s.Value}"),
                    "",
                ]
            )
        );
        // Nothing that was taken is refused when it is given by name.
        Assert.Empty(
            (
                spec with
                {
                    Settings = [.. spec.AllSettingsOf(program).Select(s => $"{program}.{s.Key}={s.Value}")],
                }
            ).Validate()
        );
    }

    [Fact]
    public async Task A_value_whose_unit_an_old_Pgpool_would_not_see_is_left_out()
    {
        var file = Published("pgpool", "pgpool-4.3.conf");
        async Task<string[]> LeftOutAsync(int minor) =>
            [
                .. (
                    await PortableSettings.ChooseAsync(
                        new LocalHost(TimeProvider.System),
                        new LabSpec { Directory = "/x", SettingsFiles = [file] },
                        Labs.Tools(pgpoolMinor: minor) with
                        {
                            PgpoolProgram = "/nowhere",
                        },
                        default
                    )
                )
                    .Files[0]
                    .LeftOut.Select(l => $"{l.Name}: {l.Reason}"),
            ];

        Assert.Contains(
            "memqcache_cache_block_size: Pgpool-II 4.1.5 knows no units, and would read 1MB as 1. Give it "
                + "as a plain number.",
            await LeftOutAsync(1)
        );
        Assert.DoesNotContain(await LeftOutAsync(2), l => l.Contains("units", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_setting_given_by_name_wins_over_the_file()
    {
        var file = Parse("Work_Mem = 1MB\nmax_connections = 50\n");
        var (spec, files) = await PortableSettings.ChooseAsync(
            new LocalHost(TimeProvider.System),
            new LabSpec
            {
                Directory = "/x",
                SettingsFiles = [file],
                Settings = ["postgresql.work_mem=2MB", "postgresql.jit=off"],
            },
            Labs.Tools() with
            {
                PostgresBin = "/nowhere",
            },
            default
        );
        Assert.Equal(
            [("max_connections", "50"), ("work_mem", "2MB"), ("jit", "off")],
            spec.AllSettingsOf("postgresql").Select(s => (s.Key, s.Value))
        );
        Assert.Equal(
            [(1, "Work_Mem", "Settings has another value.")],
            files[0].LeftOut.Select(l => (l.Line, l.Name, $"{l.Reason}"))
        );
        Assert.Empty(spec.AllSettingsOf("pgpool"));
    }

    [Theory]
    [InlineData("a = 'caf\u00E9'", "the value is not UTF-8.")]
    [InlineData("a = 'x\\ty'", "the value holds a line break or another control character.")]
    public async Task A_value_that_cannot_be_written_as_it_was_is_left_out(string text, string reason)
    {
        File.WriteAllBytes(_folder["a.conf"], System.Text.Encoding.Latin1.GetBytes(text));
        var spec = new LabSpec
        {
            Directory = "/x",
            SettingsFiles = [SettingsFileReader.Read("postgresql", "--postgresql-conf", _folder["a.conf"])],
        };
        var (_, files) = await PortableSettings.ChooseAsync(
            new LocalHost(TimeProvider.System),
            spec,
            Labs.Tools() with
            {
                PostgresBin = "/nowhere",
            },
            default
        );
        Assert.Equal(reason, $"{Assert.Single(files[0].LeftOut).Reason}");
    }

    [Fact]
    public void What_was_taken_is_in_the_labs_own_file()
    {
        var lab = Labs.Fixed() with { PgpoolSettings = new Dictionary<string, string> { ["num_init_children"] = "4" } };
        Assert.EndsWith(
            "num_init_children = '4'\n",
            RenderedFiles.Of(lab)["etc/pgpool.conf"],
            StringComparison.Ordinal
        );
    }
}
