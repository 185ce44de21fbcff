using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Tests;

public sealed class ProgramTests
{
    private static readonly Toolset Tools = Labs.Tools();

    /// <summary>The end of psql's arguments, up to the statement.</summary>
    private static readonly string[] Session =
    [
        "-h",
        "localhost",
        "-p",
        "11000",
        "-U",
        "olga",
        "-w",
        "-d",
        "test",
        "-c",
    ];

    private static string[] Argv(CommandSpec command) => [command.Program, .. command.Arguments];

    [Fact]
    public void Initdb_makes_a_cluster_that_is_the_same_on_every_machine() =>
        Assert.Equal(
            [
                "/usr/lib/postgresql/15/bin/initdb",
                "--no-locale",
                "-E",
                "UTF8",
                "--data-checksums",
                "--no-sync",
                "-A",
                "trust",
                "-U",
                "olga",
                "-D",
                "/srv/my lab/data0",
            ],
            Argv(InitDb.Create(Tools, "/srv/my lab/data0", "olga"))
        );

    [Fact]
    public void Postgres_runs_in_the_foreground() =>
        Assert.Equal(
            ["/usr/lib/postgresql/15/bin/postgres", "-D", "/srv/lab/data1"],
            Argv(PostgresCommand.Start(Tools, "/srv/lab/data1"))
        );

    [Fact]
    public void A_base_backup_leaves_the_WAL_to_the_standby_where_a_slot_keeps_it() =>
        Assert.All(
            [(true, "stream"), (false, "none")],
            c =>
                Assert.Equal(
                    [
                        "/usr/lib/postgresql/15/bin/pg_basebackup",
                        "-h",
                        "/tmp",
                        "-p",
                        "11002",
                        "-U",
                        "olga",
                        "-w",
                        "-D",
                        "/srv/lab/data1",
                        "-X",
                        c.Item2,
                        "-c",
                        "fast",
                        "--no-sync",
                        "--no-verify-checksums",
                        "--no-manifest",
                    ],
                    Argv(PgBaseBackup.Create(Tools, "/tmp", 11002, "olga", c.Item1, "/srv/lab/data1"))
                )
        );

    [Theory]
    [InlineData(10, new[] { "--no-sync" })]
    [InlineData(11, new[] { "--no-sync", "--no-verify-checksums" })]
    [InlineData(12, new[] { "--no-sync", "--no-verify-checksums" })]
    [InlineData(13, new[] { "--no-sync", "--no-verify-checksums", "--no-manifest" })]
    [InlineData(18, new[] { "--no-sync", "--no-verify-checksums", "--no-manifest" })]
    public void A_base_backup_leaves_out_what_its_release_lets_it_leave_out(int major, string[] options) =>
        Assert.Equal(options, PgBaseBackup.FastOptions(new PostgresVersion(major, 0)));

    [Fact]
    public void Psql_prints_fields_that_cannot_be_confused()
    {
        var command = Psql.Query(Tools, "localhost", 11000, "olga", "test", "SHOW pool_nodes");
        Assert.Equal(
            [
                "/usr/lib/postgresql/15/bin/psql",
                "-X",
                "-q",
                "-A",
                "-P",
                "footer=off",
                "-F",
                "\u001f",
                "-v",
                "ON_ERROR_STOP=1",
                .. Session,
                "SHOW pool_nodes",
            ],
            Argv(command)
        );
        Assert.Equal((TimeSpan.FromSeconds(20), "5"), (command.Timeout, command.Environment["PGCONNECT_TIMEOUT"]));
    }

    [Fact]
    public void A_psql_session_finds_its_server_by_the_environment_so_that_its_arguments_are_the_users()
    {
        var command = Psql.Interactive(Tools, "localhost", 11003, "olga", ["-c", "SELECT 1"]);
        Assert.Equal(["/usr/lib/postgresql/15/bin/psql", "-c", "SELECT 1"], Argv(command));
        Assert.Equal(
            ("localhost", "11003", "olga", "test"),
            (
                command.Environment["PGHOST"],
                command.Environment["PGPORT"],
                command.Environment["PGUSER"],
                command.Environment["PGDATABASE"]
            )
        );
        Assert.Null(command.Environment["PGSERVICE"]);
    }

    [Fact]
    public void Pgpool_runs_in_the_foreground_in_the_labs_folder_and_forgets_what_it_knew()
    {
        var command = PgpoolCommand.Start(Labs.Fixed(), Labs.Fixed().Pgpool);
        Assert.Equal(
            [
                "/usr/sbin/pgpool",
                "-D",
                "-n",
                "-f",
                "/srv/lab/etc/pgpool.conf",
                "-F",
                "/srv/lab/etc/pcp.conf",
                "-a",
                "/srv/lab/etc/pool_hba.conf",
                "-k",
                "/srv/lab/etc/.pgpoolkey",
            ],
            Argv(command)
        );
        Assert.Equal("/srv/lab", command.WorkingDirectory);
    }

    [Fact]
    public void Each_Pgpool_runs_in_its_own_folder()
    {
        var lab = Labs.Fixed(pgpools: 3);
        var command = PgpoolCommand.Start(lab, lab.Pgpools[2]);
        Assert.Equal(
            [
                "/usr/sbin/pgpool",
                "-D",
                "-n",
                "-f",
                "/srv/lab/pgpool2/etc/pgpool.conf",
                "-F",
                "/srv/lab/pgpool2/etc/pcp.conf",
                "-a",
                "/srv/lab/pgpool2/etc/pool_hba.conf",
                "-k",
                "/srv/lab/pgpool2/etc/.pgpoolkey",
            ],
            Argv(command)
        );
        Assert.Equal("/srv/lab/pgpool2", command.WorkingDirectory);
    }

    [Theory]
    [InlineData(ClusteringMode.StreamingReplication, true)]
    [InlineData(ClusteringMode.LogicalReplication, true)]
    [InlineData(ClusteringMode.NativeReplication, false)]
    [InlineData(ClusteringMode.SnapshotIsolation, false)]
    [InlineData(ClusteringMode.Raw, false)]
    public void Pgpool_remembers_where_a_node_it_gave_up_has_missed_writes(ClusteringMode mode, bool forgets)
    {
        Assert.Equal(
            forgets,
            PgpoolCommand.Start(Labs.Fixed(mode: mode), Labs.Fixed(mode: mode).Pgpool).Arguments.Contains("-D")
        );
        Assert.Contains("-D", PgpoolCommand.Start(Labs.Old(mode), Labs.Old(mode).Pgpool).Arguments);
    }

    [Fact]
    public void The_old_command_line_can_ask_for_debugging_and_for_a_folder_of_libraries()
    {
        var lab = Labs.Old() is var old
            ? old with
            {
                PgpoolSetup = old.PgpoolSetup! with { Debug = true, LibraryPath = "/opt/pg/lib" },
            }
            : null!;
        var command = PgpoolCommand.Start(lab, lab.Pgpool);
        Assert.Equal("-d", command.Arguments[^1]);
        Assert.EndsWith("/opt/pg/lib", command.Environment["LD_LIBRARY_PATH"], StringComparison.Ordinal);
        Assert.DoesNotContain("-d", PgpoolCommand.Start(Labs.Old(), lab.Pgpool).Arguments);
        Assert.False(PgpoolCommand.Start(Labs.Old(), lab.Pgpool).Environment.ContainsKey("LD_LIBRARY_PATH"));
    }

    [Fact]
    public void Initdb_takes_the_users_words_instead_of_ours() =>
        Assert.Equal(
            [
                "/usr/lib/postgresql/15/bin/initdb",
                "--locale=C",
                "-E",
                "EUC_JP",
                "--no-sync",
                "-A",
                "trust",
                "-U",
                "olga",
                "-D",
                "/d",
            ],
            Argv(InitDb.Create(Tools, "/d", "olga", ["--locale=C", "-E", "EUC_JP"]))
        );

    /// <summary>PostgreSQL manual, "pg_rewind": it needs checksums or wal_log_hints.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_rewind_was_asked_for_the_nodes_have_what_it_needs_whatever_initdb_was_told(bool told)
    {
        var lab = Labs.Old(slots: true, rewind: true) is var old
            ? old with
            {
                PgpoolSetup = old.PgpoolSetup! with { InitDbArguments = told ? ["--locale=C"] : null },
            }
            : null!;
        var initdb = Clusters.ClusterRecipe.Of(lab).Commands("/d")[0].ToString();
        var settings = ConfigText.Settings(RenderedFiles.Of(lab)["data0/postgresql.conf"]);
        Assert.True(
            initdb.Contains(" --data-checksums ", StringComparison.Ordinal)
                || settings.Contains(("wal_log_hints", "on")),
            initdb
        );
    }

    [Fact]
    public void Psql_prints_a_table_for_people_as_the_old_script_shows_it()
    {
        var command = Psql.Table(Tools, "localhost", 11000, "olga", "test", "show pool_nodes");
        Assert.Equal(["/usr/lib/postgresql/15/bin/psql", "-X", .. Session, "show pool_nodes"], Argv(command));
        Assert.Equal((TimeSpan.FromSeconds(20), "5"), (command.Timeout, command.Environment["PGCONNECT_TIMEOUT"]));
    }

    [Fact]
    public void Controldata_looks_into_one_folder() =>
        Assert.Equal(
            ["/usr/lib/postgresql/15/bin/pg_controldata", "-D", "/srv/lab/data0"],
            Argv(PgControlData.Show(Tools, "/srv/lab/data0"))
        );

    public static TheoryData<string> Libpq =>
        new(
            "PGHOST",
            "PGHOSTADDR",
            "PGPORT",
            "PGDATABASE",
            "PGUSER",
            "PGPASSWORD",
            "PGPASSFILE",
            "PGSERVICE",
            "PGSERVICEFILE",
            "PGOPTIONS",
            "PGSSLMODE",
            "PGDATA",
            "PGCLIENTENCODING",
            "PGTARGETSESSIONATTRS"
        );

    [Theory]
    [MemberData(nameof(Libpq))]
    public void What_the_callers_shell_holds_for_libpq_does_not_reach_the_lab(string variable)
    {
        CommandSpec[] commands =
        [
            InitDb.Create(Tools, "/d", "olga"),
            PostgresCommand.Start(Tools, "/d"),
            PgBaseBackup.Create(Tools, "/tmp", 1, "olga", true, "/d"),
            PgControlData.Show(Tools, "/d"),
            Psql.Query(Tools, "h", 1, "u", "d", "q"),
        ];
        Assert.All(
            commands,
            c =>
                Assert.True(
                    c.Environment.TryGetValue(variable, out var value) && value is null,
                    $"{c.Program} inherits {variable}"
                )
        );
    }

    [Theory]
    [InlineData(
        "pg_control version number:            1300\nLatest checkpoint's TimeLineID:       3\nLatest "
            + "checkpoint's PrevTimeLineID:   2\n",
        3
    )]
    [InlineData("Latest checkpoint's TimeLineID:       12\r\n", 12)]
    [InlineData("Latest checkpoint's PrevTimeLineID:   2\n", null)]
    [InlineData("pg_controldata: error: could not open file\n", null)]
    [InlineData("", null)]
    public void The_timeline_is_the_latest_checkpoints(string output, int? timeline) =>
        Assert.Equal(timeline, PgControlData.Timeline(output));
}
