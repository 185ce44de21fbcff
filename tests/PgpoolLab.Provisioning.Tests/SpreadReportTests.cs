using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What hosts say, put together and judged.</summary>
public sealed class SpreadReportTests
{
    private static readonly Lab Whole = SpreadParts.Whole;

    private static string Said(IEnumerable<Finding> findings) =>
        string.Join("\n", findings.Select(f => $"{f.Severity} {f.Id} {f.Host ?? "-"}: {f.Problem} -> {f.Fix}"));

    [Fact]
    public void A_lab_of_which_every_host_answers_is_seen_as_one()
    {
        var report = SpreadNodes.Merge(Whole, SpreadParts.Well());
        Assert.Equal("", Said(report.Findings));
        Assert.True(SpreadNodes.IsWell(report));
        Assert.Equal(["a", "b", "c"], report.Nodes.Select(n => n.Host));
        Assert.Equal(["a", "b", "c"], report.Watchdog.Select(n => n.Host));
        Assert.Equal([true, true, true], report.Hosts!.Select(h => h.Answers));
        // What only the primary knows of a standby comes from its host.
        Assert.Equal([null, true, true], report.Nodes.Select(n => n.Postgres.FedByPrimary));
        Assert.Equal(LabHealth.Healthy, SpreadNodes.Status(Whole, SpreadParts.Well()).Health);
    }

    [Fact]
    public void A_part_arrives_as_it_was_sent()
    {
        var part = SpreadParts.Well()[0].Part!;
        var arrived = PartLook.FromJson(part.ToJson());
        Assert.Equal(part.ToJson(), arrived.ToJson());
        Assert.Equal((part.SocketFolder, part.Owner), (arrived.SocketFolder, arrived.Owner));
    }

    [Fact]
    public void A_host_that_does_not_answer_is_said_once_and_nothing_of_its_servers()
    {
        var hosts = SpreadParts.Well();
        hosts[2] = SpreadParts.Silent(2);
        var status = SpreadNodes.Status(Whole, hosts);
        Assert.Equal(
            "Warning host-silent -: Host c does not answer since 11:59:00: it has not answered within 2 s. -> ",
            Said(status.Findings)
        );
        Assert.Equal(
            "There should be node 2 and Pgpool-II 2. Pgpool-II takes node 2 for up. "
                + "See what keeps it away:  pgpoollab hosts check c",
            status.Findings[0].Cause
        );
        Assert.Equal(LabHealth.Degraded, status.Health);
        Assert.Equal("host c does not answer", status.Nodes[2].Postgres.Problem);
        Assert.Equal(SpreadParts.Noon.AddMinutes(-1), status.Hosts![2].SilentSince);
    }

    [Fact]
    public void Without_the_primarys_host_nobody_is_said_to_follow_nobody()
    {
        var hosts = SpreadParts.Well();
        hosts[0] = SpreadParts.Silent(0);
        hosts[1] = SpreadParts.Host(1, Looks.Standby(1, receiver: null), [Looks.Pool(0, "primary")]);
        hosts[2] = SpreadParts.Host(2, Looks.Standby(2, status: "down"), [Looks.Pool(0, "primary")]);
        var status = SpreadNodes.Status(Whole, hosts);
        Assert.Equal(["host-silent"], status.Findings.Select(f => f.Id));
        Assert.Equal(LabHealth.Down, status.Health);
    }

    [Fact]
    public void When_no_host_answers_nothing_is_said_to_be_down()
    {
        var status = SpreadNodes.Status(Whole, [SpreadParts.Silent(0), SpreadParts.Silent(1), SpreadParts.Silent(2)]);
        Assert.Equal(3, status.Findings.Count(f => f.Id == "host-silent"));
        Assert.DoesNotContain(status.Findings, f => f.Id is "not-running" or "no-primary" or "node-down");
        Assert.DoesNotContain(
            status.Findings,
            f => f.Fix is not null && f.Fix.Contains("startall", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Two_primaries_after_a_partition_are_said_with_their_hosts_and_what_ends_it()
    {
        // Host a was cut off: its Pgpool-II still takes its node for the primary.
        HostLook[] hosts =
        [
            SpreadParts.Host(
                0,
                Looks.Primary(0),
                [Looks.Pool(1, "standby", "quarantine"), Looks.Pool(2, "standby", "quarantine")],
                "LEADER",
                quorum: false
            ),
            SpreadParts.Host(
                1,
                Looks.Primary(1, timeline: 2),
                [Looks.Pool(0, "standby", "down"), Looks.Pool(2, "standby")],
                "LEADER"
            ),
            SpreadParts.Host(
                2,
                Looks.Standby(2, timeline: 2),
                [Looks.Pool(0, "standby", "down"), Looks.Pool(1, "primary")]
            ),
        ];
        var status = SpreadNodes.Status(Whole, hosts);
        var split = Assert.Single(status.Findings, f => f.Id == "two-primaries");
        Assert.Equal(("a", "pgpoollab recover 0"), (split.Host, split.Fix));
        Assert.StartsWith(
            "Split brain: node 0 is a primary (timeline 1) beside node 1 on host b (timeline 2)",
            split.Problem
        );
        Assert.Single(status.Findings, f => f.Id == "no-leader");
        Assert.Single(status.Findings, f => f.Id == "no-quorum");
    }

    [Fact]
    public void Two_primaries_are_seen_though_a_host_is_silent()
    {
        HostLook[] hosts =
        [
            SpreadParts.Host(0, Looks.Primary(0), [Looks.Pool(1, "standby", "down")]),
            SpreadParts.Host(1, Looks.Primary(1, timeline: 2), [Looks.Pool(0, "standby", "down")], "LEADER"),
            SpreadParts.Silent(2),
        ];
        Assert.Equal(
            ["host-silent", "two-primaries"],
            SpreadNodes.Status(Whole, hosts).Findings.Select(f => f.Id).Order()
        );
    }

    /// <summary>The host whose Pgpool-II leads, with the primary: as that has nodes, they are shown.</summary>
    private static HostLook Leader(params PgpoolLab.Servers.Clients.PoolNode[] others) =>
        SpreadParts.Host(0, Looks.Primary(0), others, "LEADER");

    [Fact]
    public void A_standby_that_does_not_stream_is_never_to_be_attached()
    {
        var hosts = SpreadParts.Well();
        hosts[2] = SpreadParts.Host(
            2,
            Looks.Standby(2, status: "down", receiver: null),
            [Looks.Pool(0, "primary"), Looks.Pool(1, "standby")]
        );
        hosts[0] = Leader(Looks.Pool(1, "standby"), Looks.Pool(2, "standby", "down"));
        var finding = Assert.Single(SpreadNodes.Status(Whole, hosts).Findings);
        Assert.Equal(("c", "pgpoollab recover 2"), (finding.Host, finding.Fix));
        Assert.Contains("It must not be attached", finding.Problem, StringComparison.Ordinal);
        // Its log is on another machine.
        Assert.Contains("see pgpoollab logs 2", finding.Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("node2.log", finding.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_standby_that_streams_is_attached_and_an_old_primary_recovered()
    {
        var hosts = SpreadParts.Well();
        hosts[1] = SpreadParts.Host(
            1,
            Looks.Standby(1, status: "down"),
            [Looks.Pool(0, "primary"), Looks.Pool(2, "standby")]
        );
        hosts[0] = Leader(Looks.Pool(1, "standby", "down"), Looks.Pool(2, "standby"));
        Assert.Equal(["pgpoollab attach 1"], SpreadNodes.Status(Whole, hosts).Findings.Select(f => f.Fix));
        var dead = Looks.Dead(2);
        hosts = SpreadParts.Well();
        hosts[2] = SpreadParts.Host(
            2,
            dead with
            {
                Postgres = dead.Postgres with { MadeAsStandby = false },
            },
            [Looks.Pool(0, "primary"), Looks.Pool(1, "standby")]
        );
        hosts[0] = Leader(Looks.Pool(1, "standby"), Looks.Pool(2, "standby", "down"));
        var old = Assert.Single(SpreadNodes.Status(Whole, hosts).Findings);
        Assert.Equal(("outdated-primary", "pgpoollab recover 2"), (old.Id, old.Fix));
    }

    [Fact]
    public void What_is_at_work_is_said_with_its_host_and_once()
    {
        var hosts = SpreadParts.Well();
        for (var i = 0; i < 2; i++)
        {
            hosts[i] = hosts[i] with
            {
                Part = hosts[i].Part! with
                {
                    Report = hosts[i].Part!.Report with
                    {
                        AtWork =
                        [
                            new WorkUnderWay(
                                WorkKind.Failover,
                                null,
                                70 + i,
                                SpreadParts.Noon.AddSeconds(-i),
                                "It fails over"
                            ),
                        ],
                    },
                },
            };
        }

        var work = Assert.Single(SpreadNodes.Merge(Whole, hosts).AtWork);
        Assert.Equal(("It fails over on host b", 71), (work.Title, work.ProcessId));
    }

    [Fact]
    public void Nothing_is_advised_that_the_whole_cannot_do()
    {
        Remedy[] none =
        [
            new Remedy.Configure("pgpool", "a", "b"),
            new Remedy.ApplySettings(),
            new Remedy.WritePcpPassword(0),
        ];
        Assert.All(none, r => Assert.Null(RemedyWords.Command(Whole, r)));
        Assert.Equal("pgpoollab restart pgpool1", RemedyWords.Command(Whole, new Remedy.RestartPgpool(1)));
    }

    [Fact]
    public void A_problem_that_names_its_host_is_not_said_to_be_the_hosts_twice() =>
        Assert.Equal(
            "it has not answered within 2 s",
            HostLook.ProblemOf(Whole.Hosts[1], "Host b (u@192.0.2.2:22) has not answered within 2 s.")
        );
}
