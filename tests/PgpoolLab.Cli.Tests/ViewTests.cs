using PgpoolLab.Cli.Access;
using PgpoolLab.Cli.Commands;
using PgpoolLab.Cli.Rendering;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;

namespace PgpoolLab.Cli.Tests;

public sealed class ViewTests
{
    private static NodesReport Report(
        Lab lab,
        NodeView[] nodes,
        WatchdogView[]? members = null,
        string? problem = null
    ) =>
        new(
            lab.Name,
            lab.Root,
            lab.Mode.Setting(),
            lab.Pgpool.Port,
            problem is null,
            problem,
            nodes,
            members ?? [],
            [
                .. NodesDiagnosis.Of(new(lab, new(problem is null, problem), nodes)),
                .. members is null ? [] : WatchdogDiagnosis.Of(lab, members, []),
            ]
        );

    private static NodesReport Report()
    {
        var lab = Labs.Fixed(nodes: 4);
        NodeView[] nodes =
        [
            new(
                0,
                11002,
                Looks.Pool(0, "standby", "down") with
                {
                    Weight = "0.250000",
                    SelectCount = 7,
                    Delay = "0",
                    LastChange = "2026-11-23 02:00:00",
                },
                new PostgresSays { Up = false, Problem = "Connection refused" }
            ),
            new(
                1,
                11003,
                Looks.Pool(1, "primary") with
                {
                    Weight = "0.250000",
                    SelectCount = 1234567,
                    Delay = "0",
                    LastChange = "2026-11-23 02:00:01",
                },
                new PostgresSays
                {
                    Up = true,
                    InRecovery = false,
                    Timeline = 2,
                    WalPosition = "0/3000148",
                }
            ),
            new(
                2,
                11004,
                Looks.Pool(2, "standby") with
                {
                    Weight = "0.250000",
                    SelectCount = 0,
                    Delay = "0",
                    ReplicationState = "streaming",
                    SyncState = "async",
                    LastChange = "2026-11-23 02:00:02",
                },
                new PostgresSays
                {
                    Up = true,
                    InRecovery = true,
                    Timeline = 2,
                    WalPosition = "0/3000148",
                    LagBytes = 0,
                    Receiver = "streaming",
                }
            ),
            new(
                3,
                11005,
                Looks.Pool(3, "standby", "quarantine") with
                {
                    Weight = "0.250000",
                },
                new PostgresSays
                {
                    Up = true,
                    InRecovery = true,
                    Timeline = 1,
                    WalPosition = "0/3000000",
                    LagBytes = 16777544,
                }
            ),
        ];
        return Report(lab, nodes);
    }

    private static NodesReport Stopped()
    {
        var lab = Labs.Fixed();
        var nodes = lab
            .Nodes.Select(n => new NodeView(
                n.Id,
                n.Port,
                null,
                new PostgresSays { Up = false, Problem = "Connection refused" }
            ))
            .ToArray();
        return Report(lab, nodes, problem: "Connection refused");
    }

    private static NodesReport Watchdog()
    {
        var lab = Labs.Fixed(mode: ClusteringMode.NativeReplication, pgpools: 3);
        NodeView[] nodes =
        [
            new(
                0,
                11012,
                Looks.Pool(0, "main") with
                {
                    Weight = "0.500000",
                    SelectCount = 7,
                },
                new PostgresSays
                {
                    Up = true,
                    InRecovery = false,
                    Timeline = 1,
                    WalPosition = "0/3000148",
                }
            ),
            new(
                1,
                11013,
                Looks.Pool(1, "replica", "down") with
                {
                    Weight = "0.500000",
                    SelectCount = 0,
                },
                new PostgresSays
                {
                    Up = true,
                    InRecovery = false,
                    Timeline = 2,
                    WalPosition = "0/3000100",
                }
            ),
        ];
        WatchdogView[] members =
        [
            new(0, 11000, true, "LEADER", false, 0, null),
            new(1, 11004, false, null, null, null, "Connection refused"),
            new(2, 11008, false, null, null, null, "Connection refused"),
        ];
        return Report(lab, nodes, members);
    }

    [Fact]
    public void Of_a_watchdog_each_Pgpool_is_shown()
    {
        var screen = new Screen(200);
        NodesView.Print(screen.Terminal.Data, Watchdog());
        Snapshot.Approve("nodes-watchdog", screen.Out);
    }

    [Theory]
    [InlineData("one-table", 200)]
    [InlineData("two-tables", 120)]
    [InlineData("narrow", 60)]
    public void Nodes_are_shown_from_both_sides(string name, int width)
    {
        var screen = new Screen(width);
        NodesView.Print(screen.Terminal.Data, Report());
        Assert.All(screen.Out.Split('\n'), line => Assert.InRange(line.Length, 0, width));
        Snapshot.Approve($"nodes-{name}", screen.Out);
    }

    [Theory]
    [InlineData(2, "*", "0 or 1")]
    [InlineData(3, "FIRST 2 (*)", "0 or 1 or 2")]
    [InlineData(3, "server1", "0 or 1")]
    [InlineData(3, "*", null)]
    [InlineData(2, "", null)]
    public void Setup_warns_when_the_loss_of_one_node_stops_all_writes(int nodes, string names, string? stops)
    {
        var lab = Labs.Fixed(nodes: nodes) with
        {
            PostgresSettings = new Dictionary<string, string> { ["synchronous_standby_names"] = names },
        };
        Assert.Equal(
            stops is null
                ? []
                :
                [
                    $"writes wait for a synchronous standby (synchronous_standby_names): when node {stops} is "
                        + "lost, they wait until it is back. pgpoollab nodes says so, and how to end it.",
                ],
            SetupSummary.Warnings(lab)
        );
    }

    [Fact]
    public void What_is_at_work_is_said_before_what_is_wrong()
    {
        var since = new DateTimeOffset(2026, 11, 23, 2, 0, 0, TimeSpan.FromHours(1));
        var screen = new Screen(width: 200);
        NodesView.Print(
            screen.Terminal.Data,
            Stopped() with
            {
                Findings = [new Finding(FindingKinds.NodeDown, 2, "Node 2 is down. Wait: follow_primary is at work.")],
                AtWork =
                [
                    new(
                        WorkKind.FollowPrimary,
                        0,
                        4711,
                        since,
                        "Pgpool-II makes node 0 follow the new primary (follow_primary.sh)"
                    )
                    {
                        Next = "Next: node 2.",
                    },
                    new(WorkKind.Command, null, 4712, null, "A command works on this lab (startall)"),
                ],
            }
        );
        Assert.EndsWith(
            "… Pgpool-II makes node 0 follow the new primary (follow_primary.sh) (since 02:00:00, pid 4711). "
                + """
                Next: node 2.
                … A command works on this lab (startall) (pid 4712).
                ! Node 2 is down. Wait: follow_primary is at work.

                """,
            screen.Out,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(100)]
    [InlineData(124)]
    [InlineData(140)]
    [InlineData(160)]
    public void No_word_of_the_tables_is_broken_or_cut_in_a_window_of_any_usual_width(int width)
    {
        var screen = new Screen(width);
        NodesView.Print(screen.Terminal.Data, Report());
        var words = screen.Out.Split([' ', '\n', '│']);
        Assert.DoesNotContain(words, w => w.EndsWith('…'));
        Assert.All(
            ["11002", "primary", "standby", "quarantine", "0.25", "1234567", "0/3000148", "16777544"],
            word => Assert.Contains(word, words)
        );
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    public void A_command_to_paste_stays_on_one_line_in_a_narrow_window(int width)
    {
        const string command =
            "pgpoollab psql 0 -- -c \"ALTER SYSTEM SET synchronous_standby_names = ''\" -c \"SELECT pg_reload_conf()\"";
        var (nodes, error) = (new Screen(width), new Screen(width));
        NodesView.Print(
            nodes.Terminal.Data,
            Stopped() with
            {
                Findings = [new Finding(FindingKinds.TwoPrimaries, 0, "Split brain.") { Fix = command }],
            }
        );
        ErrorView.Show(error.Terminal, new LabException(ExitCode.Failed, "No.") { Hints = [command] });
        Assert.Contains($"  → {command}\n", nodes.Out, StringComparison.Ordinal);
        Assert.Contains($"  → {command}\n", error.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lab_that_is_stopped_is_shown_as_stopped()
    {
        var screen = new Screen(200);
        NodesView.Print(screen.Terminal.Data, Stopped());
        Snapshot.Approve("nodes-stopped", screen.Out);
    }

    [Theory]
    [InlineData("plan", StandbyMethod.BaseBackup)]
    [InlineData("plan-clone", StandbyMethod.Clone)]
    public void A_plan_is_shown_with_its_commands_files_and_ports(string name, StandbyMethod standbys)
    {
        var screen = new Screen();
        var facts = Labs.Facts with
        {
            Root = "/srv/my lab",
            Owner = "postgres",
            Invoker = "root",
            AliasFolder = "/var/lib/postgresql/.local/state/pgpoollab",
        };
        PlanView.Print(
            screen.Terminal.Out,
            LabPlanner.Plan(
                new LabSpec
                {
                    Directory = "/srv/my lab",
                    Nodes = 3,
                    Standbys = standbys,
                },
                facts
            )
        );
        Snapshot.Approve(name, screen.Out);
    }

    [Fact]
    public void A_plan_without_nodes_of_its_own_names_no_port_of_theirs()
    {
        var screen = new Screen();
        var spec = new LabSpec
        {
            Directory = "/srv/lab",
            PgpoolNodes = 2,
            OwnsNodes = false,
            PgpoolSetup = Labs.Old().PgpoolSetup,
        };
        PlanView.Print(screen.Terminal.Out, LabPlanner.Plan(spec, Labs.Facts));
        Assert.Contains(
            "\nPorts    11000 Pgpool-II 0, 11001 pcp 0, 11002 watchdog 0, 11003 heartbeat 0, 11004 Pgpool-II 1, "
                + "11005 pcp 1, 11006 watchdog 1, 11007 heartbeat 1\n",
            screen.Out,
            StringComparison.Ordinal
        );
        PlanView.Print(screen.Terminal.Out, LabPlanner.Plan(spec with { OwnsNodes = true }, Labs.Facts));
        Assert.Contains(
            ", 11007 heartbeat 1, 11008 PostgreSQL node 0, 11009 PostgreSQL node 1\n",
            screen.Out,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_plan_needs_no_terminal_and_breaks_no_line()
    {
        using var text = new StringWriter();
        PlanView.Print(text, LabPlanner.Plan(new LabSpec { Directory = "/srv/lab", Nodes = 2 }, Labs.Facts));
        Assert.Contains(
            "--data-checksums --no-sync -A trust -U olga -D TEMPLATE\n",
            text.ToString().ReplaceLineEndings("\n"),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Setup_ends_with_what_to_do_next(bool running)
    {
        var screen = new Screen();
        var lab = Labs.Fixed(nodes: running ? 3 : 1, root: running ? "/srv/lab" : "/srv/my lab");
        SetupSummary.Say(
            screen.Terminal,
            new SetupResult(lab, running ? Labs.Users : [.. Labs.Users, new("root", "another-password")]),
            running,
            TimeSpan.FromMilliseconds(2345)
        );
        Assert.Equal("", screen.Out);
        Snapshot.Approve($"summary-{(running ? "running" : "stopped")}", screen.Error);
    }

    public static TheoryData<ClusteringMode, int> OtherLabs =>
        new()
        {
            { ClusteringMode.NativeReplication, 1 },
            { ClusteringMode.SnapshotIsolation, 1 },
            { ClusteringMode.Raw, 1 },
            { ClusteringMode.LogicalReplication, 1 },
            { ClusteringMode.StreamingReplication, 3 },
        };

    [Theory]
    [MemberData(nameof(OtherLabs))]
    public void Setup_of_every_kind_ends_with_what_to_do_next(ClusteringMode mode, int pgpools)
    {
        var screen = new Screen();
        SetupSummary.Say(
            screen.Terminal,
            new SetupResult(Labs.Fixed(mode: mode, pgpools: pgpools), Labs.Users),
            running: true,
            TimeSpan.FromMilliseconds(2345)
        );
        Snapshot.Approve($"summary-{mode.Letter()}{(pgpools > 1 ? "-watchdog" : "")}", screen.Error);
    }

    [Fact]
    public void A_watchdog_as_json_has_every_Pgpool()
    {
        var lab = Labs.Fixed(mode: ClusteringMode.LogicalReplication, pgpools: 2);
        Snapshot.Approve("setup-json-watchdog", LabInfo.Of(lab, running: false, []).ToJson() + "\n");
    }

    [Fact]
    public void Setup_as_json_holds_no_secrets()
    {
        var json = LabInfo.Of(Labs.Fixed(root: "/srv/Prüfstand"), running: true, []).ToJson();
        Snapshot.Approve("setup-json", json + "\n");
        Assert.DoesNotContain("password", json, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void What_became_of_a_configuration_file_is_in_the_plan_and_in_the_json()
    {
        SettingsFileReport[] files =
        [
            new(
                "pgpool",
                "/srv/my.conf",
                ["num_init_children"],
                [new(2, "port", "use --port PORT."), new(9, "backend_port1", "the lab itself decides that.")],
                3
            ),
            new("postgresql", "/srv/pg.conf", ["work_mem", "jit"], [], 0),
        ];
        using var plan = new StringWriter { NewLine = "\n" };
        PlanView.Print(
            plan,
            LabPlanner.Plan(new LabSpec { Directory = "/srv/lab" }, Labs.Facts) with
            {
                SettingsFiles = files,
            }
        );
        Assert.Contains(
            """

            Settings /srv/my.conf: 1 setting is taken, 2 left out, 3 are commented out.
            Settings my.conf line 2: port is left out: use --port PORT.
            Settings my.conf line 9: backend_port1 is left out: the lab itself decides that.
            Settings /srv/pg.conf: 2 settings are taken, 0 left out.

            """,
            plan.ToString(),
            StringComparison.Ordinal
        );
        Snapshot.Approve("setup-json-settings-files", LabInfo.Of(Labs.Fixed(), running: true, files).ToJson() + "\n");
    }

    [Fact]
    public void Env_puts_the_labs_programs_before_the_callers()
    {
        var variables = LabVariables.Of(Labs.Fixed(), "/home/olga/bin:/usr/sbin:/usr/bin");
        Snapshot.Approve("env", string.Concat(variables.Select(v => $"{v.Key}={v.Value}\n")));
        Assert.Equal(
            "localhost",
            LabVariables.Of(Labs.Fixed() with { Pgpools = [Labs.Fixed().Pgpool with { SocketDirectories = [] }] }, "")[
                "PGHOST"
            ]
        );
    }

    [Fact]
    public void Env_takes_back_what_would_lead_psql_astray()
    {
        var unset = Env(Labs.Fixed(), "/bin").Split('\n')[0].Split(' ');
        Assert.Equal("unset", unset[0]);
        Assert.Superset(
            new HashSet<string>([
                "PGHOSTADDR",
                "PGPASSWORD",
                "PGSERVICE",
                "PGSERVICEFILE",
                "PGSYSCONFDIR",
                "PGOPTIONS",
                "PGSSLCERTMODE",
                "PGTARGETSESSIONATTRS",
                "PGLOADBALANCEHOSTS",
            ]),
            unset.ToHashSet()
        );
        Assert.DoesNotContain("PGHOST", unset);
    }

    [Fact]
    public void Root_is_given_nothing_that_the_labs_user_has_chosen()
    {
        const string evil = "/srv/evil";
        var lab = Labs.Fixed(root: "/srv/lab's $(id) `id`") with
        {
            Owner = "mallory",
            Invoker = "root",
            Tools = Labs.Tools() with { PostgresBin = evil, PgpoolProgram = $"{evil}/pgpool", PcpBin = evil },
        };
        var text =
            EnvCommand.Text(
                ShellDialect.Of("sh"),
                new ShellSession(n => n == "PATH" ? "/bin" : null),
                LabVariables.ForRoot(lab, "/root/wrappers", "/bin")
            ) + string.Concat(Wrappers.BodiesForRoot(lab).Values);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.DoesNotContain(evil, text, StringComparison.Ordinal);
        Assert.All(
            lines,
            line =>
                Assert.Matches(
                    @"^(export ((PGPOOL|PCP)_PORT=\d+|PATH=/root/wrappers:/bin|PGPOOLLAB_SAVED=\S+)"
                        + @"|exec ('[^']+'|\S+)( ('[^']+\.dll'|\S+\.dll))?"
                        + @"( exec --lab '/srv/lab'\\''s \$\(id\) `id`' -- [a-z_]+)? ""\$@"")$",
                    line
                )
        );
        Assert.Contains(lines, l => l.EndsWith("-- psql \"$@\"", StringComparison.Ordinal));
    }

    /// <summary>What env prints where no wrappers can be written.</summary>
    private static string Env(Lab lab, string path) =>
        EnvCommand.Text(
            ShellDialect.Of("sh"),
            new ShellSession(n => n == "PATH" ? path : null),
            LabVariables.ForOwner(lab, path, wrappers: null),
            lab
        );

    [Fact]
    public void Env_of_a_watchdog_names_the_first_Pgpool()
    {
        var variables = LabVariables.Of(Labs.Fixed(pgpools: 3), "/usr/bin");
        Assert.Equal(
            ("11000", "11000", "11001", "/srv/lab/pgpool0/pcppass"),
            (variables["PGPORT"], variables["PGPOOL_PORT"], variables["PCP_PORT"], variables["PCPPASSFILE"])
        );
    }

    [Fact]
    public async Task Env_can_be_evaluated_by_a_shell_whatever_the_folder_is_called()
    {
        using var outer = new TemporaryFolder();
        var root = outer[Labs.NastyName];
        Directory.CreateDirectory(root);
        var lab = Labs.Nasty(root) with { Owner = Labs.Me };
        File.WriteAllText($"{root}/pcppass", "localhost:11001:olga:the-password\n");
        var output = Env(lab, "/usr/bin:/bin");
        var host = new Hosts.Local.LocalHost(TimeProvider.System);
        var shell = await host.Programs.RunAsync(
            new Hosts.CommandSpec(
                "/bin/sh",
                "-c",
                "eval \"$1\"; printf '%s|' \"$PCPPASSFILE\" \"$PGPORT\" \"$PCP_PORT\" \"$PGUSER\" \"$PGDATABASE\"",
                "sh",
                output
            ),
            CancellationToken.None
        );
        Assert.Equal($"{root}/pcppass|11000|11001|{Labs.Me}|test|", shell.Output);
        Assert.DoesNotContain("the-password", output, StringComparison.Ordinal);
        Assert.Contains(
            $"pcp_node_info() {{ /usr/sbin/pcp_node_info -w -h {lab.SocketFolder} -p 11001 \"$@\"; }}\n",
            output,
            StringComparison.Ordinal
        );
        var json = EnvCommand.ToJson(LabVariables.Of(lab, "/usr/bin:/bin"));
        Assert.Equal(
            $"{root}/pcppass",
            System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty("PCPPASSFILE").GetString()
        );
    }

    private static StepEvent Step(StepPhase phase, string title, TimeSpan elapsed = default) =>
        new(DateTimeOffset.UnixEpoch, phase, title, StepSubject.None, Labs.Fixed(), elapsed);

    [Fact]
    public void Progress_is_a_plain_line_for_each_step_where_nobody_watches()
    {
        var screen = new Screen();
        using (var progress = new ProgressView(screen.Terminal))
        {
            progress.Read(LabEvent.Note(DateTimeOffset.UnixEpoch, "This lab runs as [postgres]."));
            progress.Read(Step(StepPhase.Begins, "Create the folders"));
            progress.Read(Step(StepPhase.Ends, "Create the folders", TimeSpan.FromMilliseconds(12.4)));
            progress.Read(Step(StepPhase.Begins, "Start node 1"));
            progress.Read(Step(StepPhase.Fails, "Start node 1"));
            progress.Read(LabEvent.Undo(DateTimeOffset.UnixEpoch, "stop node 0"));
            progress.Read(LabEvent.Undo(DateTimeOffset.UnixEpoch, "delete /srv/lab/data0"));
        }

        Assert.Equal(
            "note This lab runs as [postgres].\nok   Create the folders (12 ms)\nFAIL Start node 1\nundo take "
                + "back what was made so far\n",
            screen.Error
        );
        Assert.Equal("", screen.Out);
    }

    [Fact]
    public void Every_undo_is_told_when_asked_for()
    {
        var screen = new Screen();
        screen.Terminal.Verbose = true;
        using var progress = new ProgressView(screen.Terminal);
        progress.Read(LabEvent.Undo(DateTimeOffset.UnixEpoch, "stop node 0"));
        progress.Read(LabEvent.Undo(DateTimeOffset.UnixEpoch, "delete /srv/lab/data0"));
        Assert.Equal("undo stop node 0\nundo delete /srv/lab/data0\n", screen.Error);
    }

    [Fact]
    public void A_quiet_program_shows_no_progress()
    {
        var screen = new Screen();
        screen.Terminal.Quiet = true;
        using var progress = new ProgressView(screen.Terminal);
        progress.Read(Step(StepPhase.Begins, "a"));
        progress.Read(Step(StepPhase.Ends, "a", TimeSpan.Zero));
        progress.Read(LabEvent.Note(DateTimeOffset.UnixEpoch, "b"));
        progress.Read(LabEvent.Undo(DateTimeOffset.UnixEpoch, "c"));
        screen.Terminal.Say("d");
        Assert.Equal("", screen.Error);
    }
}
