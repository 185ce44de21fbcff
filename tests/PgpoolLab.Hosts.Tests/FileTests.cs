using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Hosts.Tests;

public abstract class FileTests(HostUnderTest under) : IDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Script =
        Private
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;
    private const UnixFileMode Everything = (UnixFileMode)0b111_111_111;

    private readonly IHost _host = under.Host;
    private readonly TemporaryFolder _folder = new(" it's ü");

    public void Dispose()
    {
        under.Dispose();
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private string[] Names() =>
        Directory
            .GetFileSystemEntries(_folder.Path)
            .Select(e => Path.GetFileName(e))
            .Order(StringComparer.Ordinal)
            .ToArray();

    [Theory]
    [InlineData(Private)]
    [InlineData(Script)]
    [InlineData(Everything)]
    public async Task A_file_has_exactly_the_mode_asked_for(UnixFileMode mode)
    {
        await _host.Files.WriteTextAsync(_folder["pcppass"], "secret ü\n", mode, CancellationToken.None);
        Assert.Equal(mode, File.GetUnixFileMode(_folder["pcppass"]));
        Assert.Equal("secret ü\n"u8.ToArray(), File.ReadAllBytes(_folder["pcppass"]));
        Assert.Equal(["pcppass"], Names());
    }

    [Fact]
    public async Task A_file_that_is_written_again_has_the_new_text_and_mode()
    {
        await _host.Files.WriteTextAsync(_folder["f"], "a long first text", Script, CancellationToken.None);
        await _host.Files.WriteTextAsync(_folder["f"], "short", Private, CancellationToken.None);
        Assert.Equal(("short", Private), (File.ReadAllText(_folder["f"]), File.GetUnixFileMode(_folder["f"])));
    }

    [Fact]
    public async Task Readers_see_the_old_text_or_the_new_and_nothing_between()
    {
        var texts = new[] { new string('a', 300_000), new string('b', 300_000) };
        await _host.Files.WriteTextAsync(_folder["f"], texts[0], Private, CancellationToken.None);
        var writing = Task.Run(async () =>
        {
            for (var i = 1; i < 100; i++)
            {
                await _host.Files.WriteTextAsync(_folder["f"], texts[i % 2], Private, CancellationToken.None);
            }
        });
        var reads = 0;
        while (!writing.IsCompleted || reads == 0)
        {
            Assert.Contains(File.ReadAllText(_folder["f"]), texts);
            reads++;
        }

        await writing;
    }

    [Fact]
    public async Task What_cannot_be_written_leaves_nothing_behind()
    {
        Directory.CreateDirectory(_folder["in the way"]);
        await Assert.ThrowsAnyAsync<Exception>(() =>
            _host.Files.WriteTextAsync(_folder["in the way"], "x", Private, CancellationToken.None).AsTask()
        );
        Assert.Equal(["in the way"], Names());
    }

    [Fact]
    public async Task Text_is_appended_to_what_is_there()
    {
        await _host.Files.AppendTextAsync(_folder["postgresql.conf"], "a\n", CancellationToken.None);
        await _host.Files.AppendTextAsync(_folder["postgresql.conf"], "ü\n", CancellationToken.None);
        Assert.Equal("a\nü\n"u8.ToArray(), File.ReadAllBytes(_folder["postgresql.conf"]));
    }

    [Fact]
    public async Task What_is_not_there_reads_as_null_and_lists_as_nothing()
    {
        Assert.Null(await _host.Files.ReadTextAsync(_folder["none"], CancellationToken.None));
        Assert.Null(await _host.Files.ReadTextAsync(_folder["none/deeper"], CancellationToken.None));
        Assert.Empty(await _host.Files.ListAsync(_folder["none"], CancellationToken.None));
        Assert.False(await _host.Files.ExistsAsync(_folder["none"], CancellationToken.None));
        await _host.Files.DeleteAsync(_folder["none"], CancellationToken.None);
        await _host.Files.DeleteAsync(_folder["none/deeper"], CancellationToken.None);
    }

    [Fact]
    public async Task A_folder_has_exactly_the_mode_asked_for_also_when_it_was_there()
    {
        await _host.Files.CreateDirectoryAsync(_folder["data"], Everything, CancellationToken.None);
        Assert.Equal(Everything, File.GetUnixFileMode(_folder["data"]));
        await _host.Files.CreateDirectoryAsync(
            _folder["data"],
            Private | UnixFileMode.UserExecute,
            CancellationToken.None
        );
        Assert.Equal(Private | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["data"]));
    }

    [Fact]
    public async Task Deleting_a_folder_takes_all_in_it_but_follows_no_link()
    {
        Directory.CreateDirectory(_folder["precious"]);
        File.WriteAllText(_folder["precious/file"], "mine");
        Directory.CreateDirectory(_folder["data/deep"]);
        File.WriteAllText(_folder["data/deep/file"], "");
        Directory.CreateSymbolicLink(_folder["data/pg_wal"], _folder["precious"]);
        await _host.Files.DeleteAsync(_folder["data"], CancellationToken.None);
        Assert.Equal(["precious"], Names());
        Assert.Equal("mine", File.ReadAllText(_folder["precious/file"]));
    }

    [Fact]
    public async Task Deleting_a_link_leaves_what_it_leads_to()
    {
        Directory.CreateDirectory(_folder["precious"]);
        File.WriteAllText(_folder["precious/file"], "mine");
        await _host.Files.CreateLinkAsync(_folder["to folder"], _folder["precious"], CancellationToken.None);
        await _host.Files.CreateLinkAsync(_folder["to file"], _folder["precious/file"], CancellationToken.None);
        await _host.Files.CreateLinkAsync(_folder["to nothing"], _folder["gone"], CancellationToken.None);
        Assert.True(await _host.Files.ExistsAsync(_folder["to nothing"], CancellationToken.None));
        foreach (var link in new[] { "to folder", "to file", "to nothing" })
        {
            await _host.Files.DeleteAsync(_folder[link], CancellationToken.None);
        }

        Assert.Equal(["precious"], Names());
        Assert.Equal("mine", File.ReadAllText(_folder["precious/file"]));
    }

    [Fact]
    public async Task A_path_is_told_with_its_links_resolved()
    {
        Directory.CreateDirectory(_folder["real/data"]);
        Directory.CreateSymbolicLink(_folder["link"], _folder["real"]);
        Assert.Equal(
            _folder["real/data"],
            await _host.Files.RealPathAsync(_folder["link/data"], CancellationToken.None)
        );
        Assert.Equal(_folder["real"], await _host.Files.RealPathAsync(_folder["real/data/.."], CancellationToken.None));
        Assert.Equal(_folder["new"], await _host.Files.RealPathAsync(_folder["new"], CancellationToken.None));
    }

    [Fact]
    public async Task A_folder_can_be_written_to_when_it_is_there()
    {
        Assert.True(await _host.Files.CanWriteAsync(_folder.Path, CancellationToken.None));
        Assert.False(await _host.Files.CanWriteAsync(_folder["none"], CancellationToken.None));
    }

    [Fact]
    public async Task Names_in_a_folder_come_without_their_path()
    {
        File.WriteAllText(_folder[".hidden"], "");
        Directory.CreateDirectory(_folder["sub"]);
        Assert.Equal(
            [".hidden", "sub"],
            (await _host.Files.ListAsync(_folder.Path, CancellationToken.None)).Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public void The_user_who_owns_a_path_is_known()
    {
        var current = Identity.Current;
        Assert.Equal((current.UserId, current.GroupId), Identity.OwnerOf(_folder.Path));
        Assert.Null(Identity.OwnerOf(_folder["none"]));
        Assert.Equal(current, Identity.Find(current.Name));
        Assert.Equal(current, Identity.Find(current.UserId.ToString()));
        Assert.Null(Identity.Find("no-such-user-here"));
        Assert.False(Identity.HasStoodDown);
    }

    [Fact]
    public void Files_folders_and_links_have_owners_and_what_cannot_be_seen_has_none()
    {
        var own = (Identity.Current.UserId, Identity.Current.GroupId);
        File.WriteAllText(_folder["file"], "");
        Directory.CreateDirectory(_folder["data"]);
        File.CreateSymbolicLink(_folder["to file"], _folder["file"]);
        File.CreateSymbolicLink(_folder["to nothing"], _folder["gone"]);
        Assert.All(
            ["file", "data", "to file", "to nothing"],
            name => Assert.Equal(own, Identity.OwnerOf(_folder[name]))
        );
        Assert.Equal((0, 0), Identity.OwnerOf("/"));
        Assert.All(["none", "none/deeper", "file/deeper"], name => Assert.Null(Identity.OwnerOf(_folder[name])));
    }

    [Fact]
    [Trait("Needs", "root")]
    public void The_owner_of_a_link_is_its_own_and_not_that_of_what_it_leads_to()
    {
        File.WriteAllText(_folder["file"], "");
        File.CreateSymbolicLink(_folder["link"], _folder["file"]);
        Identity.Own(_folder["link"], 65534, 12345);
        Assert.Equal((65534, 12345), Identity.OwnerOf(_folder["link"]));
        Assert.Equal((0, 0), Identity.OwnerOf(_folder["file"]));
        // As much as the kernel lets a number be.
        Identity.Own(_folder["file"], int.MaxValue, 1 << 30);
        Assert.Equal((int.MaxValue, 1 << 30), Identity.OwnerOf(_folder["file"]));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task A_text_that_is_read_in_parts_is_the_whole_text_whatever_characters_are_cut(int limit)
    {
        const string text = "aä€𝄞𝄞€äaäöü\nzz𝄞";
        await File.WriteAllTextAsync(_folder["text"], text);
        var (read, at) = ("", 0L);
        FilePart part;
        do
        {
            part = await _host.Files.ReadPartAsync(_folder["text"], at, limit, CancellationToken.None);
            (read, at) = (read + part.Text, part.End);
        } while (part.Text.Length > 0);

        Assert.Equal(text, read);
        Assert.Equal(part.Length, at);
    }

    [Fact]
    public async Task A_part_of_what_is_no_UTF_8_is_read_to_its_end_and_there_is_none_past_the_end()
    {
        await File.WriteAllBytesAsync(_folder["latin"], [0x61, 0xE9, 0x0A, 0x80, 0x80, 0x80, 0x80, 0x80]);
        var part = await _host.Files.ReadPartAsync(_folder["latin"], 0, 100, CancellationToken.None);
        Assert.StartsWith("a\uFFFD\n", part.Text, StringComparison.Ordinal);
        Assert.Equal((8, 8), (part.End, part.Length));
        Assert.Equal(
            new FilePart("", 9, 8),
            await _host.Files.ReadPartAsync(_folder["latin"], 9, 100, CancellationToken.None)
        );
        Assert.Equal(
            new FilePart("", 9, 0),
            await _host.Files.ReadPartAsync(_folder["no"], 9, 100, CancellationToken.None)
        );
    }

    [Fact]
    public async Task A_folder_is_deleted_when_it_is_empty_and_no_link_is_followed()
    {
        Directory.CreateDirectory(_folder["lab/pgpool0"]);
        Directory.CreateDirectory(_folder["lab/pgpool1/mine"]);
        Directory.CreateDirectory(_folder["elsewhere/empty"]);
        Directory.CreateSymbolicLink(_folder["lab/pgpool2"], _folder["elsewhere"]);
        await DeleteAsync("lab/pgpool0");
        await DeleteAsync("lab/pgpool0");
        await DeleteAsync("lab/pgpool1");
        await Assert.ThrowsAsync<IOException>(() => DeleteAsync("lab/pgpool2/empty"));
        await Assert.ThrowsAsync<ArgumentException>(() => DeleteAsync("elsewhere/empty"));
        Assert.Equal(["pgpool1", "pgpool2"], (await _host.Files.ListAsync(_folder["lab"], default)).Order());
        Assert.True(Directory.Exists(_folder["elsewhere/empty"]));

        Task DeleteAsync(string name) =>
            _host.Files.DeleteEmptyWithinAsync(_folder["lab"], _folder[name], CancellationToken.None).AsTask();
    }
}
