using System.Text;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Planning;

namespace PgpoolLab.Provisioning.Tests;

public sealed class LabPlannerTests
{
    private static readonly HostFacts Facts = new()
    {
        Root = "/srv/lab",
        LabId = "0123abcd",
        Owner = "olga",
        Folder = new FolderOrigin("/srv/lab"),
        Tools = Labs.Tools(),
        SocketDirectories = ["/var/run/postgresql", "/tmp"],
        AliasFolder = "/home/olga/.local/state/pgpoollab",
        FreePort = 12340,
    };

    private static readonly LabSpec Spec = new() { Directory = "/srv/lab" };

    private static string Text(LabPlan plan)
    {
        var text = new StringBuilder();
        var lab = plan.Lab;
        text.AppendLine($"{lab.Name} ({lab.Id}) in {lab.Root}, of {lab.Owner}{(lab.Invoker is { } invoker ? $" for {invoker}" : "")}, alias {lab.SafeAlias ?? "none"}, slots {lab.UseSlots}, rewind {lab.UseRewind}");
        text.AppendLine($"pgpool {lab.Pgpool.Port}, pcp {lab.Pgpool.PcpPort}, sockets {string.Join(' ', lab.Pgpool.SocketDirectories)}, pcp socket {lab.Pgpool.PcpSocketDirectory}");
        foreach (var node in lab.Nodes)
        {
            text.AppendLine($"node {node.Id}: {node.Port} {node.DataDirectory}{(node.ServerDataDirectory == node.DataDirectory ? "" : $" = {node.ServerDataDirectory}")}");
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
    public void Two_nodes_with_slots() => Snapshot.Approve("plan-2-nodes-slots", Text(LabPlanner.Plan(Spec with { UseSlots = true }, Facts)));

    [Fact]
    public void Three_nodes_with_an_archive_are_left_running() => Snapshot.Approve("plan-3-nodes-archive", Text(LabPlanner.Plan(Spec with { Nodes = 3, LeaveRunning = true, UseRewind = true }, Facts)));

    [Fact]
    public void One_node_has_nobody_to_copy_or_to_wait_for() => Snapshot.Approve("plan-1-node", Text(LabPlanner.Plan(Spec with { Nodes = 1, UseSlots = true, Name = "one" }, Facts)));

    [Fact]
    public void A_folder_with_a_space_and_an_umlaut_has_a_link_without() => Snapshot.Approve("plan-alias", Text(LabPlanner.Plan(Spec, Facts with { Root = "/srv/mein Prüfstand" })));

    [Fact]
    public void Root_has_a_role_and_wrappers_of_its_own() => Snapshot.Approve("plan-root", Text(LabPlanner.Plan(Spec with { UseSlots = true }, Facts with { Owner = "postgres", Invoker = "root" })));

    [Fact]
    public void A_port_that_is_left_open_is_the_free_one()
    {
        var lab = LabPlanner.Plan(Spec with { Port = null }, Facts).Lab;
        Assert.Equal([12340, 12341, 12342, 12343], lab.Ports.All(2).Select(p => p.Port));
        Assert.Equal((12340, 12341), (lab.Pgpool.Port, lab.Pgpool.PcpPort));
    }

    [Fact]
    public void Nodes_can_have_ports_of_their_own() => Assert.Equal([5432, 5433], LabPlanner.Plan(Spec with { PostgresPort = 5432 }, Facts).Lab.Nodes.Select(n => n.Port));

    [Fact]
    public void Settings_go_to_the_program_they_name()
    {
        var lab = LabPlanner.Plan(Spec with { Settings = ["pgpool.max_pool=1", "postgresql.work_mem=1MB", "pgpool.max_pool=3"] }, Facts).Lab;
        Assert.Equal([new("max_pool", "3")], lab.PgpoolSettings.ToArray());
        Assert.Equal([new("work_mem", "1MB")], lab.PostgresSettings.ToArray());
    }

    [Fact]
    public void A_wrong_request_names_every_problem()
    {
        var error = Assert.Throws<InvalidSpecException>(() => LabPlanner.Plan(Spec with { Nodes = 0, Settings = ["nonsense"] }, Facts));
        Assert.Equal(2, error.Problems.Count);
    }

    [Fact]
    public void A_free_port_too_near_the_end_is_a_problem_too() =>
        Assert.Throws<InvalidSpecException>(() => LabPlanner.Plan(Spec with { Port = null, Nodes = 10 }, Facts with { FreePort = 65530 }));

    [Theory]
    [InlineData("/srv/.lab")]
    [InlineData("/srv/-lab")]
    public void A_folder_may_have_a_name_that_a_lab_could_not_be_given(string root) =>
        Assert.Equal(root, LabPlanner.Plan(Spec with { Directory = root }, Facts with { Root = root }).Lab.Root);

    [Fact]
    public void The_topmost_folder_lends_no_name_so_the_lab_is_called_by_its_id() => Assert.Equal("0123abcd", LabPlanner.Plan(Spec, Facts with { Root = "/" }).Lab.Name);

    [Fact]
    public void A_lab_stops_in_the_order_that_makes_no_failover()
    {
        var titles = LabPlanner.Stop(Labs.Fixed(nodes: 3)).Select(s => s.Lanes.Select(l => string.Join('+', l.Select(p => p.Title))).ToArray()).ToArray();
        Assert.Equal([["Stop Pgpool-II"], ["Stop node 0", "Stop node 1", "Stop node 2"]], titles);
    }

    [Fact]
    public void A_lab_starts_its_nodes_side_by_side_and_Pgpool_last()
    {
        var lab = Labs.Fixed(nodes: 3);
        var titles = LabPlanner.Start(lab, lab.Nodes[1], [lab.Nodes[1], lab.Nodes[2]]).Select(s => s.Lanes.Select(l => string.Join('+', l.Select(p => p.Title))).ToArray()).ToArray();
        Assert.Equal([["Start node 1", "Start node 2"], ["Start Pgpool-II"]], titles);
    }
}
