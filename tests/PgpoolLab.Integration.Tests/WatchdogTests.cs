using System.Globalization;
using System.Text.Json;

namespace PgpoolLab.Integration.Tests;

/// <summary>Several Pgpool-IIs that watch each other.</summary>
public abstract class WatchdogTests
{
    protected static JsonElement[] Members(JsonElement report) => [.. report.GetProperty("watchdog").EnumerateArray()];

    protected static bool Leads(JsonElement member) => member.GetProperty("status").GetString() is "LEADER" or "MASTER";

    protected static bool Answers(JsonElement member) => member.GetProperty("answers").GetBoolean();

    protected static async Task<JsonElement> UntilAsync(
        Sandbox sandbox,
        string expectation,
        Func<JsonElement[], JsonElement[], bool> holds
    )
    {
        var report = default(JsonElement);
        var deadline = System.Diagnostics.Stopwatch.StartNew();
        while (deadline.Elapsed < TimeSpan.FromMinutes(4))
        {
            report = await sandbox.NodesAsync();
            if (holds(Members(report), [.. report.GetProperty("nodes").EnumerateArray()]))
            {
                return report;
            }

            await BetweenLooks.PauseAsync(deadline);
        }

        Assert.Fail($"Expected that {expectation}; last seen:\n{report}");
        return report;
    }

    protected static bool AllAreUpWithOneLeader(JsonElement[] members, JsonElement[] nodes) =>
        members.All(Answers)
        && members.Count(Leads) == 1
        && members.All(m => m.GetProperty("quorum") is { ValueKind: JsonValueKind.True })
        && nodes.All(n => Status(n) is "up" or "waiting");

    protected static string? Status(JsonElement node) =>
        node.GetProperty("pgpool") is { ValueKind: JsonValueKind.Object } pgpool
            ? pgpool.GetProperty("status").GetString()
            : null;

    protected static void Kill(Sandbox sandbox, int pgpool)
    {
        var pid = int.Parse(
            File.ReadAllText(Path.Combine(sandbox.Lab, $"pgpool{pgpool}/run/pgpool.pid")).Trim('\0', '\n', ' '),
            CultureInfo.InvariantCulture
        );
        Assert.Equal(0, Signals.Send(pid, 9));
    }

    protected static Task<Outcome> InLabAsync(Sandbox sandbox, string script) =>
        sandbox.ShellAsync("eval \"$(pgpoollab env)\"\n" + script);

    /// <summary>The leader is killed, another one leads; while there is a quorum a failed node is failed over, without
    /// it is not.</summary>
    protected static async Task LeadershipMovesAsync(int pgpools)
    {
        using var sandbox = new Sandbox(Account.Plain, "my lab ü 'n' all");
        (await sandbox.RunAsync("setup", "--port", "auto", "--watchdog", pgpools.ToString(), sandbox.Lab)).Ok();
        Assert.Empty(sandbox.ProcessesLeft());
        (await sandbox.ShellAsync("./startall")).Ok();
        var report = await UntilAsync(sandbox, "all are up and one leads", AllAreUpWithOneLeader);
        Assert.Equal(pgpools, Members(report).Length);
        var leader = Array.FindIndex(Members(report), Leads);

        Kill(sandbox, leader);
        // More than half of them must live to decide: of two, one is not enough.
        var quorum = pgpools > 2;
        report = await UntilAsync(
            sandbox,
            "another one leads",
            (members, _) =>
                members.Where((_, i) => i != leader).Any(Leads)
                && members
                    .Where((_, i) => i != leader)
                    .All(m => m.GetProperty("quorum").ValueKind == (quorum ? JsonValueKind.True : JsonValueKind.False))
        );

        (await sandbox.ShellAsync($"pgpool{leader}/stopall pgpool")).Ok();
        (await InLabAsync(sandbox, "pg_ctl -D pgpool0/data0 -m immediate stop")).Ok();
        var other = Members(report).First(m => m.GetProperty("id").GetInt32() != leader).GetProperty("port").GetInt32();
        if (quorum)
        {
            await UntilAsync(
                sandbox,
                "node 1 was promoted",
                (_, nodes) =>
                    Status(nodes[0]) == "down"
                    && nodes[1].GetProperty("postgres").GetProperty("inRecovery") is { ValueKind: JsonValueKind.False }
            );
            (await InLabAsync(sandbox, $"psql -p {other} -c 'CREATE TABLE after_failover (i int)' test")).Ok();
        }
        else
        {
            // It is decided on, against a failover.
            report = await sandbox.UntilAsync(
                "there is no quorum, and node 0 is in quarantine",
                r =>
                    ((string[])["no-quorum", "member-down", "quarantine"]).All(id =>
                        r.GetProperty("findings").EnumerateArray().Any(f => f.GetProperty("id").GetString() == id)
                    )
            );
            var nodes = report.GetProperty("nodes");
            Assert.True(
                nodes[1].GetProperty("postgres").GetProperty("inRecovery").GetBoolean(),
                "without a quorum nobody may decide on a failover"
            );
        }

        // What was killed comes back with the lab's own commands.
        if (!quorum)
        {
            var fixedAll = (await sandbox.RunInLabAsync("status", "--fix", "--yes")).Ok();
            Assert.Contains("is healthy", fixedAll.Output, StringComparison.Ordinal);
            await UntilAsync(sandbox, "all are up and one leads", AllAreUpWithOneLeader);
        }

        (await sandbox.RunInLabAsync("stopall")).Ok();
        Assert.Empty(sandbox.ProcessesLeft());

        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }
}

public sealed class TwoPgpoolsTests : WatchdogTests
{
    [Fact]
    public Task Of_two_the_other_leads_but_does_not_decide_alone() => LeadershipMovesAsync(2);
}

public sealed class ThreePgpoolsTests : WatchdogTests
{
    [Fact]
    public Task Of_three_another_leads_and_decides() => LeadershipMovesAsync(3);
}

public sealed class FourPgpoolsTests : WatchdogTests
{
    [Fact]
    public Task Of_four_another_leads_and_decides() => LeadershipMovesAsync(4);
}

/// <summary>A member that asks its leader for the primary while that is still starting is told that there is none, and
/// nobody tells it later.</summary>
public sealed class PrimaryUnknownToLeaderTests : WatchdogTests
{
    [Fact]
    public async Task Who_joined_while_the_leader_did_not_know_the_primary_is_started_again()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("setup", "--port", "auto", "--watchdog", "2", sandbox.Lab)).Ok();
        // The first leads, and is held until the second has started; that one cannot find the primary by itself.
        (
            await InLabAsync(
                sandbox,
                $$"""
                printf "search_primary_node_timeout = 1\nsr_check_user = 'nobody_at_all'\n" >>pgpool1/etc/pgpool.conf
                rm -f pgpool0/log/pgpool.log pgpool1/log/pgpool.log
                ./startall >~/start.out 2>~/start.err &
                starting=$!
                until_it_says() {
                    n=0
                    until grep -q "$1" "$2" 2>/dev/null; do
                        n=$((n + 1))
                        [ $n -lt 12000 ] || { echo "never said: $1"; cat "$2"; exit 1; } >&2
                        sleep 0.01
                    done
                }
                until_it_says 'from .DEAD. to .LOADING' pgpool0/log/pgpool.log
                leader=$(tr -d '\0' <pgpool0/run/pgpool.pid)
                suspend $leader
                until_it_says 'successfully started' pgpool1/log/pgpool.log
                ! grep 'primary node is' pgpool1/log/pgpool.log || exit 1
                kill -CONT $leader
                wait $starting || { cat ~/start.out ~/start.err >&2; exit 1; }
                """
            )
        ).Ok();
        foreach (var member in Members(await sandbox.NodesAsync()))
        {
            var shown = await InLabAsync(
                sandbox,
                $"psql -XAtp {member.GetProperty("port").GetInt32()} -c 'SHOW pool_nodes' postgres | grep -c "
                    + "'|primary|'"
            );
            Assert.Equal("1", shown.Ok().Output.Trim());
        }

        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }
}

/// <summary>Lines 23 to 26 of the contract: what <c>watchdog_setup</c> leaves, by ours, by the original, and by each of
/// them driving the other's pgpool_setup.</summary>
public abstract class WatchdogContractTests(bool originalWatchdog, bool originalSetup)
{
    [Fact]
    public async Task Lines_23_to_26_folders_ports_links_and_scripts_are_as_the_contract_says()
    {
        using var sandbox = new Sandbox(Account.Plain);
        Directory.CreateDirectory(sandbox.Lab);
        sandbox.Account.Own(sandbox.Lab);
        (await sandbox.RunAsync("install-links", sandbox["bin"])).Ok();
        var originals = Originals.Prepare(sandbox).ToDictionary(v => v.Name, v => v.Value);
        var (port, nodes) = (FreePorts.Block(), FreePorts.Block());
        List<(string, string)> environment =
        [
            ("PGBIN", ContractRun.PostgresBin()),
            ("PGSOCKET_DIR", "/tmp"),
            ("PGHOST", "localhost"),
            ("PATH", $"{ContractRun.PostgresBin()}:{originals["PATH"]}"),
            .. originalWatchdog || originalSetup
                ? originals
                    .Where(v => v.Key.StartsWith("PGPOOL", StringComparison.Ordinal) && v.Key != "PGPOOL_SETUP")
                    .Select(v => (v.Key, v.Value))
                : [],
            ("PGPOOL_SETUP", originalSetup ? originals["PGPOOL_SETUP"] : sandbox["bin"] + "/pgpool_setup"),
        ];
        var program = originalWatchdog ? originals["WATCHDOG_SETUP"] : sandbox["bin"] + "/watchdog_setup";
        var made = await sandbox.ShellAsync(
            $"{program} -wn 3 -n 2 -wp {port} -pg {nodes} >../setup.out 2>../setup.err || {{ cat "
                + "../setup.out ../setup.err >&2; exit 1; }",
            [.. environment]
        );
        if (originalSetup && !originalWatchdog && !InstalledPgpool.Is42)
        {
            // The pgpool_setup of 4.1 cannot make a Pgpool-II without nodes of its own.
            Assert.Contains("as it made pgpool1", made.FailedWith(1).Error, StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries(sandbox.Lab));
            Assert.Empty(sandbox.ProcessesLeft());
            return;
        }

        made.Ok();
        AssertLayout(sandbox, port, nodes);

        var answers = string.Concat(
            Enumerable
                .Range(0, 3)
                .Select(i =>
                    $"""
                        n=0; until psql -XAtp {port + (4 * i)} -c 'show pool_nodes' test >nodes{i} 2>why{i}; do
                            n=$((n + 1))
                            [ $n -lt 1200 ] || exec cat why{i} pgpool{i}/log/pgpool.log /nonexistent >&2
                            sleep 0.2
                        done

                        """
                )
        );
        // A Pgpool-II that waits for the other members of its watchdog can be deaf to the signal to stop, and so can
        // its lifecheck while it begins; the original's scripts wait for them for ever. Then it is killed with all of
        // its children: a lifecheck outlives its Pgpool-II.
        var stop =
            originalWatchdog || originalSetup
                ? """
                    kill_whole() { for child in $(ps -o pid= --ppid $1); do kill_whole $child; done; kill -9 $1 || :; }
                    stop() {
                        code=0; timeout 30 ./shutdownall >/dev/null 2>&1 || code=$?
                        [ $code = 124 ] || return 0
                        for file in run/pgpool.pid pgpool*/run/pgpool.pid; do
                            [ ! -e $file ] || kill_whole $(tr -d '\000' <$file)
                        done
                        timeout 30 ./shutdownall >/dev/null 2>&1 || :
                    }
                    """
                : "stop() { ./shutdownall >/dev/null 2>&1 || :; }";
        // 26: goes forward; 25: pgpoolI's scripts stop and start that Pgpool-II alone; 26: bears what is stopped, and
        // can be repeated.
        (
            await sandbox.ShellAsync(
                $"""
                {stop}
                ./startall >/dev/null 2>&1
                {answers}
                (cd pgpool1; stop; stop)
                ! psql -p {port + 4} -c 'select 1' test 2>/dev/null
                psql -Atp {port} -c 'select 1' test
                psql -Atp {nodes + 1} -c 'select 1' test
                (cd pgpool1; ./startall >/dev/null 2>&1)
                {answers}
                stop; stop
                ! psql -p {nodes} -c 'select 1' test 2>/dev/null
                ! psql -p {port} -c 'select 1' test 2>/dev/null
                ls pgpool*/run
                """,
                [.. environment]
            )
        ).Ok();
        Assert.Empty(sandbox.ProcessesLeft());
    }

    private void AssertLayout(Sandbox sandbox, int port, int nodes)
    {
        string Read(string file) => File.ReadAllText(Path.Combine(sandbox.Lab, file));

        string Setting(int pgpool, string name) =>
            File.ReadLines(Path.Combine(sandbox.Lab, $"pgpool{pgpool}/etc/pgpool.conf"))
                .Where(l => l.StartsWith(name + " =", StringComparison.Ordinal))
                .Select(l => l.Split('=', 2)[1].Trim(' ', '\''))
                .Last();

        for (var i = 0; i < 3; i++)
        {
            if (InstalledPgpool.Is42)
            {
                Assert.Equal($"{i}", Read($"pgpool{i}/etc/pgpool_node_id").Trim());
            }

            Assert.Equal($"{port + (4 * i)}", Setting(i, "port"));
            Assert.Equal($"{port + (4 * i) + 1}", Setting(i, "pcp_port"));
            Assert.Equal($"{3 - i}", Setting(i, "wd_priority"));
            Assert.Equal("1", Setting(i, "wd_interval"));
            Assert.Equal("on", Setting(i, "use_watchdog"));
            Assert.Equal($"{nodes + 1}", Setting(i, "backend_port1"));
            if (InstalledPgpool.Is42)
            {
                for (var j = 0; j < 3; j++)
                {
                    Assert.Equal($"{port + (4 * j) + 2}", Setting(i, $"wd_port{j}"));
                    Assert.Equal($"{port + (4 * j) + 3}", Setting(i, $"heartbeat_port{j}"));
                }
            }
            else
            {
                Assert.Equal($"{port + (4 * i) + 2}", Setting(i, "wd_port"));
                Assert.Equal($"{port + (4 * i) + 3}", Setting(i, "wd_heartbeat_port"));
                foreach (var (other, k) in Enumerable.Range(0, 3).Where(n => n != i).Select((n, k) => (n, k)))
                {
                    Assert.Equal($"{port + (4 * other) + 2}", Setting(i, $"other_wd_port{k}"));
                    Assert.Equal($"{port + (4 * other) + 3}", Setting(i, $"heartbeat_destination_port{k}"));
                }
            }

            foreach (
                var file in (string[])
                    [
                        "startall",
                        "shutdownall",
                        "pgpool_reload",
                        "bashrc.ports",
                        "pcppass",
                        "etc/pcp.conf",
                        "etc/pool_hba.conf",
                    ]
            )
            {
                Assert.True(File.Exists(Path.Combine(sandbox.Lab, $"pgpool{i}/{file}")), $"pgpool{i}/{file}");
            }

            var data = new DirectoryInfo(Path.Combine(sandbox.Lab, $"pgpool{i}/data1"));
            // The original of 4.1 makes nodes in each folder, and starts the first folder's alone.
            var linked = i > 0 && (InstalledPgpool.Is42 || !originalWatchdog);
            Assert.Equal(linked ? "../pgpool0/data1" : null, data.LinkTarget);
            Assert.True(File.Exists(Path.Combine(data.FullName, "PG_VERSION")));
            Assert.Equal(i == 0, Read($"pgpool{i}/startall").Contains("data1", StringComparison.Ordinal));
            Assert.Equal(i == 0, Read($"pgpool{i}/shutdownall").Contains("data1", StringComparison.Ordinal));
        }
    }
}

public sealed class OurWatchdogSetupTests() : WatchdogContractTests(false, false);

public sealed class OurWatchdogSetupDrivesTheOriginalPgpoolSetupTests() : WatchdogContractTests(false, true);

public sealed class TheOriginalWatchdogSetupDrivesOurPgpoolSetupTests() : WatchdogContractTests(true, false);

public sealed class TheOriginalWatchdogSetupTests() : WatchdogContractTests(true, true);
