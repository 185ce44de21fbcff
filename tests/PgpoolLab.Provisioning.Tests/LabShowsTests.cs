using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Facts;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What a command that waits for a fact knows of a fact that will not come.</summary>
public sealed class LabShowsTests
{
    private const string Failed =
        """{"time":"t","event":"follow_primary","arguments":["2","h","11004","1"],"exit_code":3,"duration_ms":5}"""
        + "\n";
    private const string Recovered =
        """{"time":"t","event":"recovery","arguments":["/d","h","/d2","11003","2"],"exit_code":0,"duration_ms":5}"""
        + "\n";

    private readonly FakeHost _host = new();
    private readonly Lab _lab;

    /// <summary>Node 0 has failed, node 1 has taken over, and node 2 is given up.</summary>
    public LabShowsTests()
    {
        var lab = Labs.Fixed(nodes: 3) with { Owner = Labs.Me };
        // PostgreSQL itself is asked without psql; nobody is where it looks.
        _lab = lab with
        {
            Pgpools = [lab.Pgpool with { SocketDirectories = ["/nonexistent"] }],
        };
        _host.Files[_lab.Paths.PgpoolPid] = "70\n";
        _host.Files[_lab.Paths.PgpoolLog] = "";
        _host.Processes.Add(Process(70, "pgpool", $"/usr/sbin/pgpool -D -n -f {_lab.Paths.PgpoolConf} "));
        _host.Run = c =>
            new(
                c,
                0,
                "node_id|status|role\n0|down|standby\n1|up|primary\n2|down|standby\n".Replace('|', '\u001f'),
                "",
                TimeSpan.Zero
            );
    }

    private ProcessFacts Process(int id, string name, string command) =>
        new(id, $"{id}", name, command, _lab.Root, id) { State = 'S', UserId = Identity.Current.UserId };

    private Task<EventsMark> MarkAsync() => EventsMark.SetAsync(_host, _lab, CancellationToken.None);

    private async Task<string?> WhyAsync(string fact, EventsMark? began)
    {
        var probes = new ProbeRunner(_host, TimeProvider.System);
        var shows = new LabShows(new LiveLab(_host, _lab, probes), LabFact.Parse(fact)!) { Began = began };
        Assert.False((await shows.CheckAsync(CancellationToken.None)).Holds);
        return await shows.WhySubjectIsGoneAsync(CancellationToken.None);
    }

    public static TheoryData<Exception> Refusals =>
        [new UnauthorizedAccessException("Access is denied."), new IOException("It is not a regular file.")];

    /// <summary>Root's, after root ran a script of the lab; a pipe; a loop of links.</summary>
    [Theory]
    [MemberData(nameof(Refusals), DisableDiscoveryEnumeration = true)]
    public async Task Events_that_cannot_be_read_keep_no_command_from_its_work(Exception refusal)
    {
        _host.Unreadable[_lab.Paths.Events] = refusal;
        var began = await MarkAsync();
        Assert.Null(await WhyAsync("node 2 up", began));
        // When they can be read again, nobody knows whether what they hold happened before.
        _host.Unreadable.Clear();
        _host.Files[_lab.Paths.Events] = Failed;
        Assert.Null(await WhyAsync("node 2 up", began));
        began = await MarkAsync();
        _host.Unreadable[_lab.Paths.Events] = refusal;
        Assert.Null(await WhyAsync("node 2 up", began));
    }

    [Theory]
    [MemberData(nameof(Refusals), DisableDiscoveryEnumeration = true)]
    public async Task A_Pgpool_whose_log_cannot_be_read_is_stopped_all_the_same(Exception refusal)
    {
        _host.Unreadable[_lab.Paths.PgpoolLog] = refusal;
        var server = new LiveLab(_host, _lab, new ProbeRunner(_host, TimeProvider.System)).Of(_lab.Pgpool);
        Assert.True(await server.StopAsync(CancellationToken.None));
        Assert.Equal(["Interrupt 70"], _host.Signals);
        Assert.DoesNotContain(_lab.Paths.PgpoolPid, _host.Files.Keys);
    }

    [Fact]
    public async Task A_node_that_follow_primary_could_not_help_is_not_waited_for()
    {
        var began = await MarkAsync();
        _host.Files[_lab.Paths.Events] = Failed;
        _host.Files[$"{_lab.Paths.Log}/failover.log"] = "The disk is full.\n";
        var probes = new ProbeRunner(_host, TimeProvider.System);
        var error = await Assert.ThrowsAsync<ProbeFailedException>(() =>
            probes.WaitAsync(
                new LabShows(new LiveLab(_host, _lab, probes), LabFact.Parse("node 2 up")!) { Began = began },
                TimeSpan.FromMinutes(2),
                CancellationToken.None
            )
        );
        Assert.Equal(
            "Expected that node 2 is up and attached, but follow_primary.sh ended with exit code 3 for "
                + "it; failover.log "
                + "says why.",
            error.Message
        );
        Assert.Equal(ExitCode.NotHealthy, error.Code);
        Assert.Equal(["Bring it back with:  pgpoollab recover 2"], error.Hints);
        Assert.Equal(["The disk is full."], error.LogTail);
    }

    [Fact]
    public async Task What_was_before_or_is_about_others_or_under_way_or_helped_ends_no_wait()
    {
        _host.Files[_lab.Paths.Events] = Failed;
        var after = await MarkAsync();
        Assert.Null(await WhyAsync("node 2 up", after));
        _host.Files[_lab.Paths.Events] += Failed;
        Assert.NotNull(await WhyAsync("node 2 up", after));
        Assert.Null(await WhyAsync("node 2 up", null));
        Assert.Null(await WhyAsync("node 1 up", after));
        Assert.Null(await WhyAsync("node 2 primary", after));

        _host.Processes.Add(Process(71, "sh", "/bin/sh /srv/lab/etc/follow_primary.sh 2 localhost 11004 1"));
        Assert.Null(await WhyAsync("node 2 up", after));
        _host.Processes.RemoveAt(1);

        _host.Files[_lab.Paths.Events] += Recovered;
        Assert.Null(await WhyAsync("node 2 up", after));
    }
}
