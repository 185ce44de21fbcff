namespace PgpoolLab.Integration.Tests;

/// <summary>One lab for all tests of a class.</summary>
public abstract class ContractFixture(bool original, string mode, params string[] options) : IAsyncLifetime
{
    private ContractRun? _run;

    public ContractRun Run => _run ?? throw new InvalidOperationException("The lab was not made.");

    public bool Original => original;

    public string Mode => mode;

    public bool UsesSlots => options.Contains("-s");

    public async ValueTask InitializeAsync() => _run = await ContractRun.MakeAsync(original, mode, options);

    public ValueTask DisposeAsync()
    {
        _run?.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}

/// <summary>What Pgpool-II's regression tests rely on, numbered as in docs/pgpool_setup.md: true of a lab our
/// pgpool_setup makes, and of one the original makes. Where the original is known to be wrong, the test says
/// so.</summary>
public abstract class ContractTests(ContractFixture fixture)
{
    private ContractRun Run { get; } = fixture.Run;

    private bool Streaming => fixture.Mode == "s";

    /// <summary>The original of Pgpool-II 4.1, which lines 14, 17 and 19 are not wholly true of.</summary>
    private bool IsOldOriginal => fixture.Original && !InstalledPgpool.Is42;

    private bool Replicates => fixture.Mode is "s" or "r" or "i";

    [Fact]
    public void Line_01_makes_a_lab_in_an_empty_folder_and_exits_with_0() => Assert.Equal("0", Run["exit"]);

    [Fact]
    public void Line_01_refuses_a_folder_that_is_not_empty_and_leaves_it_alone()
    {
        Assert.NotEqual("0", Run["exit in a full folder"]);
        Assert.Equal("file", Run["files in a full folder"]);
    }

    [Fact]
    public void Line_02_leaves_everything_stopped()
    {
        Assert.Equal("", Run["pid file after setup"]);
        Assert.Equal("yes", Run["silent after setup"]);
    }

    [Fact]
    public void Line_03_has_the_ports_it_was_told_and_the_database_test_on_every_node()
    {
        Assert.Equal($"{Run.Port} {Run.Port + 1} same {Run.Port}", Run["variables"]);
        Assert.Equal((Run.PostgresPort + 1).ToString(), Run["setting backend_port1"]);
        // The original creates it through Pgpool-II, which in raw mode uses node 0 alone.
        Assert.Equal(fixture is { Original: true, Mode: "n" } ? "1|0" : "1|1", Run["databases"]);
    }

    [Fact]
    public void Line_04_has_scripts_that_can_be_executed_and_that_any_sh_understands()
    {
        Assert.Equal("startall shutdownall pgpool_reload ", Run["executable"]);
        Assert.Equal("startall shutdownall pgpool_reload ", Run["sh accepts"]);
        Assert.NotEqual("never", Run["answers after"]);
    }

    [Fact]
    public void Line_05_has_one_line_with_pgpool_conf_that_works_alone_in_the_background()
    {
        Assert.Equal("1", Run["lines with pgpool.conf"]);
        Assert.Equal("yes", Run["one line returns"]);
        Assert.Equal("yes", Run["one line alone works"]);
    }

    [Fact]
    public void Line_06_says_pgpool_D_so_that_it_can_be_taken_out_and_then_the_status_file_decides()
    {
        Assert.Equal("bin/pgpool -D -n -f", Run["starts pgpool with"]);
        Assert.Equal("up|up", Run["status file"]);
        Assert.Equal("0 up,1 down,", Run["nodes by the status file"]);
    }

    [Fact]
    public void Line_07_truncates_the_log_with_each_start() => Assert.Equal("0", Run["marks in the log"]);

    [Fact]
    public void Line_08_starts_what_it_can_and_answers_soon()
    {
        Assert.Equal(fixture.Mode == "n" ? "0 up,1 waiting," : "0 up,1 up,", Run["nodes"]);
        Assert.True(int.Parse(Run["answers after"]) <= 20, Run["answers after"]);
        Assert.Equal("yes", Run["one node runs without the other"]);
        Assert.Equal("yes", Run["Pgpool-II runs without the other"]);
    }

    [Fact]
    public void Line_09_stops_what_runs_whatever_is_stopped_already_and_can_be_repeated()
    {
        Assert.Equal("", Run["pid file after shutdownall"]);
        Assert.Equal("yes", Run["silent after shutdownall"]);
        Assert.Equal("yes", Run["silent with a node stopped before"]);
        Assert.Equal("yes", Run["silent the second time"]);
        Assert.Equal("yes", Run["silent at the end"]);
    }

    [Fact]
    public void Line_10_forgets_at_each_start_which_nodes_were_down()
    {
        Assert.Equal(fixture.Mode == "n" ? "0 down,1 up," : "0 up,1 down,", Run["nodes with one detached"]);
        Assert.Equal(fixture.Mode == "n" ? "0 up,1 waiting," : "0 up,1 up,", Run["nodes after a restart"]);
    }

    [Fact]
    public void Line_11_exports_ports_and_the_absolute_path_of_pcppass() =>
        Assert.Equal(
            $"export PGPOOL_PORT={Run.Port}|export PCP_PORT={Run.Port + 1}|export PCPPASSFILE={Run["folder"]}/pcppass",
            Run["bashrc.ports"]
        );

    [Fact]
    public void Line_12_lets_pcp_in_by_TCP_and_by_socket_with_the_users_name_as_password()
    {
        Assert.Equal("600", Run["mode of pcppass"]);
        Assert.Equal($"localhost:{Run.Port + 1}:{Run.User}:{Run.User}", Run["pcppass"]);
        Assert.Equal("2", Run["pcp by TCP"]);
        Assert.Equal("2", Run["pcp by socket"]);
    }

    [Fact]
    public void Line_13_has_its_configuration_in_one_file_that_can_be_appended_to()
    {
        Assert.Superset(
            new HashSet<string> { "pcp.conf", "pgpool.conf", "pool_hba.conf", "pool_passwd" },
            Run["etc"].Split('|').ToHashSet()
        );
        Assert.Equal("\\n", Run["last byte of pgpool.conf"]);
        Assert.Equal("0", Run["includes in pgpool.conf"]);
        Assert.NotEqual("never", Run["the last setting wins after"]);
        Assert.Matches($"^{Run.User}:[0-9a-f]{{32}}$", Run["pcp.conf"]);
        Assert.Matches($"^{Run.User}:md5[0-9a-f]{{32}}$", Run["pool_passwd"]);
    }

    [Fact]
    public void Line_13_works_from_a_copy_of_etc_elsewhere() => Assert.Equal("yes", Run["a copy of etc works"]);

    [Theory]
    [InlineData("log_line_prefix", "%m: %a pid %p: ")]
    [InlineData("log_per_node_statement", "1")]
    [InlineData("logging_collector", "0")]
    [InlineData("health_check_period0", "10")]
    [InlineData("health_check_timeout0", "20")]
    [InlineData("health_check_max_retries0", "3")]
    [InlineData("health_check_retry_delay0", "1")]
    [InlineData("backend_hostname0", "localhost")]
    [InlineData("backend_hostname1", "localhost")]
    [InlineData("recovery_1st_stage_command", "basebackup.sh")]
    [InlineData("num_init_children", "32")]
    [InlineData("max_pool", "4")]
    [InlineData("enable_pool_hba", "0")]
    [InlineData("load_balance_mode", "1")]
    public void Line_14_has_the_settings_tests_count_on(string name, string value) =>
        Assert.Equal(
            name switch
            {
                "logging_collector" when !InstalledPgpool.Is42 => "",
                "log_line_prefix" when !InstalledPgpool.Is42 => "%t: pid %p: ",
                "backend_hostname0" or "backend_hostname1" when IsOldOriginal => "/tmp",
                _ => value,
            },
            Run[$"setting {name}"] switch
            {
                "on" => "1",
                "off" => "0",
                var other => other,
            }
        );

    [Fact]
    public void Line_14_has_commands_where_the_mode_needs_them()
    {
        Assert.Equal(Streaming, Run["setting failover_command"].Contains("failover.sh", StringComparison.Ordinal));
        Assert.Equal(
            Streaming,
            Run[$"setting follow_{(InstalledPgpool.Is42 ? "primary" : "master")}_command"]
                .Contains(IsOldOriginal ? "follow_master.sh" : "follow_primary.sh", StringComparison.Ordinal)
        );
        Assert.Equal(
            fixture.Mode is "r" or "i" ? "pgpool_recovery_pitr" : "",
            Run["setting recovery_2nd_stage_command"]
        );
        Assert.EndsWith("/run/pgpool.pid", Run["setting pid_file_name"], StringComparison.Ordinal);
        Assert.EndsWith(
            "/log",
            Run[$"setting {(InstalledPgpool.Is47 ? "work_dir" : "logdir")}"],
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Line_15_has_a_pool_hba_that_tests_can_edit()
    {
        var lines = Run["pool_hba.conf"].Split('|');
        Assert.Contains("host    all         all         127.0.0.1/32          trust", lines);
        Assert.Contains("host    all         all         ::1/128               trust", lines);
        Assert.Contains(lines, l => System.Text.RegularExpressions.Regex.IsMatch(l, "^local +all +all +trust$"));
        Assert.True(
            Array.FindIndex(lines, l => l.Contains("scram_user", StringComparison.Ordinal))
                < Array.FindIndex(lines, l => l.EndsWith("trust", StringComparison.Ordinal))
        );
        Assert.Contains(
            lines,
            l => l.Contains("md5_user", StringComparison.Ordinal) && l.EndsWith("md5", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Line_16_has_clusters_that_take_a_relative_path() => Assert.Equal("0", Run["relative path"]);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Line_17_asks_two_users_for_passwords_and_trusts_all_others(int node)
    {
        var lines = Run[$"pg_hba {node}"].Split('|');
        var everywhere = IsOldOriginal ? "0/0" : "all";
        var trust = Array.IndexOf(lines, $"host all all {everywhere} trust");
        Assert.InRange(Array.IndexOf(lines, $"host all scram_user {everywhere} scram-sha-256"), 0, trust);
        Assert.InRange(Array.IndexOf(lines, $"host all md5_user {everywhere} md5"), 0, trust);
        Assert.InRange(
            Array.IndexOf(lines, "local all scram_user scram-sha-256"),
            0,
            Array.IndexOf(lines, "local all all trust")
        );
        Assert.Contains(lines, l => l.StartsWith("host replication all 127.0.0.1/32", StringComparison.Ordinal));
        Assert.Equal("password authentication failed", Run["scram by password"]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Line_18_has_the_users_superuser_and_Pgpools_extensions(int node)
    {
        Assert.Equal($"{Run.User}|t", Run[$"superuser {node}"]);
        if (fixture is not { Original: true, Mode: "n" } || node == 0)
        {
            Assert.Equal("pgpool_recovery pgpool_regclass|pgpool_recovery pgpool_regclass", Run[$"extensions {node}"]);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Line_19_has_the_settings_its_mode_needs(int node)
    {
        Assert.Equal(
            fixture.Mode switch
            {
                "l" => "logical",
                _ => "replica",
            },
            Run[$"wal_level {node}"]
        );
        Assert.Equal(fixture.UsesSlots ? "off" : "on", Run[$"archive_mode {node}"]);
        Assert.Equal(
            fixture.Mode == "i" ? "repeatable read" : "read committed",
            Run[$"default_transaction_isolation {node}"]
        );
        Assert.Equal("10", Run[$"max_prepared_transactions {node}"]);
        Assert.Equal(
            !IsOldOriginal ? "12"
                : Streaming ? "2"
                : "10",
            Run[$"max_wal_senders {node}"]
        );
        Assert.Equal("all", Run[$"log_statement {node}"]);
        Assert.Equal("on", Run[$"logging_collector {node}"]);
        Assert.Contains(
            fixture.Mode != "l" ? "ALLOW_TO_FAILOVER"
                : InstalledPgpool.Is42 ? "ALWAYS_PRIMARY"
                : "ALWAYS_MASTER",
            Run["setting backend_flag0"],
            StringComparison.Ordinal
        );
        Assert.Equal((Run.PostgresPort + node).ToString(), Run[$"port {node}"]);
        if (Streaming)
        {
            Assert.Equal("server1|streaming", Run["replication"]);
            Assert.Equal("server1", Run["setting backend_application_name1"]);
            Assert.Equal(fixture.UsesSlots, Run["slots"].Split('|').Contains("pgpool_setup_slot1"));
        }

        if (!fixture.UsesSlots)
        {
            // The original of 4.1 has one archive for all nodes.
            Assert.Equal(!IsOldOriginal, Run["archives"] == "data0|data1");
        }
    }

    [Fact]
    public void Line_20_promotes_the_next_node_when_the_first_fails()
    {
        if (Replicates)
        {
            Assert.Equal("yes", Run["node 1 took over"]);
            Assert.Equal(
                Streaming ? "0 down standby,1 up primary,"
                    : InstalledPgpool.Is42 ? "0 down replica,1 up main,"
                    : "0 down slave,1 up master,",
                Run["roles after failover"]
            );
        }
        else
        {
            Assert.DoesNotContain("node 1 took over", Run.Facts.Keys);
        }
    }

    [Fact]
    public void Line_21_brings_any_node_back_from_any_other_with_all_rows()
    {
        if (!Replicates)
        {
            Assert.Equal("", Run["scripts in data1"]);
            return;
        }

        foreach (
            var fact in (string[])["node 0 is back", "insert with node 0 back", "node 0 took over", "node 1 is back"]
        )
        {
            Assert.True(Run[fact] == "yes", $"{fact}: {Run[fact]}\n{Run["recovery log"].Replace('|', '\n')}");
        }

        Assert.Equal("abc|t|abc|t", Run["rows on node 0 and 1"]);
        Assert.Equal("abcde|abcde", Run["rows at the end"]);
        Assert.Equal(Streaming ? "f|t" : "f|f", Run["nodes that are standbys"]);
        Assert.Equal(
            Streaming ? "basebackup.sh|pgpool_remote_start" : "basebackup.sh|pgpool_recovery_pitr|pgpool_remote_start",
            Run["scripts in data1"]
        );
    }

    [Fact]
    public void It_says_what_people_read_and_grep()
    {
        var lines = Run["output"].Split('|');
        var mode = fixture.Mode switch
        {
            "s" => "streaming replication",
            "r" => "native replication",
            "i" => "snapshot isolation",
            "n" => "raw",
            _ => "logical replication",
        };
        Assert.Contains($"Starting set up in {mode} mode", lines);
        Assert.Contains($"pgpool-II setting for {mode} mode is done.", lines);
        Assert.Contains($"creating database cluster {Run["folder"]}/data0...done.", lines);
        Assert.Contains($"To start the whole system, use {Run["folder"]}/startall.", lines);
        Assert.Contains($"To shutdown the whole system, use {Run["folder"]}/shutdownall.", lines);
        Assert.Contains($"pcp command user name is \"{Run.User}\", password is \"{Run.User}\".", lines);
        Assert.Contains($"#1 port is {Run.PostgresPort}", lines);
        Assert.Contains($"pgpool port is {Run.Port}", lines);
        Assert.Contains($"pcp port is {Run.Port + 1}", lines);
    }
}

public sealed class OurStreaming() : ContractFixture(false, "s");

public sealed class OurStreamingWithSlots() : ContractFixture(false, "s", "-s");

public sealed class OurStreamingWithRewind() : ContractFixture(false, "s", "-s", "-r");

public sealed class OurReplication() : ContractFixture(false, "r");

public sealed class OurSnapshotIsolation() : ContractFixture(false, "i");

public sealed class OurRaw() : ContractFixture(false, "n");

public sealed class OurLogical() : ContractFixture(false, "l");

public sealed class OriginalStreaming() : ContractFixture(true, "s");

public sealed class OriginalReplication() : ContractFixture(true, "r");

public sealed class OurStreamingLabKeepsTheContract(OurStreaming fixture)
    : ContractTests(fixture),
        IClassFixture<OurStreaming>;

public sealed class OurStreamingLabWithSlotsKeepsTheContract(OurStreamingWithSlots fixture)
    : ContractTests(fixture),
        IClassFixture<OurStreamingWithSlots>;

public sealed class OurStreamingLabWithRewindKeepsTheContract(OurStreamingWithRewind fixture)
    : ContractTests(fixture),
        IClassFixture<OurStreamingWithRewind>;

public sealed class OurReplicationLabKeepsTheContract(OurReplication fixture)
    : ContractTests(fixture),
        IClassFixture<OurReplication>;

[Trait("Needs", "pgpool-4.2")]
public sealed class OurSnapshotIsolationLabKeepsTheContract(OurSnapshotIsolation fixture)
    : ContractTests(fixture),
        IClassFixture<OurSnapshotIsolation>;

public sealed class OurRawLabKeepsTheContract(OurRaw fixture) : ContractTests(fixture), IClassFixture<OurRaw>;

public sealed class OurLogicalLabKeepsTheContract(OurLogical fixture)
    : ContractTests(fixture),
        IClassFixture<OurLogical>;

public sealed class TheOriginalsStreamingLabKeepsTheContract(OriginalStreaming fixture)
    : ContractTests(fixture),
        IClassFixture<OriginalStreaming>;

public sealed class TheOriginalsReplicationLabKeepsTheContract(OriginalReplication fixture)
    : ContractTests(fixture),
        IClassFixture<OriginalReplication>;
