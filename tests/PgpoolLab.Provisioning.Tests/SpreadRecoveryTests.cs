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
                new Notes(),
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
            return new CommandResult(c, 0, "", "", TimeSpan.Zero);
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
}
