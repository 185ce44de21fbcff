using System.Text.Json;
using CsCheck;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;
using PgpoolLab.Provisioning.LabFiles;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Tests.LabFiles;

namespace PgpoolLab.Provisioning.Tests.Properties;

/// <summary>A lab, the file it is exported as, and the lab made of that.</summary>
public sealed class LabFileProperties
{
    private static readonly Gen<LabFile> Said = Gen.Select(
        Gen.Select(
            Gen.OneOf(
                ClusteringMode.StreamingReplication,
                ClusteringMode.NativeReplication,
                ClusteringMode.Raw,
                ClusteringMode.LogicalReplication,
                ClusteringMode.SnapshotIsolation
            ),
            Gen.Int[1, 5],
            Gen.Int[1, 4],
            Gen.Int[1000, 20000],
            Gen.Int[21000, 60000].Nullable(),
            Gen.Bool
        ),
        Gen.Select(Gen.Bool, Gen.Bool, Gen.Bool, Gen.Bool, Gen.OneOf("scram", "md5", "trust")),
        Gen.Select(Any.Line, Any.Line.Select(v => v.Replace("'", "", StringComparison.Ordinal)), Gen.Int[0, 2]),
        Gen.Select(Gen.OneOf("app", "it's", "a\"b: c", "17", "true", "~"), Gen.Bool, Gen.Int[0, 3]),
        (numbers, truths, values, names) =>
        {
            var (mode, nodes, pgpools, port, postgresPort, automatic) = numbers;
            var (slots, rewind, clone, tls, auth) = truths;
            var (postgres, pgpool, listen) = values;
            var (name, owns, contents) = names;
            var streaming = mode is ClusteringMode.StreamingReplication;
            return new LabFile
            {
                Name = $"lab {name}",
                Mode = mode,
                Nodes = nodes,
                Watchdog = pgpools > 1 ? pgpools : null,
                Port = automatic ? null : port,
                AutomaticPort = automatic,
                PostgresPort = postgresPort,
                Slots = slots && streaming,
                Rewind = rewind && streaming,
                Standbys = clone ? StandbyMethod.Clone : null,
                Tls = tls,
                Auth = AuthMethods.Parse(auth),
                Listen = listen == 0 ? null : ["192.0.2.1", "*"],
                PostgresVersion = contents == 0 ? 15 : null,
                PostgresBin = contents == 1 ? "/opt/it's/bin" : null,
                PgpoolDirectory = contents == 2 ? "/opt/pgpool" : null,
                RunAs = contents == 3 ? "olga" : null,
                InitDbArguments = contents > 1 ? ["--locale=C", "-k"] : null,
                Settings = [$"postgresql.some.setting={postgres}", $"pgpool.some_setting={pgpool}"],
                Roles =
                    contents > 0
                        ? [new LabRole(name) { CreatesDatabases = owns }, new LabRole("members") { CanLogin = false }]
                        : [],
                Databases = contents > 1 ? [new LabDatabase(name, owns ? name : null), new LabDatabase("other")] : [],
                Sql = contents > 2 ? [("/srv/it's.sql", "other"), ("/srv/b.sql", null)] : [],
            };
        }
    );

    [Fact]
    public void A_lab_of_any_kind_is_made_again_of_the_file_it_is_exported_as() =>
        Said.Sample(
            said =>
            {
                var spec = SpecOf(said);
                if (spec.Validate().Count > 0)
                {
                    // Ports that would be used twice; a value that nobody can write.
                    return;
                }

                var lab = LabPlanner.Resolve(spec, Labs.Facts);
                var (text, notes) = LabFileWriter.Write(lab, LabSettings.OfSetup(lab), "1.2.3");
                Assert.Empty(notes);
                Assert.True(SchemaCheck.IsFine(text), text);
                var again = LabPlanner.Resolve(SpecOf(LabFileReader.Parse(text, "lab.yaml", "/srv").File), Labs.Facts);
                Assert.Equal(Shown(lab), Shown(again));
                Assert.Equal(text, LabFileWriter.Write(again, LabSettings.OfSetup(again), "1.2.3").Text);
            },
            print: s => $"{s with { Settings = [] }} {Any.Shown(string.Join(' ', s.Settings))}"
        );

    /// <summary>Whatever is in a file, it is read or refused in words, with a place.</summary>
    [Fact]
    public void Any_text_is_a_lab_file_or_is_refused_with_places() =>
        Any.Mutation(
                "name: x\nnodes: 3\npostgresql: { version: 15, settings: { work_mem: 8MB } }\n"
                    + "hosts:\n  a: { port: 22 }\nsql: [a.sql, { file: b }]\naccess:\n  listen: ['*']\nroles: [app]\n"
            )
            .Sample(
                text =>
                {
                    try
                    {
                        _ = LabFileReader.Parse(text, "lab.yaml", "/srv").File.ToSpec("/srv/lab", true);
                    }
                    catch (InvalidSpecException error)
                    {
                        Assert.All(error.Problems, p => Assert.Matches(@"\Alab\.yaml:[1-9]\d*:[1-9]\d*: .", $"{p}"));
                    }
                },
                iter: Any.Many,
                print: Any.Shown
            );

    private static LabSpec SpecOf(LabFile said) =>
        said.ToSpec("/srv/lab", true) with
        {
            SqlFiles = [.. said.Sql.Select(s => new SqlFile(s.Path, said.DatabaseOf(s), "SELECT 1;\n"))],
        };

    private static string Shown(Lab lab) =>
        JsonSerializer.Serialize(
            new LabManifest
            {
                ToolVersion = "1.2.3",
                CommandLine = [],
                State = LabState.Ready,
                Lab = lab with
                {
                    PostgresSettings = Sorted(lab.PostgresSettings),
                    PgpoolSettings = Sorted(lab.PgpoolSettings),
                },
            },
            StoreJson.Default.LabManifest
        );

    private static Dictionary<string, string> Sorted(IReadOnlyDictionary<string, string> settings) =>
        settings.OrderBy(s => s.Key, StringComparer.Ordinal).ToDictionary();
}
