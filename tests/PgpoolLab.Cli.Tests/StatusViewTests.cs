using PgpoolLab.Cli.Rendering;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Cli.Tests;

public sealed class StatusViewTests
{
    private static readonly Lab Lab = Labs.Fixed(nodes: 3);

    private static NodeView Node(int id, string status, string role, PostgresSays says) =>
        new(
            id,
            11002 + id,
            new PoolNode
            {
                Id = id,
                Status = status,
                Role = role,
                Weight = "0.333333",
                SelectCount = 5,
                ReplicationState = role == "standby" && status != "down" ? "streaming" : null,
                SyncState = role == "standby" && status != "down" ? "async" : null,
            },
            says
        );

    private static PostgresSays Says(bool standby, int timeline = 2) =>
        new()
        {
            Up = true,
            Runs = true,
            InRecovery = standby,
            Timeline = timeline,
            Receiver = standby ? "streaming" : null,
            FedByPrimary = standby ? true : null,
            WalPosition = "0/3000060",
        };

    private static StatusReport Report(IReadOnlyList<NodeView> nodes, params WorkUnderWay[] work)
    {
        var facts = new NodesFacts(Lab, new(true, null) { Runs = true }, nodes) { Work = work };
        var look = new NodesReport(
            Lab.Name,
            Lab.Root,
            Lab.Mode.Setting(),
            Lab.Pgpool.Port,
            true,
            null,
            nodes,
            [],
            NodesDiagnosis.Of(facts)
        )
        {
            AtWork = work,
        };
        var status = new StatusFacts(Lab, facts.Pgpool, look) { HealthCheck = new(1, 10, 0, 1) };
        return StatusReport.Of(look, StatusDiagnosis.Of(status), WhatComesNext.Of(status));
    }

    private static StatusReport Healthy() =>
        Report([
            Node(0, "up", "primary", Says(standby: false)),
            Node(1, "up", "standby", Says(standby: true)),
            Node(2, "waiting", "standby", Says(standby: true)),
        ]);

    /// <summary>What it is that only status asks for.</summary>
    private static StatusReport Causes()
    {
        var healthy = Healthy();
        var look = new NodesReport(
            Lab.Name,
            Lab.Root,
            Lab.Mode.Setting(),
            Lab.Pgpool.Port,
            true,
            null,
            healthy.Nodes,
            [],
            []
        );
        var facts = new StatusFacts(Lab, new(true, null) { Runs = true }, look)
        {
            HealthCheck = new(1, 10, 0, 1),
            Details = new StatusDetails
            {
                Nodes = new Dictionary<int, NodeDetails>
                {
                    [0] = new(0)
                    {
                        MaxConnections = 100,
                        ReservedConnections = 3,
                        PendingRestart = "max_connections, shared_buffers",
                        Slots = [new SlotState("stray", true, false, "reserved", 80L << 20)],
                    },
                },
                Pgpools = new Dictionary<int, PgpoolDetails>
                {
                    [0] = new(0)
                    {
                        InFile = new Dictionary<string, string> { ["num_init_children"] = "60" },
                        InEffect = new Dictionary<string, string> { ["num_init_children"] = "32", ["max_pool"] = "4" },
                        PcpProblem = "FATAL:  authentication failed for user \"olga\"",
                    },
                },
                Disks = [new DiskSpace("/srv/lab/data0", 20L << 20)],
            },
        };
        return StatusReport.Of(look, StatusDiagnosis.Of(facts), WhatComesNext.Of(facts));
    }

    [Fact]
    public void What_is_to_be_done_is_shown_in_order() =>
        Assert.Equal(
            [
                "  1. write the password of pcppass into pcp.conf  (pcp-auth)",
                "  2. pgpoollab config set postgresql.max_connections=141 --restart  (max-connections-small)",
                "  3. pgpoollab reload --restart  (config-needs-restart)",
            ],
            StatusView.PlanLines(FixPlan.Of(Lab, Causes()))
        );

    private static StatusReport SplitBrain() =>
        Report([
            Node(0, "down", "standby", Says(standby: false, timeline: 1)),
            Node(1, "up", "primary", Says(standby: false)),
            Node(2, "down", "standby", Says(standby: true)),
        ]);

    private static StatusReport FollowsPrimary() =>
        Report(
            [
                Node(
                    0,
                    "down",
                    "standby",
                    new PostgresSays
                    {
                        Up = false,
                        Runs = false,
                        Problem = "not running",
                    }
                ),
                Node(1, "up", "primary", Says(standby: false)),
                Node(2, "down", "standby", Says(standby: true)),
            ],
            new WorkUnderWay(WorkKind.FollowPrimary, 0, 4711, null, "Pgpool-II makes node 0 follow the new primary")
            {
                Next = "Next: node 2.",
            }
        );

    [Theory]
    [InlineData("healthy", 80)]
    [InlineData("split-brain", 60)]
    [InlineData("split-brain", 80)]
    [InlineData("split-brain", 200)]
    [InlineData("follow-primary", 80)]
    [InlineData("causes", 60)]
    [InlineData("causes", 80)]
    public void Status_is_shown(string name, int width)
    {
        var screen = new Screen(width);
        StatusView.Print(
            screen.Terminal.Data,
            name switch
            {
                "healthy" => Healthy(),
                "split-brain" => SplitBrain(),
                "causes" => Causes(),
                _ => FollowsPrimary(),
            }
        );
        Snapshot.Approve($"status-{name}-{width}", screen.Out);
    }

    [Fact]
    public void Status_as_json() => Snapshot.Approve("status-json", NodesReporter.ToJson(SplitBrain()));
}
