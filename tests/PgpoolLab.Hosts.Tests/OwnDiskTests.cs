namespace PgpoolLab.Hosts.Tests;

/// <summary>A disk for one folder, which is there for whoever is in a namespace of ours alone. To make one takes root,
/// and a system that lets it; that a folder without one is never filled is tried everywhere.</summary>
public sealed class OwnDiskTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" ü");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_folder_without_a_disk_of_its_own_is_not_filled()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux only");
        var path = _folder["pg_wal"];
        Directory.CreateDirectory(path);
        Assert.False(OwnDisk.IsOn(path));
        Assert.Throws<IOException>(() => OwnDisk.Fill(path));
        Assert.Throws<IOException>(() => OwnDisk.Free(path));
        Assert.Empty(Directory.EnumerateFileSystemEntries(path));
        // A file system in memory that others use is none either.
        Assert.False(OwnDisk.IsOn("/dev/shm"));
    }

    [Fact]
    public void A_disk_has_what_was_in_the_folder_is_full_has_room_again_and_is_never_seen_outside()
    {
        Assert.SkipUnless(Identity.IsRoot && OwnMounts.WhyNot() is null, "It needs root, and the right to mount");
        const long room = 4 << 20;
        const int user = 12345,
            group = 23456;
        var path = _folder["pg_wal"];
        Directory.CreateDirectory(_folder["pg_wal/archive_status"]);
        File.WriteAllText(_folder["pg_wal/000000010000000000000001"], "wal");
        File.WriteAllText(_folder["pg_wal/archive_status/done"], "done");
        File.SetUnixFileMode(_folder["pg_wal/archive_status/done"], UnixFileMode.UserRead);
        File.SetUnixFileMode(path, Modes.PrivateFolder);
        string[] all = ["", "/000000010000000000000001", "/archive_status", "/archive_status/done"];
        foreach (var name in all)
        {
            Identity.Own(path + name, user, group);
        }

        using (var mounts = OwnMounts.Create())
        {
            OwnDisk.Give(mounts, path, room);
            mounts.Do(() =>
            {
                Assert.True(OwnDisk.IsOn(path));
                Assert.Equal("wal", File.ReadAllText($"{path}/000000010000000000000001"));
                Assert.Equal("done", File.ReadAllText($"{path}/archive_status/done"));
                Assert.All(all, n => Assert.Equal((user, group), Identity.OwnerOf(path + n)));
                Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode($"{path}/archive_status/done"));
                Assert.Equal(Modes.PrivateFolder, File.GetUnixFileMode(path));
                Assert.InRange(Volume.Of(path)!.FreeBytes, room / 2, room);

                OwnDisk.Fill(path);
                Assert.Equal(0, Volume.Of(path)!.FreeBytes);
                // What was deleted meanwhile is taken as well.
                File.Delete($"{path}/000000010000000000000001");
                Assert.True(Volume.Of(path)!.FreeBytes > 0);
                OwnDisk.Fill(path);
                Assert.Equal(0, Volume.Of(path)!.FreeBytes);
                Assert.Throws<IOException>(() => File.WriteAllText($"{path}/more", "more"));

                File.Delete($"{path}/more");
                OwnDisk.Free(path);
                OwnDisk.Free(path);
                Assert.InRange(Volume.Of(path)!.FreeBytes, room / 2, room + 10);
                Assert.Equal(["archive_status"], Directory.EnumerateFileSystemEntries(path).Select(Path.GetFileName));
                return 0;
            });
            // This thread is elsewhere.
            Assert.False(OwnDisk.IsOn(path));
            Assert.Equal("wal", File.ReadAllText($"{path}/000000010000000000000001"));
            Assert.DoesNotContain(
                MountEntry.Parse(File.ReadAllText("/proc/self/mountinfo")),
                e => e.Source == OwnDisk.Source
            );
            // It can be deleted from here, though it is mounted there.
            Directory.Delete(path, recursive: true);
        }
    }

    [Fact]
    public void What_belongs_to_somebody_else_is_not_copied_for_the_owner_of_the_folder()
    {
        Assert.SkipUnless(Identity.IsRoot && OwnMounts.WhyNot() is null, "It needs root, and the right to mount");
        var path = _folder["pg_wal"];
        Directory.CreateDirectory(path);
        File.WriteAllText(_folder["pg_wal/secret"], "secret");
        Identity.Own(path, 12345, 12345);
        using var mounts = OwnMounts.Create();
        var error = Assert.Throws<IOException>(() => OwnDisk.Give(mounts, path, 1 << 20));
        Assert.Contains("does not belong to the owner of its folder", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pg_wal/link", "pg_wal")]
    [InlineData("pg_wal", "elsewhere")]
    public void No_link_is_followed(string link, string mustBeEmpty)
    {
        Assert.SkipUnless(Identity.IsRoot && OwnMounts.WhyNot() is null, "It needs root, and the right to mount");
        Directory.CreateDirectory(_folder["elsewhere"]);
        Directory.CreateDirectory(_folder[Path.GetDirectoryName(link)!]);
        File.CreateSymbolicLink(_folder[link], _folder["elsewhere"]);
        using var mounts = OwnMounts.Create();
        Assert.Throws<IOException>(() => OwnDisk.Give(mounts, _folder["pg_wal"], 1 << 20));
        Assert.False(mounts.Do(() => OwnDisk.IsOn(_folder[mustBeEmpty])));
    }

    [Fact]
    public async Task A_program_that_is_started_there_sees_it()
    {
        Assert.SkipUnless(Identity.IsRoot && OwnMounts.WhyNot() is null, "It needs root, and the right to mount");
        var path = _folder["pg_wal"];
        Directory.CreateDirectory(path);
        using var mounts = OwnMounts.Create();
        OwnDisk.Give(mounts, path, 1 << 20);
        List<string> inside = [],
            outside = [];
        var command = new CommandSpec("stat", ["-c", "%d", path]);
        await mounts.Do(() => PipedProgram.RunAsync(command, inside.Add, _ => { }, CancellationToken.None));
        await PipedProgram.RunAsync(command, outside.Add, _ => { }, CancellationToken.None);
        Assert.NotEqual(Assert.Single(outside), Assert.Single(inside));
    }

    [Fact]
    public async Task Who_sees_a_folder_as_we_do_sees_our_files_also_in_a_namespace_of_his_own()
    {
        Assert.SkipUnless(Identity.IsRoot && OwnMounts.WhyNot() is null, "It needs root, and the right to mount");
        Directory.CreateDirectory(_folder["covered"]);
        using var mounts = OwnMounts.Create();
        OwnDisk.Give(mounts, _folder["covered"], 1 << 20);
        var command = new CommandSpec("sleep", ["600"]);
        await using var beside = mounts.Do(() =>
            PipedProgram.Start(command with { WorkingDirectory = _folder.Path }, _ => { })
        );
        await using var within = mounts.Do(() =>
            PipedProgram.Start(command with { WorkingDirectory = _folder["covered"] }, _ => { })
        );
        try
        {
            Assert.True(ProcessTable.SeesOurFiles(beside.Id));
            Assert.False(ProcessTable.SeesOurFiles(within.Id));
        }
        finally
        {
            beside.AskToEnd();
            within.AskToEnd();
        }
    }

    [Fact]
    public void What_fails_there_is_told_here()
    {
        Assert.SkipUnless(Identity.IsRoot && OwnMounts.WhyNot() is null, "It needs root, and the right to mount");
        using var mounts = OwnMounts.Create();
        Assert.Throws<FormatException>(() => mounts.Do(() => int.Parse("x")));
        Assert.Equal(5, mounts.Do(() => 5));
    }
}
