namespace PgpoolLab.Hosts.Tests;

/// <summary>What is only looked at.</summary>
[Collection("processes")]
public sealed class LookingTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's ü");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_child_is_not_taken_for_a_server_though_it_has_its_servers_command_line_yet()
    {
        static ProcessFacts Postgres(int id, int? parent, string command) =>
            new(id, "1", "postgres", command, "/srv/lab/data0", 1) { ParentId = parent };
        const string server = "/usr/lib/postgresql/15/bin/postgres -D /srv/lab/data0";

        var all = ProcessFacts.WithoutChildren([
            Postgres(10, 1, server),
            Postgres(11, 10, "postgres: checkpointer"),
            Postgres(12, 10, server),
            // Whose server was killed, and one whose parent cannot be seen.
            Postgres(20, 1, "postgres: walsender"),
            Postgres(30, null, server),
        ]);

        Assert.Equal([10, 20, 30], all.Select(p => p.Id));
    }

    [Fact]
    public void Who_holds_a_lock_is_known_without_taking_it()
    {
        var file = _folder["lock"];
        Assert.Null(FileLocks.HolderOf(file));
        using (var held = new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.Equal(Environment.ProcessId, FileLocks.HolderOf(file));
        }

        Assert.Null(FileLocks.HolderOf(file));
        using var shared = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
        Assert.Null(FileLocks.HolderOf(file));
    }

    [Fact]
    public void Only_exclusive_locks_that_are_held_count()
    {
        const string table = """
            1: FLOCK  ADVISORY  WRITE 3548 08:01:131104 0 EOF
            1: -> FLOCK  ADVISORY  WRITE 3549 08:01:131104 0 EOF
            2: FLOCK  ADVISORY  READ 100 08:01:131104 0 EOF
            3: POSIX  ADVISORY  WRITE 200 00:2f:131104 0 EOF
            4: FLOCK  ADVISORY  WRITE 300 08:01:1311041 0 EOF
            5: LEASE  ACTIVE    WRITE 400 08:01:131104 0 EOF

            """;
        Assert.Equal([3548, 200], FileLocks.Holders(table, 131104));
    }

    [Fact]
    public void Paths_of_sockets_may_hold_spaces() =>
        Assert.Equal(
            ["/tmp/a b", "/x"],
            UnixSockets
                .Parse(
                    """
                    Num       RefCount Protocol Flags    Type St Inode Path
                    0000000000000000: 00000002 00000000 00010000 0001 01 20 /tmp/a b
                    0000000000000000: 00000003 00000000 00000000 0001 03 21
                    0000000000000000: 00000002 00000000 00010000 0001 01 22 @abstract
                    0000000000000000: 00000002 00000000 00010000 0001 01 23 /x
                    """
                )
                .Order()
        );

    [Fact]
    public void A_folder_takes_what_its_files_take_on_disk_and_links_are_not_followed()
    {
        Directory.CreateDirectory(_folder["a/b"]);
        File.WriteAllBytes(_folder["outside"], new byte[1_000_000]);
        File.WriteAllBytes(_folder["a/b/.hidden"], new byte[500_000]);
        File.CreateSymbolicLink(_folder["a/link"], _folder["outside"]);
        Directory.CreateSymbolicLink(_folder["a/around"], _folder.Path);
        Assert.InRange(DiskUsage.Of(_folder["a"], default), 490_000, 700_000);
        Assert.Equal(0, DiskUsage.Of(_folder["missing"], default));
        Assert.Throws<OperationCanceledException>(() => DiskUsage.Of(_folder["a"], new CancellationToken(true)));
    }

    [Fact]
    public void A_file_system_tells_its_room()
    {
        var volume = Volume.Of(_folder.Path)!;
        Assert.InRange(volume.FreeBytes, 1, volume.Bytes);
        Assert.True(volume.FreeFiles is null or > 0);
        Assert.False(volume.ReadOnly);
        Assert.Null(Volume.Of(_folder["missing"]));
    }
}
