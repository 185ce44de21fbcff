using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What belongs to a lab though its manifest does not name it.</summary>
public sealed class LabSurveyTests : IDisposable
{
    private readonly TemporaryFolder _temporary = new(" it's");
    private readonly LocalHost _host = new(TimeProvider.System);

    public void Dispose() => _temporary.Dispose();

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_temporary[file])!);
        File.WriteAllText(_temporary[file], text);
    }

    [Fact]
    public async Task A_node_the_manifest_has_lost_is_found_by_its_data_folder_with_the_port_it_has()
    {
        var lab = Labs.Fixed(root: _temporary["lab"]);
        foreach (var number in (int[])[0, 1, 2, 4, 5])
        {
            Write($"lab/data{number}/PG_VERSION", "15\n");
        }

        Write("lab/data4/postgresql.conf", "#port = 1\nport = 12345 # mine\nport = '12346'\n");
        Write("lab/data5/postmaster.pid", "12\n/srv/data5\n1700000000\n12007\n/tmp\n");
        Write("lab/data7/notes", "the user's own");
        Write("lab/data08/PG_VERSION", "15\n");
        Write("lab/data999/PG_VERSION", "15\n");

        var survey = await new LabSurvey(_host).LookAsync(lab, default);
        Assert.Equal(["node 2 (data2)", "node 4 (data4)", "node 5 (data5)"], survey.Unlisted);
        Assert.Equal(
            Enumerable.Range(0, 6).Select(n => $"{lab.Root}/data{n}"),
            survey.Lab.Nodes.Select(n => n.DataDirectory)
        );
        Assert.Equal(
            [lab.Nodes[0].Port, lab.Nodes[1].Port, 11004, 11005, 12346, 12007],
            survey.Lab.Nodes.Select(n => n.Port)
        );
    }

    [Fact]
    public async Task A_Pgpool_the_manifest_has_lost_is_found_by_its_configuration()
    {
        var lab = Labs.Fixed(root: _temporary["lab"]);
        Write("lab/pgpool0/etc/pgpool.conf", "port = 12000\npcp_port = 12001\n");
        Write("lab/pgpool1/etc/pgpool.conf", "port = 12010\npcp_port = 12011\n");
        Write("lab/pgpool2/notes", "the user's own");
        Write("lab/pgpool0/data0/PG_VERSION", "15\n");

        var survey = await new LabSurvey(_host).LookAsync(lab, default);
        Assert.Equal(["Pgpool-II 0 (pgpool0)", "Pgpool-II 1 (pgpool1)"], survey.Unlisted);
        Assert.Equal([$"{lab.Root}/pgpool0", $"{lab.Root}/pgpool1"], survey.Lab.Pgpools.Select(p => p.Folder));
        Assert.Equal([12000, 12010], survey.Lab.Pgpools.Select(p => p.Port));
        Assert.Equal([12001, 12011], survey.Lab.Pgpools.Select(p => p.PcpPort));
        Assert.Equal($"{lab.Root}/pgpool0/data0", survey.Lab.Nodes[0].DataDirectory);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_whole_manifest_is_left_as_it_is(int pgpools)
    {
        var lab = Labs.Fixed(root: _temporary["lab"], pgpools: pgpools);
        foreach (var pgpool in lab.Pgpools)
        {
            Directory.CreateDirectory(pgpool.Folder);
            Write(Path.GetRelativePath(_temporary.Path, pgpool.Paths.PgpoolConf), "port = 1\n");
        }

        Write(Path.GetRelativePath(_temporary.Path, lab.Nodes[1].DataDirectory) + "/PG_VERSION", "15\n");
        var survey = await new LabSurvey(_host).LookAsync(lab, default);
        Assert.Empty(survey.Unlisted);
        Assert.Same(lab, survey.Lab);
    }

    [Fact]
    public async Task Files_of_the_user_are_told_from_those_of_the_lab_and_its_servers()
    {
        var lab = Labs.Fixed(root: _temporary["lab"]);
        foreach (
            var ours in (string[])
                [
                    "etc/pgpool.conf",
                    "etc/tls/server.key",
                    "etc/pool_passwd",
                    "etc/pgpool.conf.1234567.tmp",
                    "log/node0.log",
                    "log/node1.log.1",
                    "log/pgpool_status",
                    "log/pgpoollab.log",
                    "log/oiddir/12",
                    "log/memq_lock_file",
                    "run/.s.PGSQL.11000",
                    "run/pgpool.pid",
                    "archivedir/000000010000000000000001",
                    "archivedir/00000002.history",
                    "archivedir/000000010000000000000002.00000028.backup",
                    "archivedir/data0/000000010000000000000003.partial",
                    "data0/PG_VERSION",
                    "data0/base/1/1259",
                    "data0/pg_wal/000000010000000000000001",
                    "data0/postgresql.auto.conf",
                    "data0/backup_label.old",
                    "data0/current_logfiles",
                    "data0/log/x.csv",
                    "data0/pgpool_remote_start",
                    "data0/standby.signal",
                    "data0/myrecovery.conf",
                    "data0/server.key",
                    "data1/recovery.conf",
                    "data1/promote",
                ]
        )
        {
            Write("lab/" + ours, "");
        }

        Assert.Empty(await new UsersFiles(_host).FindAsync(lab, default));
        string[] users =
        [
            "etc/notes.txt",
            "etc/pgpool.conf~",
            "log/analysis.xlsx",
            "archivedir/keep/1",
            "data0/dump.sql",
            "data1/pg_dump.out",
            "run/script",
        ];
        foreach (var file in users)
        {
            Write("lab/" + file, "");
        }

        var found = (await new UsersFiles(_host).FindAsync(lab, default))
            .Select(f => Path.GetRelativePath(lab.Root, f))
            .Order(StringComparer.Ordinal);
        Assert.Equal(
            users.Select(f => f == "archivedir/keep/1" ? "archivedir/keep" : f).Order(StringComparer.Ordinal),
            found
        );
    }

    [Fact]
    public async Task A_lab_whose_files_are_deleted_says_so_as_long_as_it_has_a_manifest()
    {
        var lab = Labs.Fixed(root: _temporary["lab"]);
        Write("lab/data0/PG_VERSION", "15\n");
        Directory.CreateDirectory(lab.Paths.Hidden);
        LabStore.Save(
            new LabManifest
            {
                ToolVersion = "1",
                CommandLine = [],
                State = LabState.Ready,
                Lab = lab,
            }
        );
        var steps = new StepContext(
            _host,
            lab,
            Labs.Renderer(),
            new ProbeRunner(_host, TimeProvider.System),
            Labs.SecretsOf(lab),
            new UndoStack(),
            Serilog.Core.Logger.None,
            TimeProvider.System
        );

        await new DeleteLabFiles([0], DeletesUsersFiles: false).ExecuteAsync(steps, default);

        Assert.False(Directory.Exists(_temporary["lab/data0"]));
        Assert.Equal(LabState.Destroying, LabStore.Load(lab.Root)?.State);
    }
}
