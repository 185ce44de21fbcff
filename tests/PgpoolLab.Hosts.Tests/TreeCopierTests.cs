using System.Diagnostics;
using Microsoft.Extensions.Time.Testing;

namespace PgpoolLab.Hosts.Tests;

/// <summary>Copies of folders, whole and of what has changed.</summary>
public sealed class TreeCopierTests : IDisposable
{
    private static readonly DateTime LongAgo = new(2020, 2, 3, 4, 5, 6, DateTimeKind.Utc);
    private readonly TemporaryFolder _folder = new(" ü");

    public TreeCopierTests() => Directory.CreateDirectory(From);

    public void Dispose() => _folder.Dispose();

    private string From => _folder["from"];

    private string To => _folder["to"];

    private TreeCopier Copier(Func<string, bool>? leavesOut = null, TimeProvider? time = null) =>
        new([new CopiedPath(From, To)], time ?? TimeProvider.System) { LeavesOut = leavesOut ?? (_ => false) };

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName($"{From}/{name}")!);
        File.WriteAllText($"{From}/{name}", text);
    }

    /// <summary>As a file is that nobody has touched for a while.</summary>
    private static void LetTimePass()
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < TimeSpan.FromMilliseconds(120))
        {
            Thread.Yield();
        }
    }

    [Fact]
    public void Files_folders_links_permissions_and_times_are_as_they_were()
    {
        Write("a/b/file", "text");
        Write("script", "#!/bin/sh");
        Write("empty", "");
        Directory.CreateDirectory($"{From}/a/nothing");
        File.CreateSymbolicLink($"{From}/a/link", "b/file");
        File.CreateSymbolicLink($"{From}/nowhere", "/does/not/exist");
        File.SetUnixFileMode($"{From}/script", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.SetUnixFileMode($"{From}/a/nothing", UnixFileMode.UserRead | UnixFileMode.UserExecute);
        File.SetLastWriteTimeUtc($"{From}/a/b/file", LongAgo);
        Directory.SetLastWriteTimeUtc($"{From}/a", LongAgo);
        var totals = Copier().Copy(CancellationToken.None);
        Assert.Equal("text", File.ReadAllText($"{To}/a/b/file"));
        Assert.Equal("", File.ReadAllText($"{To}/empty"));
        Assert.Equal("b/file", new FileInfo($"{To}/a/link").LinkTarget);
        Assert.Equal("/does/not/exist", new FileInfo($"{To}/nowhere").LinkTarget);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserExecute, File.GetUnixFileMode($"{To}/script"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserExecute, File.GetUnixFileMode($"{To}/a/nothing"));
        Assert.Equal(LongAgo, File.GetLastWriteTimeUtc($"{To}/a/b/file"));
        Assert.Equal(LongAgo, Directory.GetLastWriteTimeUtc($"{To}/a"));
        Assert.Equal((5, 13L), (totals.Files, totals.Bytes));
    }

    [Fact]
    public void Holes_stay_holes()
    {
        const long length = 8 << 20;
        using (var file = File.Create($"{From}/sparse"))
        {
            file.Position = 3 << 20;
            file.Write("in the middle"u8);
            file.SetLength(length);
        }

        Copier().Copy(CancellationToken.None);
        Assert.Equal(File.ReadAllBytes($"{From}/sparse"), File.ReadAllBytes($"{To}/sparse"));
        Assert.True(
            DiskUsage.Of(To, CancellationToken.None) <= DiskUsage.Of(From, CancellationToken.None),
            "the copy takes no more room than the original"
        );
        Assert.True(DiskUsage.Of(To, CancellationToken.None) < length / 2, "the copy has holes");
    }

    [Fact]
    public void The_second_pass_copies_what_has_changed_and_nothing_else()
    {
        Write("same", "same");
        Write("longer", "1");
        Write("rewritten", "abc");
        Write("gone", "");
        Write("folder/gone", "");
        Write("was-file", "");
        File.CreateSymbolicLink($"{From}/link", "same");
        LetTimePass();
        var copier = Copier();
        Assert.Equal(7, copier.Copy(CancellationToken.None).Files);
        LetTimePass();
        Write("longer", "12");
        var time = File.GetLastWriteTimeUtc($"{From}/rewritten");
        Write("rewritten", "xyz");
        // Whoever restores a time does not hide a change.
        File.SetLastWriteTimeUtc($"{From}/rewritten", time);
        File.Delete($"{From}/gone");
        Directory.Delete($"{From}/folder", recursive: true);
        File.Delete($"{From}/was-file");
        Write("was-file/now-folder", "new");
        File.Delete($"{From}/link");
        Write("link", "a file now");
        Assert.Equal(4, copier.Update(CancellationToken.None).Files);
        Assert.Equal(
            ["link", "longer", "rewritten", "same", "was-file"],
            Directory.EnumerateFileSystemEntries(To).Select(e => Path.GetFileName(e)).Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            ["12", "xyz", "new", "a file now"],
            ((string[])["longer", "rewritten", "was-file/now-folder", "link"]).Select(n =>
                File.ReadAllText($"{To}/{n}")
            )
        );
    }

    [Fact]
    public void What_was_changed_just_before_it_was_copied_is_copied_again()
    {
        // The clock of files stands still for some milliseconds: a later change could have the same time.
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        Write("fresh", "1");
        var copier = Copier(time: time);
        copier.Copy(CancellationToken.None);
        Assert.Equal(1, copier.Update(CancellationToken.None).Files);
    }

    [Fact]
    public void A_file_that_was_renamed_onto_another_is_copied_again()
    {
        Write("000001", "old");
        Write("000002", "new");
        LetTimePass();
        var copier = Copier();
        copier.Copy(CancellationToken.None);
        LetTimePass();
        File.Move($"{From}/000002", $"{From}/000001", overwrite: true);
        copier.Update(CancellationToken.None);
        Assert.Equal("new", File.ReadAllText($"{To}/000001"));
        Assert.False(File.Exists($"{To}/000002"));
    }

    [Fact]
    public void What_is_left_out_is_not_copied()
    {
        Write("kept", "");
        Write("postmaster.pid", "");
        Write("pg_stat_tmp/global.stat", "");
        Copier(p => p is "postmaster.pid" || p.StartsWith("pg_stat_tmp/", StringComparison.Ordinal))
            .Copy(CancellationToken.None);
        Assert.Equal(
            ["kept", "pg_stat_tmp"],
            Directory.EnumerateFileSystemEntries(To).Select(e => Path.GetFileName(e)).Order(StringComparer.Ordinal)
        );
        Assert.Empty(Directory.EnumerateFileSystemEntries($"{To}/pg_stat_tmp"));
    }

    [Fact]
    public void Sockets_and_pipes_are_not_copied()
    {
        Process.Start("mkfifo", [$"{From}/pipe"]).WaitForExit();
        Write("file", "");
        Assert.Equal(1, Copier().Copy(CancellationToken.None).Files);
        Assert.False(Path.Exists($"{To}/pipe"));
    }

    [Fact]
    public void Many_files_are_copied_by_several_lanes_and_each_of_them_once()
    {
        foreach (var i in Enumerable.Range(0, 300))
        {
            Write($"{i % 7}/{i}", new string('x', i * 40));
        }

        Assert.Equal(300, Copier().Copy(CancellationToken.None).Files);
        foreach (var i in Enumerable.Range(0, 300))
        {
            Assert.Equal(i * 40, new FileInfo($"{To}/{i % 7}/{i}").Length);
        }
    }

    [Fact]
    public void What_cannot_be_read_fails_the_copy_and_says_what_it_was()
    {
        Write("a", "");
        // A folder in the place of a file of the copy.
        Directory.CreateDirectory($"{To}/a/in-the-way");
        var error = Assert.ThrowsAny<Exception>(() => Copier().Copy(CancellationToken.None));
        Assert.True(error is IOException or UnauthorizedAccessException, error.GetType().Name);
        Assert.Contains($"{To}/a", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_copy_that_is_cancelled_ends()
    {
        Write("a", "");
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => Copier().Copy(cancelled.Token));
    }

    [Fact]
    public void Two_folders_change_their_places()
    {
        Write("one", "1");
        Directory.CreateDirectory(To);
        File.WriteAllText($"{To}/other", "2");
        TreeCopier.Exchange(From, To);
        Assert.Equal("1", File.ReadAllText($"{To}/one"));
        Assert.Equal("2", File.ReadAllText($"{From}/other"));
    }

    [Fact]
    public void Whether_blocks_can_be_shared_is_found_out_and_leaves_nothing()
    {
        _ = TreeCopier.CanShareBlocks(From);
        Assert.Empty(Directory.EnumerateFileSystemEntries(From));
    }
}
