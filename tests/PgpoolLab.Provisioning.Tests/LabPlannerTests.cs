using System.Text;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

public sealed class LabPlannerTests
{
    internal static readonly HostFacts Facts = Labs.Facts with
    {
        Folder = new FolderOrigin("/srv/lab"),
        FreePort = 12340,
    };

    private static readonly LabSpec Spec = new() { Directory = "/srv/lab" };

    [Fact]
    public void What_pgpool_conf_cannot_write_is_refused()
    {
        var error = Assert.Throws<LabException>(() => LabPlanner.Plan(Spec, Facts with { Owner = "o'olga" }));
        Assert.Equal(
            "The servers cannot run as the user o'olga: pgpool.conf has no way to write a single quote.",
            error.Message
        );
        error = Assert.Throws<LabException>(() =>
            LabPlanner.Plan(Spec, Facts with { SocketDirectories = ["/tmp", "/srv/it's"] })
        );
        Assert.Equal("Sockets cannot lie in /srv/it's: pgpool.conf has no way to write a single quote.", error.Message);
    }

    private static string Text(LabPlan plan)
    {
        var text = new StringBuilder();
        var lab = plan.Lab;
        text.AppendLine(
            $"{lab.Name} ({lab.Id}) in {lab.Root}, of "
                + $"{lab.Owner}{(lab.Invoker is { } invoker ? $" for {invoker}" : "")}, alias "
                + $"{lab.SafeAlias ?? "none"}, slots {lab.UseSlots}, rewind {lab.UseRewind}"
        );
        text.AppendLine(
            $"{lab.Mode.Title()}, sockets {string.Join(' ', lab.Pgpool.SocketDirectories)}, pcp socket "
                + $"{lab.Pgpool.PcpSocketDirectory}"
        );
        foreach (var pgpool in lab.Pgpools)
        {
            text.AppendLine(
                $"pgpool {pgpool.Id}: {pgpool.Port}, pcp "
                    + $"{pgpool.PcpPort}"
                    + $"{(pgpool.Watchdog is { } w ? $", watchdog {w.Port}, heartbeat {w.Heartbeat}" : "")} "
                    + $"{pgpool.Folder}{(pgpool.ServerFolder == pgpool.Folder ? "" : $" = {pgpool.ServerFolder}")}"
            );
        }

        foreach (var node in lab.Nodes)
        {
            text.AppendLine(
                $"node {node.Id}: {node.Port} {node.DataDirectory}"
                    + (node.ServerDataDirectory == node.DataDirectory ? "" : $" = {node.ServerDataDirectory}")
            );
        }

        foreach (var (stage, number) in plan.Stages.Select((s, i) => (s, i + 1)))
        {
            text.AppendLine($"\nstage {number}");
            foreach (var (lane, name) in stage.Lanes.Select((l, i) => (l, (char)('a' + i))))
            {
                foreach (var step in lane)
                {
                    text.AppendLine($"  {name}: {step.Title}");
                    foreach (var line in step.Preview(lab))
                    {
                        text.AppendLine($"       {line}");
                    }
                }
            }
        }

        return text.ToString();
    }

    [Fact]
    public void Two_nodes_with_slots() =>
        Snapshot.Approve("plan-2-nodes-slots", Text(LabPlanner.Plan(Spec with { UseSlots = true }, Facts)));

    [Fact]
    public void Three_nodes_with_an_archive_are_left_running() =>
        Snapshot.Approve(
            "plan-3-nodes-archive",
            Text(
                LabPlanner.Plan(
                    Spec with
                    {
                        Nodes = 3,
                        Setup = new SetupOptions { LeaveRunning = true },
                        UseRewind = true,
                    },
                    Facts
                )
            )
        );

    [Fact]
    public void One_node_has_nobody_to_copy_or_to_wait_for() =>
        Snapshot.Approve(
            "plan-1-node",
            Text(LabPlanner.Plan(Spec with { Nodes = 1, UseSlots = true, Name = "one" }, Facts))
        );

    [Fact]
    public void A_folder_with_a_space_and_an_umlaut_has_a_link_without() =>
        Snapshot.Approve("plan-alias", Text(LabPlanner.Plan(Spec, Facts with { Root = "/srv/mein Prüfstand" })));

    [Fact]
    public void Root_has_a_role_and_wrappers_of_its_own() =>
        Snapshot.Approve(
            "plan-root",
            Text(LabPlanner.Plan(Spec with { UseSlots = true }, Facts with { Owner = "postgres", Invoker = "root" }))
        );

    [Fact]
    public void A_port_that_is_left_open_is_the_free_one()
    {
        var lab = LabPlanner.Plan(Spec with { Port = null }, Facts).Lab;
        Assert.Equal([12340, 12341, 12342, 12343], lab.Ports.All(2).Select(p => p.Port));
        Assert.Equal((12340, 12341), (lab.Pgpool.Port, lab.Pgpool.PcpPort));
    }

    [Fact]
    public void Nodes_can_have_ports_of_their_own() =>
        Assert.Equal(
            [5432, 5433],
            LabPlanner.Plan(Spec with { PostgresPort = 5432 }, Facts).Lab.Nodes.Select(n => n.Port)
        );

    [Fact]
    public void Settings_go_to_the_program_they_name()
    {
        var lab = LabPlanner
            .Plan(Spec with { Settings = ["pgpool.max_pool=1", "postgresql.work_mem=1MB", "pgpool.max_pool=3"] }, Facts)
            .Lab;
        Assert.Equal([new("max_pool", "3")], lab.PgpoolSettings.ToArray());
        Assert.Equal([new("work_mem", "1MB")], lab.PostgresSettings.ToArray());
    }

    [Fact]
    public void A_wrong_request_names_every_problem()
    {
        var error = Assert.Throws<InvalidSpecException>(() =>
            LabPlanner.Plan(Spec with { Nodes = 0, Settings = ["nonsense"] }, Facts)
        );
        Assert.Equal(2, error.Problems.Count);
    }

    [Fact]
    public void A_free_port_too_near_the_end_is_a_problem_too() =>
        Assert.Throws<InvalidSpecException>(() =>
            LabPlanner.Plan(Spec with { Port = null, Nodes = 10 }, Facts with { FreePort = 65530 })
        );

    [Theory]
    [InlineData("/srv/.lab")]
    [InlineData("/srv/-lab")]
    public void A_folder_may_have_a_name_that_a_lab_could_not_be_given(string root) =>
        Assert.Equal(root, LabPlanner.Plan(Spec with { Directory = root }, Facts with { Root = root }).Lab.Root);

    [Fact]
    public void The_topmost_folder_lends_no_name_so_the_lab_is_called_by_its_id() =>
        Assert.Equal("0123abcd", LabPlanner.Plan(Spec, Facts with { Root = "/" }).Lab.Name);

    // ---- modes ----

    /// <summary>One line for each stage: what runs side by side is separated by a bar, what one lane does in turn by an
    /// arrow.</summary>
    private static string[] Titles(IEnumerable<Stage> stages) =>
        stages
            .Select(s => string.Join(" | ", s.Lanes.Select(l => string.Join(" > ", l.Select(p => p.Title)))))
            .ToArray();

    private static LabSpec Old(ClusteringMode mode) =>
        Spec with
        {
            Mode = mode,
            PgpoolSetup = new PgpoolSetupConventions { InstallDirectory = "/usr" },
        };

    public static TheoryData<ClusteringMode> Modes => new(Enum.GetValues<ClusteringMode>());

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_mode_is_a_list_of_steps(ClusteringMode mode)
    {
        var text = new StringBuilder();
        foreach (
            var (what, spec) in new[]
            {
                ("the tool's own conventions", Spec with { Mode = mode, Nodes = 3 }),
                (
                    "pgpool_setup's conventions",
                    Old(mode) with
                    {
                        Nodes = 3,
                        Setup = new SetupOptions { LeaveRunning = true },
                    }
                ),
                ("one node", Spec with { Mode = mode, Nodes = 1 }),
            }
        )
        {
            text.AppendLine($"---- {mode.Title()}, {what}");
            foreach (var line in Titles(LabPlanner.Plan(spec, Facts).Stages))
            {
                text.AppendLine(line);
            }
        }

        Snapshot.Approve($"plan-mode-{mode.Letter()}", text.ToString());
    }

    [Fact]
    public void Cloned_standbys_are_copies_of_the_primarys_template_and_start_with_it() =>
        Snapshot.Approve(
            "plan-clone",
            Text(
                LabPlanner.Plan(
                    Spec with
                    {
                        Standbys = StandbyMethod.Clone,
                        Nodes = 3,
                        UseSlots = true,
                        Setup = new SetupOptions { LeaveRunning = true },
                    },
                    Facts
                )
            )
        );

    [Theory]
    [MemberData(nameof(Modes))]
    public void How_standbys_are_made_is_of_meaning_where_there_are_standbys(ClusteringMode mode)
    {
        var (backup, clone) = (
            LabPlanner.Plan(Spec with { Mode = mode, Nodes = 3 }, Facts),
            LabPlanner.Plan(Spec with { Mode = mode, Nodes = 3, Standbys = StandbyMethod.Clone }, Facts)
        );
        if (mode is not ClusteringMode.StreamingReplication)
        {
            Assert.Equal(Titles(backup.Stages), Titles(clone.Stages));
            return;
        }

        Assert.NotEmpty(backup.Steps.OfType<Steps.CopyNode>());
        Assert.Empty(clone.Steps.OfType<Steps.CopyNode>());
        Assert.Equal(clone.Lab.Nodes, Assert.Single(clone.Steps.OfType<Steps.CreateNodes>()).Nodes);
    }

    [Fact]
    public void One_node_alone_is_the_same_lab_either_way() =>
        Assert.Equal(
            Text(LabPlanner.Plan(Spec with { Nodes = 1 }, Facts)),
            Text(LabPlanner.Plan(Spec with { Nodes = 1, Standbys = StandbyMethod.Clone }, Facts))
        );

    [Fact]
    public void Native_replication_is_copied_and_then_each_node_goes_on_by_itself() =>
        Snapshot.Approve(
            "plan-replication",
            Text(LabPlanner.Plan(Spec with { Mode = ClusteringMode.NativeReplication, Nodes = 3 }, Facts))
        );

    [Fact]
    public void Logical_replication_is_published_and_subscribed() =>
        Snapshot.Approve(
            "plan-logical",
            Text(LabPlanner.Plan(Spec with { Mode = ClusteringMode.LogicalReplication, Nodes = 3 }, Facts))
        );

    [Fact]
    public void Three_Pgpools_have_a_watchdog() =>
        Snapshot.Approve("plan-watchdog", Text(LabPlanner.Plan(Spec with { PgpoolNodes = 3 }, Facts)));

    [Fact]
    public void Pgpool_setup_makes_a_lab_of_its_conventions() =>
        Snapshot.Approve(
            "plan-pgpool-setup",
            Text(
                LabPlanner.Plan(
                    Old(ClusteringMode.StreamingReplication) with
                    {
                        Setup = new SetupOptions { LeaveRunning = true },
                    },
                    Facts
                )
            )
        );

    [Fact]
    public void Watchdog_setup_makes_several_Pgpools_and_one_set_of_nodes() =>
        Snapshot.Approve(
            "plan-watchdog-setup",
            Text(
                LabPlanner.Plan(
                    Old(ClusteringMode.NativeReplication) with
                    {
                        PgpoolNodes = 3,
                        Port = 50000,
                        PostgresPort = 51000,
                        Setup = new SetupOptions { LeaveRunning = true },
                    },
                    Facts
                )
            )
        );

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_nodes_of_its_own_a_lab_is_files_alone_and_nothing_runs(bool leaveRunning)
    {
        var plan = LabPlanner.Plan(
            Old(ClusteringMode.StreamingReplication) with
            {
                OwnsNodes = false,
                Setup = new SetupOptions { LeaveRunning = leaveRunning },
            },
            Facts
        );
        Assert.Equal(["Create the folders", "Write configuration and scripts"], Titles(plan.Stages));
        Assert.DoesNotContain(
            plan.Steps.SelectMany(s => s.Preview(plan.Lab)),
            l => l.Contains("/srv/lab/data", StringComparison.Ordinal)
        );
        Assert.Equal([11002, 11003], plan.Lab.Nodes.Select(n => n.Port));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Slots_and_rewind_are_used_in_streaming_replication_alone(ClusteringMode mode)
    {
        var lab = LabPlanner.Plan(Old(mode) with { UseSlots = true, UseRewind = true }, Facts).Lab;
        var streaming = mode is ClusteringMode.StreamingReplication;
        Assert.Equal((streaming, streaming), (lab.UseSlots, lab.UseRewind));
    }

    [Theory]
    [InlineData(
        1,
        ClusteringMode.SnapshotIsolation,
        "Snapshot isolation came with Pgpool-II 4.2; this is 4.1.5 (/usr/sbin/pgpool)."
    )]
    [InlineData(7, ClusteringMode.Slony, "Slony mode was removed in Pgpool-II 4.7; this is 4.7.5 (/usr/sbin/pgpool).")]
    public void A_mode_this_Pgpool_does_not_have_is_missing(int minor, ClusteringMode mode, string message)
    {
        var error = Assert.Throws<LabException>(() =>
            LabPlanner.Plan(Old(mode), Facts with { Tools = Labs.Tools(pgpoolMinor: minor) })
        );
        Assert.Equal((ExitCode.Missing, message), (error.Code, error.Message));
        Assert.Contains("--pgpool-dir", Assert.Single(error.Hints), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, ClusteringMode.SnapshotIsolation)]
    [InlineData(6, ClusteringMode.Slony)]
    [InlineData(1, ClusteringMode.NativeReplication)]
    public void A_mode_this_Pgpool_has_is_planned(int minor, ClusteringMode mode) =>
        Assert.Equal(mode, LabPlanner.Plan(Old(mode), Facts with { Tools = Labs.Tools(pgpoolMinor: minor) }).Lab.Mode);

    // ---- start and stop ----

    [Fact]
    public void A_lab_stops_all_at_once_each_node_waiting_for_Pgpools_word() =>
        Assert.Equal(
            ["Stop Pgpool-II | Stop node 0 | Stop node 1 | Stop node 2"],
            Titles(LabPlanner.Stop(Labs.Fixed(nodes: 3)))
        );

    [Fact]
    public void Nodes_wait_for_every_Pgpools_word() =>
        Assert.Equal(
            ["Stop Pgpool-II 0 | Stop Pgpool-II 1 | Stop node 0 | Stop node 1"],
            Titles(LabPlanner.Stop(Labs.Fixed(pgpools: 2)))
        );

    [Fact]
    public void Another_labs_nodes_are_not_stopped() =>
        Assert.DoesNotContain(
            LabPlanner.Stop(Labs.Old() with { OwnsNodes = false }).SelectMany(s => s.Lanes).SelectMany(l => l),
            s => s.Title.Contains("node", StringComparison.Ordinal)
        );

    [Fact]
    public void One_Pgpool_is_started_in_one_step()
    {
        var lab = Labs.Fixed();
        Assert.Equal(["Start Pgpool-II"], Titles(LabPlanner.StartPgpools(lab, ExpectedNode.AllOf(lab))));
    }

    [Fact]
    public void Several_Pgpools_are_launched_before_one_is_waited_for()
    {
        var lab = Labs.Fixed(pgpools: 3);
        Assert.Equal(
            [
                "Launch Pgpool-II 0 > Launch Pgpool-II 1 > Launch Pgpool-II 2",
                "Wait for Pgpool-II 0 | Wait for Pgpool-II 1 | Wait for Pgpool-II 2",
                "Wait until the watchdog has a leader",
            ],
            Titles(LabPlanner.StartPgpools(lab, ExpectedNode.AllOf(lab)))
        );
    }
}
