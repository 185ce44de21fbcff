using PgpoolLab.Model;
using PgpoolLab.Provisioning.Snapshots;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>What a snapshot holds, how it is kept, and how it takes the place of a lab's files.</summary>
public sealed class SnapshotTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public SnapshotTests() => Directory.CreateDirectory(Paths.Hidden);

    public void Dispose() => _folder.Dispose();

    private LabPaths Paths => new(_folder["lab"]);

    private Lab Lab => Testing.Labs.Fixed(root: Paths.Root);

    private SnapshotInfo Info(string name, Lab? lab = null) =>
        new()
        {
            Name = name,
            SavedAt = DateTimeOffset.UnixEpoch,
            FrozenMilliseconds = 12,
            Bytes = 1,
            Servers =
            [
                new("node 0", "primary", true),
                new("node 1", "standby", true),
                new("Pgpool-II", "pgpool", true),
            ],
            Items = SnapshotContents.Of(lab ?? Lab),
            Manifest = new LabManifest
            {
                ToolVersion = "1",
                CommandLine = ["pgpoollab"],
                State = LabState.Ready,
                Lab = lab ?? Lab,
            },
        };

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private string Save(string name, string text)
    {
        var store = new SnapshotStore(Paths);
        store.Begin();
        Write($"{store.UnfinishedFiles}/data0/PG_VERSION", text);
        store.Complete(Info(name));
        return $"{store.FilesOf(name)}/data0/PG_VERSION";
    }

    private static readonly Dictionary<string, Lab> Labs = new()
    {
        ["one"] = Testing.Labs.Fixed() with { UseTls = true },
        ["archiving"] = Testing.Labs.Former(slots: false),
        ["watchdog"] = Testing.Labs.Nasty(pgpools: 2),
        ["pgpool_setup"] = Testing.Labs.Old(),
    };

    public static TheoryData<string> Shapes => [.. Labs.Keys];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_snapshot_holds_what_a_stopped_lab_is(string shape) =>
        Snapshot.Approve(
            $"snapshot-of-{shape}",
            string.Concat(SnapshotContents.Of(Labs[shape]).Select(i => $"{i.Kind, -6} {i.Path}\n"))
        );

    [Fact]
    public void What_is_left_out_belongs_to_running_processes()
    {
        string[] left = ["postmaster.pid", "pg_stat_tmp/db_0.stat", "base/pgsql_tmp", "base/1/pgsql_tmp12.0"];
        string[] held = ["PG_VERSION", "pg_stat_tmp", "pg_replslot/s/state", "pg_wal/000000010000000000000001"];
        Assert.All(left, p => Assert.True(SnapshotContents.LeavesOut(p), p));
        Assert.All(held, p => Assert.False(SnapshotContents.LeavesOut(p), p));
    }

    [Fact]
    public void A_snapshot_is_there_when_it_is_whole()
    {
        var store = new SnapshotStore(Paths);
        store.Begin();
        Assert.False(store.Has("one"));
        Assert.Empty(store.List(CancellationToken.None));
        Assert.True(store.HasRemains);
        store.Complete(Info("one"));
        Assert.True(store.Has("one"));
        Assert.False(store.HasRemains);
        Assert.Equal("one", Assert.Single(store.List(CancellationToken.None)).Info?.Name);
        Assert.Equal(Lab.Nodes, store.Read("one").Lab.Nodes);
    }

    [Fact]
    public void One_that_replaces_another_has_its_name_only_when_it_is_whole()
    {
        var file = Save("one", "old");
        var store = new SnapshotStore(Paths);
        store.Begin();
        Write($"{store.UnfinishedFiles}/data0/PG_VERSION", "new");
        Assert.Equal("old", File.ReadAllText(file));
        store.Complete(Info("one"));
        Assert.Equal("new", File.ReadAllText(file));
        Assert.False(store.HasRemains);
    }

    [Fact]
    public void What_a_killed_command_has_left_is_no_snapshot_and_is_swept()
    {
        Save("one", "");
        var store = new SnapshotStore(Paths);
        store.Begin();
        Assert.Equal("one", Assert.Single(store.List(CancellationToken.None)).Name);
        Assert.True(LabMending.IsNeeded(Paths.Root));
        store.Sweep();
        Assert.False(LabMending.IsNeeded(Paths.Root));
        store.Drop("one");
        Assert.Empty(Directory.EnumerateFileSystemEntries(Paths.Snapshots));
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("")]
    [InlineData("-x")]
    public void A_name_is_no_path(string name)
    {
        Assert.NotNull(SnapshotStore.ProblemOf(name));
        Assert.Equal(ExitCode.Usage, Assert.Throws<LabException>(() => new SnapshotStore(Paths).Read(name)).Code);
    }

    [Fact]
    public void A_snapshot_that_is_not_there_is_not_found_and_those_that_are_are_named()
    {
        Save("one", "");
        var error = Assert.Throws<LabException>(() => new SnapshotStore(Paths).Read("two"));
        Assert.Equal(ExitCode.NotFound, error.Code);
        Assert.Contains("one", Assert.Single(error.Hints), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("not json")]
    [InlineData("""{"schema":99}""")]
    public void A_damaged_one_is_listed_as_such_and_cannot_be_restored(string text)
    {
        Save("one", "");
        File.WriteAllText($"{Paths.Snapshots}/one/snapshot.json", text);
        Assert.NotNull(Assert.Single(new SnapshotStore(Paths).List(CancellationToken.None)).Problem);
        Assert.Throws<LabException>(() => new SnapshotStore(Paths).Read("one"));
    }

    [Fact]
    public void One_that_names_a_place_outside_of_the_lab_is_damaged()
    {
        var outside = Info("one") with { Items = [new SavedItem(LabItemKind.Folder, "../elsewhere")] };
        Assert.ThrowsAny<System.Text.Json.JsonException>(() => SnapshotInfo.Parse(outside.ToJson()));
    }

    /// <summary>A lab with old files, and a journal of their exchange for new ones.</summary>
    private RestoreJournal Exchange()
    {
        Directory.Delete(_folder["lab"], recursive: true);
        Write($"{Paths.Root}/data0/file", "old");
        Write($"{Paths.Root}/data2/file", "old");
        Write($"{Paths.Root}/startall", "old");
        Write(Paths.Manifest, "old");
        Write($"{RestoreJournal.NewIn(Paths)}/data0/file", "new");
        Write($"{RestoreJournal.NewIn(Paths)}/data1/file", "new");
        Write($"{RestoreJournal.NewIn(Paths)}/startall", "new");
        Write($"{RestoreJournal.NewIn(Paths)}/.pgpoollab/lab.json", "new");
        var journal = new RestoreJournal(
            "one",
            [
                new("data2", IsNew: false),
                new("missing", IsNew: false),
                new("data0", IsNew: true),
                new("data1", IsNew: true),
                new("startall", IsNew: true),
                new(".pgpoollab/lab.json", IsNew: true),
            ]
        );
        journal.Write(Paths);
        return journal;
    }

    private void AssertAllIsNew()
    {
        foreach (var file in (string[])["data0/file", "data1/file", "startall", ".pgpoollab/lab.json"])
        {
            Assert.Equal("new", File.ReadAllText($"{Paths.Root}/{file}"));
        }

        Assert.False(Directory.Exists($"{Paths.Root}/data2"));
        Assert.Null(RestoreJournal.Read(Paths));
    }

    [Fact]
    public void A_restore_that_is_interrupted_anywhere_is_brought_to_its_end_by_the_next_command()
    {
        var steps = 0;
        Exchange().Finish(Paths, _ => steps++);
        AssertAllIsNew();
        Assert.InRange(steps, 6, 20);
        for (var end = 0; end < steps; end++)
        {
            var journal = Exchange();
            var left = end;
            Assert.Throws<OperationCanceledException>(() => journal.Finish(Paths, Interrupted));
            Assert.True(File.Exists(Paths.Manifest), $"there is a lab when it is interrupted in step {end}");
            Assert.True(LabMending.IsNeeded(Paths.Root));
            RestoreJournal.Sweep(Paths);
            RestoreJournal.Read(Paths)!.Finish(Paths);
            AssertAllIsNew();
            RestoreJournal.Sweep(Paths);
            Assert.False(LabMending.IsNeeded(Paths.Root));

            void Interrupted(string title)
            {
                if (left-- == 0)
                {
                    throw new OperationCanceledException(title);
                }
            }
        }
    }

    [Fact]
    public void One_that_was_killed_before_it_exchanged_anything_has_changed_nothing()
    {
        Exchange();
        File.Delete(Paths.RestoreJournal);
        Assert.True(LabMending.IsNeeded(Paths.Root));
        RestoreJournal.Sweep(Paths);
        Assert.False(LabMending.IsNeeded(Paths.Root));
        Assert.Equal("old", File.ReadAllText($"{Paths.Root}/data0/file"));
    }

    [Fact]
    public void A_node_that_came_later_goes_and_what_recoveries_have_left_too()
    {
        var now = Testing.Labs.Fixed(root: Paths.Root, nodes: 3);
        var places = SnapshotVerbs.Places(now, Lab, Info("one")).ToArray();
        Assert.Contains(new RestoredPlace("data2", IsNew: false), places);
        Assert.Contains(new RestoredPlace("data1.kept", IsNew: false), places);
        Assert.Contains(new RestoredPlace("data1", IsNew: true), places);
        Assert.Equal(new RestoredPlace(".pgpoollab/lab.json", IsNew: true), places[^1]);
        Assert.Equal(places.Length, places.Select(p => p.Path).Distinct().Count());
        Assert.Contains("node 2 goes", Assert.Single(SnapshotVerbs.Differences(now, Lab)), StringComparison.Ordinal);
        Assert.Contains("node 2 comes", Assert.Single(SnapshotVerbs.Differences(Lab, now)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_of_another_lab_is_refused()
    {
        var error = Assert.Throws<LabException>(() =>
            SnapshotVerbs.AsItIsToBe(Lab with { Id = "ffffffff" }, Info("one"))
        );
        Assert.Contains("another lab", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lab_that_was_moved_since_stays_where_it_is()
    {
        var moved = (Lab with { Root = "/srv/elsewhere" }).WithOwnFolders();
        Assert.Equal("/srv/elsewhere/data1", SnapshotVerbs.AsItIsToBe(moved, Info("one")).Nodes[1].DataDirectory);
    }

    [Fact]
    public void A_lab_on_several_hosts_and_one_without_nodes_of_its_own_are_refused()
    {
        Assert.Throws<LabException>(() => SnapshotVerbs.RequireSupport(Testing.Labs.Part(1), "A snapshot"));
        Assert.Throws<LabException>(() => SnapshotVerbs.RequireSupport(Lab with { OwnsNodes = false }, "A snapshot"));
        SnapshotVerbs.RequireSupport(Lab, "A snapshot");
    }

    [Theory]
    [InlineData(true, 0, 0, 0, 0)]
    [InlineData(true, 3, 0, 3, 0)]
    [InlineData(false, 1, 0, 0, 0)]
    [InlineData(false, 1, 1, 1, 0)]
    public void Writes_are_on_all_nodes_or_on_none(
        bool alike,
        int writing0,
        int working0,
        int writing1,
        int working1
    ) => Assert.Equal(alike, OpenWrites.AreAlike([new(writing0, working0), new(writing1, working1)]));

    /// <summary>A lab whose servers do not run.</summary>
    private async Task<CopiedLab> CopyAsync()
    {
        var host = new Hosts.Local.LocalHost(TimeProvider.System);
        Write($"{Paths.Root}/data0/PG_VERSION", "15");
        Write($"{Paths.Root}/data0/postmaster.pid", "1");
        Write($"{Paths.Root}/data1/standby.signal", "");
        Write($"{Paths.Root}/etc/pgpool.conf", "port = 11000");
        Write($"{Paths.Root}/log/pgpool_status", "up");
        Write($"{Paths.Root}/log/pgpool.log", "LOG");
        Write($"{Paths.Root}/mine", "the user's");
        Directory.CreateDirectory(_folder["copy"]);
        return await new LabCopy(
            host,
            new Servers.Waiting.ProbeRunner(host, TimeProvider.System),
            TimeProvider.System,
            Lab,
            _ => { }
        ).CopyAsync(_folder["copy"], CancellationToken.None);
    }

    [Fact]
    public async Task A_stopped_lab_is_copied_without_logs_and_without_what_is_not_the_labs()
    {
        var copy = await CopyAsync();
        Assert.Null(copy.Frozen);
        Assert.Equal(
            [("node 0", "primary", false), ("node 1", "standby", false), ("Pgpool-II", "pgpool", false)],
            copy.Servers.Select(s => (s.Server, s.Role, s.Ran))
        );
        Assert.Equal(
            ["data0/PG_VERSION", "data1/standby.signal", "etc/pgpool.conf", "log/pgpool_status"],
            Directory
                .EnumerateFiles(_folder["copy"], "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(_folder["copy"], f))
                .Order(StringComparer.Ordinal)
        );
    }

    [Theory]
    [InlineData("data0/pg_tblspc/16384")]
    [InlineData("data0/pg_wal")]
    [InlineData("etc/tls")]
    public async Task A_lab_with_files_elsewhere_is_refused(string link)
    {
        Directory.CreateDirectory(_folder["elsewhere"]);
        Directory.CreateDirectory(Path.GetDirectoryName($"{Paths.Root}/{link}")!);
        File.CreateSymbolicLink($"{Paths.Root}/{link}", _folder["elsewhere"]);
        if (link == "etc/tls")
        {
            // What is a link in a folder of settings is one in the copy, too.
            _ = await CopyAsync();
            return;
        }

        var error = await Assert.ThrowsAsync<LabException>(CopyAsync);
        Assert.Contains(_folder["elsewhere"], Assert.Single(error.Details), StringComparison.Ordinal);
    }

    [Fact]
    public void What_has_no_room_is_refused_before_it_is_begun()
    {
        using (var file = File.Create(_folder["large"]))
        {
            file.SetLength(1);
        }

        LabCopy.RequireRoom([_folder["large"]], _folder.Path, CancellationToken.None);
        var error = Assert.Throws<LabException>(() => LabCopy.RequireRoom(long.MaxValue / 2, _folder.Path));
        Assert.Contains("no room", error.Message, StringComparison.Ordinal);
    }
}
