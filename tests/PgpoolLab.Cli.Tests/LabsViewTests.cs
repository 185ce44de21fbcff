using PgpoolLab.Cli.Rendering;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Reports;

namespace PgpoolLab.Cli.Tests;

public sealed class LabsViewTests
{
    private static readonly LabView Ready = new()
    {
        Name = "lab",
        Directory = "/home/olga/it's [my] lab",
        User = "olga",
        State = LabCondition.Ready,
        Mode = "streaming_replication",
        PostgreSql = "15.18",
        Pgpool = "4.3.5",
        PgpoolPorts = [11000],
        PcpPorts = [11001],
        NodePorts = [11002, 11003],
        NodesUp = 2,
        PgpoolsUp = 1,
        Bytes = 112_400_000,
    };

    private static readonly LabsReport Report = new([
        Ready with
        {
            Name = "at-work",
            Command = "startall",
            NodesUp = 0,
            PgpoolsUp = 0,
        },
        Ready with
        {
            Name = "damaged",
            State = LabCondition.Damaged,
            Mode = null,
            PostgreSql = null,
            Pgpool = null,
            PgpoolPorts = [],
            PcpPorts = [],
            NodePorts = [],
            NodesUp = null,
            PgpoolsUp = null,
            Problem = "The manifest /srv/x/.pgpoollab/lab.json is damaged: no [end].",
            Fix = "When they are stopped, the lab can be deleted with its folder:  rm -r /srv/x",
        },
        Ready with
        {
            Name = "failed",
            State = LabCondition.Failed,
            NodesUp = 0,
            PgpoolsUp = 0,
            Problem = "It is what a failed setup was told to keep.",
            Fix = "pgpoollab destroy /srv/failed",
        },
        new()
        {
            Name = "gone",
            Directory = "/srv/gone",
            User = "olga",
            State = LabCondition.Gone,
            Orphan = true,
            Problem = "Its folder was deleted by hand; left of it: pgpool (pid 12).",
            Fix = "pgpoollab destroy --orphans",
        },
        Ready with
        {
            Name = "killed",
            State = LabCondition.Creating,
            Orphan = true,
            NodesUp = 1,
            PgpoolsUp = 0,
            Bytes = null,
            Problem = "Its setup was killed after step 4 (Start node 0).",
            Fix = "pgpoollab destroy --orphans",
        },
        Ready,
        Ready with
        {
            Name = "three",
            Mode = "snapshot_isolation",
            PgpoolPorts = [50000, 50004, 50008],
            PcpPorts = [50001, 50005, 50009],
            NodePorts = [51000, 51001, 51002],
            NodesUp = 2,
            PgpoolsUp = 3,
        },
    ]);

    [Theory]
    [InlineData(200)]
    [InlineData(80)]
    [InlineData(60)]
    public void Labs_are_listed_in_a_table(int width)
    {
        var screen = new Screen(width);
        LabsView.Print(screen.Terminal.Data, Report);
        Assert.Equal("", screen.Error);
        Snapshot.Approve($"list-{width}", screen.Out);
    }

    [Fact]
    public void Labs_are_listed_as_JSON() =>
        Snapshot.Approve("list-json", new LabsReport([Ready, Report.Labs[3]]).ToJson() + "\n");

    private static readonly OrphansReport Orphans = new(
        [
            new(
                "a",
                "/srv/[a]",
                OrphanKind.FolderGone,
                [
                    new(12, "/usr/sbin/pgpool -n -f /srv/[a]/etc/pgpool.conf"),
                    new(13, "pgpool: wait for connection request"),
                    new(14, "postgres: checkpointer"),
                ],
                ["/tmp/.s.PGSQL.11000"],
                []
            ),
            new("b", "/srv/b", OrphanKind.SetupKilled, [], [], ["/srv/b/notes.txt"]),
            new("c", "/srv/c", OrphanKind.ManifestGone, [new(15, "postgres -D /srv/c/data0")], [], ["/srv/c"]),
        ],
        ["/home/olga/.cache/pgpoollab/clusters/0123456789abcdef0123456789abcdef.unfinished"],
        [new("d", "/srv/d", "Could not delete /srv/d/etc: Permission denied")]
    )
    {
        Remains = [new("olga", "/home/olga/.cache/pgpoollab/clusters", "Permission denied")],
    };

    [Fact]
    public void What_was_done_with_orphans_is_conversation()
    {
        var screen = new Screen();
        OrphansView.Print(screen.Terminal, Orphans);
        Assert.Equal("", screen.Out);
        Snapshot.Approve("orphans", screen.Error);
    }

    [Fact]
    public void No_orphans_are_told()
    {
        var screen = new Screen();
        OrphansView.Print(screen.Terminal, new OrphansReport([], [], []));
        Assert.Equal("There are no orphans.\n", screen.Error);
    }

    [Fact]
    public void What_could_not_be_removed_is_told_to_the_quiet_too()
    {
        var screen = new Screen();
        screen.Terminal.Quiet = true;
        OrphansView.Print(screen.Terminal, Orphans);
        Assert.Equal(
            "error: Not everything of the lab 'd' in /srv/d could be removed: Could not delete /srv/d/etc: "
                + "Permission denied\n"
                + "error: Not all that killed commands of olga have left in "
                + "/home/olga/.cache/pgpoollab/clusters could be "
                + "removed: Permission denied\n",
            screen.Error
        );
    }

    [Fact]
    public void What_was_done_with_orphans_as_JSON() => Snapshot.Approve("orphans-json", Orphans.ToJson() + "\n");
}
