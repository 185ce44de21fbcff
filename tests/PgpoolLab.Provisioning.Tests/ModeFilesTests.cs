using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>The generated files of every mode, of both conventions, and with a watchdog: those in which they
/// differ.</summary>
public sealed class ModeFilesTests
{
    private const ClusteringMode Streaming = ClusteringMode.StreamingReplication;
    private const ClusteringMode Native = ClusteringMode.NativeReplication;
    private const ClusteringMode Isolation = ClusteringMode.SnapshotIsolation;
    private const ClusteringMode Logical = ClusteringMode.LogicalReplication;

    private static readonly PgpoolSetupConventions Asked = new()
    {
        InstallDirectory = "/usr",
        Debug = true,
        EnableTest = true,
        WaitForTimeWait = true,
        LibraryPath = "/opt/pg lib",
        VirtualIp = "192.0.2.7",
    };

    private static readonly string[] Configuration = ["etc/pgpool.conf", "data0/postgresql.conf"];
    private static readonly string[] Recovery =
    [
        "data0/basebackup.sh",
        "data0/pgpool_recovery_pitr",
        "data0/pgpool_remote_start",
    ];

    /// <summary>Which files of which lab; null for all.</summary>
    private static readonly Dictionary<string, (Lab Lab, string[]? Files)> Cases = new()
    {
        ["own-r-pg13-pgpool4.1"] = (Labs.Fixed(13, 1, mode: Native), ["etc/pgpool.conf"]),
        ["own-r-pg15-pgpool4.3"] = (
            Labs.Fixed(15, 3, nodes: 3, mode: Native),
            [.. Configuration, .. Recovery, "startall", "stopall", "data1/postgresql.conf"]
        ),
        ["own-i-pg18-pgpool4.7"] = (Labs.Fixed(18, 7, mode: Isolation), Configuration),
        ["own-l-pg13-pgpool4.1"] = (Labs.Fixed(13, 1, mode: Logical), Configuration),
        ["own-l-pg15-pgpool4.4"] = (
            Labs.Fixed(15, 4, mode: Logical),
            [.. Configuration, "startall", "data1/postgresql.conf"]
        ),
        ["own-n-pg17-pgpool4.6"] = (
            Labs.Fixed(17, 6, mode: ClusteringMode.Raw),
            [.. Configuration, "startall", "data1/postgresql.conf"]
        ),
        ["own-watchdog-pg13-pgpool4.1"] = (Labs.Fixed(13, 1, pgpools: 3), ["pgpool1/etc/pgpool.conf"]),
        ["own-watchdog-pg17-pgpool4.6"] = (
            Labs.Fixed(17, 6, pgpools: 3),
            [
                "startall",
                "stopall",
                "pgpool0/startall",
                "pgpool0/etc/pgpool.conf",
                "pgpool1/startall",
                "pgpool1/stopall",
                "pgpool1/pgpool_reload",
                "pgpool1/etc/pgpool.conf",
                "pgpool1/etc/failover.sh",
                "pgpool1/etc/pgpool_node_id",
                "pgpool2/bashrc.ports",
                "pgpool2/README.port",
                "pgpool2/pcppass",
                "pgpool0/data0/postgresql.conf",
                "pgpool0/data1/postgresql.conf",
            ]
        ),
        ["own-watchdog-r-nasty"] = (
            Labs.Nasty(pgpools: 2) with
            {
                Mode = Native,
                UseSlots = false,
            },
            [
                "pgpool1/startall",
                "pgpool1/etc/pgpool.conf",
                "pgpool0/data0/pgpool_recovery_pitr",
                "pgpool0/data1/postgresql.conf",
            ]
        ),

        ["setup-s-pg13-pgpool4.1"] = (Labs.Old(Streaming, 13, 1), Configuration),
        ["setup-s-pg15-pgpool4.3"] = (Labs.Old(Streaming, 15, 3), null),
        ["setup-s-pg15-pgpool4.4-slots-rewind"] = (
            Labs.Old(Streaming, 15, 4, slots: true, rewind: true),
            Configuration
        ),
        ["setup-s-pg17-pgpool4.6-asked"] = (
            Labs.Old(Streaming, 17, 6) with
            {
                PgpoolSetup = Asked,
            },
            ["etc/pgpool.conf", "startall", "shutdownall"]
        ),
        ["setup-s-pg18-pgpool4.7"] = (Labs.Old(Streaming, 18, 7), Configuration),
        ["setup-s-nasty"] = (
            Labs.Old(Streaming, root: Labs.NastyRoot, alias: Labs.NastyAlias),
            ["etc/pgpool.conf", "startall", "shutdownall", "bashrc.ports", "data1/postgresql.conf"]
        ),
        ["setup-r-pg13-pgpool4.1"] = (Labs.Old(Native, 13, 1), ["etc/pgpool.conf"]),
        ["setup-r-pg15-pgpool4.3"] = (
            Labs.Old(Native, 15, 3),
            [.. Configuration, .. Recovery, "data1/postgresql.conf"]
        ),
        ["setup-i-pg18-pgpool4.7"] = (Labs.Old(Isolation, 18, 7), Configuration),
        ["setup-l-pg15-pgpool4.4"] = (Labs.Old(Logical, 15, 4), Configuration),
        ["setup-n-pg17-pgpool4.6"] = (Labs.Old(ClusteringMode.Raw, 17, 6), Configuration),
        ["setup-y-pg13-pgpool4.1"] = (Labs.Old(ClusteringMode.Slony, 13, 1), Configuration),
        ["setup-e-pg15-pgpool4.3"] = (Labs.Old() with { OwnsNodes = false }, ["startall", "shutdownall"]),
        ["setup-watchdog-pg13-pgpool4.1"] = (
            Labs.Old(Streaming, 13, 1, pgpools: 3) with
            {
                PgpoolSetup = Asked,
            },
            ["pgpool1/etc/pgpool.conf"]
        ),
        ["setup-watchdog-pg17-pgpool4.6"] = (
            Labs.Old(Streaming, 17, 6, pgpools: 3),
            [
                "startall",
                "shutdownall",
                "pgpool0/startall",
                "pgpool0/etc/pgpool.conf",
                "pgpool1/startall",
                "pgpool1/shutdownall",
                "pgpool1/etc/pgpool.conf",
                "pgpool1/etc/pgpool_node_id",
                "pgpool2/bashrc.ports",
                "pgpool2/README.port",
                "pgpool2/pcppass",
            ]
        ),
    };

    public static TheoryData<string, string> Files =>
        new(
            Cases.SelectMany(c =>
                RenderedFiles
                    .Of(c.Value.Lab)
                    .Where(f => f.Value.Length > 0 && c.Value.Files?.Contains(f.Key) is not false)
                    .Select(f => (c.Key, f.Key))
            )
        );

    /// <summary>Every mode of both conventions, in plain and in difficult folders, with and without a
    /// watchdog.</summary>
    public static TheoryData<string> EveryKind => new(Kinds.Keys);

    private static readonly Dictionary<string, Lab> Kinds = (
        from old in (bool[])[false, true]
        from mode in Enum.GetValues<ClusteringMode>()
        from pgpools in (int[])[1, 3]
        from root in (string[])["/srv/lab", "/srv/mein Prüfstand", Labs.NastyRoot]
        from asked in (bool[])[false, true]
        where old || !asked
        let alias = root == "/srv/lab" ? null : Labs.NastyAlias
        let lab = old
            ? Labs.Old(mode, root: root, alias: alias, pgpools: pgpools)
            : Labs.Fixed(root: root, alias: alias, mode: mode, pgpools: pgpools)
        select (
            Name: $"{(old ? "setup" : "own")} {mode.Letter()} {pgpools} {root}{(asked ? " with every option" : "")}",
            Lab: asked
                ? lab with
                {
                    PgpoolSetup = Asked with { InstallDirectory = "/opt/it's 4.3" },
                    Invoker = "root",
                    UseRewind = true,
                }
                : lab
        )
    ).ToDictionary(k => k.Name, k => k.Lab);

    /// <summary>Pgpool-II's own default until 4.2 is to decide without a quorum; of writing everywhere it is the only
    /// choice.</summary>
    [Theory]
    [InlineData(1, Streaming, "on")]
    [InlineData(2, Streaming, "on")]
    [InlineData(1, Native, "off")]
    [InlineData(3, Streaming, null)]
    public void Before_4_3_a_watchdog_is_told_to_decide_with_a_quorum_alone(
        int minor,
        ClusteringMode mode,
        string? expected
    )
    {
        var lines = RenderedFiles
            .Of(Labs.Fixed(13, minor, mode: mode, pgpools: 2))["pgpool1/etc/pgpool.conf"]
            .Split('\n')
            .Where(l => l.StartsWith("failover_when_quorum_exists", StringComparison.Ordinal));
        Assert.Equal(expected is null ? [] : [$"failover_when_quorum_exists = {expected}"], lines);
    }

    [Fact]
    public void Every_file_named_above_is_written() =>
        Assert.All(Cases, c => Assert.Empty((c.Value.Files ?? []).Except(RenderedFiles.Of(c.Value.Lab).Keys)));

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_generated_file_is_as_approved(string lab, string file) =>
        Snapshot.Approve($"{lab}/{file}", RenderedFiles.Of(Cases[lab].Lab)[file]);

    [Theory]
    [MemberData(nameof(EveryKind))]
    public Task Every_script_of_every_mode_can_be_read_by_sh(string kind) =>
        ScriptSyntax.RequireValidAsync(RenderedFiles.Of(Kinds[kind]).Where(f => RenderedFiles.IsScript(f.Key)));

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void No_setting_is_given_two_values_in_one_file(string kind) =>
        Assert.All(
            RenderedFiles
                .Of(Kinds[kind])
                .Where(f =>
                    f.Key.EndsWith("/pgpool.conf", StringComparison.Ordinal)
                    || f.Key.EndsWith("/postgresql.conf", StringComparison.Ordinal)
                ),
            f =>
                Assert.Empty(
                    ConfigText
                        .Settings(OfItself(kind, f))
                        .Distinct()
                        .GroupBy(s => s.Name)
                        .Where(g => g.Count() > 1)
                        .Select(g => g.Key)
                )
        );

    /// <summary>A standby has its primary's settings, and its own after them.</summary>
    private static string OfItself(string kind, KeyValuePair<string, string> file) =>
        file.Key.EndsWith("data1/postgresql.conf", StringComparison.Ordinal)
        && RenderedFiles.Of(Kinds[kind])[file.Key.Replace("data1", "data0", StringComparison.Ordinal)] is var primary
        && file.Value.StartsWith(primary, StringComparison.Ordinal)
            ? file.Value[primary.Length..]
            : file.Value;

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void Pgpool_conf_names_a_difficult_folder_only_by_its_link(string kind) =>
        Assert.All(
            RenderedFiles.Of(Kinds[kind]).Where(f => f.Key.EndsWith("/pgpool.conf", StringComparison.Ordinal)),
            f =>
            {
                var values = ConfigText.Settings(f.Value).Select(s => s.Value).ToArray();
                Assert.DoesNotContain(
                    values,
                    v => Kinds[kind].SafeAlias is not null && v.Contains(Kinds[kind].Root, StringComparison.Ordinal)
                );
                // Between two single quotes Pgpool-II knows no escape.
                Assert.All(values, v => Assert.True(!v.StartsWith('\'') || v.IndexOf('\'', 1) == v.Length - 1, v));
            }
        );

    [Theory]
    [MemberData(nameof(EveryKind))]
    public void Every_path_in_pgpool_conf_is_absolute_so_that_a_copy_of_it_works_elsewhere(string kind) =>
        Assert.All(
            RenderedFiles.Of(Kinds[kind]).Where(f => f.Key.EndsWith("/pgpool.conf", StringComparison.Ordinal)),
            f =>
                Assert.All(
                    ConfigText
                        .Settings(f.Value)
                        .Where(s =>
                            s.Name
                                is "pid_file_name"
                                    or "logdir"
                                    or "work_dir"
                                    or "memqcache_oiddir"
                                    or "failover_command"
                                    or "follow_primary_command"
                                    or "follow_master_command"
                            || s.Name.StartsWith("backend_data_directory", StringComparison.Ordinal)
                        ),
                    s => Assert.StartsWith("'/", s.Value, StringComparison.Ordinal)
                )
        );

    /// <summary>Pgpool-II manual, "Running mode"; before 4.2 "Common configuration parameters" of 4.1.</summary>
    [Theory]
    [InlineData(Native, "native_replication", "on", null)]
    [InlineData(Streaming, "streaming_replication", "off", "stream")]
    [InlineData(Logical, "logical_replication", "off", "logical")]
    [InlineData(ClusteringMode.Slony, "slony", "off", "slony")]
    [InlineData(ClusteringMode.Raw, "raw", "off", null)]
    public void The_mode_is_told_in_the_words_of_the_version(
        ClusteringMode mode,
        string since42,
        string replication,
        string? subMode
    )
    {
        foreach (var lab in new[] { Labs.Fixed(mode: mode), Labs.Old(mode) })
        {
            var now = Conf(lab);
            Assert.Equal($"'{since42}'", now["backend_clustering_mode"]);
            Assert.DoesNotContain(
                now.Keys,
                k => k is "replication_mode" or "master_slave_mode" or "master_slave_sub_mode"
            );
            var before = Conf(lab with { Tools = Labs.Tools(pgpoolMinor: 1) });
            Assert.False(before.ContainsKey("backend_clustering_mode"));
            Assert.Equal(
                (replication, subMode is null ? "off" : "on", subMode is null ? null : $"'{subMode}'"),
                (
                    before["replication_mode"],
                    before["master_slave_mode"],
                    before.GetValueOrDefault("master_slave_sub_mode")
                )
            );
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(7)]
    public void Only_native_replication_and_snapshot_isolation_have_a_second_stage(int minor)
    {
        foreach (var mode in Enum.GetValues<ClusteringMode>())
        {
            foreach (
                var lab in new[] { Labs.Fixed(pgpoolMinor: minor, mode: mode), Labs.Old(mode, pgpoolMinor: minor) }
            )
            {
                Assert.Equal(mode.WritesEverywhere(), Conf(lab).ContainsKey("recovery_2nd_stage_command"));
                Assert.Equal(mode.WritesEverywhere(), RenderedFiles.Of(lab).ContainsKey("data0/pgpool_recovery_pitr"));
                Assert.Equal(mode is Streaming, Conf(lab).ContainsKey("failover_command"));
                Assert.Equal(mode is Streaming, RenderedFiles.Of(lab).ContainsKey("etc/failover.sh"));
            }
        }
    }

    /// <summary>Pgpool-II manual, "Watchdog", of 4.6 and of 4.1.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    public void Every_Pgpool_of_a_watchdog_knows_all_the_others(int minor)
    {
        foreach (
            var lab in new[] { Labs.Fixed(pgpoolMinor: minor, pgpools: 4), Labs.Old(pgpoolMinor: minor, pgpools: 4) }
        )
        {
            foreach (var pgpool in lab.Pgpools)
            {
                var conf = Conf(lab, $"pgpool{pgpool.Id}/");
                Assert.Equal(
                    ("on", $"{pgpool.Port}", $"{pgpool.PcpPort}", $"{4 - pgpool.Id}"),
                    (conf["use_watchdog"], conf["port"], conf["pcp_port"], conf["wd_priority"])
                );
                var (ports, watchdogs, heartbeats) =
                    minor == 1
                        ? (
                            Values(conf, "other_pgpool_port").Append(conf["port"]),
                            Values(conf, "other_wd_port").Append(conf["wd_port"]),
                            Values(conf, "heartbeat_destination_port").Append(conf["wd_heartbeat_port"])
                        )
                        : (Values(conf, "pgpool_port"), Values(conf, "wd_port"), Values(conf, "heartbeat_port"));
                Assert.Equal(lab.Pgpools.Select(p => $"{p.Port}").Order(), ports.Order());
                Assert.Equal(lab.Pgpools.Select(p => $"{p.Watchdog!.Port}").Order(), watchdogs.Order());
                Assert.Equal(lab.Pgpools.Select(p => $"{p.Watchdog!.Heartbeat}").Order(), heartbeats.Order());
            }
        }
    }

    [Fact]
    public void The_watchdogs_key_is_in_the_tools_own_labs_alone_and_only_in_files_of_mode_0600()
    {
        Assert.Equal(
            ["pgpool0/etc/pgpool.conf", "pgpool1/etc/pgpool.conf"],
            RenderedFiles
                .Of(Labs.Fixed(pgpools: 2))
                .Where(f => f.Value.Contains(Labs.Secrets.WatchdogKey, StringComparison.Ordinal))
                .Select(f => f.Key)
        );
        Assert.False(Conf(Labs.Old(pgpools: 2), "pgpool0/").ContainsKey("wd_authkey"));
        Assert.False(Conf(Labs.Fixed()).ContainsKey("wd_authkey"));
    }

    [Fact]
    public void In_every_watchdog_folder_the_nodes_are_those_of_the_first()
    {
        foreach (var lab in new[] { Labs.Fixed(pgpools: 3), Labs.Old(pgpools: 3) })
        {
            Assert.All(
                lab.Pgpools,
                p =>
                    Assert.Equal(
                        ["'/srv/lab/pgpool0/data0'", "'/srv/lab/pgpool0/data1'"],
                        Values(Conf(lab, $"pgpool{p.Id}/"), "backend_data_directory")
                    )
            );
        }
    }

    private static Dictionary<string, string> Conf(Lab lab, string folder = "") =>
        ConfigText
            .Settings(RenderedFiles.Of(lab)[$"{folder}etc/pgpool.conf"])
            .Distinct()
            .ToDictionary(s => s.Name, s => s.Value);

    /// <summary>The values of a numbered setting, by number.</summary>
    private static string[] Values(Dictionary<string, string> conf, string name) =>
        conf.Where(s => s.Key.StartsWith(name, StringComparison.Ordinal) && int.TryParse(s.Key[name.Length..], out _))
            .OrderBy(s => int.Parse(s.Key[name.Length..]))
            .Select(s => s.Value)
            .ToArray();
}
