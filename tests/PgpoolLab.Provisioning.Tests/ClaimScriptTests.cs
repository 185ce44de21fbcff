using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A node that somebody else is at work on: follow_primary.sh and an online recovery do not meet.</summary>
public sealed class ClaimScriptTests : ScriptBench
{
    private PostgresNode Node => _lab.Nodes[2];

    private string Claim => $"{_lab.Paths.Run}/node2.lock";

    private string PidFile => $"{Node.DataDirectory}/postmaster.pid";

    public ClaimScriptTests() =>
        Fake(
            "psql",
            $"""
            ! grep -qs starting {Shell.Quote(PidFile)} || echo "$*" >>"$0.early"
            case "$*" in
                *" 11003 "*pg_is_in_recovery*) echo f ;;
                *pg_is_in_recovery*) echo t ;;
                *pg_walfile_name*) echo '2|0/5000000' ;;
                *pg_stat_wal_receiver*) echo follows ;;
                *) cat >/dev/null ;;
            esac
            """
        );

    /// <summary>What the claim of a process says that runs: this one.</summary>
    private async Task<string> OwnClaimAsync()
    {
        var self = await _host.Processes.FindAsync(Environment.ProcessId, CancellationToken.None);
        return $"{self!.Id}.{self.StartedAt}";
    }

    [Fact]
    public async Task A_node_that_is_being_recovered_is_left_to_that()
    {
        await StartServerAsync(Node);
        File.CreateSymbolicLink(Claim, await OwnClaimAsync());
        Assert.Equal(0, (await FollowAsync()).ExitCode);
        Assert.EndsWith(
            $"follow_primary: node 2 is just being recovered (pid {Environment.ProcessId}): it is left to that\n",
            LogOf("failover"),
            StringComparison.Ordinal
        );
        Assert.Empty(Calls("psql"));
        Assert.Empty(Calls("pg_ctl"));
        Assert.Empty(Calls("../pcp's/pcp_attach_node"));
        Assert.Equal(await OwnClaimAsync(), new FileInfo(Claim).LinkTarget);
    }

    [Theory]
    [InlineData("ended")]
    [InlineData("its number is another's by now")]
    public async Task A_claim_counts_while_the_process_lives_that_has_it(string how)
    {
        await StartServerAsync(Node);
        File.CreateSymbolicLink(Claim, how == "ended" ? $"{NobodysNumber}.1" : $"{Environment.ProcessId}.1");
        Assert.Equal(0, (await FollowAsync()).ExitCode);
        Assert.Single(Calls("../pcp's/pcp_attach_node"));
        // And it is given back.
        Assert.Null(new FileInfo(Claim).LinkTarget);
    }

    [Fact]
    public async Task Where_nothing_can_be_claimed_the_node_follows_all_the_same()
    {
        await StartServerAsync(Node);
        Directory.Delete(_lab.Paths.Run, recursive: true);
        Assert.Equal(0, (await FollowAsync()).ExitCode);
        Assert.Single(Calls("../pcp's/pcp_attach_node"));
    }

    /// <summary>PostgreSQL refuses connections then: a standby is not told from a former primary.</summary>
    [Fact]
    public async Task A_node_that_is_just_being_started_is_asked_when_it_can_answer()
    {
        await StartServerAsync(Node);
        await File.WriteAllLinesAsync(PidFile, [.. (await File.ReadAllLinesAsync(PidFile))[..7], "starting"]);
        Program(
            "sleep",
            $"""
            echo "$1" >>"$0.calls"
            [ "$(wc -l <"$0.calls")" -lt 5 ] || sed -i '8s/.*/standby/' {Shell.Quote(PidFile)}
            """
        );
        Assert.Equal(0, (await FollowAsync()).ExitCode);
        Assert.Equal(5, Pauses);
        Assert.False(File.Exists($"{_lab.Tools.PostgresBin}/psql.early"));
        Assert.DoesNotContain(Calls("pg_ctl"), c => c.Contains("stop", StringComparison.Ordinal));
        Assert.Single(Calls("../pcp's/pcp_attach_node"));
    }

    /// <summary>As a server process runs it: its shell's parent is called postgres.</summary>
    [Fact]
    public async Task A_recovery_claims_the_node_for_the_server_process_that_runs_it()
    {
        Fake("pg_basebackup", $"readlink {Shell.Quote(Claim)} >\"$0.claim\"; exit 1");
        var script = $"{_lab.Nodes[1].ServerDataDirectory}/basebackup.sh";
        Script(script, Render("basebackup.sh"));
        var session = Path.Combine(_outer["session"], "postgres");
        Directory.CreateDirectory(_outer["session"]);
        File.Copy("/bin/bash", session);
        string[] call =
        [
            "/bin/sh",
            script,
            _lab.Nodes[1].ServerDataDirectory,
            "localhost",
            Node.ServerDataDirectory,
            "11003",
            "2",
        ];
        var result = await HostRunAsync(
            new CommandSpec(session, ["-c", "echo $$; sh -c '\"$@\"; exit $?' sh \"$@\"; exit $?", session, .. call])
        );
        Assert.Equal(
            (1, "basebackup.sh: pg_basebackup failed; node 2 is as it was\n"),
            (result.ExitCode, result.Error)
        );
        var claimed = await File.ReadAllTextAsync($"{_lab.Tools.PostgresBin}/pg_basebackup.claim");
        Assert.StartsWith($"{result.Output.Trim()}.", claimed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_follow_primary_calls_claims_nothing()
    {
        Fake("pg_basebackup", $"readlink {Shell.Quote(Claim)} >\"$0.claim\"; exit 1");
        File.CreateSymbolicLink(Claim, await OwnClaimAsync());
        Assert.Equal(1, (await RecoverAsync(node: 2, from: 1)).ExitCode);
        Assert.Single(Calls("pg_basebackup"));
    }
}
