using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Verbs;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What a command on a lab does is decided from a look alone, before anything is touched.</summary>
public sealed class VerbPlanTests
{
    private static readonly Lab Three = Labs.Fixed(nodes: 3);

    private static VerbLook Look(params NodeView[] nodes) => Look(Three, nodes);

    private static VerbLook Look(Lab lab, params NodeView[] nodes)
    {
        NodeView[] running = [.. nodes.Where(n => n.Postgres.Runs is not false)];
        int[] stopped = [.. nodes.Except(running).Select(n => lab.Nodes[n.Id].Port)];
        return new(lab)
        {
            Report = Looks.At(lab.Mode, nodes),
            RunningNodes = [.. running.Select(n => n.Id)],
            RunningPgpools = [.. lab.Pgpools.Select(p => p.Id)],
            Linked =
            [
                .. LabSockets
                    .LinksOf(lab)
                    .Select(l => l.Link)
                    .Where(l => !stopped.Any(p => l.EndsWith($".{p}", StringComparison.Ordinal))),
            ],
        };
    }

    private static VerbLook Well() => Look(Looks.Primary(0), Looks.Standby(1), Looks.Standby(2));

    private const string Linked = " | Link the sockets to where programs look for them";
    private const string Unlinked = " | Remove links to sockets on which nobody listens";

    private static string Titles(VerbPlan plan) =>
        string.Join(
            " | ",
            plan.Stages.Select(s => string.Join(" + ", s.Lanes.SelectMany(l => l).Select(p => p.Title)))
        );

    private static string Refused(Func<VerbPlan> plan)
    {
        var error = Assert.Throws<LabException>(plan);
        return $"{error.Message} {string.Join(" ", error.Hints)}".TrimEnd();
    }

    [Fact]
    public void Plans_of_the_same_look_are_equal_and_others_are_not()
    {
        var plan = ServerPlans.Restart(Well(), Target.Of("1"), StopMode.Fast);
        Assert.Equal(plan, ServerPlans.Restart(Well(), Target.Of("1"), StopMode.Fast));
        Assert.NotEqual(plan, ServerPlans.Restart(Well(), Target.Of("2"), StopMode.Fast));
        Assert.NotEqual(plan, ServerPlans.Restart(Well(), Target.Of("1"), StopMode.Smart));
        Assert.NotEqual(plan, plan with { Before = ["Something."] });
    }

    [Fact]
    public void A_primary_that_ends_is_given_up_and_the_others_follow()
    {
        var plan = ServerPlans.End(Well(), Target.Of("primary"), ServerAct.Kill, StopMode.Immediate);
        Assert.Equal(
            VerbPlan.Of(
                Stage.Of(new ActOnNode(ServerAct.Kill, Three.Nodes[0], StopMode.Immediate)),
                Stage.Of(new AwaitFact(new LabFact(FactKind.NodeReplaced, 0), TimeSpan.FromMinutes(2))),
                Stage.Of(new AwaitFact(new LabFact(FactKind.NodeUp, 1), TimeSpan.FromMinutes(2))),
                Stage.Of(new AwaitFact(new LabFact(FactKind.NodeUp, 2), TimeSpan.FromMinutes(2)))
            ) with
            {
                Before = ["Node 0 is the primary: Pgpool-II will make node 1 the primary."],
            },
            plan
        );
    }

    [Fact]
    public void Pgpool_ends_first_and_nobody_is_left_to_notice()
    {
        var plan = ServerPlans.End(Well(), Target.Of("all"), ServerAct.Stop, StopMode.Fast);
        Assert.Equal($"Stop Pgpool-II + Stop node 0 + Stop node 1 + Stop node 2{Unlinked}", Titles(plan));
        Assert.Empty(plan.Before);
        plan = ServerPlans.End(Well(), Target.Of("all"), ServerAct.Stop, StopMode.Smart);
        Assert.Equal(
            $"Stop Pgpool-II | Stop node 0 (Smart) + Stop node 1 (Smart) + Stop node 2 (Smart){Unlinked}",
            Titles(plan)
        );
        // Nobody needs to be asked: a suspended server would keep who asks waiting.
        Assert.Equal(
            $"Stop Pgpool-II + Stop node 0 + Stop node 1 + Stop node 2{Unlinked}",
            Titles(ServerPlans.End(Well() with { Report = null }, Target.Of("all"), ServerAct.Stop, StopMode.Fast))
        );
    }

    [Fact]
    public void A_lab_whose_nodes_are_anothers_stops_and_starts_what_is_its_own()
    {
        var lab = Labs.Fixed() with { OwnsNodes = false };
        var look = Look(lab, Looks.Primary(0), Looks.Standby(1)) with { RunningNodes = [] };
        Assert.Equal(
            $"Stop Pgpool-II{Unlinked}",
            Titles(ServerPlans.End(look, Target.Of("all"), ServerAct.Stop, StopMode.Fast))
        );
        Assert.Equal($"Stop Pgpool-II{Unlinked}", Titles(ServerPlans.StopAll(look, StopMode.Smart)));
        Assert.Equal(
            "There is nothing to stop: Pgpool-II does not run.",
            Refused(() =>
                ServerPlans.End(look with { RunningPgpools = [] }, Target.Of("all"), ServerAct.Stop, StopMode.Fast)
            )
        );
        Assert.Equal(
            "The nodes of this lab belong to another one. Use the command there.",
            Refused(() => ServerPlans.Pause(look, Target.Of("0")))
        );
    }

    [Fact]
    public void What_does_not_run_is_not_stopped()
    {
        var look = Look(Looks.Primary(0), Looks.Standby(1), Looks.Dead(2));
        Assert.Equal(
            "There is nothing to stop: node 2 does not run.",
            Refused(() => ServerPlans.End(look, Target.Of("2"), ServerAct.Stop, StopMode.Fast))
        );
        Assert.Equal(
            "There is nothing to pause: node 2 does not run.",
            Refused(() => ServerPlans.Pause(look, Target.Of("2")))
        );
    }

    [Fact]
    public void An_outdated_primary_is_not_started()
    {
        var look = Look(Looks.Dead(0), Looks.Primary(1), Looks.Standby(2)) with { Outdated = [0], Linked = [] };
        Assert.Equal(
            "Node 0 is not started: another node took over from it, and there would be two primaries. "
                + "Bring it back:  pgpoollab recover 0",
            Refused(() => ServerPlans.Start(look, Target.Of("0")))
        );
        Assert.Equal(
            $"Look whether node 2 may start + Start node 2{Linked} | Wait until node 2 is up and attached",
            Titles(ServerPlans.Start(look, Target.Of("2")))
        );
    }

    /// <summary>follow_primary and a recovery write into the node's data folder, and a failover makes another node the
    /// primary.</summary>
    [Theory]
    [InlineData(WorkKind.Failover, null, true)]
    [InlineData(WorkKind.FollowPrimary, 2, true)]
    [InlineData(WorkKind.Recovery, 1, true)]
    [InlineData(WorkKind.Recovery, null, true)]
    [InlineData(WorkKind.Recovery, 2, false)]
    [InlineData(WorkKind.Command, null, false)]
    public void A_node_is_not_started_while_something_is_at_work_on_it(WorkKind kind, int? node, bool isInTheWay)
    {
        var report = Looks.At(Looks.Primary(0), Looks.Dead(1), Looks.Standby(2)) with
        {
            AtWork = [Looks.Work(kind, node)],
        };
        Assert.Equal(isInTheWay, new RequireMayStart(Three.Nodes[1], TimeSpan.Zero).Obstacle(report) is not null);
    }

    [Fact]
    public void A_node_that_Pgpool_looks_for_is_started_though_the_failover_has_not_ended()
    {
        var step = new RequireMayStart(Three.Nodes[0], TimeSpan.Zero);
        var report = Looks.At(Looks.Dead(0), Looks.Dead(1), Looks.Dead(2)) with
        {
            AtWork = [Looks.Work(WorkKind.Failover)],
        };
        Assert.Null(step.Obstacle(report));
        // Its script still acts on the nodes.
        Assert.NotNull(step.Obstacle(report with { AtWork = [Looks.Work(WorkKind.Failover, 0)] }));
    }

    [Fact]
    public async Task What_began_after_the_plan_was_made_keeps_a_node_from_being_started()
    {
        var lab = Labs.Fixed(nodes: 3) with { Owner = Labs.Me };
        var host = new FakeHost();
        const string script = "/bin/sh /srv/lab/etc/follow_primary.sh 1 localhost 11003 2 localhost 0 0 11004";
        host.Processes.Add(
            new(9, "9", "sh", script, "/srv/lab", 9) { State = 'S', UserId = Hosts.Identity.Current.UserId }
        );
        var error = await Assert.ThrowsAsync<LabException>(() => ExecuteAsync(1));
        Assert.Equal(
            (
                ExitCode.Failed,
                "Pgpool-II makes node 1 follow the new primary (follow_primary.sh), and has not ended within 0 s: node "
                    + "1 is not started."
            ),
            (error.Code, error.Message)
        );
        Assert.Equal(["Wait for its end:  pgpoollab wait --for healthy"], error.Hints);

        // The failover has ended, and node 2 is the primary.
        host.Processes.Clear();
        host.Files["/srv/lab/data1/standby.signal"] = "";
        host.Run = c =>
            new(
                c,
                0,
                $"Latest checkpoint's TimeLineID:       {(c.Arguments[^1].EndsWith('2') ? 2 : 1)}\n",
                "",
                TimeSpan.Zero
            );
        await ExecuteAsync(1);
        error = await Assert.ThrowsAsync<LabException>(() => ExecuteAsync(0));
        Assert.StartsWith("Node 0 is not started: another node took over", error.Message, StringComparison.Ordinal);

        Task ExecuteAsync(int node) =>
            new RequireMayStart(lab.Nodes[node], TimeSpan.Zero).ExecuteAsync(
                new StepContext(
                    host,
                    lab,
                    Labs.Renderer(),
                    new Servers.Waiting.ProbeRunner(host, TimeProvider.System),
                    Labs.Secrets,
                    new UndoStack(),
                    Serilog.Core.Logger.None,
                    TimeProvider.System
                ),
                CancellationToken.None
            );
    }

    [Fact]
    public void One_Pgpool_of_several_is_launched_and_waited_for()
    {
        var watchdog = Labs.Fixed(pgpools: 3);
        Assert.Equal(
            "Stop Pgpool-II 1 | Launch Pgpool-II 1 | Wait for Pgpool-II 1 | Wait until Pgpool-II 1 is in the watchdog",
            Titles(
                ServerPlans.Restart(
                    Look(watchdog, Looks.Primary(0), Looks.Standby(1)),
                    Target.Of("pgpool1"),
                    StopMode.Fast
                )
            )
        );
    }

    /// <summary>A dry run shows what would be done, and no more.</summary>
    [Fact]
    public void Only_the_links_that_are_missing_are_made_and_only_those_of_what_ends_are_removed()
    {
        var look = Look(Looks.Primary(0), Looks.Dead(1), Looks.Standby(2));
        const string socket = "/srv/lab/run/.s.PGSQL.11003";
        string[] made = [$"ln -s {socket} /var/run/postgresql/.s.PGSQL.11003", $"ln -s {socket} /tmp/.s.PGSQL.11003"];
        Assert.Equal(made, Links(ServerPlans.Start(look, Target.Of("1"))));
        Assert.Equal(made, Links(ServerPlans.Restart(look, Target.Of("1"), StopMode.Fast)));
        Assert.Equal(made, Links(StartPlans.Pgpools(new StartLook(Three) { Linked = look.Linked })));
        Assert.Equal(made, Links(ClusterPlans.Recover(look, Target.Of("1"), evenIfWell: false)));
        Assert.Equal(
            [
                "rm /var/run/postgresql/.s.PGSQL.11004   (if nobody listens)",
                "rm /tmp/.s.PGSQL.11004   (if nobody listens)",
            ],
            Links(ServerPlans.End(look, Target.Of("2"), ServerAct.Stop, StopMode.Fast))
        );
        // A server that was killed has left its own.
        Assert.Equal(
            [
                "rm /var/run/postgresql/.s.PGSQL.11003   (if nobody listens)",
                "rm /var/run/postgresql/.s.PGSQL.11004   (if nobody listens)",
                "rm /tmp/.s.PGSQL.11003   (if nobody listens)",
                "rm /tmp/.s.PGSQL.11004   (if nobody listens)",
            ],
            Links(ServerPlans.End(look with { Linked = Well().Linked }, Target.Of("2"), ServerAct.Stop, StopMode.Fast))
                .OrderBy(l => l.Contains("/tmp/", StringComparison.Ordinal))
                .ThenBy(l => l, StringComparer.Ordinal)
        );
        // Of the whole lab every one is removed, and made again.
        Assert.Equal(9, Links(ServerPlans.StopAll(Well(), StopMode.Fast)).Count);
        Assert.Equal(9, Links(StartPlans.Pgpools(new StartLook(Three))).Count);

        static IReadOnlyList<string> Links(VerbPlan plan) =>
            [
                .. plan
                    .Stages.SelectMany(s => s.Lanes)
                    .SelectMany(l => l)
                    .Where(s => s is LinkSockets or UnlinkSockets)
                    .SelectMany(s => s.Preview(Three)),
            ];
    }

    [Fact]
    public void A_primary_that_was_suspended_may_not_be_the_only_one_any_more()
    {
        Assert.Equal("Resume node 0 | Look for a second primary", Titles(ServerPlans.Resume(Well(), Target.Of("0"))));
        Assert.Equal("Resume Pgpool-II", Titles(ServerPlans.Resume(Well(), Target.Of("pgpool"))));
        Assert.Null(CountPrimaries.Warning(Well().Seen));
        Assert.EndsWith(
            "pgpoollab recover 0",
            CountPrimaries.Warning(Looks.At(Looks.Primary(0, "down"), Looks.Primary(1, timeline: 2))),
            StringComparison.Ordinal
        );
    }

    /// <summary>What is suspended cannot say what it is; the words still name what they named before.</summary>
    [Theory]
    [InlineData("standby", "Resume node 1")]
    [InlineData("primary", "Resume node 0")]
    public void What_was_suspended_by_a_word_goes_on_by_the_same_word(string word, string expected)
    {
        var primary = word == "primary" ? Looks.Suspended(0, standby: false, "down") : Looks.Primary(0);
        var standby = word == "standby" ? Looks.Suspended(1, standby: true, "down") : Looks.Standby(1);
        Assert.Equal(
            $"{expected} | Look for a second primary",
            Titles(ServerPlans.Resume(Look(primary, standby), Target.Of(word)))
        );
        // After a failover there is another primary; the one that was suspended is meant.
        Assert.Equal(
            "Resume node 0 | Look for a second primary",
            Titles(
                ServerPlans.Resume(
                    Look(Looks.Suspended(0, standby: false, "down"), Looks.Primary(1, timeline: 2)),
                    Target.Of("primary")
                )
            )
        );
        // Where none is suspended they are what they always are.
        Assert.Equal(
            "Resume node 0 | Look for a second primary",
            Titles(ServerPlans.Resume(Well(), Target.Of("primary")))
        );
    }

    [Fact]
    public void A_node_is_detached_and_stopped_before_it_is_recovered_when_it_has_to_be()
    {
        Assert.Equal(
            $"Recover node 1{Linked} | Wait: node 1 is up and attached",
            Titles(ClusterPlans.Recover(Look(Looks.Primary(0), Looks.Dead(1), Looks.Standby(2)), Target.Of("1"), false))
        );
        Assert.Equal(
            "Detach node 1 | Wait: Pgpool-II has given up node 1, and is done with it | Resume node 1 | Stop node 1"
                + " | Recover node 1 | Wait: node 1 is up and attached",
            Titles(ClusterPlans.Recover(Well(), Target.Of("1"), evenIfWell: true))
        );
        Assert.Equal(
            "Node 1 is well: it is up and attached. Recover it all the same:  pgpoollab recover 1 --yes",
            Refused(() => ClusterPlans.Recover(Well(), Target.Of("1"), evenIfWell: false))
        );
        Assert.Equal(
            [1],
            ClusterPlans.NotWell(Look(Looks.Primary(0), Looks.Dead(1), Looks.Standby(2))).Select(n => n.Id)
        );
    }

    [Fact]
    public void A_way_of_recovery_that_cannot_work_is_refused_before_the_node_is_stopped()
    {
        var look = Look(Looks.Primary(0), Looks.Dead(1), Looks.Standby(2));
        Assert.Equal(
            $"Recover node 1 with pg_rewind{Linked} | Wait: node 1 is up and attached",
            Titles(Recover(look with { Recovery = new([1], [0]) }, RecoveryMethod.Rewind))
        );
        Assert.Equal(
            $"Recover node 1 with a base backup{Linked} | Wait: node 1 is up and attached",
            Titles(Recover(look with { Recovery = new([], [0]) }, RecoveryMethod.BaseBackup))
        );
        Assert.StartsWith(
            "pg_rewind cannot work on node 1: it has neither data checksums nor wal_log_hints. pgpoollab recover 1 "
                + "--basebackup",
            Refused(() => Recover(look with { Recovery = new([0, 2], [0]) }, RecoveryMethod.Rewind)),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "The script that recovers nodes (data0/basebackup.sh) does not let its caller choose",
            Refused(() => Recover(look with { Recovery = new([1], [1, 2]) }, RecoveryMethod.BaseBackup)),
            StringComparison.Ordinal
        );
        var native = Look(
            Labs.Fixed(nodes: 3, mode: ClusteringMode.NativeReplication),
            Looks.Primary(0),
            Looks.Dead(1),
            Looks.Primary(2)
        );
        Assert.StartsWith(
            "In native replication",
            Refused(() => Recover(native, RecoveryMethod.Rewind)),
            StringComparison.Ordinal
        );
        Assert.Equal(Recover(native, RecoveryMethod.AsConfigured), Recover(native, RecoveryMethod.BaseBackup));

        static VerbPlan Recover(VerbLook look, RecoveryMethod method) =>
            ClusterPlans.Recover(look, Target.Of("1"), evenIfWell: false, method);
    }

    [Theory]
    [InlineData("Data page checksum version:           1\nwal_log_hints setting:                off\n", true)]
    [InlineData("Data page checksum version:           0\nwal_log_hints setting:                on\n", true)]
    [InlineData("Data page checksum version:           0\nwal_log_hints setting:                off\n", false)]
    [InlineData("", false)]
    public void The_control_file_says_whether_pg_rewind_can_work(string output, bool can) =>
        Assert.Equal(can, Servers.Programs.PgControlData.CanRewind(output));

    [Theory]
    [InlineData(0, "", false)]
    [InlineData(
        0,
        "ERROR:  executing recovery, execution of command failed at \"1st stage\"\nDETAIL:  command\n",
        true
    )]
    [InlineData(0, "WARNING: an ERROR: in the middle\n", false)]
    [InlineData(1, "", true)]
    public void A_recovery_that_failed_is_known_by_what_pcp_says_as_well(int code, string error, bool failed) =>
        Assert.Equal(
            failed,
            TellPgpool.HasFailed(new(new Hosts.CommandSpec("pcp_recovery_node"), code, "", error, TimeSpan.Zero))
        );

    [Fact]
    public void The_standby_that_is_least_behind_takes_over()
    {
        var look = Look(Looks.Primary(0), Looks.Standby(1, lag: 100), Looks.Standby(2, lag: 10));
        Assert.Equal(
            "Have node 2 take over | Wait: node 2 is the primary, and Pgpool-II knows it"
                + " | Wait until node 0 is up and attached | Wait until node 1 is up and attached",
            Titles(ClusterPlans.Switchover(look, null))
        );
    }

    [Fact]
    public void What_is_so_already_is_not_done_again()
    {
        Assert.Equal(VerbPlan.Nothing("Node 1 is attached already."), ClusterPlans.Attach(Well(), Target.Of("1")));
        Assert.Equal(
            VerbPlan.Nothing("Pgpool-II has given up node 1 already (down)."),
            ClusterPlans.Detach(Look(Looks.Primary(0), Looks.Dead(1), Looks.Standby(2)), Target.Of("1"))
        );
    }

    [Fact]
    public void The_Pgpool_that_answered_is_told()
    {
        var lab = Labs.Fixed(pgpools: 3);
        var look = Look(lab, Looks.Primary(0), Looks.Standby(1, "down"));
        look = look with { Report = look.Seen with { PgpoolPort = lab.Pgpools[2].Port } };
        var told = Assert.IsType<TellPgpool>(ClusterPlans.Attach(look, Target.Of("1")).Stages[0].Lanes[0][0]);
        Assert.Equal(lab.Pgpools[2], told.Pgpool);
    }

    [Theory]
    [InlineData("up", "streaming", true, NextStep.Nothing)]
    [InlineData("down", "streaming", true, NextStep.Attach)]
    [InlineData("up", null, true, NextStep.LookAgain)]
    [InlineData("down", null, true, NextStep.LookAgain)]
    [InlineData("down", null, false, NextStep.GiveUp)]
    public void After_each_look_it_is_planned_again_whether_a_node_is_attached(
        string status,
        string? receiver,
        bool mayStillStream,
        NextStep expected
    )
    {
        var step = new ComeBack(Three.Nodes[1], TimeSpan.FromMinutes(2));
        var report = Looks.At(Looks.Primary(0), Looks.Standby(1, status, receiver), Looks.Standby(2));
        Assert.Equal(expected, step.Next(Three, report, mayStillStream).Step);
    }

    /// <summary>One that fails over takes no clients, and runs.</summary>
    [Theory]
    [InlineData(true, false, NextStep.LookAgain)]
    [InlineData(false, true, NextStep.LookAgain)]
    [InlineData(false, false, NextStep.GiveUp)]
    public void While_Pgpool_fails_over_a_node_is_neither_attached_nor_given_up(
        bool isAtWork,
        bool mayStillStream,
        NextStep expected
    )
    {
        var step = new ComeBack(Three.Nodes[1], TimeSpan.FromMinutes(2));
        var report = Looks.At(Looks.Primary(0), Looks.Standby(1, "down"), Looks.Standby(2)) with
        {
            PgpoolAnswers = false,
            PgpoolProblem = "it fails over",
            AtWork = isAtWork ? [Looks.Work(WorkKind.Failover)] : [],
        };
        Assert.Equal(expected, step.Next(Three, report, mayStillStream).Step);
        // Who asked for the node alone has it, and is told.
        Assert.Equal(
            isAtWork ? NextStep.LookAgain : NextStep.Leave,
            step.Next(Three, report, mayStillStream, mayStillAnswer: false).Step
        );
        Assert.True(ComeBack.IsForPgpool(report with { PgpoolProcessId = 7 }));
        Assert.False(ComeBack.IsForPgpool(report));
    }

    [Fact]
    public void Where_a_lost_node_has_missed_writes_nobody_waits_until_it_streams()
    {
        var lab = Labs.Fixed(mode: ClusteringMode.NativeReplication);
        var step = new ComeBack(lab.Nodes[1], TimeSpan.FromMinutes(2));
        var (next, why) = step.Next(lab, Looks.At(lab.Mode, Looks.Primary(0), Looks.Primary(1, "down")), true);
        Assert.Equal((NextStep.GiveUp, "pgpoollab recover 1"), (next, why?.Instead));
    }
}
