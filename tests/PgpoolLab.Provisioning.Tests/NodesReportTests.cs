using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Waiting;
using static PgpoolLab.Provisioning.Tests.Seen;

namespace PgpoolLab.Provisioning.Tests;

public sealed class NodesReportTests
{
    private static PostgresSays Primary(int timeline = 1) =>
        new()
        {
            Up = true,
            InRecovery = false,
            Timeline = timeline,
            WalPosition = "0/3000060",
        };

    private static PostgresSays Standby(int timeline = 1, string? receiver = "streaming") =>
        new()
        {
            Up = true,
            InRecovery = true,
            Timeline = timeline,
            Receiver = receiver,
            WalPosition = "0/3000000",
            LagBytes = 96,
        };

    private static readonly PostgresSays Dead = new() { Up = false, Problem = "Connection refused" };

    private static NodeView Node(int id, PoolNode? pool, PostgresSays says) => new(id, 11002 + id, pool, says);

    private static IReadOnlyList<Said> Diagnose(params NodeView[] nodes) =>
        Diagnosed.Of(new(Labs.Fixed(), new(true, null), nodes));

    private static IReadOnlyList<Said> DiagnoseWithoutPgpool(params NodeView[] nodes) =>
        Diagnosed.Of(new(Labs.Fixed(), new(false, "Connection refused"), nodes));

    private static IReadOnlyList<Said> OfTablespaces(NodeView[] nodes, params SharedTablespace[] shared) =>
        Diagnosed.OfTablespaces(Labs.Fixed(nodes: 3), nodes, shared);

    private static string Shares(int one, int other) =>
        $"Nodes {one} and {other} write the same files, and damage them: tablespace 16384 lies in /srv/fast for "
        + "both. Recovery gives each its own; LOCATION '' makes new ones so.";

    [Fact]
    public void A_tablespace_that_nodes_share_is_pointed_out_with_the_command_that_gives_a_node_its_own()
    {
        NodeView[] nodes =
        [
            Node(0, Pool(0, "standby"), Standby(2)),
            Node(1, Pool(1, "primary"), Primary(2)),
            Node(2, Pool(2, "standby"), Standby(2)),
        ];
        Assert.Equal(
            [
                new Said(0, Shares(1, 0), "pgpoollab recover 0 --yes"),
                new Said(2, Shares(1, 2), "pgpoollab recover 2 --yes"),
            ],
            OfTablespaces(nodes, new SharedTablespace("16384", "/srv/fast", [0, 1, 2]))
        );
        // The primary has a folder of its own already.
        Assert.Equal(
            [new Said(2, Shares(0, 2), "pgpoollab recover 2 --yes")],
            OfTablespaces(nodes, new SharedTablespace("16384", "/srv/fast", [0, 2]))
        );
        // It is stopped already.
        Assert.Equal(
            [new Said(2, Shares(1, 2), "pgpoollab recover 2")],
            OfTablespaces(
                [.. nodes.Take(2), Node(2, Pool(2, "standby", "down"), Dead)],
                new SharedTablespace("16384", "/srv/fast", [1, 2])
            )
        );
        // Nobody is there to recover from.
        Assert.Equal(
            [new Said(1, Shares(0, 1), null)],
            OfTablespaces(
                [Node(0, null, Dead), Node(1, null, Dead)],
                new SharedTablespace("16384", "/srv/fast", [0, 1])
            )
        );
        Assert.Empty(OfTablespaces(nodes));
    }

    [Fact]
    public async Task Tablespaces_are_shared_when_they_lie_in_one_folder()
    {
        using var folder = new TemporaryFolder();
        var lab = Labs.Fixed(nodes: 3, root: folder.Path);
        string[] shared = [folder["x"], folder["y"]];
        foreach (
            var path in (string[])[.. shared, .. lab.Nodes.Take(2).Select(n => $"{n.DataDirectory}/pg_tblspc/16390")]
        )
        {
            // 16390 has LOCATION '': each node its own. Node 2 was deleted by hand.
            Directory.CreateDirectory(path);
        }

        File.CreateSymbolicLink(folder["way to x"], shared[0]);
        File.CreateSymbolicLink($"{lab.Nodes[0].DataDirectory}/pg_tblspc/16384", shared[0]);
        File.CreateSymbolicLink($"{lab.Nodes[1].DataDirectory}/pg_tblspc/16384", folder["way to x"]);
        File.CreateSymbolicLink($"{lab.Nodes[0].DataDirectory}/pg_tblspc/16388", shared[1]);
        foreach (var node in lab.Nodes.Take(2))
        {
            File.CreateSymbolicLink($"{node.DataDirectory}/pg_tblspc/16395", folder["deleted"]);
        }

        var found = Assert.Single(
            await SharedTablespaces.FindAsync(new LocalHost(TimeProvider.System), lab, CancellationToken.None)
        );
        Assert.Equal(("16384", shared[0]), (found.Number, found.Folder));
        Assert.Equal([0, 1], found.Nodes);
    }

    [Fact]
    public void When_all_is_well_nothing_is_said() =>
        Assert.Empty(
            Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby", "waiting"), Standby()))
        );

    [Fact]
    public void When_nothing_runs_that_is_all_there_is_to_say() =>
        Assert.Equal(
            [new Said(null, "Nothing of this lab is running.", "pgpoollab startall")],
            DiagnoseWithoutPgpool(Node(0, null, Dead), Node(1, null, Dead))
        );

    [Fact]
    public void Pgpool_can_be_down_alone() =>
        Assert.Equal(
            [new Said(null, "Pgpool-II does not answer: Connection refused", "pgpoollab startall")],
            DiagnoseWithoutPgpool(Node(0, null, Primary()), Node(1, null, Standby()))
        );

    [Fact]
    public void Without_Pgpool_a_dead_node_is_still_named() =>
        Assert.Equal(
            [
                new Said(null, "Pgpool-II does not answer: Connection refused", "pgpoollab startall"),
                new Said(1, "Node 1 does not answer: Connection refused", null),
            ],
            DiagnoseWithoutPgpool(Node(0, null, Primary()), Node(1, null, Dead))
        );

    [Fact]
    public void A_node_that_is_down_is_recovered() =>
        Assert.Equal(
            [new Said(1, "Node 1 is down.", "pgpoollab recover 1")],
            Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby", "down"), Dead))
        );

    [Fact]
    public void Without_a_primary_there_is_nobody_to_recover_from() =>
        Assert.Equal(
            [new Said(null, "There is no primary.", null), new Said(0, "Node 0 is down.", null)],
            Diagnose(Node(0, Pool(0, "standby", "down"), Dead), Node(1, Pool(1, "standby"), Standby()))
        );

    [Theory]
    [InlineData("down")]
    [InlineData("quarantine")]
    [InlineData("unused")]
    public void A_node_Pgpool_holds_as_down_but_that_runs_is_attached(string status) =>
        Assert.Equal(
            [
                new Said(
                    1,
                    $"They disagree: Pgpool-II takes node 1 for {status}, but its PostgreSQL runs as standby. "
                        + "Pgpool-II does not look again by itself.",
                    "pgpoollab attach 1"
                ),
            ],
            Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby", status), Standby()))
        );

    [Theory]
    [InlineData("up")]
    [InlineData("waiting")]
    public void A_node_Pgpool_holds_as_up_but_that_is_dead_ends_by_itself(string status) =>
        Assert.Equal(
            [
                new Said(
                    1,
                    $"They disagree: Pgpool-II takes node 1 for {status}, but its PostgreSQL does not answer: "
                        + "Connection refused",
                    null
                ),
            ],
            Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby", status), Dead))
        );

    [Fact]
    public void Two_primaries_are_a_split_brain_and_the_older_one_gives_way()
    {
        var finding = Assert.Single(
            Diagnose(Node(0, Pool(0, "standby", "down"), Primary(1)), Node(1, Pool(1, "primary"), Primary(2)))
        );
        Assert.Equal(
            new Said(
                0,
                "Split brain: node 0 is a primary (timeline 1) beside node 1 (timeline 2); what was written on "
                    + "one is not on the other.",
                "pgpoollab recover 0"
            ),
            finding
        );
    }

    [Fact]
    public void A_second_primary_that_is_attached_is_detached_first() =>
        Assert.Equal(
            "pgpoollab recover 0",
            Assert
                .Single(Diagnose(Node(0, Pool(0, "standby"), Primary(1)), Node(1, Pool(1, "primary"), Primary(2))))
                .Fix
        );

    /// <summary>Who promotes a standby behind Pgpool-II's back makes a newer timeline, to which no client
    /// writes.</summary>
    [Fact]
    public void The_primary_that_Pgpool_writes_to_is_kept_on_an_older_timeline_too() =>
        Assert.Equal(
            "pgpoollab recover 1",
            Assert
                .Single(Diagnose(Node(0, Pool(0, "primary"), Primary(1)), Node(1, Pool(1, "standby"), Primary(2))))
                .Fix
        );

    [Fact]
    public void Without_a_primary_the_node_that_was_it_is_started() =>
        Assert.Equal(
            [new Said(null, "There is no primary.", null), new Said(0, "Node 0 is down.", "pgpoollab start 0")],
            Diagnose(
                    Node(0, Pool(0, "primary", "down"), Dead with { Runs = false, MadeAsStandby = false }),
                    Node(1, Pool(1, "standby"), Standby())
                )
                .Where(f => f.Node is not 1)
        );

    [Fact]
    public void A_standby_that_was_stopped_is_started_rather_than_copied_again() =>
        Assert.Equal(
            [new Said(1, "Node 1 is down.", "pgpoollab start 1")],
            Diagnose(
                Node(0, Pool(0, "primary"), Primary()),
                Node(1, Pool(1, "standby", "down"), Dead with { Runs = false, MadeAsStandby = true })
            )
        );

    [Fact]
    public void A_split_brain_is_seen_without_Pgpool_too() =>
        Assert.Contains(
            DiagnoseWithoutPgpool(Node(0, null, Primary(1)), Node(1, null, Primary(2))),
            f => f.Node == 0 && f.Problem.StartsWith("Split brain:", StringComparison.Ordinal)
        );

    [Theory]
    [InlineData("standby", "primary")]
    [InlineData("primary", "standby")]
    public void A_role_Pgpool_is_wrong_about_is_named(string thinks, string role)
    {
        var says = role == "primary" ? Primary() : Standby();
        var other = role == "primary" ? Node(1, Pool(1, "standby"), Standby()) : Node(1, Pool(1, "primary"), Primary());
        Assert.Equal(
            [new Said(0, $"They disagree: Pgpool-II takes node 0 for a {thinks}, but it is a {role}.", null)],
            Diagnose(Node(0, Pool(0, thinks), says), other)
        );
    }

    [Theory]
    [InlineData(null, "none")]
    [InlineData("stopping", "stopping")]
    public void A_standby_that_receives_nothing_is_recovered(string? receiver, string told) =>
        Assert.Equal(
            [
                new Said(
                    1,
                    "Node 1 is a standby that does not follow the primary: it receives nothing (WAL receiver: "
                        + $"{told}); see log/node1.log.",
                    Copied
                ),
            ],
            Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby"), Standby(receiver: receiver)))
        );

    private const string Copied = "pgpoollab recover 1";

    [Fact]
    public void A_standby_on_another_timeline_is_recovered() =>
        Assert.Equal(
            [
                new Said(
                    1,
                    "Node 1 is a standby that does not follow the primary: it is on timeline 1, the primary on 2.",
                    "pgpoollab recover 1 --yes"
                ),
            ],
            Diagnose(Node(0, Pool(0, "primary"), Primary(2)), Node(1, Pool(1, "standby"), Standby()))
        );

    [Fact]
    public void Without_any_primary_that_is_said_once() =>
        Assert.Equal(
            [new Said(null, "There is no primary.", null)],
            Diagnose(Node(0, Pool(0, "standby"), Standby()), Node(1, Pool(1, "standby"), Standby()))
        );

    [Fact]
    public void A_node_Pgpool_does_not_list_is_named() =>
        Assert.Equal(
            [new Said(1, "Pgpool-II does not know node 1.", null)],
            Diagnose(Node(0, Pool(0, "primary"), Primary()), Node(1, null, Standby()))
        );

    // ---- modes without standbys ----

    private static IReadOnlyList<Said> DiagnoseIn(ClusteringMode mode, bool pgpoolAnswers, params NodeView[] nodes) =>
        Diagnosed.Of(
            new(Labs.Fixed(mode: mode), new(pgpoolAnswers, pgpoolAnswers ? null : "Connection refused"), nodes)
        );

    public static TheoryData<ClusteringMode> OtherModes =>
        new(Enum.GetValues<ClusteringMode>().Where(m => m is not ClusteringMode.StreamingReplication));

    [Theory]
    [MemberData(nameof(OtherModes))]
    public void Where_each_node_can_be_written_to_two_of_them_are_no_split_brain(ClusteringMode mode) =>
        Assert.Empty(
            DiagnoseIn(
                mode,
                true,
                Node(0, Pool(0, "main"), Primary(1)),
                Node(1, Pool(1, "replica", "waiting"), Primary(3))
            )
        );

    [Theory]
    [MemberData(nameof(OtherModes))]
    public void When_nothing_runs_no_mode_says_more(ClusteringMode mode) =>
        Assert.Equal(
            [new Said(null, "Nothing of this lab is running.", "pgpoollab startall")],
            DiagnoseIn(mode, false, Node(0, null, Dead), Node(1, null, Dead))
        );

    [Theory]
    [MemberData(nameof(OtherModes))]
    public void Without_Pgpool_a_dead_peer_is_still_named(ClusteringMode mode) =>
        Assert.Equal(
            [
                new Said(null, "Pgpool-II does not answer: Connection refused", "pgpoollab startall"),
                new Said(1, "Node 1 does not answer: Connection refused", null),
            ],
            DiagnoseIn(mode, false, Node(0, null, Primary()), Node(1, null, Dead))
        );

    [Theory]
    [InlineData(ClusteringMode.NativeReplication, "pgpoollab recover 1")]
    [InlineData(ClusteringMode.SnapshotIsolation, "pgpoollab recover 1")]
    [InlineData(ClusteringMode.Raw, "pgpoollab start 1")]
    [InlineData(ClusteringMode.LogicalReplication, "pgpoollab start 1")]
    public void A_dead_peer_is_recovered_or_where_there_is_no_recovery_started_and_attached(
        ClusteringMode mode,
        string fix
    ) =>
        Assert.Equal(
            [new Said(1, "Node 1 is down.", fix)],
            DiagnoseIn(mode, true, Node(0, Pool(0, "main"), Primary()), Node(1, Pool(1, "replica", "down"), Dead))
        );

    [Theory]
    [InlineData(ClusteringMode.NativeReplication)]
    [InlineData(ClusteringMode.SnapshotIsolation)]
    public void A_peer_that_was_given_up_has_missed_writes_and_is_never_just_attached(ClusteringMode mode) =>
        Assert.Equal(
            [new Said(1, "Pgpool-II has given node 1 up; what was written since is not on it.", "pgpoollab recover 1")],
            DiagnoseIn(mode, true, Node(0, Pool(0, "main"), Primary()), Node(1, Pool(1, "replica", "down"), Primary()))
        );

    [Theory]
    [InlineData(ClusteringMode.Raw)]
    [InlineData(ClusteringMode.LogicalReplication)]
    public void Where_Pgpool_replicates_nothing_a_peer_that_runs_is_attached(ClusteringMode mode) =>
        Assert.Equal(
            [
                new Said(
                    1,
                    "They disagree: Pgpool-II takes node 1 for down, but its PostgreSQL runs. Pgpool-II does not "
                        + "look again by itself.",
                    "pgpoollab attach 1"
                ),
            ],
            DiagnoseIn(mode, true, Node(0, Pool(0, "main"), Primary()), Node(1, Pool(1, "replica", "down"), Primary()))
        );

    [Theory]
    [MemberData(nameof(OtherModes))]
    public void A_peer_Pgpool_holds_as_up_but_that_is_dead_ends_by_itself(ClusteringMode mode) =>
        Assert.Equal(
            [
                new Said(
                    1,
                    "They disagree: Pgpool-II takes node 1 for up, but its PostgreSQL does not answer: "
                        + "Connection refused",
                    null
                ),
            ],
            DiagnoseIn(mode, true, Node(0, Pool(0, "main"), Primary()), Node(1, Pool(1, "replica"), Dead))
        );

    [Fact]
    public void An_online_recovery_that_was_cut_short_leaves_a_standby_which_is_recovered_again() =>
        Assert.Equal(
            [
                new Said(
                    1,
                    "Node 1 is a standby still: its online recovery has not come to an end; see log/recovery.log.",
                    "pgpoollab recover 1"
                ),
            ],
            DiagnoseIn(
                ClusteringMode.NativeReplication,
                true,
                Node(0, Pool(0, "main"), Primary()),
                Node(1, Pool(1, "replica", "down"), Standby())
            )
        );

    [Fact]
    public void A_peer_Pgpool_does_not_list_is_named() =>
        Assert.Equal(
            [new Said(1, "Pgpool-II does not know node 1.", null)],
            DiagnoseIn(ClusteringMode.Raw, true, Node(0, Pool(0, "main"), Primary()), Node(1, null, Primary()))
        );

    [Fact]
    public void With_a_watchdog_the_data_and_the_logs_are_in_the_first_Pgpools_folder()
    {
        Assert.EndsWith(
            "; see pgpool0/log/recovery.log.",
            Assert
                .Single(
                    Diagnosed.Of(
                        new(
                            Labs.Fixed(mode: ClusteringMode.NativeReplication, pgpools: 3),
                            new(true, null),
                            [Node(0, Pool(0, "main"), Primary()), Node(1, Pool(1, "replica", "down"), Standby())]
                        )
                    )
                )
                .Problem,
            StringComparison.Ordinal
        );
        Assert.EndsWith(
            "; see pgpool0/log/node1.log.",
            Assert
                .Single(
                    Diagnosed.Of(
                        new(
                            Labs.Fixed(pgpools: 3),
                            new(true, null),
                            [
                                Node(0, Pool(0, "primary"), Primary()),
                                Node(1, Pool(1, "standby"), Standby(receiver: null)),
                            ]
                        )
                    )
                )
                .Problem,
            StringComparison.Ordinal
        );
        Assert.Equal(
            "pgpoollab recover 1",
            Assert
                .Single(
                    Diagnosed.Of(
                        new(
                            Labs.Fixed(mode: ClusteringMode.NativeReplication, pgpools: 3),
                            new(true, null),
                            [Node(0, Pool(0, "main"), Primary()), Node(1, Pool(1, "replica", "down"), Primary())]
                        )
                    )
                )
                .Fix
        );
    }

    [Fact]
    public async Task What_is_to_be_pasted_asks_the_Pgpool_that_answers()
    {
        var lab = Labs.Fixed(mode: ClusteringMode.NativeReplication, pgpools: 2);
        // PostgreSQL itself is asked without psql; nobody is where it looks.
        lab = lab with
        {
            Pgpools = lab.Pgpools.Select(p => p with { SocketDirectories = ["/nonexistent"] }).ToArray(),
        };
        var host = new FakeHost
        {
            Run = c =>
                c.Arguments.Contains("11004")
                    ? new(
                        c,
                        0,
                        "node_id|status|role\n0|up|main\n1|down|replica\n".Replace('|', '\u001f'),
                        "",
                        TimeSpan.Zero
                    )
                    : new(c, 2, "", "Connection refused", TimeSpan.Zero),
        };
        var report = await new NodesReporter(host, new ProbeRunner(host, TimeProvider.System)).ReportAsync(
            lab,
            CancellationToken.None
        );
        Assert.Equal((11004, true), (report.PgpoolPort, report.PgpoolAnswers));
        Assert.Equal("pgpoollab recover 1", report.Findings.Single(f => f.Node == 1).Fix);
    }

    // ---- the watchdog ----

    private static WatchdogView Member(int id, string? status, bool? quorum = true, bool answers = true) =>
        new(id, 11000 + (4 * id), answers, status, quorum, answers ? 1 : null, answers ? null : "Connection refused");

    private static IReadOnlyList<Said> DiagnoseWatchdog(params WatchdogView[] members) =>
        Diagnosed.OfWatchdog(Labs.Fixed(pgpools: 3), members, []);

    [Theory]
    [InlineData("LEADER")]
    [InlineData("MASTER")]
    public void A_watchdog_with_one_leader_is_well(string leader) =>
        Assert.Empty(DiagnoseWatchdog(Member(0, leader), Member(1, "STANDBY"), Member(2, "STANDBY")));

    [Fact]
    public void A_lab_with_one_Pgpool_has_no_watchdog_to_complain_of() => Assert.Empty(DiagnoseWatchdog());

    [Fact]
    public void One_that_was_told_of_no_primary_is_to_be_started_again()
    {
        var finding = new Said(
            null,
            "Pgpool-II 2 shows no primary, and Pgpool-II 0 does: it asked its leader for it when that was still "
                + "starting, and does not ask again by itself.",
            "pgpoollab restart pgpool2"
        );
        WatchdogView[] members =
        [
            Member(0, "LEADER"),
            Member(1, null, null, false),
            Member(2, "STANDBY") with
            {
                Primary = null,
            },
        ];
        Assert.Contains(finding, DiagnoseWatchdog(members));
        // Where nobody shows one, there is none; and elsewhere there are no primaries.
        Assert.DoesNotContain(
            DiagnoseWatchdog([.. members.Select(m => m with { Primary = null })]),
            f => f.Problem.Contains("primary", StringComparison.Ordinal)
        );
        Assert.DoesNotContain(
            finding,
            Diagnosed.OfWatchdog(Labs.Fixed(pgpools: 3, mode: ClusteringMode.NativeReplication), members, [])
        );
    }

    [Fact]
    public void That_no_Pgpool_answers_is_told_elsewhere() =>
        Assert.Empty(
            DiagnoseWatchdog(Member(0, null, null, false), Member(1, null, null, false), Member(2, null, null, false))
        );

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 2)]
    [InlineData(true, 2)]
    [InlineData(true, 0)]
    public void A_Pgpool_that_is_down_is_started_again(bool old, int down)
    {
        var members = Enumerable
            .Range(0, 3)
            .Select(i => i == down ? Member(i, null, null, false) : Member(i, i == 1 ? "LEADER" : "STANDBY"))
            .ToArray();
        Assert.Equal(
            [
                new Said(
                    null,
                    $"Pgpool-II {down} does not answer: Connection refused",
                    $"pgpoollab restart pgpool{down}"
                ),
            ],
            Diagnosed.OfWatchdog(old ? Labs.Old(pgpools: 3) : Labs.Fixed(pgpools: 3), members, [])
        );
    }

    [Fact]
    public void A_Pgpool_whose_first_process_was_killed_answers_clients_but_not_pcp() =>
        Assert.Equal(
            [
                new Said(
                    null,
                    "Pgpool-II 1 answers clients, but not pcp_watchdog_info: its first process may have been killed.",
                    "pgpoollab restart pgpool1"
                ),
            ],
            DiagnoseWatchdog(Member(0, "LEADER"), Member(1, null, null), Member(2, "STANDBY"))
        );

    [Fact]
    public void Without_a_quorum_nobody_decides() =>
        Assert.Contains(
            new Said(
                null,
                "The watchdog has no quorum (1 of 3 Pgpool-IIs answer): until it has, none of them decides on a "
                    + "failover.",
                null
            ),
            DiagnoseWatchdog(Member(0, "LEADER", false), Member(1, null, null, false), Member(2, null, null, false))
        );

    [Fact]
    public void No_leader_and_too_many_leaders_are_told()
    {
        Assert.Equal(
            [new Said(null, "The watchdog has no leader (yet).", null)],
            DiagnoseWatchdog(Member(0, "STANDBY"), Member(1, "STANDBY"), Member(2, "JOINING"))
        );
        Assert.Equal(
            [new Said(null, "The watchdog has 2 leaders.", null)],
            DiagnoseWatchdog(Member(0, "LEADER"), Member(1, "LEADER"), Member(2, "STANDBY"))
        );
    }

    [Theory]
    [InlineData("0/0", 0L)]
    [InlineData("0/3000060", 50331744L)]
    [InlineData("1/0", 4294967296L)]
    [InlineData("16/B374D848", 97500059720L)]
    [InlineData("FFFFFFFF/FFFFFFFF", -1L)]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("0", null)]
    [InlineData("0/1/2", null)]
    [InlineData("x/1", null)]
    public void A_WAL_position_is_a_number_of_bytes(string? position, long? bytes) =>
        Assert.Equal(bytes, NodesReporter.WalBytes(position));

    [Fact]
    public void Json_has_a_shape_programs_can_rely_on()
    {
        var nodes = new[]
        {
            Node(
                0,
                Pool(0, "primary") with
                {
                    PostgresStatus = "up",
                    PostgresRole = "primary",
                    Weight = "0.500000",
                    SelectCount = 7,
                    Delay = "0",
                    LastChange = "2026-11-23 02:00:00",
                },
                Primary()
            ),
            Node(1, Pool(1, "standby", "down"), Standby()),
            Node(2, null, Dead),
        };
        var lab = Labs.Fixed(nodes: 3, root: "/srv/Prüfstand", pgpools: 2);
        WatchdogView[] members = [Member(0, "LEADER"), Member(1, null, null, answers: false)];
        Snapshot.Approve(
            "nodes-json",
            NodesReporter.ToJson(
                new NodesReport(
                    lab.Name,
                    lab.Root,
                    lab.Mode.Setting(),
                    lab.Pgpool.Port,
                    true,
                    null,
                    nodes.Select(n => n with { Port = lab.Nodes[n.Id].Port }).ToArray(),
                    members,
                    [.. NodesDiagnosis.Of(new(lab, new(true, null), nodes)), .. WatchdogDiagnosis.Of(lab, members, [])]
                )
                {
                    PgpoolProcessId = 70,
                    AtWork =
                    [
                        new WorkUnderWay(
                            WorkKind.FollowPrimary,
                            1,
                            4711,
                            new DateTimeOffset(2026, 11, 23, 2, 0, 0, TimeSpan.FromHours(1)),
                            "Pgpool-II makes node 1 follow the new primary"
                        )
                        {
                            Next = "Next: node 2.",
                        },
                    ],
                    Synchronous = new SynchronousCommit(0, "FIRST 1 (*)", "on", 1, 0, 3),
                }
            ) + "\n"
        );
    }
}
