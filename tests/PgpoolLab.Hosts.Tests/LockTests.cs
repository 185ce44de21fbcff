using System.Diagnostics;
using PgpoolLab.Hosts.Local;

namespace PgpoolLab.Hosts.Tests;

// With the tests that start processes: those inherit what is open here.
[Collection("processes")]
public sealed class LockTests : IDisposable
{
    private readonly LocalHost _host = new(TimeProvider.System);
    private readonly TemporaryFolder _folder = new(" it's ü");
    private readonly List<int> _started = [];

    public void Dispose()
    {
        foreach (var id in _started)
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
            // Not process.WaitForExit(): where nobody collects what has ended, it waits for ever.
            Eventually
                .TrueAsync(
                    async () => await _host.Processes.FindAsync(id, CancellationToken.None) is null,
                    $"process {id} ends"
                )
                .GetAwaiter()
                .GetResult();
        }

        _folder.Dispose();
    }

    private bool CanBeTaken()
    {
        using var taken = FolderLock.TryTake(_folder.Path, out var byAnother);
        Assert.Equal(taken is null, byAnother);
        return taken is not null;
    }

    [Fact]
    public void One_at_a_time_has_a_folder_and_leaves_nothing_in_it()
    {
        using (var first = FolderLock.TryTake(_folder.Path, out var taken))
        {
            Assert.NotNull(first);
            Assert.False(taken);
            Assert.Null(FolderLock.TryTake(_folder.Path, out taken));
            Assert.True(taken);
            Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
            // Who has it may write there.
            File.WriteAllText(_folder["file"], "");
        }

        Assert.True(CanBeTaken());
    }

    [Theory]
    [InlineData("folder")]
    [InlineData("file")]
    [InlineData("shared file")]
    public async Task It_is_given_back_at_once_also_while_programs_are_being_started(string what)
    {
        File.WriteAllText(_folder["file"], "");
        using var enough = new CancellationTokenSource();
        // Between fork and exec a child has all its parent's descriptors.
        var starting = Task.Run(() =>
        {
            while (!enough.IsCancellationRequested)
            {
                using var program = Process.Start("true");
                program.WaitForExit();
            }
        });
        var failed = 0;
        for (var n = 0; n < 20_000; n++)
        {
            switch (what)
            {
                case "folder":
                    using (var taken = FolderLock.TryTake(_folder.Path, out _))
                    {
                        failed += taken is null ? 1 : 0;
                    }

                    break;
                case "file":
                    using (var taken = RegularFile.TryLock(_folder["file"], alone: true))
                    {
                        failed += taken is null ? 1 : 0;
                    }

                    break;
                default:
                    using (var opened = SharedFile.TryOpen(_folder["file"], out _)!)
                    {
                        failed += opened.TryLock() is true ? 0 : 1;
                    }

                    break;
            }
        }

        await enough.CancelAsync();
        await starting;
        Assert.Equal(0, failed);
    }

    [Fact]
    public void A_lock_that_was_given_back_twice_was_given_back_once()
    {
        var first = FolderLock.TryTake(_folder.Path, out _)!;
        first.Dispose();
        // It may have the number the first had.
        using var second = FolderLock.TryTake(_folder.Path, out _);
        first.Dispose();
        Assert.False(CanBeTaken());
    }

    [Fact]
    public void A_link_to_a_folder_is_that_folder()
    {
        Directory.CreateDirectory(_folder["real"]);
        Directory.CreateSymbolicLink(_folder["link"], _folder["real"]);
        using var first = FolderLock.TryTake(_folder["real"], out _);
        Assert.Null(FolderLock.TryTake(_folder["link"], out var taken));
        Assert.True(taken);
        Assert.NotNull(first);
    }

    [Fact]
    public void What_is_not_there_is_taken_by_nobody()
    {
        Assert.Null(FolderLock.TryTake(_folder["none"], out var taken));
        Assert.False(taken);
        Assert.Null(FolderLock.TryTake(_folder["none/deeper"], out taken));
        Assert.False(taken);
    }

    [Fact]
    public async Task Another_process_sees_it_and_it_ends_with_its_process()
    {
        Task<CommandResult> AskAsync() =>
            _host.Programs.RunAsync(
                new CommandSpec("flock", "--nonblock", "--conflict-exit-code", "7", _folder.Path, "true"),
                CancellationToken.None
            );
        using (FolderLock.TryTake(_folder.Path, out _))
        {
            Assert.Equal(7, (await AskAsync()).ExitCode);
        }

        Assert.Equal(0, (await AskAsync()).ExitCode);
        using var other = Process.Start("flock", ["--no-fork", _folder.Path, "sleep", "600"]);
        await Eventually.TrueAsync(() => !CanBeTaken(), "another process has it");
        other.Kill();
        await other.WaitForExitAsync();
        Assert.True(CanBeTaken());
    }

    [Fact]
    public async Task Neither_a_server_nor_what_a_program_leaves_behind_keeps_it()
    {
        using (FolderLock.TryTake(_folder.Path, out _))
        {
            var script = await _host.Programs.RunAsync(
                new CommandSpec("/bin/sh", "-c", "sleep 600 </dev/null >/dev/null 2>&1 & echo $!"),
                CancellationToken.None
            );
            _started.Add(int.Parse(script.Output));
            Assert.False(CanBeTaken());
        }

        Assert.True(CanBeTaken());
        using (FolderLock.TryTake(_folder.Path, out _))
        {
            _started.Add(
                await _host.Programs.StartDetachedAsync(
                    new CommandSpec("sleep", "600"),
                    _folder["server.log"],
                    append: false,
                    CancellationToken.None
                )
            );
            await Eventually.TrueAsync(
                async () => (await _host.Processes.FindAsync(_started[^1], CancellationToken.None))?.Name == "sleep",
                "the server runs"
            );
        }

        Assert.True(CanBeTaken());
    }
}
