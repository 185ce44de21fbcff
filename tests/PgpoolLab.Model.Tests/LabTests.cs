namespace PgpoolLab.Model.Tests;

public sealed class LabTests
{
    private static readonly PgpoolSetupConventions Old = new() { InstallDirectory = "/usr" };

    private static Lab Of(int pgpools, ClusteringMode mode = ClusteringMode.StreamingReplication, string? alias = null)
    {
        var ports = PortLayout.From(11000, pgpools, null);
        return new Lab
        {
            Id = "0123abcd",
            Name = "lab",
            Root = "/srv/my lab",
            Mode = mode,
            Owner = "olga",
            Folder = new FolderOrigin("/srv/my lab"),
            Tools = new Toolset(
                "/usr/lib/postgresql/15/bin",
                new PostgresVersion(15, 4),
                "/usr/sbin/pgpool",
                "/usr/sbin",
                new PgpoolVersion(4, 3, 5)
            ),
            Pgpools = Enumerable
                .Range(0, pgpools)
                .Select(i => new PgpoolNode(
                    7,
                    "/elsewhere",
                    "/elsewhere",
                    ports.Pgpool(i),
                    ports.Pcp(i),
                    ports.Watchdog(i),
                    ["/tmp"],
                    "/tmp"
                ))
                .ToArray(),
            Nodes = Enumerable
                .Range(0, 2)
                .Select(i => new PostgresNode(7, ports.Postgres(i), "/etc", "/etc"))
                .ToArray(),
            SafeAlias = alias,
        };
    }

    [Fact]
    public void One_Pgpool_lies_in_the_labs_folder()
    {
        var lab = Of(1).WithOwnFolders();
        Assert.Equal([(0, "/srv/my lab", "/srv/my lab")], lab.Pgpools.Select(p => (p.Id, p.Folder, p.ServerFolder)));
        Assert.Equal(
            [
                (0, 11002, "/srv/my lab/data0", "/srv/my lab/data0"),
                (1, 11003, "/srv/my lab/data1", "/srv/my lab/data1"),
            ],
            lab.Nodes.Select(n => (n.Id, n.Port, n.DataDirectory, n.ServerDataDirectory))
        );
        Assert.Equal(
            ("/srv/my lab", false, "data1", "Pgpool-II"),
            (lab.ServerPaths.Root, lab.HasWatchdog, lab.RelativeData(1), lab.TitleOf(lab.Pgpool))
        );
    }

    [Fact]
    public void Several_Pgpools_have_a_folder_each_and_the_first_has_the_data()
    {
        var lab = Of(3, alias: "/home/olga/x").WithOwnFolders();
        Assert.Equal(
            [
                (0, "/srv/my lab/pgpool0", "/home/olga/x/pgpool0"),
                (1, "/srv/my lab/pgpool1", "/home/olga/x/pgpool1"),
                (2, "/srv/my lab/pgpool2", "/home/olga/x/pgpool2"),
            ],
            lab.Pgpools.Select(p => (p.Id, p.Folder, p.ServerFolder))
        );
        Assert.Equal(
            [
                ("/srv/my lab/pgpool0/data0", "/home/olga/x/pgpool0/data0"),
                ("/srv/my lab/pgpool0/data1", "/home/olga/x/pgpool0/data1"),
            ],
            lab.Nodes.Select(n => (n.DataDirectory, n.ServerDataDirectory))
        );
        Assert.Equal(
            [
                "/srv/my lab/pgpool2/etc/pgpool.conf",
                "/srv/my lab/pgpool2/log/pgpool.log",
                "/srv/my lab/pgpool2/pcppass",
            ],
            [lab.Pgpools[2].Paths.PgpoolConf, lab.Pgpools[2].Paths.PgpoolLog, lab.Pgpools[2].Paths.PcpPass]
        );
        Assert.Equal(
            ("/srv/my lab/pgpool0", true, "pgpool0/data1", "Pgpool-II 2"),
            (lab.ServerPaths.Root, lab.HasWatchdog, lab.RelativeData(1), lab.TitleOf(lab.Pgpools[2]))
        );
        Assert.Equal("/srv/my lab/.pgpoollab/lab.json", lab.Paths.Manifest);
    }

    [Theory]
    [InlineData(1, "/other", "/other/data0")]
    [InlineData(2, "/other/pgpool0", "/other/pgpool0/data0")]
    public void A_lab_that_was_moved_is_all_in_its_new_folder_and_gives_none_back(
        int pgpools,
        string folder,
        string data
    )
    {
        var moved = Of(pgpools, alias: "/home/olga/x")
            .WithOwnFolders()
            .MovedTo("/other", new FormerPlace("/srv/lab", FormerPlaceState.Free, null, true));
        Assert.Equal(("/other", folder, folder), (moved.Root, moved.Pgpool.Folder, moved.Pgpool.ServerFolder));
        Assert.Equal((data, data), (moved.Nodes[0].DataDirectory, moved.Nodes[0].ServerDataDirectory));
        Assert.Equal((null, new FolderOrigin(null)), (moved.SafeAlias, moved.Folder));
        Assert.All(moved.Pgpools, p => Assert.StartsWith("/other", p.Folder, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(FormerPlaceState.Free, "/tmp/sockets")]
    [InlineData(FormerPlaceState.ThisLab, "/other/run")]
    public void The_sockets_of_a_copy_are_not_the_originals(FormerPlaceState state, string sockets)
    {
        var lab = Of(1).WithOwnFolders();
        lab = lab with
        {
            Pgpools = [lab.Pgpool with { SocketDirectories = ["/tmp/sockets"], PcpSocketDirectory = "/tmp/sockets" }],
        };
        var moved = lab.MovedTo("/other", new FormerPlace(lab.Root, state, null, true));
        Assert.Equal(
            (sockets, sockets),
            (Assert.Single(moved.Pgpool.SocketDirectories), moved.Pgpool.PcpSocketDirectory)
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void The_ports_are_the_layout_the_lab_was_made_with(int pgpools) =>
        Assert.Equal(PortLayout.From(11000, pgpools, null), Of(pgpools).Ports);

    [Theory]
    [InlineData(ClusteringMode.StreamingReplication, true, false)]
    [InlineData(ClusteringMode.NativeReplication, true, true)]
    [InlineData(ClusteringMode.SnapshotIsolation, true, true)]
    [InlineData(ClusteringMode.Raw, false, true)]
    [InlineData(ClusteringMode.LogicalReplication, false, false)]
    [InlineData(ClusteringMode.Slony, false, false)]
    public void A_lab_archives_for_who_can_be_recovered_and_remembers_who_has_missed_writes(
        ClusteringMode mode,
        bool archives,
        bool remembers
    )
    {
        var lab = Of(1, mode);
        Assert.Equal((archives, remembers), (lab.Archives, lab.RemembersStatus));
        Assert.False((lab with { UseSlots = true }).Archives);
        // pgpool_setup archives whatever the mode, unless there are slots, and starts Pgpool-II with -D.
        var old = lab with
        {
            PgpoolSetup = Old,
        };
        Assert.Equal(
            (true, false, false),
            (old.Archives, (old with { UseSlots = true }).Archives, old.RemembersStatus)
        );
    }

    [Theory]
    [InlineData(1, false, "/srv/my lab/log/pgpoollab.log")]
    [InlineData(3, false, "/srv/my lab/.pgpoollab/pgpoollab.log")]
    [InlineData(1, true, "/srv/my lab/pgpool_setup.log")]
    [InlineData(3, true, "/srv/my lab/pgpool_setup.log")]
    public void The_tools_own_log_lies_where_its_users_look(int pgpools, bool old, string log) =>
        Assert.Equal(log, (Of(pgpools) with { PgpoolSetup = old ? Old : null }).ToolLog);
}
