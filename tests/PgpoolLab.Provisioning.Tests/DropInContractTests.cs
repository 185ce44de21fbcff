using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Clusters;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What Pgpool-II's regression tests rely on in the files of <c>pgpool_setup</c>: a test for each line of the
/// drop-in contract that can be seen in the text. What can be seen only when the scripts run is in
/// OldScriptTests.</summary>
public sealed partial class DropInContractTests
{
    private static readonly ClusteringMode[] EveryMode = Enum.GetValues<ClusteringMode>();

    /// <summary>Every mode, and whatever else changes the scripts.</summary>
    private static readonly Dictionary<string, Lab> Kinds = EveryMode
        .Select(m => ($"mode {m.Letter()}", Labs.Old(m)))
        .Concat([
            ("4.1", Labs.Old(postgres: 13, pgpoolMinor: 1)),
            ("4.7", Labs.Old(postgres: 18, pgpoolMinor: 7, nodes: 4)),
            ("one node", Labs.Old(nodes: 1)),
            ("slots and rewind", Labs.Old(slots: true, rewind: true)),
            ("debug", With(c => c with { Debug = true })),
            (
                "every option",
                With(c =>
                    c with
                    {
                        Debug = true,
                        EnableTest = true,
                        WaitForTimeWait = true,
                        LibraryPath = "/opt/pg/lib",
                    }
                ) with
                {
                    Invoker = "root",
                }
            ),
            (
                "from source",
                With(c => c with { InstallDirectory = "/usr/local" }) with
                {
                    Tools = Labs.Tools() with { PgpoolProgram = "/usr/local/bin/pgpool" },
                }
            ),
            ("a difficult folder", Labs.Old(root: Labs.NastyRoot, alias: Labs.NastyAlias)),
            ("without nodes", Labs.Old() with { OwnsNodes = false }),
        ])
        .ToDictionary(k => k.Item1, k => k.Item2);

    public static TheoryData<string> Any => new(Kinds.Keys);

    public static TheoryData<string> WithNodes => new(Kinds.Where(k => k.Value.OwnsNodes).Select(k => k.Key));

    private static Lab With(Func<PgpoolSetupConventions, PgpoolSetupConventions> change) =>
        Labs.Old() is var lab
            ? lab with
            {
                PgpoolSetup = change(lab.PgpoolSetup!),
            }
            : throw new InvalidOperationException();

    private static string File(Lab lab, string name) => RenderedFiles.Of(lab)[name];

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string PgpoolLine(Lab lab, string folder = "") =>
        Assert.Single(Lines(File(lab, $"{folder}startall")), l => l.Contains("pgpool.conf", StringComparison.Ordinal));

    /// <summary>What a file says in the end: of two settings of one name the last counts.</summary>
    private static Dictionary<string, string> Settings(Lab lab, string name) =>
        ConfigText.Settings(File(lab, name)).GroupBy(s => s.Name).ToDictionary(g => g.Key, g => g.Last().Value);

    private static Dictionary<string, string> Pgpool(Lab lab) => Settings(lab, "etc/pgpool.conf");

    private static Dictionary<string, string> Postgres(Lab lab) => Settings(lab, "data0/postgresql.conf");

    [Fact]
    public void Line_3_ports_begin_at_11000_and_the_database_test_exists()
    {
        Assert.All(
            EveryMode,
            mode =>
            {
                Assert.Equal([11000, 11001, 11002, 11003], Labs.Old(mode).Ports.All(2).Select(p => p.Port));
                Assert.Contains("CREATE DATABASE test", ClusterRecipe.Of(Labs.Old(mode)).Statements);
            }
        );
        Assert.Equal((11000, 50000), (PortLayout.DefaultPgpool, PortLayout.DefaultWatchdog));
    }

    [Theory]
    [MemberData(nameof(Any))]
    public async Task Line_4_the_scripts_are_text_for_sh_and_executable(string kind)
    {
        var machine = RenderedFiles.Machine(Kinds[kind]);
        foreach (var script in (string[])["startall", "shutdownall", "pgpool_reload"])
        {
            var path = $"{Kinds[kind].Root}/{script}";
            Assert.StartsWith("#!/bin/sh\n", machine.Files[path], StringComparison.Ordinal);
            Assert.True(machine.Modes[path].HasFlag(UnixFileMode.UserExecute));
            await ScriptSyntax.RequireValidAsync(new KeyValuePair<string, string>(script, machine.Files[path]));
        }
    }

    [Theory]
    [MemberData(nameof(Any))]
    public void Line_5_one_line_of_startall_names_pgpool_conf_and_needs_dir_and_PGPOOL_INSTALL_DIR_alone(string kind)
    {
        var line = PgpoolLine(Kinds[kind]);
        Assert.EndsWith(" &", line, StringComparison.Ordinal);
        Assert.Equal(
            ["PGPOOL_INSTALL_DIR", "dir"],
            Variable().Matches(line).Select(m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal)
        );
        Assert.Contains(" 2>&1 ", line, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Any))]
    public void Line_6_the_words_bin_pgpool_D_n_f_are_in_it_with_any_option(string kind)
    {
        Assert.Contains("bin/pgpool -D -n -f ", PgpoolLine(Kinds[kind]), StringComparison.Ordinal);
        Assert.Equal(
            Kinds[kind].PgpoolSetup!.Debug,
            PgpoolLine(Kinds[kind]).Contains(" -d ", StringComparison.Ordinal)
        );
        // What the tests write: sed -i 's/pgpool -D/pgpool/' startall
        Assert.Single(PgpoolD().Matches(File(Kinds[kind], "startall")));
    }

    [Theory]
    [MemberData(nameof(Any))]
    public void Line_7_each_start_truncates_the_log(string kind) =>
        Assert.Matches(Truncates(), PgpoolLine(Kinds[kind]));

    [Theory]
    [MemberData(nameof(WithNodes))]
    public void Line_8_and_9_each_node_has_a_line_of_its_own_that_names_data(string kind)
    {
        var lab = Kinds[kind];
        Assert.Equal(
            lab.Nodes.Select(n => $"-w -D {n.ServerDataDirectory} "),
            Lines(File(lab, "startall"))
                .Where(l => l.Contains("pg_ctl", StringComparison.Ordinal))
                .Select(l => DataFolder().Match(l).Value)
        );
        Assert.All(
            Lines(File(lab, "startall")).Where(l => l.Contains("pg_ctl", StringComparison.Ordinal)),
            l => Assert.EndsWith(" start &", l, StringComparison.Ordinal)
        );
        Assert.Equal(
            lab.Nodes.Select(n => $"/pg_ctl -D {n.ServerDataDirectory} -m f stop &"),
            Lines(File(lab, "shutdownall"))
                .Where(l => l.Contains("pg_ctl", StringComparison.Ordinal))
                .Select(l => l[l.IndexOf("/pg_ctl", StringComparison.Ordinal)..])
        );
    }

    /// <summary>What the original watchdog_setup does to the scripts of all Pgpool-IIs but the first.</summary>
    [Theory]
    [MemberData(nameof(Any))]
    public async Task Without_every_line_that_names_data_the_scripts_are_whole_and_start_and_stop_Pgpool_alone(
        string kind
    )
    {
        foreach (var script in (string[])["startall", "shutdownall"])
        {
            var text = string.Concat(
                Lines(File(Kinds[kind], script))
                    .Where(l => !l.Contains("data", StringComparison.Ordinal))
                    .Select(l => l + "\n")
            );
            await ScriptSyntax.RequireValidAsync(new KeyValuePair<string, string>(script, text));
            Assert.DoesNotContain("pg_ctl", text, StringComparison.Ordinal);
            Assert.Contains("dir=`pwd`\n", text, StringComparison.Ordinal);
            Assert.Contains("PGPOOL_INSTALL_DIR=", text, StringComparison.Ordinal);
            Assert.Contains(script == "startall" ? "bin/pgpool -D -n -f" : "kill -INT", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Any))]
    public void Line_10_D_discards_the_old_status(string kind) =>
        Assert.Contains("pgpool -D ", PgpoolLine(Kinds[kind]), StringComparison.Ordinal);

    [Fact]
    public void Line_11_bashrc_ports_exports_the_ports_and_an_absolute_path() =>
        Assert.Equal(
            ["export PGPOOL_PORT=11000", "export PCP_PORT=11001", "export PCPPASSFILE=/srv/lab/pcppass"],
            Lines(File(Labs.Old(), "bashrc.ports"))
        );

    [Fact]
    public void Line_12_pcppass_has_the_users_name_as_password_and_nobody_else_can_read_it()
    {
        Assert.Equal("localhost:11001:olga:olga", Lines(File(Labs.Old(), "pcppass"))[0]);
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            RenderedFiles.Machine(Labs.Old()).Modes["/srv/lab/pcppass"]
        );
        // The pcp programs look here when they are given no host.
        Assert.All(Kinds.Values, lab => Assert.Equal("'/tmp'", Pgpool(lab)["pcp_socket_dir"]));
    }

    [Theory]
    [MemberData(nameof(Any))]
    public void Line_13_etc_holds_four_files_one_can_append_to(string kind)
    {
        var files = RenderedFiles.Of(Kinds[kind]);
        Assert.All(
            ["etc/pgpool.conf", "etc/pcp.conf", "etc/pool_hba.conf", "etc/pool_passwd"],
            f => Assert.EndsWith("\n", files[f], StringComparison.Ordinal)
        );
        Assert.Contains(
            $"\nolga:{new Configuration.PcpUser("olga", "olga").PasswordHash}\n",
            files["etc/pcp.conf"],
            StringComparison.Ordinal
        );
        // Whatever is included after a setting would win over what users append before it, and a copy of etc would lack
        // it.
        Assert.DoesNotContain(
            Lines(files["etc/pgpool.conf"]),
            l => l.TrimStart().StartsWith("include", StringComparison.Ordinal)
        );
        Assert.DoesNotContain("etc/pgpool_node_id", files.Keys);
    }

    [Theory]
    [MemberData(nameof(Any))]
    public void Line_14_pgpool_conf_logs_and_checks_health_as_the_tests_expect(string kind)
    {
        var lab = Kinds[kind];
        var conf = Pgpool(lab);
        var root = lab.SafeAlias ?? lab.Root;
        Assert.Equal(
            (lab.Tools.Pgpool.Number >= 402 ? "'%m: %a pid %p: '" : "'%t: pid %p: '", "on", $"'{root}/run/pgpool.pid'"),
            (conf["log_line_prefix"], conf["log_per_node_statement"], conf["pid_file_name"])
        );
        Assert.Equal($"'{root}/log'", conf[lab.Tools.Pgpool.Number >= 407 ? "work_dir" : "logdir"]);
        Assert.Equal(lab.Tools.Pgpool.Number >= 402 ? "off" : null, conf.GetValueOrDefault("logging_collector"));
        Assert.Equal(lab.PgpoolSetup!.EnableTest ? "on" : null, conf.GetValueOrDefault("health_check_test"));
        foreach (var n in lab.Nodes)
        {
            Assert.Equal(
                ("10", "20", "3", "1", "'olga'", "'postgres'"),
                (
                    conf[$"health_check_period{n.Id}"],
                    conf[$"health_check_timeout{n.Id}"],
                    conf[$"health_check_max_retries{n.Id}"],
                    conf[$"health_check_retry_delay{n.Id}"],
                    conf[$"health_check_user{n.Id}"],
                    conf[$"health_check_database{n.Id}"]
                )
            );
            Assert.Equal(
                ("'localhost'", $"{n.Port}", "1"),
                (conf[$"backend_hostname{n.Id}"], conf[$"backend_port{n.Id}"], conf[$"backend_weight{n.Id}"])
            );
            Assert.Equal(
                lab.Mode is ClusteringMode.LogicalReplication && n.Id == 0 ? "'ALWAYS_PRIMARY'" : "'ALLOW_TO_FAILOVER'",
                conf[$"backend_flag{n.Id}"]
            );
            Assert.Equal(
                lab.Mode is ClusteringMode.StreamingReplication ? $"'server{n.Id}'" : null,
                conf.GetValueOrDefault($"backend_application_name{n.Id}")
            );
        }

        Assert.Equal(
            lab.Mode is ClusteringMode.StreamingReplication,
            conf.ContainsKey("failover_command")
                && (conf.ContainsKey("follow_primary_command") || conf.ContainsKey("follow_master_command"))
        );
        Assert.Equal("'basebackup.sh'", conf["recovery_1st_stage_command"]);
        Assert.Equal(
            lab.Mode is ClusteringMode.NativeReplication or ClusteringMode.SnapshotIsolation
                ? "'pgpool_recovery_pitr'"
                : null,
            conf.GetValueOrDefault("recovery_2nd_stage_command")
        );
        Assert.Equal(("''", "''"), (conf["recovery_password"], conf["sr_check_password"]));
    }

    [Fact]
    public void Line_14_the_sockets_are_in_the_folders_that_were_asked_for()
    {
        var lab = Labs.Old(pgpoolMinor: 6);
        lab = lab with
        {
            Pgpools = [lab.Pgpool with { SocketDirectories = ["/var/run/postgresql", "/tmp", "/srv/s"] }],
        };
        Assert.Equal("'/var/run/postgresql,/tmp,/srv/s'", Pgpool(lab)["unix_socket_directories"]);
        Assert.Equal("'/var/run/postgresql, /tmp, /srv/s'", Postgres(lab)["unix_socket_directories"]);
        // Before 4.4 there is room for one: libpq's default.
        Assert.Equal("'/var/run/postgresql'", Pgpool(lab with { Tools = Labs.Tools(pgpoolMinor: 3) })["socket_dir"]);
    }

    [Fact]
    public void Line_14_no_setting_but_the_commands_themselves_says_failover() =>
        Assert.All(
            Kinds.Values,
            lab =>
                Assert.All(
                    Pgpool(lab).Where(s => s.Value.Contains("failover", StringComparison.Ordinal)),
                    s => Assert.Equal("failover_command", s.Key)
                )
        );

    /// <summary>Before 4.2 Pgpool-II does not start beside it.</summary>
    [Fact]
    public void The_socket_a_killed_Pgpools_watchdog_has_left_is_removed_before_another_is_started()
    {
        var lab = Labs.Old(postgres: 13, pgpoolMinor: 1, pgpools: 2);
        var socket = LabSockets.OfWatchdog(lab.Pgpools[1]);
        Assert.Contains(
            $"is_pgpool \"$pid\" || rm -f \"$dir/run/pgpool.pid\" {socket}\n",
            File(lab, "pgpool1/startall"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Line_15_pool_hba_conf_has_its_lines_in_the_columns_the_tests_look_for()
    {
        var lines = Lines(File(Labs.Old(), "etc/pool_hba.conf")).Where(l => !l.StartsWith('#')).ToArray();
        Assert.Equal(["host", "host", "local", "local"], lines.Take(4).Select(l => l.Split(' ')[0]));
        Assert.All(lines.Take(4), l => Assert.Matches("scram_user .* scram-sha-256$|md5_user .* md5$", l));
        Assert.Contains("host    all         all         127.0.0.1/32          trust", lines);
        Assert.Contains("host    all         all         ::1/128               trust", lines);
        Assert.Equal(2, lines.Count(l => HostTrust().IsMatch(l)));
        Assert.Equal(
            ["local", "all", "all", "trust"],
            Assert
                .Single(
                    lines,
                    l =>
                        l.StartsWith("local", StringComparison.Ordinal) && l.EndsWith("trust", StringComparison.Ordinal)
                )
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)
        );
    }

    [Theory]
    [MemberData(nameof(WithNodes))]
    public void Line_16_what_is_added_to_a_nodes_files_ends_in_a_newline_so_that_users_can_append(string kind) =>
        Assert.All(
            ["data0/postgresql.conf", "data0/pg_hba.conf"],
            f => Assert.EndsWith("\n", File(Kinds[kind], f), StringComparison.Ordinal)
        );

    [Fact]
    public void Line_16_no_setting_names_the_data_folder_so_that_it_takes_a_relative_path() =>
        Assert.All(EveryMode, m => Assert.False(Postgres(Labs.Old(m)).ContainsKey("data_directory")));

    [Theory]
    [MemberData(nameof(WithNodes))]
    public void Line_17_pg_hba_conf_asks_two_users_for_a_password_before_it_trusts(string kind)
    {
        var lines = Lines(File(Kinds[kind], "data0/pg_hba.conf"))
            .Where(l => !l.StartsWith('#'))
            .Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
            .ToArray();
        foreach (
            var (before, trust) in new[]
            {
                ("host all scram_user all scram-sha-256", "host all all all trust"),
                ("host all md5_user all md5", "host all all all trust"),
                ("local all scram_user scram-sha-256", "local all all trust"),
                ("local all md5_user md5", "local all all trust"),
            }
        )
        {
            Assert.InRange(Array.IndexOf(lines, before), 0, Array.IndexOf(lines, trust) - 1);
        }

        Assert.Equal(
            [
                "local replication all trust",
                "host replication all 127.0.0.1/32 trust",
                "host replication all ::1/128 trust",
            ],
            lines.Where(l => l.Contains("replication", StringComparison.Ordinal))
        );
        // What a test of client authentication replaces by lines of its own: both fields all, two blanks before the
        // fourth.
        Assert.Single(Lines(File(Kinds[kind], "data0/pg_hba.conf")), l => SuperuserHost().IsMatch(l));
    }

    [Fact]
    public void Line_18_the_superuser_is_the_owner_and_the_extensions_are_in_template1_before_anything_is_copied()
    {
        foreach (var lab in Kinds.Values)
        {
            Assert.Contains("-U olga ", InitDb.Create(lab.Tools, "/d", lab.Owner).ToString(), StringComparison.Ordinal);
            Assert.Equal(
                ["CREATE EXTENSION pgpool_regclass", "CREATE EXTENSION pgpool_recovery", "CREATE DATABASE test"],
                ClusterRecipe.Of(lab).Statements.Take(3)
            );
            Assert.All(
                ClusterRecipe.Of(lab).Commands("/d"),
                c => Assert.Contains(c.Arguments, a => a is "olga" or "template1")
            );
        }

        foreach (var mode in EveryMode)
        {
            var steps = LabPlanner
                .Plan(
                    new LabSpec
                    {
                        Directory = "/srv/lab",
                        Mode = mode,
                        Nodes = 3,
                        PgpoolSetup = Labs.Old().PgpoolSetup,
                    },
                    LabPlannerTests.Facts
                )
                .Steps.ToList();
            var streaming = mode is ClusteringMode.StreamingReplication;
            var made = Assert.Single(steps.OfType<CreateNodes>());
            Assert.Equal((streaming ? 1 : 3, streaming ? 2 : 0), (made.Nodes.Count, steps.Count(s => s is CopyNode)));
            Assert.All(steps.OfType<CopyNode>(), s => Assert.True(steps.IndexOf(made) < steps.IndexOf(s)));
        }
    }

    [Fact]
    public void Line_19_postgresql_conf_has_what_each_mode_needs()
    {
        Assert.All(
            Kinds.Values.Where(l => l.OwnsNodes),
            lab =>
                Assert.Equal(
                    ("on", "'all'", "10", $"{lab.Nodes.Count + 10}"),
                    (
                        Postgres(lab)["logging_collector"],
                        Postgres(lab)["log_statement"],
                        Postgres(lab)["max_prepared_transactions"],
                        Postgres(lab)["max_wal_senders"]
                    )
                )
        );
        Assert.All(
            EveryMode,
            m =>
                Assert.Equal(
                    m is ClusteringMode.SnapshotIsolation ? "'repeatable read'" : null,
                    Postgres(Labs.Old(m)).GetValueOrDefault("default_transaction_isolation")
                )
        );
        Assert.Equal("logical", Postgres(Labs.Old(ClusteringMode.LogicalReplication))["wal_level"]);

        var streaming = Postgres(Labs.Old());
        Assert.Equal(
            ("on", "hot_standby", "on"),
            (streaming["hot_standby"], streaming["wal_level"], streaming["archive_mode"])
        );
        Assert.Contains("/srv/lab/archivedir/data0/%f", streaming["archive_command"], StringComparison.Ordinal);
        Assert.Contains("/srv/lab/archivedir/data1", RenderedFiles.Machine(Labs.Old()).Folders);
        Assert.Contains(
            "application_name=server1'",
            File(Labs.Old(), "data1/myrecovery.conf"),
            StringComparison.Ordinal
        );

        var slots = Labs.Old(slots: true);
        Assert.False(Postgres(slots).ContainsKey("archive_mode"));
        Assert.Contains(
            "primary_slot_name = 'pgpool_setup_slot1'\n",
            File(slots, "data1/myrecovery.conf"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Line_20_to_22_failover_recovery_and_follow_primary_are_the_scripts_of_the_tools_own_labs()
    {
        var (old, own) = (RenderedFiles.Of(Labs.Old()), RenderedFiles.Of(Labs.Former(slots: false)));
        Assert.Equal(own["data0/pgpool_remote_start"], old["data0/pgpool_remote_start"]);
        // But for the old primary, which the original's leaves alone.
        string[] fence = ["# The old primary may be alive", "# What pg_ctl promote does"];
        Assert.Equal(Without(own["etc/failover.sh"]), Without(old["etc/failover.sh"]));
        Assert.Contains("\nfence() { :; }\n", old["etc/failover.sh"], StringComparison.Ordinal);
        string Without(string text) =>
            text.Remove(
                text.IndexOf(fence[0], StringComparison.Ordinal),
                text.IndexOf(fence[1], StringComparison.Ordinal) - text.IndexOf(fence[0], StringComparison.Ordinal)
            );
        // But for the pause that a client has to see the node detached: the original sleeps, and Pgpool-II's test 077
        // counts on it.
        var (begin, end) = ("# pgpool_setup's own script sleeps", "sleep 3\n");
        var follow = old["etc/follow_primary.sh"];
        var from = follow.IndexOf(begin, StringComparison.Ordinal);
        Assert.Equal(
            own["etc/follow_primary.sh"]
                .Replace("pgpoollab recover $node", "pcp_recovery_node", StringComparison.Ordinal)
                .Replace(
                    "pgpoollab switchover $new_primary",
                    "pcp_promote_node --switchover",
                    StringComparison.Ordinal
                ),
            follow.Remove(from, follow.IndexOf(end, from, StringComparison.Ordinal) + end.Length - from)
        );
        // But for the name of its log, which initdb's own settings and ours leave to PostgreSQL.
        Assert.Equal(
            own["data0/basebackup.sh"].Replace("log_filename = 'node${node_id}.log'\n", "", StringComparison.Ordinal),
            old["data0/basebackup.sh"]
        );
    }

    [Fact]
    public void Line_21_what_recovers_a_node_lives_in_the_data_folder() =>
        Assert.All(
            EveryMode.Where(m => m.HasOnlineRecovery()),
            m =>
            {
                var machine = RenderedFiles.Machine(Labs.Old(m));
                Assert.All(
                    m.WritesEverywhere()
                        ? (string[])["basebackup.sh", "pgpool_remote_start", "pgpool_recovery_pitr"]
                        : ["basebackup.sh", "pgpool_remote_start"],
                    f => Assert.True(machine.Modes[$"/srv/lab/data0/{f}"].HasFlag(UnixFileMode.UserExecute))
                );
            }
        );

    // ---- watchdog_setup ----

    [Fact]
    public void Line_23_each_Pgpool_has_a_full_layout_and_its_number()
    {
        var (one, several) = (RenderedFiles.Of(Labs.Old()), RenderedFiles.Of(Labs.Old(pgpools: 3)));
        var layout = one
            .Keys.Where(f => !f.StartsWith("data", StringComparison.Ordinal))
            .Append("etc/pgpool_node_id")
            .Order(StringComparer.Ordinal)
            .ToArray();
        Assert.All(
            Enumerable.Range(0, 3),
            i =>
            {
                Assert.Equal(
                    layout,
                    several
                        .Keys.Where(f =>
                            f.StartsWith($"pgpool{i}/", StringComparison.Ordinal)
                            && !f.Contains("/data", StringComparison.Ordinal)
                        )
                        .Select(f => f[8..])
                        .Order(StringComparer.Ordinal)
                );
                Assert.Equal($"{i}\n", several[$"pgpool{i}/etc/pgpool_node_id"]);
            }
        );
        Assert.Equal(
            ["shutdownall", "startall"],
            several.Keys.Where(f => !f.Contains('/', StringComparison.Ordinal)).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void Line_24_ports_priority_and_interval()
    {
        var lab = Labs.Old(pgpools: 3);
        foreach (var i in Enumerable.Range(0, 3))
        {
            var conf = Settings(lab, $"pgpool{i}/etc/pgpool.conf");
            Assert.Equal(
                ($"{50000 + (4 * i)}", $"{50001 + (4 * i)}", $"{3 - i}", "1"),
                (conf["port"], conf["pcp_port"], conf["wd_priority"], conf["wd_interval"])
            );
            Assert.Equal(
                ("50006", "50007", "51000", "51001"),
                (conf["wd_port1"], conf["heartbeat_port1"], conf["backend_port0"], conf["backend_port1"])
            );
        }
    }

    [Fact]
    public async Task Line_25_the_data_lies_with_the_first_and_only_its_scripts_touch_PostgreSQL()
    {
        var machine = RenderedFiles.Machine(Labs.Old(pgpools: 3));
        Assert.Equal(
            [
                "/srv/lab/pgpool1/data0 -> ../pgpool0/data0",
                "/srv/lab/pgpool1/data1 -> ../pgpool0/data1",
                "/srv/lab/pgpool2/data0 -> ../pgpool0/data0",
                "/srv/lab/pgpool2/data1 -> ../pgpool0/data1",
            ],
            machine.Links.Select(l => $"{l.Key} -> {l.Value}").Order(StringComparer.Ordinal)
        );
        Assert.Contains("/srv/lab/pgpool0/data0/postgresql.conf", machine.Files.Keys);
        foreach (var script in (string[])["startall", "shutdownall"])
        {
            Assert.Equal(
                2,
                Lines(machine.Files[$"/srv/lab/pgpool0/{script}"])
                    .Count(l => l.Contains("pg_ctl", StringComparison.Ordinal))
            );
            Assert.All(
                [1, 2],
                i =>
                    Assert.DoesNotContain(
                        "pg_ctl",
                        machine.Files[$"/srv/lab/pgpool{i}/{script}"],
                        StringComparison.Ordinal
                    )
            );
            await ScriptSyntax.RequireValidAsync(
                new KeyValuePair<string, string>(script, machine.Files[$"/srv/lab/pgpool1/{script}"])
            );
        }

        Assert.Contains("bin/pgpool -D -n -f", PgpoolLine(Labs.Old(pgpools: 3), "pgpool2/"), StringComparison.Ordinal);
    }

    [Fact]
    public void Line_26_the_top_startall_goes_forward_and_shutdownall_in_reverse()
    {
        var files = RenderedFiles.Of(Labs.Old(pgpools: 3));
        Assert.Equal(["0", "1", "2"], PgpoolFolder().Matches(files["startall"]).Select(m => m.Groups[1].Value));
        Assert.Equal(["2", "1", "0"], PgpoolFolder().Matches(files["shutdownall"]).Select(m => m.Groups[1].Value));
    }

    /// <summary>The contract's table of Pgpool-II's versions.</summary>
    [Theory]
    [InlineData(
        1,
        "master_slave_mode replication_mode follow_master_command socket_dir pcp_socket_dir logdir",
        "backend_clustering_mode follow_primary_command unix_socket_directories work_dir recovery_database"
    )]
    [InlineData(
        3,
        "backend_clustering_mode follow_primary_command socket_dir pcp_socket_dir logdir",
        "unix_socket_directories work_dir recovery_database"
    )]
    [InlineData(
        4,
        "backend_clustering_mode follow_primary_command unix_socket_directories pcp_socket_dir logdir",
        "socket_dir work_dir recovery_database"
    )]
    [InlineData(7, "unix_socket_directories work_dir recovery_database", "socket_dir logdir")]
    public void The_words_of_each_version(int minor, string known, string unknown)
    {
        var names = Pgpool(Labs.Old(pgpoolMinor: minor)).Keys;
        Assert.Empty(known.Split(' ').Except(names));
        Assert.Empty(unknown.Split(' ').Intersect(names));
    }

    [Theory]
    [InlineData(3, "delegate_IP")]
    [InlineData(4, "delegate_ip")]
    public void A_virtual_address_is_named_in_the_words_of_its_version_and_no_command_really_brings_it_up(
        int minor,
        string setting
    )
    {
        var lab = Labs.Old(pgpoolMinor: minor, pgpools: 2);
        var conf = Settings(
            lab with
            {
                PgpoolSetup = lab.PgpoolSetup! with { VirtualIp = "127.0.0.1" },
            },
            "pgpool1/etc/pgpool.conf"
        );
        Assert.Equal("'127.0.0.1'", conf[setting]);
        Assert.All(
            ["if_up_cmd", "if_down_cmd", "arping_cmd"],
            c => Assert.StartsWith("'/usr/bin/", conf[c], StringComparison.Ordinal)
        );
        Assert.False(Settings(lab, "pgpool1/etc/pgpool.conf").ContainsKey(setting));
    }

    [GeneratedRegex(@"\$\{?([A-Za-z_]+)")]
    private static partial Regex Variable();

    /// <summary>With the bar also for those whose shell does not overwrite files (noclobber).</summary>
    [GeneratedRegex(@" >\|? ""\$dir/log/pgpool\.log"" ")]
    private static partial Regex Truncates();

    [GeneratedRegex("pgpool -D")]
    private static partial Regex PgpoolD();

    [GeneratedRegex("-w -D [^ ]+ ")]
    private static partial Regex DataFolder();

    [GeneratedRegex("^host.*trust$")]
    private static partial Regex HostTrust();

    [GeneratedRegex("^host *all *all  *all *trust$")]
    private static partial Regex SuperuserHost();

    [GeneratedRegex("cd pgpool([0-9])")]
    private static partial Regex PgpoolFolder();
}
