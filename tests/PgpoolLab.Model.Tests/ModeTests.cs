namespace PgpoolLab.Model.Tests;

public sealed class ModeTests
{
    /// <summary>Pgpool-II manual, "Running mode", and the letters of <c>pgpool_setup -m</c>.</summary>
    public static TheoryData<ClusteringMode, string, string, string, string> Modes =>
        new()
        {
            {
                ClusteringMode.StreamingReplication,
                "s",
                "streaming",
                "streaming_replication",
                "streaming replication mode"
            },
            { ClusteringMode.NativeReplication, "r", "replication", "native_replication", "native replication mode" },
            { ClusteringMode.Raw, "n", "raw", "raw", "raw mode" },
            { ClusteringMode.LogicalReplication, "l", "logical", "logical_replication", "logical replication mode" },
            {
                ClusteringMode.SnapshotIsolation,
                "i",
                "snapshot-isolation",
                "snapshot_isolation",
                "snapshot isolation mode"
            },
            { ClusteringMode.Slony, "y", "slony", "slony", "slony mode" },
        };

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_mode_has_a_letter_a_name_a_setting_and_a_title(
        ClusteringMode mode,
        string letter,
        string name,
        string setting,
        string title
    )
    {
        Assert.Equal((letter, setting, title), (mode.Letter(), mode.Setting(), mode.Title()));
        Assert.Equal(mode, ClusteringModes.Parse(letter));
        Assert.Equal(mode, ClusteringModes.Parse(name));
    }

    [Fact]
    public void Every_mode_there_is_has_them() =>
        Assert.Equal(Enum.GetValues<ClusteringMode>(), Modes.Select(m => m.Data.Item1).Order());

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("S")]
    [InlineData("Streaming")]
    [InlineData("streaming_replication")]
    [InlineData("sr")]
    public void What_is_neither_letter_nor_name_is_no_mode(string text) => Assert.Null(ClusteringModes.Parse(text));

    [Fact]
    public void Slony_is_for_the_old_command_line_alone() =>
        Assert.Equal(
            ["s", "streaming", "r", "replication", "n", "raw", "l", "logical", "i", "snapshot-isolation"],
            ClusteringModes.Names
        );

    [Theory]
    [InlineData(ClusteringMode.StreamingReplication, false, true, true)]
    [InlineData(ClusteringMode.NativeReplication, true, true, false)]
    [InlineData(ClusteringMode.SnapshotIsolation, true, true, false)]
    [InlineData(ClusteringMode.LogicalReplication, false, false, true)]
    [InlineData(ClusteringMode.Slony, false, false, true)]
    [InlineData(ClusteringMode.Raw, false, false, false)]
    public void A_mode_tells_who_writes_where_and_how_a_node_comes_back(
        ClusteringMode mode,
        bool everywhere,
        bool recovery,
        bool primary
    ) =>
        Assert.Equal(
            (everywhere, recovery, primary),
            (mode.WritesEverywhere(), mode.HasOnlineRecovery(), mode.HasPrimary())
        );
}
