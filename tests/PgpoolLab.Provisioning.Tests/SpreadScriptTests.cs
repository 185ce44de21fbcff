using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>failover.sh and follow_primary.sh of a lab on several hosts, run by a real shell on the host of node
/// 0.</summary>
public sealed class SpreadScriptTests : ScriptBench
{
    private const string Standby = "*pg_is_in_recovery*) echo t ;;";
    private const string Primary = "*pg_is_in_recovery*) echo f ;;";
    private const string Refused = "echo 'psql: error: connection refused' >&2; exit 2";

    public SpreadScriptTests() =>
        _lab = _lab with
        {
            Hosts = [new(0, "a", "192.0.2.1"), new(1, "b", "192.0.2.2"), new(2, "c", "192.0.2.3")],
            Here = 0,
            UseTls = true,
            UseSlots = false,
            Nodes = [.. _lab.Nodes.Select(n => n with { Host = n.Id })],
            Pgpools = [.. _lab.Pgpools.Select(p => p with { Host = 0 })],
        };

    /// <summary>What psql does, by what it is asked.</summary>
    private void FakePsql(params string[] cases) => Fake("psql", $"case \"$*\" in {string.Join(' ', cases)} esac");

    /// <summary>Node 0, the primary, has failed; node 1 is the new main node.</summary>
    private Task<CommandResult> FailAsync(string failed = "0", string main = "1", string primary = "0") =>
        RunAsync("spread_failover.sh", failed, "192.0.2.1", "11002", main, "192.0.2.2", "0", primary, "11003");

    /// <summary>Node 2 is to follow node 1.</summary>
    private Task<CommandResult> FollowPrimaryAsync() =>
        RunAsync("spread_follow_primary.sh", "2", "192.0.2.3", "11004", "1", "192.0.2.2", "0", "0", "11003");

    private string[] Attached() => Calls("../pcp's/pcp_attach_node");

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    public async Task The_new_main_node_is_promoted_where_it_is(string oldPrimary)
    {
        FakePsql("*pg_promote*) echo t ;;", Standby);
        var result = await FailAsync(primary: oldPrimary);
        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        var call = Calls("psql")[^1];
        Assert.Contains("<-w><-d><host=192.0.2.2 port=11003 dbname=postgres user=", call, StringComparison.Ordinal);
        Assert.Contains(" sslmode=verify-full sslrootcert=", call, StringComparison.Ordinal);
        Assert.EndsWith("<-c><SELECT pg_promote(true, 60)>", call, StringComparison.Ordinal);
        Assert.EndsWith("failover: node 1 (192.0.2.2) is the primary\n", LogOf("failover"), StringComparison.Ordinal);
        Assert.Equal(("failover", 0), Ended());
    }

    [Theory]
    [InlineData("1", "0")]
    [InlineData("0", "-1")]
    public async Task Nobody_is_promoted_when_a_standby_has_failed_or_no_node_is_left(string failed, string main)
    {
        Assert.Equal(0, (await FailAsync(failed, main)).ExitCode);
        Assert.Empty(Calls("psql"));
    }

    [Fact]
    public async Task A_node_that_is_a_primary_already_is_left_alone_and_so_is_the_old_one()
    {
        var old = await StartServerAsync(_lab.Nodes[0]);
        FakePsql(Primary);
        Assert.Equal(0, (await FailAsync()).ExitCode);
        Assert.Single(Calls("psql"));
        Assert.True(Runs(old));
        Assert.EndsWith("failover: node 1 is a primary already\n", LogOf("failover"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_old_primary_of_this_host_is_stopped_before_there_is_a_new_one()
    {
        var old = await StartServerAsync(_lab.Nodes[0]);
        FakePsql(
            $"*pg_promote*) [ ! -e {Shell.Quote(_lab.Nodes[0].DataDirectory)}/postmaster.pid ] && echo t ;;",
            Standby
        );
        Assert.Equal(0, (await FailAsync()).ExitCode);
        Assert.False(Runs(old));
        Assert.Equal(["INT"], Signals(_lab.Nodes[0]));
        Assert.Contains(
            $"node 0, the old primary, was still running: stopped (pid {old.Id})\n",
            LogOf("failover"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_asked_again_and_the_old_primary_is_not_stopped_for_nothing()
    {
        var old = await StartServerAsync(_lab.Nodes[0]);
        Fake("psql", Refused);
        GiveUpAfter(1, insteadOf: 15);
        Assert.Equal(1, (await FailAsync()).ExitCode);
        Assert.True(Calls("psql").Length > 1);
        Assert.True(Runs(old));
        Assert.Contains("psql: error: connection refused\n", LogOf("failover"), StringComparison.Ordinal);
        Assert.EndsWith(
            "failover: node 1 (192.0.2.2) was not promoted: it does not answer; above is why\n",
            LogOf("failover"),
            StringComparison.Ordinal
        );
        Assert.Equal(("failover", 1), Ended());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_the_connection_breaks_in_the_promotion_the_node_is_asked_what_became_of_it(bool isPromoted)
    {
        FakePsql(
            $"*pg_promote*) echo >\"$0.asked\"; {Refused} ;;",
            $"*) if [ -e \"$0.asked\" ]; then echo {(isPromoted ? 'f' : 't')}; else echo t; fi ;;"
        );
        Assert.Equal(isPromoted ? 0 : 1, (await FailAsync()).ExitCode);
        Assert.EndsWith(
            isPromoted
                ? "node 1 (192.0.2.2) is the primary\n"
                : "node 1 was not promoted; see above, and node1.log on 192.0.2.2\n",
            LogOf("failover"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_standby_that_streams_from_the_new_primary_is_attached()
    {
        FakePsql(
            "*host=192.0.2.3' '*pg_is_in_recovery*) echo t ;;",
            Primary,
            "*host=192.0.2.2' '*\"'server2'\"*) echo >>\"$0.tries\"; "
                + "[ \"$(wc -l <\"$0.tries\")\" -lt 3 ] && echo f || echo t ;;"
        );
        Assert.Equal(0, (await FollowPrimaryAsync()).ExitCode);
        Assert.Equal(
            $"<-w><-h><{_lab.Pgpool.PcpSocketDirectory}><-p><{_lab.Pgpool.PcpPort}><-U><{_lab.Owner}><-n><2>",
            Assert.Single(Attached())
        );
        Assert.Contains(
            "follow_primary: node 2 follows node 1; attaching it\n",
            LogOf("failover"),
            StringComparison.Ordinal
        );
        Assert.Equal(("follow_primary", 0), Ended());
    }

    [Fact]
    public async Task A_standby_that_never_streams_is_not_attached_and_the_log_says_what_to_do()
    {
        FakePsql("*host=192.0.2.3' '*pg_is_in_recovery*) echo t ;;", Primary, "*) echo f ;;");
        GiveUpAfter(1, insteadOf: 60);
        Assert.Equal(1, (await FollowPrimaryAsync()).ExitCode);
        Assert.Empty(Attached());
        Assert.EndsWith("where the lab was made: pgpoollab recover 2\n", LogOf("failover"), StringComparison.Ordinal);
        Assert.Equal(("follow_primary", 1), Ended());
    }

    [Theory]
    [InlineData("it is a primary", "node 2 is a primary, too", 1)]
    [InlineData("it does not answer", "node 2 is not running, or not to be reached", 0)]
    [InlineData("the other is none", "node 1 is no primary", 1)]
    public async Task A_node_is_not_attached_when(string why, string said, int code)
    {
        FakePsql(
            why switch
            {
                "it is a primary" => Primary,
                "the other is none" => Standby,
                _ => $"*) {Refused} ;;",
            }
        );
        GiveUpAfter(1, insteadOf: 5);
        Assert.Equal(code, (await FollowPrimaryAsync()).ExitCode);
        Assert.Empty(Attached());
        Assert.Contains($"follow_primary: {said}", LogOf("failover"), StringComparison.Ordinal);
        Assert.Equal(("follow_primary", code), Ended());
    }
}
