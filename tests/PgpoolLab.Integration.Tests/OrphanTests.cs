using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace PgpoolLab.Integration.Tests;

/// <summary>What is listed, and what <c>destroy --orphans</c> finds and leaves. As a plain user: root's list is that of
/// everybody's tests.</summary>
public sealed class OrphanTests : LifeTests
{
    private static async Task<JsonElement> ListAsync(Sandbox sandbox, string? name = null)
    {
        var outcome = (await sandbox.RunAsync("list", "--json")).Ok();
        using var document = JsonDocument.Parse(outcome.Output);
        var labs = document
            .RootElement.GetProperty("labs")
            .EnumerateArray()
            .Where(l => name is null || l.GetProperty("name").GetString() == name)
            // Lists of one user, whatever HOME: of other tests, too.
            .Where(l =>
                l.GetProperty("directory").GetString()!.StartsWith(sandbox.Labs + "/", StringComparison.Ordinal)
            )
            .ToArray();
        return Assert.Single(labs).Clone();
    }

    /// <summary>The same, once no other test's <c>destroy --orphans</c> is at work on it: what runs is not counted
    /// then.</summary>
    private static async Task<JsonElement> CountedAsync(Sandbox sandbox, string name)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var lab = await ListAsync(sandbox, name);
            if (lab.GetProperty("nodesUp").ValueKind is JsonValueKind.Number || clock.Elapsed > TimeSpan.FromMinutes(4))
            {
                return lab;
            }
        }
    }

    private static (string? State, bool Orphan) StateOf(JsonElement lab) =>
        (lab.GetProperty("state").GetString(), lab.GetProperty("orphan").GetBoolean());

    /// <summary>Kills a setup as soon as it has started a server.</summary>
    private static async Task KillSetupAsync(Sandbox sandbox, string folder)
    {
        using var process = sandbox.Start(sandbox.Labs, "setup", "-s", "--port", "auto", folder);
        while (await process.StandardError.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("ok   Start node 0", StringComparison.Ordinal))
            {
                Kill(process.Id);
            }
        }

        await process.WaitForExitAsync();
    }

    [Fact]
    public async Task No_labs_are_told_with_how_to_make_one()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var outcome = (await sandbox.RunAsync("list")).Ok();
        Assert.Equal(("", "There are no labs. Make one:  pgpoollab up DIR\n"), (outcome.Output, outcome.Error));
        Assert.Equal("There are no orphans.\n", (await sandbox.RunAsync("destroy", "--orphans")).Ok().Error);
    }

    [Theory]
    [MemberData(nameof(Account.Callers), MemberType = typeof(Account))]
    public async Task A_lab_is_listed_with_what_runs_of_it(string account)
    {
        // Root's labs are all on one list: a name of its own.
        var name = $"listed-{Guid.NewGuid():N}";
        using var sandbox = new Sandbox(account, name);
        (await sandbox.RunAsync("up", "-s", "--port", "auto", sandbox.Lab)).Ok();
        var lab = await CountedAsync(sandbox, name);
        Assert.Equal(
            ("ready", false, sandbox.Lab, sandbox.Account.LabUser),
            (
                StateOf(lab).State,
                StateOf(lab).Orphan,
                lab.GetProperty("directory").GetString(),
                lab.GetProperty("user").GetString()
            )
        );
        Assert.Equal((2, 1), (lab.GetProperty("nodesUp").GetInt32(), lab.GetProperty("pgpoolsUp").GetInt32()));
        Assert.Equal(
            (await sandbox.NodesAsync()).GetProperty("pgpoolPort").GetInt32(),
            lab.GetProperty("pgpoolPorts")[0].GetInt32()
        );
        Assert.InRange(lab.GetProperty("bytes").GetInt64(), 30_000_000, 1_000_000_000);

        Kill(Pid(sandbox, "data1/postmaster.pid"));
        (await sandbox.ShellAsync("./stopall pgpool")).Ok();
        lab = await CountedAsync(sandbox, name);
        Assert.Equal((1, 0), (lab.GetProperty("nodesUp").GetInt32(), lab.GetProperty("pgpoolsUp").GetInt32()));
        var table = (await sandbox.RunAsync("list")).Ok().Output;
        // Another test's destroy --orphans looks at this lab, too.
        Assert.True(
            Regex.IsMatch(table, $@"(?m)^{name} +ready(, at work: [a-z -]+)? +1/2 +0/1 .* {sandbox.Lab} *$"),
            table
        );
    }

    [Fact]
    [Trait("Needs", "root")]
    public async Task A_lab_that_root_made_to_run_as_another_user_is_on_roots_list_and_only_root_sees_everybodys()
    {
        var name = $"listed-{Guid.NewGuid():N}";
        using var sandbox = new Sandbox(Account.Root, name);
        (await sandbox.RunAsync("setup", "-s", "-n", "1", "--port", "auto", "--run-as", "daemon", sandbox.Lab)).Ok();
        Assert.Equal("daemon", (await ListAsync(sandbox, name)).GetProperty("user").GetString());
        Assert.Contains(
            name,
            (await sandbox.RunAsync("list", "--all", "--json")).Ok().Output,
            StringComparison.Ordinal
        );
        await OrphansOfSeveralUsersAsync(sandbox, name[^7..]);
        (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        sandbox.AssertNothingIsLeft();

        using var plain = new Sandbox(Account.Plain);
        Assert.Contains(
            "only root can look at them",
            (await plain.RunAsync("list", "--all")).FailedWith(2).Error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    [Trait("Needs", "root")]
    public async Task Folders_that_root_makes_on_the_way_to_a_lab_in_a_users_own_belong_to_that_user()
    {
        using var sandbox = new Sandbox(Account.Root);
        (
            await sandbox.ShellAsync(
                """
                install -d -o daemon -g daemon "$HOME_OF_DAEMON"
                pgpoollab setup -s -n 1 --port auto --run-as daemon "$HOME_OF_DAEMON/.labs/all/one"
                [ "$(cd "$HOME_OF_DAEMON" && stat -c %U .labs .labs/all .labs/all/one | sort -u)" = daemon ]
                pgpoollab destroy --yes "$HOME_OF_DAEMON/.labs/all/one"
                rmdir "$HOME_OF_DAEMON"
                """,
                ("HOME_OF_DAEMON", $"{sandbox.Labs}/home")
            )
        ).Ok();
        sandbox.AssertNothingIsLeft();
    }

    /// <summary>Of the user root's labs run as by default, and of one it has named: each is removed by its own user, in
    /// one run. The folders are gone; sockets elsewhere are left.</summary>
    private static async Task OrphansOfSeveralUsersAsync(Sandbox sandbox, string id)
    {
        using var machine = await Endurance.PrivateMachine.StartAsync(sandbox);
        sandbox.Machine = machine;
        machine.Inside(
            "/bin/sh",
            "-euc",
            """
            orphan() { # user, state folder
                install -d -o "$1" "$3/$1" "$2" "$2/labs"
                : >"$3/$1/.s.PGSQL.1"
                printf '{"id":"%s","name":"of-%s","root":"%s/%s/gone","ports":[1],"sockets":["%s/%s/.s.PGSQL.1"]}' \
                    "$4" "$1" "$3" "$1" "$3" "$1" >"$2/labs/$4.json"
                chown "$1:" "$2/labs/$4.json" "$3/$1/.s.PGSQL.1"
            }
            orphan postgres /var/lib/postgresql/.local/state/pgpoollab "$1" "${2}a"
            orphan daemon "/var/tmp/pgpoollab-$(id -u daemon)" "$1" "${2}b"
            chown postgres: /var/lib/postgresql/.local /var/lib/postgresql/.local/state
            """,
            "sh",
            sandbox.Labs,
            id
        );
        Outcome outcome;
        try
        {
            outcome = await sandbox.RunAsync("destroy", "--orphans", "--json");
        }
        finally
        {
            sandbox.Machine = null;
        }

        using var report = JsonDocument.Parse(outcome.Ok().Output);
        Assert.Superset(
            new HashSet<string?> { "of-postgres", "of-daemon" },
            report
                .RootElement.GetProperty("removed")
                .EnumerateArray()
                .Select(r => r.GetProperty("name").GetString())
                .ToHashSet()
        );
        foreach (var user in (string[])["postgres", "daemon"])
        {
            Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(sandbox.Labs, user)));
            Directory.Delete(Path.Combine(sandbox.Labs, user));
        }

        Assert.False(File.Exists($"/var/tmp/pgpoollab-1/labs/{id}b.json"));
    }

    [Fact]
    public async Task A_lab_a_command_is_at_work_on_is_listed_so_and_is_no_orphan()
    {
        using var sandbox = new Sandbox(Account.Plain);
        using var process = sandbox.Start(sandbox.Labs, "setup", "-s", "--port", "auto", sandbox.Lab);
        Assert.StartsWith("ok   ", await process.StandardError.ReadLineAsync(), StringComparison.Ordinal);
        // It does not get on while we look.
        Assert.Equal(0, Signals.Send(process.Id, 19));
        try
        {
            var lab = await ListAsync(sandbox);
            Assert.Equal(
                ("creating", false, "setup"),
                (StateOf(lab).State, StateOf(lab).Orphan, lab.GetProperty("command").GetString())
            );
            Assert.Equal("There are no orphans.\n", (await sandbox.RunAsync("destroy", "--orphans")).Ok().Error);
        }
        finally
        {
            Signals.Send(process.Id, 18);
        }

        await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
        Assert.Equal(("ready", false), StateOf(await ListAsync(sandbox)));
    }

    [Fact]
    public async Task A_lab_whose_setup_was_killed_is_destroyed_as_an_orphan_and_its_neighbour_is_not()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        await KillSetupAsync(sandbox, Path.Combine(sandbox.Labs, "killed"));
        Assert.Equal(("creating", true), StateOf(await ListAsync(sandbox, "killed")));

        var outcome = (await sandbox.RunAsync("destroy", "--orphans")).Ok();
        Assert.Contains(
            "The lab 'killed' is gone (its setup had been killed)",
            outcome.Error,
            StringComparison.Ordinal
        );
        Assert.Equal(["lab"], Directory.EnumerateFileSystemEntries(sandbox.Labs).Select(Path.GetFileName));
        Assert.Equal(1, (await ListAsync(sandbox)).GetProperty("nodesUp").GetInt32());
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Theory]
    [InlineData("lab")]
    [InlineData("it's a lab")]
    public async Task What_runs_of_a_lab_whose_folder_was_deleted_is_ended_and_nothing_else(string name)
    {
        using var sandbox = new Sandbox(Account.Plain, name);
        (await sandbox.RunAsync("up", "-s", "--port", "auto", sandbox.Lab)).Ok();
        var entry = Assert.Single(Directory.GetFiles($"{sandbox.Home}/.local/state/pgpoollab/labs", "*.json"));
        using (var document = JsonDocument.Parse(await File.ReadAllTextAsync(entry)))
        {
            Assert.NotEmpty(document.RootElement.GetProperty("sockets").EnumerateArray());
        }

        // Whoever else works in a folder beside it is nobody's business.
        using var stranger = Reaper.Start(new ProcessStartInfo("sleep", "600") { WorkingDirectory = sandbox.Labs });
        Directory.Delete(sandbox.Lab, recursive: true);
        var lab = await ListAsync(sandbox);
        Assert.Equal(("gone", true), StateOf(lab));
        Assert.Contains("pgpool (pid ", lab.GetProperty("problem").GetString(), StringComparison.Ordinal);

        var outcome = (await sandbox.RunAsync("destroy", "--orphans", "--json")).Ok();
        using (var document = JsonDocument.Parse(outcome.Output))
        {
            var removed = Assert.Single(document.RootElement.GetProperty("removed").EnumerateArray());
            Assert.Equal(
                ("FolderGone", sandbox.Lab),
                (removed.GetProperty("kind").GetString(), removed.GetProperty("directory").GetString())
            );
            Assert.Contains(
                removed.GetProperty("processes").EnumerateArray(),
                p => p.GetProperty("command").GetString()!.Contains("pgpool.conf", StringComparison.Ordinal)
            );
            Assert.Empty(document.RootElement.GetProperty("kept").EnumerateArray());
        }

        Assert.False(stranger.HasExited);
        stranger.Kill();
        await stranger.WaitForExitAsync();
        Assert.Equal("There are no labs. Make one:  pgpoollab up DIR\n", (await sandbox.RunAsync("list")).Ok().Error);
        sandbox.AssertNothingIsLeft();
    }

    /// <summary>It has other processes at its end than when it was found.</summary>
    [Fact]
    public async Task A_Pgpool_that_fails_over_because_its_labs_folder_was_deleted_is_ended_with_all_its_processes()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (
            await sandbox.RunAsync(
                "up",
                "-s",
                "--port",
                "auto",
                "--set",
                "pgpool.failover_command=sleep 1",
                sandbox.Lab
            )
        ).Ok();
        (
            await sandbox.ShellAsync(
                """
                read -r server <run/pgpool.pid || :
                (exec tail -n +1 -f log/pgpool.log >../log 2>/dev/null) & tail=$!
                suspend $server
                for n in 1 0; do # each is a failover of its own
                    kill -QUIT $(head -n 1 data$n/postmaster.pid)
                    until grep -q "received degenerate backend request for node_id: $n" ../log; do sleep 0.01; done
                done
                cd ..
                rm -rf lab
                kill -CONT $server
                until grep -q 'execute command' log; do sleep 0.01; done
                pgpoollab destroy --orphans >&2
                kill $tail
                rm log
                """
            )
        ).Ok();
        sandbox.AssertNothingIsLeft();
    }

    /// <summary>As one stands after destroy, called in the lab's own folder.</summary>
    [Fact]
    public async Task In_a_folder_that_is_gone_labs_can_still_be_listed_and_there_is_none()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var outcome = (
            await sandbox.ShellAsync("mkdir gone; cd gone; rmdir ../gone; pgpoollab list; pgpoollab nodes || echo $?")
        ).Ok();
        Assert.Equal("6\n", outcome.Output);
        Assert.Contains("There is no lab in / or above it", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_lab_without_its_manifest_the_servers_are_ended_and_the_data_is_left()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        File.Delete(Path.Combine(sandbox.Lab, ".pgpoollab/lab.json"));
        Assert.Equal(("gone", true), StateOf(await ListAsync(sandbox)));
        var outcome = (await sandbox.RunAsync("destroy", "--orphans")).Ok();
        Assert.Contains(
            $"left as it is, as without its manifest nothing tells what in it is the lab's: {sandbox.Lab}\n",
            outcome.Error,
            StringComparison.Ordinal
        );
        Assert.Empty(sandbox.ProcessesLeft());
        // It was shut down, not killed.
        Assert.Contains(
            "database system is shut down",
            await File.ReadAllTextAsync(Path.Combine(sandbox.Lab, "log/node0.log")),
            StringComparison.Ordinal
        );
        Assert.True(File.Exists(Path.Combine(sandbox.Lab, "data0/PG_VERSION")));
        Directory.Delete(sandbox.Lab, recursive: true);
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Destroy_ends_and_deletes_a_node_that_its_manifest_has_lost()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "--port", "auto", sandbox.Lab)).Ok();
        var manifest = Path.Combine(sandbox.Lab, ".pgpoollab/lab.json");
        var json = System.Text.Json.Nodes.JsonNode.Parse(await File.ReadAllTextAsync(manifest))!;
        json["lab"]!["nodes"]!.AsArray().RemoveAt(1);
        await File.WriteAllTextAsync(manifest, json.ToJsonString());

        var outcome = (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        Assert.Contains(
            "The lab's manifest does not name node 1 (data1), which lies in its folder",
            outcome.Error,
            StringComparison.Ordinal
        );
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Destroy_keeps_what_the_user_has_put_into_the_labs_folders_unless_it_is_told_to_delete_it()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        (await sandbox.ShellAsync("echo precious | tee mine.txt etc/notes.txt log/analysis.xlsx >data0/dump.sql")).Ok();
        var preview = (await sandbox.RunInLabAsync("destroy", "--dry-run")).Ok();
        Assert.Contains($" rm -r {sandbox.Lab}/data0\n", preview.Output, StringComparison.Ordinal);
        Assert.Contains($" keep {sandbox.Lab}/etc/notes.txt: neither", preview.Output, StringComparison.Ordinal);
        Assert.Contains(
            $" leave {sandbox.Lab}/mine.txt: it is not the lab's\n",
            preview.Output,
            StringComparison.Ordinal
        );
        using (
            var document = JsonDocument.Parse(
                (await sandbox.RunInLabAsync("destroy", "--dry-run", "--json")).Ok().Output
            )
        )
        {
            // The shape of all dry runs: stages, lanes, steps.
            string[][] does =
            [
                .. document
                    .RootElement.GetProperty("stages")
                    .EnumerateArray()
                    .Select(s => s[0][0].GetProperty("does").EnumerateArray().Select(d => d.GetString()!).ToArray()),
            ];
            Assert.Equal(2, does[0].Count(d => d.StartsWith("stop ", StringComparison.Ordinal)));
            Assert.Equal(3, does[1].Count(d => d.StartsWith("keep ", StringComparison.Ordinal)));
        }

        Assert.Equal(1, (await ListAsync(sandbox)).GetProperty("nodesUp").GetInt32());
        var outcome = (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        Assert.Contains(
            $"Left in {sandbox.Lab}, as it is not the lab's: mine.txt, etc/notes.txt, log/analysis.xlsx, "
                + "data0/dump.sql\n",
            outcome.Error,
            StringComparison.Ordinal
        );
        var left = Directory.GetFiles(sandbox.Lab, "*", SearchOption.AllDirectories);
        Assert.Equal(
            ["data0/dump.sql", "etc/notes.txt", "log/analysis.xlsx", "mine.txt"],
            left.Select(f => Path.GetRelativePath(sandbox.Lab, f)).Order(StringComparer.Ordinal)
        );
        Assert.All(left, f => Assert.Equal("precious\n", File.ReadAllText(f)));
        Directory.Delete(sandbox.Lab, recursive: true);

        (await sandbox.RunAsync("setup", "-s", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        (await sandbox.ShellAsync("echo worthless >etc/notes.txt")).Ok();
        (await sandbox.RunAsync("destroy", "--yes", sandbox.Lab)).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task Destroy_ends_a_server_whose_data_folder_was_deleted_under_it()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "--port", "auto", sandbox.Lab)).Ok();
        Directory.Delete(Path.Combine(sandbox.Lab, "data1"), recursive: true);
        (await sandbox.RunAsync("destroy", sandbox.Lab)).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_lab_that_is_moved_damaged_or_newer_is_a_row_that_says_so()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("setup", "-s", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        var manifest = Path.Combine(sandbox.Lab, ".pgpoollab/lab.json");
        var text = await File.ReadAllTextAsync(manifest);
        foreach (
            var (content, state) in ((string, string)[])
                [
                    ("{", "damaged"),
                    (text.Replace("\"schema\": 2", "\"schema\": 99", StringComparison.Ordinal), "newer"),
                    (text, "ready"),
                ]
        )
        {
            await File.WriteAllTextAsync(manifest, content);
            var lab = await ListAsync(sandbox);
            Assert.Equal((state, false), StateOf(lab));
            Assert.Equal(state == "ready", lab.GetProperty("problem").ValueKind is JsonValueKind.Null);
            Assert.Equal("There are no orphans.\n", (await sandbox.RunAsync("destroy", "--orphans")).Ok().Error);
        }

        Directory.Move(sandbox.Lab, sandbox.Lab + "2");
        var moved = (await sandbox.ShellAsync("cd lab2; pgpoollab list")).Ok();
        Assert.Matches(
            $@"(?m)^lab +moved .*\n! lab: It was made in {sandbox.Lab}; its configuration still names that folder\.\n"
                + $@"  → mv {sandbox.Lab}2 {sandbox.Lab}$",
            moved.Output
        );
        Directory.Move(sandbox.Lab + "2", sandbox.Lab);
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }
}

public sealed class DoctorTests
{
    [Theory]
    [MemberData(nameof(Account.Callers), MemberType = typeof(Account))]
    public async Task Where_these_tests_run_labs_can_be_made(string account)
    {
        using var sandbox = new Sandbox(account);
        var outcome = (await sandbox.RunAsync("doctor", "--json")).Ok();
        using var document = JsonDocument.Parse(outcome.Output);
        Assert.True(document.RootElement.GetProperty("canMakeLabs").GetBoolean());
        var findings = document.RootElement.GetProperty("findings").EnumerateArray().ToArray();
        Assert.DoesNotContain(findings, f => f.GetProperty("severity").GetString() == "problem");
        foreach (
            var check in (string[])
                [
                    "PostgreSQL",
                    "Pgpool-II",
                    "choice",
                    "user",
                    "scripts",
                    "semaphores",
                    "shared memory",
                    "open files",
                    "user processes",
                    "this folder",
                    "list of labs",
                    "cache",
                    "ports",
                    "clients' ports",
                ]
        )
        {
            Assert.Contains(findings, f => f.GetProperty("check").GetString() == check);
        }

        Assert.Contains(
            $"un as {sandbox.Account.LabUser}",
            findings.First(f => f.GetProperty("check").GetString() == "user").GetProperty("seen").GetString(),
            StringComparison.Ordinal
        );
        Assert.Contains("ok       choice ", (await sandbox.RunAsync("doctor")).Ok().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_missing_is_an_exit_code_of_its_own()
    {
        using var sandbox = new Sandbox(Account.Plain);
        var outcome = (await sandbox.ShellAsync("PGPOOL_INSTALL_DIR=/nonexistent pgpoollab doctor")).FailedWith(3);
        Assert.Contains("problem  choice  ", outcome.Output, StringComparison.Ordinal);
        Assert.Equal("Labs cannot be made here: 1 problem, see above.\n", outcome.Error);
    }

    [Fact]
    public async Task A_lab_whose_list_and_folder_were_deleted_is_found_by_its_servers_and_they_are_ended()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("up", "-s", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        Directory.Delete(sandbox.Lab, recursive: true);
        Directory.Delete($"{sandbox.Home}/.local/state/pgpoollab", recursive: true);
        using (var document = JsonDocument.Parse((await sandbox.RunAsync("doctor", "--json")).Ok().Output))
        {
            var finding = document
                .RootElement.GetProperty("findings")
                .EnumerateArray()
                .First(f => f.GetProperty("seen").GetString()!.Contains(sandbox.Lab, StringComparison.Ordinal));
            Assert.Equal("pgpoollab destroy --orphans", finding.GetProperty("fix").GetString());
        }

        using (var document = JsonDocument.Parse((await sandbox.RunAsync("list", "--json")).Ok().Output))
        {
            var lab = Assert.Single(
                document.RootElement.GetProperty("labs").EnumerateArray(),
                l => l.GetProperty("directory").GetString() == sandbox.Lab
            );
            Assert.Equal(
                (sandbox.Lab, "gone"),
                (lab.GetProperty("directory").GetString(), lab.GetProperty("state").GetString())
            );
        }

        (await sandbox.RunAsync("destroy", "--orphans")).Ok();
        sandbox.AssertNothingIsLeft();
    }

    [Fact]
    public async Task A_lab_whose_entry_on_the_list_was_lost_is_listed_again_by_the_next_command_on_it()
    {
        using var sandbox = new Sandbox(Account.Plain);
        (await sandbox.RunAsync("setup", "-s", "-n", "1", "--port", "auto", sandbox.Lab)).Ok();
        Directory.Delete($"{sandbox.Home}/.local/state/pgpoollab/labs", recursive: true);
        Assert.DoesNotContain(sandbox.Lab, (await sandbox.RunAsync("list")).Ok().Output, StringComparison.Ordinal);
        (await sandbox.RunInLabAsync("stopall")).Ok();
        Assert.Contains(sandbox.Lab, (await sandbox.RunAsync("list")).Ok().Output, StringComparison.Ordinal);
        (await sandbox.RunInLabAsync("destroy")).Ok();
        sandbox.AssertNothingIsLeft();
    }
}
