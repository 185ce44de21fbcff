using System.Text.Json.Nodes;
using CsCheck;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests.Properties;

/// <summary>What lies on disk is ours, or was: it is understood, or called damaged.</summary>
public sealed class StoreProperties
{
    private static readonly LabManifest Manifest = new()
    {
        ToolVersion = "1.2.3",
        CommandLine = ["pgpoollab", "setup", "-s"],
        State = LabState.Ready,
        CompletedSteps = ["Create the folders"],
        Lab = Labs.Fixed(nodes: 3, pgpools: 2) with
        {
            Invoker = "root",
            PgpoolSettings = new Dictionary<string, string> { ["max_pool"] = "2" },
            PgpoolSetup = new PgpoolSetupConventions
            {
                InstallDirectory = "/usr",
                InitDbArguments = ["-k"],
                LibraryPath = "/lib",
            },
        },
    };

    [Fact]
    public void Any_lab_is_loaded_as_it_was_saved()
    {
        using var folder = new Folders();
        Gen.Select(AnyLab.OfAnyKind, Gen.Enum<LabState>(), Any.Text.Array[0, 4])
            .Sample(
                (lab, state, texts) =>
                {
                    using var own = folder.New();
                    var manifest = Manifest with
                    {
                        Lab = (lab with { Root = own.Path }).WithOwnFolders(),
                        State = state,
                        CommandLine = texts,
                        CompletedSteps = texts,
                    };
                    LabStore.Save(manifest);
                    Assert.Equivalent(manifest, LabStore.Load(own.Path), strict: true);
                }
            );
    }

    [Fact]
    public void Any_manifest_is_loaded_and_can_be_worked_with_or_is_called_damaged()
    {
        using var folder = new Folders();
        var newest = Text(Manifest);
        var oldest = Text(OfSchema1());
        Gen.Frequency(
                (4, AnyJson.Mutation(newest)),
                (2, AnyJson.Mutation(oldest)),
                (1, Any.Mutation(newest)),
                (1, AnyJson.Value),
                (1, Any.Text)
            )
            .Sample(
                text =>
                {
                    using var own = folder.New();
                    File.WriteAllText(
                        $"{own.Path}/.pgpoollab/lab.json",
                        text.Replace("/srv/lab", own.Path, StringComparison.Ordinal)
                    );
                    try
                    {
                        WorkWith(LabStore.Load(own.Path)!, own.Path);
                    }
                    catch (LabException error)
                    {
                        Assert.StartsWith(
                            "The manifest ",
                            error.Message.Replace("The lab in ", "The manifest ", StringComparison.Ordinal),
                            StringComparison.Ordinal
                        );
                        Assert.NotEmpty(error.Hints);
                    }
                },
                iter: Any.Many / 2,
                print: Any.Shown
            );
    }

    [Fact]
    public void Any_entry_of_the_list_of_labs_is_one_or_none()
    {
        using var folder = new TemporaryFolder();
        var entry = """{"id":"0123abcd","name":"lab","root":"/srv/lab","ports":[11000,11001]}""";
        Gen.Frequency((4, AnyJson.Mutation(entry)), (1, Any.Mutation(entry)), (1, AnyJson.Value), (1, Any.Text))
            .Sample(
                text =>
                {
                    var file = $"{folder.Path}/{Guid.NewGuid()}.json";
                    File.WriteAllText(file, text);
                    if (LabStore.ReadIndexEntry(file) is { } read)
                    {
                        Assert.Matches("^[0-9a-f]{8}$", read.Id);
                        Assert.True(Path.IsPathRooted(read.Root));
                        Assert.NotNull(read.Name);
                        Assert.True(read.Ports.Count >= 0);
                    }
                },
                iter: Any.Many,
                print: Any.Shown
            );
    }

    [Fact]
    public void Any_pgpool_status_tells_of_the_labs_own_nodes()
    {
        var lab = Labs.Fixed(nodes: 3, mode: ClusteringMode.NativeReplication);
        Gen.Frequency(
                (
                    2,
                    Gen.OneOf("up", "down", "unused", "", " down", "Down").Array[0, 6].Select(l => string.Join('\n', l))
                ),
                (1, Any.Mutation("up\ndown\nup\n"))
            )
            .Sample(
                text =>
                {
                    var host = new FakeHost { Files = { [$"{lab.Paths.Log}/pgpool_status"] = text } };
                    var down = new Servers.LabHistory(host, lab).FindNodesHeldDownAsync(
                        lab.Pgpool,
                        CancellationToken.None
                    );
                    Assert.True(down.IsCompletedSuccessfully);
                    Assert.All(down.Result, n => Assert.InRange(n, 0, 2));
                },
                print: Any.Shown
            );
    }

    private static void WorkWith(LabManifest manifest, string root)
    {
        Assert.NotNull(manifest.ToolVersion);
        Assert.NotNull(string.Join(' ', manifest.CommandLine.Concat(manifest.CompletedSteps)));
        var lab = manifest.Lab;
        Assert.Equal(root, lab.Root);
        Assert.NotEmpty(lab.Owner + lab.Name + lab.Id + lab.Folder);
        Assert.NotNull(Identify(lab));
        Assert.All(lab.Nodes, n => Assert.StartsWith(root + "/", n.DataDirectory, StringComparison.Ordinal));
        Assert.All(
            lab.Pgpools,
            p => Assert.All(LabSockets.OfPgpool(lab, p), s => Assert.NotEmpty(Path.GetFullPath(s)))
        );
        Assert.All(lab.Nodes, n => Assert.All(LabSockets.OfNode(lab, n), s => Assert.NotEmpty(Path.GetFullPath(s))));
        Assert.All(
            lab.Pgpools.SelectMany(p => (int[])[p.Port, p.PcpPort]).Concat(lab.Nodes.Select(n => n.Port)),
            p => Assert.InRange(p, 1, 65535)
        );
        Assert.NotEmpty(LabPlanner.Stop(lab));
        Assert.NotEmpty(LabPlanner.StartPgpools(lab, ExpectedNode.AllOf(lab)));
        Assert.NotEmpty(lab.Pgpools.Select(p => PgpoolCommand.Start(lab, p).ToString() + Pcp.WatchdogInfo(lab, p)));
        Assert.NotEmpty(lab.Mode.Title());
        Assert.NotNull(string.Join(' ', lab.PgpoolSettings.Concat(lab.PostgresSettings).Select(s => s.Value.Length)));
        Assert.True(lab.PgpoolSetup is null or { InstallDirectory: not null });
    }

    private static string Identify(Lab lab) =>
        lab.ToolLog
        + lab.RelativeLog
        + lab.TitleOf(lab.Pgpool)
        + lab.Ports
        + lab.Tools.PgpoolBin
        + lab.Tools.PostgresProgram("psql")
        + lab.Tools.PcpProgram("x");

    private static string Text(LabManifest manifest)
    {
        using var folder = new Folders();
        using var own = folder.New();
        LabStore.Save(manifest with { Lab = (manifest.Lab with { Root = own.Path }).WithOwnFolders() });
        return File.ReadAllText($"{own.Path}/.pgpoollab/lab.json")
            .Replace(own.Path, "/srv/lab", StringComparison.Ordinal);
    }

    private static string Text(JsonNode node) => node.ToJsonString();

    /// <summary>A manifest as the first versions wrote it: one Pgpool-II, and no list of them.</summary>
    private static JsonNode OfSchema1()
    {
        var node = JsonNode.Parse(Text(Manifest))!;
        node["schema"] = 1;
        var lab = node["lab"]!.AsObject();
        lab["pgpool"] = lab["pgpools"]![0]!.DeepClone();
        lab.Remove("pgpools");
        return node;
    }

    /// <summary>A folder for each sample: they are tried side by side.</summary>
    private sealed class Folders : IDisposable
    {
        private readonly TemporaryFolder _outer = new();
        private int _count;

        public void Dispose() => _outer.Dispose();

        internal Own New()
        {
            var own = new Own(_outer[$"{Interlocked.Increment(ref _count)}"]);
            Directory.CreateDirectory($"{own.Path}/.pgpoollab");
            return own;
        }
    }

    private sealed record Own(string Path) : IDisposable
    {
        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
