using System.IO.Compression;
using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What comes from Pgpool-II's own samples.</summary>
public sealed class SampleTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's");
    private readonly IFiles _files = new LocalHost(TimeProvider.System).Files;

    public void Dispose() => _folder.Dispose();

    private string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }

    private string Compress(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        using var file = new GZipStream(File.Create(_folder[name]), CompressionLevel.Fastest);
        file.Write(System.Text.Encoding.UTF8.GetBytes(text));
        return _folder[name];
    }

    // ---- pgpool.conf.sample ----

    [Fact]
    public async Task The_sample_is_looked_for_where_the_user_says_then_in_the_installation()
    {
        var installed = Write("P/etc/pgpool.conf.sample", "");
        Assert.Equal(installed, await SampleConfiguration.FindAsync(_files, null, _folder["P"], "", default));
        Assert.Equal(
            installed,
            await SampleConfiguration.FindAsync(_files, _folder["nowhere"], _folder["P"], "", default)
        );
        var asked = Write("mine/pgpool.conf.sample", "");
        Assert.Equal(asked, await SampleConfiguration.FindAsync(_files, _folder["mine"], _folder["P"], "", default));
    }

    [Fact]
    public async Task A_sample_that_Debian_has_compressed_is_a_sample_and_a_plain_one_comes_first()
    {
        var compressed = Compress("P/etc/pgpool.conf.sample.gz", "");
        Assert.Equal(compressed, await SampleConfiguration.FindAsync(_files, null, _folder["P"], "", default));
        var plain = Write("P/etc/pgpool.conf.sample", "");
        Assert.Equal(plain, await SampleConfiguration.FindAsync(_files, null, _folder["P"], "", default));
    }

    [Theory]
    [InlineData("-stream")]
    [InlineData("-replication")]
    [InlineData("-logical")]
    [InlineData("-master-slave")]
    public async Task Before_4_2_the_modes_own_sample_comes_before_the_general_one(string suffix)
    {
        var general = Write("P/etc/pgpool.conf.sample", "");
        Assert.Equal(general, await SampleConfiguration.FindAsync(_files, null, _folder["P"], suffix, default));
        var own = Compress($"P/etc/pgpool.conf.sample{suffix}.gz", "");
        Assert.Equal(own, await SampleConfiguration.FindAsync(_files, null, _folder["P"], suffix, default));
        Assert.Equal(general, await SampleConfiguration.FindAsync(_files, null, _folder["P"], "", default));
    }

    [Theory]
    [InlineData("port = 9999\n", "port = 9999\n")]
    [InlineData("port = 9999", "port = 9999\n")]
    [InlineData("", "\n")]
    [InlineData("# Prüfstand\n\n", "# Prüfstand\n\n")]
    public async Task A_sample_is_read_plain_or_compressed_and_ends_in_a_newline(string text, string read)
    {
        Assert.Equal(read, await SampleConfiguration.ReadAsync(_files, Write("a", text), default));
        Assert.Equal(read, await SampleConfiguration.ReadAsync(_files, Compress("a.gz", text), default));
    }

    [Fact]
    public void Pgpool_conf_begins_with_the_sample_and_the_labs_settings_win()
    {
        var lab = Labs.Old() is var old
            ? old with
            {
                PgpoolSetup = old.PgpoolSetup! with
                {
                    Sample = Compress("pgpool.conf.sample.gz", "# the sample\nport = 9999\nnum_init_children = 32"),
                },
            }
            : null!;
        var conf = RenderedFiles.Of(lab)["etc/pgpool.conf"];
        Assert.StartsWith(
            "# the sample\nport = 9999\nnum_init_children = 32\n\n# ----",
            conf,
            StringComparison.Ordinal
        );
        var settings = ConfigText.Settings(conf).GroupBy(s => s.Name).ToDictionary(g => g.Key, g => g.Last().Value);
        Assert.Equal(("11000", "32"), (settings["port"], settings["num_init_children"]));
    }

    // ---- sample scripts (-c) ----

    private static readonly string[] Streaming =
    [
        "failover.sh.sample",
        "follow_primary.sh.sample",
        "recovery_1st_stage.sample",
        "pgpool_remote_start.sample",
    ];
    private static readonly string[] Replication =
    [
        "replication_mode_recovery_1st_stage.sample",
        "replication_mode_recovery_2nd_stage.sample",
        "pgpool_remote_start.sample",
    ];

    private string SampleFolder(string folder, IEnumerable<string> names, string text = "#!/bin/bash\n")
    {
        foreach (var name in names)
        {
            Write($"{folder}/{name}", text);
        }

        return _folder[folder];
    }

    [Theory]
    [InlineData(ClusteringMode.StreamingReplication)]
    [InlineData(ClusteringMode.NativeReplication)]
    [InlineData(ClusteringMode.SnapshotIsolation)]
    public async Task The_scripts_are_found_when_all_a_mode_needs_are_there(ClusteringMode mode)
    {
        var names = mode.WritesEverywhere() ? Replication : Streaming;
        var folder = SampleFolder("etc", names);
        Assert.Equal(folder, (await SampleScripts.FindAsync(_files, folder, mode, default)).Folder);
        foreach (var name in names)
        {
            File.Delete($"{folder}/{name}");
            // Another folder of this machine may have them all.
            Assert.NotEqual(folder, (await SampleScripts.FindAsync(_files, folder, mode, default)).Folder);
            Write($"etc/{name}", "");
        }
    }

    [Fact]
    public async Task Packages_have_them_in_a_folder_of_their_own_below()
    {
        var below = SampleFolder("etc/sample_scripts", Streaming);
        Assert.Equal(
            below,
            (await SampleScripts.FindAsync(_files, _folder["etc"], ClusteringMode.StreamingReplication, default)).Folder
        );
    }

    [Fact]
    public async Task Pgpool_4_1_has_follow_master_and_recovery_2nd_stage()
    {
        var folder = SampleFolder(
            "etc",
            ["failover.sh.sample", "follow_master.sh.sample", "recovery_1st_stage.sample", "pgpool_remote_start.sample"]
        );
        Assert.Equal(
            folder,
            (await SampleScripts.FindAsync(_files, folder, ClusteringMode.StreamingReplication, default)).Folder
        );
        folder = SampleFolder(
            "r",
            ["replication_mode_recovery_1st_stage.sample", "recovery_2nd_stage.sample", "pgpool_remote_start.sample"]
        );
        Assert.Equal(
            folder,
            (await SampleScripts.FindAsync(_files, folder, ClusteringMode.NativeReplication, default)).Folder
        );
    }

    [Fact]
    public async Task Samples_are_the_hosts_and_what_is_missing_is_named_also_where_there_is_no_folder_for_them()
    {
        var host = new FakeHost();
        var (folder, lacks) = await SampleScripts.FindAsync(host, "/mine", ClusteringMode.NativeReplication, default);
        Assert.Null(folder);
        Assert.Equal(Replication, lacks);
        Assert.Null(await SampleConfiguration.FindAsync(host, "/mine", "/usr", "", default));
        foreach (var name in Replication.Skip(1).Append("pgpool.conf.sample"))
        {
            host.Installed[$"/etc/pgpool-II/{name}"] = "port = 9999"u8.ToArray();
        }

        (folder, lacks) = await SampleScripts.FindAsync(host, "/mine", ClusteringMode.NativeReplication, default);
        Assert.Null(folder);
        Assert.Equal(Replication[..1], lacks);
        var sample = await SampleConfiguration.FindAsync(host, "/mine", "/usr", "", default);
        Assert.Equal("/etc/pgpool-II/pgpool.conf.sample", sample);
        Assert.Equal("port = 9999\n", await SampleConfiguration.ReadAsync(host, sample!, default));
        await Assert.ThrowsAsync<FileNotFoundException>(() => SampleConfiguration.ReadAsync(host, "/none.gz", default));
    }

    private Lab WithSamples(string folder, ClusteringMode mode = ClusteringMode.StreamingReplication) =>
        Labs.Old(mode, slots: true) is var old
            ? old with
            {
                PgpoolSetup = old.PgpoolSetup! with { SampleScripts = folder },
            }
            : throw new InvalidOperationException();

    [Fact]
    public void Every_script_of_the_lab_is_the_sample_with_the_variables_at_its_head_set()
    {
        var folder = SampleFolder(
            "etc",
            Streaming,
            """
            #!/bin/bash
            # REPLUSER=untouched in a comment
            REPLUSER=repl
            PCP_USER=pgpool
            POSTGRESQL_STARTUP_USER=postgres
            PGHOME=/usr/pgsql-15
            PGPOOL_PATH=/usr/bin
            PCP_PORT=9898
            SSH_KEY_FILE=id_rsa_pgpool
            REPL_SLOT_NAME=$(echo ${NODE_HOST,,} | tr -- -. _)
            ARCHIVEDIR=/var/lib/pgsql/archivedir
            SSH_OPTIONS="-i ~/.ssh/${SSH_KEY_FILE}"
                echo "restore_command = 'scp ${SSH_OPTIONS} ${PRIMARY_NODE_HOST}:${ARCHIVEDIR}/%f %p'"

            """
        );
        var files = RenderedFiles.Of(WithSamples(folder));
        Snapshot.Approve(
            "samples",
            string.Concat(
                new[]
                {
                    "etc/failover.sh",
                    "etc/follow_primary.sh",
                    "data0/basebackup.sh",
                    "data0/pgpool_remote_start",
                }.Select(f => $"==== {f}\n{files[f]}")
            )
        );
    }

    [Fact]
    public void What_a_sample_is_told_may_mean_something_to_a_shell()
    {
        var folder = SampleFolder("etc", Streaming, "#!/bin/bash\nREPLUSER=repl\nPGHOME=/usr\nPGPOOL_PATH=/usr/bin\n");
        var files = RenderedFiles.Of(
            WithSamples(folder) with
            {
                Owner = "DOMAIN\\olga",
                Tools = Labs.Tools() with { PostgresBin = "/opt/it's/bin", PcpBin = "/opt/my bin" },
            }
        );
        Assert.Equal(
            "#!/bin/bash\nREPLUSER='DOMAIN\\olga'\nPGHOME='/opt/it'\\''s'\nPGPOOL_PATH='/opt/my bin'\n",
            files["etc/failover.sh"]
        );
    }

    [Fact]
    public void In_native_replication_the_recovery_scripts_are_those_of_that_mode()
    {
        var folder = SampleFolder("etc", []);
        foreach (var name in Replication)
        {
            Write($"etc/{name}", $"#!/bin/bash\n# {name}\n");
        }

        var files = RenderedFiles.Of(WithSamples(folder, ClusteringMode.NativeReplication));
        Assert.Equal(
            [.. Replication.Select(n => $"#!/bin/bash\n# {n}\n")],
            [files["data0/basebackup.sh"], files["data0/pgpool_recovery_pitr"], files["data0/pgpool_remote_start"]]
        );
        Assert.DoesNotContain("etc/failover.sh", files.Keys);
    }

    [Fact]
    public void The_samples_are_called_with_the_arguments_they_want()
    {
        var folder = SampleFolder("etc", Streaming);
        var conf = ConfigText
            .Settings(RenderedFiles.Of(WithSamples(folder))["etc/pgpool.conf"])
            .ToDictionary(s => s.Name, s => s.Value);
        // The heads of the samples of 4.3 to 4.7.
        Assert.Equal("'/srv/lab/etc/failover.sh %d %h %p %D %m %H %M %P %r %R %N %S'", conf["failover_command"]);
        Assert.Equal("'/srv/lab/etc/follow_primary.sh %d %h %p %D %m %H %M %P %r %R'", conf["follow_primary_command"]);
    }

    [Fact]
    public void What_is_no_script_of_the_samples_stays_the_tools_own()
    {
        var files = RenderedFiles.Of(WithSamples(SampleFolder("etc", Streaming, "#!/bin/bash\n# a sample\n")));
        Assert.Equal(
            ["data0/basebackup.sh", "data0/pgpool_remote_start", "etc/failover.sh", "etc/follow_primary.sh"],
            files
                .Where(f => f.Value.Contains("# a sample", StringComparison.Ordinal))
                .Select(f => f.Key)
                .Order(StringComparer.Ordinal)
        );
        Assert.Equal(RenderedFiles.Of(Labs.Old(slots: true))["startall"], files["startall"]);
    }
}
