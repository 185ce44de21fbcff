using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Verbs;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;
using PgpoolLab.Servers.Verbs;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A node comes or goes: what is refused, and what becomes of the files that name the nodes.</summary>
public sealed class NodeCountTests
{
    private static readonly Lab Three = Labs.Fixed(nodes: 3);
    private static readonly NodeCountFacts Fine = new([], Senders: 13);

    private static VerbLook Look(Lab lab, params NodeView[] nodes) =>
        new(lab) { Report = Looks.At(lab.Mode, nodes), RunningPgpools = [.. lab.Pgpools.Select(p => p.Id)] };

    private static VerbLook Well(Lab? lab = null) =>
        Look(lab ?? Three, Looks.Primary(0), Looks.Standby(1), Looks.Standby(2));

    private static string Refused(Func<object> plan)
    {
        var error = Assert.Throws<LabException>(plan);
        return $"{error.Message} {string.Join(" ", error.Details.Concat(error.Hints))}".TrimEnd();
    }

    private static string Titles(VerbPlan plan) =>
        string.Join(" | ", plan.Stages.SelectMany(s => s.Lanes).SelectMany(l => l).Select(p => p.Title));

    [Fact]
    public void A_node_is_made_before_the_lab_hears_of_it_and_all_of_it_is_taken_back()
    {
        var plan = NodeCountPlans.Add(Well(), Fine);
        Assert.Equal(
            "Lease port 11005 | Create the replication slot of node 3 | Copy node 0 to node 3 (pg_basebackup)"
                + " | Configure node 3 | Start node 3 | Wait until node 3 streams | Write configuration and scripts"
                + " | Note that the lab has 4 nodes | Reload Pgpool-II | Attach node 3"
                + " | Wait: node 3 is up and attached | Link the sockets to where programs look for them",
            Titles(plan)
        );
        Assert.True(plan.IsTakenBack);
        Assert.Equal(4, plan.Lab?.Nodes.Count);
        Assert.Equal(plan, NodeCountPlans.Add(Well(), Fine));
        // Of whatever node is the primary.
        Assert.Contains(
            "Copy node 1 to node 3",
            Titles(
                NodeCountPlans.Add(Look(Labs.Fixed(nodes: 3), Looks.Dead(0), Looks.Primary(1), Looks.Standby(2)), Fine)
            ),
            StringComparison.Ordinal
        );
        // Archives and the folders of other Pgpool-IIs.
        Assert.Contains(
            "Create the folders of node 3",
            Titles(NodeCountPlans.Add(Well(Labs.Fixed(nodes: 3, pgpools: 3)), Fine)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_is_deleted_is_deleted_last_and_never_taken_back()
    {
        var plans = NodeCountPlans.Remove(Well(), Target.Of("2"), Fine);
        Assert.Equal(
            [
                "Stop Pgpool-II | Stop node 2 | Write configuration and scripts | Note that the lab has 2 nodes",
                "Start Pgpool-II | Drop the replication slot of node 2",
                "Delete node 2",
                "Link the sockets to where programs look for them | Wait: node 0 is up and attached"
                    + " | Wait: node 1 is up and attached",
            ],
            plans.Select(Titles)
        );
        Assert.Equal([true, true, false, false], plans.Select(p => p.IsTakenBack));
        Assert.Equal([false, false, true, false], plans.Select(p => p.RunsToItsEnd));
        Assert.Equal(plans, NodeCountPlans.Remove(Well(), Target.Of("2"), Fine));
    }

    [Fact]
    public async Task A_slot_that_was_to_be_dropped_is_created_again_when_the_removal_is_taken_back()
    {
        // Nobody listens there.
        var lab = Labs.Fixed(nodes: 3, root: "/nowhere/lab");
        var context = Context(new FakeHost(), lab);
        await Assert.ThrowsAsync<LabException>(() =>
            new DropSlot(lab.Nodes[0], lab.Nodes[2]).ExecuteAsync(context, CancellationToken.None)
        );
        var undone = new List<string>();
        _ = await context.Undo.UnwindAsync(undone.Add);
        Assert.Equal(["create the replication slot of node 2 again"], undone);
        // It may be there still.
        Assert.EndsWith(
            "WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'pgpool_setup_slot2')",
            Slots.CreateUnlessThere(lab.Nodes[2]),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_new_node_is_attached_when_Pgpool_knows_it_and_it_streams()
    {
        var lab = NodeCountPlans.WithOneMore(Three);
        var step = new JoinPgpool(lab.Nodes[3], lab.Pgpool, TimeSpan.FromMinutes(2));
        Assert.Null(WhyNot(Looks.Standby(3, "down")));
        Assert.Equal(
            (ExitCode.NotHealthy, "Pgpool-II does not know node 3 yet."),
            WhyNot(Looks.Standby(3) with { Pgpool = null })
        );
        Assert.Equal(
            (
                ExitCode.Failed,
                "Node 3 is not attached. Node 3 does not stream from a primary: clients would read what is out of date."
            ),
            WhyNot(Looks.Standby(3, "down", receiver: null))
        );
        // Of what passes it is waited for the end.
        Assert.Equal(
            (ExitCode.NotHealthy, "Node 3 is not attached. Something is at work."),
            WhyNot(Looks.Standby(3, "down"), Looks.Work(WorkKind.Failover))
        );

        (ExitCode, string)? WhyNot(NodeView node, params WorkUnderWay[] work) =>
            step.WhyNot(
                lab,
                Looks.At(Looks.Primary(0), Looks.Standby(1), Looks.Standby(2), node) with
                {
                    AtWork = work,
                }
            )
                is { } why
                ? (why.Code, why.Message)
                : null;
    }

    [Fact]
    public void Only_the_last_node_goes_and_never_the_primary()
    {
        Assert.EndsWith("pgpoollab remove-node 2", Remove("1"), StringComparison.Ordinal);
        Assert.EndsWith("pgpoollab remove-node 2", Remove("primary"), StringComparison.Ordinal);
        Assert.StartsWith(
            "Node 2 is the primary. Have another",
            Refused(() =>
                NodeCountPlans.Remove(
                    Look(Labs.Fixed(nodes: 3), Looks.Standby(0), Looks.Standby(1), Looks.Primary(2)),
                    Target.Of("2"),
                    Fine
                )
            ),
            StringComparison.Ordinal
        );
        Assert.StartsWith(
            "It is the lab's only node.",
            Refused(() => NodeCountPlans.Remove(Look(Labs.Fixed(nodes: 1), Looks.Primary(0)), Target.Of("0"), Fine)),
            StringComparison.Ordinal
        );

        static string Remove(string target) => Refused(() => NodeCountPlans.Remove(Well(), Target.Of(target), Fine));
    }

    [Theory]
    [InlineData("FIRST 2 (server1, server2)", 2, true)]
    [InlineData("FIRST 1 (server2)", 1, true)]
    [InlineData("FIRST 1 (server0, server1, server2)", 1, false)]
    [InlineData("*", 1, false)]
    public void A_standby_that_commits_wait_for_stays(string names, int required, bool stays)
    {
        var look = Well();
        look = look with
        {
            Report = look.Seen with { Synchronous = new SynchronousCommit(0, names, "on", required, required, 0) },
        };
        var plan = () => (object)NodeCountPlans.Remove(look, Target.Of("2"), Fine);
        if (stays)
        {
            Assert.EndsWith("pgpoollab sync off", Refused(plan), StringComparison.Ordinal);
        }
        else
        {
            Assert.NotNull(plan());
        }
    }

    [Fact]
    public void What_cannot_be_made_or_written_is_refused_before_anything_is_touched()
    {
        Assert.StartsWith(
            "Port 11005 is",
            Add(Fine with { PortTaken = "Port 11005 is taken." }),
            StringComparison.Ordinal
        );
        Assert.EndsWith(
            "rm -r /srv/lab/data3",
            Add(Fine with { InTheWay = "/srv/lab/data3" }),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "/srv/lab/startall",
            Add(Fine with { Foreign = ["/srv/lab/startall"] }),
            StringComparison.Ordinal
        );
        Assert.Contains("config set", Add(Fine with { Senders = 4 }), StringComparison.Ordinal);
        foreach (
            var lab in (Lab[])
                [
                    Labs.Old(nodes: 3),
                    Labs.Fixed(nodes: 3, mode: ClusteringMode.NativeReplication),
                    Labs.Fixed(nodes: 3, mode: ClusteringMode.Raw),
                    Labs.Fixed(nodes: 3) with
                    {
                        OwnsNodes = false,
                    },
                ]
        )
        {
            _ = Refused(() => NodeCountPlans.Add(Well(lab), Fine));
            _ = Refused(() => NodeCountPlans.Remove(Well(lab), Target.Of("2"), Fine));
        }

        static string Add(NodeCountFacts facts) => Refused(() => NodeCountPlans.Add(Well(), facts));
    }

    // ---- the files that name the nodes ----

    /// <summary>What setup would have written.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(2, 3)]
    public async Task After_a_node_was_added_every_file_is_as_if_the_lab_had_been_made_so_and_back_again(
        int nodes,
        int pgpools
    )
    {
        var (from, to) = (Labs.Fixed(nodes: nodes, pgpools: pgpools), Labs.Fixed(nodes: nodes + 1, pgpools: pgpools));
        var (before, after) = (await WrittenAsync(from), await WrittenAsync(to));
        var host = await WrittenAsync(from);
        await ChangeAsync(host, new NodeCount(from, NodeCountPlans.WithOneMore(from)));
        Assert.Equal(Names(after), Names(host));
        Assert.All(after.Files, f => Assert.Equal(f.Value, host.Files[f.Key]));
        await ChangeAsync(host, new NodeCount(to, NodeCountPlans.WithOneLess(to)));
        Assert.All(before.Files, f => Assert.Equal(f.Value, host.Files[f.Key]));
    }

    [Fact]
    public async Task Files_that_somebody_has_changed_are_named_and_settings_of_his_own_stay()
    {
        var lab = Labs.Fixed();
        var host = await WrittenAsync(lab);
        host.Files[lab.Pgpool.Paths.PgpoolConf] += "num_init_children = 7\n";
        var change = new NodeCount(lab, NodeCountPlans.WithOneMore(lab));
        Assert.Empty(await new NodeFiles(host, Labs.Renderer(), change).FindForeignAsync(CancellationToken.None));
        await ChangeAsync(host, change);
        Assert.EndsWith("num_init_children = 7\n", host.Files[lab.Pgpool.Paths.PgpoolConf], StringComparison.Ordinal);

        host = await WrittenAsync(lab);
        host.Files[lab.Paths.FollowPrimaryScript] += "# mine\n";
        Assert.Equal(
            [lab.Paths.FollowPrimaryScript],
            await new NodeFiles(host, Labs.Renderer(), change).FindForeignAsync(CancellationToken.None)
        );
    }

    [Fact]
    public void Rows_of_a_node_stand_after_those_of_the_node_before_and_go_wherever_they_stand()
    {
        const string Text = "a = 1\nbackend_port1 = 2\nbackend_flag1 = 'X'\n\nb = 2\nbackend_weight1 = '3'\n";
        var with = BackendRows.With(Text, 2, "backend_port2 = 3\n");
        Assert.Equal(
            "a = 1\nbackend_port1 = 2\nbackend_flag1 = 'X'\nbackend_port2 = 3\n\nb = 2\nbackend_weight1 = '3'\n",
            with
        );
        Assert.Equal(with, BackendRows.With(with, 2, "backend_port2 = 3\n"));
        Assert.Equal("a = 1\n\nb = 2\n", BackendRows.Without(Text, 1));
        Assert.Equal(Text, BackendRows.Without(Text, 11));
        Assert.Equal("# nothing\nbackend_port2 = 3\n", BackendRows.With("# nothing\n", 2, "backend_port2 = 3\n"));
    }

    private static Plans.StepContext Context(FakeHost host, Lab lab) =>
        new(
            host,
            lab,
            Labs.Renderer(),
            new Servers.Waiting.ProbeRunner(host, TimeProvider.System),
            Labs.SecretsOf(lab),
            new Plans.UndoStack(),
            Serilog.Core.Logger.None,
            TimeProvider.System
        );

    private static IEnumerable<string> Names(FakeHost host) => host.Files.Keys.Order(StringComparer.Ordinal);

    private static async Task ChangeAsync(FakeHost host, NodeCount change)
    {
        foreach (var file in await new NodeFiles(host, Labs.Renderer(), change).ChangesAsync(CancellationToken.None))
        {
            host.Files[file.Path] = file.After;
        }
    }

    /// <summary>A lab's files that are not the servers' own.</summary>
    private static async Task<FakeHost> WrittenAsync(Lab lab)
    {
        var host = new FakeHost();
        var context = Context(host, lab);
        await new Steps.WriteLabFiles().ExecuteAsync(context, CancellationToken.None);
        foreach (var node in lab.Nodes)
        {
            foreach (var script in Steps.ConfigureNode.Scripts(lab))
            {
                host.Files[$"{node.DataDirectory}/{script}"] = Labs.Renderer().Render($"scripts/{script}", lab);
            }
        }

        // Made up anew each time.
        foreach (var pgpool in lab.Pgpools)
        {
            host.Files.Remove(pgpool.Paths.PoolPasswd);
        }

        return host;
    }
}
