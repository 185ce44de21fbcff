using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Reports;
using static PgpoolLab.Provisioning.Tests.Seen;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Advice names only nodes for which it is right, and none while something is at work on them.</summary>
public sealed class AdviceTests
{
    private static readonly string[] Statuses = ["up", "waiting", "down", "quarantine", "unused"];

    private static readonly PostgresSays Stopped = new()
    {
        Up = false,
        Runs = false,
        Problem = "not running",
    };

    private static readonly PostgresSays Starting = new()
    {
        Up = false,
        Runs = true,
        ProcessId = 102,
        Problem = "the database system is starting up",
    };

    private static PostgresSays SuspendedWithChild(bool standby) => Suspended(standby) with { Suspended = [103, 104] };

    private static readonly PostgresSays[] Everything =
    [
        Primary(),
        Primary(1),
        Standby(),
        Standby(1),
        Standby(receiver: null),
        Standby(receiver: "stopping"),
        Standby(fed: false),
        Standby(fed: null),
        Stopped,
        Starting,
        SuspendedWithChild(true),
        SuspendedWithChild(false),
    ];

    private static NodeView Node(int id, PoolNode? pool, PostgresSays says) => new(id, 11002 + id, pool, says);

    private static WorkUnderWay Work(WorkKind kind, int? node = null) =>
        new(kind, node, 4711, null, "Something is at work");

    private static IReadOnlyList<Said> Diagnose(IReadOnlyList<WorkUnderWay> work, params NodeView[] nodes) =>
        Diagnosed.Of(new(Labs.Fixed(nodes: 3), new(true, null) { Runs = true, ProcessId = 70 }, nodes) { Work = work });

    /// <summary>Node 1 is the primary on timeline 2; every state of the others, in every status.</summary>
    private static IEnumerable<NodeView[]> Combinations() =>
        from zero in Everything
        from statusOfZero in Statuses
        from two in Everything
        from statusOfTwo in Statuses
        select (NodeView[])
            [
                Node(0, Pool(0, "standby", statusOfZero), zero),
                Node(1, Pool(1, "primary"), Primary()),
                Node(2, Pool(2, "standby", statusOfTwo), two),
            ];

    [Fact]
    public void Only_a_standby_that_streams_from_the_primary_is_ever_attached()
    {
        foreach (var nodes in Combinations())
        {
            foreach (
                var attached in Diagnose([], nodes)
                    .Where(f => f.Fix?.Contains("pgpoollab attach", StringComparison.Ordinal) is true)
            )
            {
                var says = nodes[attached.Node!.Value].Postgres;
                Assert.True(
                    says is { Up: true, InRecovery: true, Receiver: "streaming", Timeline: 2, FedByPrimary: not false },
                    $"{says} is to be attached"
                );
            }
        }
    }

    [Theory]
    [InlineData(WorkKind.Failover)]
    [InlineData(WorkKind.FollowPrimary)]
    [InlineData(WorkKind.Command)]
    [InlineData(WorkKind.Recovery)]
    public void While_something_is_at_work_no_node_is_attached_recovered_detached_or_stopped(WorkKind kind)
    {
        foreach (var nodes in Combinations())
        {
            // What is suspended does not go on by itself.
            Assert.All(
                Diagnose([Work(kind)], nodes),
                f =>
                    Assert.True(
                        f.Fix is null || f.Fix == $"pgpoollab resume {f.Node}" || f.Fix == $"pgpoollab kill {f.Node}",
                        $"{f}"
                    )
            );
        }
    }

    [Fact]
    public void A_node_that_shares_a_tablespace_is_not_recovered_while_that_is_at_work_already()
    {
        NodeView[] nodes = [Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby"), Standby())];
        IReadOnlyList<Said> Diagnose(params WorkUnderWay[] work) =>
            Diagnosed.OfTablespaces(Labs.Fixed(), nodes, [new("16384", "/srv/fast", [0, 1])], work);
        Assert.Equal("pgpoollab recover 1 --yes", Assert.Single(Diagnose()).Fix);
        Assert.Null(Assert.Single(Diagnose(Work(WorkKind.Recovery, 1))).Fix);
    }

    [Fact]
    public void A_recovery_is_only_in_the_way_of_its_own_node()
    {
        NodeView[] nodes =
        [
            Node(0, Pool(0, "standby", "down"), Stopped),
            Node(1, Pool(1, "primary"), Primary()),
            Node(2, Pool(2, "standby", "down"), Stopped),
        ];
        Assert.Equal(
            [
                new Said(0, "Node 0 is down. Wait: the recovery is at work.", null),
                new Said(2, "Node 2 is down.", "pgpoollab recover 2"),
            ],
            Diagnose([Work(WorkKind.Recovery, 0)], nodes)
        );
    }

    [Fact]
    public void A_node_that_waits_for_follow_primary_is_left_alone() =>
        Assert.Equal(
            [
                new Said(0, "Node 0 is down. Wait: follow_primary is at work.", null),
                new Said(
                    2,
                    "They disagree: Pgpool-II takes node 2 for down, but its PostgreSQL runs as standby. Wait: "
                        + "follow_primary is at work.",
                    null
                ),
            ],
            Diagnose(
                [Work(WorkKind.FollowPrimary, 0)],
                Node(0, Pool(0, "standby", "down"), Stopped),
                Node(1, Pool(1, "primary"), Primary()),
                Node(2, Pool(2, "standby", "down"), Standby(1))
            )
        );

    public static TheoryData<string, string> DoNotStream =>
        new()
        {
            { "old timeline", "it is on timeline 1, the primary on 2." },
            { "no receiver", "it receives nothing (WAL receiver: none); see log/node2.log." },
            { "not fed", "node 1, the primary, does not send to it; see log/node2.log." },
        };

    [Theory]
    [MemberData(nameof(DoNotStream))]
    public void A_standby_that_does_not_stream_is_recovered_and_it_is_said_why(string what, string why)
    {
        var says = what switch
        {
            "old timeline" => Standby(1),
            "no receiver" => Standby(receiver: null),
            _ => Standby(fed: false),
        };
        NodeView[] Nodes(string status) =>
            [
                Node(0, Pool(0, "standby"), Standby()),
                Node(1, Pool(1, "primary"), Primary()),
                Node(2, Pool(2, "standby", status), says),
            ];
        Assert.Equal(
            [
                new Said(
                    2,
                    "They disagree: Pgpool-II takes node 2 for down, but its PostgreSQL runs as standby. It "
                        + $"must not be attached: {why}",
                    "pgpoollab recover 2"
                ),
            ],
            Diagnose([], Nodes("down"))
        );
        Assert.Equal(
            [
                new Said(
                    2,
                    $"Node 2 is a standby that does not follow the primary: {why}",
                    $"pgpoollab recover 2{(what == "old timeline" ? " --yes" : "")}"
                ),
            ],
            Diagnose([], Nodes("up"))
        );
    }

    [Fact]
    public void Without_a_primary_no_standby_is_attached_or_recovered() =>
        Assert.All(
            Diagnose(
                [],
                Node(0, Pool(0, "standby", "down"), Stopped),
                Node(1, Pool(1, "standby", "down"), Standby()),
                Node(2, Pool(2, "standby"), Standby(receiver: null))
            ),
            f => Assert.Null(f.Fix)
        );

    // ---- Pgpool-II does not answer ----

    private static Said OfPgpool(
        PgpoolSays says,
        IReadOnlyList<WorkUnderWay> work,
        PostgresSays? second = null,
        bool old = false
    ) =>
        Diagnosed.Of(
            new(old ? Labs.Old() : Labs.Fixed(), says, [Node(0, null, Primary()), Node(1, null, second ?? Standby())])
            {
                Work = work,
            }
        )[0];

    private static PgpoolSays Silent =>
        new(false, "it closed the connection")
        {
            Runs = true,
            ProcessId = 70,
            Age = TimeSpan.FromMinutes(1),
        };

    [Theory]
    [InlineData(WorkKind.Failover, "the failover")]
    [InlineData(WorkKind.FollowPrimary, "follow_primary")]
    [InlineData(WorkKind.Command, "the command")]
    public void A_Pgpool_that_fails_over_is_waited_for(WorkKind kind, string name) =>
        Assert.Equal(
            new Said(
                null,
                $"Pgpool-II (pid 70) does not answer: it closed the connection. Wait: {name} is at work.",
                null
            ),
            OfPgpool(Silent, [Work(kind)])
        );

    [Fact]
    public void Startall_is_for_a_Pgpool_that_does_not_run()
    {
        var ended = Silent with { Runs = false, ProcessId = null };
        Assert.Equal(new Said(null, "Pgpool-II is not running.", "pgpoollab startall"), OfPgpool(ended, []));
        Assert.Equal(
            new Said(null, "Pgpool-II is not running. Wait: a command is at work.", null),
            OfPgpool(ended, [Work(WorkKind.Command)])
        );
    }

    [Fact]
    public void A_Pgpool_that_runs_and_does_not_answer_is_started_again_and_one_that_has_just_been_started_is_not()
    {
        Assert.Equal(
            new Said(null, "Pgpool-II (pid 70) does not answer: it closed the connection", "pgpoollab restart pgpool"),
            OfPgpool(Silent, [])
        );
        Assert.Equal("pgpoollab restart pgpool", OfPgpool(Silent, [], old: true).Fix);
        Assert.Equal(
            new Said(
                null,
                "Pgpool-II (pid 70) was started 3 s ago and does not answer yet: it closed the connection",
                null
            ),
            OfPgpool(Silent with { Age = TimeSpan.FromSeconds(3) }, [])
        );
    }

    [Fact]
    public void A_Pgpool_that_waits_for_a_suspended_node_is_not_to_blame() =>
        Assert.Equal(
            new Said(
                null,
                "Pgpool-II (pid 70) does not answer: it closed the connection. It waits for node 1, which is "
                    + "suspended.",
                null
            ),
            OfPgpool(Silent, [], SuspendedWithChild(true))
        );

    [Fact]
    public void A_suspended_Pgpool_is_continued_whether_it_answers_or_not()
    {
        foreach (var answers in (bool[])[true, false])
        {
            Assert.Equal(
                new Said(
                    null,
                    "Pgpool-II is suspended (by SIGSTOP or a debugger; pids 70, 71, 72, 73 and 2 more): it "
                        + "decides on no failover, and clients may get no answer.",
                    "pgpoollab resume pgpool"
                ),
                OfPgpool(
                    new(answers, null)
                    {
                        Runs = true,
                        ProcessId = 70,
                        Suspended = [70, 71, 72, 73, 74, 75],
                    },
                    []
                )
            );
            Assert.Equal(
                new Said(
                    null,
                    "Pgpool-II has suspended processes (by SIGSTOP or a debugger; pid 71): a client that gets to "
                        + "one of them waits.",
                    "pgpoollab resume pgpool"
                ),
                OfPgpool(
                    new(answers, null)
                    {
                        Runs = true,
                        ProcessId = 70,
                        Suspended = [71],
                    },
                    []
                )
            );
        }
    }

    [Fact]
    public void A_Pgpool_that_has_lost_every_node_is_not_called_stopped()
    {
        NodeView[] nodes = [Node(0, null, Stopped), Node(1, null, Stopped)];
        Assert.Equal(
            [
                new Said(
                    null,
                    "No node runs, and Pgpool-II (pid 70) lets nobody in.",
                    "pgpoollab stopall && pgpoollab startall"
                ),
            ],
            Diagnosed.Of(new(Labs.Fixed(), Silent, nodes))
        );
        Assert.Equal(
            [new Said(null, "Nothing of this lab is running.", "pgpoollab startall")],
            Diagnosed.Of(new(Labs.Fixed(), Silent with { Runs = false, ProcessId = null }, nodes))
        );
    }

    // ---- suspended nodes ----

    [Fact]
    public void A_suspended_primary_is_continued_while_nobody_has_taken_over() =>
        Assert.Equal(
            [
                new Said(
                    0,
                    "Node 0 is suspended (by SIGSTOP or a debugger; pids 103, 104): it accepts connections and "
                        + "answers nobody.",
                    "pgpoollab resume 0"
                ),
            ],
            Diagnosed.Of(
                new(
                    Labs.Fixed(),
                    new(true, null),
                    [Node(0, Pool(0, "primary"), SuspendedWithChild(false)), Node(1, Pool(1, "standby"), Standby(1))]
                )
            )
        );

    [Fact]
    public void A_suspended_primary_is_left_alone_while_failover_promotes_another_node()
    {
        IReadOnlyList<Said> Diagnose(WorkUnderWay work) =>
            Diagnosed.Of(
                new(Labs.Fixed(), Silent, [Node(0, null, SuspendedWithChild(false)), Node(1, null, Standby(1))])
                {
                    Work = [work],
                }
            );
        Assert.All(Diagnose(Work(WorkKind.Failover, 0)), f => Assert.Null(f.Fix));
        // failover.sh has ended, nobody was promoted, and Pgpool-II waits for the suspended node.
        var findings = Diagnose(Work(WorkKind.Failover));
        Assert.Equal("pgpoollab resume 0", findings.Single(f => f.Node == 0).Fix);
        Assert.EndsWith(
            "It waits for node 0, which is suspended.",
            findings.Single(f => f.Node is null).Problem,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_suspended_standby_is_continued() =>
        Assert.Equal(
            [
                new Said(
                    1,
                    "Node 1 is suspended (by SIGSTOP or a debugger; pids 103, 104): it accepts connections and "
                        + "answers nobody.",
                    "pgpoollab resume 1"
                ),
            ],
            Diagnosed.Of(
                new(
                    Labs.Fixed(),
                    new(true, null),
                    [Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby"), SuspendedWithChild(true))]
                )
            )
        );

    [Fact]
    public void A_suspended_old_primary_ends_without_having_worked_on()
    {
        NodeView[] nodes =
        [
            Node(0, Pool(0, "standby", "down"), SuspendedWithChild(false)),
            Node(1, Pool(1, "primary"), Primary()),
        ];
        const string problem =
            "Node 0 is suspended (by SIGSTOP or a debugger; pids 103, 104): it accepts connections and answers nobody. "
            + "Node 1 has taken over: continued, it would be a second primary. End it:";
        Assert.Equal(
            [new Said(0, problem, "pgpoollab kill 0 && pgpoollab recover 0")],
            Diagnosed.Of(new(Labs.Fixed(), new(true, null), nodes))
        );
        // Pgpool-II may wait for it to look for the primary: this ends that wait, and the rest comes later.
        Assert.Equal(
            new Said(0, problem, "pgpoollab kill 0"),
            Diagnosed.Of(new(Labs.Fixed(), Silent, nodes) { Work = [Work(WorkKind.Failover)] }).Single(f => f.Node == 0)
        );
    }

    [Fact]
    public void Single_suspended_processes_of_a_node_are_named() =>
        Assert.Equal(
            [new Said(1, "Node 1 has suspended processes (by SIGSTOP or a debugger; pid 105).", "pgpoollab resume 1")],
            Diagnosed.Of(
                new(
                    Labs.Fixed(),
                    new(true, null),
                    [
                        Node(0, Pool(0, "primary"), Primary()),
                        Node(1, Pool(1, "standby"), Standby() with { Suspended = [105] }),
                    ]
                )
            )
        );

    // ---- what comes next ----

    [Theory]
    [InlineData(WorkKind.FollowPrimary, 0, "Next: node 2.")]
    [InlineData(WorkKind.FollowPrimary, 2, "Next: Pgpool-II attaches the node, if it can follow.")]
    [InlineData(WorkKind.Recovery, 2, "Next: node 2 is started, and Pgpool-II attaches it.")]
    [InlineData(
        WorkKind.Failover,
        0,
        "Next: Pgpool-II takes clients again, then the other standbys follow the new primary."
    )]
    [InlineData(WorkKind.Command, null, null)]
    public void What_comes_next_is_said(WorkKind kind, int? node, string? next) =>
        Assert.Equal(
            next,
            Work(kind, node)
                .WithNext(
                    Labs.Fixed(nodes: 3),
                    [
                        Node(0, Pool(0, "standby", "down"), Stopped),
                        Node(1, Pool(1, "primary"), Primary()),
                        Node(2, Pool(2, "standby", "down"), Standby(1)),
                    ]
                )
                .Next
        );

    [Fact]
    public void A_suspended_member_of_a_watchdog_is_continued_and_not_started_again()
    {
        var lab = Labs.Fixed(pgpools: 2);
        WatchdogView[] members =
        [
            new(0, 11000, true, "LEADER", true, 0, null),
            new(1, 11004, true, null, null, 0, null) { ProcessId = 80, Suspended = [80] },
        ];
        Assert.Equal(
            [
                new Said(
                    null,
                    "Pgpool-II 1 is suspended (by SIGSTOP or a debugger; pid 80): it decides on no failover, and "
                        + "clients may get no answer.",
                    "pgpoollab resume pgpool1"
                ),
            ],
            Diagnosed.OfWatchdog(lab, members, [])
        );
        // The one that was asked is told once: here, or when nobody answers by the diagnosis of the nodes.
        NodeView[] nodes = [Node(0, Pool(0, "primary"), Primary()), Node(1, Pool(1, "standby"), Standby())];
        Assert.Empty(
            Diagnosed.Of(
                new(
                    lab,
                    new(true, null)
                    {
                        Runs = true,
                        ProcessId = 70,
                        Suspended = [70],
                    },
                    nodes
                )
            )
        );
        Assert.StartsWith(
            "Pgpool-II 0 is suspended",
            Diagnosed
                .Of(
                    new(
                        lab,
                        new(false, "no answer")
                        {
                            Runs = true,
                            ProcessId = 70,
                            Suspended = [70],
                        },
                        nodes
                    )
                )[0]
                .Problem,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_watchdog_that_fails_over_is_waited_for()
    {
        WatchdogView[] members =
        [
            new(0, 11000, true, "LEADER", true, 0, null),
            new(1, 11004, false, null, null, null, "it closed the connection"),
        ];
        Assert.Equal(
            [
                new Said(
                    null,
                    "Pgpool-II 1 does not answer: it closed the connection. Wait: the failover is at work.",
                    null
                ),
            ],
            Diagnosed.OfWatchdog(Labs.Fixed(pgpools: 2), members, [Work(WorkKind.Failover)])
        );
    }

    // ---- synchronous labs ----

    private static Said? Synchronous(SynchronousCommit commit, params WorkUnderWay[] work) =>
        Diagnosed
            .Of(
                new(
                    Labs.Fixed(),
                    new(true, null),
                    [Node(0, Pool(0, "standby", "down"), Stopped), Node(1, Pool(1, "primary"), Primary())]
                )
                {
                    Synchronous = commit,
                    Work = work,
                }
            )
            .SingleOrDefault(f => f.Node == 1);

    private const string GiveUp =
        "pgpoollab psql 1 -- -c \"ALTER SYSTEM SET synchronous_standby_names = ''\" -c \"SELECT pg_reload_conf()\"";

    [Fact]
    public void Writes_that_wait_for_a_standby_that_is_not_there_are_told_with_both_ways_out() =>
        Assert.Equal(
            new Said(
                1,
                "Writes wait on node 1 for a synchronous standby that is not there: synchronous_standby_names = "
                    + "'*' wants 1, none is connected; "
                    + "3 sessions wait. They go on when node 0 streams again; or at once, if no commit is to "
                    + "wait any more:",
                GiveUp
            ),
            Synchronous(new(1, "*", "on", 1, 0, 3))
        );

    [Fact]
    public void A_name_that_no_other_node_has_leaves_one_way_out() =>
        Assert.Equal(
            new Said(
                1,
                "Writes wait on node 1 for a synchronous standby that is not there: synchronous_standby_names = "
                    + "'server1' wants 1, none is connected; "
                    + "1 session waits. Too few of the other nodes have a name that counts; they go on when no "
                    + "commit is to wait any more:",
                GiveUp
            ),
            Synchronous(new(1, "server1", "on", 1, 0, 1))
        );

    [Theory]
    [InlineData("on", 1, 1, 0)] // the standby is there
    [InlineData("off", 1, 0, 0)] // nobody waits
    [InlineData("local", 1, 0, 0)]
    [InlineData("remote_apply", 1, 2, 0)]
    public void Where_no_commit_waits_in_vain_nothing_is_said(
        string commit,
        int required,
        int connected,
        int waiting
    ) => Assert.Null(Synchronous(new(1, "*", commit, required, connected, waiting)));

    [Theory]
    [InlineData("off", 2)] // their sessions want it
    [InlineData("remote_write", 0)]
    public void Sessions_that_wait_count_whatever_the_default_is(string commit, int waiting) =>
        Assert.NotNull(Synchronous(new(1, "*", commit, 1, 0, waiting)));

    [Fact]
    public void A_standby_that_is_being_recovered_is_waited_for()
    {
        var finding = Synchronous(new(1, "*", "on", 1, 0, 0), Work(WorkKind.Recovery, 0));
        Assert.Null(finding!.Fix);
        Assert.EndsWith(
            "no session waits yet. Wait: the recovery is at work.",
            finding.Problem,
            StringComparison.Ordinal
        );
    }
}
