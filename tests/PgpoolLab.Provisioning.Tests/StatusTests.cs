using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Reports;
using static PgpoolLab.Provisioning.Tests.Seen;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What <c>status</c> makes of what it sees.</summary>
public sealed class StatusTests
{
    private static PostgresSays Stopped(bool standby = true) =>
        new()
        {
            Up = false,
            Runs = false,
            MadeAsStandby = standby,
            Problem = "not running",
        };

    private static NodeView Node(int id, PoolNode? pool, PostgresSays says) => new(id, 11002 + id, pool, says);

    private static StatusFacts Facts(
        NodeView[] nodes,
        PgpoolSays? pgpool = null,
        SynchronousCommit? synchronous = null,
        params WorkUnderWay[] work
    ) =>
        Of(Labs.Fixed(nodes: nodes.Length), nodes, pgpool, work, synchronous) with
        {
            HealthCheck = new HealthCheck(1, 10, 0, 1),
        };

    private static StatusReport Report(StatusFacts facts) =>
        StatusReport.Of(facts.Look, StatusDiagnosis.Of(facts), WhatComesNext.Of(facts));

    private static NodeView[] With(PoolNode? pool, PostgresSays says) =>
        [Node(0, Pool(0, "primary"), Primary()), Node(1, pool, says)];

    public static TheoryData<string, LabHealth, int, NodeView[]> Situations =>
        new()
        {
            { "", LabHealth.Healthy, 0, With(Pool(1, "standby"), Standby()) },
            { "detached-but-runs", LabHealth.Degraded, 1, With(Pool(1, "standby", "down"), Standby()) },
            { "quarantine", LabHealth.Degraded, 1, With(Pool(1, "standby", "quarantine"), Standby()) },
            { "quarantine", LabHealth.Degraded, 1, With(Pool(1, "standby", "quarantine"), Stopped()) },
            { "attached-but-dead", LabHealth.Degraded, 1, With(Pool(1, "standby"), Stopped()) },
            { "node-down", LabHealth.Degraded, 1, With(Pool(1, "standby", "down"), Stopped()) },
            { "outdated-primary", LabHealth.Degraded, 1, With(Pool(1, "standby", "down"), Stopped(standby: false)) },
            { "diverged", LabHealth.Degraded, 1, With(Pool(1, "standby"), Standby(1)) },
            { "diverged", LabHealth.Degraded, 1, With(Pool(1, "standby", "down"), Standby(1)) },
            { "receives-nothing", LabHealth.Degraded, 1, With(Pool(1, "standby"), Standby(receiver: null)) },
            { "receives-nothing", LabHealth.Degraded, 1, With(Pool(1, "standby", "down"), Standby(fed: false)) },
            { "node-unknown", LabHealth.Degraded, 1, With(null, Standby()) },
            { "paused", LabHealth.Down, 5, With(Pool(1, "standby"), Suspended(true)) },
            { "two-primaries", LabHealth.Down, 5, With(Pool(1, "standby", "down"), Primary(1)) },
            {
                "no-primary",
                LabHealth.Down,
                5,
                [Node(0, Pool(0, "standby"), Standby()), Node(1, Pool(1, "standby"), Standby())]
            },
        };

    [Theory]
    [MemberData(nameof(Situations))]
    public void Each_situation_has_its_finding_and_its_exit_code(
        string id,
        LabHealth health,
        int exitCode,
        NodeView[] nodes
    )
    {
        var report = Report(Facts(nodes));
        Assert.Equal(id.Length == 0 ? [] : [id], report.Findings.Select(f => f.Id));
        Assert.Equal((health, exitCode), (report.Health, (int)report.CheckExitCode));
    }

    [Fact]
    public void The_worst_is_said_first()
    {
        var report = Report(
            Facts([
                Node(0, Pool(0, "standby", "down"), Standby()),
                Node(1, Pool(1, "primary"), Primary()),
                Node(2, Pool(2, "standby", "down"), Primary(1)),
                Node(3, Pool(3, "standby"), Standby(1)),
            ])
        );
        Assert.Equal(
            [("two-primaries", 2), ("diverged", 3), ("detached-but-runs", 0)],
            report.Findings.Select(f => (f.Id, f.Node!.Value))
        );
    }

    [Fact]
    public void Pgpool_that_does_not_run_or_does_not_answer_is_down()
    {
        var nodes = With(null, Standby());
        Assert.Equal("pgpool-down", Report(Facts(nodes, new(false, "refused") { Runs = false })).Findings[0].Id);
        var silent = Report(Facts(nodes, new(false, "refused") { Runs = true, ProcessId = 70 }));
        Assert.Equal(("pgpool-silent", LabHealth.Down), (silent.Findings[0].Id, silent.Health));
        Assert.Equal(
            "not-running",
            Report(Facts([Node(0, null, Stopped()), Node(1, null, Stopped())], new(false, "refused") { Runs = false }))
                .Findings[0]
                .Id
        );
    }

    [Fact]
    public void Writes_that_wait_are_broken_and_both_the_remedy_and_its_words_are_there()
    {
        var finding = Report(
            Facts(With(Pool(1, "standby"), Standby()), synchronous: new SynchronousCommit(0, "*", "on", 1, 0, 3))
        ).Findings[0];
        Assert.Equal(("waits-for-sync", FindingSeverity.Broken), (finding.Id, finding.Severity));
        Assert.Equal([new Remedy.StopWaitingForStandbys(0)], finding.Remedies);
        Assert.Equal(RemedyWords.Line(Labs.Fixed(), finding.Remedies), finding.Fix);
    }

    [Theory]
    [InlineData(WorkKind.Failover, "failover-runs", LabHealth.Degraded)]
    [InlineData(WorkKind.FollowPrimary, "follow-primary-runs", LabHealth.Degraded)]
    [InlineData(WorkKind.Recovery, "recovery-runs", LabHealth.Degraded)]
    [InlineData(WorkKind.Command, "command-runs", LabHealth.Healthy)]
    public void What_is_at_work_is_a_finding_and_nothing_but_to_wait_is_advised(
        WorkKind kind,
        string id,
        LabHealth health
    )
    {
        var work = new WorkUnderWay(kind, null, 4711, null, "Something is at work");
        var well = Report(Facts(With(Pool(1, "standby"), Standby()), work: work));
        Assert.Equal((id, health), (Assert.Single(well.Findings).Id, well.Health));
        var lost = Report(Facts(With(Pool(1, "standby", "down"), Standby()), work: work));
        Assert.All(lost.Findings, f => Assert.Null(f.Fix));
        Assert.All(lost.Findings, f => Assert.Equal([new Remedy.Wait(kind)], f.Remedies));
    }

    [Fact]
    public void It_is_said_what_Pgpool_will_do_next()
    {
        string Next(params NodeView[] nodes) => WhatComesNext.Of(Facts(nodes));
        Assert.Equal(
            "Pgpool-II has nothing to do; it looks at each node every 1 s.",
            Next(With(Pool(1, "standby"), Standby()))
        );
        Assert.Equal(
            "Pgpool-II notices within 1 s that node 1 does not answer, and detaches it.",
            Next(With(Pool(1, "standby"), Stopped()))
        );
        Assert.Equal(
            "Pgpool-II notices within 11 s that node 0 does not answer, and detaches it; then it promotes node 1.",
            Next(Node(0, Pool(0, "primary"), Suspended(false)), Node(1, Pool(1, "standby"), Standby()))
        );
        Assert.StartsWith(
            "Pgpool-II does nothing about node 1: ",
            Next(With(Pool(1, "standby", "down"), Standby())),
            StringComparison.Ordinal
        );
        string NextAfter(WorkKind kind, string? next) =>
            WhatComesNext.Of(
                Facts(
                    With(Pool(1, "standby", "down"), Standby()),
                    work: new WorkUnderWay(kind, 0, 4711, null, "Something is at work") { Next = next }
                )
            );
        Assert.Equal(
            "Pgpool-II goes on with node 2, then node 3.",
            NextAfter(WorkKind.FollowPrimary, "Next: node 2, then node 3.")
        );
        Assert.Equal(
            "Node 1 is started, and Pgpool-II attaches it.",
            NextAfter(WorkKind.Recovery, "Next: node 1 is started, and Pgpool-II attaches it.")
        );
        Assert.Equal("Wait until what is at work has ended.", NextAfter(WorkKind.Command, null));
        var facts = Facts(With(Pool(1, "standby"), Stopped())) with { HealthCheck = new HealthCheck(0, 20, 0, 1) };
        Assert.Equal(
            "Pgpool-II notices that node 1 does not answer when a session uses it, and detaches it.",
            WhatComesNext.Of(facts)
        );
    }

    [Fact]
    public void Of_a_configuration_file_the_last_of_a_name_counts()
    {
        var text = PgpoolConfText.Read(
            """
            # health_check_period = 7
            health_check_period = 1
            health_check_period = '2min' # later
            health_check_timeout=500ms
            health_check_max_retries = 'three'
            """ + "\nhealth_check_user\t'me # too'"
        );
        Assert.Equal(new HealthCheck(120, 1, 0, 1), HealthCheck.From(text));
        Assert.Null(text["health_check_password"]);
        // As config set and --pgpool-conf read it: one reader.
        Assert.Equal("me # too", text["health_check_user"]);
    }

    // ---- status --fix ----

    private static StatusReport WithRemedies(
        WorkUnderWay[] work,
        params (FindingKind Kind, Remedy Remedy)[] remedies
    ) =>
        StatusReport.Of(
            new NodesReport("lab", "/srv/lab", "", 11000, true, null, [], [], []) { AtWork = work },
            [.. remedies.Select(r => Finding.Of(Labs.Fixed(), r.Kind, 1, "It is wrong.", r.Remedy))],
            ""
        );

    [Fact]
    public void Remedies_are_done_in_an_order_in_which_one_makes_the_next_possible_each_once()
    {
        var report = WithRemedies(
            [],
            (FindingKinds.TwoPrimaries, new Remedy.Recover(0)),
            (FindingKinds.PgpoolDown, new Remedy.StartAll()),
            (FindingKinds.WaitsForSync, new Remedy.StopWaitingForStandbys(1)),
            (FindingKinds.Paused, new Remedy.ResumeNode(1)),
            (FindingKinds.Diverged, new Remedy.Recover(0)),
            (FindingKinds.DetachedButRuns, new Remedy.Attach(2)),
            (FindingKinds.NodeDown, new Remedy.Wait(WorkKind.Command))
        );
        Assert.Equal(
            [
                new Remedy.ResumeNode(1),
                new Remedy.StartAll(),
                new Remedy.Attach(2),
                new Remedy.Recover(0),
                new Remedy.StopWaitingForStandbys(1),
            ],
            FixPlan.Of(Labs.Fixed(), report).Select(f => f.Remedy)
        );
    }

    /// <summary>Quorum comes back, Pgpool-II fails over at that moment, and the node that was to be started is
    /// recovered instead.</summary>
    [Fact]
    public void What_failed_and_is_advised_no_more_is_no_failure_of_the_whole()
    {
        var before = WithRemedies(
            [],
            (FindingKinds.NodeDown, new Remedy.StartNode(0)),
            (FindingKinds.DetachedButRuns, new Remedy.Attach(2))
        );
        FailedFix[] failures =
        [
            .. FixPlan
                .Of(Labs.Fixed(), before)
                .Select(f => new FailedFix(f, new LabException(ExitCode.NotHealthy, $"{f.Remedy} failed."))),
        ];
        Assert.Equal(2, failures.Length);
        Assert.Empty(FixPlan.StillAdvised(WithRemedies([]), failures));
        var later = WithRemedies([], (FindingKinds.DetachedButRuns, new Remedy.Attach(2)));
        Assert.Equal([failures[1]], FixPlan.StillAdvised(later, failures));
        Assert.Equal(failures, FixPlan.StillAdvised(before, failures));
    }

    [Fact]
    public void While_something_is_at_work_only_what_is_suspended_goes_on() =>
        Assert.Equal(
            [new Remedy.ResumeNode(1)],
            FixPlan
                .Of(
                    Labs.Fixed(),
                    WithRemedies(
                        [new WorkUnderWay(WorkKind.Failover, null, 4711, null, "Pgpool-II fails over")],
                        (FindingKinds.PgpoolDown, new Remedy.StartAll()),
                        (FindingKinds.Paused, new Remedy.ResumeNode(1))
                    )
                )
                .Select(f => f.Remedy)
        );
}
