using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Tests;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

public sealed class PoolNodesTests
{
    private static string Answer(params string[] lines) =>
        string.Concat(lines.Select(l => l.Replace('|', '\u001f') + "\n"));

    [Fact]
    public void Pgpool_4_1_does_not_look_at_PostgreSQL_itself()
    {
        var nodes = PoolNodes.Parse(
            Answer(
                "node_id|hostname|port|status|lb_weight|role|select_cnt|load_balance_node|replication_delay|"
                    + "replication_state|replication_sync_state|last_status_change",
                "0|localhost|11002|up|0.500000|primary|3|true|0|||2026-11-23 02:00:00",
                "1|localhost|11003|waiting|0.500000|standby|0|false|120|streaming|async|2026-11-23 02:00:01"
            )
        );
        Assert.Equal(
            [
                Looks.Pool(0, "primary") with
                {
                    Weight = "0.500000",
                    SelectCount = 3,
                    Delay = "0",
                    LastChange = "2026-11-23 02:00:00",
                },
                Looks.Pool(1, "standby", "waiting") with
                {
                    Weight = "0.500000",
                    SelectCount = 0,
                    Delay = "120",
                    ReplicationState = "streaming",
                    SyncState = "async",
                    LastChange = "2026-11-23 02:00:01",
                },
            ],
            nodes
        );
    }

    [Theory]
    [InlineData("")] // 4.3
    [InlineData(" second")] // 4.4 to 4.6 with delay_threshold_by_time
    public void Pgpool_4_3_and_later_do(string unit)
    {
        var node = Assert.Single(
            PoolNodes.Parse(
                Answer(
                    "node_id|hostname|port|status|pg_status|lb_weight|role|pg_role|select_cnt|load_balance_node|"
                        + "replication_delay|replication_state|replication_sync_state|last_status_change",
                    "1|localhost|11003|down|up|0.333333|standby|primary|12345678901|false|"
                        + $"0.5{unit}|||2026-11-23 02:00:01"
                )
            )
        );
        Assert.Equal(
            Looks.Pool(1, "standby", "down") with
            {
                PostgresStatus = "up",
                PostgresRole = "primary",
                Weight = "0.333333",
                SelectCount = 12345678901,
                Delay = "0.5" + unit,
                LastChange = "2026-11-23 02:00:01",
            },
            node
        );
    }

    [Fact]
    public void Columns_may_come_in_any_order_and_unknown_ones_do_not_matter() =>
        Assert.Equal(
            Looks.Pool(3, "standby", "quarantine"),
            Assert.Single(PoolNodes.Parse(Answer("new_column|role|status|node_id", "x|standby|quarantine|3")))
        );

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("node_id|status|role\n")]
    [InlineData("SET\nfoo\n")]
    [InlineData("node_id|status|role\n0|up\n")]
    [InlineData("node_id|status|role\nx|up|primary\n")]
    public void What_is_no_answer_has_no_nodes(string text) =>
        Assert.Empty(PoolNodes.Parse(text.Replace('|', '\u001f')));

    [Fact]
    public async Task When_Pgpool_does_not_answer_the_first_line_psql_says_is_the_reason()
    {
        var host = new FakeHost
        {
            Run = c =>
                new(c, 2, "", "psql: error: connection to server failed\n\tIs the server running?\n", TimeSpan.Zero),
        };
        var lab = Labs.Former();
        var (nodes, problem) = await PoolNodes.AskAsync(host, lab, lab.Pgpool, CancellationToken.None);
        Assert.Equal((null, "psql: error: connection to server failed"), (nodes, problem));
        host.Run = c => new(c, 2, "", "", TimeSpan.Zero);
        Assert.Equal(
            "psql ended with exit code 2",
            (await PoolNodes.AskAsync(host, lab, lab.Pgpool, CancellationToken.None)).Problem
        );
    }

    // ---- by a socket of its own ----

    private static readonly byte[] TwoNodes =
    [
        .. FakeServer.Columns("node_id", "status", "role", "replication_state"),
        .. FakeServer.Row("0", "up", "primary", ""),
        .. FakeServer.Row("1", "up", "standby", "streaming"),
        .. FakeServer.Done,
    ];

    /// <summary>A machine where servers answer on Pgpool-II's socket, one for each connection.</summary>
    private static FakeHost Answering(params FakeServer[] servers)
    {
        var next = new Queue<FakeServer>(servers);
        return new FakeHost
        {
            Connect = socket =>
                socket == "/var/run/postgresql/.s.PGSQL.11000"
                    ? next.Dequeue()
                    : throw new System.Net.Sockets.SocketException(2),
            Run = c => throw new InvalidOperationException($"{c} was run"),
        };
    }

    [Fact]
    public async Task Pgpool_is_asked_on_its_socket_without_a_program()
    {
        using var server = new FakeServer(FakeServer.Welcome, TwoNodes);
        var lab = Labs.Former();
        var (nodes, problem) = await PoolNodes.AskAsync(Answering(server), lab, lab.Pgpool, CancellationToken.None);
        Assert.Null(problem);
        Assert.Equal(
            [Looks.Pool(0, "primary"), Looks.Pool(1, "standby") with { ReplicationState = "streaming" }],
            nodes
        );
        Assert.Equal("SHOW pool_nodes\0"u8.ToArray(), server.Received[1][5..]);
        Assert.True(server.IsClosed);
    }

    [Fact]
    public async Task What_Pgpool_says_against_it_is_the_reason()
    {
        using var refuses = new FakeServer(FakeServer.Error("database \"test\" does not exist")) { Leaves = true };
        using var fails = new FakeServer(
            FakeServer.Welcome,
            [.. FakeServer.Error("all backend nodes are down"), .. FakeServer.Ready]
        );
        using var leaves = new FakeServer(
            FakeServer.Welcome,
            FakeServer.Error("connection terminated due to online recovery")
        )
        {
            Leaves = true,
        };
        using var babbles = new FakeServer(FakeServer.Welcome, FakeServer.Message('D', [1])) { Leaves = true };
        var lab = Labs.Former();
        var host = Answering(refuses, fails, leaves, babbles);
        Assert.Equal(
            (null, "database \"test\" does not exist"),
            await PoolNodes.AskAsync(host, lab, lab.Pgpool, CancellationToken.None)
        );
        Assert.Equal(
            (null, "all backend nodes are down"),
            await PoolNodes.AskAsync(host, lab, lab.Pgpool, CancellationToken.None)
        );
        Assert.Equal(
            (null, "connection terminated due to online recovery"),
            await PoolNodes.AskAsync(host, lab, lab.Pgpool, CancellationToken.None)
        );
        Assert.Equal(
            (null, "What answers there is no PostgreSQL and no Pgpool-II."),
            await PoolNodes.AskAsync(host, lab, lab.Pgpool, CancellationToken.None)
        );
        Assert.All([refuses, fails, leaves, babbles], s => Assert.True(s.IsClosed));
    }

    [Fact]
    public async Task A_socket_nobody_listens_on_is_a_reason_too()
    {
        var lab = Labs.Former();
        var (nodes, problem) = await PoolNodes.AskAsync(
            new FakeHost { Connect = _ => throw new System.Net.Sockets.SocketException(111) },
            lab,
            lab.Pgpool,
            CancellationToken.None
        );
        Assert.Null(nodes);
        Assert.NotEqual("", problem);
    }

    [Fact]
    public async Task Where_Pgpool_wants_a_password_psql_asks()
    {
        using var server = new FakeServer(FakeServer.WantsPassword);
        var host = Answering(server);
        host.Run = c => new(c, 0, Answer("node_id|status|role", "0|up|primary"), "", TimeSpan.Zero);
        var lab = Labs.Former();
        Assert.Equal(
            [Looks.Pool(0, "primary")],
            (await PoolNodes.AskAsync(host, lab, lab.Pgpool, CancellationToken.None)).Nodes
        );
        Assert.True(server.IsClosed);
    }

    [Fact]
    public async Task Who_looks_again_and_again_does_so_in_one_session_until_that_breaks()
    {
        using var first = new FakeServer(FakeServer.Welcome, FakeServer.Done, FakeServer.Done) { Leaves = true };
        using var second = new FakeServer(FakeServer.Welcome, TwoNodes);
        var lab = Labs.Former();
        var probe = new PgpoolShowsNodes(Answering(first, second), lab, lab.Pgpool, ExpectedNode.AllOf(lab), 77);
        await using (probe)
        {
            Assert.False((await probe.CheckAsync(CancellationToken.None)).Holds);
            Assert.False((await probe.CheckAsync(CancellationToken.None)).Holds);
            // It leaves.
            Assert.False((await probe.CheckAsync(CancellationToken.None)).Holds);
            Assert.True(first.IsClosed);
            Assert.True((await probe.CheckAsync(CancellationToken.None)).Holds);
            Assert.False(second.IsClosed);
        }

        Assert.True(second.IsClosed);
    }

    [Theory]
    [InlineData(1, "SHOW pool_nodes")]
    [InlineData(2, "SHOW pool_nodes")]
    [InlineData(3, "SHOW pool_health_check_stats")]
    [InlineData(7, "SHOW pool_health_check_stats")]
    public async Task Who_waits_does_not_make_Pgpool_connect_to_every_node_each_time(int minor, string query)
    {
        using var server = new FakeServer(FakeServer.Welcome, TwoNodes);
        var lab = Labs.Former();
        lab = lab with { Tools = lab.Tools with { Pgpool = new PgpoolVersion(4, minor, 0) } };
        await using var probe = new PgpoolShowsNodes(Answering(server), lab, lab.Pgpool, ExpectedNode.AllOf(lab), 77);
        Assert.True((await probe.CheckAsync(CancellationToken.None)).Holds);
        Assert.Equal(
            [(byte)'Q', .. FakeServer.Number(query.Length + 5), .. System.Text.Encoding.UTF8.GetBytes(query), 0],
            server.Received[1]
        );
    }

    [Theory]
    [InlineData("main", "replica")]
    [InlineData("master", "slave")]
    [InlineData("primary", "standby")]
    public async Task In_other_modes_nodes_need_only_be_up_whatever_they_are_called(string first, string second)
    {
        var host = new FakeHost
        {
            Run = c =>
                new(
                    c,
                    0,
                    Answer("node_id|status|role|replication_state", $"0|up|{first}|", $"1|waiting|{second}|"),
                    "",
                    TimeSpan.Zero
                ),
        };
        foreach (var mode in Enum.GetValues<ClusteringMode>().Where(m => m is not ClusteringMode.StreamingReplication))
        {
            var lab = Labs.Former(mode: mode);
            var probe = new PgpoolShowsNodes(host, lab, lab.Pgpool, ExpectedNode.AllOf(lab), 77);
            Assert.True((await probe.CheckAsync(CancellationToken.None)).Holds);
            Assert.Equal("Pgpool-II on port 11000 shows node 0 up, node 1 up", probe.Expectation);
        }
    }

    [Fact]
    public async Task Each_Pgpool_is_asked_by_its_own_port()
    {
        string? asked = null;
        var lab = Labs.Former(pgpools: 2);
        var host = new FakeHost { Run = c => new(c, 0, asked = string.Join(' ', c.Arguments), "", TimeSpan.Zero) };
        await PoolNodes.AskAsync(host, lab, lab.Pgpools[1], CancellationToken.None);
        Assert.Contains(" -p 11004 ", asked, StringComparison.Ordinal);
        Assert.StartsWith(
            "Pgpool-II 1 on port 11004 shows ",
            new PgpoolShowsNodes(host, lab, lab.Pgpools[1], ExpectedNode.AllOf(lab), 77).Expectation,
            StringComparison.Ordinal
        );
        Assert.Equal(
            "/srv/lab/pgpool1/log/pgpool.log",
            new PgpoolShowsNodes(host, lab, lab.Pgpools[1], [], 77).Log?.File
        );
    }

    [Theory]
    [InlineData("up", "standby", true)]
    [InlineData("waiting", "standby", true)]
    [InlineData("down", "standby", false)]
    [InlineData("up", "primary", false)]
    public async Task Nodes_are_as_they_should_be_when_they_are_up_in_their_roles(
        string status,
        string role,
        bool holds
    )
    {
        var host = new FakeHost
        {
            Run = c =>
                new(
                    c,
                    0,
                    Answer("node_id|status|role|replication_state", "0|up|primary|", $"1|{status}|{role}|"),
                    "",
                    TimeSpan.Zero
                ),
        };
        var lab = Labs.Former();
        var probe = new PgpoolShowsNodes(host, lab, lab.Pgpool, ExpectedNode.AllOf(lab), 77);
        var seen = await probe.CheckAsync(CancellationToken.None);
        Assert.Equal((holds, $"node 0 up as primary, node 1 {status} as {role}"), (seen.Holds, seen.Seen));
        Assert.Equal("Pgpool-II on port 11000 shows node 0 up as primary, node 1 up as standby", probe.Expectation);
        Assert.Equal("Pgpool-II has ended", await probe.WhySubjectIsGoneAsync(CancellationToken.None));
    }
}
