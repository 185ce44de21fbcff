using System.Text.Json;
using PgpoolLab.Hosts;
using PgpoolLab.Provisioning.Clusters;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

public sealed class ClusterCacheTests : IDisposable
{
    private static readonly string Key = FakeClusters.Recipe().Key();
    private readonly TemporaryFolder _outer = new(" it's ü");
    private readonly FakeClusters _clusters = new();
    private readonly ClusterCache _cache;
    private int _copies;

    public ClusterCacheTests()
    {
        Directory.CreateDirectory(_outer["cache"], FakeClusters.PrivateFolder);
        _cache = new ClusterCache(
            _outer["cache"],
            _clusters.Host,
            new ProbeRunner(_clusters.Host, TimeProvider.System),
            TimeProvider.System
        );
        FakeClusters.Make(_outer["fresh"]);
    }

    public void Dispose() => _outer.Dispose();

    private string Folder => $"{_cache.Folder}/{Key}";

    /// <summary>Copies, and looks at the copy.</summary>
    /// <returns>True when the template was there already.</returns>
    private async Task<bool> CopyAsync(ClusterRecipe? recipe = null, CancellationToken cancellationToken = default)
    {
        var target = _outer[$"data{Interlocked.Increment(ref _copies)}"];
        var cached = await _cache.CopyAsync(recipe ?? FakeClusters.Recipe(), [target], cancellationToken);
        Assert.Equal(FakeClusters.Contents(_outer["fresh"]), FakeClusters.Contents(target));
        return cached;
    }

    private static FileStream Hold(string file, FileAccess access) =>
        new(file, FileMode.OpenOrCreate, access, access is FileAccess.Read ? FileShare.Read : FileShare.None);

    /// <summary>Names in the cache, of templates without the key.</summary>
    private string[] Names() =>
        Directory
            .GetFileSystemEntries(_cache.Folder)
            .Select(e => Path.GetFileName(e).Replace(Key, "KEY", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .ToArray();

    /// <summary>Puts a template there that says to be of some size.</summary>
    private void Put(string key, long megabytes, DateTime used)
    {
        Directory.CreateDirectory($"{_cache.Folder}/{key}");
        var manifest = new
        {
            key,
            postgreSql = "99.1",
            superuser = "olga",
            created = "2026-11-23T10:16:03Z",
            folders = Array.Empty<string>(),
            files = new[]
            {
                new
                {
                    path = "x",
                    length = megabytes * 1_000_000,
                    content = megabytes * 1_000_000,
                    hash = 0,
                    mode = 384,
                },
            },
        };
        File.WriteAllText($"{_cache.Folder}/{key}/template.json", JsonSerializer.Serialize(manifest));
        File.WriteAllText($"{_cache.Folder}/{key}.lock", "");
        File.SetLastWriteTimeUtc($"{_cache.Folder}/{key}.lock", used);
    }

    private static string KeyOf(char digit) => new(digit, 32);

    // ---- copying ----

    [Fact]
    public async Task The_first_lab_makes_the_template_and_the_next_ones_copy_it()
    {
        Assert.False(await CopyAsync());
        Assert.True(await CopyAsync());
        Assert.True(await CopyAsync());
        Assert.Equal(1, _clusters.Made);
        Assert.Equal(["KEY", "KEY.lock"], Names());
    }

    [Fact]
    public async Task Several_nodes_are_copied_at_once()
    {
        await _cache.CopyAsync(FakeClusters.Recipe(), [_outer["a"], _outer["b"]], CancellationToken.None);
        Assert.Equal(FakeClusters.Contents(_outer["a"]), FakeClusters.Contents(_outer["b"]));
        Assert.Equal(1, _clusters.Made);
    }

    [Fact]
    public async Task Ten_labs_at_the_same_moment_make_one_template()
    {
        _clusters.Meanwhile = () => Thread.Sleep(30);
        using var all = new Barrier(10);
        var cached = await Task.WhenAll(
            Enumerable
                .Range(0, 10)
                .Select(_ =>
                    Task.Factory.StartNew(
                            async () =>
                            {
                                all.SignalAndWait();
                                return await CopyAsync();
                            },
                            TaskCreationOptions.LongRunning
                        )
                        .Unwrap()
                )
        );
        Assert.Equal(1, _clusters.Made);
        Assert.Single(cached, c => !c);
        Assert.Equal(["KEY", "KEY.lock"], Names());
    }

    [Fact]
    public async Task Another_recipe_is_another_template()
    {
        Assert.False(await CopyAsync());
        Assert.False(await CopyAsync(FakeClusters.Recipe("otto")));
        Assert.True(await CopyAsync());
        Assert.True(await CopyAsync(FakeClusters.Recipe("otto")));
        Assert.Equal(2, _clusters.Made);
        Assert.Equal(["olga", "otto"], _cache.List().Select(t => t.Superuser).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("a file is changed")]
    [InlineData("a file is gone")]
    [InlineData("no file is left")]
    [InlineData("the description is gone")]
    [InlineData("the description is cut off")]
    [InlineData("the description is another template's")]
    public async Task A_damaged_template_is_made_anew(string damage)
    {
        await CopyAsync();
        switch (damage)
        {
            case "a file is changed":
                File.WriteAllText($"{Folder}/cluster/PG_VERSION", "98\n");
                break;
            case "a file is gone":
                File.Delete($"{Folder}/cluster/base/1/1259");
                break;
            case "no file is left":
                Directory.Delete($"{Folder}/cluster", recursive: true);
                break;
            case "the description is gone":
                File.Delete($"{Folder}/template.json");
                break;
            case "the description is cut off":
                File.WriteAllText($"{Folder}/template.json", File.ReadAllText($"{Folder}/template.json")[..200]);
                break;
            default:
                File.WriteAllText(
                    $"{Folder}/template.json",
                    File.ReadAllText($"{Folder}/template.json").Replace(Key, KeyOf('0'), StringComparison.Ordinal)
                );
                break;
        }

        Assert.False(await CopyAsync());
        Assert.True(await CopyAsync());
        Assert.Equal(2, _clusters.Made);
        Assert.Equal(["KEY", "KEY.lock"], Names());
    }

    [Fact]
    public async Task A_template_is_not_made_anew_under_the_eyes_of_who_copies_it()
    {
        await CopyAsync();
        File.Delete($"{Folder}/template.json");
        using var patience = new CancellationTokenSource();
        Task<bool> second;
        using (Hold($"{Folder}.lock", FileAccess.Read))
        {
            second = CopyAsync(cancellationToken: patience.Token);
            await Task.Delay(50);
            Assert.False(second.IsCompleted);
            Assert.Equal(1, _clusters.Made);
        }

        Assert.False(await second);
        Assert.Equal(2, _clusters.Made);
    }

    [Fact]
    public async Task Who_waits_for_another_can_be_cancelled()
    {
        using var other = Hold($"{Folder}.lock", FileAccess.ReadWrite);
        using var cancel = new CancellationTokenSource();
        var copy = CopyAsync(cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copy);
        Assert.Equal(0, _clusters.Made);
    }

    // ---- what goes wrong ----

    [Fact]
    public async Task What_a_killed_program_left_half_made_is_in_nobodys_way()
    {
        // It was killed while it copied, or made: a folder that is not finished, and locks that died with it.
        FakeClusters.Make($"{Folder}.unfinished/cluster");
        File.WriteAllText($"{Folder}.unfinished/template.json", "{\"key\":");
        File.WriteAllText($"{Folder}.lock", "");
        Assert.Empty(_cache.List());
        Assert.False(await CopyAsync());
        Assert.True(await CopyAsync());
        Assert.Equal(["KEY", "KEY.lock"], Names());
    }

    [Fact]
    public async Task What_initdb_leaves_when_it_fails_is_removed_and_the_next_one_tries_again()
    {
        _clusters.ExitCode = 1;
        await Assert.ThrowsAsync<Hosts.CommandFailedException>(() => CopyAsync());
        Assert.Equal(["KEY.lock"], Names());
        _clusters.ExitCode = 0;
        Assert.False(await CopyAsync());
    }

    [Fact]
    public async Task What_is_cancelled_while_it_makes_a_template_leaves_none()
    {
        using var cancel = new CancellationTokenSource();
        _clusters.Meanwhile = cancel.Cancel;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => CopyAsync(cancellationToken: cancel.Token));
        Assert.Equal(["KEY.lock"], Names());
    }

    [Fact]
    public async Task The_cache_can_be_deleted_at_any_time()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        Assert.False(await CopyAsync());
        Directory.Delete(_cache.Folder, recursive: true);
        Assert.False(await CopyAsync(cancellationToken: patience.Token));
        Assert.Equal(FakeClusters.PrivateFolder, File.GetUnixFileMode(_cache.Folder));
        Assert.Equal(2, _clusters.Made);
        File.Delete($"{Folder}.lock");
        Assert.True(await CopyAsync(cancellationToken: patience.Token));
    }

    /// <summary>A clock that is looked at when a copy is complete.</summary>
    private sealed class Clock(Action looked) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow()
        {
            looked();
            return base.GetUtcNow();
        }
    }

    [Fact]
    public async Task A_copy_that_is_complete_when_the_cache_is_deleted_is_a_copy()
    {
        await CopyAsync();
        var cache = new ClusterCache(
            _cache.Folder,
            _clusters.Host,
            new ProbeRunner(_clusters.Host, TimeProvider.System),
            new Clock(() => Directory.Delete(_cache.Folder, recursive: true))
        );
        Assert.True(await cache.CopyAsync(FakeClusters.Recipe(), [_outer["data"]], CancellationToken.None));
        Assert.Equal(FakeClusters.Contents(_outer["fresh"]), FakeClusters.Contents(_outer["data"]));
    }

    [Fact]
    public async Task A_cache_that_cannot_be_written_to_is_said_to_be_unusable_and_no_endless_wait()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        File.WriteAllText(_outer["file"], "");
        var cache = new ClusterCache(
            _outer["file"],
            _clusters.Host,
            new ProbeRunner(_clusters.Host, TimeProvider.System),
            TimeProvider.System
        );
        var error = await Assert.ThrowsAsync<CacheUnusableException>(() =>
            cache.CopyAsync(FakeClusters.Recipe(), [_outer["data"]], patience.Token)
        );
        Assert.StartsWith($"The cache in {_outer["file"]} cannot be used: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_under_the_cache_is_the_caches_trouble_and_an_initdb_that_fails_is_not()
    {
        _clusters.ExitCode = 1;
        var run = _clusters.Host.Run;
        _clusters.Host.Run = c =>
            run(c) with
            {
                Error = "initdb: error: could not write file \"PG_VERSION\": No space left on device",
            };
        var full = await Assert.ThrowsAsync<CacheUnusableException>(() => CopyAsync());
        Assert.Contains("No space left on device", full.Message, StringComparison.Ordinal);
        _clusters.Host.Run = c => run(c) with { Error = "initdb: error: unrecognized option '--nonsense'" };
        await Assert.ThrowsAsync<CommandFailedException>(() => CopyAsync());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_cache.Folder, "*.unfinished"));
    }

    [Fact]
    public async Task An_initdb_that_a_killed_setup_left_at_work_is_ended_before_its_folder_is_made_anew_and_no_other()
    {
        var unfinished = $"{_cache.Folder}/{FakeClusters.Recipe().Key()}.unfinished/cluster";
        void Runs(int id, string name, string? folder, string commandLine) =>
            _clusters.Host.Processes.Add(new ProcessFacts(id, "1", name, commandLine, folder, id));
        Runs(31, "initdb", "/home/olga", $"/usr/lib/postgresql/15/bin/initdb -A trust -D {unfinished}");
        Runs(32, "postgres", unfinished, "postgres --boot");
        Runs(33, "initdb", "/home/olga", $"initdb -D {unfinished}2");
        Runs(34, "bash", unfinished, "bash");
        Runs(35, "initdb", "/home/olga", $"initdb -D {unfinished}");
        _clusters.Host.Elsewhere.Add(35);
        await CopyAsync();
        Assert.Equal(["Kill 31", "Kill 32"], _clusters.Host.Signals);
        Assert.Equal([unfinished], _clusters.Host.MemoryRemoved);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_initdb_that_a_killed_setup_left_at_work_is_ended_before_its_folder_is_deleted(bool all)
    {
        var unfinished = $"{_cache.Folder}/{KeyOf('3')}.unfinished/cluster";
        Directory.CreateDirectory(unfinished);
        await File.WriteAllTextAsync($"{_cache.Folder}/{KeyOf('3')}.lock", "");
        _clusters.Host.Processes.Add(
            new ProcessFacts(31, "1", "initdb", $"initdb -A trust -D {unfinished}", "/home/olga", 31)
        );
        _ = all ? await _cache.ClearAsync() : (await _cache.ClearUnfinishedAsync()).Count;
        Assert.Equal(["Kill 31"], _clusters.Host.Signals);
        Assert.Empty(Names());
    }

    [Fact]
    public void Who_only_clears_the_cache_makes_none()
    {
        var probes = new ProbeRunner(_clusters.Host, TimeProvider.System);
        ClusterCache? In(string? folder) => ClusterCache.In(folder, _clusters.Host, probes, TimeProvider.System);
        Assert.Null(In(_outer["home/.cache/pgpoollab/clusters"]));
        Assert.False(Directory.Exists(_outer["home"]));
        Assert.Null(In(null));
    }

    // ---- list, trim, clear ----

    [Fact]
    public void Templates_are_listed_the_last_used_first_and_damaged_ones_too()
    {
        Put(KeyOf('1'), 20, new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc));
        Put(KeyOf('2'), 30, new DateTime(2026, 11, 3, 0, 0, 0, DateTimeKind.Utc));
        Put(KeyOf('3'), 40, new DateTime(2026, 11, 2, 0, 0, 0, DateTimeKind.Utc));
        File.WriteAllText($"{_cache.Folder}/{KeyOf('3')}/template.json", "");
        Directory.CreateDirectory($"{_cache.Folder}/not a key");
        Directory.CreateDirectory($"{_cache.Folder}/{KeyOf('4')}.unfinished");
        var made = new DateTimeOffset(2026, 11, 23, 10, 16, 3, TimeSpan.Zero);
        Assert.Equal(
            [
                new CachedTemplate(
                    KeyOf('2'),
                    $"{_cache.Folder}/{KeyOf('2')}",
                    "99.1",
                    "olga",
                    30_000_000,
                    made,
                    new DateTimeOffset(2026, 11, 3, 0, 0, 0, TimeSpan.Zero)
                ),
                new CachedTemplate(
                    KeyOf('3'),
                    $"{_cache.Folder}/{KeyOf('3')}",
                    null,
                    null,
                    0,
                    null,
                    new DateTimeOffset(2026, 11, 2, 0, 0, 0, TimeSpan.Zero)
                ),
                new CachedTemplate(
                    KeyOf('1'),
                    $"{_cache.Folder}/{KeyOf('1')}",
                    "99.1",
                    "olga",
                    20_000_000,
                    made,
                    new DateTimeOffset(2026, 11, 1, 0, 0, 0, TimeSpan.Zero)
                ),
            ],
            _cache.List()
        );
    }

    [Fact]
    public async Task Each_use_is_remembered()
    {
        var before = DateTimeOffset.UtcNow.AddSeconds(-1);
        await CopyAsync();
        File.SetLastWriteTimeUtc($"{Folder}.lock", new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        await CopyAsync();
        Assert.InRange(Assert.Single(_cache.List()).LastUsed, before, DateTimeOffset.UtcNow.AddSeconds(1));
    }

    [Fact]
    public async Task Those_not_used_for_longest_make_room_for_a_new_one()
    {
        Put(KeyOf('1'), 150, new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc));
        Put(KeyOf('2'), 300, new DateTime(2026, 11, 2, 0, 0, 0, DateTimeKind.Utc));
        Put(KeyOf('3'), 90, new DateTime(2026, 11, 3, 0, 0, 0, DateTimeKind.Utc));
        await CopyAsync();
        Assert.Equal([Key, KeyOf('3'), KeyOf('2')], _cache.List().Select(t => t.Key));
        // What is copied at this moment stays, whatever its size.
        Put(KeyOf('4'), 200, new DateTime(2026, 11, 4, 0, 0, 0, DateTimeKind.Utc));
        using (Hold($"{_cache.Folder}/{KeyOf('2')}.lock", FileAccess.Read))
        {
            await CopyAsync(FakeClusters.Recipe("otto"));
        }

        Assert.Contains(_cache.List(), t => t.Key == KeyOf('2'));
    }

    [Fact]
    public async Task A_template_that_was_just_made_stays_however_large_the_others_are()
    {
        Put(KeyOf('1'), 1000, new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        await CopyAsync();
        Assert.Equal([Key], _cache.List().Select(t => t.Key));
        Assert.True(await CopyAsync());
    }

    [Fact]
    public async Task Clearing_leaves_what_is_being_copied_or_made()
    {
        await CopyAsync();
        Put(KeyOf('1'), 20, new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc));
        Put(KeyOf('2'), 20, new DateTime(2026, 11, 1, 0, 0, 0, DateTimeKind.Utc));
        Directory.CreateDirectory($"{_cache.Folder}/{KeyOf('3')}.unfinished");
        using (Hold($"{Folder}.lock", FileAccess.Read))
        using (Hold($"{_cache.Folder}/{KeyOf('3')}.lock", FileAccess.ReadWrite))
        {
            Assert.Equal(2, await _cache.ClearAsync());
            Assert.Equal([$"{KeyOf('3')}.lock", $"{KeyOf('3')}.unfinished", "KEY", "KEY.lock"], Names());
            Assert.True(await CopyAsync());
        }

        Assert.Equal(2, await _cache.ClearAsync());
        Assert.Empty(Names());
        Assert.Equal(0, await _cache.ClearAsync());
    }

    [Fact]
    public async Task Only_clusters_are_counted_and_only_what_is_the_caches_own_is_deleted()
    {
        // A lock is what remains of a template that could not be made.
        File.WriteAllText($"{_cache.Folder}/{KeyOf('1')}.lock", "");
        File.WriteAllText($"{_cache.Folder}/mine", "");
        Directory.CreateDirectory($"{_cache.Folder}/also mine");
        Assert.Equal(0, await _cache.ClearAsync());
        Assert.Equal(["also mine", "mine"], Names());
    }

    [Fact]
    public async Task Where_no_cache_is_nothing_is_listed_and_cleared()
    {
        Directory.Delete(_cache.Folder);
        Assert.Empty(_cache.List());
        Assert.Equal(0, await _cache.ClearAsync());
        Assert.False(Directory.Exists(_cache.Folder));
    }

    [Fact]
    public async Task What_was_never_finished_is_deleted_alone_unless_somebody_is_at_it()
    {
        await CopyAsync();
        foreach (var digit in "34")
        {
            Directory.CreateDirectory($"{_cache.Folder}/{KeyOf(digit)}.unfinished");
            await File.WriteAllTextAsync($"{_cache.Folder}/{KeyOf(digit)}.lock", "");
        }

        Assert.Equal(2, _cache.ListUnfinished().Count);
        using (Hold($"{_cache.Folder}/{KeyOf('3')}.lock", FileAccess.ReadWrite))
        {
            Assert.Equal([$"{_cache.Folder}/{KeyOf('4')}.unfinished"], await _cache.ClearUnfinishedAsync());
        }

        Assert.Equal([$"{KeyOf('3')}.lock", $"{KeyOf('3')}.unfinished", "KEY", "KEY.lock"], Names());
        Assert.Equal([$"{_cache.Folder}/{KeyOf('3')}.unfinished"], await _cache.ClearUnfinishedAsync());
        Assert.Equal(["KEY", "KEY.lock"], Names());
        Assert.True(await CopyAsync());
    }
}
