using System.Buffers.Binary;
using System.Text;
using PgpoolLab.Provisioning.Clusters;

namespace PgpoolLab.Provisioning.Tests;

public sealed class ClusterIdentityTests : IDisposable
{
    private const ulong New = 0x7000_0001_2345_6789;
    private readonly TemporaryFolder _data = new();

    public ClusterIdentityTests() => FakeClusters.Make(_data.Path);

    public void Dispose() => _data.Dispose();

    private string Control => _data["global/pg_control"];

    private string Segment => _data[FakeClusters.Segment];

    private static ulong IdentifierIn(string segment)
    {
        using var file = File.OpenRead(segment);
        var header = new byte[32];
        file.ReadExactly(header);
        return BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(24));
    }

    [Theory]
    [InlineData("global/pg_control", "mkfifo \"$1\"")]
    [InlineData("global/pg_control", "ln -s /dev/zero \"$1\"")]
    [InlineData("global/pg_control", "truncate -s 1G \"$1\"")]
    [InlineData(FakeClusters.Segment, "mkfifo \"$1\"")]
    [InlineData(FakeClusters.Segment, "ln -s /dev/zero \"$1\"")]
    public async Task What_is_no_file_of_a_cluster_keeps_nobody_waiting(string file, string make)
    {
        File.Delete(_data[file]);
        using var shell = System.Diagnostics.Process.Start("/bin/sh", ["-c", make, "sh", _data[file]]);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        var set = Task.Run(() => ClusterIdentity.Set(_data.Path, New), TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<TemplateDamagedException>(() =>
            set.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken)
        );
        if (file != FakeClusters.Segment)
        {
            Assert.Throws<IOException>(() => ClusterIdentity.Of(_data.Path));
            Assert.Throws<IOException>(() => ClusterWal.Forget(_data.Path));
        }
    }

    [Fact]
    public void The_tests_compute_checksums_as_they_are_defined() =>
        Assert.Equal(0xE3069283u, FakeClusters.Checksum(Encoding.ASCII.GetBytes("123456789")));

    /// <summary>The lengths of PostgreSQL's releases so far lie between.</summary>
    [Theory]
    [InlineData(200)]
    [InlineData(264)]
    [InlineData(288)]
    [InlineData(296)]
    [InlineData(500)]
    public void The_control_file_and_every_WAL_file_get_the_new_identifier(int length)
    {
        var before = FakeClusters.ControlFile(FakeClusters.Identifier, length);
        File.WriteAllBytes(Control, before);
        File.Copy(Segment, _data["pg_wal/000000010000000000000002"]);
        var (wal, history) = (File.ReadAllBytes(Segment), "no WAL at all");
        File.WriteAllText(_data["pg_wal/00000002.history"], history);
        ClusterIdentity.Set(_data.Path, New);

        Assert.Equal(New, ClusterIdentity.Of(_data.Path));
        var after = File.ReadAllBytes(Control);
        Assert.Equal(before.Length, after.Length);
        Assert.Equal(
            FakeClusters.Checksum(after.AsSpan(0, length)),
            BinaryPrimitives.ReadUInt32LittleEndian(after.AsSpan(length))
        );
        // Nothing else has changed but the secret before the checksum.
        Assert.Equal(before[8..(length - 32)], after[8..(length - 32)]);
        Assert.NotEqual(before[(length - 32)..length], after[(length - 32)..length]);
        Assert.Equal(before[(length + 4)..], after[(length + 4)..]);

        BinaryPrimitives.WriteUInt64LittleEndian(wal.AsSpan(24), New);
        Assert.Equal(wal, File.ReadAllBytes(Segment));
        Assert.Equal(New, IdentifierIn(_data["pg_wal/000000010000000000000002"]));
        Assert.Equal(history, File.ReadAllText(_data["pg_wal/00000002.history"]));
    }

    [Fact]
    public void It_can_be_set_again_and_no_two_clusters_have_one_secret()
    {
        ClusterIdentity.Set(_data.Path, New);
        var first = File.ReadAllBytes(Control);
        ClusterIdentity.Set(_data.Path, New);
        Assert.NotEqual(first, File.ReadAllBytes(Control));
        ClusterIdentity.Set(_data.Path, New + 1);
        Assert.Equal((New + 1, New + 1), (ClusterIdentity.Of(_data.Path), IdentifierIn(Segment)));
    }

    public static TheoryData<string> Unknown =>
        new(
            "no checksum",
            "another checksum",
            "data too short",
            "data too long",
            "file too short",
            "empty",
            "WAL of another cluster",
            "second WAL file of another cluster",
            "WAL too short"
        );

    [Theory]
    [MemberData(nameof(Unknown))]
    public void What_it_does_not_know_it_refuses_and_leaves_as_it_is(string what)
    {
        var control = FakeClusters.ControlFile(FakeClusters.Identifier, 296);
        switch (what)
        {
            case "no checksum":
                control.AsSpan(296).Clear();
                break;
            case "another checksum":
                control[10] ^= 1;
                break;
            case "data too short":
                control = FakeClusters.ControlFile(FakeClusters.Identifier, 196);
                break;
            case "data too long":
                control = FakeClusters.ControlFile(FakeClusters.Identifier, 504);
                break;
            case "file too short":
                control = control[..299];
                break;
            case "empty":
                control = [];
                break;
            case "WAL of another cluster":
                control = FakeClusters.ControlFile(FakeClusters.Identifier + 1, 296);
                break;
            case "second WAL file of another cluster":
                File.WriteAllBytes(_data["pg_wal/0000000100000000000000FF"], new byte[8192]);
                break;
            default:
                File.WriteAllBytes(Segment, File.ReadAllBytes(Segment)[..31]);
                break;
        }

        File.WriteAllBytes(Control, control);
        var before = FakeClusters.Contents(_data.Path);
        Assert.Throws<TemplateDamagedException>(() => ClusterIdentity.Set(_data.Path, New));
        Assert.Equal(before, FakeClusters.Contents(_data.Path));
    }

    [Fact]
    public void A_new_identifier_tells_when_it_was_made_as_PostgreSQLs_do()
    {
        var now = new DateTimeOffset(2026, 11, 23, 10, 16, 3, TimeSpan.Zero).AddTicks(1234567);
        var identifier = ClusterIdentity.New(now);
        Assert.Equal((1795428963UL, 123456UL), (identifier >> 32, (identifier >> 12) & 0xFFFFF));
    }
}
