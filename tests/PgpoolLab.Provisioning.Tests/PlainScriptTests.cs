using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>startall and stopall where there is no pgpoollab to hand over to: plain lines of pg_ctl and
/// pgpool.</summary>
public sealed class PlainScriptTests : ScriptBench
{
    public PlainScriptTests() => FakePgCtl();

    private Task<CommandResult> PlainAsync(string script, params string[] arguments) =>
        CallAsync(script, ["--plain", .. arguments]);

    /// <summary>Pgpool-II that answers once it runs, and ends when it is told.</summary>
    private void FakePgpool()
    {
        FakePgpoolThatAnswers();
        var start = File.ReadAllText(_lab.Tools.PgpoolProgram);
        File.WriteAllText(
            _lab.Tools.PgpoolProgram,
            start.Replace(
                "echo $$ >run/pgpool.pid",
                "case \"$*\" in *' stop') kill -INT \"$(cat run/pgpool.pid)\"; exit ;; esac; "
                    + "echo $$ >run/pgpool.pid",
                StringComparison.Ordinal
            )
        );
    }

    [Fact]
    public async Task Everything_starts_and_stops_and_both_can_be_repeated()
    {
        FakePgpool();
        var result = await PlainAsync("startall");
        Assert.Equal(
            (0, "node 0: started\nnode 1: started\nnode 2: started\nPgpool-II: started, port 11000\n", ""),
            (result.ExitCode, result.Output, result.Error)
        );
        var lab = _lab.Pgpool.ServerFolder;
        Assert.Equal(
            _lab.Nodes.Select(n => $"<-w><-D><{n.ServerDataDirectory}><-l><{lab}/log/node{n.Id}.log><start>"),
            Calls("pg_ctl")
        );
        Assert.Equal(
            [
                $"<-D><-n><-f><{_lab.Paths.PgpoolConf}><-F><{_lab.Paths.PcpConf}>"
                    + $"<-a><{_lab.Paths.PoolHba}><-k><{_lab.Paths.PoolKey}>",
            ],
            Calls("../pool/bin/pgpool")
        );
        Assert.Equal(_lab.Root + "\n", File.ReadAllText($"{_lab.Tools.PgpoolProgram}.cwd"));
        Assert.Equal("pgpool says\n", File.ReadAllText(_lab.Paths.PgpoolLog));
        var servers = Servers(_ => true);
        Assert.Equal(4, servers.Count);

        result = await PlainAsync("startall");
        Assert.Equal(
            (0, "node 0: runs already\nnode 1: runs already\nnode 2: runs already\nPgpool-II: runs already\n", ""),
            (result.ExitCode, result.Output, result.Error)
        );
        Assert.Equal(servers, Servers(_ => true));

        result = await PlainAsync("stopall");
        Assert.Equal(
            (0, "Pgpool-II: stopped\nnode 0: stopped\nnode 1: stopped\nnode 2: stopped\n", ""),
            (result.ExitCode, result.Output, result.Error)
        );
        await WaitForAsync(() => Servers(_ => true).Count == 0);

        result = await PlainAsync("stopall");
        Assert.Equal(
            (
                0,
                "Pgpool-II: is not running\nnode 0: is not running\nnode 1: is not running\nnode 2: is not running\n",
                ""
            ),
            (result.ExitCode, result.Output, result.Error)
        );
    }

    [Fact]
    public async Task What_does_not_start_is_said_and_the_rest_starts()
    {
        Fake("pg_isready", "exit 2");
        Fake("../pool/bin/pgpool", "echo 'FATAL: could not bind'; exit 3");
        Fake("postgres", $"case $2 in *data1) exit 1 ;; esac; {Serve("ready")}");
        var result = await PlainAsync("startall");
        Assert.Equal(
            (
                1,
                "node 0: started\nnode 2: started\n",
                "node 1: did not start; see log/node1.log\nPgpool-II: does not answer; the end of log/pgpool.log:\n"
                    + "FATAL: could not bind\n"
            ),
            (result.ExitCode, result.Output, result.Error)
        );
    }

    [Fact]
    public async Task A_Pgpool_that_never_answers_is_given_up_after_a_minute()
    {
        FakePgpool();
        Fake("pg_isready", "exit 2");
        // Each look at the clock is half a minute later.
        Program("date", "echo x >>\"$0.calls\"; echo $((1000 + 30 * $(wc -l <\"$0.calls\")))");
        var result = await PlainAsync("startall", "pgpool");
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("Pgpool-II: does not answer; ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { "", "", "" }, new[] { 0, 1, 2 })]
    [InlineData(new[] { "2", "2", "2" }, new[] { 0, 1, 2 })]
    [InlineData(new[] { "2 A", "2", "2 A" }, new[] { 0, 2 })]
    [InlineData(new[] { "2", "", "2 A" }, new[] { 2 })]
    public async Task A_primary_that_another_node_took_over_from_is_not_started(string[] histories, int[] started)
    {
        foreach (var node in _lab.Nodes)
        {
            Directory.CreateDirectory($"{node.DataDirectory}/pg_wal");
            foreach (var timeline in histories[node.Id].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                File.WriteAllText($"{node.DataDirectory}/pg_wal/{timeline.PadLeft(8, '0')}.history", "");
            }
        }

        var result = await PlainAsync("startall", "nodes");
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(started.Select(n => $"data{n}"), StartedNodes());
        Assert.Equal(
            string.Concat(
                _lab.Nodes.Select(n => n.Id)
                    .Except(started)
                    .Select(n =>
                        $"node {n}: not started, another node took over from it. Bring it back with: "
                        + $"pgpoollab recover {n}\n"
                    )
            ),
            result.Error
        );
    }

    [Fact]
    public async Task A_standby_is_started_whatever_timelines_the_primary_has()
    {
        Directory.CreateDirectory($"{_lab.Nodes[0].DataDirectory}/pg_wal");
        File.WriteAllText($"{_lab.Nodes[0].DataDirectory}/pg_wal/00000002.history", "");
        File.WriteAllText($"{_lab.Nodes[1].DataDirectory}/standby.signal", "");
        File.WriteAllText($"{_lab.Nodes[2].DataDirectory}/recovery.conf", "");
        Assert.Equal(0, (await PlainAsync("startall", "nodes")).ExitCode);
        Assert.Equal(["data0", "data1", "data2"], StartedNodes());
    }

    [Fact]
    public async Task What_a_recovery_left_that_did_not_come_to_an_end_is_not_started_where_it_would_be_written_to()
    {
        _lab = _lab with { Mode = ClusteringMode.NativeReplication, UseSlots = false };
        File.WriteAllText($"{_lab.Nodes[1].DataDirectory}/standby.signal", "");
        var result = await PlainAsync("startall", "nodes");
        Assert.Equal(
            (1, "node 1: not started, its online recovery did not come to an end. Try again: pgpoollab recover 1\n"),
            (result.ExitCode, result.Error)
        );
        Assert.Equal(["data0", "data2"], StartedNodes());
    }

    [Theory]
    [InlineData("startall", "nodes", 3, 0)]
    [InlineData("startall", "pgpool", 0, 1)]
    public async Task One_half_can_be_asked_for(string script, string half, int nodes, int pgpools)
    {
        FakePgpool();
        var result = await PlainAsync(script, half);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal((nodes, pgpools), (Calls("postgres").Length, Servers(p => p.Name == "pgpool").Count));
        Assert.Equal(0, (await PlainAsync("stopall", half)).ExitCode);
        await WaitForAsync(() => Servers(_ => true).Count == 0);
    }

    [Fact]
    public async Task No_stranger_whose_number_is_in_an_old_PID_file_is_sent_a_signal_or_taken_for_a_server()
    {
        FakePgpool();
        using var stranger = System.Diagnostics.Process.Start("sleep", "60");
        File.WriteAllText(_lab.Paths.PgpoolPid, $"{stranger.Id}\n\0");
        foreach (var node in _lab.Nodes)
        {
            File.WriteAllText($"{node.DataDirectory}/postmaster.pid", $"{stranger.Id}\n{node.DataDirectory}\n");
        }

        Assert.Equal(0, (await PlainAsync("stopall")).ExitCode);
        Assert.Equal(0, (await PlainAsync("startall")).ExitCode);
        Assert.False(stranger.HasExited);
        stranger.Kill();
        await stranger.WaitForExitAsync();
        Assert.Equal(4, Servers(_ => true).Count);
    }

    [Fact]
    public async Task Servers_hold_nothing_of_who_calls_the_script_and_their_logs_are_their_owners_alone()
    {
        FakePgpool();
        File.WriteAllText(_outer["held"], "");
        Assert.Equal(0, (await PlainAsync("startall", "nodes")).ExitCode); // writes the script
        Assert.Equal(0, (await PlainAsync("stopall", "nodes")).ExitCode);
        var result = await HostRunAsync(
            new CommandSpec(
                "bash", // knows descriptors of two digits
                "-c",
                "exec 7>\"$1\" 12>\"$1\"; exec \"$2\" --plain",
                "sh",
                _outer["held"],
                $"{_lab.Root}/startall"
            )
        );
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        var servers = Servers(_ => true);
        Assert.Equal(4, servers.Count);
        Assert.All(
            servers,
            s =>
                Assert.DoesNotContain(
                    Directory.GetFiles($"/proc/{s.Id}/fd").Select(f => new FileInfo(f).LinkTarget),
                    f => f is null || f == _outer["held"] || f.EndsWith("/.pgpoollab/lock", StringComparison.Ordinal)
                )
        );
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            File.GetUnixFileMode($"{_lab.Paths.Log}/node0.log")
        );
    }

    /// <summary>The exit code of <c>pgpool stop</c> is wrong both ways: where a process that has ended is not
    /// collected, and where one ends in the last of its five seconds.</summary>
    [Fact]
    public async Task Whether_Pgpool_has_stopped_is_seen_by_its_process()
    {
        FakePgpool();
        Assert.Equal(0, (await PlainAsync("startall", "pgpool")).ExitCode);
        Fake("../pool/bin/pgpool", "exit 1");
        var result = await PlainAsync("stopall", "pgpool");
        Assert.Equal((0, "Pgpool-II: stopped\n", ""), (result.ExitCode, result.Output, result.Error));

        File.Delete(_outer["answers"]);
        FakePgpool();
        var program = File.ReadAllText(_lab.Tools.PgpoolProgram);
        File.WriteAllText(
            _lab.Tools.PgpoolProgram,
            program.Replace("servers/pgpool\" ready", "servers/pgpool\" stubborn", StringComparison.Ordinal)
        );
        Assert.Equal(0, (await PlainAsync("startall", "pgpool")).ExitCode);
        var server = Assert.Single(Servers(p => p.Name == "pgpool"));
        // Each look at the clock is half a minute later.
        Program("date", "echo x >>\"$0.calls\"; echo $((1000 + 30 * $(wc -l <\"$0.calls\")))");
        result = await PlainAsync("stopall", "pgpool");
        Assert.Equal(
            (1, "", $"Pgpool-II: did not stop (pid {server.Id}); see log/pgpool.log\n"),
            (result.ExitCode, result.Output, result.Error)
        );
    }

    [Fact]
    public async Task Without_proc_a_stranger_is_known_by_the_name_of_its_program()
    {
        using var stranger = System.Diagnostics.Process.Start("sleep", "60");
        File.WriteAllText(_lab.Paths.PgpoolPid, $"{stranger.Id}\n\0");
        foreach (var node in _lab.Nodes)
        {
            File.WriteAllText($"{node.DataDirectory}/postmaster.pid", $"{stranger.Id}\n{node.DataDirectory}\n");
        }

        Script(
            $"{_lab.Root}/stopall",
            _renderer
                .Render("scripts/stopall", _lab)
                .Replace("/proc/self/cwd", "/nonexistent", StringComparison.Ordinal)
        );
        var result = await HostRunAsync(new CommandSpec($"{_lab.Root}/stopall", "--plain"));
        var wasStopped = stranger.HasExited;
        stranger.Kill();
        await stranger.WaitForExitAsync();
        Assert.Equal(
            (0, "Pgpool-II: is not running\nnode 0: is not running\nnode 1: is not running\nnode 2: is not running\n"),
            (result.ExitCode, result.Output)
        );
        Assert.False(wasStopped);
        Assert.Empty(Calls("pg_ctl"));
    }

    [Fact]
    public async Task A_node_whose_recovery_was_killed_before_it_was_a_standby_is_no_second_primary()
    {
        Directory.CreateDirectory($"{_lab.Nodes[1].DataDirectory}.kept");
        File.WriteAllText($"{_lab.Nodes[2].DataDirectory}/standby.signal", "");
        Directory.CreateDirectory($"{_lab.Nodes[2].DataDirectory}.kept");
        var result = await PlainAsync("startall", "nodes");
        Assert.Equal(
            (1, "node 1: not started, its online recovery did not come to an end. Try again: pgpoollab recover 1\n"),
            (result.ExitCode, result.Error)
        );
        Assert.Equal(["data0", "data2"], StartedNodes());
    }

    [Fact]
    public async Task The_only_primary_is_started_whatever_a_former_recovery_of_it_has_left()
    {
        Directory.CreateDirectory($"{_lab.Nodes[1].DataDirectory}.kept");
        Directory.CreateDirectory($"{_lab.Nodes[1].DataDirectory}/pg_wal");
        File.WriteAllText($"{_lab.Nodes[1].DataDirectory}/pg_wal/00000002.history", "");
        File.WriteAllText($"{_lab.Nodes[2].DataDirectory}/standby.signal", "");
        Assert.Equal(0, (await PlainAsync("startall", "nodes")).ExitCode);
        Assert.Equal(["data1", "data2"], StartedNodes());
    }

    [Fact]
    public async Task The_link_to_the_socket_of_pcp_is_made_before_there_is_that_socket()
    {
        FakePgpool();
        var links = Directory.CreateDirectory(_outer["links"]).FullName;
        _lab = _lab with { HasPrivateSockets = true, LinkDirectories = [links] };
        var folder = Directory.CreateDirectory(_lab.SocketFolder).FullName;
        var socket = Shell.Quote($"{folder}/.s.PGSQL.{_lab.Pgpool.Port}");
        File.WriteAllText(
            _lab.Tools.PgpoolProgram,
            File.ReadAllText(_lab.Tools.PgpoolProgram)
                .Replace("echo pgpool says", $": >{socket}", StringComparison.Ordinal)
        );
        // The pcp programs have their folder compiled in.
        Script(
            $"{_lab.Root}/startall",
            _renderer
                .Render("scripts/startall", _lab)
                .Replace(" /tmp/.s.", $" {Shell.Quote(links)}/.s.", StringComparison.Ordinal)
        );
        var result = await HostRunAsync(new CommandSpec($"{_lab.Root}/startall", "--plain", "pgpool"));
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal([$".s.PGSQL.{_lab.Pgpool.Port}", $".s.PGSQL.{_lab.Pgpool.PcpPort}"], Names(links));
    }

    [Theory]
    [InlineData("startall", new[] { "pgpool0 nodes", "pgpool0 pgpool", "pgpool1 pgpool", "pgpool2 pgpool" })]
    [InlineData("stopall", new[] { "pgpool2 pgpool", "pgpool1 pgpool", "pgpool0 pgpool", "pgpool0 nodes" })]
    public async Task A_watchdogs_script_calls_each_Pgpools_and_goes_on_when_one_fails(string script, string[] calls)
    {
        for (var i = 0; i < 3; i++)
        {
            Directory.CreateDirectory($"{_lab.Root}/pgpool{i}");
            Script(
                $"{_lab.Root}/pgpool{i}/{script}",
                $"#!/bin/sh\necho \"$(basename \"$(dirname \"$0\")\") $2 $1 ${{PGPOOLLAB_HAS_LOCK-no lock}}\" "
                    + $">>{Shell.Quote(_outer["calls"])}\n[ {i} != 1 ]\n"
            );
        }

        _lab = Labs.Fixed(root: _lab.Root, pgpools: 3) with { Owner = Labs.Me };
        Script($"{_lab.Root}/{script}", _renderer.Render($"scripts/watchdog_{script}", _lab));
        var result = await HostRunAsync(new CommandSpec($"{_lab.Root}/{script}", "--plain") { WorkingDirectory = "/" });
        Assert.Equal((1, ""), (result.ExitCode, result.Error));
        var seen = File.ReadAllLines(_outer["calls"]);
        // startall starts the Pgpool-IIs side by side.
        Assert.Equal(
            calls.Select(c => $"{c} --plain 1"),
            script == "startall" ? seen.Order(StringComparer.Ordinal) : seen
        );
        Assert.Equal($"{calls[0]} --plain 1", seen[0]);
    }
}
