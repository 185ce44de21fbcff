using System.Diagnostics;
using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Hosts.Tests;

/// <summary>Work in a folder whose path somebody else may change.</summary>
public sealed class OpenFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" ü");

    public void Dispose() => _folder.Dispose();

    private OpenFolder Open(string name = "") => OpenFolder.TryOpen(name.Length == 0 ? _folder.Path : _folder[name])!;

    [Fact]
    public void A_folder_is_deleted_with_all_that_is_in_it_and_links_themselves_only()
    {
        Directory.CreateDirectory(_folder["a/b/c"]);
        Directory.CreateDirectory(_folder["elsewhere"]);
        File.WriteAllText(_folder["elsewhere/kept"], "");
        File.WriteAllText(_folder["a/b/file"], "");
        File.CreateSymbolicLink(_folder["a/b/c/link"], _folder["elsewhere"]);
        File.CreateSymbolicLink(_folder["a/nowhere"], _folder["none"]);
        using var folder = Open();
        folder.Delete("a");
        folder.Delete("a");
        Assert.Equal(["elsewhere"], folder.List());
        Assert.True(File.Exists(_folder["elsewhere/kept"]));
    }

    [Theory]
    [InlineData("link")]
    [InlineData("link/below")]
    [InlineData("file")]
    public void No_link_is_followed_wherever_on_the_way_it_is(string path)
    {
        Directory.CreateDirectory(_folder["elsewhere/below"]);
        Directory.CreateSymbolicLink(_folder["link"], _folder["elsewhere"]);
        File.WriteAllText(_folder["file"], "");
        using var folder = Open();
        Assert.Throws<IOException>(() => folder.TryGoTo(path));
        Assert.Throws<IOException>(() => OpenFolder.TryOpen(_folder[path]));
    }

    [Fact]
    public void What_is_not_there_is_no_error()
    {
        using var folder = Open();
        Assert.Null(folder.TryGoTo("none/below"));
        Assert.Null(folder.ReadText("none", 10));
        Assert.Null(folder.OwnershipOf("none"));
        Assert.False(folder.Has("none"));
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("a/b")]
    public void A_name_is_a_name_and_no_path(string name)
    {
        using var folder = Open();
        Assert.Throws<IOException>(() => folder.Delete(name));
    }

    [Fact]
    public void It_stays_the_same_folder_when_its_path_leads_elsewhere()
    {
        Directory.CreateDirectory(_folder["a/inner"]);
        Directory.CreateDirectory(_folder["elsewhere/inner"]);
        using var folder = Open("a");
        Directory.Move(_folder["a"], _folder["moved"]);
        Directory.CreateSymbolicLink(_folder["a"], _folder["elsewhere"]);
        folder.Delete("inner");
        folder
            .TryMake(
                "made",
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute
            )!
            .Dispose();
        Assert.True(Directory.Exists(_folder["elsewhere/inner"]));
        Assert.Equal([_folder["moved/made"]], Directory.GetFileSystemEntries(_folder["moved"]));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute,
            File.GetUnixFileMode(_folder["moved/made"])
        );
    }

    [Fact]
    public void A_text_is_read_with_whose_it_is_and_no_further_than_the_limit()
    {
        File.WriteAllText(_folder["text"], "é!");
        File.CreateSymbolicLink(_folder["link"], _folder["text"]);
        using var folder = Open();
        var (text, owner) = folder.ReadText("text", 3)!.Value;
        Assert.Equal(("é!", Identity.Current.UserId), (text, owner!.User));
        Assert.Equal(owner, folder.OwnershipOf("text"));
        Assert.Throws<IOException>(() => folder.ReadText("text", 2));
        Assert.Throws<IOException>(() => folder.ReadText("link", 100));
    }

    [Fact]
    public void A_file_is_written_whole_also_where_a_link_lies_in_wait()
    {
        File.WriteAllText(_folder["victim"], "untouched");
        File.CreateSymbolicLink(UnfinishedFile.Beside(_folder["text"]), _folder["victim"]);
        using var folder = Open();
        folder.WriteText("text", "one");
        folder.WriteText("text", "two");
        Assert.Equal(("two", "untouched"), (File.ReadAllText(_folder["text"]), File.ReadAllText(_folder["victim"])));
        Assert.Equal(["text", "victim"], folder.List().Order());
    }

    [Fact]
    public async Task What_is_deleted_below_a_folder_is_reached_through_no_link()
    {
        Directory.CreateDirectory(_folder["lab/etc/a"]);
        Directory.CreateDirectory(_folder["elsewhere/data0"]);
        Directory.CreateSymbolicLink(_folder["lab/pgpool0"], _folder["elsewhere"]);
        var host = new LocalHost(TimeProvider.System);
        await host.Files.DeleteWithinAsync(_folder["lab"], _folder["lab/etc/a"], CancellationToken.None);
        await host.Files.DeleteWithinAsync(_folder["lab"], _folder["lab/none/a"], CancellationToken.None);
        Assert.True(Directory.Exists(_folder["lab/etc"]));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["lab/etc"]));
        await Assert.ThrowsAsync<IOException>(() =>
            host.Files.DeleteWithinAsync(_folder["lab"], _folder["lab/pgpool0/data0"], CancellationToken.None).AsTask()
        );
        await Assert.ThrowsAsync<ArgumentException>(() =>
            host.Files.DeleteWithinAsync(_folder["lab"], _folder["elsewhere/data0"], CancellationToken.None).AsTask()
        );
        await host.Files.DeleteWithinAsync(_folder["lab"], _folder["lab/pgpool0"], CancellationToken.None);
        Assert.True(Directory.Exists(_folder["elsewhere/data0"]));
    }

    [Fact]
    public void However_a_folder_and_a_link_are_exchanged_nothing_is_deleted_where_the_link_leads()
    {
        Directory.CreateDirectory(_folder["victim/lab"]);
        using var exchanging = new CancellationTokenSource();
        var exchange = new Thread(() =>
        {
            while (!exchanging.IsCancellationRequested)
            {
                // What the other has just deleted is no longer there: that is no error of either.
                Try(() => Directory.CreateDirectory(_folder["a/lab"]));
                Try(() => Directory.Delete(_folder["a/lab"]));
                Try(() => Directory.Delete(_folder["a"]));
                Try(() => Directory.CreateSymbolicLink(_folder["a"], _folder["victim"]));
                Try(() => File.Delete(_folder["a"]));
            }
        });
        exchange.Start();
        try
        {
            for (var tries = 0; tries < 2000; tries++)
            {
                try
                {
                    using var folder = OpenFolder.TryOpen(_folder["a"]);
                    folder?.Delete("lab");
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    // A link was in the way, or the folder was just deleted.
                }
            }
        }
        finally
        {
            exchanging.Cancel();
            exchange.Join();
        }

        Assert.True(Directory.Exists(_folder["victim/lab"]));

        static void Try(Action change)
        {
            try
            {
                change();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException) { }
        }
    }
}

/// <summary>What lies in a file's place and is none.</summary>
public sealed class RegularFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Pipe(string name)
    {
        using var made = Process.Start("mkfifo", [_folder[name]]);
        made.WaitForExit();
        return _folder[name];
    }

    private string Device(string name)
    {
        File.CreateSymbolicLink(_folder[name], "/dev/zero");
        return _folder[name];
    }

    [Fact]
    public async Task A_pipe_or_a_device_in_a_files_place_keeps_nobody_waiting()
    {
        var host = new LocalHost(TimeProvider.System);
        foreach (var file in (string[])[Pipe("pipe"), Device("zero")])
        {
            Assert.Throws<IOException>(() => RegularFile.ReadText(file));
            Assert.Throws<IOException>(() => RegularFile.OpenToWrite(file, append: true));
            await Assert.ThrowsAsync<IOException>(() =>
                host.Files.ReadTextAsync(file, CancellationToken.None).AsTask()
            );
            await Assert.ThrowsAsync<IOException>(() =>
                host.Files.ReadGrowthAsync(file, 0, CancellationToken.None).AsTask()
            );
            await Assert.ThrowsAsync<IOException>(() =>
                host.Files.AppendTextAsync(file, "x", CancellationToken.None).AsTask()
            );
            await Assert.ThrowsAsync<Model.LabException>(() =>
                host.Programs.StartDetachedAsync(new CommandSpec("true"), file, append: false, CancellationToken.None)
            );
        }
    }

    [Fact]
    public async Task A_pipe_that_lies_in_wait_for_an_unfinished_file_is_not_opened()
    {
        Pipe(Path.GetFileName(UnfinishedFile.Beside(_folder["text"])));
        await new LocalHost(TimeProvider.System).Files.WriteTextAsync(
            _folder["text"],
            "text",
            UnixFileMode.UserRead | UnixFileMode.UserWrite,
            CancellationToken.None
        );
        Assert.Equal("text", File.ReadAllText(_folder["text"]));
    }

    [Fact]
    public void A_file_is_read_up_to_its_limit()
    {
        File.WriteAllText(_folder["text"], new string('x', 10_000));
        Assert.Equal(10_000, RegularFile.ReadText(_folder["text"], 10_000)!.Length);
        Assert.Throws<IOException>(() => RegularFile.ReadText(_folder["text"], 9_999));
        Assert.Null(RegularFile.ReadText(_folder["none"]));
        Assert.Null(RegularFile.ReadText(_folder.Path));
    }
}
