namespace PgpoolLab.Model.Tests;

public sealed class SpecTests
{
    private static readonly LabSpec Plain = new() { Directory = "/srv/lab" };

    [Fact]
    public void What_pgpool_setup_does_by_default_is_right() => Assert.Empty(Plain.Problems());

    [Theory]
    [InlineData(1)]
    [InlineData(128)]
    public void The_smallest_and_the_largest_lab_are_right(int nodes) =>
        Assert.Empty((Plain with { Nodes = nodes }).Problems());

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(129)]
    [InlineData(int.MaxValue)]
    public void A_number_of_nodes_that_Pgpool_cannot_have_is_named(int nodes)
    {
        var problem = Assert.Single((Plain with { Nodes = nodes }).Problems());
        Assert.Equal($"Nodes must be between 1 and 128 (Pgpool-II's own limit); it is {nodes}.", problem);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(65536)]
    [InlineData(70000)]
    [InlineData(int.MaxValue)]
    public void A_port_that_does_not_exist_is_named(int port)
    {
        Assert.Equal(
            $"Port must be between 1 and 65535, or auto; it is {port}.",
            Assert.Single((Plain with { Port = port }).Problems())
        );
        Assert.Equal(
            $"PostgresPort must be between 1 and 65535; it is {port}.",
            Assert.Single((Plain with { PostgresPort = port }).Problems())
        );
    }

    [Theory]
    [InlineData(65535, null, 1, 65537)]
    [InlineData(65534, null, 1, 65536)]
    [InlineData(65500, null, 100, 65601)]
    [InlineData(65535, 5432, 1, 65536)] // pcp
    [InlineData(11000, 65500, 37, 65536)]
    public void Ports_that_would_run_past_the_last_one_are_counted_first(int port, int? postgres, int nodes, int end) =>
        Assert.Equal(
            [$"With Port {port} and {nodes} nodes the ports would end at {end}; the last port there is is 65535."],
            (Plain with { Port = port, PostgresPort = postgres, Nodes = nodes }).Problems()
        );

    [Theory]
    [InlineData(65532, null, 2)]
    [InlineData(1, null, 128)]
    [InlineData(11000, 65408, 128)]
    public void Ports_up_to_the_very_last_are_right(int port, int? postgres, int nodes) =>
        Assert.Empty((Plain with { Port = port, PostgresPort = postgres, Nodes = nodes }).Problems());

    [Theory]
    [InlineData(
        11000,
        11000,
        1,
        "Port 11000 would be used twice: Pgpool-II and PostgreSQL node 0. Move the nodes with PostgresPort."
    )]
    [InlineData(
        11000,
        11001,
        1,
        "Port 11001 would be used twice: pcp and PostgreSQL node 0. Move the nodes with PostgresPort."
    )]
    [InlineData(
        11000,
        10990,
        11,
        "Port 11000 would be used twice: Pgpool-II and PostgreSQL node 10. Move the nodes with PostgresPort."
    )]
    public void Two_servers_on_one_port_are_named(int port, int postgres, int nodes, string problem) =>
        Assert.Equal([problem], (Plain with { Port = port, PostgresPort = postgres, Nodes = nodes }).Problems());

    [Fact]
    public void Ports_that_only_touch_are_right() =>
        Assert.Empty((Plain with { Port = 11000, PostgresPort = 10990, Nodes = 10 }).Problems());

    [Fact]
    public void An_automatic_port_does_not_hide_that_the_nodes_ports_run_past_the_last_one() =>
        Assert.Contains(
            "65535",
            Assert.Single((Plain with { Port = null, PostgresPort = 65530, Nodes = 10 }).Problems()),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(128)]
    public void One_Pgpool_or_a_watchdog_of_up_to_128_is_right(int count) =>
        Assert.Empty((Plain with { PgpoolNodes = count }).Problems());

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    [InlineData(129)]
    [InlineData(int.MaxValue)]
    public void A_number_of_Pgpools_that_a_watchdog_cannot_have_is_named(int count) =>
        Assert.Equal(
            [$"Watchdog must be between 2 and 128; it is {count}."],
            (Plain with { PgpoolNodes = count }).Problems()
        );

    [Theory]
    [InlineData(65520, null, 3, 2, 65533)]
    [InlineData(65522, null, 3, 2, 65535)]
    [InlineData(65523, null, 3, 2, 65536)]
    [InlineData(65525, 5432, 3, 1, 65536)] // the last heartbeat
    public void The_ports_of_a_watchdog_are_counted_too(int port, int? postgres, int pgpools, int nodes, int end) =>
        Assert.Equal(
            end <= 65535
                ? []
                :
                [
                    $"With Port {port} and {nodes} nodes the ports would end at {end}; the last port there is "
                        + "is 65535.",
                ],
            (Plain with { Port = port, PostgresPort = postgres, PgpoolNodes = pgpools, Nodes = nodes }).Problems()
        );

    [Theory]
    [InlineData(
        11002,
        "Port 11002 would be used twice: watchdog 0 and PostgreSQL node 0. Move the nodes with PostgresPort."
    )]
    [InlineData(
        11007,
        "Port 11007 would be used twice: heartbeat 1 and PostgreSQL node 0. Move the nodes with PostgresPort."
    )]
    public void A_node_on_a_port_of_the_watchdog_is_named(int postgres, string problem) =>
        Assert.Equal([problem], (Plain with { PgpoolNodes = 2, PostgresPort = postgres, Nodes = 1 }).Problems());

    public static TheoryData<ClusteringMode> OtherModes =>
        new(Enum.GetValues<ClusteringMode>().Where(m => m is not ClusteringMode.StreamingReplication));

    [Theory]
    [MemberData(nameof(OtherModes))]
    public void Slots_and_rewind_belong_to_streaming_replication(ClusteringMode mode)
    {
        Assert.Empty((Plain with { Mode = mode }).Problems());
        Assert.Equal(
            [$"Slots belongs to streaming replication; in {mode.Title()} nothing would use them."],
            (Plain with { Mode = mode, UseSlots = true }).Problems()
        );
        Assert.Equal(
            [
                $"Rewind belongs to streaming replication; in {mode.Title()} the nodes' histories are not each "
                    + "other's, and pg_rewind cannot compare them.",
            ],
            (Plain with { Mode = mode, UseRewind = true }).Problems()
        );
    }

    [Fact]
    public void Slots_and_rewind_are_right_in_streaming_replication() =>
        Assert.Empty((Plain with { UseSlots = true, UseRewind = true }).Problems());

    [Theory]
    [MemberData(nameof(OtherModes))]
    public void The_old_command_line_takes_slots_and_rewind_in_every_mode(ClusteringMode mode) =>
        Assert.Empty(
            (
                Plain with
                {
                    Mode = mode,
                    UseSlots = true,
                    UseRewind = true,
                    PgpoolSetup = new PgpoolSetupConventions { InstallDirectory = "/usr" },
                }
            ).Problems()
        );

    [Theory]
    [InlineData("lab")]
    [InlineData("my lab")]
    [InlineData("Prüfstand 7")]
    [InlineData("it's \"$HOME\"")]
    [InlineData("a.b-c")]
    [InlineData("象")]
    [InlineData("🐘")]
    public void A_name_may_be_almost_anything(string name) => Assert.Empty((Plain with { Name = name }).Problems());

    [Theory]
    [InlineData("")]
    [InlineData("-x")]
    [InlineData(".hidden")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("two\nlines")]
    [InlineData("end\n")]
    [InlineData("tab\t")]
    public void A_name_that_could_be_an_option_or_a_path_is_refused(string name) =>
        Assert.StartsWith(
            $"Name '{name}' cannot be used:",
            Assert.Single((Plain with { Name = name }).Problems()),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_name_has_at_most_100_characters()
    {
        Assert.Empty((Plain with { Name = new string('x', 100) }).Problems());
        Assert.Single((Plain with { Name = new string('x', 101) }).Problems());
    }

    [Fact]
    public void A_folder_with_a_line_break_in_its_name_is_refused() =>
        Assert.Contains(
            "line break",
            Assert.Single((Plain with { Directory = "/srv/a\nb" }).Problems()),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_version_and_a_folder_of_programs_exclude_each_other() =>
        Assert.Equal(
            ["PostgresVersion and PostgresBin exclude each other."],
            (Plain with { PostgresMajor = 15, PostgresBin = "/usr/lib/postgresql/15/bin" }).Problems()
        );

    [Theory]
    [InlineData("nonsense")]
    [InlineData("port=1")]
    [InlineData("mysql.port=1")]
    [InlineData("pgpool.=1")]
    [InlineData("pgpool.port")]
    [InlineData("pgpool.two words=1")]
    [InlineData(" pgpool.port=1")]
    public void A_setting_that_is_not_understood_is_quoted_back(string setting) =>
        Assert.Equal(
            $"Settings '{setting}' is not understood; write pgpool.KEY=VALUE or postgresql.KEY=VALUE.",
            Assert.Single((Plain with { Settings = [setting] }).Problems())
        );

    [Theory]
    [InlineData("pgpool.x=a\nport = 1")]
    [InlineData("postgresql.x=a\n")]
    [InlineData("postgresql.x=a\tb")]
    public void A_setting_cannot_smuggle_in_another_line(string setting) =>
        Assert.EndsWith(
            "the value holds a line break or another control character.",
            Assert.Single((Plain with { Settings = [setting] }).Problems()),
            StringComparison.Ordinal
        );

    [Fact]
    public void A_single_quote_which_pgpool_conf_cannot_write_is_refused_for_Pgpool_only()
    {
        Assert.Empty((Plain with { Settings = ["postgresql.application_name=it's"] }).Problems());
        Assert.Contains(
            "pgpool.relcache_query_target",
            Assert.Single((Plain with { Settings = ["pgpool.relcache_query_target=it's"] }).Problems()),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void All_that_is_wrong_is_told_at_once()
    {
        var problems = (
            Plain with
            {
                Nodes = 0,
                PgpoolNodes = 0,
                Mode = ClusteringMode.Raw,
                UseSlots = true,
                UseRewind = true,
                Port = 0,
                Name = "-x",
                Directory = "/a\tb",
                PostgresMajor = 15,
                PostgresBin = "/bin",
                Settings = ["one", "pgpool.ok=1", "two", "pgpool.bad=a\nb"],
            }
        ).Problems();
        Assert.Equal(11, problems.Length);
        Assert.Equal(problems, new InvalidSpecException(problems).Problems.Select(p => $"{p}"));
    }

    [Fact]
    public void Both_ports_can_be_wrong_at_once() =>
        Assert.Equal(2, (Plain with { Port = 0, PostgresPort = 70000 }).Problems().Length);

    [Theory]
    [InlineData("--locale=de_DE.UTF-8", null)]
    [InlineData("-k", null)]
    [InlineData("--wal-segsize=64", null)]
    [InlineData("-D/x", "InitDbArguments -D/x: a node's data folder is the lab's.")]
    [InlineData("--pgdata=/x", "InitDbArguments --pgdata=/x: a node's data folder is the lab's.")]
    [InlineData("-A", "InitDbArguments -A: use Auth.")]
    [InlineData("--version", "InitDbArguments --version: no cluster would be made.")]
    public void What_initdb_is_told_by_the_lab_is_not_told_it_again(string argument, string? problem) =>
        Assert.Equal(problem, (Plain with { InitDbArguments = [argument] }).Problems().SingleOrDefault());

    [Theory]
    [InlineData("pgpool.socket_dir=/tmp", "the lab's sockets lie in its folder run.")]
    [InlineData("pgpool.pcp_socket_dir=/tmp", "the lab's sockets lie in its folder run.")]
    [InlineData(
        "pgpool.enable_pool_hba=off",
        "use Auth trust: without pool_hba.conf nobody could be asked for a password."
    )]
    [InlineData("pgpool.enable_pool_hba=on", null)]
    [InlineData("pgpool.use_watchdog=on", "use Watchdog N.")]
    [InlineData("pgpool.wd_port0=1", "use Watchdog N.")]
    [InlineData("pgpool.port=1", "use Port PORT.")]
    [InlineData("pgpool.backend_weight0=2", "the lab itself decides that.")]
    [InlineData("pgpool.backend_clustering_mode=raw", "use Mode.")]
    [InlineData("postgresql.Port=1", "use PostgresPort PORT.")]
    [InlineData("postgresql.unix_socket_directories=/tmp", "the lab's sockets lie in its folder run.")]
    [InlineData("postgresql.hba_file=/x", "the lab itself decides that.")]
    [InlineData(
        "postgresql.recovery_min_apply_delay=5min",
        "setup would wait that long for every row; change it when the lab is there."
    )]
    [InlineData(
        "postgresql.recovery_min_apply_delay=60000",
        "setup would wait that long for every row; change it when the lab is there."
    )]
    [InlineData("postgresql.recovery_min_apply_delay=700ms", null)]
    [InlineData(
        "postgresql.default_transaction_read_only=on",
        "setup could not write; change it when the lab is there."
    )]
    [InlineData("postgresql.default_transaction_read_only=off", null)]
    [InlineData("postgresql.work_mem=1MB", null)]
    public void What_a_lab_stands_on_is_refused_at_once_with_the_option_that_does_it(string setting, string? problem) =>
        Assert.Equal(
            problem is null ? null : $"Settings {setting.Split('=')[0]}: {problem}",
            (Plain with { Settings = [setting] }).Problems().SingleOrDefault()
        );

    private const string Standbys = "Settings postgresql.synchronous_standby_names:";
    private const string Called =
        "every write would wait for ever. The standbys are called server1, server2 …; * is every one.";

    [Theory]
    [InlineData(ClusteringMode.StreamingReplication, 2, "*", null)]
    [InlineData(ClusteringMode.StreamingReplication, 2, "", null)]
    [InlineData(ClusteringMode.StreamingReplication, 3, "ANY 2 (server1, server2)", null)]
    [InlineData(ClusteringMode.LogicalReplication, 2, "*", null)]
    [InlineData(
        ClusteringMode.StreamingReplication,
        1,
        "*",
        $"{Standbys} it wants 1 of the standbys it names, and the lab has 0 of them; {Called}"
    )]
    [InlineData(
        ClusteringMode.StreamingReplication,
        2,
        "foo",
        $"{Standbys} it wants 1 of the standbys it names, and the lab has 0 of them; {Called}"
    )]
    [InlineData(
        ClusteringMode.StreamingReplication,
        2,
        "2 (*)",
        $"{Standbys} it wants 2 of the standbys it names, and the lab has 1 of them; {Called}"
    )]
    [InlineData(
        ClusteringMode.StreamingReplication,
        2,
        "server0",
        $"{Standbys} it wants 1 of the standbys it names, and the lab has 0 of them; {Called}"
    )]
    [InlineData(
        ClusteringMode.Raw,
        2,
        "*",
        $"{Standbys} in raw mode no node is another's standby; every write would wait for ever."
    )]
    public void Standbys_that_nobody_is_are_refused_at_once(
        ClusteringMode mode,
        int nodes,
        string names,
        string? problem
    )
    {
        var spec = Plain with
        {
            Mode = mode,
            Nodes = nodes,
            Settings = [$"postgresql.Synchronous_standby_names={names}"],
        };
        Assert.Equal(problem, spec.Problems().SingleOrDefault());
        Assert.Empty((spec with { Settings = [.. spec.Settings, "postgresql.synchronous_commit=off"] }).Problems());
    }

    [Fact]
    public void One_problem_is_the_message_and_several_are_counted()
    {
        Assert.Equal("A.", new InvalidSpecException(["A."]).Message);
        Assert.Equal("2 things are wrong with this command line.", new InvalidSpecException(["A.", "B."]).Message);
        Assert.Equal(ExitCode.Usage, new InvalidSpecException(["A."]).Code);
    }

    [Fact]
    public void Of_two_settings_of_one_name_the_last_wins_and_the_order_stays()
    {
        var spec = Plain with
        {
            Settings =
            [
                "pgpool.num_init_children=8",
                "postgresql.work_mem=1MB",
                "pgpool.max_pool=1",
                "pgpool.num_init_children = 16",
                "pgpool.empty=",
                "pgpool.equals=a=b",
                "postgresql.my.guc=x y",
            ],
        };
        Assert.Empty(spec.Problems());
        Assert.Equal(
            [new("num_init_children", "16"), new("max_pool", "1"), new("empty", ""), new("equals", "a=b")],
            spec.SettingsOf("pgpool").ToArray()
        );
        Assert.Equal([new("work_mem", "1MB"), new("my.guc", "x y")], spec.SettingsOf("postgresql").ToArray());
    }

    [Fact]
    public void Settings_that_are_wrong_are_no_settings() =>
        Assert.Empty((Plain with { Settings = ["pgpool.a=b\nc", "nonsense"] }).SettingsOf("pgpool"));

    [Fact]
    public void A_problem_names_fields_as_its_reader_calls_them()
    {
        var problem = new SpecProblem(
            $"{SpecField.Settings} pgpool.port: {new SpecProblem($"use {SpecField.Port} PORT.")}"
        );
        Assert.Equal(SpecField.Settings, problem.Field);
        Assert.Equal("Settings pgpool.port: use Port PORT.", problem.ToString());
        Assert.Equal("--set pgpool.port: use -p PORT.", problem.Say(f => f is SpecField.Port ? "-p" : "--set"));
        // What the user has written is no format.
        Assert.Equal("Name '{0}' %s", new SpecProblem($"{SpecField.Name} '{"{0}"}' %s").ToString());
    }

    [Fact]
    public void A_problem_without_a_field_is_just_a_sentence()
    {
        SpecProblem problem = "The folder {0} is no folder.";
        Assert.Null(problem.Field);
        Assert.Equal("The folder {0} is no folder.", problem.Say(_ => "--x"));
    }
}
