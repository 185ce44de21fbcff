using PgpoolLab.Model;
using PgpoolLab.Servers;

namespace PgpoolLab.Provisioning.Tests;

public sealed class LabHistoryTests
{
    private static readonly Lab Three = Labs.Former(nodes: 3, pgpools: 3);
    private readonly FakeHost _host = new();

    [Theory]
    [InlineData(null, new int[0])]
    [InlineData("", new int[0])]
    [InlineData("up\nup\nup\n", new int[0])]
    [InlineData("up\ndown\nup\n", new[] { 1 })]
    [InlineData("down\nup\ndown\n", new[] { 0, 2 })]
    [InlineData("down \nup\r\n", new[] { 0 })]
    [InlineData("unused\nup\n", new int[0])]
    [InlineData("up\nup\nup\ndown\ndown\n", new int[0])] // what belongs to no node of the lab
    [InlineData("down\ndown\n", new int[0])] // with all of them down it begins anew
    public async Task A_Pgpool_that_remembers_holds_down_what_its_status_file_says(string? text, int[] down)
    {
        if (text is not null)
        {
            _host.Files["/srv/lab/pgpool1/log/pgpool_status"] = text;
        }

        Assert.Equal(
            down,
            await new LabHistory(_host, Three).FindNodesHeldDownAsync(Three.Pgpools[1], CancellationToken.None)
        );
    }

    [Theory]
    [InlineData(ClusteringMode.NativeReplication)]
    [InlineData(ClusteringMode.Raw)]
    [InlineData(ClusteringMode.LogicalReplication)]
    public async Task Where_each_node_has_a_timeline_of_its_own_none_is_outdated(ClusteringMode mode)
    {
        var lab = Labs.Former(mode: mode);
        _host.Run = c =>
            new(
                c,
                0,
                $"Latest checkpoint's TimeLineID:       {(c.Arguments[1].EndsWith('1') ? 2 : 1)}\n",
                "",
                TimeSpan.Zero
            );
        Assert.Empty(await new LabHistory(_host, lab).FindOutdatedPrimariesAsync(CancellationToken.None));
        Assert.Empty(await new LabHistory(_host, Labs.Old()).FindOutdatedPrimariesAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_former_primary_on_an_older_timeline_must_not_start()
    {
        var lab = Labs.Former(nodes: 3);
        _host.Files["/srv/lab/data2/standby.signal"] = "";
        _host.Run = c =>
            new(
                c,
                0,
                $"Latest checkpoint's TimeLineID:       {(c.Arguments[1].EndsWith('1') ? 2 : 1)}\n",
                "",
                TimeSpan.Zero
            );
        var outdated = await new LabHistory(_host, lab).FindOutdatedPrimariesAsync(CancellationToken.None);
        Assert.Equal([lab.Nodes[0]], outdated);
    }

    [Theory]
    [InlineData(ClusteringMode.StreamingReplication, "1.kept", new[] { 1 })] // it would be a second primary
    [InlineData(ClusteringMode.StreamingReplication, "0.kept 1/standby.signal", new int[0])] // it is the only primary
    [InlineData(ClusteringMode.StreamingReplication, "1.kept 1/standby.signal", new int[0])]
    [InlineData(ClusteringMode.StreamingReplication, "0.kept 1.kept", new int[0])]
    [InlineData(ClusteringMode.StreamingReplication, "1.recovery", new int[0])] // the node is as it was
    [InlineData(ClusteringMode.NativeReplication, "1.kept", new[] { 1 })]
    [InlineData(ClusteringMode.SnapshotIsolation, "1/standby.signal", new[] { 1 })]
    [InlineData(ClusteringMode.Raw, "1.kept", new[] { 1 })]
    public async Task A_node_whose_recovery_was_killed_must_not_start(
        ClusteringMode mode,
        string there,
        int[] unfinished
    )
    {
        var lab = Labs.Former(mode: mode);
        foreach (var file in (string[])["0/PG_VERSION", "1/PG_VERSION", .. there.Split(' ')])
        {
            _host.Files[$"/srv/lab/data{file}"] = "";
        }

        var history = new LabHistory(_host, lab);
        Assert.Equal(unfinished, (await history.FindUnfinishedAsync([], CancellationToken.None)).Select(n => n.Id));
        // An outdated primary is no primary, and the old command line's labs start whatever there is.
        Assert.Equal(
            mode is ClusteringMode.StreamingReplication ? [] : unfinished,
            (await history.FindUnfinishedAsync([lab.Nodes[0]], CancellationToken.None)).Select(n => n.Id)
        );
        Assert.Empty(await new LabHistory(_host, Labs.Old()).FindUnfinishedAsync([], CancellationToken.None));
    }

    [Fact]
    public async Task Before_PostgreSQL_12_a_standby_is_known_by_its_recovery_conf()
    {
        var lab = Labs.Former(11);
        _host.Files["/srv/lab/data1/recovery.conf"] = "";
        var history = new LabHistory(_host, lab);
        Assert.Equal(
            (false, true),
            (
                await history.IsStandbyAsync(lab.Nodes[0], CancellationToken.None),
                await history.IsStandbyAsync(lab.Nodes[1], CancellationToken.None)
            )
        );
    }
}
