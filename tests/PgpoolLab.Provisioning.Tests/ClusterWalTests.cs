using System.Buffers.Binary;
using PgpoolLab.Provisioning.Clusters;

namespace PgpoolLab.Provisioning.Tests;

public sealed class ClusterWalTests : IDisposable
{
    private const int SegmentLength = 1 << 20;
    private const int PageSize = 8192;
    private readonly TemporaryFolder _data = new();
    private readonly byte[] _wal = new byte[SegmentLength];

    public ClusterWalTests()
    {
        Directory.CreateDirectory(_data["global"]);
        Directory.CreateDirectory(_data["pg_wal/archive_status"]);
        new Random(3).NextBytes(_wal.AsSpan(0, (50 * PageSize) + 100));
        BinaryPrimitives.WriteUInt32LittleEndian(_wal.AsSpan(32), SegmentLength);
        BinaryPrimitives.WriteUInt32LittleEndian(_wal.AsSpan(36), PageSize);
    }

    public void Dispose() => _data.Dispose();

    private void Checkpoint(ulong position, ulong redo)
    {
        var control = new byte[8192];
        BinaryPrimitives.WriteUInt64LittleEndian(control.AsSpan(32), position);
        BinaryPrimitives.WriteUInt64LittleEndian(control.AsSpan(40), redo);
        File.WriteAllBytes(_data["global/pg_control"], control);
    }

    private string Write(string name)
    {
        File.WriteAllBytes(_data[$"pg_wal/{name}"], _wal);
        File.SetUnixFileMode(_data[$"pg_wal/{name}"], FakeClusters.Private);
        return _data[$"pg_wal/{name}"];
    }

    [Theory]
    [InlineData(3 * SegmentLength, "000000010000000000000003")]
    [InlineData((ulong)uint.MaxValue + 1 + SegmentLength, "000000010000000100000001")]
    public void Only_the_first_page_and_what_begins_with_the_page_of_the_last_checkpoint_stay(
        ulong segment,
        string name
    )
    {
        var (before, file) = (Write("000000010000000000000002"), Write(name));
        Checkpoint(segment + (50 * PageSize) + 60, segment + (50 * PageSize) + 60);
        Assert.True(ClusterWal.Forget(_data.Path));
        Assert.Equal(
            [.. _wal[..PageSize], .. new byte[49 * PageSize], .. _wal[(50 * PageSize)..]],
            File.ReadAllBytes(file)
        );
        Assert.Equal(FakeClusters.Private, File.GetUnixFileMode(file));
        Assert.Equal(_wal, File.ReadAllBytes(before));
        Assert.Equal(2, Directory.GetFiles(_data["pg_wal"]).Length);
    }

    [Theory]
    [InlineData(3 * SegmentLength + 60, 3 * SegmentLength + 60, "000000010000000000000003")] // nothing before it
    [InlineData(3 * SegmentLength + PageSize + 60, 3 * SegmentLength + PageSize + 60, "000000010000000000000003")]
    // Not the checkpoint of a shutdown.
    [InlineData(3 * SegmentLength + 9 * PageSize, 3 * SegmentLength + 5 * PageSize, "000000010000000000000003")]
    // Another segment, another timeline.
    [InlineData(3 * SegmentLength + 9 * PageSize, 3 * SegmentLength + 9 * PageSize, "000000010000000000000004")]
    [InlineData(3 * SegmentLength + 9 * PageSize, 3 * SegmentLength + 9 * PageSize, "000000020000000000000003")]
    public void What_is_not_as_expected_stays_as_it_is(ulong checkpoint, ulong redo, string name)
    {
        var file = Write(name);
        Checkpoint(checkpoint, redo);
        Assert.False(ClusterWal.Forget(_data.Path));
        Assert.Equal(_wal, File.ReadAllBytes(file));
    }

    [Theory]
    [InlineData(32, SegmentLength / 2)]
    [InlineData(36, 0)]
    [InlineData(36, 1 << 30)]
    public void A_segment_with_another_header_stays_as_it_is(int at, int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(_wal.AsSpan(at), value);
        var file = Write("000000010000000000000003");
        Checkpoint(3 * SegmentLength + 9 * PageSize, 3 * SegmentLength + 9 * PageSize);
        Assert.False(ClusterWal.Forget(_data.Path));
        Assert.Equal(_wal, File.ReadAllBytes(file));
        File.WriteAllBytes(_data["global/pg_control"], new byte[20]);
        Assert.False(ClusterWal.Forget(_data.Path));
    }
}
