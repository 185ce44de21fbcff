namespace PgpoolLab.Model.Tests;

public sealed class LayoutTests
{
    [Fact]
    public void Ports_follow_pgpool_setup() =>
        Assert.Equal(
            [(11000, "Pgpool-II"), (11001, "pcp"), (11002, "PostgreSQL node 0"), (11003, "PostgreSQL node 1")],
            PortLayout.From(PortLayout.DefaultPgpool, 1, null).All(2).Select(p => (p.Port, p.Use))
        );

    [Fact]
    public void The_nodes_can_have_ports_of_their_own() =>
        Assert.Equal([9999, 10000, 5432, 5433, 5434], PortLayout.From(9999, 1, 5432).All(3).Select(p => p.Port));

    [Fact]
    public void One_Pgpool_has_no_watchdog_and_no_ports_for_it() =>
        Assert.Null(PortLayout.From(PortLayout.DefaultPgpool, 1, null).Watchdog(0));

    [Fact]
    public void Several_Pgpools_have_the_ports_watchdog_setup_gives_them() =>
        Assert.Equal(
            [
                (50000, "Pgpool-II 0"),
                (50001, "pcp 0"),
                (50002, "watchdog 0"),
                (50003, "heartbeat 0"),
                (50004, "Pgpool-II 1"),
                (50005, "pcp 1"),
                (50006, "watchdog 1"),
                (50007, "heartbeat 1"),
                (50008, "Pgpool-II 2"),
                (50009, "pcp 2"),
                (50010, "watchdog 2"),
                (50011, "heartbeat 2"),
                (51000, "PostgreSQL node 0"),
                (51001, "PostgreSQL node 1"),
            ],
            PortLayout
                .From(PortLayout.DefaultWatchdog, 3, PortLayout.DefaultWatchdog + PortLayout.WatchdogToPostgres)
                .All(2)
                .Select(p => (p.Port, p.Use))
        );

    [Fact]
    public void Without_ports_of_their_own_the_nodes_follow_the_last_watchdog() =>
        Assert.Equal([11011, 11012, 11013], PortLayout.From(11000, 3, null).All(2).Select(p => p.Port).TakeLast(3));

    [Fact]
    public void Only_heartbeats_are_of_UDP() =>
        Assert.Equal(
            [11003, 11007],
            PortLayout.From(11000, 2, null).All(2).Where(p => p.IsDatagram).Select(p => p.Port)
        );

    [Fact]
    public void Each_port_can_be_asked_for_alone()
    {
        var layout = PortLayout.From(50000, 3, 51000);
        Assert.Equal(
            (50008, 50009, new WatchdogPorts(50010, 50011), 51001),
            (layout.Pgpool(2), layout.Pcp(2), layout.Watchdog(2), layout.Postgres(1))
        );
    }

    [Fact]
    public void No_port_is_used_twice_however_many_servers_there_are()
    {
        for (var pgpools = 1; pgpools <= LabSpec.MaxPgpoolNodes; pgpools++)
        {
            // As the tool lays them out, and as watchdog_setup does. Fewer nodes have some of these ports.
            foreach (var postgres in (int?[])[null, 11000 + PortLayout.WatchdogToPostgres])
            {
                var ports = PortLayout
                    .From(11000, pgpools, postgres)
                    .All(LabSpec.MaxNodes)
                    .Select(p => p.Port)
                    .ToArray();
                Assert.Equal((pgpools > 1 ? 4 * pgpools : 2) + LabSpec.MaxNodes, ports.Length);
                Assert.True(ports.Distinct().Count() == ports.Length, $"{pgpools} Pgpool-IIs, node 0 on {postgres}");
            }
        }
    }

    [Fact]
    public void No_gap_is_left_between_the_Pgpools_and_the_nodes()
    {
        for (var pgpools = 1; pgpools <= LabSpec.MaxPgpoolNodes; pgpools++)
        {
            var ports = PortLayout.From(11000, pgpools, null).All(3).Select(p => p.Port).ToArray();
            Assert.Equal(Enumerable.Range(11000, ports.Length), ports);
        }
    }

    [Fact]
    public void A_lab_lies_where_a_user_of_pgpool_setup_looks_for_it()
    {
        var paths = new LabPaths("/srv/lab");
        Assert.Equal(
            [
                "/srv/lab/etc/pgpool.conf",
                "/srv/lab/etc/pcp.conf",
                "/srv/lab/etc/pool_hba.conf",
                "/srv/lab/etc/pool_passwd",
                "/srv/lab/etc/failover.sh",
                "/srv/lab/etc/follow_primary.sh",
                "/srv/lab/etc/pgpool_node_id",
                "/srv/lab/run/pgpool.pid",
                "/srv/lab/log/pgpool.log",
                "/srv/lab/log/node3.log",
                "/srv/lab/log/events.jsonl",
                "/srv/lab/archivedir/data3",
                "/srv/lab/data3",
                "/srv/lab/pcppass",
                "/srv/lab/.pgpoollab/lab.json",
            ],
            [
                paths.PgpoolConf,
                paths.PcpConf,
                paths.PoolHba,
                paths.PoolPasswd,
                paths.FailoverScript,
                paths.FollowPrimaryScript,
                paths.PgpoolNodeId,
                paths.PgpoolPid,
                paths.PgpoolLog,
                paths.NodeLog(3),
                paths.Events,
                paths.ArchiveOf(3),
                paths.Data(3),
                paths.PcpPass,
                paths.Manifest,
            ]
        );
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
        var tools = new Toolset(
            "/usr/lib/postgresql/15/bin",
            new PostgresVersion(15, 18),
            "/usr/sbin/pgpool",
            "/opt/pcp/bin",
            new PgpoolVersion(4, 3, 5)
        );
        Assert.Equal(
            ("/usr/lib/postgresql/15/bin/psql", "/opt/pcp/bin/pcp_node_info", "/usr/sbin"),
            (tools.PostgresProgram("psql"), tools.PcpProgram("pcp_node_info"), tools.PgpoolBin)
        );
    }
}
