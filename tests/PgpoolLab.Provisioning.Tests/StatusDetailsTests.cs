using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What <c>status</c> explains by what <c>nodes</c> does not ask for.</summary>
public sealed class StatusDetailsTests
{
    private static readonly PostgresSays Primary = new()
    {
        Up = true,
        Runs = true,
        InRecovery = false,
        Timeline = 2,
    };

    private static readonly PostgresSays Streams = new()
    {
        Up = true,
        Runs = true,
        InRecovery = true,
        Timeline = 2,
        Receiver = "streaming",
        FedByPrimary = true,
        LagBytes = 0,
        StreamsAs = "server1",
    };

    private static readonly PostgresSays Stopped = new()
    {
        Up = false,
        Runs = false,
        MadeAsStandby = true,
        Problem = "not running",
    };

    private static PoolNode Pool(int id, string role, string status = "up", string? state = "streaming") =>
        Seen.Pool(id, role, status) with
        {
            Weight = "0.5",
            ReplicationState = role == "primary" ? null : state,
        };

    private static StatusFacts Facts(
        PostgresSays second,
        StatusDetails? details = null,
        string status = "up",
        string? state = "streaming",
        PgpoolSays? pgpool = null,
        ClusteringMode mode = ClusteringMode.StreamingReplication,
        PostgresSays? first = null,
        params WorkUnderWay[] work
    )
    {
        var lab = Labs.Fixed(mode: mode);
        NodeView[] nodes =
        [
            new(0, 11002, Pool(0, "primary"), first ?? Primary),
            new(1, 11003, Pool(1, "standby", status, state), second),
        ];
        return Seen.Of(lab, nodes, pgpool, work) with { Details = details ?? StatusDetails.None };
    }

    private static StatusDetails OnNodes(params NodeDetails[] nodes) =>
        new() { Nodes = nodes.ToDictionary(n => n.Node) };

    private static StatusDetails OnPgpool(PgpoolDetails pgpool, params NodeDetails[] nodes) =>
        OnNodes(nodes) with
        {
            Pgpools = new Dictionary<int, PgpoolDetails> { [pgpool.Pgpool] = pgpool },
        };

    private static Dictionary<string, string> Settings(params (string Name, string Value)[] settings) =>
        settings.ToDictionary(s => s.Name, s => s.Value);

    private static Finding Single(StatusFacts facts) => Assert.Single(StatusDiagnosis.Of(facts));

    private static readonly PostgresSays ReceivesNothing = Streams with { Receiver = null, FedByPrimary = false };

    // ---- standbys that do not stream ----

    [Theory]
    [InlineData(null, "slot-lost", "does not exist on node 0")]
    [InlineData("lost", "slot-lost", "wal_status: lost")]
    [InlineData("reserved", "receives-nothing", null)]
    public void A_standby_whose_slot_is_gone_or_has_lost_its_wal_is_told_so(string? status, string id, string? cause)
    {
        SlotState[] slots = status is null
            ? []
            : [new SlotState("pgpool_setup_slot1", true, false, status, status is "lost" ? null : 1)];
        var finding = Single(
            Facts(
                ReceivesNothing,
                OnNodes(
                    new NodeDetails(0) { Slots = slots },
                    new NodeDetails(1) { SlotName = "pgpool_setup_slot1", Slots = [] }
                )
            )
        );
        Assert.Equal((id, "pgpoollab recover 1"), (finding.Id, finding.Fix));
        Assert.True(cause is null ? finding.Cause is null : finding.Cause!.Contains(cause, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(
        "FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment 00000001000000000000000A "
            + "has already been removed",
        "segment-removed"
    )]
    [InlineData(
        "LOG:  new timeline 2 forked off current database system timeline 1 before current recovery point "
            + "0/5000060",
        "diverged"
    )]
    [InlineData("FATAL:  highest timeline 1 of the primary is behind recovery timeline 2", "diverged")]
    [InlineData("FATAL:  could not start WAL streaming: ERROR:  replication slot \"s\" does not exist", "slot-lost")]
    [InlineData("FATAL:  could not connect to the primary server", "receives-nothing")]
    public void The_log_of_a_standby_that_receives_nothing_tells_the_cause(string line, string id)
    {
        var earlier =
            "FATAL:  requested WAL segment 000000010000000000000001 has already been removed\n"
            + "LOG:  started streaming WAL from primary at 0/3000000 on timeline 1\n";
        var finding = Single(Facts(ReceivesNothing, OnNodes(new NodeDetails(1) { LogEnd = earlier + line + "\n" })));
        Assert.Equal((id, "pgpoollab recover 1"), (finding.Id, finding.Fix));
    }

    [Fact]
    public void A_standby_that_follow_primary_could_not_help_is_recovered()
    {
        var failed = new PgpoolDetails(0) { FollowFailed = new Dictionary<int, long> { [1] = 1 } };
        foreach (var says in (PostgresSays[])[Stopped, ReceivesNothing])
        {
            var finding = Single(Facts(says, OnPgpool(failed), says == Stopped ? "down" : "up"));
            Assert.Equal(("follow-primary-failed", "pgpoollab recover 1"), (finding.Id, finding.Fix));
        }

        Assert.Empty(StatusDiagnosis.Of(Facts(Streams, OnPgpool(failed))));
        // It streams, of an old timeline.
        Assert.Equal("pgpoollab recover 1 --yes", Single(Facts(Streams with { Timeline = 1 }, OnPgpool(failed))).Fix);
        // Nobody is there to make a copy of.
        var alone = StatusDiagnosis
            .Of(Facts(Stopped, OnPgpool(failed), "down", first: ReceivesNothing))
            .Single(f => f.Id == "follow-primary-failed");
        Assert.Null(alone.Fix);
    }

    [Theory]
    [InlineData(1, "follow-primary-failed", "pgpoollab recover 1")]
    [InlineData(2, "node-down", "pgpoollab start 1")]
    public void A_node_that_has_followed_the_primary_since_is_down_for_another_reason(
        int timeline,
        string id,
        string fix
    )
    {
        var finding = Single(
            Facts(
                Stopped,
                OnPgpool(
                    new PgpoolDetails(0) { FollowFailed = new Dictionary<int, long> { [1] = 1 } },
                    new NodeDetails(1)
                    {
                        LogEnd =
                            "LOG:  started streaming WAL from primary at 0/3000000 on timeline 1\n"
                            + $"LOG:  started streaming WAL from primary at 0/5000000 on timeline {timeline}\n"
                            + "LOG:  received fast shutdown request\n",
                    }
                ),
                "down"
            )
        );
        Assert.Equal((id, fix), (finding.Id, finding.Fix));
    }

    [Fact]
    public void The_last_run_of_a_script_for_a_node_counts()
    {
        static string Event(int second, string name, int code, params string[] arguments)
        {
            var words = string.Join(',', arguments.Select(a => $"\"{a}\""));
            return $$"""{"time":"2026-11-29T10:00:0{{second}}.000Z","event":"{{name}}","arguments":[{{words}}],"""
                + $$""" "exit_code":{{code}},"duration_ms":5}""";
        }

        string[] events =
        [
            Event(0, "follow_primary", 1, "1", "localhost", "11003", "0"),
            Event(1, "follow_primary", 1, "2", "localhost", "11004", "0"),
            Event(2, "recovery", 0, "/d", "h", "/d1", "11002", "1"),
            "half a li",
        ];
        Assert.Equal([2], StatusAsker.FollowsThatFailed(string.Join('\n', events)).Keys);
    }

    // ---- standbys that stream ----

    [Theory]
    [InlineData("other", "server1", "backend_application_name1", "pgpoollab recover 1 --yes")]
    [InlineData(
        "server1",
        "other",
        "backend_application_name1",
        "pgpoollab config set pgpool.backend_application_name1=server1 --restart"
    )]
    public void A_blank_replication_state_for_another_name_is_explained(
        string streamsAs,
        string expected,
        string cause,
        string fix
    )
    {
        var finding = Single(
            Facts(
                Streams with
                {
                    StreamsAs = streamsAs,
                },
                OnPgpool(new PgpoolDetails(0) { InFile = Settings(("backend_application_name1", expected)) }),
                state: null
            )
        );
        Assert.Equal(("blank-replication-state", fix), (finding.Id, finding.Fix));
        Assert.Contains(cause, finding.Cause, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "pg_monitor", "pgpoollab psql 0 -- -c 'GRANT pg_monitor TO pgpool'")]
    [InlineData(null, "There is no role 'pgpool'", null)]
    [InlineData(true, "password authentication failed for user \"pgpool\"", null)]
    public void A_blank_replication_state_for_lack_of_rights_is_explained(bool? mayLook, string cause, string? fix)
    {
        var finding = Single(
            Facts(
                Streams,
                OnPgpool(
                    new PgpoolDetails(0)
                    {
                        InFile = Settings(("sr_check_user", "pgpool")),
                        LogEnd =
                            "x: worker process pid 7: FATAL:  password authentication failed for user \"pgpool\"\n",
                    },
                    new NodeDetails(0) { CheckUserMayLook = mayLook, Slots = [] }
                ),
                state: null
            )
        );
        Assert.Equal(("blank-replication-state", fix), (finding.Id, finding.Fix));
        Assert.Contains(cause, finding.Cause, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(20 << 20, false, null, "lags", FindingSeverity.Warning, null)]
    [InlineData(20 << 20, false, "5min", "lags", FindingSeverity.Note, null)]
    [InlineData(
        5,
        true,
        null,
        "lags",
        FindingSeverity.Warning,
        "pgpoollab psql 1 -- -c 'SELECT pg_wal_replay_resume()'"
    )]
    [InlineData(5, false, null, null, FindingSeverity.Note, null)]
    [InlineData(0, true, null, null, FindingSeverity.Note, null)]
    public void A_standby_that_is_behind_is_told_with_its_cause(
        long lag,
        bool paused,
        string? delay,
        string? id,
        FindingSeverity severity,
        string? fix
    )
    {
        var found = StatusDiagnosis.Of(
            Facts(
                Streams with
                {
                    LagBytes = lag,
                },
                OnPgpool(
                    new PgpoolDetails(0) { InFile = Settings(("delay_threshold", "10000000")) },
                    new NodeDetails(1) { ReplayIsPaused = paused, ApplyDelay = delay }
                )
            )
        );
        Assert.Equal(id is null ? [] : [(id, severity, fix)], found.Select(f => (f.Id, f.Severity, f.Fix)));
    }

    // ---- Pgpool-II ----

    [Theory]
    [InlineData("reading status file: 1 th backend is set to down status\n", true)]
    [InlineData(
        "reading status file: 1 th backend is set to down status\nfailback done. reconnect host localhost(11003)\n",
        false
    )]
    [InlineData("reading status file: 0 th backend is set to down status\n", false)]
    [InlineData("failover done. shutdown host localhost(11003)\n", false)]
    public void A_node_that_was_down_from_the_beginning_is_remembered_as_down(string log, bool remembered)
    {
        var details = OnPgpool(new PgpoolDetails(0) { LogEnd = log });
        var finding = Single(Facts(Streams, details, "down"));
        Assert.Equal(
            (remembered ? "remembered-down" : "detached-but-runs", "pgpoollab attach 1"),
            (finding.Id, finding.Fix)
        );
        // Where Pgpool-II replicates, it has missed writes all the same.
        finding = Single(Facts(Primary, details, "down", mode: ClusteringMode.NativeReplication));
        Assert.Equal(
            ("missed-writes", "pgpoollab recover 1", remembered),
            (finding.Id, finding.Fix, finding.Cause is not null)
        );
    }

    [Fact]
    public void A_setting_that_waits_for_a_restart_is_named()
    {
        var details = OnPgpool(
            new PgpoolDetails(0)
            {
                InFile = Settings(("num_init_children", "60"), ("client_idle_limit", "5"), ("max_pool", "2")),
                InEffect = Settings(("num_init_children", "32"), ("client_idle_limit", "0"), ("max_pool", "2")),
            },
            new NodeDetails(0) { PendingRestart = "max_connections" }
        );
        Assert.Equal(
            [
                (
                    "config-needs-restart",
                    null,
                    "Pgpool-II has other values in effect than its pgpool.conf: num_init_children is 32, "
                        + "the file says 60."
                ),
                (
                    "config-needs-restart",
                    (int?)0,
                    "Node 0 waits for a restart to take these settings: max_connections."
                ),
            ],
            StatusDiagnosis.Of(Facts(Streams, details)).Select(f => (f.Id, f.Node, f.Problem))
        );
        Assert.All(StatusDiagnosis.Of(Facts(Streams, details)), f => Assert.Equal("pgpoollab reload --restart", f.Fix));
    }

    [Fact]
    public void A_password_that_pcp_refuses_is_written_again()
    {
        var finding = Single(
            Facts(
                Streams,
                OnPgpool(new PgpoolDetails(0) { PcpProblem = "FATAL:  authentication failed for user \"olga\"" })
            )
        );
        Assert.Equal("pcp-auth", finding.Id);
        Assert.Equal([new Remedy.WritePcpPassword(0)], finding.Remedies);
    }

    [Fact]
    public void Pcp_conf_gets_the_passwords_of_pcppass_and_keeps_what_else_it_has()
    {
        var users = PcpPasswords.UsersIn(
            "localhost:11001:olga:a\\:b\\\\c\n::1:11001:olga:a\\:b\\\\c\nlocalhost:11005:rita:x\n# note\n",
            11001
        );
        Assert.Equal([new PcpUser("olga", "a:b\\c")], users);
        Assert.Equal(
            $"# head\nother:1\nolga:{users[0].PasswordHash}\n",
            PcpPasswords.With("# head\nolga:stale\nother:1\n", users)
        );
    }

    [Fact]
    public void A_Pgpool_whose_processes_all_have_a_client_is_not_called_dead()
    {
        ProcessFacts Process(int id, string title) => new(id, "1", "pgpool", title, "/srv/lab", 1);
        var children = PoolChildren.Of(
            new ServerProcesses(
                Process(70, "/usr/sbin/pgpool -n"),
                [
                    Process(70, "/usr/sbin/pgpool -n"),
                    Process(71, "pgpool: olga shop 10.0.0.1(4711) idle"),
                    Process(72, "pgpool: olga shop SELECT"),
                    Process(73, "pgpool: rita test idle in transaction"),
                    Process(74, "pgpool: PCP: wait for connection request"),
                    Process(75, "pgpool: worker process"),
                    Process(76, "pgpool: health check process(0)"),
                ]
            )
        );
        Assert.Equal((0, 3), (children.Idle, children.Busy.Count));
        var silent = new PgpoolSays(false, "no answer within 2 s")
        {
            Runs = true,
            ProcessId = 70,
            Age = TimeSpan.FromMinutes(5),
            Children = children,
            MostClients = 3,
        };
        var finding = StatusDiagnosis.Of(Facts(Streams, pgpool: silent))[0];
        Assert.Equal(("children-exhausted", FindingSeverity.Broken), (finding.Id, finding.Severity));
        Assert.Contains("(2 by olga on shop, 1 by rita on test)", finding.Problem, StringComparison.Ordinal);
        // With one more allowed it is silent for another reason.
        Assert.Equal(
            "pgpool-silent",
            StatusDiagnosis.Of(Facts(Streams, pgpool: silent with { MostClients = 4 }))[0].Id
        );
    }

    [Fact]
    public void A_Pgpool_that_has_just_failed_over_is_waited_for()
    {
        const string log =
            "2026-11-29 10:00:05.100: main pid 70: LOG:  failover done. shutdown host localhost(11002)\n";
        var then = new DateTime(2026, 11, 29, 10, 0, 5, DateTimeKind.Unspecified);
        Assert.True(FailoverInLog.JustEnded(log, 70, then.AddSeconds(2)));
        Assert.False(FailoverInLog.JustEnded(log, 70, then.AddSeconds(9)));
        Assert.False(FailoverInLog.JustEnded(log, 71, then));
        Assert.False(FailoverInLog.JustEnded("", 70, then));
        var renews = new PgpoolSays(false, "it closed the connection")
        {
            Runs = true,
            ProcessId = 70,
            Age = TimeSpan.FromMinutes(5),
            Renews = true,
        };
        var finding = StatusDiagnosis.Of(Facts(Streams, pgpool: renews))[0];
        Assert.Equal(("renewing", FindingSeverity.Warning, null), (finding.Id, finding.Severity, finding.Fix));
        finding = Single(Facts(Streams, pgpool: renews with { Answers = true }));
        Assert.Equal(("renewing", FindingSeverity.Note), (finding.Id, finding.Severity));
    }

    // ---- room ----

    [Theory]
    [InlineData(300, null)]
    [InlineData(200, FindingSeverity.Warning)]
    [InlineData(20, FindingSeverity.Broken)]
    public void A_disk_that_is_nearly_full_is_told(int megabytes, FindingSeverity? severity) =>
        Assert.Equal(
            severity is { } s ? [("disk-low", s)] : [],
            StatusDiagnosis
                .Of(Facts(Streams, new StatusDetails { Disks = [new("/srv/lab/data0", (long)megabytes << 20)] }))
                .Select(f => (f.Id, f.Severity))
        );

    [Theory]
    [InlineData("pgpool_setup_slot1", true, false, 100, "slot-holds-wal", null)]
    [InlineData(
        "stray",
        true,
        false,
        100,
        "slot-holds-wal",
        "pgpoollab psql 0 -- -c \"SELECT pg_drop_replication_slot('stray')\""
    )]
    [InlineData(
        "pgpool_setup_slot7",
        true,
        false,
        100,
        "slot-holds-wal",
        "pgpoollab psql 0 -- -c \"SELECT pg_drop_replication_slot('pgpool_setup_slot7')\""
    )]
    [InlineData("reader", false, false, 100, "slot-holds-wal", null)]
    [InlineData("stray", true, true, 100, null, null)]
    [InlineData("stray", true, false, 10, null, null)]
    public void A_slot_that_nobody_uses_and_that_keeps_much_wal_is_told(
        string name,
        bool physical,
        bool active,
        int megabytes,
        string? id,
        string? fix
    ) =>
        Assert.Equal(
            id is null ? [] : [(id, fix)],
            StatusDiagnosis
                .Of(
                    Facts(
                        Streams,
                        OnNodes(
                            new NodeDetails(0)
                            {
                                Slots = [new SlotState(name, physical, active, null, (long)megabytes << 20)],
                            }
                        )
                    )
                )
                .Select(f => (f.Id, f.Fix))
        );

    /// <summary>Somebody who archives WAL may come back for it.</summary>
    [Theory]
    [InlineData("stray", false)]
    [InlineData("pgpool_setup_slot", false)]
    [InlineData("pgpool_setup_slot7b", false)]
    [InlineData("pgpool_setup_slot7", true)]
    public void Of_slots_only_those_that_the_lab_itself_has_made_are_dropped(string name, bool dropped)
    {
        var facts = Facts(
            Streams,
            OnNodes(new NodeDetails(0) { Slots = [new SlotState(name, true, false, null, 1L << 30)] })
        );
        var finding = Single(facts);
        Assert.Contains("pg_drop_replication_slot", finding.Fix, StringComparison.Ordinal);
        Assert.Equal(dropped, FixPlan.Of(facts.Lab, StatusReport.Of(facts.Look, [finding], "")).Count == 1);
    }

    [Theory]
    [InlineData("32", "2", null)]
    [InlineData("60", "2", "pgpoollab config set postgresql.max_connections=133 --restart")]
    public void Max_connections_must_have_room_for_all_of_Pgpools_sessions(string children, string pool, string? fix) =>
        Assert.Equal(
            fix is null ? [] : [("max-connections-small", fix)],
            StatusDiagnosis
                .Of(
                    Facts(
                        Streams,
                        OnPgpool(
                            new PgpoolDetails(0)
                            {
                                InFile = Settings(("num_init_children", children), ("max_pool", pool)),
                            },
                            new NodeDetails(0) { MaxConnections = 100, ReservedConnections = 3 }
                        )
                    )
                )
                .Select(f => (f.Id, f.Fix!))
        );

    /// <summary>A lab that was just made is well.</summary>
    [Theory]
    [InlineData(0, FindingSeverity.Note)] // Pgpool-II's own default is 4
    [InlineData(2, FindingSeverity.Note)]
    [InlineData(4, FindingSeverity.Warning)]
    public void What_is_too_much_by_default_or_only_together_is_a_note_and_is_not_fixed(
        int pool,
        FindingSeverity severity
    )
    {
        var pgpool = new PgpoolDetails(0)
        {
            InFile = pool == 0 ? Settings(("port", "1")) : Settings(("max_pool", $"{pool}")),
        };
        var facts = Facts(
            Streams,
            OnNodes(new NodeDetails(0) { MaxConnections = 100, ReservedConnections = 3 }) with
            {
                Pgpools = new Dictionary<int, PgpoolDetails> { [0] = pgpool, [1] = pgpool with { Pgpool = 1 } },
            }
        );
        var finding = Single(facts);
        Assert.Equal(("max-connections-small", severity), (finding.Id, finding.Severity));
        var report = StatusReport.Of(facts.Look, [finding], "");
        Assert.Equal(severity is FindingSeverity.Note ? LabHealth.Healthy : LabHealth.Degraded, report.Health);
        Assert.Equal(severity is FindingSeverity.Note, FixPlan.Of(facts.Lab, report).Count == 0);
    }

    /// <summary>Of whatever size, and with whatever is asked for by <c>--set</c>.</summary>
    [Theory]
    [InlineData(15, 1, 2)]
    [InlineData(15, 2, 2)]
    [InlineData(15, 3, 2)]
    [InlineData(18, 9, 4)]
    [InlineData(15, 3, 2, "pgpool.num_init_children=50")]
    [InlineData(15, 1, 2, "pgpool.num_init_children=50")]
    [InlineData(15, 1, 2, "pgpool.max_pool=4")]
    [InlineData(17, 1, 2, "pgpool.max_pool=4", "postgresql.reserved_connections=40")]
    [InlineData(15, 1, 2, "pgpool.max_pool=3", "postgresql.superuser_reserved_connections=5")]
    [InlineData(11, 1, 2)]
    [InlineData(11, 1, 128)]
    public void A_fresh_lab_has_room_for_the_sessions_of_all_its_Pgpools(
        int postgres,
        int pgpools,
        int nodes,
        params string[] settings
    )
    {
        var asked = settings.Select(s => SettingAssignment.Parse(s)!).ToArray();
        foreach (var mode in Enum.GetValues<ClusteringMode>())
        {
            var lab = Labs.Fixed(postgres, nodes: nodes, pgpools: pgpools, mode: mode) with
            {
                PgpoolSettings = Of(SettingAssignment.Pgpool),
                PostgresSettings = Of(SettingAssignment.Postgres),
            };
            var files = RenderedFiles.Of(lab);
            var folder = pgpools > 1 ? "pgpool0/" : "";
            var (node, pgpool) = (
                Read(files[$"{folder}data0/postgresql.conf"]),
                Read(files[$"{folder}etc/pgpool.conf"])
            );
            var reserved = Number(node, "superuser_reserved_connections", 3) + Number(node, "reserved_connections", 0);
            var room = Number(node, "max_connections", 100);
            var details = OnNodes(
                new NodeDetails(0) { MaxConnections = room, ReservedConnections = reserved },
                new NodeDetails(1) { MaxConnections = room, ReservedConnections = reserved }
            ) with
            {
                Pgpools = lab.Pgpools.ToDictionary(p => p.Id, p => new PgpoolDetails(p.Id) { InFile = pgpool }),
            };
            Assert.DoesNotContain(
                StatusDiagnosis.Of(Facts(Streams, details)),
                f => f.Id == FindingKinds.MaxConnectionsSmall.Id
            );
            // PostgreSQL does not start otherwise (before 12, senders of WAL are sessions, too).
            Assert.True(room > reserved + (postgres < 12 ? Number(node, "max_wal_senders", 10) : 0), $"{mode}: {room}");
        }

        Dictionary<string, string> Of(string program) =>
            asked.Where(s => s.Program == program).ToDictionary(s => s.Name, s => s.Value);

        static Dictionary<string, string> Read(string text) =>
            ConfigText.Settings(text).GroupBy(s => s.Name).ToDictionary(g => g.Key, g => g.Last().Value.Trim('\''));

        static int Number(Dictionary<string, string> settings, string name, int byDefault) =>
            settings.TryGetValue(name, out var value) ? int.Parse(value) : byDefault;
    }

    [Theory]
    [InlineData(WorkKind.Failover)]
    [InlineData(WorkKind.FollowPrimary)]
    [InlineData(WorkKind.Recovery)]
    [InlineData(WorkKind.Command)]
    public void While_something_is_at_work_none_of_it_is_advised(WorkKind kind)
    {
        var details = OnPgpool(
            new PgpoolDetails(0)
            {
                InFile = Settings(("num_init_children", "600"), ("sr_check_user", "pgpool")),
                InEffect = Settings(("num_init_children", "32"), ("max_pool", "4"), ("sr_check_user", "pgpool")),
                PcpProblem = "authentication failed",
            },
            new NodeDetails(0)
            {
                MaxConnections = 100,
                CheckUserMayLook = false,
                PendingRestart = "shared_buffers",
                Slots = [new SlotState("stray", true, false, null, 1L << 30)],
            },
            new NodeDetails(1) { ReplayIsPaused = true }
        );
        var work = new WorkUnderWay(kind, null, 4711, null, "Something is at work");
        var found = StatusDiagnosis.Of(Facts(Streams with { LagBytes = 9 }, details, state: null, work: work));
        Assert.True(found.Count >= 6);
        Assert.All(found, f => Assert.Null(f.Fix));
    }

    [Theory]
    [InlineData("host=localhost application_name=server1 sslmode=disable", "server1")]
    [InlineData("fallback_application_name=walreceiver host=h application_name='it\\'s one'", "it's one")]
    [InlineData("host=h fallback_application_name=walreceiver", "walreceiver")]
    [InlineData("host=h", null)]
    [InlineData(null, null)]
    public void The_name_a_standby_streams_under_is_read_from_its_connection(string? text, string? name) =>
        Assert.Equal(name, ConnectionText.ApplicationNameIn(text));
}
