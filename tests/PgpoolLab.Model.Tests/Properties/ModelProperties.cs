using CsCheck;

namespace PgpoolLab.Model.Tests.Properties;

public sealed class ModelProperties
{
    private static readonly Gen<int?> AnyPort = Gen.OneOf(
            Gen.Int[1, 65535],
            Gen.Int[65400, 65600],
            Gen.Int[11000, 11010],
            Gen.Int
        )
        .Nullable(0.2);

    private static readonly Gen<LabSpec> AnySpec = Gen.Select(
        Gen.Select(
            Any.Text.Select(t => "/" + t),
            Any.Text.Null(0.3),
            Gen.OneOf(Gen.Int[-1, 130], Gen.Int),
            Gen.OneOf(Gen.Int[-1, 4], Gen.Int[1, 130], Gen.Int)
        ),
        Gen.Select(Gen.Enum<ClusteringMode>(), AnyPort, AnyPort, Gen.Bool, Gen.Bool),
        AnySetting.Array[0, 4],
        (first, second, settings) =>
            new LabSpec
            {
                Directory = first.Item1,
                Name = first.Item2,
                Nodes = first.Item3,
                PgpoolNodes = first.Item4,
                Mode = second.Item1,
                Port = second.Item2,
                PostgresPort = second.Item3,
                UseSlots = second.Item4,
                UseRewind = second.Item5,
                Settings = settings,
            }
    );

    private static Gen<string> AnySetting =>
        Gen.OneOf(
            Any.Text,
            Gen.Select(
                Gen.OneOf("pgpool.", "postgresql.", "pgpool", ""),
                Gen.OneOf("work_mem", "port", "a.b", "backend_port0", "", "9x"),
                Gen.OneOf("=", " = ", ""),
                Any.Text,
                (a, b, c, d) => a + b + c + d
            )
        );

    [Fact]
    public void Whatever_is_asked_is_answered_with_problems_or_none_and_never_with_a_crash() =>
        AnySpec.Sample(spec => Assert.DoesNotContain(spec.Problems(), string.IsNullOrWhiteSpace), iter: Any.Many);

    [Fact]
    public void A_spec_without_problems_has_ports_that_exist_each_used_once() =>
        Gen.Select(
                Gen.Int[1, 65535],
                Gen.Int[1, 65535].Nullable(0.5),
                Gen.Int[1, LabSpec.MaxNodes],
                Gen.Int[1, LabSpec.MaxPgpoolNodes]
            )
            .Sample(
                (port, nodePort, nodes, pgpools) =>
                {
                    var spec = new LabSpec
                    {
                        Directory = "/x",
                        Port = port,
                        PostgresPort = nodePort,
                        Nodes = nodes,
                        PgpoolNodes = pgpools,
                    };
                    if (spec.Validate().Count > 0)
                    {
                        return;
                    }

                    var ports = PortLayout.From(port, pgpools, nodePort).All(nodes).Select(p => p.Port).ToArray();
                    Assert.All(ports, p => Assert.InRange(p, 1, 65535));
                    Assert.Equal(ports.Length, ports.Distinct().Count());
                },
                iter: Any.Many
            );

    [Fact]
    public void A_setting_that_is_accepted_comes_out_as_it_was_given() =>
        Gen.Select(Gen.OneOf("pgpool", "postgresql"), Any.Line.Select(t => t.Trim()))
            .Sample(
                (program, value) =>
                {
                    var spec = new LabSpec { Directory = "/x", Settings = [$"{program}.some_thing={value}"] };
                    if (spec.Validate().Count == 0)
                    {
                        Assert.Equal(value, spec.SettingsOf(program)["some_thing"]);
                    }
                    else
                    {
                        Assert.True(program == "pgpool" && value.Contains('\''), Any.Shown(value));
                    }
                },
                iter: Any.Many
            );

    [Fact]
    public void A_name_that_is_accepted_is_one_line_that_is_no_path_and_no_option() =>
        Any
            .Text.Where(t =>
                new LabSpec { Directory = "/x", Name = t }
                    .Validate()
                    .Count == 0
            )
            .Sample(
                name =>
                    Assert.True(
                        name.Length is > 0 and <= 100
                            && name[0] is not ('-' or '.')
                            && !name.Contains('/')
                            && !name.Any(char.IsControl)
                    ),
                print: Any.Shown
            );

    [Fact]
    public void A_PostgreSQL_version_is_found_whatever_stands_around_it() =>
        Gen.Select(Gen.Int[1, 99], Gen.Int[0, 99], Any.Line)
            .Sample(
                (major, minor, distribution) =>
                    Assert.Equal(
                        new PostgresVersion(major, minor),
                        PostgresVersion.Parse($"postgres (PostgreSQL) {major}.{minor} ({distribution})\n")
                    ),
                iter: Any.Many
            );

    [Fact]
    public void A_Pgpool_version_is_found_whatever_stands_around_it() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[0, 99], Gen.Int[0, 99], Any.Line)
            .Sample(
                (major, minor, patch, name) =>
                    Assert.Equal(
                        new PgpoolVersion(major, minor, patch),
                        PgpoolVersion.Parse($"pgpool-II version {major}.{minor}.{patch} ({name})\n")
                    ),
                iter: Any.Many
            );

    [Fact]
    public void A_text_that_is_no_version_is_none()
    {
        Gen.OneOf(Any.Text, Any.Mutation("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"))
            .Sample(
                text => Assert.True(PostgresVersion.Parse(text) is null or { Major: >= 0, Minor: >= 0 }),
                iter: Any.Many,
                print: Any.Shown
            );
        Gen.OneOf(Any.Text, Any.Mutation("pgpool-II version 4.3.5 (tamahomeboshi)\n"))
            .Sample(
                text => Assert.True(PgpoolVersion.Parse(text) is null or { Major: >= 0, Minor: >= 0, Patch: >= 0 }),
                iter: Any.Many,
                print: Any.Shown
            );
    }

    [Fact]
    public void A_mode_is_known_by_its_letter_and_its_name_and_by_nothing_else() =>
        Gen.OneOf(Any.Text, Gen.OneOf([.. ClusteringModes.Names]))
            .Sample(
                text =>
                    Assert.Equal(
                        ClusteringModes.Names.Contains(text) || text is "y" or "slony",
                        ClusteringModes.Parse(text) is not null
                    ),
                iter: Any.Many
            );
}
