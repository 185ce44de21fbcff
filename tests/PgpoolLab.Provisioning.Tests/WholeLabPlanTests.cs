using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Verbs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>startall, stopall, destroy and setup are plans: values that can be compared and printed.</summary>
public sealed class WholeLabPlanTests
{
    private static readonly Lab Three = Labs.Fixed(nodes: 3);

    private static StartLook Look(Lab? lab = null) => new(lab ?? Three) { Standbys = [1, 2] };

    private static string Titles(VerbPlan plan) =>
        string.Join(
            " | ",
            plan.Stages.Select(s => string.Join(" + ", s.Lanes.SelectMany(l => l).Select(p => p.Title)))
        );

    private static OperationContext Context(FakeHost host) =>
        new(
            host,
            TimeProvider.System,
            new Notes(),
            _ => throw new InvalidOperationException("Nothing is logged here."),
            "1.2.3",
            new SameProcess()
        );

    [Fact]
    public void Nodes_are_started_before_Pgpool_is()
    {
        Assert.Equal("Start node 0 + Start node 1 + Start node 2", Titles(StartPlans.Nodes(Look())));
        Assert.Equal(
            "Start Pgpool-II + Give standbys time to stream | Link the sockets to where programs look for them",
            Titles(StartPlans.Pgpools(Look()))
        );
        var watchdog = Labs.Fixed(pgpools: 2);
        Assert.Equal(
            "Launch Pgpool-II 0 + Launch Pgpool-II 1 + Give the standby time to stream | "
                + "Wait for Pgpool-II 0 + Wait for Pgpool-II 1 | Wait until the watchdog has a leader | "
                + "Link the sockets to where programs look for them",
            Titles(StartPlans.Pgpools(Look(watchdog)))
        );
    }

    [Fact]
    public void A_part_of_a_lab_is_started_and_stopped_alone()
    {
        var lab = Labs.Fixed(pgpools: 2);
        ServerSet Only(params string[] parts) => ServerSet.Of(lab, parts);
        var nodes = Look(lab) with { Only = Only("nodes") };
        Assert.Equal("Start node 0 + Start node 1", Titles(StartPlans.Nodes(nodes)));
        Assert.Equal("Link the sockets to where programs look for them", Titles(StartPlans.Pgpools(nodes)));
        // A node that does not run is nothing it has to show.
        var pgpool = Look(lab) with
        {
            Only = Only("pgpool1"),
            Running = [0],
            Silent = [0],
        };
        Assert.Equal("", Titles(StartPlans.Nodes(pgpool)));
        Assert.Equal(
            "Launch Pgpool-II 1 | Wait for Pgpool-II 1 | Wait until Pgpool-II 1 is in the watchdog | "
                + "Link the sockets to where programs look for them",
            Titles(StartPlans.Pgpools(pgpool))
        );
        Assert.Equal(
            "Start Pgpool-II | Link the sockets to where programs look for them",
            Titles(StartPlans.Pgpools(Look() with { Only = ServerSet.Of(Three, ["pgpool"]) }))
        );
        Assert.Equal(
            "Stop Pgpool-II 0 + Stop node 0 + Stop node 1",
            Titles(StopOperation.Plan(lab, [], Only("pgpool0", "nodes")))
        );
        Assert.Equal("Stop Pgpool-II 1", Titles(StopOperation.Plan(lab, [], Only("pgpool1"))));
        // Nobody leads the nodes then.
        var stop = Assert.Single(StopOperation.Plan(lab, [], Only("nodes")).Stages);
        Assert.Equal((0, new StopNode(lab.Nodes[0])), (stop.Leading, stop.Lanes[0][0]));
        Assert.Null(Only("pgpool", "nodes").PartOf(lab));
        Assert.Equal(ExitCode.Usage, Assert.Throws<LabException>(() => Only("1")).Code);
        Assert.Equal(ExitCode.NotFound, Assert.Throws<LabException>(() => Only("pgpool2")).Code);
    }

    [Fact]
    public void What_did_not_come_up_is_not_waited_for_and_keeps_nothing_else_down()
    {
        Assert.True(Assert.Single(StartPlans.Nodes(Look()).Stages).GoesOn);
        var plan = StartPlans.Pgpools(Look() with { NotUp = [1] });
        Assert.Equal(
            new StartPgpool(
                Three.Pgpool,
                [ExpectedNode.Of(Three, Three.Nodes[0], true), ExpectedNode.Of(Three, Three.Nodes[2], false)]
            ),
            plan.Stages[0].Lanes[0][0]
        );
        // Without a node there is nothing for Pgpool-II to do.
        Assert.Equal(
            "Link the sockets to where programs look for them",
            Titles(StartPlans.Pgpools(Look() with { NotUp = [0, 1, 2], GivenUp = [1] }))
        );
        Assert.Empty(StartPlans.Pgpools(Look() with { NotUp = [0, 1, 2], GivenUp = [1] }).Before);
    }

    [Fact]
    public void What_stays_down_is_told_before()
    {
        var look = Look() with { Outdated = [0], HeldDown = [2], GivenUp = [1], Silent = [0], LacksOtherName = true };
        var nodes = StartPlans.Nodes(look);
        Assert.Equal("Link the lab's folder to its other name | Start node 1 + Start node 2", Titles(nodes));
        Assert.Equal(
            [
                "Node 0 is not started: another node took over from it, and there would be two primaries. Bring it "
                    + "back with:  pgpoollab recover 0",
                "Pgpool-II holds node 2 as down, as before: what was written since is not on it.",
            ],
            nodes.Before
        );
        var pgpools = StartPlans.Pgpools(look);
        Assert.Contains("Ask the Pgpool-II on port 11000 again", Titles(pgpools), StringComparison.Ordinal);
        Assert.StartsWith("Pgpool-II runs and holds node 1", Assert.Single(pgpools.Before), StringComparison.Ordinal);
    }

    [Fact]
    public void Plans_of_the_same_are_equal_and_others_are_not()
    {
        Assert.Equal(StartPlans.Nodes(Look()), StartPlans.Nodes(Look()));
        Assert.Equal(StartPlans.Pgpools(Look()), StartPlans.Pgpools(Look()));
        Assert.NotEqual(StartPlans.Pgpools(Look()), StartPlans.Pgpools(Look() with { NotUp = [1] }));
        Assert.Equal(StopOperation.Plan(Three, []), StopOperation.Plan(Labs.Fixed(nodes: 3), []));
        Assert.NotEqual(StopOperation.Plan(Three, []), StopOperation.Plan(Labs.Fixed(), []));
        Assert.Equal(Destroy(Three, false), Destroy(Labs.Fixed(nodes: 3), false));
        Assert.NotEqual(Destroy(Three, false), Destroy(Three, true));

        static IReadOnlyList<VerbPlan> Destroy(Lab lab, bool all) =>
            DestroyPlans.Of(new DestroyLook(lab, lab, []), deletesUsersFiles: all);
    }

    public static TheoryData<string> Setups => [.. Specs.Keys];

    private static readonly Dictionary<string, LabSpec> Specs = new()
    {
        ["streaming"] = new()
        {
            Directory = "/srv/lab",
            Port = 11000,
            Nodes = 3,
        },
        ["clones"] = new()
        {
            Directory = "/srv/lab",
            Port = 11000,
            Nodes = 3,
            Standbys = StandbyMethod.Clone,
        },
        ["slots"] = new()
        {
            Directory = "/srv/lab",
            Port = 11000,
            Nodes = 2,
            UseSlots = true,
            Setup = new SetupOptions { LeaveRunning = true },
        },
        ["watchdog"] = new()
        {
            Directory = "/srv/lab",
            Port = 11000,
            PgpoolNodes = 3,
            UseTls = true,
        },
        ["logical"] = new()
        {
            Directory = "/srv/lab",
            Port = 11000,
            Mode = ClusteringMode.LogicalReplication,
        },
        ["native"] = new()
        {
            Directory = "/srv/lab",
            Port = 11000,
            Mode = ClusteringMode.NativeReplication,
        },
        ["pgpool_setup"] = new()
        {
            Directory = "/srv/lab",
            Port = 11000,
            PgpoolNodes = 2,
            PgpoolSetup = new PgpoolSetupConventions { InstallDirectory = "/usr" },
        },
    };

    [Theory]
    [MemberData(nameof(Setups))]
    public void A_setup_is_a_value_too(string name)
    {
        var plan = Plan(Specs[name]);
        Assert.Equal(plan, Plan(Specs[name]));
        Assert.All(Specs.Where(s => s.Key != name), s => Assert.NotEqual(plan, Plan(s.Value)));

        static LabPlan Plan(LabSpec spec) => LabPlanner.Plan(spec, Labs.Facts);
    }

    [Fact]
    public async Task What_a_dry_run_shows_is_the_plan_and_touches_nothing()
    {
        var (host, shown) = (new FakeHost(), new List<VerbPlan>());
        var run = new PlanRun(Context(host), Three, shown.Add);
        await new StopOperation(run).ExecuteAsync(CancellationToken.None);
        Assert.Equal([StopOperation.Plan(Three, [])], shown);
        shown.Clear();
        host.Files[$"{Three.Nodes[1].DataDirectory}/standby.signal"] = "";
        host.Files[$"{Three.Nodes[2].DataDirectory}/standby.signal"] = "";
        await new StartOperation(run).ExecuteAsync(CancellationToken.None);
        Assert.Equal([StartPlans.Nodes(Look()), StartPlans.Pgpools(Look())], shown);
        Assert.Empty(host.Started);
        Assert.Empty(host.Signals);
        Assert.Empty(host.Written);
        Assert.Empty(host.Links);
    }

    private static StepContext Steps(FakeHost host, UndoStack undo) =>
        new(
            host,
            Three,
            Labs.Renderer(),
            new ProbeRunner(host, TimeProvider.System),
            Labs.Secrets,
            undo,
            Serilog.Core.Logger.None,
            TimeProvider.System
        );

    [Fact]
    public async Task Links_are_made_and_removed_as_the_plan_says_and_no_others()
    {
        var host = new FakeHost();
        var links = LabSockets.LinksOf(Three);
        foreach (var (_, socket) in links)
        {
            host.Files[socket] = "";
        }

        var steps = Steps(host, new UndoStack());
        await new LinkSockets([links[1].Link]).ExecuteAsync(steps, CancellationToken.None);
        Assert.Equal([links[1].Link], host.Links.Keys);
        await new LinkSockets([links[0].Link, links[2].Link]).ExecuteAsync(steps, CancellationToken.None);
        Assert.Equal(3, host.Links.Count);
        // Somebody still listens on the socket of one.
        host.AnsweringSockets.Add(links[0].Socket);
        await new UnlinkSockets([links[0].Link, links[1].Link]).ExecuteAsync(steps, CancellationToken.None);
        Assert.Equal(new HashSet<string> { links[0].Link, links[2].Link }, host.Links.Keys.ToHashSet());
    }

    [Fact]
    public async Task Links_to_nobody_go_with_any_server_and_a_dry_run_shows_them()
    {
        var (host, shown) = (new FakeHost(), new List<VerbPlan>());
        var links = LabSockets.LinksOf(Three);
        foreach (var (link, socket) in links)
        {
            host.Links[link] = socket;
            host.AnsweringSockets.Add(socket);
        }

        // The last node was killed.
        var last = LabSockets.Path(Three.SocketFolder, Three.Nodes[2].Port);
        host.AnsweringSockets.Remove(last);
        var only = ServerSet.Of(Three, ["pgpool"]);
        await new StopOperation(new PlanRun(Context(host), Three, shown.Add)).ExecuteAsync(
            CancellationToken.None,
            only
        );
        var planned = Assert.Single(shown).Stages.SelectMany(s => s.Lanes).SelectMany(l => l).OfType<UnlinkSockets>();
        string[] expected = [.. SocketLinks.Of(Three, only), .. links.Where(l => l.Socket == last).Select(l => l.Link)];
        Assert.Equal(expected.Order(), Assert.Single(planned).Links.Order());
    }

    [Fact]
    public void Links_to_a_Pgpool_that_runs_already_are_made_with_those_of_another_one()
    {
        var lab = Labs.Fixed(pgpools: 2);
        var look = Look(lab) with { Only = ServerSet.Of(lab, ["pgpool1"]), Running = [0] };
        Assert.DoesNotContain(LabSockets.Path("/tmp", lab.Pgpools[0].Port), Missing(look));
        Assert.Contains(LabSockets.Path("/tmp", lab.Pgpools[0].Port), Missing(look with { RunningPgpools = [0] }));

        static IReadOnlyList<string> Missing(StartLook look) =>
            StartPlans
                .Pgpools(look)
                .Stages.SelectMany(s => s.Lanes)
                .SelectMany(l => l)
                .OfType<LinkSockets>()
                .Single()
                .Missing!;
    }

    /// <summary>A killed server has left its socket, which is removed by the launch alone.</summary>
    [Fact]
    public async Task Before_Pgpool_is_launched_no_client_tries_to_connect()
    {
        var host = new FakeHost();
        var lab = Three with { Pgpools = [Three.Pgpool with { SocketDirectories = ["/run/sockets"] }] };
        var socket = LabSockets.Path("/run/sockets", lab.Pgpool.Port);
        host.Files[socket] = "";
        await using var sessions = new Servers.Clients.PostgresSessions(lab);
        var launched = false;
        var probe = new ClientsConnect(host, lab, sessions, lab.Pgpool, Lab.MaintenanceDatabase, () => launched);
        Assert.Equal(new Observation(false, "it has not been launched"), await probe.CheckAsync(default));
        launched = true;
        host.Files.Remove(socket);
        Assert.StartsWith("there is no socket", (await probe.CheckAsync(default)).Seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_that_were_made_are_taken_back_while_servers_still_listen()
    {
        var host = new FakeHost();
        var socket = LabSockets.Path(Three.SocketFolder, Three.Pgpool.Port);
        host.Files[socket] = "";
        host.AnsweringSockets.Add(socket);
        host.Links[LabSockets.Path("/tmp", Three.Nodes[0].Port)] = LabSockets.Path(
            Three.SocketFolder,
            Three.Nodes[0].Port
        );
        var before = host.Links.ToArray();
        var undo = new UndoStack();
        var steps = Steps(host, undo);
        await new LinkSockets().ExecuteAsync(steps, CancellationToken.None);
        Assert.Contains(LabSockets.Path("/tmp", Three.Pgpool.Port), host.Links.Keys);
        Assert.Empty(await undo.UnwindAsync(_ => { }));
        // Those that were there before are not this run's.
        Assert.Equal(before, host.Links);
    }
}
