using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Tests;

public sealed class StoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's ü");

    public StoreTests() => Directory.CreateDirectory(_folder[".pgpoollab"]);

    public void Dispose() => _folder.Dispose();

    private static LabManifest ManifestOf(Lab lab, LabState state = LabState.Ready) =>
        new()
        {
            ToolVersion = "1.2.3",
            CommandLine = ["pgpoollab", "setup", "my lab", "-s"],
            State = state,
            CompletedSteps = ["Create the folders", "Create node 0 (initdb)"],
            Lab = lab,
        };

    private string File_ => _folder[".pgpoollab/lab.json"];

    private void Write(string text) => File.WriteAllText(File_, text);

    private string Saved(Lab? lab = null)
    {
        LabStore.Save(ManifestOf(lab ?? Labs.Fixed(root: _folder.Path)));
        return File.ReadAllText(File_);
    }

    private LabException Refused() => Assert.ThrowsAny<LabException>(() => LabStore.Load(_folder.Path));

    [Theory]
    [InlineData(LabState.Creating)]
    [InlineData(LabState.Ready)]
    [InlineData(LabState.Failed)]
    public void What_is_saved_is_what_is_loaded(LabState state)
    {
        var lab = Labs.Fixed(nodes: 3, root: _folder.Path, alias: "/home/olga/x", rewind: true) with
        {
            Invoker = "root",
            Folder = new FolderOrigin("/srv", 1000, 100),
            PgpoolSettings = new Dictionary<string, string> { ["max_pool"] = "2" },
            PostgresSettings = new Dictionary<string, string> { ["cluster_name"] = "it's" },
        };
        var manifest = ManifestOf(lab, state);
        LabStore.Save(manifest);
        Assert.Equivalent(manifest, LabStore.Load(_folder.Path), strict: true);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_lab_of_the_old_command_line_is_loaded_with_all_it_was_asked_for(int pgpools)
    {
        var lab = Labs.Old(
            ClusteringMode.NativeReplication,
            root: _folder.Path,
            alias: "/home/olga/x",
            pgpools: pgpools
        ) with
        {
            OwnsNodes = false,
            PgpoolSetup = new PgpoolSetupConventions
            {
                InstallDirectory = "/opt/P",
                Debug = true,
                EnableTest = true,
                WaitForTimeWait = true,
                LibraryPath = "/lib",
                InitDbArguments = ["-E", "EUC_JP"],
                Sample = "/opt/P/etc/pgpool.conf.sample",
                SampleScripts = "/etc/pgpool-II",
                VirtualIp = "192.0.2.7",
            },
        };
        LabStore.Save(ManifestOf(lab));
        Assert.Equivalent(ManifestOf(lab), LabStore.Load(_folder.Path), strict: true);
    }

    [Fact]
    public void The_manifest_of_a_watchdog_has_a_shape_too() =>
        Snapshot.Approve(
            "manifest-watchdog",
            Saved(Labs.Old(root: _folder.Path, pgpools: 2))
                .Replace(_folder.Path, "/srv/lab", StringComparison.Ordinal)
                .Replace(Path.GetFileName(_folder.Path), "lab", StringComparison.Ordinal)
        );

    /// <summary>As version 0.1.0 wrote it before a lab could have several Pgpool-IIs.</summary>
    private string Schema1(string root) =>
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(SourceFile())!, "manifests", "schema-1.json"))
            .Replace("/srv/lab", root, StringComparison.Ordinal);

    private static string SourceFile([System.Runtime.CompilerServices.CallerFilePath] string file = "") => file;

    [Fact]
    public void A_manifest_of_schema_1_is_a_lab_with_one_Pgpool()
    {
        Write(Schema1(_folder.Path));
        var expected = Labs.Former(root: _folder.Path) with
        {
            Name = "lab",
            Invoker = "root",
            PgpoolSettings = new Dictionary<string, string> { ["max_pool"] = "2" },
        };
        var loaded = LabStore.Load(_folder.Path)!;
        Assert.Equivalent(expected, loaded.Lab, strict: true);
        Assert.Equal((true, false, null), (loaded.Lab.OwnsNodes, loaded.Lab.HasWatchdog, loaded.Lab.Former));
        Assert.Equal("olga", LabLocator.RequireReady(loaded).Owner);
    }

    [Fact]
    public void A_lab_of_schema_1_that_was_moved_is_found_where_it_is()
    {
        Write(Schema1("/srv/former"));
        var loaded = LabStore.Load(_folder.Path)!;
        Assert.Equal(
            ("/srv/former", _folder.Path, _folder["data1"]),
            (loaded.Lab.Former?.Root, loaded.Lab.Pgpool.Folder, loaded.Lab.Nodes[1].DataDirectory)
        );
    }

    [Fact]
    public void What_was_loaded_of_schema_1_can_be_saved_and_loaded_again()
    {
        Write(Schema1(_folder.Path));
        var loaded = LabStore.Load(_folder.Path)!;
        LabStore.Save(loaded);
        Assert.Equivalent(loaded, LabStore.Load(_folder.Path), strict: true);
    }

    [Fact]
    public void A_folder_another_manifest_names_is_never_taken_for_the_labs()
    {
        Write(
            Saved(Labs.Fixed(root: _folder.Path, pgpools: 2))
                .Replace($"{_folder.Path}/pgpool1", "/etc", StringComparison.Ordinal)
                .Replace($"{_folder.Path}/pgpool0/data0", "/home", StringComparison.Ordinal)
        );
        var lab = LabStore.Load(_folder.Path)!.Lab;
        Assert.Equal([_folder["pgpool0"], _folder["pgpool1"]], lab.Pgpools.Select(p => p.Folder));
        Assert.Equal([_folder["pgpool0/data0"], _folder["pgpool0/data1"]], lab.Nodes.Select(n => n.DataDirectory));
    }

    [Fact]
    public void The_manifest_has_a_shape_later_versions_can_rely_on_and_holds_no_secrets()
    {
        var text = Saved(
                Labs.Fixed(root: _folder.Path) with
                {
                    Invoker = "root",
                    PgpoolSettings = new Dictionary<string, string> { ["max_pool"] = "2" },
                }
            )
            .Replace(_folder.Path, "/srv/lab", StringComparison.Ordinal);
        Snapshot.Approve("manifest", text.Replace(Path.GetFileName(_folder.Path), "lab", StringComparison.Ordinal));
        Assert.DoesNotContain("password", text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Nobody_else_can_read_the_manifest_and_nothing_temporary_stays()
    {
        Saved();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(File_));
        Assert.Equal([File_], Directory.GetFiles(_folder[".pgpoollab"]));
    }

    [Fact]
    public void A_folder_without_a_manifest_is_no_lab()
    {
        Assert.Null(LabStore.Load(_folder.Path));
        Assert.Null(LabStore.Load(_folder["none"]));
    }

    [Fact]
    public void A_lab_is_where_its_manifest_is_found()
    {
        Write(Saved().Replace($"\"root\": \"{_folder.Path}\"", "\"root\": \"/elsewhere\"", StringComparison.Ordinal));
        Assert.Equal(_folder.Path, LabStore.Load(_folder.Path)!.Lab.Root);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("not json")]
    [InlineData(
        "{ \"schema\": 1, \"toolVersion\": \"1.2.3\", \"commandLine\": [], \"state\": \"Ready\", \"lab\": null }"
    )]
    [InlineData(
        "{ \"schema\": 1, \"toolVersion\": \"1.2.3\", \"commandLine\": [], \"state\": \"Ready\", \"lab\": { "
            + "\"root\": 5, \"pgpool\": {} } }"
    )]
    [InlineData(
        "{ \"schema\": 2, \"toolVersion\": \"1.2.3\", \"commandLine\": [], \"state\": \"Ready\", \"lab\": null }"
    )]
    public void A_damaged_manifest_is_called_so_with_the_way_out(string text)
    {
        Write(text);
        AssertDamaged(Refused());
    }

    [Theory]
    [InlineData("pgpools")]
    [InlineData("nodes")]
    public void A_manifest_with_a_hole_in_it_is_called_damaged(string list)
    {
        var manifest = System.Text.Json.Nodes.JsonNode.Parse(Saved())!;
        manifest["lab"]![list] = new System.Text.Json.Nodes.JsonArray(null, null);
        Write(manifest.ToJsonString());
        AssertDamaged(Refused());
    }

    [Theory]
    [InlineData("/lab/owner", "null")]
    [InlineData("/lab/root", "null")]
    [InlineData("/lab/name", "null")]
    [InlineData("/lab/tools/postgresBin", "null")]
    [InlineData("/lab/tools/pgpoolProgram", "\"\"")]
    [InlineData("/lab/safeAlias", "\"lab\"")]
    [InlineData("/lab/tools/pcpBin", "\"/usr\\u0000/bin\"")]
    // Setup makes no such lab; printed, it would be a line of its own.
    [InlineData("/lab/name", "\"lab\\nok   all is well\"")]
    [InlineData("/lab/owner", "\"olga\\u001b[2J\"")]
    [InlineData("/lab/pgpools/0/socketDirectories", "null")]
    [InlineData("/lab/pgpools/0/socketDirectories", "[null]")]
    [InlineData("/lab/pgpools/0/port", "0")]
    [InlineData("/lab/nodes/1/port", "65536")]
    [InlineData("/lab/mode", "77")]
    [InlineData("/state", "77")]
    [InlineData("/lab/pgpoolSettings", "null")]
    [InlineData("/commandLine", "null")]
    [InlineData("/toolVersion", "null")]
    public void A_manifest_that_says_what_no_command_can_work_with_is_called_damaged(string path, string value)
    {
        var manifest = System.Text.Json.Nodes.JsonNode.Parse(Saved())!;
        var node = manifest;
        foreach (var name in path.Split('/')[1..^1])
        {
            node = int.TryParse(name, out var index) ? node![index] : node![name];
        }

        node![path.Split('/')[^1]] = System.Text.Json.Nodes.JsonNode.Parse(value);
        Write(manifest.ToJsonString());
        AssertDamaged(Refused());
    }

    [Fact]
    public void A_manifest_that_says_something_twice_is_called_damaged()
    {
        Write(Saved().Replace("\"lab\": {", "\"lab\": null, \"lab\": {", StringComparison.Ordinal));
        AssertDamaged(Refused());
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"id":null,"name":"lab","root":"/srv/lab","ports":[1]}""")]
    [InlineData("""{"id":"0123abcd","name":null,"root":"/srv/lab","ports":[1]}""")]
    [InlineData("""{"id":"0123abcd","name":"lab","root":null,"ports":[1]}""")]
    [InlineData("""{"id":"0123abcd","name":"lab","root":"/srv/lab","ports":null}""")]
    [InlineData("""{"id":"../../x","name":"lab","root":"/srv/lab","ports":[1]}""")] // would name a file elsewhere
    public void An_entry_of_the_list_that_is_not_whole_is_none(string text)
    {
        File.WriteAllText(_folder["entry.json"], text);
        Assert.Null(LabStore.ReadIndexEntry(_folder["entry.json"]));
    }

    [Fact]
    public void A_manifest_without_any_Pgpool_is_called_damaged()
    {
        Write(Saved(Labs.Fixed(root: _folder.Path) with { Pgpools = [] }));
        AssertDamaged(Refused());
    }

    [Fact]
    public void A_manifest_whose_end_is_missing_is_called_damaged()
    {
        Write(Saved()[..200]);
        AssertDamaged(Refused());
    }

    private void AssertDamaged(LabException error)
    {
        Assert.Single(error.Hints);
        File.WriteAllText(_folder["stopall"], "");
        error = Refused();
        Assert.Equal(ExitCode.Failed, error.Code);
        Assert.StartsWith($"The manifest {File_} is damaged: ", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            [
                $"The servers can still be stopped:  {Shell.Quote(_folder.Path + "/stopall")} --plain",
                $"When they are stopped, the lab can be deleted with its folder:  rm -r {Shell.Quote(_folder.Path)}",
            ],
            error.Hints
        );
    }

    [Fact]
    public void A_manifest_of_a_newer_program_is_refused()
    {
        Write(Saved().Replace("\"schema\": 2", "\"schema\": 3", StringComparison.Ordinal));
        Assert.StartsWith(
            $"The lab in {_folder.Path} was made by pgpoollab 1.2.3, which is newer than this program",
            Refused().Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_newer_manifest_is_called_newer_also_when_the_rest_of_it_is_not_understood()
    {
        Write("{ \"schema\": 3, \"toolVersion\": \"9.0.0\", \"labs\": [ { \"state\": \"paused\" } ] }");
        Assert.Contains(
            "was made by pgpoollab 9.0.0, which is newer than this program",
            Refused().Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void What_a_newer_program_of_the_same_schema_added_does_not_matter()
    {
        Write(
            Saved().Replace("\"schema\": 2", "\"schema\": 2, \"addedLater\": { \"x\": [1] }", StringComparison.Ordinal)
        );
        Assert.Equal(LabState.Ready, LabStore.Load(_folder.Path)!.State);
    }

    [Fact]
    public void A_lab_is_found_from_every_folder_in_it()
    {
        Saved();
        var deep = Directory.CreateDirectory(_folder["data0/base/1"]).FullName;
        Assert.Equal(_folder.Path, LabStore.FindRoot(deep));
        Assert.Equal(_folder.Path, LabStore.FindRoot(_folder.Path));
        Assert.Null(LabStore.FindRoot(Path.GetDirectoryName(_folder.Path)!));
    }

    [Fact]
    public void A_lab_in_a_lab_is_the_nearest_one()
    {
        Saved();
        Directory.CreateDirectory(_folder["inner/.pgpoollab"]);
        LabStore.Save(ManifestOf(Labs.Fixed(root: _folder["inner"])));
        Assert.Equal(_folder["inner"], LabStore.FindRoot(Directory.CreateDirectory(_folder["inner/etc"]).FullName));
    }

    [Fact]
    public void A_lab_is_found_by_its_folder_from_elsewhere()
    {
        Saved();
        var parent = Path.GetDirectoryName(_folder.Path)!;
        Assert.Equal(_folder.Path, LabLocator.Find(_folder.Path + "/", "/").Lab.Root);
        Assert.Equal(_folder.Path, LabLocator.Find(Path.GetFileName(_folder.Path), parent).Lab.Root);
        Assert.Equal(_folder.Path, LabLocator.Find(null, _folder.Path).Lab.Root);
    }

    [Fact]
    public void A_lab_that_is_not_there_is_not_found()
    {
        var error = Assert.Throws<LabException>(() => LabLocator.Find("no-such-lab", _folder.Path));
        Assert.Equal(
            (ExitCode.NotFound, $"There is no lab named 'no-such-lab', and none in {_folder["no-such-lab"]}."),
            (error.Code, error.Message)
        );
        Assert.NotEmpty(error.Hints);
        error = Assert.Throws<LabException>(() => LabLocator.Find(null, _folder.Path));
        Assert.Equal(
            (ExitCode.NotFound, $"There is no lab in {_folder.Path} or above it."),
            (error.Code, error.Message)
        );
    }

    private string Stop(string script, string arguments) =>
        $"The servers can still be stopped:  {Shell.Quote(_folder[script])}{arguments}";

    [Theory]
    [InlineData("stopall", " --plain")]
    [InlineData("shutdownall", "")]
    public void Of_a_lab_whose_manifest_was_deleted_the_script_is_named_that_stops_the_servers(
        string script,
        string arguments
    )
    {
        File.WriteAllText(_folder[script], "");
        var parent = Path.GetDirectoryName(_folder.Path)!;
        Assert.All(
            [
                Assert.Throws<LabException>(() => LabLocator.Find(null, _folder.Path)),
                Assert.Throws<LabException>(() => LabLocator.Find(_folder.Path, "/")),
                Assert.Throws<LabException>(() => LabLocator.Find(Path.GetFileName(_folder.Path), parent)),
            ],
            e => Assert.Equal(Stop(script, arguments), e.Hints[0])
        );
    }

    [Theory]
    [InlineData(
        LabState.Creating,
        "is not ready: its setup is still at work, or was killed after step 2 (Create node 0 (initdb))."
    )]
    [InlineData(LabState.Failed, "is what a failed setup was told to keep.")]
    [InlineData(
        LabState.Destroying,
        "is being destroyed, or a destroy of it was ended before it was done: files of it are deleted already."
    )]
    public void A_lab_that_is_not_ready_can_only_be_destroyed(LabState state, string why)
    {
        var lab = Labs.Fixed(root: _folder.Path);
        var error = Assert.Throws<LabException>(() => LabLocator.RequireReady(ManifestOf(lab, state)));
        Assert.EndsWith(why, error.Message, StringComparison.Ordinal);
        var what = state is LabState.Destroying ? "Delete the rest" : "Delete it and make it again";
        var destroy = $"{what}:  pgpoollab destroy {Shell.Quote(_folder.Path)}";
        Assert.Equal([destroy], error.Hints);

        // Its script hands over to the command that says this.
        File.WriteAllText(_folder["stopall"], "");
        error = Assert.Throws<LabException>(() => LabLocator.RequireReady(ManifestOf(lab, state)));
        Assert.Equal([Stop("stopall", " --plain"), destroy], error.Hints);
    }

    [Fact]
    public void A_ready_lab_is_ready() => Assert.Equal("olga", LabLocator.RequireReady(ManifestOf(Labs.Fixed())).Owner);

    [Fact]
    public void One_command_at_a_time_works_on_a_lab()
    {
        using (LabLock.Take(_folder.Path))
        {
            var error = Assert.Throws<LabException>(() => LabLock.Take(_folder.Path));
            Assert.Equal(
                (ExitCode.Busy, $"Another pgpoollab command is at work on the lab in {_folder.Path}."),
                (error.Code, error.Message)
            );
        }

        LabLock.Take(_folder.Path).Dispose();
    }

    [Fact]
    public void Labs_do_not_wait_for_each_other()
    {
        Directory.CreateDirectory(_folder["other/.pgpoollab"]);
        using var one = LabLock.Take(_folder.Path);
        using var other = LabLock.Take(_folder["other"]);
        Assert.NotSame(one, other);
    }

    [Theory]
    [InlineData("/state", new[] { "/state/pgpoollab", "/home/olga/.local/state/pgpoollab", "/var/tmp/pgpoollab-1000" })]
    [InlineData("", new[] { "/home/olga/.local/state/pgpoollab", "/var/tmp/pgpoollab-1000" })]
    [InlineData(null, new[] { "/home/olga/.local/state/pgpoollab", "/var/tmp/pgpoollab-1000" })]
    public void What_belongs_to_a_user_lies_where_XDG_says(string? stateHome, string[] candidates) =>
        Assert.Equal(candidates, StateFolder.Candidates(new SystemUser("olga", 1000, 100, "/home/olga"), stateHome));
}
