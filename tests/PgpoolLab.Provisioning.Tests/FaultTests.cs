using PgpoolLab.Hosts.Links;
using PgpoolLab.Model;
using PgpoolLab.Model.Links;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Verbs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A lab gets links or loses them, and who is meant when one is cut.</summary>
public sealed class FaultTests
{
    private static readonly Lab Two = Labs.Fixed();
    private static readonly Lab Linked = Two with { Faults = true };

    private static VerbLook Look(Lab lab) =>
        new(lab)
        {
            Report = Looks.At(lab.Mode, Looks.Primary(0), Looks.Standby(1)),
            RunningNodes = [0, 1],
            RunningPgpools = [.. lab.Pgpools.Select(p => p.Id)],
        };

    private static string Titles(VerbPlan plan) =>
        string.Join(" | ", plan.Stages.SelectMany(s => s.Lanes).SelectMany(l => l).Select(p => p.Title));

    [Fact]
    public void Every_way_of_a_lab_is_a_link()
    {
        Assert.Equal(
            [
                "pgpool0->node0 11002",
                "pgpool0->node1 11003",
                "node0->node1 11003",
                "node1->node0 11002",
                "client->pgpool0 11000",
            ],
            LabLink.AllOf(Two).Select(l => $"{l.Name} {l.Port}")
        );
        // Where nobody replicates by PostgreSQL's own means there are none between nodes.
        Assert.Equal(
            ["pgpool0->node0", "pgpool0->node1", "client->pgpool0"],
            LabLink.AllOf(Labs.Fixed(mode: ClusteringMode.NativeReplication)).Select(l => $"{l.Name}")
        );
    }

    [Fact]
    public void Its_files_name_the_links_and_scripts_that_make_a_standby_do_so_too()
    {
        var files = RenderedFiles.Of(Linked);
        Assert.Contains("backend_hostname1 = '127.77.200.1'\n", files["etc/pgpool.conf"], StringComparison.Ordinal);
        Assert.Contains(
            "'host=localhost hostaddr=127.77.1.0 port=11002 ",
            files["data1/myrecovery.conf"],
            StringComparison.Ordinal
        );
        foreach (var script in (string[])["data0/basebackup.sh", "etc/follow_primary.sh"])
        {
            Assert.Contains(
                "host=localhost hostaddr=127.77.${node_id}.${primary_id} port=${primary_port} ",
                files[script],
                StringComparison.Ordinal
            );
        }

        Assert.Contains("\n127.77.250.200:11000:*:", files["pgpass"], StringComparison.Ordinal);
        Assert.DoesNotContain(RenderedFiles.Of(Two).Values, f => f.Contains("127.77.", StringComparison.Ordinal));
    }

    [Fact]
    public void Where_a_node_is_a_standby_only_while_it_is_recovered_it_goes_past_the_links()
    {
        var files = RenderedFiles.Of(Labs.Fixed(mode: ClusteringMode.NativeReplication) with { Faults = true });
        Assert.Contains("backend_hostname1 = '127.77.200.1'\n", files["etc/pgpool.conf"], StringComparison.Ordinal);
        Assert.DoesNotContain("hostaddr", files["data0/basebackup.sh"], StringComparison.Ordinal);
    }

    [Fact]
    public void Each_Pgpool_of_a_watchdog_has_links_of_its_own()
    {
        var files = RenderedFiles.Of(Labs.Fixed(pgpools: 3) with { Faults = true });
        Assert.Contains(
            "backend_hostname0 = '127.77.202.0'\n",
            files["pgpool2/etc/pgpool.conf"],
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("backend_hostname0 = 'localhost'\n", "backend_hostname0 = 'there0'\n")]
    [InlineData("  backend_hostname12='x' # mine\n", "  backend_hostname12='there12' # mine\n")]
    [InlineData("#backend_hostname0 = 'localhost'\n", "#backend_hostname0 = 'localhost'\n")]
    [InlineData("backend_hostname7 = 'x'", "backend_hostname7 = 'x'")]
    [InlineData("heartbeat_hostname0 = 'x'", "heartbeat_hostname0 = 'x'")]
    public void In_pgpool_conf_addresses_of_nodes_are_exchanged(string text, string expected) =>
        Assert.Equal(expected, BackendHosts.With(text, n => n == 7 ? null : $"there{n}"));

    [Fact]
    public void In_a_password_file_the_links_of_clients_come_and_go()
    {
        const string file = "# mine\n127.0.0.1:11000:*:olga:a\\:b\n::1:11000:*:olga:a\\:b\n";
        var with = PasswordHosts.With(file, "127.77.250.200", "127.77.250.200");
        Assert.Equal(
            "# mine\n127.0.0.1:11000:*:olga:a\\:b\n127.77.250.200:11000:*:olga:a\\:b\n::1:11000:*:olga:a\\:b\n",
            with
        );
        Assert.Equal(with, PasswordHosts.With(with, "127.77.250.200", "127.77.250.200"));
        Assert.Equal(file, PasswordHosts.With(with, null, "127.77.250.200"));
    }

    [Fact]
    public void A_standby_is_told_to_replicate_by_a_link_and_without_one_again()
    {
        const string file = "primary_conninfo = 'host=localhost port=11002 user=repl'\n";
        var with = ReplicationHost.With(file, Linked, Linked.Nodes[1]);
        Assert.Equal("primary_conninfo = 'host=localhost hostaddr=127.77.1.0 port=11002 user=repl'\n", with);
        Assert.Equal(with, ReplicationHost.With(with, Linked, Linked.Nodes[1]));
        Assert.Equal(file, ReplicationHost.With(with, Two, Two.Nodes[1]));
        // Somebody else's server, and another host.
        foreach (var other in (string[])["host=localhost port=5432 x", "host=db.example port=11002 x"])
        {
            Assert.Equal(other, ReplicationHost.With(other, Linked, Linked.Nodes[1]));
        }
    }

    [Fact]
    public void Links_come_before_whoever_goes_by_them_and_go_after()
    {
        var on = FaultPlans.On(Look(Two), []);
        Assert.Equal(
            "Start the links | Stop Pgpool-II | Write the addresses of the links | Reload node 1 | Start Pgpool-II"
                + " | Wait: node 0 is up and attached | Wait: node 1 is up and attached",
            Titles(on)
        );
        Assert.True(on.IsTakenBack);
        Assert.True(on.Lab!.Faults);
        var off = FaultPlans.Off(Look(Linked), []);
        Assert.Equal(
            "Stop Pgpool-II | Write addresses without links | Reload node 1 | Start Pgpool-II"
                + " | Wait: node 0 is up and attached | Wait: node 1 is up and attached | Stop the links",
            Titles(off)
        );
        Assert.False(off.Lab!.Faults);
        // Before 13 another primary_conninfo takes a restart.
        Assert.Contains(
            "Write the addresses of the links | Stop node 1 | Start node 1 | Start Pgpool-II",
            Titles(FaultPlans.On(Look(Labs.Fixed(postgres: 12)), [])),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_does_not_run_is_not_started()
    {
        Assert.Equal("Write the addresses of the links", Titles(FaultPlans.On(new VerbLook(Two), [])));
        Assert.Equal(
            "Write addresses without links | Stop the links",
            Titles(FaultPlans.Off(new VerbLook(Linked), []))
        );
    }

    [Fact]
    public void What_is_so_already_is_said_and_a_process_that_was_killed_is_started_again()
    {
        Assert.Equal("Start the links", Titles(FaultPlans.On(Look(Linked), [])));
        Assert.Equal("", Titles(FaultPlans.On(new VerbLook(Linked), [])));
        Assert.Equal("", Titles(FaultPlans.Off(Look(Two), [])));
    }

    [Fact]
    public void Who_cannot_have_links_is_told_why()
    {
        var everywhere = Two with { ListenAddresses = ["*"] };
        Assert.Contains("all addresses", Refused(() => FaultPlans.On(Look(everywhere), [])), StringComparison.Ordinal);
        Assert.Contains(
            "pgpoollab partition",
            Refused(() => FaultPlans.On(new VerbLook(Labs.Part(1)), [])),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "pgpool_setup",
            Refused(() => FaultPlans.On(new VerbLook(Labs.Old()), [])),
            StringComparison.Ordinal
        );
        Assert.Contains("x.sh", Refused(() => FaultPlans.On(Look(Two), ["x.sh"])), StringComparison.Ordinal);
        Assert.Contains("x.sh", Refused(() => FaultPlans.Off(Look(Linked), ["x.sh"])), StringComparison.Ordinal);
        Assert.NotEmpty((Plain with { ListenAddresses = ["*"] }).Validate());
        Assert.Empty(Plain.Validate());
    }

    private static LabSpec Plain { get; } = new() { Directory = "/srv/lab", Faults = true };

    private static string Refused(Func<VerbPlan> plan)
    {
        var error = Assert.Throws<LabException>(plan);
        return $"{error.Message} {string.Join(' ', error.Details)}";
    }

    [Fact]
    public void A_lab_is_started_with_its_links_and_stopped_without_them()
    {
        Assert.StartsWith(
            "Start the links | Start node 0",
            Titles(StartPlans.Nodes(new StartLook(Linked))),
            StringComparison.Ordinal
        );
        Assert.EndsWith("| Stop the links", Titles(StopOperation.Plan(Linked, [])), StringComparison.Ordinal);
        Assert.DoesNotContain("links", Titles(StopOperation.Plan(Two, [])), StringComparison.Ordinal);
        var one = new ServerSet([Linked.Nodes[1]], []);
        Assert.DoesNotContain("links", Titles(StopOperation.Plan(Linked, [], one)), StringComparison.Ordinal);
        Assert.StartsWith(
            "Start the links | ",
            Titles(ServerPlans.Start(new VerbLook(Linked), Target.Of("1"))),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_new_nodes_links_are_there_before_it_starts()
    {
        var three = Labs.Fixed(nodes: 3) with { Faults = true };
        var look = new VerbLook(three)
        {
            Report = Looks.At(three.Mode, Looks.Primary(0), Looks.Standby(1), Looks.Standby(2)),
            RunningPgpools = [0],
        };
        Assert.Contains(
            "Configure node 3 | Change the links | Start node 3",
            Titles(NodeCountPlans.Add(look, new NodeCountFacts([], Senders: 13))),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "Change the links | ",
            Titles(NodeCountPlans.Remove(look, Target.Of("2"), new NodeCountFacts([], Senders: 13))[1]),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("pgpool", "node0", "pgpool0->node0")]
    [InlineData("pgpool", "0,1", "pgpool0->node0 pgpool0->node1")]
    [InlineData("pgpool0", "primary", "pgpool0->node0")]
    [InlineData("standbys", "primary", "node1->node0")]
    [InlineData("Node 1", "NODE0", "node1->node0")]
    [InlineData("client", "pgpool", "client->pgpool0")]
    [InlineData("all", "node1", "pgpool0->node1 node0->node1")]
    public void Ends_are_named_as_servers_are_elsewhere(string from, string to, string links)
    {
        var words = new LinkWords(Linked);
        var report = Looks.At(Linked.Mode, Looks.Primary(0), Looks.Standby(1));
        Assert.Equal(links, string.Join(' ', words.Resolve(from, to, LinkWords.NeedLook(from, to) ? report : null)));
    }

    [Theory]
    [InlineData("node0", "pgpool", "There is no link from node0 to pgpool0")]
    [InlineData("node0", "node0", "There is no link from node0 to node0")]
    [InlineData("client", "node0", "There is no link from client to node0")]
    [InlineData("pgpool", "node7", "has no node 7")]
    [InlineData("everybody", "node0", "is no server")]
    [InlineData("leader", "node0", "no watchdog")]
    public void Who_has_no_link_is_refused(string from, string to, string reason) =>
        Assert.Contains(
            reason,
            Assert
                .Throws<LabException>(() =>
                    new LinkWords(Linked).Resolve(from, to, Looks.At(Linked.Mode, Looks.Primary(0), Looks.Standby(1)))
                )
                .Message,
            StringComparison.Ordinal
        );

    private static LinkView View(string link, LinkState? state = null, DateTimeOffset? until = null) =>
        new()
        {
            Link = link,
            Address = "127.77.1.1",
            Fault = LinkWire.Of(state ?? LinkState.Open),
            State = (state ?? LinkState.Open).ToString(),
            Since = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
            Until = until,
        };

    private static IReadOnlyList<Finding> Findings(IReadOnlyList<LinkView>? links, params Finding[] others) =>
        [.. LinkTrouble.Of(Linked, links, others)];

    [Fact]
    public void Status_names_the_faults_there_are_and_what_heals_them()
    {
        Assert.Empty(Findings([View("pgpool0->node0")]));
        var hole = new LinkState { Cut = LinkCut.Hole };
        var found = Assert.Single(
            Findings([View("pgpool0->node0", hole), View("pgpool0->node1"), View("node1->node0", hole)])
        );
        Assert.StartsWith(
            "The links pgpool0->node0, node1->node0 have a fault: hole, since ",
            found.Problem,
            StringComparison.Ordinal
        );
        Assert.Equal("pgpoollab heal", found.Fix);
        Assert.Contains(
            ", until ",
            Assert.Single(Findings([View("a->b", hole, DateTimeOffset.UnixEpoch)])).Problem,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Status_says_that_the_process_of_the_links_is_gone()
    {
        var found = Assert.Single(Findings(null));
        Assert.Equal(
            ("links-down", FindingSeverity.Broken, "pgpoollab startall"),
            (found.Id, found.Severity, found.Fix)
        );
        // In a lab that does not run nobody misses it.
        Assert.Empty(Findings(null, new Finding(FindingKinds.NotRunning, null, "Nothing runs.")));
    }
}
