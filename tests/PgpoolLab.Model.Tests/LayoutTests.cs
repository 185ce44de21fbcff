using PgpoolLab.Model;

namespace PgpoolLab.Model.Tests;

public sealed class LayoutTests
{
    [Fact]
    public void Ports_follow_pgpool_setup() =>
        Assert.Equal([(11000, "Pgpool-II"), (11001, "pcp"), (11002, "PostgreSQL node 0"), (11003, "PostgreSQL node 1")], PortLayout.From(PortLayout.DefaultPgpool, null).All(2));

    [Fact]
    public void The_nodes_can_have_ports_of_their_own() =>
        Assert.Equal([9999, 10000, 5432, 5433, 5434], PortLayout.From(9999, 5432).All(3).Select(p => p.Port));

    [Fact]
    public void A_lab_lies_where_a_user_of_pgpool_setup_looks_for_it()
    {
        var paths = new LabPaths("/srv/lab");
        Assert.Equal(
            ["/srv/lab/etc/pgpool.conf", "/srv/lab/etc/pcp.conf", "/srv/lab/etc/pool_hba.conf", "/srv/lab/etc/pool_passwd", "/srv/lab/etc/failover.sh", "/srv/lab/etc/follow_primary.sh",
                "/srv/lab/run/pgpool.pid", "/srv/lab/log/pgpool.log", "/srv/lab/log/node3.log", "/srv/lab/log/events.jsonl", "/srv/lab/archivedir/data3", "/srv/lab/data3", "/srv/lab/pcppass", "/srv/lab/.pgpoollab/lab.json"],
            [paths.PgpoolConf, paths.PcpConf, paths.PoolHba, paths.PoolPasswd, paths.FailoverScript, paths.FollowPrimaryScript,
                paths.PgpoolPid, paths.PgpoolLog, paths.NodeLog(3), paths.Events, paths.ArchiveOf(3), paths.Data(3), paths.PcpPass, paths.Manifest]);
    }

    [Fact]
    public void Nodes_have_the_names_pgpool_setup_gives_them()
    {
        var node = new PostgresNode(2, 11004, "/srv/lab/data2", "/srv/lab/data2");
        Assert.Equal(("server2", "pgpool_setup_slot2"), (node.ApplicationName, node.SlotName));
    }

    [Fact]
    public void Programs_are_found_beside_each_other()
    {
        var tools = new Toolset("/usr/lib/postgresql/15/bin", new PostgresVersion(15, 18), "/usr/sbin/pgpool", "/opt/pcp/bin", new PgpoolVersion(4, 3, 5));
        Assert.Equal(("/usr/lib/postgresql/15/bin/psql", "/opt/pcp/bin/pcp_node_info", "/usr/sbin"), (tools.PostgresProgram("psql"), tools.PcpProgram("pcp_node_info"), tools.PgpoolBin));
    }
}
