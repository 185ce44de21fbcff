using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What the hosts of a lab say, put together.</summary>
public sealed class SpreadNodesTests
{
    private static readonly Lab Whole = Labs.Part(0, virtualIp: "192.0.2.9/24") with { Here = null };

    /// <summary>What one host says: of its own node, and by its Pgpool-II of the others.</summary>
    private static HostLook Part(
        int host,
        NodeView node,
        string status,
        bool quorum,
        int primary,
        bool hasVirtualIp = false
    ) =>
        Look(
            host,
            Looks.At(node with { Pgpool = Pool(node.Id, primary) }) with
            {
                Watchdog = [new WatchdogView(host, Whole.Pgpools[host].Port, true, status, quorum, primary, null)],
                Elsewhere = [.. new[] { 0, 1, 2 }.Where(n => n != node.Id).Select(n => Pool(n, primary))],
                VirtualIp = new VirtualIpView("192.0.2.9", hasVirtualIp ? [Whole.Hosts[host].Name] : []),
            },
            new PgpoolSays(true, null)
        );

    private static HostLook Look(int host, NodesReport report, PgpoolSays says) =>
        new(
            Whole.Hosts[host],
            DateTimeOffset.UnixEpoch,
            PartLook.FromJson(
                new PartLook(report with { Findings = [] }, says)
                {
                    Elsewhere = report.Elsewhere,
                    Nodes =
                    [
                        .. report.Nodes.Select(n => new PartNode(n.Id)
                        {
                            LagOf = Whole.Nodes.ToDictionary(o => o.ApplicationName, _ => (long?)0),
                        }),
                    ],
                }.ToJson()
            ),
            null
        );

    private static PgpoolLab.Servers.Clients.PoolNode Pool(int id, int primary) =>
        Looks.Pool(id, id == primary ? "primary" : "standby", id == 0 && primary != 0 ? "down" : "up");

    private static NodesReport Merge(Lab lab, params HostLook[] hosts) => SpreadNodes.Merge(lab, hosts);

    private static string Findings(NodesReport report) =>
        string.Join('\n', report.Findings.Select(f => $"{f.Id}: {f.Problem} -> {f.Fix}"));

    /// <summary>One that asked its leader for the primary too early shows none for good. The others, and one whose
    /// leader does not know it either, or that has none, may know it in a moment.</summary>
    [Theory]
    [InlineData("LEADER STANDBY STANDBY", "0 0 -", new[] { 2 })]
    [InlineData("LEADER STANDBY STANDBY", "0 - -", new[] { 1, 2 })]
    [InlineData("LEADER STANDBY STANDBY", "0 0 0", new int[0])]
    [InlineData("LEADER STANDBY STANDBY", "- 0 0", new int[0])]
    [InlineData("LEADER STANDBY JOINING", "0 0 -", new int[0])]
    [InlineData("LEADER LEADER STANDBY", "0 0 -", new int[0])]
    [InlineData("STANDBY STANDBY STANDBY", "0 0 -", new int[0])]
    public void A_Pgpool_that_will_never_know_the_primary_by_itself_is_found(
        string statuses,
        string primaries,
        int[] expected
    )
    {
        var (status, primary) = (statuses.Split(' '), primaries.Split(' '));
        var report = Looks.At(Looks.Primary(0)) with
        {
            Watchdog =
            [
                .. Enumerable
                    .Range(0, 3)
                    .Select(i => new WatchdogView(
                        i,
                        Whole.Pgpools[i].Port,
                        true,
                        status[i],
                        true,
                        primary[i] == "-" ? null : 0,
                        null
                    )),
            ],
        };
        Assert.Equal(expected, Spread.SettlingLook.Unaware(Whole, report).Order());
    }

    [Fact]
    public void All_is_well()
    {
        var report = Merge(
            Whole,
            Part(0, Looks.Primary(0), "LEADER", true, 0, hasVirtualIp: true),
            Part(1, Looks.Standby(1), "STANDBY", true, 0),
            Part(2, Looks.Standby(2), "STANDBY", true, 0)
        );
        Assert.Equal("", Findings(report));
        Assert.True(SpreadNodes.IsWell(report));
        Assert.Equal("The virtual IP 192.0.2.9 is on host a.", report.VirtualIp!.Title);
    }

    /// <summary>A host that was cut off with the primary leads itself and takes its own node for the primary; the
    /// others know better, because they are more.</summary>
    [Fact]
    public void Of_two_primaries_the_one_counts_that_a_leader_with_a_quorum_writes_to()
    {
        var report = Merge(
            Whole,
            Part(0, Looks.Primary(0, timeline: 9), "LEADER", false, 0),
            Part(1, Looks.Primary(1, timeline: 2), "LEADER", true, 1, hasVirtualIp: true),
            Part(2, Looks.Standby(2, timeline: 2), "STANDBY", true, 1)
        );
        Assert.Equal(1, SpreadNodes.RightfulPrimary(report));
        Assert.Contains("Split brain: node 0 is a primary", Findings(report), StringComparison.Ordinal);
        Assert.Contains("beside node 1 on host b", Findings(report), StringComparison.Ordinal);
        Assert.Contains("-> pgpoollab recover 0", Findings(report), StringComparison.Ordinal);
        Assert.False(SpreadNodes.IsWell(report));
    }

    /// <summary>The Pgpool-II of its own host does not run: another one knows it.</summary>
    [Fact]
    public void A_node_is_shown_as_the_Pgpool_II_that_leads_has_it()
    {
        var alone = Look(
            0,
            Looks.At(Looks.Primary(0) with { Pgpool = null }) with
            {
                PgpoolAnswers = false,
                PgpoolProblem = "connection refused",
                Watchdog = [new WatchdogView(0, Whole.Pgpools[0].Port, false, null, null, null, "connection refused")],
            },
            new PgpoolSays(false, "connection refused")
        );
        var report = Merge(
            Whole,
            alone,
            Part(1, Looks.Standby(1), "LEADER", true, 0, hasVirtualIp: true),
            Part(2, Looks.Standby(2), "STANDBY", true, 0)
        );
        Assert.Equal("primary", report.Nodes[0].Pgpool?.Role);
        Assert.DoesNotContain("node-unknown", Findings(report), StringComparison.Ordinal);
        Assert.Contains("member-down: Pgpool-II 0", Findings(report), StringComparison.Ordinal);
    }

    [Fact]
    public void A_virtual_IP_that_is_twice_nowhere_or_with_the_wrong_one_is_said()
    {
        string Of(params bool[] has) =>
            Findings(
                Merge(
                    Whole,
                    Part(0, Looks.Primary(0), "LEADER", true, 0, has[0]),
                    Part(1, Looks.Standby(1), "STANDBY", true, 0, has[1]),
                    Part(2, Looks.Standby(2), "STANDBY", true, 0, has[2])
                )
            );

        Assert.Equal(
            "virtual-ip-twice: The virtual IP 192.0.2.9 is on hosts a and c. The Pgpool-II of host a leads. -> "
                + "pgpoollab restart pgpool2",
            Of(true, false, true)
        );
        Assert.Equal(
            "virtual-ip-nowhere: The virtual IP 192.0.2.9 is on no host. The Pgpool-II that leads, on host a, has not "
                + "taken it yet; why not is in its log. -> pgpoollab restart pgpool0",
            Of(false, false, false)
        );
        Assert.Equal(
            "virtual-ip-elsewhere: The virtual IP 192.0.2.9 is on host b. The Pgpool-II that leads is on host a. -> "
                + "pgpoollab restart pgpool1",
            Of(false, true, false)
        );
    }

    [Fact]
    public void A_host_that_is_silent_keeps_nobody_from_seeing_two_primaries()
    {
        var report = Merge(
            Whole,
            Part(0, Looks.Primary(0), "LEADER", true, 0, hasVirtualIp: true),
            Part(1, Looks.Primary(1), "STANDBY", true, 0),
            new HostLook(Whole.Hosts[2], DateTimeOffset.UnixEpoch, null, "no route to host")
        );
        Assert.Contains(
            "host-silent: Host c does not answer: no route to host",
            Findings(report),
            StringComparison.Ordinal
        );
        Assert.Contains("Split brain: node", Findings(report), StringComparison.Ordinal);
    }

    [Fact]
    public void That_hosts_are_cut_off_is_said()
    {
        var cut = new LabPartition([0], [1, 2], DateTimeOffset.UnixEpoch.AddMinutes(10));
        var report = Merge(
            Whole with
            {
                Partition = cut,
            },
            Part(0, Looks.Primary(0), "LEADER", true, 0, hasVirtualIp: true),
            Part(1, Looks.Standby(1), "STANDBY", true, 0),
            Part(2, Looks.Standby(2), "STANDBY", true, 0)
        );
        Assert.Contains(
            "hosts-cut-off: The command partition has cut off a from b and c, until ",
            Findings(report),
            StringComparison.Ordinal
        );
        Assert.EndsWith("-> pgpoollab heal", Findings(report), StringComparison.Ordinal);
        Assert.True(cut.Separates(2, 0));
        Assert.False(cut.Separates(1, 2));
    }
}
