using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What hosts of a lab are told to do for a node, and which of them.</summary>
public sealed class SpreadRecoveryTests
{
    private static readonly Lab Whole = Named(Labs.Part(0) with { Here = null });

    private readonly List<string> _told = [];

    private readonly Notes _notes = new();

    private Func<string, int> _endsWith = _ => 0;

    private static Lab Named(Lab lab) =>
        lab with
        {
            Hosts = [.. lab.Hosts.Select(h => h with { Root = $"/srv/{h.Name}" })],
        };

    private SpreadRecovery Of(Lab lab) =>
        new(
            new OperationContext(
                new FakeHost(),
                TimeProvider.System,
                _notes,
                _ => throw new InvalidOperationException("Nothing is logged here."),
                "1.2.3",
                new SameProcess()
            ),
            new HostParts([.. lab.Hosts.Select(h => new ReachedHost(h, MachineOf(h), "pgpoollab"))]),
            lab
        );

    private FakeHost MachineOf(LabHost host)
    {
        var machine = new FakeHost();
        machine.Run = c =>
        {
            _told.Add($"{host.Name}: {string.Join(' ', c.Arguments)}");
            return new CommandResult(c, _endsWith(_told[^1]), "", "", TimeSpan.Zero);
        };
        return machine;
    }

    private static NodesReport Look(params WatchdogView[] members) =>
        Looks.At(Looks.Primary(0), Looks.Primary(1, "down"), Looks.Standby(2)) with
        {
            Watchdog = members,
        };

    private static WatchdogView Member(int id, string? status, bool? quorum = true) =>
        new(id, 11000, status is not null, status, quorum, 0, null);

    [Theory]
    [InlineData("LEADER", "STANDBY", "STANDBY", "a")]
    [InlineData("STANDBY", "STANDBY", "LEADER", "c")]
    [InlineData(null, "STANDBY", "LEADER", "c")]
    [InlineData(null, "STANDBY", null, "b")]
    public async Task Any_Pgpool_II_that_answers_attaches_a_node(string? a, string? b, string? c, string asked)
    {
        var look = Look(Member(0, a), Member(1, b), Member(2, c));
        await Of(Whole).TellAsync(look, "attach", Whole.Nodes[0], default);
        Assert.Equal([$"{asked}: part attach 0 --lab /srv/{asked}"], _told);
    }

    /// <summary>One that leads alone, cut off from the others, decides nothing.</summary>
    [Fact]
    public async Task Of_two_leaders_the_one_with_a_quorum_is_asked()
    {
        var look = Look(Member(0, "LEADER", quorum: false), Member(1, "LEADER"), Member(2, "STANDBY"));
        await Of(Whole).TellAsync(look, "detach", Whole.Nodes[2], default);
        Assert.Equal(["b: part detach 2 --lab /srv/b"], _told);
    }

    [Fact]
    public async Task Without_any_Pgpool_II_it_is_said()
    {
        var look = Look(Member(0, null), Member(1, null), Member(2, null));
        var error = await Assert.ThrowsAsync<LabException>(() =>
            Of(Whole).TellAsync(look, "attach", Whole.Nodes[0], default)
        );
        Assert.StartsWith("No Pgpool-II answers", error.Message, StringComparison.Ordinal);
        Assert.Empty(_told);
    }

    [Fact]
    public async Task What_counts_is_not_recovered_and_what_is_out_of_reach_neither()
    {
        var look = Look(Member(0, "LEADER"), Member(1, "STANDBY"), Member(2, "STANDBY"));
        var error = await Assert.ThrowsAsync<LabException>(() =>
            Of(Whole).RecoverAsync(look, Whole.Nodes[0], RecoveryMethod.AsConfigured, default)
        );
        Assert.StartsWith("Node 0 is the primary", error.Message, StringComparison.Ordinal);
        var cut = Whole with { Partition = new LabPartition([1], [0, 2], DateTimeOffset.UnixEpoch) };
        look = look with { Findings = [new Finding(FindingKinds.HostsCutOff, null, "They are cut off.")] };
        error = await Assert.ThrowsAsync<LabException>(() =>
            Of(cut).RecoverAsync(look, Whole.Nodes[1], RecoveryMethod.AsConfigured, default)
        );
        Assert.Equal(
            "Node 1 does not reach node 0, the primary: their hosts are cut off from each other.",
            error.Message
        );
        Assert.Contains("pgpoollab heal", error.Hints[0], StringComparison.Ordinal);
        Assert.Empty(_told);
    }

    /// <summary>A host that is lost keeps nobody from the others' nodes.</summary>
    [Fact]
    public async Task Every_node_that_is_not_well_is_tried()
    {
        _endsWith = _ => 4;
        var look = Looks.At(Looks.Primary(0), Looks.Dead(1), Looks.Standby(2, "down"));
        var error = await Assert.ThrowsAsync<PartFailedException>(() =>
            Of(Whole)
                .RecoverAllAsync(
                    _ => Task.FromResult(look),
                    RecoveryMethod.BaseBackup,
                    (_, _) => Task.CompletedTask,
                    default
                )
        );
        Assert.Equal("Host c could not recover node 2.", error.Message);
        Assert.Equal(["Host b could not recover node 1."], _notes.Lines);
        Assert.Equal(
            ["b: part rejoin 1 0 --basebackup --lab /srv/b", "c: part rejoin 2 0 --basebackup --lab /srv/c"],
            _told
        );
    }

    [Fact]
    public async Task Nothing_is_recovered_where_all_is_well()
    {
        var look = Looks.At(Looks.Primary(0), Looks.Standby(1), Looks.Standby(2));
        await Of(Whole)
            .RecoverAllAsync(
                _ => Task.FromResult(look),
                RecoveryMethod.AsConfigured,
                (_, _) => Task.CompletedTask,
                default
            );
        Assert.Empty(_told);
        Assert.Equal(["Every node is up and attached; there is nothing to recover."], _notes.Lines);
        Assert.Equal(
            "Node 1 is well: it is up and attached.",
            Assert.Throws<LabException>(() => SpreadRecovery.RequireIll(look, Whole.Nodes[1])).Message
        );
        SpreadRecovery.RequireIll(look with { Nodes = [look.Nodes[0], Looks.Dead(1)] }, Whole.Nodes[1]);
    }

    [Fact]
    public async Task A_standby_is_promoted_on_its_host_and_two_primaries_are_told()
    {
        var look = Looks.At(Looks.Primary(0), Looks.Standby(1), Looks.Standby(2));
        await Of(Whole).PromoteAsync(look, Whole.Nodes[2], default);
        Assert.Equal(["c: part promote 2 --lab /srv/c"], _told);
        Assert.StartsWith("There are two primaries now", Assert.Single(_notes.Lines), StringComparison.Ordinal);
        await Assert.ThrowsAsync<LabException>(() => Of(Whole).PromoteAsync(look, Whole.Nodes[0], default));
        Assert.Single(_told);
    }

    [Fact]
    public void What_would_be_done_is_said()
    {
        var look = Look(Member(0, "STANDBY"), Member(1, "LEADER"), Member(2, "STANDBY"));
        string Lines(Servers.Verbs.Verb verb, int node, RecoveryMethod method = RecoveryMethod.AsConfigured) =>
            string.Join('\n', Of(Whole).Lines(look, verb, Whole.Nodes[node], method));
        Assert.Equal(
            """
            Stop node 1 on host b
            Make node 1 on host b a copy of node 0 by pg_rewind, and start it
            Have Pgpool-II 1 on host b attach node 1
            """,
            Lines(Servers.Verbs.Verb.Recover, 1, RecoveryMethod.Rewind)
        );
        Assert.Equal("Have Pgpool-II 1 on host b detach node 2", Lines(Servers.Verbs.Verb.Detach, 2));
        Assert.Equal("Promote node 2 on host c, without Pgpool-II's knowledge", Lines(Servers.Verbs.Verb.Promote, 2));
        Assert.Throws<LabException>(() => Lines(Servers.Verbs.Verb.Promote, 0));
        Assert.Throws<LabException>(() => Lines(Servers.Verbs.Verb.Recover, 0));
        Assert.Empty(_told);
    }
}
