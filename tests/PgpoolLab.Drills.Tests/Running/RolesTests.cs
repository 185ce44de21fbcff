using PgpoolLab.Drills.Files;
using PgpoolLab.Drills.Running;

namespace PgpoolLab.Drills.Tests.Running;

public sealed class RolesTests
{
    [Theory]
    [InlineData("kill primary", "kill 2", "node 2")]
    [InlineData("kill standby", "kill standby", "node 0 and node 1")]
    [InlineData("promote standby", "promote 0", "node 0")]
    [InlineData("switchover", "switchover 0", "node 0")]
    [InlineData("switchover 1", "switchover 1", "node 1")]
    [InlineData("cut node1 primary", "cut node1 node2", "node 1 → node 2")]
    [InlineData("cut pgpool0 1", "cut pgpool0 node1", "pgpool0 → node 1")]
    [InlineData("kill pgpool", "kill pgpool", "Pgpool-II")]
    [InlineData("fill primary", "fill 2", "node 2")]
    [InlineData("free 0", "free 0", "node 0")]
    [InlineData("wait streaming", "wait streaming", null)]
    public void Roles_are_what_they_are_when_the_step_begins(string words, string resolved, string? was)
    {
        var parts = words.Split(' ');
        var step = new StepSpec(parts[0], parts[1..], [], StepVerb.Find(parts[0])!.Kind);
        var (now, seen) = Roles.Resolve(step, [2], [0, 1]);
        Assert.Equal((resolved, was), (string.Join(' ', now.Prepend(parts[0])), seen));
    }

    [Fact]
    public void Of_two_primaries_none_is_guessed() =>
        Assert.Equal(["primary"], Roles.Resolve(new StepSpec("kill", ["primary"], [], "fault"), [0, 1], []).Words);
}
