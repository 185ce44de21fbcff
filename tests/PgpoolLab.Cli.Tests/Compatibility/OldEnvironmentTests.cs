using PgpoolLab.Cli.Compatibility;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;

namespace PgpoolLab.Cli.Tests.Compatibility;

/// <summary>What the old command lines and their variables ask for, as the drop-in contract's "Command line and
/// environment" lists them.</summary>
public sealed class OldEnvironmentTests
{
    private static OldEnvironment With(params (string Name, string Value)[] variables) =>
        new(name => variables.Where(v => v.Name == name).Select(v => v.Value).FirstOrDefault());

    private static LabSpec Spec(OldOptions options, params (string Name, string Value)[] variables) =>
        Spec(With(variables), options, Labs.Tools());

    /// <summary>Of this machine's samples, which are asked without a wait.</summary>
    internal static LabSpec Spec(OldEnvironment environment, OldOptions options, Toolset tools)
    {
        var spec = environment.SpecAsync(
            options,
            "/srv/lab",
            tools,
            new LocalHost(TimeProvider.System).Files,
            CancellationToken.None
        );
        Assert.True(spec.IsCompleted);
        return spec.GetAwaiter().GetResult();
    }

    private static PgpoolSetupConventions Conventions(
        OldOptions options,
        params (string Name, string Value)[] variables
    ) => Spec(options, variables).PgpoolSetup!;

    private static readonly OldOptions None = new();

    private static readonly OldOptions Watchdog = new() { PgpoolNodes = 3 };

    private static int[] Ports(LabSpec spec) =>
        PortLayout
            .From(spec.Port!.Value, spec.PgpoolNodes, spec.PostgresPort)
            .All(spec.Nodes)
            .Select(p => p.Port)
            .ToArray();

    [Fact]
    public void Without_options_and_variables_it_is_what_pgpool_setup_makes()
    {
        var spec = Spec(None);
        Assert.Equal(
            ("/srv/lab", ClusteringMode.StreamingReplication, 2, 1),
            (spec.Directory, spec.Mode, spec.Nodes, spec.PgpoolNodes)
        );
        Assert.Equal([11000, 11001, 11002, 11003], Ports(spec));
        Assert.Equal(
            (false, false, true, null),
            (spec.UseSlots, spec.UseRewind, spec.OwnsNodes, spec.SocketDirectories)
        );
        Assert.Equal(
            ("/usr", false, false, false),
            (
                spec.PgpoolSetup!.InstallDirectory,
                spec.PgpoolSetup.Debug,
                spec.PgpoolSetup.EnableTest,
                spec.PgpoolSetup.WaitForTimeWait
            )
        );
        Assert.Equal(
            (null, null, null, null),
            (
                spec.PgpoolSetup.LibraryPath,
                spec.PgpoolSetup.InitDbArguments,
                spec.PgpoolSetup.SampleScripts,
                spec.PgpoolSetup.VirtualIp
            )
        );
        Assert.Empty(spec.Validate());
    }

    [Fact]
    public void The_programs_that_were_found_are_those_that_are_used() =>
        Assert.Equal(("/usr/lib/postgresql/15/bin", "/usr/sbin"), (Spec(None).PostgresBin, Spec(None).PgpoolDirectory));

    [Theory]
    [InlineData("r", ClusteringMode.NativeReplication)]
    [InlineData("s", ClusteringMode.StreamingReplication)]
    [InlineData("n", ClusteringMode.Raw)]
    [InlineData("l", ClusteringMode.LogicalReplication)]
    [InlineData("i", ClusteringMode.SnapshotIsolation)]
    [InlineData("y", ClusteringMode.Slony)]
    public void M_is_the_mode(string letter, ClusteringMode mode) =>
        Assert.Equal(mode, Spec(None with { Mode = letter }).Mode);

    [Fact]
    public void BASEPORT_moves_everything_and_p_wins_over_it()
    {
        Assert.Equal([12000, 12001, 12002, 12003], Ports(Spec(None, ("BASEPORT", "12000"))));
        Assert.Equal([13000, 13001, 13002, 13003], Ports(Spec(None with { Port = 13000 }, ("BASEPORT", "12000"))));
    }

    [Fact]
    public void P_moves_the_nodes_too_and_pg_the_nodes_alone()
    {
        Assert.Equal([12000, 12001, 12002, 12003], Ports(Spec(None with { Port = 12000 })));
        Assert.Equal([12000, 12001, 5432, 5433], Ports(Spec(None with { Port = 12000, PostgresPort = 5432 })));
        Assert.Equal([11000, 11001, 5432, 5433], Ports(Spec(None with { PostgresPort = 5432 })));
    }

    [Fact]
    public void NUMCLUSTERS_is_the_number_of_nodes_and_n_wins_over_it()
    {
        Assert.Equal(4, Spec(None, ("NUMCLUSTERS", "4")).Nodes);
        Assert.Equal(1, Spec(None with { Nodes = 1 }, ("NUMCLUSTERS", "4")).Nodes);
    }

    [Theory]
    [InlineData("/tmp", new[] { "/tmp" })]
    [InlineData("/tmp,/var/run/postgresql", new[] { "/tmp", "/var/run/postgresql" })]
    [InlineData("/a,/b,/c,/d", new[] { "/a", "/b", "/c", "/d" })]
    [InlineData(" /a , /b ,,/a,", new[] { "/a", "/b" })]
    [InlineData("/with a blank,/b", new[] { "/with a blank", "/b" })]
    public void PGSOCKET_DIR_is_split_at_every_comma(string text, string[] folders) =>
        Assert.Equal(folders, Spec(None, ("PGSOCKET_DIR", text)).SocketDirectories);

    [Fact]
    public void INITDBARG_is_honoured()
    {
        Assert.Equal(
            ["--locale=C", "-E", "EUC_JP"],
            Conventions(None, ("INITDBARG", "--locale=C  -E EUC_JP")).InitDbArguments
        );
        Assert.Null(Conventions(None, ("INITDBARG", "")).InitDbArguments);
    }

    [Theory]
    [InlineData("USE_REPLICATION_SLOT")]
    [InlineData("USE_PG_REWIND")]
    [InlineData("ENABLE_TEST")]
    [InlineData("PGPOOLDEBUG")]
    public void A_variable_that_is_true_is_its_option(string variable)
    {
        Assert.True(Of(Spec(None, (variable, "true"))));
        Assert.All(["false", "", "TRUE", "yes"], text => Assert.False(Of(Spec(None, (variable, text)))));
        Assert.True(
            Of(Spec(None with { Slots = true, Rewind = true, EnableTest = true, Debug = true }, (variable, "false")))
        );

        bool Of(LabSpec spec) =>
            variable switch
            {
                "USE_REPLICATION_SLOT" => spec.UseSlots,
                "USE_PG_REWIND" => spec.UseRewind,
                "ENABLE_TEST" => spec.PgpoolSetup!.EnableTest,
                _ => spec.PgpoolSetup!.Debug,
            };
    }

    [Theory]
    [InlineData("true", true)]
    [InlineData("yes", true)]
    [InlineData("false", false)]
    [InlineData("", false)]
    public void CHECK_TIME_WAIT_counts_unless_it_is_false(string text, bool waits) =>
        Assert.Equal(waits, Conventions(None, ("CHECK_TIME_WAIT", text)).WaitForTimeWait);

    [Fact]
    public void PGLIB_follows_LD_LIBRARY_PATH()
    {
        Assert.Equal("/opt/pg/lib", Conventions(None, ("PGLIB", "/opt/pg/lib")).LibraryPath);
        Assert.Equal(
            "/mine:/opt/pg/lib",
            Conventions(None, ("PGLIB", "/opt/pg/lib"), ("LD_LIBRARY_PATH", "/mine")).LibraryPath
        );
        Assert.Null(Conventions(None, ("LD_LIBRARY_PATH", "/mine")).LibraryPath);
    }

    [Fact]
    public void E_makes_no_clusters() => Assert.False(Spec(None with { NoClusters = true }).OwnsNodes);

    [Theory]
    [InlineData("/opt/P/bin/pgpool", "/opt/P")]
    [InlineData("/usr/sbin/pgpool", "/usr")]
    public void The_scripts_PGPOOL_INSTALL_DIR_is_where_pgpool_was_found(string program, string install) =>
        Assert.Equal(
            install,
            Spec(With(), None, Labs.Tools() with { PgpoolProgram = program }).PgpoolSetup!.InstallDirectory
        );

    [Fact]
    public void PGBIN_and_PGPOOL_INSTALL_DIR_say_where_the_programs_are()
    {
        var request = With(("PGBIN", "/opt/pg/bin"), ("PGPOOL_INSTALL_DIR", "/opt/P"), ("PATH", "/usr/bin"))
            .Tools("/srv/lab");
        Assert.Equal(
            (null, "/opt/pg/bin", "/opt/P", "/usr/bin"),
            (request.PostgresMajor, request.PostgresBin, request.PgpoolDirectory, request.SearchPath)
        );
        Assert.Equal(
            (null, null),
            (With(("PGBIN", "")).Tools("/").PostgresBin, With(("PGPOOL_INSTALL_DIR", "")).Tools("/").PgpoolDirectory)
        );
    }

    [Theory]
    [InlineData(3, "r", "pgpool.conf.sample")]
    [InlineData(1, "s", "pgpool.conf.sample-stream")]
    [InlineData(1, "r", "pgpool.conf.sample-replication")]
    [InlineData(1, "l", "pgpool.conf.sample-logical")]
    [InlineData(1, "y", "pgpool.conf.sample-master-slave")]
    [InlineData(1, "n", "pgpool.conf.sample")]
    public void PGPOOLDIR_holds_the_sample_of_the_mode(int minor, string mode, string file)
    {
        using var folder = new TemporaryFolder();
        foreach (var suffix in (string[])["", "-stream", "-replication", "-logical", "-master-slave"])
        {
            File.WriteAllText(folder[$"pgpool.conf.sample{suffix}"], "");
        }

        Assert.Equal(
            folder[file],
            Spec(
                With(("PGPOOLDIR", folder.Path)),
                None with
                {
                    Mode = mode,
                },
                Labs.Tools(pgpoolMinor: minor)
            ).PgpoolSetup!.Sample
        );
    }

    [Fact]
    public void C_and_TEST_SAMPLES_use_the_sample_scripts_and_with_them_slots()
    {
        using var folder = new TemporaryFolder();
        foreach (
            var name in (string[])
                [
                    "failover.sh.sample",
                    "follow_primary.sh.sample",
                    "recovery_1st_stage.sample",
                    "pgpool_remote_start.sample",
                ]
        )
        {
            File.WriteAllText(folder[name], "");
        }

        foreach (
            var spec in new[]
            {
                Spec(None with { SampleScripts = true }, ("PGPOOLDIR", folder.Path)),
                Spec(None, ("TEST_SAMPLES", "true"), ("PGPOOLDIR", folder.Path)),
            }
        )
        {
            Assert.Equal((folder.Path, true), (spec.PgpoolSetup!.SampleScripts, spec.UseSlots));
        }

        Assert.Null(Conventions(None, ("TEST_SAMPLES", "false"), ("PGPOOLDIR", folder.Path)).SampleScripts);
    }

    [Theory]
    [InlineData("BASEPORT")]
    [InlineData("NUMCLUSTERS")]
    public void A_number_that_is_none_is_named_with_its_variable(string variable)
    {
        var error = Assert.Throws<LabException>(() => Spec(None, (variable, "many")));
        Assert.Equal(
            (ExitCode.Usage, $"The variable {variable} must be a whole number; it is 'many'."),
            (error.Code, error.Message)
        );
    }

    // ---- watchdog_setup ----

    [Fact]
    public void A_watchdog_begins_at_50000_and_its_nodes_1000_above() =>
        Assert.Equal(
            [50000, 50001, 50002, 50003, 50004, 50005, 50006, 50007, 50008, 50009, 50010, 50011, 51000, 51001],
            Ports(Spec(Watchdog))
        );

    [Fact]
    public void W_BASE_PORT_moves_all_and_wp_wins_over_it()
    {
        Assert.Equal(
            (60000, 61000),
            (Spec(Watchdog, ("W_BASE_PORT", "60000")).Port, Spec(Watchdog, ("W_BASE_PORT", "60000")).PostgresPort)
        );
        var wp = Spec(Watchdog with { Port = 40000 }, ("W_BASE_PORT", "60000"));
        Assert.Equal((40000, 41000), (wp.Port, wp.PostgresPort));
    }

    [Fact]
    public void PGBASEPORT_moves_the_nodes_unless_wp_is_given_and_pg_wins_over_all()
    {
        Assert.Equal(7000, Spec(Watchdog, ("PGBASEPORT", "7000")).PostgresPort);
        Assert.Equal(7000, Spec(Watchdog, ("PGBASEPORT", "7000"), ("W_BASE_PORT", "60000")).PostgresPort);
        Assert.Equal(41000, Spec(Watchdog with { Port = 40000 }, ("PGBASEPORT", "7000")).PostgresPort);
        Assert.Equal(
            5432,
            Spec(Watchdog with { Port = 40000, PostgresPort = 5432 }, ("PGBASEPORT", "7000")).PostgresPort
        );
    }

    [Fact]
    public void The_ports_of_one_command_are_not_the_others()
    {
        Assert.Equal([11000, 11001, 11002, 11003], Ports(Spec(None, ("W_BASE_PORT", "60000"), ("PGBASEPORT", "7000"))));
        Assert.Equal(50000, Spec(Watchdog, ("BASEPORT", "12000")).Port);
    }

    [Fact]
    public void W_NUM_PGPOOL_is_a_number() =>
        Assert.Equal((4, null), (With(("W_NUM_PGPOOL", "4")).Number("W_NUM_PGPOOL"), With().Number("W_NUM_PGPOOL")));

    [Fact]
    public void Vip_is_handed_on() =>
        Assert.Equal("192.0.2.7", Conventions(Watchdog with { VirtualIp = "192.0.2.7" }).VirtualIp);
}
