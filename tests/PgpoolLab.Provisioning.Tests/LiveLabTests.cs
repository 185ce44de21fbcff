using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

public sealed class LiveLabTests
{
    private readonly FakeHost _host = new();
    private readonly Lab _lab = Labs.Former();

    private LiveLab Servers => new(_host, _lab, new ProbeRunner(_host, TimeProvider.System));

    private PostgresNode Node => _lab.Nodes[0];

    private void Runs(int id, string name, string? folder, string commandLine = "") =>
        _host.Processes.Add(new ProcessFacts(id, "1", name, commandLine, folder, id));

    private void NodePid(int id, string status = "ready   ") =>
        _host.Files["/srv/lab/data0/postmaster.pid"] =
            $"{id}\n/srv/lab/data0\n1795428963\n11002\n/tmp\nlocalhost\n  11002001         7\n{status}\n";

    private void PgpoolPid(int id) => _host.Files["/srv/lab/run/pgpool.pid"] = $"{id}\n";

    private void BothRun()
    {
        NodePid(12);
        PgpoolPid(20);
        Runs(12, "postgres", "/srv/lab/data0");
        Runs(20, "pgpool", "/srv/lab");
    }

    [Fact]
    public async Task A_process_of_another_user_is_not_the_labs_whatever_its_name_command_line_and_PID_file_say()
    {
        var lab = _lab with { Owner = Identity.Current.Name };
        var servers = new LiveLab(_host, lab, new ProbeRunner(_host, TimeProvider.System));
        var stranger = Identity.Current.UserId + 1;
        NodePid(12);
        PgpoolPid(20);
        // Another user's working folder cannot be seen.
        _host.Processes.Add(
            new ProcessFacts(12, "1", "postgres", "postgres -D /srv/lab/data0", null, 12) { UserId = stranger }
        );
        _host.Processes.Add(
            new ProcessFacts(20, "1", "pgpool", $"pgpool -f {lab.Pgpool.Paths.PgpoolConf} -n", null, 20)
            {
                UserId = stranger,
            }
        );
        _host.Processes.Add(
            new ProcessFacts(21, "1", "pgpool", $"pgpool -f {lab.Pgpool.Paths.PgpoolConf} -n", "/srv/lab", 21)
            {
                UserId = stranger,
            }
        );
        Assert.Null(await servers.Of(lab.Nodes[0]).FindAsync(CancellationToken.None));
        Assert.Null(await servers.Of(lab.Pgpool).FindAsync(CancellationToken.None));
        Assert.False(await servers.Of(lab.Pgpool).StopAsync(CancellationToken.None));
        Assert.False(await servers.Of(lab.Nodes[0]).StopAsync(CancellationToken.None));
        Assert.Empty(_host.Signals);
        _host.Processes[1] = _host.Processes[1] with { UserId = Identity.Current.UserId };
        PgpoolPid(20);
        Assert.Equal(20, (await servers.Of(lab.Pgpool).FindAsync(CancellationToken.None))?.Id);
    }

    [Fact]
    public async Task A_node_that_runs_is_asked_to_end_and_ends()
    {
        NodePid(12);
        Runs(12, "postgres", "/srv/lab/data0");
        Assert.True(await Servers.Of(Node).StopAsync(CancellationToken.None));
        Assert.Equal(["Interrupt 12"], _host.Signals);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_memory_of_a_node_that_is_killed_while_it_ends_is_removed(bool killed)
    {
        NodePid(12);
        Runs(12, "postgres", "/srv/lab/data0");
        _host.Signalled = _ =>
        {
            if (!killed)
            {
                _host.Files.Remove("/srv/lab/data0/postmaster.pid");
            }
        };
        Assert.True(await Servers.Of(Node).StopAsync(CancellationToken.None));
        Assert.Equal(["Interrupt 12"], _host.Signals);
        Assert.Equal(killed ? ["/srv/lab/data0"] : [], _host.MemoryRemoved);
    }

    [Fact]
    public async Task A_server_that_a_killed_command_has_just_started_is_not_taken_for_remains()
    {
        Runs(12, "postgres", "/srv/lab/data0");
        _host.LooksFor = _ => NodePid(12);
        Assert.Equal(12, await Servers.Of(Node).StartAsync(CancellationToken.None));
        Assert.Empty(_host.Signals);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_Pgpool_that_is_started_keeps_the_log_of_the_one_before(bool old)
    {
        _host.Files["/srv/lab/log/pgpool.log"] = "what happened before";
        var lab = old ? Labs.Old() : _lab;
        _host.Files[lab.Pgpool.Paths.PgpoolLog] = "what happened before";
        await new LiveLab(_host, lab, new ProbeRunner(_host, TimeProvider.System))
            .Of(lab.Pgpool)
            .StartAsync(CancellationToken.None);
        Assert.Equal(
            old ? null : "what happened before",
            _host.Files.GetValueOrDefault(lab.Pgpool.Paths.FormerPgpoolLog)
        );
    }

    /// <summary>It works in the folder it was started in until it has read its configuration.</summary>
    [Fact]
    public async Task A_server_that_has_no_PID_file_yet_is_waited_for_and_no_second_one_started()
    {
        Runs(12, "postgres", "/srv/lab", "/usr/bin/postgres -D /srv/lab/data0");
        await StartsOnlyAfterAsync(() =>
        {
            _host.Processes.Clear();
            Runs(12, "postgres", "/srv/lab/data0", "/usr/bin/postgres -D /srv/lab/data0");
            NodePid(12);
        });
    }

    [Theory]
    [InlineData("")]
    [InlineData("starting")]
    public async Task A_server_that_is_still_starting_is_waited_for(string status)
    {
        Runs(12, "postgres", "/srv/lab/data0");
        NodePid(12, status);
        await StartsOnlyAfterAsync(() => NodePid(12));
    }

    private async Task StartsOnlyAfterAsync(Action happens)
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        var start = new LiveLab(_host, _lab, new ProbeRunner(_host, time)).Of(Node).StartAsync(CancellationToken.None);
        Assert.False(start.IsCompleted);
        happens();
        while (!start.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }

        Assert.Equal(12, await start);
        Assert.Empty(_host.Started);
        Assert.Empty(_host.Signals);
    }

    [Fact]
    public async Task A_server_that_ends_before_it_has_a_PID_file_is_replaced()
    {
        Runs(12, "postgres", "/srv/lab", "/usr/bin/postgres -D /srv/lab/data0");
        var start = Servers.Of(Node).StartAsync(CancellationToken.None);
        Assert.Empty(_host.Started);
        _host.Processes.Clear();
        // There is no PostgreSQL here: that one was started is all there is to see.
        await Assert.ThrowsAsync<ProbeFailedException>(() => start);
        Assert.Single(_host.Started);
    }

    [Theory]
    [InlineData("/usr/bin/postgres -D /srv/lab/data01")]
    [InlineData("/usr/bin/postgres -D /srv/lab")]
    public async Task A_server_of_another_folder_is_not_waited_for(string commandLine)
    {
        Runs(12, "postgres", "/srv/lab", commandLine);
        await Assert.ThrowsAsync<ProbeFailedException>(() => Servers.Of(Node).StartAsync(CancellationToken.None));
        Assert.Single(_host.Started);
    }

    /// <summary>PostgreSQL makes its memory, writes its PID file to disk, and only then notes in the memory whose it
    /// is.</summary>
    [Fact]
    public async Task The_memory_of_a_server_that_is_killed_as_it_starts_is_known_by_its_maker()
    {
        Runs(12, "postgres", "/srv/lab/data0");
        Assert.True(await Servers.Of(Node).StopAsync(CancellationToken.None));
        Assert.Equal(["Kill 12"], _host.Signals);
        Assert.Equal(["12", "/srv/lab/data0"], _host.MemoryRemoved);
    }

    [Fact]
    public async Task A_suspended_node_goes_on_to_hear_that_it_is_to_end()
    {
        NodePid(12);
        _host.Processes.Add(new ProcessFacts(12, "1", "postgres", "", "/srv/lab/data0", 12) { State = 'T' });
        _host.Deaf.Add(12);
        _host.Signalled = process =>
        {
            if (_host.Signals[^1] == "Resume 12")
            {
                _host.Processes.Remove(process);
            }
        };
        Assert.True(await Servers.Of(Node).StopAsync(CancellationToken.None));
        Assert.Equal(["Interrupt 12", "Resume 12"], _host.Signals);
    }

    [Fact]
    public async Task A_node_that_does_not_end_when_asked_is_told_to_end_at_once()
    {
        NodePid(12);
        Runs(12, "postgres", "/srv/lab/data0");
        _host.Deaf.Add(12);
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider
        {
            AutoAdvanceAmount = TimeSpan.FromSeconds(1),
        };
        var stop = new LiveLab(_host, _lab, new ProbeRunner(_host, time)).Of(Node).StopAsync(CancellationToken.None);
        while (!stop.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.True(await stop);
        Assert.Equal(["Interrupt 12", "Quit 12"], _host.Signals);
    }

    [Theory]
    [InlineData("postgres", "/srv/other/data0", "postgres -D /srv/other/data0")]
    [InlineData("postgres", null, "postgres -D /srv/other/data0")]
    [InlineData("bash", "/srv/lab/data0", "bash")]
    [InlineData("pgpool", "/srv/lab/data0", "pgpool -n")]
    public async Task A_stranger_with_a_nodes_old_number_is_never_signalled(
        string name,
        string? folder,
        string commandLine
    )
    {
        NodePid(12);
        Runs(12, name, folder, commandLine);
        Assert.False(await Servers.Of(Node).StopAsync(CancellationToken.None));
        Assert.Empty(_host.Signals);
    }

    [Fact]
    public async Task A_node_is_known_by_its_command_line_where_its_folder_cannot_be_seen()
    {
        NodePid(12);
        Runs(12, "postgres", null, "/usr/lib/postgresql/15/bin/postgres -D /srv/lab/data0");
        Assert.Equal(12, (await Servers.Of(Node).FindAsync(CancellationToken.None))?.Id);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("nonsense\n")]
    public async Task Without_a_readable_PID_file_a_node_does_not_run(string? text)
    {
        if (text is not null)
        {
            _host.Files["/srv/lab/data0/postmaster.pid"] = text;
        }

        Assert.Null(await Servers.Of(Node).FindAsync(CancellationToken.None));
        Assert.False(await Servers.Of(Node).StopAsync(CancellationToken.None));
    }

    [Fact]
    public async Task What_a_killed_node_left_running_is_killed_and_nobody_elses()
    {
        Runs(13, "postgres", "/srv/lab/data0");
        Runs(14, "postgres", "/srv/lab/data0 (deleted)");
        Runs(15, "postgres", "/srv/lab/data1");
        Runs(16, "vim", "/srv/lab/data0");
        Assert.True(await Servers.Of(Node).StopAsync(CancellationToken.None));
        Assert.Equal(["Kill 13", "Kill 14"], _host.Signals);
    }

    [Fact]
    public async Task A_node_whose_port_a_stranger_has_is_not_even_started()
    {
        _host.Ports[11002] = "used by nc (pid 9)";
        var error = await Assert.ThrowsAsync<PortTakenException>(() =>
            Servers.Of(Node).StartAsync(CancellationToken.None)
        );
        Assert.Equal(
            (ExitCode.InTheWay, "Could not start node 0: port 11002 (PostgreSQL node 0) is used by nc (pid 9)."),
            (error.Code, error.Message)
        );
        Assert.Empty(_host.Started);
        Assert.Single(error.Hints);
    }

    [Fact]
    public async Task A_node_that_ended_because_somebody_was_faster_says_who()
    {
        // It is not among the processes: it has ended.
        _host.FreedAtSecondLook.Add(11002);
        _host.TakenAtSecondLook[11002] = "used by nc (pid 9)";
        var error = await Assert.ThrowsAsync<PortTakenException>(() =>
            Servers.Of(Node).StartAsync(CancellationToken.None)
        );
        Assert.Equal("Could not start node 0: port 11002 (PostgreSQL node 0) is used by nc (pid 9).", error.Message);
        Assert.IsType<ProbeFailedException>(error.InnerException);
        Assert.Single(_host.Started);
    }

    [Fact]
    public async Task A_node_that_ended_for_another_reason_does_not_blame_its_port()
    {
        await Assert.ThrowsAsync<ProbeFailedException>(() => Servers.Of(Node).StartAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_server_that_shares_its_port_with_a_stranger_is_ended()
    {
        Runs(4711, "pgpool", "/srv/lab");
        _host.SharedPorts[11001] = "used by nc (pid 9)";
        var error = await Assert.ThrowsAsync<PortTakenException>(() =>
            Servers.Of(_lab.Pgpool).OrEndAsync(4711, () => Task.CompletedTask)
        );
        Assert.Equal("Could not start Pgpool-II: port 11001 (pcp) is used by nc (pid 9).", error.Message);
        Assert.Equal(["Interrupt 4711"], _host.Signals);
    }

    [Fact]
    public async Task A_Pgpool_that_is_ended_before_it_minds_signals_leaves_no_memory_and_no_semaphores()
    {
        Runs(4711, "pgpool", "/srv/lab");
        _host.Semaphores[3] = 4711;
        await Assert.ThrowsAsync<OperationCanceledException>(() =>
            Servers.Of(_lab.Pgpool).OrEndAsync(4711, () => throw new OperationCanceledException())
        );
        Assert.Equal(["4711"], _host.MemoryRemoved);
        Assert.Empty(_host.Semaphores);
    }

    [Fact]
    public async Task A_watchdogs_heartbeat_needs_its_UDP_port()
    {
        var lab = Labs.Fixed(pgpools: 2);
        _host.DatagramPorts[11007] = "used by nc (pid 9)";
        var servers = new LiveLab(_host, lab, new ProbeRunner(_host, TimeProvider.System));
        await servers.Of(lab.Pgpools[0]).StartAsync(CancellationToken.None);
        var error = await Assert.ThrowsAsync<PortTakenException>(() =>
            servers.Of(lab.Pgpools[1]).StartAsync(CancellationToken.None)
        );
        Assert.Equal("Could not start Pgpool-II 1: port 11007 (heartbeat 1) is used by nc (pid 9).", error.Message);
    }

    [Fact]
    public async Task Pgpool_that_runs_is_asked_to_end_and_its_files_are_removed()
    {
        PgpoolPid(20);
        Runs(20, "pgpool", "/srv/lab");
        _host.Files["/tmp/.s.PGSQL.11001"] = "";
        Assert.True(await Servers.Of(_lab.Pgpool).StopAsync(CancellationToken.None));
        Assert.Equal(["Interrupt 20"], _host.Signals);
        Assert.Empty(_host.Files);
    }

    [Fact]
    public async Task Pgpool_need_not_have_ended_before_the_nodes_may_when_it_has_said_that_it_ends()
    {
        PgpoolPid(20);
        Runs(20, "pgpool", "/srv/lab");
        _host.Deaf.Add(20);
        const string words = "main pid 20: LOG:  terminating all child processes\n";
        // Of an earlier run, whose log was kept.
        _host.Files[_lab.Paths.PgpoolLog] = words;
        var looks = 0;
        _host.Signalled = _ => _host.Look = () => _host.Files[_lab.Paths.PgpoolLog] += ++looks == 3 ? words : "";
        var (runs, after) = (false, 0);
        Assert.True(
            await Servers
                .Of(_lab.Pgpool)
                .StopAsync(
                    CancellationToken.None,
                    () =>
                    {
                        (runs, after) = (_host.Processes.Exists(p => p.Id == 20), looks);
                        _host.Processes.Clear();
                    }
                )
        );
        Assert.Equal((true, 3), (runs, after));
        Assert.Equal(["Interrupt 20"], _host.Signals);
    }

    [Fact]
    public async Task A_node_stops_when_Pgpool_does_not_say_that_it_ends_but_does()
    {
        PgpoolPid(20);
        Runs(20, "pgpool", "/srv/lab");
        Runs(30, "postgres", _lab.Nodes[0].DataDirectory);
        _host.Files[$"{_lab.Nodes[0].DataDirectory}/postmaster.pid"] = "30\n";
        var steps = new StepContext(
            _host,
            _lab,
            Labs.Renderer(),
            new ProbeRunner(_host, TimeProvider.System),
            LabSecrets.None,
            new UndoStack(),
            Serilog.Core.Logger.None,
            TimeProvider.System
        );
        await new PlanRunner(new Notes(), TimeProvider.System).RunAsync(
            LabPlanner.Stop(_lab with { Nodes = [_lab.Nodes[0]] }),
            steps,
            null,
            CancellationToken.None
        );
        Assert.Equal(["Interrupt 20", "Interrupt 30"], _host.Signals);
    }

    [Theory]
    [InlineData("pgpool", "/srv/other", "pgpool -n -f /srv/other/etc/pgpool.conf")]
    [InlineData("sleep", "/srv/lab", "sleep 60")]
    [InlineData("vim", "/srv/lab", "vim /srv/lab/etc/pgpool.conf")]
    public async Task A_stranger_with_Pgpools_old_number_is_never_signalled(
        string name,
        string folder,
        string commandLine
    )
    {
        PgpoolPid(20);
        Runs(20, name, folder, commandLine);
        Assert.False(await Servers.Of(_lab.Pgpool).StopAsync(CancellationToken.None));
        Assert.Empty(_host.Signals);
    }

    [Fact]
    public async Task The_children_of_a_killed_Pgpool_are_killed_and_no_other_labs()
    {
        Runs(21, "pgpool", "/srv/lab", "pgpool: wait for connection request");
        Runs(22, "pgpool", "/srv/other", "pgpool: wait for connection request");
        Assert.True(await Servers.Of(_lab.Pgpool).StopAsync(CancellationToken.None));
        Assert.Equal(["Kill 21"], _host.Signals);
    }

    [Fact]
    public async Task A_socket_somebody_answers_on_is_not_removed_and_is_in_the_way()
    {
        _host.Files["/tmp/.s.PGSQL.11001"] = "";
        _host.Files["/var/run/postgresql/.s.PGSQL.11000"] = "";
        _host.AnsweringSockets.Add("/tmp/.s.PGSQL.11001");
        var error = await Assert.ThrowsAsync<PortTakenException>(() =>
            Servers.Of(_lab.Pgpool).StartAsync(CancellationToken.None)
        );
        Assert.Equal(
            (
                ExitCode.InTheWay,
                "Could not start Pgpool-II: another program listens on the socket /tmp/.s.PGSQL.11001."
            ),
            (error.Code, error.Message)
        );
        Assert.Equal(["/tmp/.s.PGSQL.11001"], _host.Files.Keys);
        Assert.Empty(_host.Started);
    }

    [Fact]
    public async Task Sockets_a_killed_Pgpool_left_do_not_keep_a_new_one_from_starting()
    {
        _host.Files["/var/run/postgresql/.s.PGSQL.11000"] = "";
        PgpoolPid(20);
        Assert.Equal(4711, await Servers.Of(_lab.Pgpool).StartAsync(CancellationToken.None));
        Assert.Empty(_host.Files);
        Assert.Equal(
            [
                "/usr/sbin/pgpool -D -n -f /srv/lab/etc/pgpool.conf -F /srv/lab/etc/pcp.conf -a "
                    + "/srv/lab/etc/pool_hba.conf",
            ],
            _host.Started
        );
    }

    [Fact]
    public async Task Shared_memory_of_killed_servers_is_removed_and_that_of_servers_that_end_well_is_left_to_them()
    {
        PgpoolPid(20);
        Runs(21, "pgpool", "/srv/lab", "pgpool: wait for connection request");
        _host.Files["/srv/lab/log/pgpool.log"] =
            "2026-11-23 13:15:35.057: main pid 20: LOG:  PCP process: 22 started\n"
            + "2026-11-23 13:15:36.101: life check pid 23: LOG:  creating watchdog heartbeat receive socket.\n"
            + "2026-11-23 13:15:37.000: psql pid 24: LOG:  frontend disconnection\n";
        _host.Makers.UnionWith([20, 21, 22, 23]);
        await Servers.Of(_lab.Pgpool).StopAsync(CancellationToken.None);
        await Servers.Of(Node).StopAsync(CancellationToken.None);
        Assert.Equal(["20", "22", "23", "21", "/srv/lab/data0"], _host.MemoryRemoved);
        Assert.Equal(["/srv/lab/log/pgpool.log"], _host.Files.Keys);

        NodePid(12);
        Runs(12, "postgres", "/srv/lab/data0");
        _host.Signalled = _ => _host.Files.Remove("/srv/lab/data0/postmaster.pid");
        await Servers.Of(Node).StopAsync(CancellationToken.None);
        await Servers.Of(_lab.Pgpool).StopAsync(CancellationToken.None);
        Assert.Equal(5, _host.MemoryRemoved.Count);
    }

    [Fact]
    public async Task Sockets_a_killed_node_left_are_removed_when_it_is_stopped_and_another_servers_are_not()
    {
        _host.Files["/var/run/postgresql/.s.PGSQL.11002"] = "";
        _host.Files["/var/run/postgresql/.s.PGSQL.11002.lock"] = "12\n/srv/lab/data0\n";
        _host.Files["/tmp/.s.PGSQL.11002"] = "";
        _host.Files["/tmp/.s.PGSQL.11002.lock"] = "13\n/srv/other/data0\n";
        _host.Files["/srv/other/data0"] = "";
        await Servers.Of(Node).StopAsync(CancellationToken.None);
        Assert.Equal(
            ["/srv/other/data0", "/tmp/.s.PGSQL.11002", "/tmp/.s.PGSQL.11002.lock"],
            _host.Files.Keys.Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task A_socket_of_another_users_server_is_named_with_the_command_that_deletes_it_and_stopping_goes_on()
    {
        const string socket = "/tmp/.s.PGSQL.11001";
        _host.Files[socket] = "";
        _host.Undeletable.Add(socket);
        var error = await Assert.ThrowsAsync<LabException>(() =>
            Servers.Of(_lab.Pgpool).StartAsync(CancellationToken.None)
        );
        Assert.Equal(ExitCode.InTheWay, error.Code);
        Assert.Contains(socket, error.Message, StringComparison.Ordinal);
        Assert.Contains($"Delete it, as that user or root:  rm {socket}", error.Hints);
        Assert.False(await Servers.Of(_lab.Pgpool).StopAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_node_that_is_still_stopping_is_waited_for_and_then_started()
    {
        NodePid(12, "stopping");
        Runs(12, "postgres", "/srv/lab/data0");
        var start = Servers.Of(Node).StartAsync(CancellationToken.None);
        Assert.Empty(_host.Started);
        _host.Processes.Clear();
        // There is no PostgreSQL here: that one was started is all there is to see.
        await Assert.ThrowsAsync<ProbeFailedException>(() => start);
        Assert.Single(_host.Started);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_semaphores_of_a_Pgpool_that_is_killed_while_it_ends_are_known_from_before(bool killed)
    {
        PgpoolPid(20);
        Runs(20, "pgpool", "/srv/lab");
        _host.Processes.Add(new ProcessFacts(22, "1", "pgpool", "", "/srv/lab", 20));
        _host.Makers.Add(22);
        _host.Semaphores[3] = 20;
        _host.Semaphores[4] = 21;
        _host.Signalled = process =>
        {
            if (killed)
            {
                // Its memory is gone by now, and with that what tells whose they are.
                _host.Semaphores[3] = 0;
            }
            else
            {
                _host.Files.Remove(_lab.Paths.PgpoolPid);
            }
        };
        Assert.True(await Servers.Of(_lab.Pgpool).StopAsync(CancellationToken.None));
        Assert.Contains("22", _host.MemoryRemoved);
        // One that ends by itself removes its own.
        Assert.Equal(killed ? [4] : [3, 4], _host.Semaphores.Keys.Order());
    }

    [Fact]
    public async Task Servers_that_were_killed_and_have_not_ended_yet_are_waited_for_and_then_started()
    {
        BothRun();
        _host.Dying.UnionWith([12, 20]);
        var (node, pgpool) = (
            Servers.Of(Node).StartAsync(CancellationToken.None),
            Servers.Of(_lab.Pgpool).StartAsync(CancellationToken.None)
        );
        Assert.Empty(_host.Started);
        _host.Processes.Clear();
        await Assert.ThrowsAsync<ProbeFailedException>(() => node);
        Assert.Equal(4711, await pgpool);
        Assert.Equal(2, _host.Started.Count);
    }

    [Fact]
    public async Task What_runs_is_not_started_again()
    {
        BothRun();
        Assert.Equal(
            (12, 20),
            (
                await Servers.Of(Node).StartAsync(CancellationToken.None),
                await Servers.Of(_lab.Pgpool).StartAsync(CancellationToken.None)
            )
        );
        Assert.Empty(_host.Started);
    }

    // ---- several Pgpool-IIs ----

    private readonly Lab _three = Labs.Former(nodes: 3, pgpools: 3);

    private LiveLab ServersOfThree => new(_host, _three, new ProbeRunner(_host, TimeProvider.System));

    [Fact]
    public async Task Each_Pgpool_is_found_by_its_own_PID_file_and_folder()
    {
        _host.Files["/srv/lab/pgpool0/run/pgpool.pid"] = "20\n";
        _host.Files["/srv/lab/pgpool1/run/pgpool.pid"] = "20\n"; // an old number that is another's by now
        Runs(20, "pgpool", "/srv/lab/pgpool0");
        Runs(21, "pgpool", "/srv/lab/pgpool2");
        Assert.Equal(20, (await ServersOfThree.Of(_three.Pgpools[0]).FindAsync(CancellationToken.None))?.Id);
        Assert.Null(await ServersOfThree.Of(_three.Pgpools[1]).FindAsync(CancellationToken.None));
        Assert.False(await ServersOfThree.Of(_three.Pgpools[1]).StopAsync(CancellationToken.None));
        Assert.Empty(_host.Signals);
    }

    [Fact]
    public async Task One_Pgpool_is_stopped_and_the_others_are_left_alone()
    {
        _host.Files["/srv/lab/pgpool1/run/pgpool.pid"] = "21\n";
        Runs(20, "pgpool", "/srv/lab/pgpool0");
        Runs(21, "pgpool", "/srv/lab/pgpool1");
        Runs(22, "pgpool", "/srv/lab/pgpool10");
        _host.Files["/tmp/.s.PGPOOLWD_CMD.11006"] = "";
        _host.Files["/tmp/.s.PGPOOLWD_CMD.11002"] = "";
        Assert.True(await ServersOfThree.Of(_three.Pgpools[1]).StopAsync(CancellationToken.None));
        Assert.Equal(["Interrupt 21"], _host.Signals);
        Assert.Equal(["/tmp/.s.PGPOOLWD_CMD.11002"], _host.Files.Keys);
    }

    [Fact]
    public async Task Pgpool_that_is_deaf_is_killed_with_its_children()
    {
        PgpoolPid(20);
        Runs(20, "pgpool", "/srv/lab");
        Runs(23, "pgpool", "/srv/lab", "pgpool: watchdog");
        _host.Deaf.Add(20);
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider
        {
            AutoAdvanceAmount = TimeSpan.FromSeconds(1),
        };
        var stop = new LiveLab(_host, _lab, new ProbeRunner(_host, time))
            .Of(_lab.Pgpool)
            .StopAsync(CancellationToken.None);
        while (!stop.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.True(await stop);
        Assert.Equal(["Interrupt 20", "Kill 20", "Kill 23"], _host.Signals.Distinct());
        // Once might have been lost.
        Assert.True(_host.Signals.Count > 3);
    }

    [Fact]
    public async Task Another_programs_watchdog_on_our_socket_is_in_the_way()
    {
        _host.Files["/tmp/.s.PGPOOLWD_CMD.11006"] = "";
        _host.AnsweringSockets.Add("/tmp/.s.PGPOOLWD_CMD.11006");
        var error = await Assert.ThrowsAsync<PortTakenException>(() =>
            ServersOfThree.Of(_three.Pgpools[1]).StartAsync(CancellationToken.None)
        );
        Assert.Equal(
            (
                ExitCode.InTheWay,
                "Could not start Pgpool-II 1: another program listens on the socket /tmp/.s.PGPOOLWD_CMD.11006."
            ),
            (error.Code, error.Message)
        );
    }
}
