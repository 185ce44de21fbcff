using System.Diagnostics;

namespace PgpoolLab.Hosts.Tests;

/// <summary>A folder anybody can put things in, and what somebody could have put there.</summary>
public sealed class SharedFolderTests : IDisposable
{
    private const UnixFileMode ForAll = (UnixFileMode)0b1_111_111_111;
    private readonly TemporaryFolder _temporary = new();

    private string Path => _temporary["ports"];

    public void Dispose() => _temporary.Dispose();

    private SharedFolder Open()
    {
        var folder = SharedFolder.Open(Path, out var problem);
        Assert.Equal("", problem);
        return folder!;
    }

    /// <summary>.NET's own ways of reading respect the lock of others.</summary>
    private string? Text(string name)
    {
        using var file = SharedFile.TryOpen($"{Path}/{name}", out _);
        return file?.Read(100);
    }

    [Fact]
    public void It_is_made_for_all_with_the_sticky_bit_and_can_be_opened_again()
    {
        Open().Dispose();
        Assert.Equal(ForAll, File.GetUnixFileMode(Path));
        Open().Dispose();
    }

    [Fact]
    public void Making_it_changes_the_mode_of_nothing_that_others_make_at_the_same_time()
    {
        var usual = Directory.CreateDirectory(_temporary["usual"]).UnixFileMode;
        Parallel.For(
            0,
            2000,
            n =>
            {
                if (n % 2 == 0)
                {
                    SharedFolder.Open(_temporary[$"shared{n}"], out _)!.Dispose();
                    Assert.Equal(ForAll, File.GetUnixFileMode(_temporary[$"shared{n}"]));
                }
                else
                {
                    Assert.Equal(usual, Directory.CreateDirectory(_temporary[$"own{n}"]).UnixFileMode);
                }
            }
        );
        Assert.Equal(usual, Directory.CreateDirectory(_temporary["afterwards"]).UnixFileMode);
    }

    [Fact]
    public void Its_owner_puts_its_mode_in_order()
    {
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Open().Dispose();
        Assert.Equal(ForAll, File.GetUnixFileMode(Path));
    }

    [Fact]
    public void A_link_in_its_place_is_not_followed()
    {
        Directory.CreateDirectory(_temporary["elsewhere"]);
        File.CreateSymbolicLink(Path, _temporary["elsewhere"]);
        Assert.Null(SharedFolder.Open(Path, out var problem));
        Assert.NotEqual("", problem);
        Assert.NotEqual(ForAll, File.GetUnixFileMode(_temporary["elsewhere"]));
    }

    [Fact]
    public void A_file_in_its_place_is_a_problem()
    {
        File.WriteAllText(Path, "");
        Assert.Null(SharedFolder.Open(Path, out var problem));
        Assert.NotEqual("", problem);
    }

    [Fact]
    public void Where_nothing_can_be_made_there_is_none()
    {
        Assert.Null(SharedFolder.Open(_temporary["missing/ports"], out var problem));
        Assert.NotEqual("", problem);
    }

    [Fact]
    public void It_stays_the_folder_that_was_opened_when_its_name_leads_elsewhere()
    {
        using var folder = Open();
        Directory.Move(Path, _temporary["moved"]);
        Directory.CreateDirectory(_temporary["trap"]);
        File.CreateSymbolicLink(Path, _temporary["trap"]);
        folder.Create("a", "text").Dispose();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_temporary["trap"]));
        Assert.Equal("text", File.ReadAllText(_temporary["moved/a"]));
    }

    [Fact]
    public void A_file_can_be_read_by_all_and_not_be_made_twice()
    {
        using var folder = Open();
        using var file = folder.Create("a", "one");
        Assert.Equal((UnixFileMode)0b110_100_100, File.GetUnixFileMode($"{Path}/a"));
        Assert.Throws<IOException>(() => folder.Create("a", "two").Dispose());
        Assert.Equal("one", Text("a"));
        Assert.True(folder.IsMine("a"));
        Assert.Equal(Identity.Current.Name, folder.OwnerOf("a"));
    }

    [Fact]
    public void Nothing_is_written_through_a_link_that_lies_in_wait()
    {
        using var folder = Open();
        File.WriteAllText(_temporary["victim"], "precious");
        File.CreateSymbolicLink($"{Path}/a", _temporary["victim"]);
        File.CreateSymbolicLink($"{Path}/b", _temporary["new"]);
        Assert.Throws<IOException>(() => folder.Create("a", "two").Dispose());
        Assert.Throws<IOException>(() => folder.Create("b", "two").Dispose());
        Assert.Equal("precious", File.ReadAllText(_temporary["victim"]));
        Assert.False(File.Exists(_temporary["new"]));
        Assert.Null(folder.TryOpen("a"));
        Assert.True(folder.Has("b"));
    }

    [Fact]
    public void A_file_gets_a_further_name_only_where_there_is_none()
    {
        using var folder = Open();
        using var file = folder.Create("a", "text");
        File.CreateSymbolicLink($"{Path}/taken", _temporary["nowhere"]);
        Assert.True(folder.TryLink("a", "b"));
        Assert.False(folder.TryLink("a", "b"));
        Assert.False(folder.TryLink("a", "taken"));
        Assert.Throws<IOException>(() => folder.TryLink("missing", "c"));
        Assert.Equal("text", Text("b"));
    }

    [Fact]
    public void A_lock_is_for_one_alone_and_ends_with_its_file()
    {
        using var folder = Open();
        var file = folder.Create("a", "text");
        using var other = folder.TryOpen("a")!;
        Assert.Equal("text", other.Read(100));
        Assert.False(other.TryLock());
        file.Dispose();
        Assert.True(other.TryLock());
    }

    [Fact]
    public async Task A_lock_ends_with_its_process_and_is_not_for_the_programs_that_starts()
    {
        using var folder = Open();
        folder.Create("a", "text").Dispose();
        // flock(1) keeps the lock until it is killed; what it has started does not have it (-o).
        using var holder = Process.Start(new ProcessStartInfo("flock", ["-o", $"{Path}/a", "sleep", "60"]))!;
        using var file = folder.TryOpen("a")!;
        await Eventually.TrueAsync(
            () =>
            {
                using var look = folder.TryOpen("a")!;
                return look.TryLock() is false;
            },
            "the other process has the lock"
        );
        // It has the lock before it has started anything.
        var children = $"/proc/{holder.Id}/task/{holder.Id}/children";
        await Eventually.TrueAsync(
            async () => (await File.ReadAllTextAsync(children)).Trim() is not "",
            "it has started sleep"
        );
        var sleep = int.Parse(await File.ReadAllTextAsync(children));
        holder.Kill();
        await holder.WaitForExitAsync();
        Assert.True(file.TryLock());
        Process.GetProcessById(sleep).Kill();
    }

    [Fact]
    public async Task Programs_that_outlive_us_have_no_lock_of_ours()
    {
        using var folder = Open();
        var file = folder.Create("a", "text");
        using var child = Process.Start(new ProcessStartInfo("sleep", ["60"]))!;
        file.Dispose();
        using var other = folder.TryOpen("a")!;
        try
        {
            // Until it has become that program, it has what we had open.
            await Eventually.TrueAsync(() => other.TryLock() is true, "the lock is free");
        }
        finally
        {
            child.Kill();
        }
    }

    [Fact]
    public void What_is_no_small_file_of_text_is_not_waited_for_nor_read()
    {
        using var folder = Open();
        using var fifo = Process.Start(new ProcessStartInfo("mkfifo", [$"{Path}/pipe"]))!;
        fifo.WaitForExit();
        Directory.CreateDirectory($"{Path}/folder");
        File.WriteAllText($"{Path}/large", new string('x', 101));
        foreach (var name in (string[])["pipe", "folder", "large"])
        {
            using var file = folder.TryOpen(name);
            Assert.True(string.IsNullOrEmpty(file?.Read(100)), name);
        }

        Assert.False(folder.Delete("folder"));
    }

    [Fact]
    public void A_file_that_may_not_be_seen_is_not_taken_for_one_that_is_not_there()
    {
        Assert.Null(SharedFile.TryOpen(_temporary["missing"], out var isAbsent));
        Assert.True(isAbsent);
        File.WriteAllText(_temporary["file"], "");
        Assert.Null(SharedFile.TryOpen(_temporary["file/in-it"], out isAbsent));
        Assert.True(isAbsent);
        File.CreateSymbolicLink(_temporary["link"], _temporary["file"]);
        Assert.Null(SharedFile.TryOpen(_temporary["link"], out isAbsent));
        Assert.False(isAbsent);
    }
}
