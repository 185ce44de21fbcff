using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Settings;
using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>How <c>config set</c> changes a file.</summary>
public sealed class SettingsTextTests
{
    private const string Users = "# mine\nwork_mem = 4MB # my line\n\nport=5432\n";

    private static string With(string text, params (string Name, string Value)[] settings) =>
        SettingsText.With(text, "postgresql", settings.ToDictionary(s => s.Name, s => s.Value));

    [Fact]
    public void No_line_of_anybody_else_is_changed() =>
        Assert.Equal(
            Users
                + "\n# Set with pgpoollab config set\nwork_mem = '8MB'\nfsync = 'off'\n# End of what was "
                + "set with pgpoollab config set\n",
            With(Users, ("work_mem", "8MB"), ("fsync", "off"))
        );

    [Fact]
    public void What_was_set_before_is_replaced_in_its_place()
    {
        var once = With(Users, ("work_mem", "8MB"), ("fsync", "off"));
        Assert.Equal(
            Users
                + "\n# Set with pgpoollab config set\nwork_mem = '9MB'\nfsync = 'off'\njit = 'on'\n"
                + "# End of what was set with pgpoollab config set\n",
            With(once, ("WORK_MEM", "9MB"), ("jit", "on")).Replace("WORK_MEM", "work_mem", StringComparison.Ordinal)
        );
        Assert.Equal(once, With(once, ("fsync", "off")));
    }

    [Fact]
    public void What_a_user_has_set_below_does_not_win()
    {
        var text = With(With(Users, ("work_mem", "8MB")) + "work_mem = '1MB'\n", ("work_mem", "16MB"));
        Assert.Equal(
            "16MB",
            SettingsFileReader.Parse("postgresql", "", "", text).Settings.Last(s => s.Name == "work_mem").Value
        );
        Assert.Contains("\nwork_mem = '1MB'\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("port = 5432")]
    [InlineData("port = 5432\r\n\r\n")]
    public void A_file_without_an_end_of_line_gets_one(string text) =>
        Assert.EndsWith(
            "# Set with pgpoollab config set\njit = 'on'\n# End of what was set with pgpoollab config set\n",
            With(text, ("jit", "on")),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("it's")]
    [InlineData(@"back\slash")]
    [InlineData("# no comment")]
    public void A_value_is_read_as_it_was_given(string value) =>
        Assert.Equal(
            value,
            SettingsFileReader.Parse("postgresql", "", "", With(Users, ("cluster_name", value))).Settings.Last().Value
        );

    [Fact]
    public void Pgpools_values_stand_as_they_are_and_its_names_have_case() =>
        Assert.Equal(
            "\n# Set with pgpoollab config set\ndelegate_IP = '%d\\x'\n# End of what was set with "
                + "pgpoollab config set\n",
            "\n" + SettingsText.With("", "pgpool", new Dictionary<string, string> { ["delegate_IP"] = @"%d\x" })
        );

    [Theory]
    [InlineData("60", "1min", true)]
    [InlineData("120s", "2min", true)]
    [InlineData("1000", "1s", true)]
    [InlineData("61", "1min", false)]
    [InlineData("true", "on", true)]
    [InlineData("1", "on", true)]
    [InlineData("off", "on", false)]
    [InlineData("0600", "384", true)]
    [InlineData("0600", "0600", true)]
    [InlineData("10000000", "10000000B", true)]
    [InlineData("1048576", "1MB", true)]
    [InlineData("WARNING", "warning", true)]
    [InlineData("ABORT; DISCARD ALL", "ABORT;DISCARD ALL", true)]
    [InlineData("a b", "ab", false)]
    [InlineData("32", "20", false)]
    [InlineData("", "", true)]
    [InlineData("1s", "1MB", false)]
    [InlineData("1", "1min", false)]
    [InlineData("$_IP_$/24", "$_IP_$/24", true)]
    public void Values_are_the_same_however_they_are_written(string file, string shown, bool same) =>
        Assert.Equal(same, SettingValues.Same(file, shown));

    [Theory]
    [InlineData("8192", "kB", "8MB")]
    [InlineData("16384", "8kB", "128MB")]
    [InlineData("1500", "ms", "1500ms")]
    [InlineData("5000", "ms", "5s")]
    [InlineData("300", "s", "5min")]
    [InlineData("-1", "ms", "-1")]
    [InlineData("0", "kB", "0")]
    [InlineData("100", null, "100")]
    [InlineData("on", null, "on")]
    public void Numbers_are_shown_with_their_units(string value, string? unit, string shown) =>
        Assert.Equal(shown, SettingValues.Pretty(value, unit));

    [Theory]
    [InlineData("max_connections 100 150", RestartOrder.Together)]
    [InlineData("max_connections 100 50", RestartOrder.PrimaryFirst)]
    [InlineData("shared_buffers 16384 100", RestartOrder.Together)]
    [InlineData("max_connections 100 50,shared_buffers 1 2", RestartOrder.PrimaryFirst)]
    [InlineData("max_connections 100 50,max_wal_senders 10 20", RestartOrder.Impossible)]
    public void Standbys_never_start_with_less_than_their_primary(string changes, RestartOrder order) =>
        Assert.Equal(
            order,
            RestartOrders.Of(changes.Split(',').Select(c => c.Split(' ')).Select(c => (c[0], c[1], c[2])))
        );

    [Fact]
    public void A_sample_names_defaults_whether_they_are_commented_out_or_not()
    {
        var defaults = PgpoolDefaults.DefaultsOf(
            """
            # This is no setting = at all
            backend_clustering_mode = 'streaming_replication'
            #num_init_children = 32
                                               # Number of concurrent sessions = allowed
            #backend_hostname0 = 'host1'
            #hostname0 = ''
            #health_check_period = 0   # comment
            """
        );
        Assert.Equal(["health_check_period", "num_init_children"], defaults.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("32", PgpoolDefaults.DefaultOf(defaults, "num_init_children"));
        Assert.Equal("0", PgpoolDefaults.DefaultOf(defaults, "health_check_period1"));
        Assert.Null(PgpoolDefaults.DefaultOf(defaults, "backend_hostname1"));
    }

    [Fact]
    public void Passwords_that_are_shown_as_stars_differ_from_nothing() =>
        Assert.Equal(
            [("max_pool", "4", "2")],
            PgpoolRules.Differences(
                new Dictionary<string, string>
                {
                    ["max_pool"] = "4",
                    ["sr_check_password"] = "secret",
                    ["unknown"] = "1",
                    ["load_balance_mode"] = "true",
                },
                new Dictionary<string, string>
                {
                    ["max_pool"] = "2",
                    ["sr_check_password"] = "*****",
                    ["load_balance_mode"] = "on",
                }
            )
        );

    [Theory]
    [InlineData("num_init_children", true)]
    [InlineData("backend_port1", true)]
    [InlineData("backend_weight1", false)]
    [InlineData("client_idle_limit", false)]
    public void It_is_known_what_only_a_start_of_pgpool_changes(string name, bool restart) =>
        Assert.Equal(restart, PgpoolRules.NeedsRestart(name));

    [Theory]
    [InlineData("pgpool.port=1", "use Port PORT.")]
    [InlineData("postgresql.PORT=1", "use PostgresPort PORT.")]
    [InlineData("pgpool.backend_port0=1", "the lab itself decides that.")]
    [InlineData("pgpool.backend_weight1=3", null)]
    [InlineData("pgpool.backend_weight2=3", "the lab 'lab' has no such node; its nodes are 0 to 1.")]
    [InlineData("pgpool.enable_pool_hba=off", "without pool_hba.conf nobody could be asked for a password.")]
    [InlineData("postgresql.hot_standby=off", "no command could look at a standby.")]
    [InlineData("postgresql.default_transaction_read_only=on", null)]
    [InlineData("postgresql.recovery_min_apply_delay=1h", null)]
    [InlineData("postgresql.synchronous_standby_names=server1", null)]
    [InlineData(
        "postgresql.synchronous_standby_names=2 (*)",
        "it wants 2 of the standbys it names, and the lab has 1 of them; every write would wait for ever. "
            + "The standbys are called server0, server1 …; * is every one."
    )]
    [InlineData("pgpool.failover_command=it's", "pgpool.conf has no way to write a single quote.")]
    [InlineData("postgresql.cluster_name=a\nb", "the value holds a line break or another control character.")]
    public void What_a_lab_stands_on_is_refused_as_setup_refuses_it(string setting, string? problem) =>
        Assert.Equal(problem, SettingAssignment.Parse(setting)!.WhyNot(Labs.Fixed()));

    [Fact]
    public void A_lab_whose_clients_are_not_asked_can_do_without_pool_hba() =>
        Assert.Null(
            SettingAssignment.Parse("pgpool.enable_pool_hba=off")!.WhyNot(Labs.Fixed() with { Auth = AuthMethod.Trust })
        );

    [Theory]
    [InlineData(
        "2026-11-29 13:50:43 GMT [2688] FATAL:  invalid value for parameter \"work_mem\": \"3parsec\"\n"
            + "2026-11-29 13:50:43 GMT [2688] HINT:  Valid units are \"B\", \"kB\".\n",
        "invalid value for parameter \"work_mem\": \"3parsec\". Valid units are \"B\", \"kB\".",
        true
    )]
    [InlineData(
        "x: main pid 2369: LOG:  reading\nx: main pid 2369: FATAL:  could not read pid file\n",
        "could not read pid file.",
        false
    )]
    [InlineData("something else\n", "something else", false)]
    public void A_servers_words_are_its_error_and_what_explains_it(string error, string words, bool settings)
    {
        Assert.Equal(words, ServerWords.Of(error));
        Assert.Equal(settings, ServerWords.IsAboutSettings(words));
    }

    [Fact]
    public void A_diff_has_what_differs_on_any_server_with_the_values_of_all()
    {
        var views = SettingsReporter
            .Differing(
                "postgresql",
                [
                    ("node 0", Answer(("port", "5432", "data0/postgresql.conf line 1", "5432", null))),
                    ("node 1", Answer(("port", "5433", "data1/postgresql.conf line 1", "5432", null))),
                    ("node 2", new ServerAnswer(null, "it does not run")),
                ]
            )
            .ToArray();
        Assert.Equal(["5432", "5433"], Assert.Single(views).Servers.Select(s => s.Value));
        Assert.Empty(
            SettingsReporter.Differing(
                "postgresql",
                [
                    (
                        "node 0",
                        Answer(
                            ("a", "1s", "data0/postgresql.conf line 1", "1000ms", null),
                            ("config_file", "/x", "override", "", null)
                        )
                    ),
                ]
            )
        );
        Assert.Single(SettingsReporter.Differing("pgpool", [("Pgpool-II", Answer(("a", "1", "default", "1", "2")))]));
        Assert.Empty(
            SettingsReporter.Differing("pgpool", [("Pgpool-II", Answer(("password", "*****", "x line 1", "", null)))])
        );
    }

    private static ServerAnswer Answer(
        params (string Name, string Value, string From, string? Default, string? InFile)[] facts
    ) => new(facts.ToDictionary(f => f.Name, f => new ServerFact(f.Value, f.From, f.Default, f.InFile, null)), null);
}
