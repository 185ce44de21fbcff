using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Spread;
using PgpoolLab.Servers.Reports;
using PgpoolLab.Servers.Tests;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>A switchover between hosts: who is told what, and what is taken back.</summary>
public sealed class SpreadSwitchoverTests
{
    private static readonly Lab Whole = Labs.Part(0) with { Here = null };

    private static NodesReport Look(params NodeView[] nodes) =>
        Looks.At(nodes) with
        {
            Watchdog =
            [
                new(0, 11000, true, "LEADER", true, 0, null),
                new(1, 11000, true, "STANDBY", true, 0, null),
                new(2, 11000, true, "STANDBY", true, 0, null),
            ],
        };

    private static NodesReport Well() => Look(Looks.Primary(0), Looks.Standby(1, lag: 8), Looks.Standby(2));

    private static string Planned(NodesReport look, int? wanted) =>
        string.Join('\n', SwitchoverPlan.Of(Whole, look, wanted is { } id ? Whole.Nodes[id] : null).Lines(Whole));

    [Fact]
    public void The_right_standby_is_promoted_because_those_with_lower_numbers_stand_aside()
    {
        Assert.Equal(
            """
            Have Pgpool-II leave out node 1, which it would promote instead
            Stop node 0, the primary, on host a: what it has written, its standbys have
            Have Pgpool-II give up node 0, and promote node 2 on host c
            Make node 0 a standby of node 2, and attach it
            Wait until node 1 is attached again
            """,
            Planned(Well(), 2)
        );
        Assert.Equal(
            """
            Stop node 0, the primary, on host a: what it has written, its standbys have
            Have Pgpool-II give up node 0, and promote node 1 on host b
            Make node 0 a standby of node 1, and attach it
            """,
            Planned(Well(), 1)
        );
    }

    [Fact]
    public void Without_a_number_it_is_the_standby_that_is_least_behind()
    {
        Assert.Contains("promote node 2 ", Planned(Well(), null), StringComparison.Ordinal);
        // One that Pgpool-II has given up need not stand aside, and is not chosen either.
        Assert.StartsWith(
            "Stop node 0",
            Planned(Look(Looks.Primary(0), Looks.Standby(1, "down"), Looks.Standby(2, lag: 8)), null),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_would_lose_rows_or_cannot_work_is_refused()
    {
        Assert.Equal("Node 0 is a primary already.", Refused(Well(), 0));
        Assert.StartsWith(
            "Node 1 does not stream",
            Refused(Look(Looks.Primary(0), Looks.Standby(1, receiver: null), Looks.Standby(2)), 1),
            StringComparison.Ordinal
        );
        Assert.Equal(
            "There are 2 primaries: nodes 0 and 1.",
            Refused(Look(Looks.Primary(0, "down"), Looks.Primary(1, timeline: 2), Looks.Standby(2, timeline: 2)), 2)
        );
        Assert.StartsWith(
            "There is no standby",
            Refused(Look(Looks.Primary(0), Looks.Dead(1), Looks.Dead(2)), null),
            StringComparison.Ordinal
        );
    }

    private static string Refused(NodesReport look, int? wanted) =>
        Assert.Throws<LabException>(() => Planned(look, wanted)).Message;

    /// <summary>Started again while another one has taken over, the old primary would be a second one.</summary>
    [Theory]
    [InlineData(false, "start 0", "part attach 1")]
    [InlineData(true, "part attach 1")]
    public async Task When_nobody_takes_over_the_old_primary_is_started_again(bool another, params string[] undone)
    {
        var told = new List<string>();
        var gone = another
            ? Look(Looks.Dead(0), Looks.Standby(1, "down"), Looks.Primary(2, timeline: 2))
            : Look(Looks.Dead(0), Looks.Standby(1, "down"), Looks.Standby(2, receiver: null));
        var failed = await Assert.ThrowsAsync<LabException>(() =>
            Of(told, gone, () => throw new LabException(ExitCode.NotHealthy, "It is none in time."))
                .RunAsync(SwitchoverPlan.Of(Whole, Well(), Whole.Nodes[2]), Well(), default)
        );
        Assert.Equal("It is none in time.", failed.Message);
        Assert.Equal(["part detach 1", "stop 0", .. undone], told);
    }

    /// <summary>Pgpool-II that has not noticed yet is told.</summary>
    [Fact]
    public async Task An_old_primary_that_Pgpool_has_not_given_up_is_detached()
    {
        var told = new List<string>();
        var look = Look(Looks.Dead(0, "up"), Looks.Standby(1, receiver: null), Looks.Standby(2, receiver: null));
        await Assert.ThrowsAsync<LabException>(() =>
            Of(told, look, () => throw new LabException(ExitCode.NotHealthy, "It is none in time."))
                .RunAsync(SwitchoverPlan.Of(Whole, Well(), Whole.Nodes[1]), Well(), default)
        );
        Assert.Equal(["stop 0", "part detach 0", "start 0"], told);
    }

    [Fact]
    public async Task Where_it_cannot_even_be_begun_nothing_is_stopped()
    {
        var told = new List<string>();
        var nobody = Well() with { Watchdog = [] };
        await Assert.ThrowsAsync<LabException>(() =>
            Of(told, Well(), () => Task.CompletedTask)
                .RunAsync(SwitchoverPlan.Of(Whole, Well(), Whole.Nodes[2]), nobody, default)
        );
        Assert.DoesNotContain("stop 0", told);
        Assert.DoesNotContain("start 0", told);
    }

    private static SpreadSwitchover Of(List<string> told, NodesReport look, Func<Task> isPrimary)
    {
        var lab = Whole with { Hosts = [.. Whole.Hosts.Select(h => h with { Root = $"/srv/{h.Name}" })] };
        return new(
            new OperationContext(
                new FakeHost(),
                TimeProvider.System,
                new Notes(),
                _ => throw new InvalidOperationException("Nothing is logged here."),
                "1.2.3",
                new SameProcess()
            ),
            new HostParts([.. lab.Hosts.Select(h => new ReachedHost(h, Machine(), "pgpoollab"))]),
            lab,
            _ => Task.FromResult(look),
            (_, _) => isPrimary(),
            (_, _) => Task.CompletedTask
        );

        FakeHost Machine()
        {
            var machine = new FakeHost();
            machine.Run = c =>
            {
                told.Add(string.Join(' ', c.Arguments.TakeWhile(a => a != "--lab")));
                return new CommandResult(c, 0, "", "", TimeSpan.Zero);
            };
            return machine;
        }
    }
}
