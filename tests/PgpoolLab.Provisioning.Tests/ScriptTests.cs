using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>The generated scripts, run by a real shell.</summary>
public sealed class ScriptTests : ScriptBench
{
    // ---- failover.sh: failed node, host, port, new main node, its host, old main node, old primary ----

    [Fact]
    public async Task Failover_promotes_the_new_main_node_when_the_primary_has_failed()
    {
        var server = await StartServerAsync(_lab.Nodes[1]);
        var result = await FailOverAsync();
        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.Equal(["USR1"], Signals(_lab.Nodes[1]));
        Assert.True(IsPromoted(_lab.Nodes[1]) && Runs(server));
        Assert.False(File.Exists($"{_lab.Nodes[1].DataDirectory}/promote"));
        Assert.Empty(Calls("pg_ctl"));
        Assert.EndsWith(
            $"failover: promoting node 1 ({_lab.Nodes[1].ServerDataDirectory})",
            LogOf("failover").Split('\n')[^3],
            StringComparison.Ordinal
        );
        Assert.EndsWith("failover: node 1 (localhost) is the primary\n", LogOf("failover"), StringComparison.Ordinal);
        Assert.Equal(("failover", 0), Ended());
    }

    [Theory]
    [InlineData("a standby has failed", "1", "0", "0")]
    [InlineData("no node is left", "0", "-1", "0")]
    public async Task Failover_promotes_nobody_when(string why, string failed, string main, string primary)
    {
        await StartServerAsync(_lab.Nodes[0]);
        Assert.Equal(
            0,
            (
                await RunAsync("failover.sh", failed, "localhost", "11002", main, "localhost", "0", primary, "11003")
            ).ExitCode
        );
        Assert.True(Signals(_lab.Nodes[0]).Length == 0, why);
        Assert.Empty(Calls("pg_controldata"));
        Assert.All(_lab.Nodes, n => Assert.False(File.Exists($"{n.DataDirectory}/promote")));
    }

    [Fact]
    public async Task Failover_promotes_no_node_that_is_a_primary_already()
    {
        await StartServerAsync(_lab.Nodes[1]);
        Fake("pg_controldata", "echo 'Database cluster state:               in production'");
        Assert.Equal(0, (await FailOverAsync(toStandby: false)).ExitCode);
        Assert.Empty(Signals(_lab.Nodes[1]));
        Assert.False(File.Exists($"{_lab.Nodes[1].DataDirectory}/promote"));
    }

    [Theory]
    [InlineData(12)]
    [InlineData(11)]
    public async Task Failover_waits_until_the_promotion_is_done(int major)
    {
        _lab = _lab with { Tools = _lab.Tools with { Postgres = new PostgresVersion(major, 1) } };
        await StartServerAsync(_lab.Nodes[1]);
        // The file is gone some moments before the node takes writes.
        Fake(
            "pg_controldata",
            "echo x >>\"$0.asked\"; [ \"$(wc -l <\"$0.asked\")\" -lt 5 ] || echo 'Database cluster state:        "
                + "       in production'"
        );
        Assert.Equal(0, (await FailOverAsync()).ExitCode);
        Assert.Equal(5, Calls("pg_controldata").Length);
        Assert.EndsWith("failover: node 1 (localhost) is the primary\n", LogOf("failover"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Failover_promotes_when_Pgpool_had_found_no_primary_yet()
    {
        await StartServerAsync(_lab.Nodes[1]);
        Assert.Equal(0, (await FailOverAsync(oldPrimary: "-1")).ExitCode);
        Assert.True(IsPromoted(_lab.Nodes[1]));
    }

    private void AssertNotPromoted(CommandResult result)
    {
        Assert.Equal((1, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.EndsWith(
            "failover: node 1 was not promoted; see node1.log\n",
            LogOf("failover"),
            StringComparison.Ordinal
        );
        Assert.Equal(("failover", 1), Ended());
    }

    [Fact]
    public async Task A_promotion_whose_server_ends_is_noticed_at_once_and_told()
    {
        var server = await StartServerAsync(_lab.Nodes[1], "fragile");
        var result = await FailOverAsync();
        Assert.False(Runs(server));
        AssertNotPromoted(result);
    }

    [Fact]
    public async Task A_promotion_that_does_not_happen_is_given_up_and_told()
    {
        await StartServerAsync(_lab.Nodes[1], "deaf");
        GiveUpAfter(1, insteadOf: 60);
        var result = await FailOverAsync();
        Assert.Equal((1, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.Equal(["USR1"], Signals(_lab.Nodes[1]));
        Assert.Matches("failover: node 1 was not promoted within [0-9]+ s; see node1.log\n$", LogOf("failover"));
        // It is a standby still; no need to ask.
        Assert.Empty(Calls("pg_controldata"));
        Assert.Equal(("failover", 1), Ended());
    }

    [Fact]
    public async Task A_node_that_does_not_run_is_not_promoted()
    {
        var result = await FailOverAsync();
        Assert.False(File.Exists($"{_lab.Nodes[1].DataDirectory}/promote"));
        Assert.Single(Calls("pg_controldata"));
        AssertNotPromoted(result);
    }

    [Fact]
    public async Task A_node_whose_folder_takes_no_file_is_not_promoted_and_the_log_says_why()
    {
        await StartServerAsync(_lab.Nodes[1]);
        // As when its disk is full.
        Directory.CreateDirectory($"{_lab.Nodes[1].DataDirectory}/promote");
        var result = await FailOverAsync();
        Assert.Empty(Signals(_lab.Nodes[1]));
        Assert.Contains("/data1/promote", LogOf("failover").Split('\n')[0], StringComparison.Ordinal);
        AssertNotPromoted(result);
    }

    [Fact]
    public async Task A_stranger_whose_number_is_in_the_PID_file_is_sent_no_signal()
    {
        // Another node's server, even: of the same name, but at work elsewhere.
        var stranger = await StartServerAsync(_lab.Nodes[2]);
        File.Copy($"{_lab.Nodes[2].DataDirectory}/postmaster.pid", $"{_lab.Nodes[1].DataDirectory}/postmaster.pid");
        Assert.Equal(1, (await FailOverAsync()).ExitCode);
        Assert.Empty(Signals(_lab.Nodes[2]));
        Assert.True(Runs(stranger));
    }

    // ---- failover.sh: an old primary that is alive ----

    [Fact]
    public async Task The_old_primary_is_stopped_before_there_is_a_new_one()
    {
        var old = await StartServerAsync(_lab.Nodes[0]);
        await StartServerAsync(_lab.Nodes[1]);
        Assert.Equal(0, (await FailOverAsync()).ExitCode);
        Assert.Equal((false, true), (Runs(old), IsPromoted(_lab.Nodes[1])));
        Assert.Equal(["INT"], Signals(_lab.Nodes[0]));
        Assert.True(
            File.GetLastWriteTimeUtc($"{_lab.Nodes[0].DataDirectory}/signals")
                <= File.GetLastWriteTimeUtc($"{_lab.Nodes[1].DataDirectory}/signals")
        );
        Assert.Contains(
            $"failover: node 0, the old primary, was still running: stopped (pid {old.Id})\n",
            LogOf("failover"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task An_old_primary_that_takes_long_to_stop_gets_no_time_for_that()
    {
        var old = await StartServerAsync(_lab.Nodes[0], "stubborn");
        await StartServerAsync(_lab.Nodes[1]);
        EachPauseLasts(seconds: 1);
        Assert.Equal(0, (await FailOverAsync()).ExitCode);
        Assert.Equal(["INT", "QUIT"], Signals(_lab.Nodes[0]).Order(StringComparer.Ordinal));
        await WaitForAsync(() => !Runs(old));
        Assert.True(IsPromoted(_lab.Nodes[1]));
    }

    [Fact]
    public async Task An_old_primary_that_is_suspended_ends_without_having_worked_on()
    {
        // PostgreSQL waits five seconds for a child that does not end.
        var child = await StartServerAsync(_lab.Nodes[0]);
        var old = await StartServerAsync(_lab.Nodes[0]);
        await StartServerAsync(_lab.Nodes[1]);
        await HostRunAsync(new CommandSpec("kill", "-STOP", $"{old.Id}", $"{child.Id}"));
        Assert.Equal(0, (await FailOverAsync()).ExitCode);
        Assert.Equal((false, true), (Runs(old), IsPromoted(_lab.Nodes[1])));
        await WaitForAsync(() => !Runs(child));
        Assert.Equal(["QUIT", "QUIT"], Signals(_lab.Nodes[0]));
    }

    [Theory]
    [InlineData("it ends already")]
    [InlineData("it is a standby")]
    [InlineData("nobody takes over")]
    [InlineData("pgpool_setup does not do so")]
    public async Task The_old_primary_is_left_alone_when(string why)
    {
        var old = await StartServerAsync(_lab.Nodes[0]);
        var file = $"{_lab.Nodes[0].DataDirectory}/postmaster.pid";
        if (why == "it ends already")
        {
            File.WriteAllText(file, File.ReadAllText(file).Replace("ready   ", "stopping", StringComparison.Ordinal));
        }
        else if (why == "it is a standby")
        {
            File.WriteAllText($"{_lab.Nodes[0].DataDirectory}/standby.signal", "");
        }
        else if (why == "pgpool_setup does not do so")
        {
            _lab = _lab with { PgpoolSetup = new PgpoolSetupConventions { InstallDirectory = "/usr" } };
        }

        if (why != "nobody takes over")
        {
            await StartServerAsync(_lab.Nodes[1]);
        }

        await FailOverAsync();
        Assert.Equal(why != "nobody takes over", IsPromoted(_lab.Nodes[1]));
        Assert.True(Runs(old));
        Assert.Empty(Signals(_lab.Nodes[0]));
        Assert.False(File.Exists($"{_lab.Nodes[0].DataDirectory}/fenced"));
    }

    [Fact]
    public async Task An_old_primary_that_failover_has_stopped_is_copied_anew_and_one_that_has_failed_is_not()
    {
        await StartServerAsync(_lab.Nodes[0]);
        await StartServerAsync(_lab.Nodes[1]);
        Assert.Equal(0, (await FailOverAsync()).ExitCode);
        Fake(
            "psql",
            "case \"$*\" in *\" 11003 \"*pg_is_in_recovery*) echo f ;; *\" 11002 \"*pg_is_in_recovery*) exit 2 "
                + ";; *pg_walfile_name*) echo '2|0/5000000' ;; *pg_stat_wal_receiver*) echo follows ;; *) cat "
                + ">/dev/null ;; esac"
        );
        Script($"{_lab.Nodes[1].DataDirectory}/basebackup.sh", "#!/bin/sh\nprintf '<%s>' \"$@\" >>\"$0.calls\"\n");
        Script($"{_lab.Nodes[0].DataDirectory}/pgpool_remote_start", "#!/bin/sh\nexit 0\n");
        for (var i = 0; i < 2; i++)
        {
            Assert.Equal(
                0,
                (
                    await RunAsync("follow_primary.sh", "0", "localhost", "11002", "1", "localhost", "0", "0", "11003")
                ).ExitCode
            );
            Assert.Equal(
                $"<{_lab.Nodes[1].ServerDataDirectory}><localhost><{_lab.Nodes[0].ServerDataDirectory}><11003><0>",
                File.ReadAllText($"{_lab.Nodes[1].DataDirectory}/basebackup.sh.calls")
            );
        }

        Assert.Single(Calls("../pcp's/pcp_attach_node"));
    }

    [Fact]
    public async Task A_process_of_the_new_primary_that_is_suspended_keeps_nobody_waiting()
    {
        var receiver = await StartServerAsync(_lab.Nodes[1], "deaf");
        await StartServerAsync(_lab.Nodes[1]);
        await HostRunAsync(new CommandSpec("kill", "-STOP", $"{receiver.Id}"));
        // PostgreSQL would wait for it.
        Fake(
            "pg_controldata",
            $"case $(cat /proc/{receiver.Id}/stat) in *') T '*) ;; *) echo 'Database cluster state:              "
                + " in production' ;; esac"
        );
        Assert.Equal(0, (await FailOverAsync()).ExitCode);
        Assert.Contains(
            $"failover: node 1: process {receiver.Id} was suspended; woke it\n",
            LogOf("failover"),
            StringComparison.Ordinal
        );
        Assert.EndsWith("failover: node 1 (localhost) is the primary\n", LogOf("failover"), StringComparison.Ordinal);
    }

    // ---- log/events.jsonl ----

    public static TheoryData<string> NastyArguments =>
        new(
            "",
            "two words",
            "it's",
            "\"double\"",
            "\\",
            "\\\\",
            "\\n",
            "$HOME",
            "$(id)",
            "`id`",
            "%d %s %%",
            "ü🐘",
            "-n",
            "*",
            "a/b",
            "&",
            "\\\"",
            "'\\''"
        );

    [Theory]
    [MemberData(nameof(NastyArguments))]
    public async Task An_event_holds_the_arguments_as_they_were(string argument)
    {
        await RunAsync("failover.sh", "1", argument, "11002", "0", argument, "0", "0");
        Assert.Equal(["1", argument, "11002", "0", argument, "0", "0"], Arguments(Event()));
    }

    [Fact]
    public async Task An_event_has_spaces_where_an_argument_had_control_characters()
    {
        await RunAsync("failover.sh", "1", "two\nlines\tand \u0001 \u001f bell\a", "11002", "0", "h", "0", "0");
        Assert.Equal("two lines and     bell ", Arguments(Event())[1]);
    }

    [Fact]
    public async Task An_event_tells_when_and_how_long()
    {
        var before = DateTimeOffset.UtcNow.AddMilliseconds(-1);
        Fake("pg_controldata", "sleep 0.2; echo 'Database cluster state:               in production'");
        await FailOverAsync();
        var time = Event().GetProperty("time").GetString()!;
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", time);
        Assert.InRange(
            DateTimeOffset.Parse(time),
            before.AddMilliseconds(-before.Microsecond / 1000.0),
            DateTimeOffset.UtcNow
        );
        Assert.InRange(Event().GetProperty("duration_ms").GetInt64(), 200, 20_000);
    }

    [Fact]
    public async Task An_event_without_arguments_and_one_of_a_script_that_failed_are_events_too()
    {
        Assert.NotEqual(0, (await RunAsync("basebackup.sh")).ExitCode);
        Assert.Empty(Arguments(Event()));
        Assert.NotEqual(0, Event().GetProperty("exit_code").GetInt32());
    }

    [Fact]
    public async Task Events_of_several_runs_are_a_line_each()
    {
        await RunAsync("failover.sh", "1", "a", "11002", "0", "h", "0", "0");
        await RunAsync("failover.sh", "2", "b", "11002", "0", "h", "0", "0");
        Assert.Equal(["1", "2"], Events().Select(e => Arguments(e)[0]));
    }

    // ---- basebackup.sh: primary's data folder, host, data folder, primary's port, node ----

    [Theory]
    [InlineData(true, 15)]
    [InlineData(false, 15)]
    [InlineData(true, 10)]
    [InlineData(false, 10)]
    public async Task Recovery_writes_what_setup_writes(bool slots, int major)
    {
        _lab = _lab with { UseSlots = slots, Tools = _lab.Tools with { Postgres = new PostgresVersion(major, 4) } };
        var result = await RecoverAsync(node: 2, from: 1);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var data = _lab.Nodes[2].DataDirectory;
        Assert.Equal(
            _renderer.RenderStandby("postgresql/myrecovery.conf", _lab, _lab.Nodes[2], _lab.Nodes[1]),
            File.ReadAllText($"{data}/{(major >= 12 ? "myrecovery.conf" : "recovery.conf")}")
        );
        Assert.Equal(major >= 12, File.Exists($"{data}/standby.signal"));
        Assert.Equal(
            "port = 11002\n" + _renderer.RenderNode("postgresql/_node.conf", _lab, _lab.Nodes[2]),
            File.ReadAllText($"{data}/postgresql.conf")
        );
        Assert.Equal(slots ? 2 : 1, Calls("psql").Length);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Recovery_means_the_same_as_setup_in_a_plain_folder_too(bool slots)
    {
        using var plain = new TemporaryFolder();
        Directory.Move(_lab.Root, plain["lab"]);
        _lab = Labs.Fixed(nodes: 3, root: plain["lab"], slots: slots) with { Owner = _lab.Owner, Tools = _lab.Tools };
        Assert.Equal(0, (await RecoverAsync()).ExitCode);
        // The script quotes what setup sees needs no quotes.
        Assert.Equal(
            _renderer.RenderStandby("postgresql/myrecovery.conf", _lab, _lab.Nodes[1], _lab.Nodes[0]),
            File.ReadAllText($"{_lab.Nodes[1].DataDirectory}/myrecovery.conf")
                .Replace("''", "", StringComparison.Ordinal)
        );
        Assert.Equal(
            "port = 11002\n" + _renderer.RenderNode("postgresql/_node.conf", _lab, _lab.Nodes[1]),
            File.ReadAllText($"{_lab.Nodes[1].DataDirectory}/postgresql.conf")
                .Replace("''", "", StringComparison.Ordinal)
                .Replace("= node1.log", "= 'node1.log'", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Recovery_takes_a_base_backup_with_its_WAL_by_the_slot()
    {
        await RecoverAsync();
        string[] expected =
        [
            "-h",
            LabSockets.ProbeHost(_lab),
            "-p",
            "11002",
            "-U",
            _lab.Owner,
            "-w",
            "-D",
            _lab.Nodes[1].DataDirectory + ".recovery",
            "-X",
            "stream",
            "-c",
            "fast",
            .. PgBaseBackup.FastOptions(_lab.Tools.Postgres),
            "-S",
            "pgpool_setup_slot1",
        ];
        Assert.Equal([string.Concat(expected.Select(a => $"<{a}>"))], Calls("pg_basebackup"));
    }

    [Fact]
    public async Task Recovery_keeps_what_the_user_wrote_into_the_nodes_configuration()
    {
        var data = _lab.Nodes[1].DataDirectory;
        File.WriteAllText($"{data}/postgresql.conf", "port = 11003\nwork_mem = '7MB'\n");
        File.WriteAllText($"{data}/pg_hba.conf", "# mine\n");
        File.WriteAllText($"{data}/old file", "");
        File.WriteAllText($"{data}/.old", "");
        Assert.Equal(0, (await RecoverAsync()).ExitCode);
        Assert.Equal("port = 11003\nwork_mem = '7MB'\n", File.ReadAllText($"{data}/postgresql.conf"));
        Assert.Equal("# mine\n", File.ReadAllText($"{data}/pg_hba.conf"));
        Assert.Equal(
            [".hidden", "PG_VERSION", "myrecovery.conf", "pg_hba.conf", "postgresql.conf", "standby.signal"],
            Names(data)
        );
        Assert.DoesNotContain(Names(_lab.Root), n => n.StartsWith("data1.", StringComparison.Ordinal));
        Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(data));
    }

    /// <summary>A pg_basebackup that does with tablespaces as the real one does: a mapped one becomes a folder
    /// elsewhere, and a link to it.</summary>
    private void FakeBaseBackupOfTablespaces() =>
        Fake(
            "pg_basebackup",
            """
            while [ $# -gt 0 ]; do
                case $1 in
                -D)
                    data=$2
                    mkdir "$data" "$data/pg_tblspc" && echo 15 >"$data/PG_VERSION" && : >"$data/postgresql.conf"
                    ;;
                -T) n=$((${n-0} + 1)); eval "map$n=\$2" ;;
                esac
                shift
            done
            while [ ${n-0} -gt 0 ]; do
                eval "map=\$map$n"
                old=$(printf %s "$map" | sed 's/\([^\\]\)=.*/\1/; s/\\=/=/g')
                new=$(printf %s "$map" | sed 's/.*[^\\]=//; s/\\=/=/g')
                mkdir -p "$new" && cp -r "$old/." "$new" && ln -s "$new" "$data/pg_tblspc/${new##*/}"
                n=$((n - 1))
            done
            """
        );

    /// <summary>A tablespace of a node, in a folder of its own, with one file.</summary>
    private string Tablespace(PostgresNode node, string number, string folder = "table=space's 1")
    {
        Directory.CreateDirectory($"{node.DataDirectory}/pg_tblspc");
        var location = Directory.CreateDirectory(_outer[folder]).FullName;
        File.WriteAllText($"{location}/16385", "rows");
        File.CreateSymbolicLink($"{node.DataDirectory}/pg_tblspc/{number}", location);
        return location;
    }

    [Fact]
    public async Task Recovery_gives_a_tablespace_that_lies_elsewhere_a_folder_in_the_nodes_own_data_folder()
    {
        FakeBaseBackupOfTablespaces();
        var shared = Tablespace(_lab.Nodes[0], "16384");
        var second = Tablespace(_lab.Nodes[0], "16390", "another");
        // As the standby had it, by replaying CREATE TABLESPACE.
        Tablespace(_lab.Nodes[1], "16384");
        var result = await RecoverAsync();
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        foreach (var number in (string[])["16384", "16390"])
        {
            var own = new DirectoryInfo($"{_lab.Nodes[1].DataDirectory}/pg_tblspc/{number}");
            Assert.Null(own.LinkTarget);
            Assert.Equal("rows", File.ReadAllText($"{own.FullName}/16385"));
        }

        // What the primary has stays, and nothing is left beside the data folder.
        Assert.All([shared, second], f => Assert.Equal("rows", File.ReadAllText($"{f}/16385")));
        Assert.DoesNotContain(Names(_lab.Root), n => n.StartsWith("data1.", StringComparison.Ordinal));
        var log = File.ReadAllText($"{_lab.Paths.Log}/recovery.log");
        Assert.Contains(
            "tablespace 16384, which node 0 has in a folder of its own, is in data1/pg_tblspc",
            log,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Recovery_of_a_tablespace_inside_the_data_folder_maps_nothing()
    {
        Directory.CreateDirectory($"{_lab.Nodes[0].DataDirectory}/pg_tblspc/16384");
        Assert.Equal(0, (await RecoverAsync()).ExitCode);
        Assert.DoesNotContain("<-T>", Assert.Single(Calls("pg_basebackup")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Recovery_that_fails_leaves_the_tablespaces_as_they_were()
    {
        Fake("pg_basebackup", "mkdir \"$8\"; exit 1");
        var shared = Tablespace(_lab.Nodes[0], "16384");
        Tablespace(_lab.Nodes[1], "16384");
        Assert.Equal(1, (await RecoverAsync()).ExitCode);
        Assert.Equal(shared, new FileInfo($"{_lab.Nodes[1].DataDirectory}/pg_tblspc/16384").LinkTarget);
        Assert.Equal("rows", File.ReadAllText($"{shared}/16385"));
        Assert.DoesNotContain(Names(_lab.Root), n => n.StartsWith("data1.", StringComparison.Ordinal));
    }

    /// <summary>pg_rewind writes through the links: into the files of the node it copies from.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Recovery_does_not_rewind_where_a_tablespace_lies_elsewhere(int node)
    {
        _lab = _lab with { UseRewind = true };
        FakeBaseBackupOfTablespaces();
        Fake("pg_rewind", "");
        File.WriteAllText($"{_lab.Nodes[1].DataDirectory}/PG_VERSION", "15\n");
        var location = Tablespace(_lab.Nodes[node], "16384");
        Assert.Equal(0, (await RecoverAsync()).ExitCode);
        Assert.Empty(Calls("pg_rewind"));
        Assert.Single(Calls("pg_basebackup"));
        Assert.Equal("rows", File.ReadAllText($"{location}/16385"));
    }

    [Fact]
    public async Task Recovery_works_into_a_folder_that_is_a_link()
    {
        using var disk = new TemporaryFolder(" other disk");
        Directory.Delete(_lab.Nodes[1].DataDirectory);
        Directory.CreateSymbolicLink(_lab.Nodes[1].DataDirectory, disk.Path);
        var result = await RecoverAsync();
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(disk.Path, new FileInfo(_lab.Nodes[1].DataDirectory).LinkTarget);
        Assert.True(File.Exists(disk["PG_VERSION"]));
        Directory.Delete(_lab.Nodes[1].DataDirectory);
    }

    [Fact]
    public async Task Recovery_creates_a_folder_that_was_deleted()
    {
        Directory.Delete(_lab.Nodes[1].DataDirectory);
        Assert.Equal(0, (await RecoverAsync()).ExitCode);
        Assert.True(File.Exists($"{_lab.Nodes[1].DataDirectory}/PG_VERSION"));
    }

    [Fact]
    public async Task Recovery_that_fails_leaves_the_node_as_it_was()
    {
        Fake("pg_basebackup", "mkdir \"$8\"; exit 1");
        var data = _lab.Nodes[1].DataDirectory;
        File.WriteAllText($"{data}/postgresql.conf", "port = 11003\n");
        File.WriteAllText($"{data}/precious", "mine");
        var result = await RecoverAsync();
        Assert.Equal(
            (1, "basebackup.sh: pg_basebackup failed; node 1 is as it was\n"),
            (result.ExitCode, result.Error)
        );
        Assert.Equal(["postgresql.conf", "precious"], Names(data));
        Assert.DoesNotContain(Names(_lab.Root), n => n.StartsWith("data1.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Recovery_of_a_node_that_runs_is_refused()
    {
        var server = await StartServerAsync(_lab.Nodes[1]);
        File.WriteAllText($"{_lab.Nodes[1].DataDirectory}/precious", "mine");
        var result = await RecoverAsync();
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith(
            "basebackup.sh: node 1 is still running; stop it first: pg_ctl -D ",
            result.Error,
            StringComparison.Ordinal
        );
        Assert.Equal(["postmaster.pid", "precious"], Names(_lab.Nodes[1].DataDirectory));
        Assert.True(Runs(server));
        Assert.Empty(Calls("psql"));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("3")]
    [InlineData("-1")]
    [InlineData("one")]
    [InlineData("")]
    [InlineData("1; rm -rf /nonexistent")]
    public async Task Recovery_of_a_node_that_cannot_be_recovered_touches_nothing(string node)
    {
        var before = Names(_lab.Root);
        var result = await RunAsync(
            "basebackup.sh",
            _lab.Nodes[0].DataDirectory,
            "localhost",
            _lab.Nodes[1].DataDirectory,
            "11002",
            node
        );
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("basebackup.sh: ", result.Error, StringComparison.Ordinal);
        Assert.Equal(before, Names(_lab.Root));
        Assert.Empty(Calls("pg_basebackup"));
    }

    [Fact]
    public async Task Recovery_with_rewind_copies_only_what_cannot_be_rewound()
    {
        _lab = _lab with { UseRewind = true };
        var data = _lab.Nodes[1].DataDirectory;
        File.WriteAllText($"{data}/PG_VERSION", "15\n");
        File.WriteAllText($"{data}/postgresql.conf", "port = 11003\n");
        await RecoverAsync();
        Assert.Single(Calls("pg_basebackup"));
        Fake("pg_rewind", "echo overwritten >\"$2/postgresql.conf\"; printf '%s' \"$PGUSER\" >\"$0.user\"");
        Assert.Equal(0, (await RecoverAsync()).ExitCode);
        Assert.Single(Calls("pg_basebackup"));
        Assert.Equal(
            $"<-D><{_lab.Nodes[1].ServerDataDirectory}><--source-server=host={_lab.SocketFolder} port=11002 "
                + "dbname=postgres>",
            Calls("pg_rewind")[^1]
        );
        // A directory's user may have a backslash in the name, which would mean something in a connection string.
        Assert.Equal(_lab.Owner, File.ReadAllText($"{_lab.Tools.PostgresBin}/pg_rewind.user"));
        Assert.Equal("port = 11003\n", File.ReadAllText($"{data}/postgresql.conf"));
        Assert.True(File.Exists($"{data}/standby.signal"));
    }

    [Theory]
    [InlineData("rewind", false, true)]
    [InlineData("rewind", true, true)]
    [InlineData("basebackup", true, false)]
    [InlineData("something", false, false)]
    [InlineData("", true, true)]
    public async Task Recovery_is_done_as_its_caller_has_asked_for_this_once(string wish, bool lab, bool rewinds)
    {
        _lab = _lab with { UseRewind = lab };
        File.WriteAllText($"{_lab.Nodes[1].DataDirectory}/PG_VERSION", "15\n");
        Fake("pg_rewind", "");
        var asked = $"{_lab.Paths.Run}/recovery.1";
        File.WriteAllText(asked, $"{wish} {Environment.ProcessId}\n");
        Assert.Equal(0, (await RecoverAsync()).ExitCode);
        Assert.Equal((rewinds ? 1 : 0, rewinds ? 0 : 1), (Calls("pg_rewind").Length, Calls("pg_basebackup").Length));
        Assert.False(File.Exists(asked));

        // It counts once.
        Assert.Equal(0, (await RecoverAsync()).ExitCode);
        Assert.Equal((rewinds ? 1 : 0) + (lab ? 1 : 0), Calls("pg_rewind").Length);
    }

    [Theory]
    [InlineData("rewind 4194999")] // no process has that number
    [InlineData("rewind")]
    [InlineData("rewind $(id)")]
    [InlineData("rewind 1/../self")]
    public async Task A_wish_of_a_caller_that_has_gone_does_not_count(string wish)
    {
        File.WriteAllText($"{_lab.Nodes[1].DataDirectory}/PG_VERSION", "15\n");
        File.WriteAllText($"{_lab.Paths.Run}/recovery.1", wish + "\n");
        Assert.Equal(0, (await RecoverAsync()).ExitCode);
        Assert.Empty(Calls("pg_rewind"));
        Assert.Single(Calls("pg_basebackup"));
        Assert.False(File.Exists($"{_lab.Paths.Run}/recovery.1"));
    }

    [Fact]
    public async Task Who_asks_for_a_rewind_gets_no_base_backup_instead()
    {
        var data = _lab.Nodes[1].DataDirectory;
        File.WriteAllText($"{data}/PG_VERSION", "15\n");
        File.WriteAllText($"{data}/postgresql.conf", "port = 11003\n");
        Fake("pg_rewind", "echo overwritten >\"$2/postgresql.conf\"; exit 1");
        File.WriteAllText($"{_lab.Paths.Run}/recovery.1", $"rewind {Environment.ProcessId}\n");
        var result = await RecoverAsync();
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("pgpoollab recover 1 --basebackup", result.Error, StringComparison.Ordinal);
        Assert.Empty(Calls("pg_basebackup"));
        Assert.Equal("port = 11003\n", File.ReadAllText($"{data}/postgresql.conf"));
    }

    // ---- pgpool_remote_start: host, data folder ----

    [Fact]
    public async Task Remote_start_starts_the_node_with_its_own_log()
    {
        File.WriteAllText($"{_lab.Paths.Log}/node2.log", "LOG:  of the day before\n");
        Fake("psql", "echo 1");
        var result = await RemoteStartAsync();
        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.Equal([$"<-D><{_lab.Nodes[2].ServerDataDirectory}>"], Calls("postgres"));
        var server = ServerOf(_lab.Nodes[2])!;
        Assert.Equal((server.Id, "ready"), (server.SessionId, StatusOf(_lab.Nodes[2])![1]));
        Assert.Equal("LOG:  of the day before\nLOG:  starting\n", LogOf("node2"));
        Assert.Contains("<-p><11004>", Assert.Single(Calls("psql")), StringComparison.Ordinal);
        Assert.EndsWith("data2 accepts connections\n", LogOf("recovery"), StringComparison.Ordinal);
        Assert.Equal(("remote_start", 0), Ended());
        Assert.Empty(Calls("pg_ctl"));
    }

    [Theory]
    [InlineData("dying")]
    [InlineData("starting")]
    public async Task Remote_start_of_a_node_that_does_not_start_fails_and_leaves_nothing_running(string manner)
    {
        Fake("postgres", Serve(manner));
        GiveUpAfter(1, insteadOf: 60);
        var result = await RemoteStartAsync();
        Assert.Equal((1, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.Equal([$"<-D><{_lab.Nodes[2].ServerDataDirectory}><-m><immediate><-w><-s><stop>"], Calls("pg_ctl"));
        Assert.EndsWith(
            "data2 did not start (exit code 1); see node2.log\n",
            LogOf("recovery"),
            StringComparison.Ordinal
        );
        Assert.Equal(("remote_start", 1), Ended());
        Assert.Empty(Calls("psql"));
    }

    [Fact]
    public async Task Remote_start_of_a_node_that_receives_nothing_fails_and_leaves_nothing_running()
    {
        Fake("psql", "echo 0");
        GiveUpAfter(1, insteadOf: 60);
        Assert.Equal(1, (await RemoteStartAsync()).ExitCode);
        Assert.Contains(
            "data2 accepts connections, but receives nothing from the primary (waited ",
            LogOf("recovery"),
            StringComparison.Ordinal
        );
        Assert.Equal([$"<-D><{_lab.Nodes[2].ServerDataDirectory}><-m><immediate><-w><-s><stop>"], Calls("pg_ctl"));
        Assert.Equal(("remote_start", 1), Ended());
    }

    // ---- follow_primary.sh: node, host, port, new primary, its host, old main node, old primary, new primary's port
    // ----

    [Fact]
    public async Task A_standby_follows_the_new_primary_and_is_attached_again()
    {
        await StartServerAsync(_lab.Nodes[2]);
        Fake(
            "psql",
            "case \"$*\" in *\" 11003 \"*pg_is_in_recovery*) echo f ;; *pg_is_in_recovery*) echo t ;; "
                + "*pg_walfile_name*) echo '2|0/5000000' ;; *pg_stat_wal_receiver*) echo follows ;; *) cat "
                + ">/dev/null ;; esac"
        );
        var result = await FollowAsync();
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal(
            _renderer.RenderStandby("postgresql/myrecovery.conf", _lab, _lab.Nodes[2], _lab.Nodes[1]),
            File.ReadAllText($"{_lab.Nodes[2].DataDirectory}/myrecovery.conf")
        );
        Assert.Equal($"<-D><{_lab.Nodes[2].ServerDataDirectory}><reload>", Calls("pg_ctl")[^1]);
        Assert.Equal(
            [$"<-w><-h><{_lab.Pgpool.PcpSocketDirectory}><-p><11001><-U><{_lab.Owner}><-n><2>"],
            Calls("../pcp's/pcp_attach_node")
        );
        Assert.Equal(_lab.Paths.PcpPass, File.ReadAllText($"{_lab.Tools.PcpBin}/pcp_attach_node.passfile"));
    }

    /// <summary>Pgpool-II would wait for it without end.</summary>
    [Fact]
    public async Task A_standby_that_Pgpool_cannot_reach_is_not_attached()
    {
        await StartServerAsync(_lab.Nodes[2]);
        Fake(
            "psql",
            "case \"$*\" in *\" 11003 \"*pg_is_in_recovery*) echo f ;; *pg_is_in_recovery*) echo t ;; "
                + "*pg_walfile_name*) echo '2|0/5000000' ;; *pg_stat_wal_receiver*) echo follows ;; *) cat "
                + ">/dev/null ;; esac"
        );
        Fake("pg_isready", "exit 2");
        Assert.Equal(1, (await FollowAsync()).ExitCode);
        Assert.Equal(["<-q><-t><5><-h><localhost><-p><11004>"], Calls("pg_isready"));
        Assert.EndsWith(
            "where Pgpool-II connects to it, at localhost:11004, nothing answers: it is not attached\n",
            LogOf("failover"),
            StringComparison.Ordinal
        );
        Assert.Empty(Calls("../pcp's/pcp_attach_node"));
    }

    /// <summary>It does so a moment after it has attached another node.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Pcp_that_is_started_again_just_when_a_standby_is_attached_is_asked_again(int exitCode)
    {
        await StartServerAsync(_lab.Nodes[2]);
        Fake(
            "psql",
            "case \"$*\" in *\" 11003 \"*pg_is_in_recovery*) echo f ;; *pg_is_in_recovery*) echo t ;; "
                + "*pg_walfile_name*) echo '2|0/5000000' ;; *pg_stat_wal_receiver*) echo follows ;; *) cat "
                + ">/dev/null ;; esac"
        );
        Fake(
            "../pcp's/pcp_attach_node",
            "[ -e \"$0.cut\" ] && { echo pcp_attach_node -- Command Successful; exit 0; }; : >\"$0.cut\"; "
                + $"echo 'ERROR: unable to read data from socket.' >&2; exit {exitCode}"
        );
        Assert.Equal(0, (await FollowAsync()).ExitCode);
        Assert.Equal(2, Calls("../pcp's/pcp_attach_node").Length);
        Assert.Contains(
            "unable to read data from socket",
            File.ReadAllText($"{_lab.Paths.Log}/failover.log"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_standby_follows_the_new_primary_whatever_port_Pgpool_names()
    {
        await StartServerAsync(_lab.Nodes[2]);
        Fake(
            "psql",
            "case \"$*\" in *\" 11003 \"*pg_is_in_recovery*) echo f ;; *pg_is_in_recovery*) echo t ;; "
                + "*pg_walfile_name*) echo '2|0/5000000' ;; *pg_stat_wal_receiver*) echo follows ;; *) cat "
                + ">/dev/null ;; esac"
        );
        Assert.Equal(0, (await FollowAsync(port: 11002)).ExitCode);
        Assert.Equal(
            _renderer.RenderStandby("postgresql/myrecovery.conf", _lab, _lab.Nodes[2], _lab.Nodes[1]),
            File.ReadAllText($"{_lab.Nodes[2].DataDirectory}/myrecovery.conf")
        );
        Assert.Single(Calls("../pcp's/pcp_attach_node"));
    }

    [Fact]
    public async Task A_standby_before_PostgreSQL_13_is_restarted_to_follow()
    {
        _lab = _lab with { Tools = _lab.Tools with { Postgres = new PostgresVersion(12, 4) } };
        await StartServerAsync(_lab.Nodes[2]);
        Fake(
            "psql",
            "case \"$*\" in *\" 11003 \"*pg_is_in_recovery*) echo f ;; *pg_is_in_recovery*) echo t ;; "
                + "*pg_walfile_name*) echo '2|0/5000000' ;; *pg_stat_wal_receiver*) echo follows ;; *) cat "
                + ">/dev/null ;; esac"
        );
        Assert.Equal(0, (await FollowAsync()).ExitCode);
        Assert.EndsWith("<-m><fast><-w><-s><restart>", Calls("pg_ctl")[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_former_primary_is_copied_anew()
    {
        await StartServerAsync(_lab.Nodes[2]);
        Fake(
            "psql",
            "case \"$*\" in *\" 11003 \"*pg_is_in_recovery*) echo f ;; *pg_is_in_recovery*) echo f ;; "
                + "*pg_walfile_name*) echo '2|0/5000000' ;; *pg_stat_wal_receiver*) echo follows ;; *) cat "
                + ">/dev/null ;; esac"
        );
        Script($"{_lab.Nodes[1].DataDirectory}/basebackup.sh", "#!/bin/sh\nprintf '<%s>' \"$@\" >\"$0.calls\"\n");
        Script($"{_lab.Nodes[2].DataDirectory}/pgpool_remote_start", "#!/bin/sh\nprintf '<%s>' \"$@\" >\"$0.calls\"\n");
        Assert.Equal(0, (await FollowAsync()).ExitCode);
        Assert.Equal(
            $"<{_lab.Nodes[1].ServerDataDirectory}><localhost><{_lab.Nodes[2].ServerDataDirectory}><11003><2>",
            File.ReadAllText($"{_lab.Nodes[1].DataDirectory}/basebackup.sh.calls")
        );
        Assert.Equal(
            $"<localhost><{_lab.Nodes[2].ServerDataDirectory}>",
            File.ReadAllText($"{_lab.Nodes[2].DataDirectory}/pgpool_remote_start.calls")
        );
        Assert.Single(Calls("../pcp's/pcp_attach_node"));
    }

    [Fact]
    public async Task A_standby_that_has_what_the_new_primary_never_had_is_copied_anew_at_once()
    {
        await StartServerAsync(_lab.Nodes[2]);
        Directory.CreateDirectory($"{_lab.Nodes[1].DataDirectory}/pg_wal");
        EachPauseLasts(seconds: 1);
        File.WriteAllText(
            $"{_lab.Nodes[1].DataDirectory}/pg_wal/0000000B.history",
            "1\t0/3000000\tno recovery target specified\n\n10\t0/4CA49D8\tno recovery target specified\n"
        );
        Fake(
            "psql",
            """
            case "$*" in
                *" 11003 "*pg_is_in_recovery*) echo f ;;
                *pg_is_in_recovery*) echo t ;;
                *pg_walfile_name*) echo '11|0/5000000' ;;
                *"> '0/4CA49D8' THEN 'diverged'"*)
                    echo x >>"$0.asked"
                    if [ "$(wc -l <"$0.asked")" -gt 2 ]; then echo follows; else echo diverged; fi
                    ;;
                *) cat >/dev/null ;;
            esac
            """
        );
        Script($"{_lab.Nodes[1].DataDirectory}/basebackup.sh", "#!/bin/sh\nexit 0\n");
        Script($"{_lab.Nodes[2].DataDirectory}/pgpool_remote_start", "#!/bin/sh\nexit 0\n");
        Assert.Equal(0, (await FollowAsync()).ExitCode);
        // Seen for a second: a receiver that is just being started again is not there for a moment.
        Assert.Equal(3, Calls("psql").Count(c => c.Contains("diverged", StringComparison.Ordinal)));
        Assert.Equal($"<-D><{_lab.Nodes[2].ServerDataDirectory}><-m><immediate><-w><-s><stop>", Calls("pg_ctl")[^1]);
        Assert.Single(Calls("../pcp's/pcp_attach_node"));
    }

    [Fact]
    public async Task Nobody_is_made_to_follow_a_node_that_is_no_primary()
    {
        var server = await StartServerAsync(_lab.Nodes[2]);
        Fake("psql", "case \"$*\" in *pg_is_in_recovery*) echo t ;; *) cat >/dev/null ;; esac");
        Assert.Equal(1, (await FollowAsync()).ExitCode);
        Assert.Empty(Calls("pg_ctl"));
        Assert.Empty(Signals(_lab.Nodes[2]));
        await EndAsync(server);
        var result = await RecoverAsync(node: 2, from: 1);
        Assert.Equal(
            (1, "basebackup.sh: node 1 is no primary; nothing is copied from it, and node 2 is as it was\n"),
            (result.ExitCode, result.Error)
        );
        Assert.Empty(Calls("pg_basebackup"));
    }

    [Fact]
    public async Task A_node_that_does_not_run_is_left_alone()
    {
        Assert.Equal(0, (await FollowAsync()).ExitCode);
        Assert.Empty(Calls("psql"));
        Assert.Empty(Calls("pg_ctl"));
        Assert.Empty(Calls("../pcp's/pcp_attach_node"));
    }

    // ---- what a user calls ----

    // ---- native replication ----

    private void Replicates() => _lab = _lab with { Mode = ClusteringMode.NativeReplication, UseSlots = false };

    [Fact]
    public async Task The_first_stage_stops_the_standby_a_former_recovery_left()
    {
        Replicates();
        Fake(
            "psql",
            "case \"$*\" in *' 11003 '*pg_is_in_recovery*) echo t ;; *pg_is_in_recovery*) echo f ;; "
                + "*pg_stat_wal_receiver*) echo 1 ;; esac"
        );
        Assert.Equal(0, (await RecoverAsync()).ExitCode);
        Assert.Equal($"<-D><{_lab.Nodes[1].ServerDataDirectory}><-m><fast><-w><-s><stop>", Calls("pg_ctl")[0]);
    }

    [Fact]
    public async Task The_first_stage_starts_the_copy_as_a_standby_and_waits_until_it_follows()
    {
        Replicates();
        Fake("psql", "case \"$*\" in *pg_is_in_recovery*) echo f ;; *pg_stat_wal_receiver*) echo 1 ;; esac");
        var result = await RecoverAsync();
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal([$"<-D><{_lab.Nodes[1].ServerDataDirectory}>"], Calls("postgres"));
        Assert.Equal(
            (ServerOf(_lab.Nodes[1])!.Id, "LOG:  starting\n"),
            (ServerOf(_lab.Nodes[1])!.SessionId, LogOf("node1"))
        );
        Assert.Empty(Calls("pg_ctl"));
        Assert.Equal(
            _renderer.RenderStandby("postgresql/myrecovery.conf", _lab, _lab.Nodes[1], _lab.Nodes[0]),
            File.ReadAllText($"{_lab.Nodes[1].DataDirectory}/myrecovery.conf")
        );
    }

    /// <summary>psql that tells of databases, positions and that the copy has replayed all.</summary>
    private void FakeSecondStage(params string[] databases) =>
        Fake(
            "psql",
            $"case \"$*\" in *'SELECT oid'*) seq {databases.Length} ;; "
                + string.Concat(databases.Select((d, i) => $"*'oid = {i + 1}'*) echo {Shell.Quote(d)} ;; "))
                + "*'>='*) echo t ;; *pg_current_wal_lsn*) echo 0/5000000 ;; *setval*) echo 1 ;; esac"
        );

    private Task<CommandResult> SecondStageAsync() =>
        RunAsync(
            "pgpool_recovery_pitr",
            _lab.Nodes[0].ServerDataDirectory,
            "localhost",
            _lab.Nodes[1].ServerDataDirectory,
            "11002",
            "1"
        );

    [Fact]
    public async Task The_second_stage_writes_sequences_waits_for_the_copy_and_promotes_it()
    {
        Replicates();
        FakeSecondStage("postgres", "test");
        var result = await SecondStageAsync();
        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.Equal([$"<-D><{_lab.Nodes[1].ServerDataDirectory}><-w><-t><60><promote>"], Calls("pg_ctl"));
        Assert.Equal(
            ["dbname='postgres'", "dbname='test'"],
            Calls("psql").Where(c => c.Contains("setval", StringComparison.Ordinal)).Select(DatabaseOf)
        );
        Assert.Contains(
            "<-p><11003>",
            Calls("psql").Single(c => c.Contains(">= '0/5000000'", StringComparison.Ordinal)),
            StringComparison.Ordinal
        );
        Assert.Equal(
            ("recovery_2nd_stage", 0),
            (Event().GetProperty("event").GetString(), Event().GetProperty("exit_code").GetInt32())
        );
    }

    /// <summary>The rules of libpq's connection strings.</summary>
    [Theory]
    [InlineData("two words", "dbname='two words'")]
    [InlineData("it's", @"dbname='it\'s'")]
    [InlineData(@"back\slash", @"dbname='back\\slash'")]
    [InlineData("$HOME `id`", "dbname='$HOME `id`'")]
    [InlineData("-x", "dbname='-x'")]
    [InlineData(" between blanks ", "dbname=' between blanks '")]
    public async Task A_database_of_whatever_name_has_its_sequences_written(string database, string connection)
    {
        Replicates();
        FakeSecondStage(database);
        Assert.Equal(0, (await SecondStageAsync()).ExitCode);
        Assert.Equal(connection, DatabaseOf(Calls("psql").Single(c => c.Contains("setval", StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData("SELECT oid", "cannot list the databases")]
    [InlineData("setval", "cannot write the sequences of database test to WAL")]
    [InlineData("pg_current_wal_lsn", "cannot ask the main node for its WAL position")]
    public async Task A_second_stage_that_fails_stops_the_copy_so_that_it_can_be_recovered_again(
        string failing,
        string why
    )
    {
        Replicates();
        Fake(
            "psql",
            $"case \"$*\" in *'{failing}'*) exit 2 ;; *'SELECT oid'*) echo 5 ;; *'oid = 5'*) echo test ;; "
                + "*'>='*) echo t ;; *pg_current_wal_lsn*) echo 0/5 ;; esac"
        );
        var result = await SecondStageAsync();
        Assert.Equal((1, $"pgpool_recovery_pitr: {why}\n"), (result.ExitCode, result.Error));
        Assert.Equal([$"<-D><{_lab.Nodes[1].ServerDataDirectory}><-m><immediate><-w><-s><stop>"], Calls("pg_ctl"));
    }

    [Fact]
    public async Task Remote_start_leaves_alone_what_runs_since_the_first_stage()
    {
        Replicates();
        var server = await StartServerAsync(_lab.Nodes[2]);
        Assert.Equal(0, (await RemoteStartAsync()).ExitCode);
        Assert.Empty(Calls("postgres"));
        Assert.Empty(Calls("pg_ctl"));
        Assert.True(Runs(server));
        Assert.Equal(("remote_start", 0), Ended());
    }

    private static string DatabaseOf(string call) => call.Split("><-d><")[1].Split("><")[0];

    [Fact]
    public async Task Pgpool_reload_names_this_labs_configuration()
    {
        Assert.Equal(0, (await CallAsync("pgpool_reload")).ExitCode);
        Assert.Equal([$"<-f><{_lab.Paths.PgpoolConf}><reload>"], Calls("../pool/bin/pgpool"));
    }

    [Fact]
    public async Task Bashrc_ports_can_be_sourced()
    {
        File.WriteAllText(_outer["bashrc.ports"], _renderer.Render("scripts/bashrc.ports", _lab));
        var result = await HostRunAsync(
            new CommandSpec("/bin/sh", "-c", ". \"$1\"; env", "sh", _outer["bashrc.ports"])
        );
        Assert.Contains($"\nPCPPASSFILE={_lab.Paths.PcpPass}\n", "\n" + result.Output, StringComparison.Ordinal);
        Assert.Contains("\nPGPOOL_PORT=11000\n", "\n" + result.Output, StringComparison.Ordinal);
        Assert.Contains("\nPCP_PORT=11001\n", "\n" + result.Output, StringComparison.Ordinal);
    }

    // ---- commands PostgreSQL runs by way of a shell ----

    [Fact]
    public async Task What_is_archived_can_be_restored()
    {
        _lab = _lab with { UseSlots = false };
        Directory.CreateDirectory(_lab.Paths.ArchiveOf(0));
        Directory.CreateDirectory($"{_lab.Nodes[0].DataDirectory}/pg_wal");
        File.WriteAllText($"{_lab.Nodes[0].DataDirectory}/pg_wal/000000010000000000000001", "WAL");
        var archive = await AsPostgresAsync(
            _lab.Nodes[0],
            _renderer.RenderNode("postgresql/postgresql.conf", _lab, _lab.Nodes[0]),
            "archive_command",
            "pg_wal/000000010000000000000001"
        );
        Assert.Equal((0, ""), (archive.ExitCode, archive.Error));
        Assert.Equal(["000000010000000000000001"], Names(_lab.Paths.ArchiveOf(0)));

        var standby = _renderer.RenderStandby("postgresql/myrecovery.conf", _lab, _lab.Nodes[1], _lab.Nodes[0]);
        Assert.Equal(
            0,
            (
                await AsPostgresAsync(
                    _lab.Nodes[1],
                    standby,
                    "restore_command",
                    "pg_wal_restored",
                    "000000010000000000000001"
                )
            ).ExitCode
        );
        Assert.Equal("WAL", File.ReadAllText($"{_lab.Nodes[1].DataDirectory}/pg_wal_restored"));

        // Above 125 PostgreSQL would take it for fatal.
        var missing = await AsPostgresAsync(_lab.Nodes[1], standby, "restore_command", "x", "000000010000000000000002");
        Assert.Equal((1, ""), (missing.ExitCode, missing.Error));
    }

    private Task<CommandResult> AsPostgresAsync(
        PostgresNode node,
        string conf,
        string setting,
        string path,
        string? file = null
    )
    {
        var line = conf.Split('\n').Last(l => l.StartsWith(setting + " = '", StringComparison.Ordinal));
        // The rules of postgresql.conf, then those of the commands' %-escapes.
        var value = line[(setting.Length + 4)..^1]
            .Replace("''", "'", StringComparison.Ordinal)
            .Replace(@"\\", @"\", StringComparison.Ordinal);
        var command = value
            .Replace("%%", "\0", StringComparison.Ordinal)
            .Replace("%p", path, StringComparison.Ordinal)
            .Replace("%f", file ?? Path.GetFileName(path), StringComparison.Ordinal)
            .Replace('\0', '%');
        return HostRunAsync(new CommandSpec("/bin/sh", "-c", command) { WorkingDirectory = node.DataDirectory });
    }
}
