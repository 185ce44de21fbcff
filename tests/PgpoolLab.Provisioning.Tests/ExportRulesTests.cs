using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;
using PgpoolLab.Provisioning.Settings;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What cannot be said to an engine is refused, in the user's own words.</summary>
public sealed class ExportRulesTests
{
    private const ExportTarget Kubernetes = ExportTarget.Kubernetes;
    private const ExportTarget Compose = ExportTarget.Compose;

    [Fact]
    public void What_an_engine_cannot_be_told_is_named_by_the_option_it_came_from() =>
        Snapshot.Approve(
            "export/refusals",
            string.Concat(
                from target in (ExportTarget[])[Kubernetes, Compose]
                from lab in Refused()
                let problems = Problems(target, lab.Lab)
                select $"{target}, {lab.Title}:\n{string.Concat(problems.Select(p => $"  {p}\n"))}"
            )
        );

    private static IEnumerable<(string Title, Lab Lab)> Refused()
    {
        var lab = Labs.Fixed();
        yield return ("native replication", Labs.Fixed(mode: ClusteringMode.NativeReplication));
        yield return ("snapshot isolation", Labs.Fixed(mode: ClusteringMode.SnapshotIsolation));
        yield return ("raw", Labs.Fixed(mode: ClusteringMode.Raw));
        yield return ("logical replication", Labs.Fixed(mode: ClusteringMode.LogicalReplication));
        yield return ("a watchdog", Labs.Fixed(pgpools: 3));
        yield return ("an old command line", Labs.Old());
        yield return ("clones", lab with { Standbys = StandbyMethod.Clone });
        yield return ("trust", lab with { Auth = AuthMethod.Trust });
        yield return ("arguments for initdb", lab with { InitDbArguments = ["--data-checksums"] });
        yield return ("an old PostgreSQL", Labs.Fixed(postgres: 13));
        yield return ("TLS", lab with { UseTls = true });
        yield return ("addresses", lab with { ListenAddresses = ["192.0.2.7"] });
        yield return (
            "settings of Pgpool-II",
            lab with
            {
                PgpoolSettings = new Dictionary<string, string>
                {
                    ["health_check_period"] = "5",
                    ["failover_command"] = "/bin/true",
                    ["health_check_timeout1"] = "3",
                    ["memory_cache_enabled"] = "on",
                    ["ssl_prefer_server_ciphers"] = "on",
                    ["num_init_children"] = "4",
                },
            }
        );
        yield return (
            "settings of PostgreSQL",
            lab with
            {
                PostgresSettings = new Dictionary<string, string>
                {
                    ["Archive_Mode"] = "on",
                    ["cluster_name"] = "x",
                    ["ssl_ciphers"] = "HIGH",
                    ["work_mem"] = "1MB",
                },
            }
        );
        yield return (
            "settings that name places of this machine",
            lab with
            {
                PgpoolSettings = new Dictionary<string, string> { ["reset_query_list"] = "DISCARD ALL; -- /srv/lab/x" },
                PostgresSettings = new Dictionary<string, string>
                {
                    ["archive_timeout"] = "60",
                    ["auto_explain.log_file"] = "/var/log/explain",
                    ["basic_archive.archive_directory"] = "/mnt/archive",
                    ["dynamic_library_path"] = "/opt/lib:$libdir",
                    ["lc_messages"] = "de_DE.UTF-8",
                    ["lc_time"] = "C",
                    ["session_preload_libraries"] = "/usr/lib/own.so",
                    ["vendor.place"] = "/srv/lab/vendor",
                },
            }
        );
        yield return (
            "one synchronous standby of two",
            Labs.Fixed(nodes: 3) with
            {
                PostgresSettings = new Dictionary<string, string> { ["synchronous_standby_names"] = "server1" },
            }
        );
    }

    /// <summary>What CloudNativePG keeps for itself means nothing in a container of ours either, but for
    /// those.</summary>
    [Fact]
    public void What_means_nothing_in_a_container_is_refused_for_Compose_as_for_Kubernetes()
    {
        string[] refused =
        [
            "archive_cleanup_command",
            "archive_command",
            "archive_library",
            "archive_mode",
            "bonjour_name",
            "config_file",
            "data_directory",
            "default_tablespace",
            "external_pid_file",
            "hba_file",
            "ident_file",
            "krb_server_keyfile",
            "listen_addresses",
            "log_destination",
            "log_directory",
            "log_file_mode",
            "log_filename",
            "logging_collector",
            "password_encryption",
            "port",
            "primary_conninfo",
            "primary_slot_name",
            "promote_trigger_file",
            "recovery_end_command",
            "recovery_target_time",
            "restore_command",
            "ssl",
            "ssl_key_file",
            "stats_temp_directory",
            "syslog_ident",
            "temp_tablespaces",
            "unix_socket_directories",
            "unix_socket_permissions",
        ];
        var taken = new Dictionary<string, string>
        {
            ["archive_timeout"] = "60",
            ["cluster_name"] = "x",
            ["hot_standby"] = "on",
            ["log_line_prefix"] = "%m ",
            ["log_temp_files"] = "0",
            ["max_wal_senders"] = "20",
            ["recovery_init_sync_method"] = "fsync",
            ["search_path"] = "a, b",
            ["wal_level"] = "logical",
        };
        var lab = Labs.Fixed();
        var problems = Problems(
                Compose,
                lab with
                {
                    PostgresSettings = refused.Select(n => KeyValuePair.Create(n, "on")).Concat(taken).ToDictionary(),
                }
            )
            .ToArray();
        Assert.Equal(
            refused.Order(StringComparer.Ordinal),
            problems.Select(p => p.Split(' ')[1].Split('=')[0].Replace("postgresql.", "", StringComparison.Ordinal))
        );
        Assert.Equal(
            ["note postgresql.lc_time is de_DE.UTF-8: the image must have this locale, or no node starts."],
            Problems(
                Compose,
                lab with
                {
                    PostgresSettings = new Dictionary<string, string>
                    {
                        ["lc_time"] = "de_DE.UTF-8",
                        ["lc_messages"] = "C",
                    },
                }
            )
        );
        var exported = Exports.Of(Compose, lab with { PostgresSettings = taken });
        Assert.Equal(taken.OrderBy(s => s.Key, StringComparer.Ordinal), exported.PostgresSettings);
        foreach (
            var (name, value) in (Span<(string, string)>)
                [("hot_standby", "off"), ("wal_level", "minimal"), ("max_wal_senders", "0")]
        )
        {
            Assert.StartsWith(
                $"Settings postgresql.{name}={value} cannot be exported: ",
                Assert.Single(
                    Problems(Compose, lab with { PostgresSettings = new Dictionary<string, string> { [name] = value } })
                )
            );
        }
    }

    [Fact]
    public void A_setting_can_be_left_out_and_a_slip_of_the_pen_leaves_out_nothing()
    {
        var lab = Labs.Fixed() with
        {
            PgpoolSettings = new Dictionary<string, string> { ["health_check_period"] = "5", ["max_pool"] = "3" },
        };
        var exported = Exports.Of(Kubernetes, lab, "pgpool.health_check_period");
        Assert.Equal([new("max_pool", "3")], exported.PgpoolSettings);
        Assert.Contains("pgpool.health_check_period is left out, as --leave-out says.", exported.Differences);
        Assert.StartsWith(
            "--leave-out pgpool.health_check: the lab sets no such setting.",
            Assert
                .Throws<InvalidSpecException>(() =>
                    Exports.Of(Kubernetes, lab, "pgpool.health_check_period", "pgpool.health_check")
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Settings_that_were_changed_later_are_those_that_count()
    {
        var lab = Labs.Fixed(nodes: 2) with
        {
            PostgresSettings = new Dictionary<string, string> { ["work_mem"] = "1MB" },
        };
        var host = RenderedFiles.Machine(lab);
        Set("/srv/lab/etc/pgpool.conf", "pgpool", ("max_pool", "5"));
        foreach (var node in lab.Nodes)
        {
            Set(
                $"{node.DataDirectory}/postgresql.conf",
                "postgresql",
                ("Work_Mem", "8MB"),
                ("application_name", @"it's \ x"),
                ("synchronous_standby_names", "FIRST 1 (server0, server1)"),
                ("synchronous_commit", "on")
            );
        }

        var settings = await LabSettings.ReadAsync(lab, host, CancellationToken.None);
        Assert.Equal("5", settings.Pgpool["max_pool"]);
        var exported = new ExportPlanner(Kubernetes, []).Plan(lab, settings);
        Assert.Equal(new ExportedSync(Any: false, 1), exported.Sync);
        Assert.Equal(
            ["application_name=it's \\ x", "max_connections=340", "synchronous_commit=on", "work_mem=8MB"],
            exported.PostgresSettings.Select(s => $"{s.Key}={s.Value}")
        );

        // As lag 1 5s and an editor would.
        Set($"{lab.Nodes[1].DataDirectory}/postgresql.conf", "postgresql", ("recovery_min_apply_delay", "5s"));
        Set($"{lab.Nodes[1].DataDirectory}/postgresql.conf", "postgresql", ("work_mem", "9MB"));
        settings = await LabSettings.ReadAsync(lab, host, CancellationToken.None);
        Assert.Equal(
            [
                "lag 1 5s: a standby that replays later cannot be exported: CloudNativePG has one setting for all "
                    + "nodes. First:  pgpoollab lag 1 off",
                "postgresql.work_mem is not the same on every node: node 0 has 8MB, node 1 has 9MB. Set it on all:  "
                    + "pgpoollab config set postgresql.work_mem=VALUE",
            ],
            Assert
                .Throws<InvalidSpecException>(() => new ExportPlanner(Kubernetes, []).Plan(lab, settings))
                .Problems.Select(p => p.ToString())
        );

        void Set(string file, string program, params (string Name, string Value)[] values) =>
            host.Files[file] = SettingsText.With(
                host.Files[file],
                program,
                values.ToDictionary(v => v.Name, v => v.Value)
            );
    }

    [Theory]
    [InlineData("lab", "lab")]
    [InlineData("My Lab_2", "my-lab-2")]
    [InlineData("7up", "lab-7up")]
    [InlineData("прüf", "f")]
    [InlineData("***", "lab")]
    [InlineData("a-very-long-name-of-a-lab-that-goes-on-for-ever", "a-very-long-name-of-a-lab-that-goes-on-f")]
    public void Things_are_called_by_a_name_that_DNS_takes(string lab, string name) =>
        Assert.Equal(name, Exports.Of(Kubernetes, Labs.Fixed() with { Name = lab }).Name);

    [Theory]
    [InlineData(Kubernetes, null, null, null, "148")]
    [InlineData(Compose, null, null, null, null)]
    [InlineData(Compose, "100", "4", null, "420")]
    [InlineData(Kubernetes, "10", "1", null, null)]
    [InlineData(Kubernetes, null, null, "90", "90")]
    public void Every_session_of_all_Pgpools_finds_room(
        ExportTarget target,
        string? children,
        string? pool,
        string? asked,
        string? connections
    )
    {
        var exported = Exports.Of(
            target,
            Labs.Fixed() with
            {
                PgpoolSettings = Given(("num_init_children", children), ("max_pool", pool)),
                PostgresSettings = Given(("max_connections", asked)),
            }
        );
        Assert.Equal(connections, exported.PostgresSettings.FirstOrDefault(s => s.Key == "max_connections").Value);
        Assert.Equal(
            asked is not null,
            exported.Differences.Any(d => d.StartsWith("postgresql.max_connections is 90;", StringComparison.Ordinal))
        );
    }

    private static Dictionary<string, string> Given(params (string Name, string? Value)[] settings) =>
        settings.Where(s => s.Value is not null).ToDictionary(s => s.Name, s => s.Value!);

    private static IEnumerable<string> Problems(ExportTarget target, Lab lab)
    {
        try
        {
            return Exports.Of(target, lab).Differences.Select(d => $"note {d}").DefaultIfEmpty("exported");
        }
        catch (InvalidSpecException refused)
        {
            return refused.Problems.Select(p => p.ToString());
        }
    }
}
