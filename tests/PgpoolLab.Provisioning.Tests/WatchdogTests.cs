using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

public sealed class WatchdogTests
{
    private static readonly Lab Three = Labs.Fixed(pgpools: 3);

    /// <summary><c>pcp_watchdog_info -v</c> of 4.2 to 4.7; the words are the program's own.</summary>
    private static string Answer(string quorum, params (int Port, int Status, string Name)[] members) =>
        $"""
            Watchdog Cluster Information 
            Total Nodes              : {members.Length}
            Remote Nodes             : {members.Length - 1}
            Member Remote Nodes      : {members.Length - 1}
            Alive Remote Nodes       : {members.Count(m => m.Name is "LEADER" or "STANDBY") - 1}
            Nodes required for quorum: 2
            Quorum state             : {quorum}
            Local node escalation    : YES
            Leader Node Name         : localhost:11000 Linux machine
            Leader Host Name         : localhost

            Watchdog Node Information 

            """
        + string.Concat(
            members.Select(m =>
                $"""
                    Node Name         : localhost:{m.Port} Linux machine
                    Host Name         : localhost
                    Delegate IP       : Not_Set
                    Pgpool port       : {m.Port}
                    Watchdog port     : {m.Port + 2}
                    Node priority     : 1
                    Status            : {m.Status}
                    Status Name       : {m.Name}
                    Membership Status : MEMBER


                    """
            )
        );

    private const string Of41 = """
        Watchdog Cluster Information 
        Total Nodes          : 3
        Remote Nodes         : 2
        Quorum state         : QUORUM EXIST
        Alive Remote Nodes   : 2
        VIP up on local node : NO
        Master Node Name     : localhost:50000 Linux machine
        Master Host Name     : localhost

        Watchdog Node Information 
        Node Name      : localhost:50004 Linux machine
        Host Name      : localhost
        Delegate IP    : Not_Set
        Pgpool port    : 50004
        Watchdog port  : 50006
        Node priority  : 2
        Status         : 7
        Status Name    : STANDBY

        Node Name      : localhost:50000 Linux machine
        Host Name      : localhost
        Delegate IP    : Not_Set
        Pgpool port    : 50000
        Watchdog port  : 50002
        Node priority  : 3
        Status         : 4
        Status Name    : MASTER

        Node Name      : Not_Set
        Host Name      : localhost
        Delegate IP    : Not_Set
        Pgpool port    : 50008
        Watchdog port  : 50010
        Node priority  : 0
        Status         : 0
        Status Name    : DEAD

        """;

    private static readonly string Healthy = Answer(
        "QUORUM EXIST",
        (11000, 4, "LEADER"),
        (11004, 7, "STANDBY"),
        (11008, 7, "STANDBY")
    );

    [Fact]
    public void Pgpool_4_2_and_later_name_a_leader()
    {
        var info = WatchdogInfo.Parse(Healthy);
        Assert.Equal((true, 11000), (info.Quorum, info.Leader));
        Assert.Equal(
            [(11000, 11002, "LEADER"), (11004, 11006, "STANDBY"), (11008, 11010, "STANDBY")],
            info.Members.Select(m => (m.Port, m.WatchdogPort, m.Status))
        );
    }

    [Fact]
    public void Pgpool_4_1_names_a_master_and_has_other_columns()
    {
        var info = WatchdogInfo.Parse(Of41);
        Assert.Equal((true, 50000), (info.Quorum, info.Leader));
        Assert.Equal(
            [(50004, 50006, "STANDBY"), (50000, 50002, "MASTER"), (50008, 50010, "DEAD")],
            info.Members.Select(m => (m.Port, m.WatchdogPort, m.Status))
        );
    }

    [Theory]
    [InlineData("QUORUM EXIST", true)]
    [InlineData("QUORUM IS ON THE EDGE", true)]
    [InlineData("QUORUM ABSENT", false)]
    [InlineData("UNKNOWN", false)]
    public void A_quorum_is_there_or_not(string state, bool quorum) =>
        Assert.Equal(quorum, WatchdogInfo.Parse(Answer(state, (11000, 4, "LEADER"))).Quorum);

    [Theory]
    [InlineData("JOINING")]
    [InlineData("INITIALIZING")]
    [InlineData("LOST")]
    [InlineData("SHUTDOWN")]
    public void A_member_that_neither_leads_nor_stands_by_is_no_leader(string status) =>
        Assert.Null(WatchdogInfo.Parse(Answer("QUORUM ABSENT", (11000, 1, status))).Leader);

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("ERROR: connection to host \"localhost\" failed with error \"Connection refused\"\n")]
    [InlineData("Status Name\n")]
    public void What_is_no_answer_has_no_members(string text) => Assert.Empty(WatchdogInfo.Parse(text).Members);

    [Fact]
    public async Task Each_Pgpool_is_asked_by_its_own_port_and_with_its_own_password_file()
    {
        CommandSpec? asked = null;
        var host = new FakeHost { Run = c => new(asked = c, 0, Healthy, "", TimeSpan.Zero) };
        var (info, problem) = await WatchdogInfo.AskAsync(host, Three, Three.Pgpools[2], CancellationToken.None);
        Assert.Equal((11000, null), (info?.Leader, problem));
        Assert.Equal(
            "/usr/sbin/pcp_watchdog_info -v -w -h /srv/lab/run -p 11009 -U olga",
            $"{asked!.Program} {string.Join(' ', asked.Arguments)}"
        );
        Assert.Equal("/srv/lab/pgpool2/pcppass", asked.Environment["PCPPASSFILE"]);
    }

    [Fact]
    public async Task When_Pgpool_does_not_answer_the_first_line_pcp_says_is_the_reason()
    {
        var host = new FakeHost { Run = c => new(c, 1, "", "ERROR: connection refused\nmore\n", TimeSpan.Zero) };
        Assert.Equal(
            (null, "ERROR: connection refused"),
            await WatchdogInfo.AskAsync(host, Three, Three.Pgpool, CancellationToken.None)
        );
        host.Run = c => new(c, 1, "", "", TimeSpan.Zero);
        Assert.Equal(
            (null, "pcp_watchdog_info ended with exit code 1"),
            await WatchdogInfo.AskAsync(host, Three, Three.Pgpool, CancellationToken.None)
        );
        host.Run = c => new(c, 0, "nonsense\n", "", TimeSpan.Zero);
        Assert.Equal(
            (null, "nonsense"),
            await WatchdogInfo.AskAsync(host, Three, Three.Pgpool, CancellationToken.None)
        );
    }

    public static TheoryData<string, string, bool> Views =>
        new()
        {
            { "all agree", Healthy, true },
            {
                "4.1",
                Of41.Replace("500", "110", StringComparison.Ordinal)
                    .Replace("DEAD", "STANDBY", StringComparison.Ordinal),
                true
            },
            { "no quorum", Healthy.Replace("QUORUM EXIST", "QUORUM ABSENT", StringComparison.Ordinal), false },
            { "no leader", Healthy.Replace("LEADER", "STANDBY", StringComparison.Ordinal), false },
            {
                "one is lost",
                Answer("QUORUM EXIST", (11000, 4, "LEADER"), (11004, 7, "STANDBY"), (11008, 8, "LOST")),
                false
            },
            { "one is not known yet", Answer("QUORUM EXIST", (11000, 4, "LEADER"), (11004, 7, "STANDBY")), false },
        };

    [Theory]
    [MemberData(nameof(Views))]
    public async Task A_watchdog_has_a_leader_when_every_Pgpool_knows_all_and_the_same_one(
        string name,
        string second,
        bool holds
    )
    {
        var host = new FakeHost
        {
            Run = c => new(c, 0, c.Arguments.Contains("11005") ? second : Healthy, "", TimeSpan.Zero),
        };
        var probe = new WatchdogHasLeader(host, Three);
        Assert.True(holds == (await probe.CheckAsync(CancellationToken.None)).Holds, name);
        Assert.Equal(holds ? null : "/srv/lab/pgpool1/log/pgpool.log", probe.Log?.File);
        Assert.Equal("all 3 Pgpool-IIs know each other and the same leader", probe.Expectation);
    }

    [Fact]
    public async Task Two_leaders_are_none()
    {
        var host = new FakeHost
        {
            Run = c =>
                new(
                    c,
                    0,
                    c.Arguments.Contains("11005")
                        ? Answer("QUORUM EXIST", (11004, 4, "LEADER"), (11000, 7, "STANDBY"), (11008, 7, "STANDBY"))
                        : Healthy,
                    "",
                    TimeSpan.Zero
                ),
        };
        var seen = await new WatchdogHasLeader(host, Three).CheckAsync(CancellationToken.None);
        Assert.False(seen.Holds);
        Assert.Contains("Pgpool-II 1: 11004 LEADER, 11000 STANDBY, 11008 STANDBY", seen.Seen, StringComparison.Ordinal);
    }

    /// <summary>By the port asked for watchdog information: what each of three says when the third does not
    /// run.</summary>
    public static TheoryData<string, string?, string?, bool> ViewsOfStarted =>
        new()
        {
            {
                "it is in",
                Answer("QUORUM EXIST", (11000, 4, "STANDBY"), (11004, 7, "LEADER"), (11008, 8, "LOST")),
                Answer("QUORUM EXIST", (11004, 4, "LEADER"), (11000, 7, "STANDBY"), (11008, 8, "LOST")),
                true
            },
            {
                "it is joining",
                Answer("QUORUM ABSENT", (11000, 3, "JOINING"), (11004, 7, "LEADER"), (11008, 8, "LOST")),
                Answer("QUORUM ABSENT", (11004, 4, "LEADER"), (11000, 3, "JOINING"), (11008, 8, "LOST")),
                false
            },
            {
                "the leader has not counted it yet",
                Answer("QUORUM EXIST", (11000, 4, "STANDBY"), (11004, 7, "LEADER"), (11008, 8, "LOST")),
                Answer("QUORUM ABSENT", (11004, 4, "LEADER"), (11000, 7, "STANDBY"), (11008, 8, "LOST")),
                false
            },
            {
                "alone it leads without a quorum",
                Answer("QUORUM ABSENT", (11000, 4, "LEADER"), (11004, 8, "LOST"), (11008, 8, "LOST")),
                null,
                true
            },
            { "it does not answer", null, Healthy, false },
        };

    [Theory]
    [MemberData(nameof(ViewsOfStarted))]
    public async Task One_that_was_started_is_in_the_watchdog_when_all_who_answer_see_it(
        string name,
        string? first,
        string? second,
        bool holds
    )
    {
        var host = new FakeHost
        {
            Run = c =>
                (
                    c.Arguments.Contains("11001") ? first
                    : c.Arguments.Contains("11005") ? second
                    : null
                )
                    is { } says
                    ? new(c, 0, says, "", TimeSpan.Zero)
                    : new(c, 1, "", "ERROR: connection refused\n", TimeSpan.Zero),
        };
        var probe = new WatchdogHasLeader(host, Three, [Three.Pgpools[0]]);
        Assert.True(holds == (await probe.CheckAsync(CancellationToken.None)).Holds, name);
        Assert.Equal("Pgpool-II 0 and those that run know each other and the same leader", probe.Expectation);
    }

    [Theory]
    [InlineData("LEADER+ STANDBY+", true)]
    [InlineData("MASTER+ STANDBY+ STANDBY+", true)]
    [InlineData("", true)]
    // Pgpool-II decides these by itself.
    [InlineData("LEADER- JOINING-", false)]
    [InlineData("LEADER- INITIALIZING-", false)]
    [InlineData("LEADER- LEADER-", false)]
    [InlineData("STANDBY+ STANDBY+", false)]
    [InlineData("LEADER- STANDBY-", false)]
    // One is down or suspended: that is somebody's to end.
    [InlineData("LEADER- ?", true)]
    [InlineData("STANDBY+ ?", true)]
    [InlineData("JOINING- ?", false)]
    public void Members_have_settled_when_all_who_answer_agree(string members, bool have) =>
        Assert.Equal(
            have,
            WatchdogView.HaveSettled([
                .. members
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(
                        (m, i) =>
                            m == "?"
                                ? new WatchdogView(i, 11000 + i, false, null, null, null, "refused")
                                : new WatchdogView(i, 11000 + i, true, m[..^1], m.EndsWith('+'), 0, null)
                    ),
            ])
        );

    [Fact]
    public async Task One_that_does_not_answer_is_told_with_its_reason()
    {
        var host = new FakeHost
        {
            Run = c =>
                c.Arguments.Contains("11009")
                    ? new(c, 1, "", "ERROR: no\n", TimeSpan.Zero)
                    : new(c, 0, Healthy, "", TimeSpan.Zero),
        };
        var seen = await new WatchdogHasLeader(host, Three).CheckAsync(CancellationToken.None);
        Assert.False(seen.Holds);
        Assert.EndsWith("Pgpool-II 2: ERROR: no", seen.Seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watchdog_listens_on_a_socket_of_its_port()
    {
        var host = new FakeHost();
        var probe = new WatchdogListens(host, Three, Three.Pgpools[1], 77);
        Assert.False((await probe.CheckAsync(CancellationToken.None)).Holds);
        Assert.Equal("it has ended", await probe.WhySubjectIsGoneAsync(CancellationToken.None));
        host.AnsweringSockets.Add("/srv/lab/run/.s.PGPOOLWD_CMD.11006");
        host.Processes.Add(new ProcessFacts(77, "1", "pgpool", "", "/srv/lab/pgpool1", 77));
        Assert.True((await probe.CheckAsync(CancellationToken.None)).Holds);
        Assert.Null(await probe.WhySubjectIsGoneAsync(CancellationToken.None));
        Assert.Equal(
            ("the watchdog of Pgpool-II 1 listens", "/srv/lab/pgpool1/log/pgpool.log"),
            (probe.Expectation, probe.Log?.File)
        );
    }

    private sealed class Clock : TimeProvider
    {
        internal int Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }

    private static string Roles(string first) =>
        $"node_id{Psql.FieldSeparator}status{Psql.FieldSeparator}role\n"
        + $"0{Psql.FieldSeparator}up{Psql.FieldSeparator}{first}\n"
        + $"1{Psql.FieldSeparator}up{Psql.FieldSeparator}standby\n";

    [Theory]
    [InlineData("standby", "standby", "primary", "it shows no primary, and Pgpool-II 2 does")]
    [InlineData("standby", "standby", "standby", null)]
    [InlineData("standby", null, null, null)]
    [InlineData(null, "primary", "primary", null)]
    [InlineData("primary", "primary", "primary", null)]
    public async Task A_member_that_never_hears_of_the_primary_is_not_waited_for(
        string? first,
        string? second,
        string? third,
        string? gone
    )
    {
        var host = new FakeHost
        {
            Run = c =>
                (
                    c.Arguments.Contains("11000") ? first
                    : c.Arguments.Contains("11004") ? second
                    : third
                )
                    is { } role
                    ? new(c, 0, Roles(role), "", TimeSpan.Zero)
                    : new(c, 2, "", "no", TimeSpan.Zero),
        };
        host.Processes.Add(new ProcessFacts(77, "1", "pgpool", "", "/srv/lab/pgpool0", 77));
        var lab = Labs.Former(pgpools: 3);
        var clock = new Clock();
        await using var shows = new PgpoolShowsNodes(host, lab, lab.Pgpool, ExpectedNode.AllOf(lab), 77);
        var probe = new PgpoolFollowsLeader(shows, clock);
        Assert.Equal((shows.Expectation, shows.Log?.File), (probe.Expectation, probe.Log?.File));
        Assert.Equal(first == "primary", (await probe.CheckAsync(CancellationToken.None)).Holds);
        clock.Seconds = 4;
        await probe.CheckAsync(CancellationToken.None);
        Assert.Null(await probe.WhySubjectIsGoneAsync(CancellationToken.None));
        clock.Seconds = 5;
        await probe.CheckAsync(CancellationToken.None);
        Assert.Equal(gone, await probe.WhySubjectIsGoneAsync(CancellationToken.None));
        Assert.Equal(gone is not null, probe.MissesPrimary);
        host.Processes.Clear();
        Assert.Equal("Pgpool-II has ended", await probe.WhySubjectIsGoneAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Others_are_asked_again_only_after_a_while_and_it_may_hear_of_the_primary_in_between()
    {
        var (asked, own) = (0, "standby");
        var host = new FakeHost
        {
            Run = c => new(c, 0, Roles(c.Arguments.Contains("11000") ? own : $"standby{asked++}"), "", TimeSpan.Zero),
        };
        host.Processes.Add(new ProcessFacts(77, "1", "pgpool", "", "/srv/lab/pgpool0", 77));
        var lab = Labs.Former(pgpools: 2);
        var clock = new Clock();
        await using var shows = new PgpoolShowsNodes(host, lab, lab.Pgpool, ExpectedNode.AllOf(lab), 77);
        var probe = new PgpoolFollowsLeader(shows, clock);
        for (; clock.Seconds <= 10; clock.Seconds++)
        {
            await probe.CheckAsync(CancellationToken.None);
            Assert.Null(await probe.WhySubjectIsGoneAsync(CancellationToken.None));
        }

        Assert.Equal(2, asked);
        own = "primary";
        clock.Seconds = 16;
        Assert.True((await probe.CheckAsync(CancellationToken.None)).Holds);
        Assert.Null(await probe.WhySubjectIsGoneAsync(CancellationToken.None));
        Assert.Equal(2, asked);
    }
}
