using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What is at work on a lab is known by proof, not by guess.</summary>
public sealed class WorkUnderWayTests
{
    private const string Root = "/srv/lab";
    private readonly Lab _lab = Labs.Fixed(nodes: 3) with { Owner = Labs.Me };
    private readonly FakeHost _host = new();

    private static ProcessFacts Process(int id, string name, string command, string? folder = Root, char state = 'S') =>
        new(id, $"{id}", name, command, folder, id) { State = state, UserId = Identity.Current.UserId };

    private void ARunningPgpool(string log = "")
    {
        _host.Files[$"{Root}/run/pgpool.pid"] = "70\n";
        _host.Files[$"{Root}/log/pgpool.log"] = log;
        _host.Processes.Add(Process(70, "pgpool", $"/usr/sbin/pgpool -D -n -f {Root}/etc/pgpool.conf "));
    }

    private async Task<IReadOnlyList<WorkUnderWay>> FindAsync() =>
        await new WorkFinder(_host, _lab, TimeProvider.System).FindAsync(
            await new LabProcessFinder(_host, _lab).FindAsync(CancellationToken.None),
            CancellationToken.None
        );

    [Theory]
    [InlineData("/bin/sh /srv/lab/etc/failover.sh 0 localhost 11002 1 localhost 0 0 11003", WorkKind.Failover, 0)]
    [InlineData("sh -c /srv/lab/etc/failover.sh 2 localhost 11004 1 localhost 0 0 11003", WorkKind.Failover, 2)]
    [InlineData(
        "/bin/sh /srv/lab/etc/follow_primary.sh 2 localhost 11004 1 localhost 0 0 11003",
        WorkKind.FollowPrimary,
        2
    )]
    [InlineData(
        "/bin/dash /srv/lab/data1/basebackup.sh /srv/lab/data1 localhost /srv/lab/data0 11003 0 11002 localhost",
        WorkKind.Recovery,
        0
    )]
    [InlineData(
        "busybox sh /srv/lab/data1/pgpool_recovery_pitr /srv/lab/data1 localhost /srv/lab/data2 11003 2 11004 "
            + "localhost",
        WorkKind.Recovery,
        2
    )]
    [InlineData("/bin/sh /srv/lab/data1/pgpool_remote_start localhost /srv/lab/data2", WorkKind.Recovery, 2)]
    [InlineData("/bin/sh /srv/lab/data1/pgpool_remote_start localhost /elsewhere", WorkKind.Recovery, null)]
    [InlineData("/bin/sh /srv/lab/etc/failover.sh -1 localhost", WorkKind.Failover, null)]
    public async Task A_script_of_the_lab_that_runs_is_at_work_on_its_node(string command, WorkKind kind, int? node)
    {
        _host.Processes.Add(Process(4711, "sh", command));
        var work = Assert.Single(await FindAsync());
        Assert.Equal((kind, node, 4711), (work.Kind, work.Node, work.ProcessId));
    }

    [Theory]
    [InlineData("vim /srv/lab/etc/failover.sh 0 localhost")]
    [InlineData("/bin/sh /srv/lab2/etc/failover.sh 0 localhost 11002")]
    [InlineData("/bin/sh /srv/lab/etc/failover.sh")]
    [InlineData("/bin/sh /srv/lab/startall")]
    [InlineData("tail -f /srv/lab/log/failover.log")]
    [InlineData("")]
    public async Task Nothing_else_is_at_work(string command)
    {
        _host.Processes.Add(Process(4711, "sh", command));
        Assert.Empty(await FindAsync());
    }

    [Fact]
    public async Task Another_users_process_is_not_at_work()
    {
        _host.Processes.Add(
            Process(4711, "sh", "/bin/sh /srv/lab/etc/failover.sh 0 localhost 11002") with
            {
                UserId = Identity.Current.UserId + 1,
            }
        );
        Assert.Empty(await FindAsync());
    }

    [Fact]
    public async Task A_shell_and_its_script_are_one_work_and_a_base_backup_is_part_of_follow_primary()
    {
        _host.Processes.Add(
            Process(10, "sh", "sh -c /srv/lab/etc/follow_primary.sh 0 localhost 11002 1 localhost 0 0 11003")
        );
        _host.Processes.Add(
            Process(11, "sh", "/bin/sh /srv/lab/etc/follow_primary.sh 0 localhost 11002 1 localhost 0 0 11003")
        );
        _host.Processes.Add(
            Process(12, "sh", "/bin/sh /srv/lab/data1/basebackup.sh /srv/lab/data1 localhost /srv/lab/data0 11003 0")
        );
        Assert.Equal((WorkKind.FollowPrimary, 0), (await FindAsync()) is [var one] ? (one.Kind, one.Node) : default);
    }

    [Fact]
    public async Task Between_the_stages_of_a_recovery_Pgpools_own_process_is_at_work_on_it()
    {
        ARunningPgpool();
        _host.Processes.Add(Process(71, "pgpool", "pgpool: PCP: processing recovery request"));
        Assert.Equal(
            (WorkKind.Recovery, null, 71),
            (await FindAsync()) is [var one] ? (one.Kind, one.Node, one.ProcessId) : default
        );
        // Where a script runs, that tells the node.
        _host.Processes.Add(Process(72, "sh", "/bin/sh /srv/lab/data1/pgpool_remote_start localhost /srv/lab/data0"));
        Assert.Equal(
            (WorkKind.Recovery, 0, 72),
            (await FindAsync()) is [var other] ? (other.Kind, other.Node, other.ProcessId) : default
        );
    }

    /// <summary>A script may begin, or end, between the look before the questions and the one after them.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_recovery_whose_script_is_seen_at_one_of_two_looks_is_one_work(bool ends)
    {
        ARunningPgpool();
        _host.Processes.Add(Process(71, "pgpool", "pgpool: PCP: processing recovery request"));
        var script = Process(
            72,
            "sh",
            "/bin/sh /srv/lab/data1/basebackup.sh /srv/lab/data1 localhost /srv/lab/data0 11003 0 11002 localhost"
        );
        var finder = new LabProcessFinder(_host, _lab);
        _host.Processes.AddRange(ends ? [script] : []);
        var before = await finder.FindAsync(CancellationToken.None);
        _host.Processes.Remove(script);
        _host.Processes.AddRange(ends ? [] : [script]);
        var processes = (await finder.FindAsync(CancellationToken.None)).With(before);
        var work = await new WorkFinder(_host, _lab, TimeProvider.System).FindAsync(processes, CancellationToken.None);
        Assert.Equal((WorkKind.Recovery, 0, 72), work is [var one] ? (one.Kind, one.Node, one.ProcessId) : default);
    }

    // ---- Pgpool-II's log ----

    private const string Begins =
        "2026-11-29 09:57:00.961: main pid 70: LOG:  starting degeneration. shutdown host localhost(16452)\n";

    private const string Looks =
        "2026-11-29 09:57:01.025: main pid 70: LOG:  find_primary_node_repeatedly: waiting for finding a primary "
        + "node\n";

    [Theory]
    [InlineData(Begins, false)]
    [InlineData(Begins + Looks, true)]
    [InlineData(
        "2026-11-29 09:57:00: pid 70: LOG:  starting degeneration. shutdown host " + "localhost(16452)\n",
        false
    )] // 4.1
    [InlineData(
        "2026-11-29 09:57:00.961: main pid 70: LOG:  === Starting degeneration. shutdown host localhost(16452) ===\n",
        false
    )] // 4.5
    [InlineData(
        "2026-11-29 09:57:00.961: main pid 70: LOG:  starting fail back. reconnect host localhost(16452)\n",
        false
    )]
    [InlineData(
        "2026-11-29 09:57:00.961: main pid 70: LOG:  starting promotion. promote host localhost(16452)\n",
        false
    )]
    [InlineData(
        "2026-11-29 09:57:00.961: main pid 70: LOG:  starting quarantine. shutdown host localhost(16452)\n",
        false
    )]
    // A log_line_prefix of the user's own.
    [InlineData("LOG:  starting degeneration. shutdown host localhost(16452)\n", false)]
    public async Task A_failover_that_has_begun_and_not_ended_is_at_work(string log, bool looks)
    {
        ARunningPgpool(
            "2026-11-29 09:56:00.961: main pid 70: LOG:  failover done. shutdown host localhost(16452)\n" + log
        );
        var work = Assert.Single(await FindAsync());
        Assert.Equal(
            (WorkKind.Failover, 70, looks),
            (work.Kind, work.ProcessId, work.Title.Contains("looks for the new primary", StringComparison.Ordinal))
        );
        Assert.Equal(log.StartsWith("2026", StringComparison.Ordinal), work.Since is not null);
    }

    [Theory]
    [InlineData("")]
    [InlineData(Looks)] // when it starts
    [InlineData(
        Begins
            + Looks
            + "failover done. shutdown host localhost(16452)2026-11-29 09:57:01.054: main pid 70: LOG:  failover "
            + "done. shutdown host localhost(16452)\n"
    )]
    [InlineData(
        Begins + "2026-11-29 09:57:01.054: main pid 70: LOG:  === Failover done. shutdown host localhost(16452) ===\n"
    )]
    [InlineData(
        "2026-11-29 09:57:00.961: main pid 70: LOG:  starting follow degeneration. shutdown host localhost(16452)\n"
    )]
    [InlineData(
        "2026-11-29 09:57:00.961: main pid 69: LOG:  starting degeneration. shutdown host " + "localhost(16452)\n"
    )] // a former one's
    public async Task One_that_has_ended_or_whose_Pgpool_has_is_not(string log)
    {
        ARunningPgpool(log);
        Assert.Empty(await FindAsync());
    }

    [Fact]
    public async Task A_log_without_a_Pgpool_is_no_work()
    {
        ARunningPgpool(Begins);
        _host.Processes.Clear();
        Assert.Empty(await FindAsync());
    }

    // ---- who is suspended ----

    [Fact]
    public async Task Suspended_processes_are_known_by_their_state_and_their_folder()
    {
        _host.Files[$"{Root}/data0/postmaster.pid"] = "100\n/srv/lab/data0\n";
        _host.Files[$"{Root}/data1/postmaster.pid"] = "200\n/srv/lab/data1\n";
        foreach (
            var (id, folder, state) in ((int, string, char)[])
                [
                    (101, "data0", 'T'),
                    (100, "data0", 'T'),
                    (200, "data1", 'S'),
                    (201, "data1", 't'),
                    (300, "data7", 'T'),
                ]
        )
        {
            _host.Processes.Add(Process(id, "postgres", "postgres", $"{Root}/{folder}", state));
        }

        var processes = await new LabProcessFinder(_host, _lab).FindAsync(CancellationToken.None);
        Assert.Equal([100, 101], processes.Nodes[0].Suspended);
        Assert.Equal([201], processes.Nodes[1].Suspended);
        Assert.Empty(processes.Nodes[2].All);
        Assert.Equal(
            (true, false, false),
            (processes.Nodes[0].IsSuspended, processes.Nodes[1].IsSuspended, processes.Nodes[2].IsSuspended)
        );
        Assert.Equal((true, true, false), (processes.AreSeen, processes.HasSuspended, processes.Work));
    }

    [Fact]
    public async Task A_suspended_server_is_not_asked()
    {
        var lab = _lab with
        {
            Pgpools = _lab.Pgpools.Select(p => p with { SocketDirectories = ["/nonexistent"] }).ToArray(),
        };
        _host.Files[$"{Root}/data0/postmaster.pid"] = "100\n";
        _host.Processes.Add(Process(100, "postgres", "postgres -D", $"{Root}/data0", 'T'));
        _host.Files[$"{Root}/run/pgpool.pid"] = "70\n";
        _host.Processes.Add(Process(70, "pgpool", "pgpool -D", Root, 'T'));
        _host.Connect = _ => throw new InvalidOperationException("it was asked");
        _host.Run = c => throw new InvalidOperationException($"{c} was run");
        var report = await new NodesReporter(_host, new ProbeRunner(_host, TimeProvider.System)).ReportAsync(
            lab,
            CancellationToken.None
        );
        Assert.Equal(
            ("it is suspended", "it is suspended", "not running"),
            (report.PgpoolProblem, report.Nodes[0].Postgres.Problem, report.Nodes[1].Postgres.Problem)
        );
        Assert.Equal([70], report.PgpoolSuspended);
        Assert.Equal(
            ["pgpoollab resume pgpool", "pgpoollab resume 0"],
            report.Findings.Select(f => f.Fix).OfType<string>()
        );
    }
}
