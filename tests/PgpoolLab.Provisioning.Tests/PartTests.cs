using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Settings;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Provisioning.Verbs;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Logs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;
using PgpoolLab.Servers.Verbs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>One host's part of a lab on several: what is done and said there is about the host's own servers.</summary>
public sealed class PartTests
{
    private static readonly Lab Part = Labs.Part(1);

    /// <summary>The whole, as the machine knows it where the lab was made.</summary>
    private static readonly Lab Whole = Part with { Here = null };

    private readonly FakeHost _host = new();

    /// <summary>Whoever else could write it could have us log in to hosts of his choice.</summary>
    [Fact]
    public void The_word_of_another_is_not_followed_to_other_hosts()
    {
        using var folder = new TemporaryFolder();
        var lab = Whole with { Root = folder.Path };
        Directory.CreateDirectory(
            lab.Paths.Hidden,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        LabStore.Save(
            new LabManifest
            {
                ToolVersion = "1.2.3",
                CommandLine = [],
                State = LabState.Ready,
                Lab = lab,
            }
        );
        LabLocator.RequireOwnWord(LabStore.Load(lab.Root)!);
        File.SetUnixFileMode(lab.Paths.Manifest, (UnixFileMode)Convert.ToInt32("666", 8));
        Assert.Contains(
            "is not yours alone",
            Refused(() => LabLocator.RequireOwnWord(LabStore.Load(lab.Root)!)),
            StringComparison.Ordinal
        );
    }

    private static string Titles(VerbPlan plan) =>
        string.Join(
            " | ",
            plan.Stages.Select(s => string.Join(" + ", s.Lanes.SelectMany(l => l).Select(p => p.Title)))
        );

    private static string Refused(Action act) => Assert.ThrowsAny<LabException>(act).Message;

    private static string Names(ServerSet servers) =>
        string.Join(' ', servers.Nodes.Select(n => $"{n.Id}").Concat(servers.Pgpools.Select(p => $"pgpool{p.Id}")));

    /// <summary>A look at the part; the primary is node 0, on another host.</summary>
    private static NodesReport Report(NodeView node) =>
        Looks.At(node) with
        {
            Elsewhere = [Looks.Pool(0, "primary"), Looks.Pool(2, "standby")],
        };

    private static VerbLook Look(NodesReport report) =>
        new(Part)
        {
            Report = report,
            RunningNodes = [1],
            RunningPgpools = [1],
            Linked = [.. LabSockets.LinksOf(Part).Select(l => l.Link)],
        };

    // ---- what there is ----

    [Fact]
    public void Links_ports_and_servers_are_those_of_the_host()
    {
        int[] own = [Part.Nodes[1].Port, Part.Pgpools[1].Port, Part.Pgpools[1].PcpPort];
        Assert.Equal(
            own.Order(),
            LabSockets.LinksOf(Part).Select(l => int.Parse(l.Link.Split('.')[^1])).Distinct().Order()
        );
        Assert.Subset(Part.AllPorts.Select(p => p.Port).ToHashSet(), own.ToHashSet());
        Assert.DoesNotContain(Part.AllPorts, p => p.Port == Part.Nodes[0].Port || p.Port == Part.Pgpools[0].Port);
        var live = new LiveLab(_host, Part, new ProbeRunner(_host, TimeProvider.System));
        Assert.Equal([1], live.Nodes.Select(n => n.Node.Id));
        Assert.Equal([1], live.Pgpools.Select(p => p.Node.Id));
    }

    [Fact]
    public void Room_on_a_node_is_for_the_Pgpools_of_all_hosts() =>
        Assert.Equal(
            SessionLimits.MaxConnections(Labs.Fixed(nodes: 3, pgpools: 3)),
            SessionLimits.MaxConnections(Part)
        );

    [Fact]
    public async Task Only_the_logs_of_the_host_are_read()
    {
        var sources = await LogSources.FindAsync(_host, Part, CancellationToken.None);
        Assert.Equal([1], sources.Where(s => s.Kind is LogKind.Node).Select(s => s.Number).Distinct());
        Assert.Equal([1], sources.Where(s => s.Kind is LogKind.Pgpool).Select(s => s.Number).Distinct());
    }

    [Fact]
    public async Task The_Pgpool_of_the_host_is_not_taken_for_that_of_another()
    {
        _host.Files["/srv/lab/run/pgpool.pid"] = "70\n";
        _host.Processes.Add(new ProcessFacts(70, "1", "pgpool", "pgpool -D", "/srv/lab", 70));
        var processes = await new LabProcessFinder(_host, Part).FindAsync(CancellationToken.None);
        Assert.Equal([false, true, false], processes.Pgpools.Select(p => p.First is not null));
        Assert.Equal(3, processes.Nodes.Count);
    }

    [Fact]
    public async Task A_report_shows_the_node_and_the_Pgpool_of_the_host_and_knows_what_Pgpool_says_of_the_others()
    {
        // PostgreSQL itself is asked without psql; nobody is where it looks.
        var lab = Part with
        {
            Pgpools = [.. Part.Pgpools.Select(p => p with { SocketDirectories = ["/nonexistent"] })],
        };
        _host.Run = c =>
            c.Arguments.Contains($"{lab.Pgpools[1].Port}")
                ? new(
                    c,
                    0,
                    "node_id|status|role\n0|up|primary\n1|up|standby\n2|down|standby\n".Replace('|', '\u001f'),
                    "",
                    TimeSpan.Zero
                )
                : new(c, 2, "", "Connection refused", TimeSpan.Zero);
        var report = await new NodesReporter(_host, new ProbeRunner(_host, TimeProvider.System)).ReportAsync(
            lab,
            CancellationToken.None
        );
        Assert.Equal((lab.Pgpools[1].Port, true), (report.PgpoolPort, report.PgpoolAnswers));
        var node = Assert.Single(report.Nodes);
        Assert.Equal((1, "up"), (node.Id, node.Pgpool?.Status));
        var member = Assert.Single(report.Watchdog);
        Assert.Equal((1, lab.Pgpools[1].Port, true, 0), (member.Id, member.Port, member.Answers, member.Primary));
        Assert.Equal([0, 2], report.Elsewhere.Select(n => n.Id));
        Assert.Equal(0, report.PrimaryElsewhere);
        // The whole is put together of what the parts say.
        Assert.Equal([0, 2], NodesReporter.FromJson(NodesReporter.ToJson(report)).Elsewhere.Select(n => n.Id));
    }

    [Fact]
    public async Task A_copy_that_is_no_standby_yet_must_not_start_though_no_primary_is_seen()
    {
        _host.Files["/srv/lab/data1/PG_VERSION"] = "";
        _host.Files["/srv/lab/data1.kept"] = "";
        var history = new LabHistory(_host, Part);
        Assert.Equal([1], (await history.FindUnfinishedAsync([], CancellationToken.None)).Select(n => n.Id));
    }

    // ---- targets ----

    [Fact]
    public void All_are_the_servers_of_the_host()
    {
        Assert.Equal("1 pgpool1", Names(Target.Of("all").Resolve(Part, null)));
        Assert.Equal("pgpool1", Names(Target.Of("pgpool").Resolve(Part, null)));
        Assert.Equal("1", Names(Target.Of("1").Resolve(Part, null)));
        Assert.Equal("pgpool1", Names(Target.Of("pgpool1").Resolve(Part, null)));
        Assert.Equal("1", Names(ServerSet.Of(Part, ["nodes"])));
        Assert.Null(ServerSet.Of(Part, ["nodes", "pgpool"]).PartOf(Part));
        Assert.NotNull(ServerSet.Of(Part, ["nodes"]).PartOf(Part));
        Assert.Equal("0 1 2 pgpool0 pgpool1 pgpool2", Names(Target.Of("all").Resolve(Whole, null)));
        Assert.Equal("2", Names(Target.Of("2").Resolve(Whole, null)));
    }

    [Fact]
    public void A_server_of_another_host_is_refused_with_the_place_to_go_to()
    {
        Assert.Equal(
            "Node 2 runs on host c: call pgpoollab there, or where the lab was made.",
            Refused(() => Target.Of("2").Resolve(Part, null))
        );
        Assert.Equal(
            "Pgpool-II 0 runs on host a: call pgpoollab there, or where the lab was made.",
            Refused(() => Target.Of("pgpool0").Resolve(Part, null))
        );
        Assert.Equal(
            "Pgpool-II 0 runs on host a: call pgpoollab there, or where the lab was made.",
            Refused(() => ServerSet.Of(Part, ["pgpool0"]))
        );
        Assert.Equal(
            "Node 0 runs on host a: call pgpoollab there, or where the lab was made.",
            Refused(() => Target.Of("primary").Resolve(Part, Report(Looks.Standby(1))))
        );
        // A node that still takes itself for the primary is not the one that is meant.
        Assert.Equal(
            "Node 0 runs on host a: call pgpoollab there, or where the lab was made.",
            Refused(() => Target.Of("primary").Resolve(Part, Report(Looks.Primary(1, "down"))))
        );
        Assert.StartsWith("The lab 'lab' has no node 3;", Refused(() => Target.Of("3").Resolve(Part, null)));
    }

    [Fact]
    public void What_is_not_found_on_the_host_may_be_on_another()
    {
        var alone = Looks.At(Looks.Standby(1));
        Assert.Equal(
            "The primary is not on host b, if there is one: call pgpoollab where the lab was made.",
            Refused(() => Target.Of("primary").Resolve(Part, alone))
        );
        Assert.Equal(
            "The Pgpool-II that leads is not on host b, if there is one: call pgpoollab where the lab was made.",
            Refused(() => Target.Of("leader").Resolve(Part, alone))
        );
        Assert.Equal(
            "A standby that runs is not on host b, if there is one: call pgpoollab where the lab was made.",
            Refused(() => Target.Of("standby").Resolve(Part, Looks.At(Looks.Primary(1))))
        );
    }

    // ---- rules ----

    [Fact]
    public void What_takes_other_hosts_is_refused()
    {
        const string where =
            "several hosts, and this is host b's part of the lab: call pgpoollab where the lab was made.";
        var report = Report(Looks.Standby(1));
        Assert.Equal(
            $"A switchover is about servers of {where}",
            VerbRules.Check(Verb.Switchover, 1, Part, report)?.Reason
        );
        Assert.Equal($"A recovery is about servers of {where}", VerbRules.Check(Verb.Recover, 1, Part, report)?.Reason);
        Assert.Equal(
            $"A switchover is about servers of {where}",
            Refused(() => ClusterPlans.Switchover(Look(report), null))
        );
        Assert.Equal(
            $"Synchronous replication is about servers of {where}",
            StandbyRules.WhyNoSync(Part, [], SyncChoice.Parse("on")!)?.Message
        );
        Assert.Equal(
            "add-node does not work on a lab on several hosts: files on each of them name all nodes.",
            Refused(() => NodeCountPlans.Add(Look(report), new NodeCountFacts([], 0)))
        );
    }

    [Fact]
    public void An_old_primary_is_not_attached_beside_the_one_of_another_host()
    {
        Assert.Equal(
            "Node 1 is a primary itself, beside node 0: with it attached there would be two.",
            VerbRules.Check(Verb.Attach, 1, Part, Report(Looks.Primary(1, "down")))?.Reason
        );
        Assert.Null(VerbRules.Check(Verb.Attach, 1, Part, Looks.At(Looks.Primary(1, "down"))));
    }

    [Fact]
    public void A_node_is_detached_as_long_as_Pgpool_has_one_on_another_host()
    {
        Assert.Null(VerbRules.Check(Verb.Detach, 1, Part, Report(Looks.Standby(1))));
        Assert.NotNull(VerbRules.Check(Verb.Detach, 1, Part, Looks.At(Looks.Standby(1))));
    }

    // ---- findings ----

    private static IEnumerable<string> Findings(PgpoolSays pgpool, params NodeView[] nodes) =>
        NodesDiagnosis.Of(new NodesFacts(Part, pgpool, nodes)).Select(f => f.Id);

    [Fact]
    public void Nothing_is_concluded_from_what_the_host_does_not_see()
    {
        Assert.Empty(Findings(Seen.Answers, Looks.Standby(1)));
        Assert.Empty(Findings(Seen.Answers, Looks.Standby(1, receiver: null)));
        Assert.Empty(Findings(Seen.Answers, Looks.Primary(1, "down")));
        Assert.Empty(Findings(Seen.Answers, Looks.Primary(1), Looks.Primary(2)));
        Assert.Equal(["node-down"], Findings(Seen.Answers, Looks.Dead(1)));
        Assert.Equal(["attached-but-dead"], Findings(Seen.Answers, Looks.Dead(1, "up")));
        Assert.Equal(["pgpool-down"], Findings(new PgpoolSays(false, "refused") { Runs = false }, Looks.Standby(1)));
    }

    [Fact]
    public void A_member_of_a_watchdog_is_looked_at_by_itself()
    {
        WatchdogView Member(string status, bool quorum = true, bool answers = true) =>
            new(1, Part.Pgpools[1].Port, answers, status, quorum, null, null);
        Assert.Empty(WatchdogDiagnosis.Of(Part, [Member("STANDBY", quorum: false)], []));
        Assert.True(WatchdogView.HaveSettled([Member("STANDBY", quorum: false)]));
        Assert.False(WatchdogView.HaveSettled([Member("JOINING")]));
    }

    // ---- plans ----

    [Fact]
    public void Starting_waits_for_the_servers_of_the_host_alone()
    {
        var look = new StartLook(Part) { Standbys = [1] };
        Assert.Equal("Start node 1", Titles(StartPlans.Nodes(look)));
        Assert.Equal(
            "Launch Pgpool-II 1 + Wait for Pgpool-II 1 | Link the sockets to where programs look for them",
            Titles(StartPlans.Pgpools(look))
        );
        var awaited = StartPlans.Pgpools(look).Stages.SelectMany(s => s.Lanes).SelectMany(l => l);
        Assert.Equal(["node 1 up as standby"], awaited.OfType<AwaitPgpool>().Single().Expected.Select(e => $"{e}"));
        Assert.Equal(
            "Launch Pgpool-II 1 + Wait for Pgpool-II 1",
            Titles(ServerPlans.Start(Look(Report(Looks.Standby(1))), Target.Of("pgpool")))
        );
    }

    [Fact]
    public void Stopping_stops_the_servers_of_the_host_alone() =>
        Assert.Equal("Stop Pgpool-II 1 + Stop node 1", Titles(StopOperation.Plan(Part, [])));

    [Fact]
    public void Pgpool_gives_up_the_only_node_of_the_host_as_it_has_others()
    {
        var plan = ServerPlans.End(Look(Report(Looks.Standby(1))), Target.Of("1"), ServerAct.Kill, StopMode.Immediate);
        Assert.Equal("Kill node 1 | Wait: Pgpool-II has given up node 1, and is done with it", Titles(plan));
        Assert.Empty(plan.Before);
        var primary = Looks.At(Looks.Primary(1)) with
        {
            Elsewhere = [Looks.Pool(0, "standby", "down"), Looks.Pool(2, "standby")],
        };
        Assert.Equal(
            ["Node 1 is the primary: Pgpool-II will make node 2 the primary."],
            ServerPlans.End(Look(primary), Target.Of("1"), ServerAct.Kill, StopMode.Immediate).Before
        );
        // With the Pgpool-II of the host nobody is left here to ask.
        Assert.Equal(
            "Kill Pgpool-II 1 | Kill node 1",
            Titles(ServerPlans.End(Look(primary), Target.Of("all"), ServerAct.Kill, StopMode.Immediate))
        );
    }
}
