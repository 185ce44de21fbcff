using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Provisioning.Tests;

public sealed class TemplateTests
{
    private static readonly Dictionary<string, Lab> Cases = new()
    {
        ["pg10-pgpool4.1-archive"] = Labs.Fixed(10, 1, nodes: 3, slots: false),
        ["pg13-pgpool4.1-slots-rewind"] = Labs.Fixed(13, 1, slots: true, rewind: true),
        ["pg15-pgpool4.3-slots"] = Labs.Fixed(15, 3, nodes: 3),
        ["pg17-pgpool4.6-archive-rewind"] = Labs.Fixed(17, 6, slots: false, rewind: true),
        ["pg18-pgpool4.7-settings"] = Labs.Fixed(18, 7) with
        {
            PgpoolSettings = new Dictionary<string, string>
            {
                ["num_init_children"] = "4",
                ["log_per_node_statement"] = "on",
            },
            PostgresSettings = new Dictionary<string, string>
            {
                ["work_mem"] = "1MB",
                ["cluster_name"] = "it's \\ mine",
            },
        },
        ["nasty-archive"] = Labs.Nasty(slots: false) with
        {
            PostgresSettings = new Dictionary<string, string> { ["cluster_name"] = Labs.NastyName },
        },
    };

    public static TheoryData<string, string> Files =>
        new(Cases.SelectMany(c => RenderedFiles.Of(c.Value).Keys.Where(HasText).Select(f => (c.Key, f))));

    public static TheoryData<string> Versions => new(Cases.Keys);

    /// <summary>These two are empty on purpose.</summary>
    private static bool HasText(string file) => Path.GetFileName(file) is not ("pool_passwd" or "standby.signal");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_generated_file_is_as_approved(string lab, string file) =>
        Snapshot.Approve($"{lab}/{file}", RenderedFiles.Of(Cases[lab])[file]);

    /// <summary>By markers like these a script's variables were once put into a file that it writes; icon fonts use
    /// such characters.</summary>
    [Fact]
    public void Characters_for_private_use_in_a_folders_name_are_what_they_are()
    {
        var lab = Labs.Fixed(root: "/srv/\uE000node_id\uE001", alias: Labs.NastyAlias, slots: false);
        Assert.Contains(
            "/srv/\uE000node_id\uE001/archivedir/data${primary_id}/%f",
            RenderedFiles.Of(lab)["data0/basebackup.sh"],
            StringComparison.Ordinal
        );
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_generated_file_ends_with_a_line_end_and_holds_no_carriage_return(string lab) =>
        Assert.All(
            RenderedFiles.Of(Cases[lab]).Where(f => HasText(f.Key)),
            f =>
            {
                Assert.EndsWith("\n", f.Value, StringComparison.Ordinal);
                Assert.DoesNotContain('\r', f.Value);
            }
        );

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_generated_file_says_who_wrote_it(string lab) =>
        Assert.All(
            RenderedFiles
                .Of(Cases[lab])
                .Where(f =>
                    HasText(f.Key)
                    && f.Key
                        is not (
                            "pcppass"
                            or "pgpass"
                            or "etc/.pgpoolkey"
                            or "bashrc.ports"
                            or "README.port"
                            or "data1/postgresql.conf"
                        )
                ),
            f =>
                Assert.Contains(
                    $"# Written by pgpoollab 1.2.3 for the lab {Cases[lab].Name}; yours to edit.",
                    f.Value,
                    StringComparison.Ordinal
                )
        );

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_script_can_be_read_by_sh(string lab)
    {
        var scripts = RenderedFiles.Of(Cases[lab]).Where(f => RenderedFiles.IsScript(f.Key)).ToArray();
        Assert.Equal(9, scripts.Length);
        await ScriptSyntax.RequireValidAsync(scripts);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void Passwords_are_in_pcppass_alone(string lab) =>
        Assert.Equal(
            ["pcppass"],
            RenderedFiles
                .Of(Cases[lab])
                .Where(f => f.Value.Contains(Labs.Users[0].Password, StringComparison.Ordinal))
                .Select(f => f.Key)
        );

    /// <summary>What the samples of these releases of Pgpool-II name their parameters.</summary>
    [Theory]
    [InlineData(
        1,
        "master_slave_mode master_slave_sub_mode replication_mode follow_master_command socket_dir logdir",
        "backend_clustering_mode follow_primary_command unix_socket_directories work_dir recovery_database "
            + "logging_collector"
    )]
    [InlineData(
        2,
        "backend_clustering_mode follow_primary_command socket_dir logdir logging_collector",
        "master_slave_mode master_slave_sub_mode replication_mode follow_master_command unix_socket_directories "
            + "work_dir recovery_database"
    )]
    [InlineData(
        3,
        "backend_clustering_mode follow_primary_command socket_dir logdir logging_collector",
        "master_slave_mode replication_mode follow_master_command unix_socket_directories work_dir recovery_database"
    )]
    [InlineData(
        4,
        "backend_clustering_mode follow_primary_command unix_socket_directories logdir",
        "master_slave_mode replication_mode follow_master_command socket_dir work_dir recovery_database"
    )]
    [InlineData(
        6,
        "backend_clustering_mode follow_primary_command unix_socket_directories logdir",
        "master_slave_mode replication_mode follow_master_command socket_dir work_dir recovery_database"
    )]
    [InlineData(
        7,
        "backend_clustering_mode follow_primary_command unix_socket_directories work_dir recovery_database",
        "master_slave_mode replication_mode follow_master_command socket_dir logdir"
    )]
    public void Pgpool_is_told_only_what_its_version_knows(int minor, string known, string unknown)
    {
        var names = ConfigText
            .Settings(Labs.Renderer().Render("pgpool/pgpool.conf", Labs.Fixed(pgpoolMinor: minor)))
            .Select(s => s.Name)
            .ToArray();
        Assert.Empty(known.Split(' ').Except(names));
        Assert.Empty(unknown.Split(' ').Intersect(names));
    }

    /// <summary>PostgreSQL's release notes: 12 (recovery.conf is gone), 13 (wal_keep_size).</summary>
    [Theory]
    [InlineData(10, "wal_keep_segments", "wal_keep_size include_if_exists")]
    [InlineData(12, "wal_keep_segments include_if_exists", "wal_keep_size")]
    [InlineData(13, "wal_keep_size include_if_exists", "wal_keep_segments")]
    [InlineData(18, "wal_keep_size include_if_exists", "wal_keep_segments")]
    public void PostgreSQL_is_told_only_what_its_version_knows(int major, string known, string unknown)
    {
        var lab = Labs.Fixed(major, slots: false);
        var names = ConfigText
            .Settings(Labs.Renderer().RenderNode("postgresql/postgresql.conf", lab, lab.Nodes[0]))
            .Select(s => s.Name)
            .ToArray();
        Assert.Empty(known.Split(' ').Except(names));
        Assert.Empty(unknown.Split(' ').Intersect(names));
    }

    [Theory]
    [InlineData(11, true)]
    [InlineData(12, false)]
    public void A_standby_before_12_is_told_so_in_recovery_conf(int major, bool told)
    {
        var lab = Labs.Fixed(major);
        Assert.Equal(
            told,
            Labs.Renderer()
                .RenderStandby("postgresql/myrecovery.conf", lab, lab.Nodes[1], lab.Nodes[0])
                .Contains("standby_mode = on\n", StringComparison.Ordinal)
        );
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void No_setting_is_given_twice_but_by_the_user(string lab)
    {
        var given = Cases[lab].PgpoolSettings.Keys.Concat(Cases[lab].PostgresSettings.Keys).ToHashSet();
        foreach (var file in new[] { "etc/pgpool.conf", "data0/postgresql.conf" })
        {
            Assert.Empty(
                ConfigText
                    .Settings(RenderedFiles.Of(Cases[lab])[file])
                    .Select(s => s.Name)
                    .Where(n => !given.Contains(n))
                    .GroupBy(n => n)
                    .Where(g => g.Count() > 1)
                    .Select(g => g.Key)
            );
        }
    }

    [Fact]
    public void What_the_user_sets_comes_last_and_so_wins()
    {
        var files = RenderedFiles.Of(Cases["pg18-pgpool4.7-settings"]);
        Assert.Equal(
            ("num_init_children", "'4'"),
            ConfigText.Settings(files["etc/pgpool.conf"]).Last(s => s.Name == "num_init_children")
        );
        Assert.Equal(
            [("work_mem", "'1MB'"), ("cluster_name", @"'it''s \\ mine'")],
            ConfigText.Settings(files["data0/postgresql.conf"]).TakeLast(2)
        );
    }

    [Fact]
    public void Pgpool_conf_names_a_difficult_folder_only_by_its_link()
    {
        var lab = Labs.Nasty();
        var values = ConfigText
            .Settings(Labs.Renderer().Render("pgpool/pgpool.conf", lab))
            .Select(s => s.Value)
            .ToArray();
        Assert.DoesNotContain(values, v => v.Contains(Labs.NastyName, StringComparison.Ordinal));
        // Between two single quotes Pgpool-II knows no escape.
        Assert.All(
            values,
            v =>
                Assert.True(
                    !v.StartsWith('\'') || v.LastIndexOf('\'') == v.Length - 1 && v.IndexOf('\'', 1) == v.Length - 1,
                    v
                )
        );
    }

    [Fact]
    public void A_percent_sign_in_the_folder_reaches_Pgpools_commands_doubled()
    {
        var settings = ConfigText.Settings(
            Labs.Renderer().Render("pgpool/pgpool.conf", Labs.Fixed(root: "/srv/100%d"))
        );
        Assert.StartsWith(
            "'/srv/100%%d/etc/failover.sh %d ",
            settings.Single(s => s.Name == "failover_command").Value,
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "'/srv/100%%d/etc/follow_primary.sh %d ",
            settings.Single(s => s.Name == "follow_primary_command").Value,
            StringComparison.Ordinal
        );
        Assert.Equal("'/srv/100%d/data0'", settings.Single(s => s.Name == "backend_data_directory0").Value);
    }

    [Fact]
    public void A_hundred_nodes_have_a_hundred_backends()
    {
        var settings = ConfigText.Settings(Labs.Renderer().Render("pgpool/pgpool.conf", Labs.Fixed(nodes: 100)));
        Assert.Equal(
            Enumerable.Range(0, 100).Select(i => $"{11002 + i}"),
            settings.Where(s => s.Name.StartsWith("backend_port", StringComparison.Ordinal)).Select(s => s.Value)
        );
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public void One_line_of_startall_starts_Pgpool_and_a_user_can_edit_it(string lab)
    {
        var line = Assert.Single(
            RenderedFiles.Of(Cases[lab])["startall"].Split('\n'),
            l => l.Contains("pgpool.conf", StringComparison.Ordinal)
        );
        Assert.Contains("bin/pgpool -D -n -f", line, StringComparison.Ordinal);
        Assert.EndsWith(" >>\"$dir/log/pgpool.log\" 2>&1 &", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Shutdownall_is_stopall()
    {
        var files = RenderedFiles.Of(Labs.Fixed());
        Assert.Equal(files["stopall"], files["shutdownall"]);
    }

    [Fact]
    public void Templates_have_every_function_of_the_language()
    {
        var all = Scriban.TemplateContext.GetDefaultBuiltinObject();
        Assert.NotEmpty(all.Keys);
        Assert.All(
            all.Keys,
            name =>
            {
                Assert.True(TemplateBuiltins.Shared.TryGetValue(null, default, name, out var found));
                Assert.Equal(all[name]?.GetType(), found?.GetType());
                Assert.Equal(
                    (all[name] as Scriban.Runtime.ScriptObject)?.Keys,
                    (found as Scriban.Runtime.ScriptObject)?.Keys
                );
            }
        );
    }
}
