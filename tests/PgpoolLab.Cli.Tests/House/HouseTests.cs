using System.Text.RegularExpressions;

namespace PgpoolLab.Cli.Tests.House;

/// <summary>The rooms of the house have one order, from CONTRIBUTING.md: a room uses those below it alone.</summary>
public sealed partial class HouseTests
{
    private static readonly HousePlan Plan = HousePlan.Read();

    [Fact]
    public void No_project_references_one_above_it()
    {
        var projects = Plan.Projects.ToList();
        Assert.Equal(
            Directory.EnumerateDirectories(Source).Select(d => Path.GetFileName(d)!.Split('.')[1]).Order(),
            projects.Order()
        );
        foreach (var project in projects)
        {
            var referenced = ProjectReference()
                .Matches(File.ReadAllText($"{Source}/PgpoolLab.{project}/PgpoolLab.{project}.csproj"))
                .Select(m => m.Groups[1].Value);
            Assert.All(
                referenced,
                r => Assert.True(projects.IndexOf(r) < projects.IndexOf(project), $"{project} references {r}")
            );
        }
    }

    [Fact]
    public void Every_namespace_follows_its_folder_and_every_folder_is_a_room_of_the_plan()
    {
        var folders = Files().Select(f => f.Room).Distinct().ToArray();
        Assert.Equal(folders.Select(f => f.ToString()).Order(), Plan.Rooms.Select(r => r.ToString()).Order());
        Assert.Empty(
            Files()
                .Where(f => f.Namespace != f.Room.Namespace)
                .Select(f => $"{f.Path} has the namespace {f.Namespace}, not {f.Room.Namespace}")
        );
    }

    [Fact]
    public void No_room_uses_one_above_it_and_so_none_is_in_a_cycle()
    {
        var references = Compiled().Concat(Usings()).ToArray();
        // What must be found, or the test is blind: a step in a list, a field, a base type, an extension method.
        Assert.Contains(references, r => Is(r, "Provisioning/Operations", "Provisioning/Steps"));
        Assert.Contains(references, r => Is(r, "Servers/Waiting", "Servers/Clients"));
        Assert.Contains(references, r => Is(r, "Cli/Commands", "Cli/Manual"));
        Assert.Contains(references, r => Is(r, "Hosts/Local", "Hosts"));
        var upward = Plan.Upward(references).Select(r => $"{r.From} comes before {r.To}: {r.Where}").ToArray();
        Assert.True(upward.Length == 0, string.Join('\n', upward));
    }

    [Fact]
    public void Hosts_are_made_in_one_place()
    {
        var made = Files().Where(f => HostMade().IsMatch(f.Text)).Select(f => f.Path);
        Assert.Equal(["PgpoolLab.Cli/Startup/Composition.cs", "PgpoolLab.Ssh/SshHost.cs"], made.Order());
    }

    /// <summary>The formatter breaks code; strings, comments, templates and scripts it leaves as they are.</summary>
    [Fact]
    public void No_line_has_more_than_120_columns()
    {
        const int most = 120;
        var files = WrittenByHand().ToArray();
        // What must be looked at, or the test is blind: scripts have no extension.
        foreach (
            var known in (string[])["test", "bench/run", "tests/watched", ".editorconfig", "bench/comparison/lab.py"]
        )
        {
            Assert.Contains($"{HousePlan.Repository()}/{known}", files);
        }

        var tooLong = files
            .SelectMany(f => File.ReadLines(f).Select((line, i) => (File: f, Number: i + 1, line.Length)))
            .Where(l => l.Length > most)
            .Select(l => $"{l.File}:{l.Number}: {l.Length} columns");
        Assert.Empty(tooLong);
    }

    /// <summary>The analyzer says nothing of a name that it does not find.</summary>
    [Fact]
    public void What_is_banned_of_the_hosts_is_there()
    {
        const string hosts = "PgpoolLab.Hosts.";
        var banned = File.ReadLines($"{Source}/BannedSymbols.txt")
            .Concat(File.ReadLines($"{Source}/BannedSymbols.Labs.txt"))
            .Select(l => l.Split(';')[0].Split('(')[0])
            .Where(s => s[2..].StartsWith(hosts, StringComparison.Ordinal))
            .ToArray();
        Assert.Contains("M:PgpoolLab.Hosts.Identity.OwnerOf", banned);
        Assert.All(
            banned,
            symbol =>
            {
                var path = symbol[2..].Split('.');
                var type = symbol[0] is 'T' ? symbol[2..] : string.Join('.', path[..^1]);
                var found = typeof(Hosts.Identity).Assembly.GetType(type);
                Assert.NotNull(found);
                Assert.True(symbol[0] is 'T' || found.GetMember(path[^1]).Length > 0, symbol);
            }
        );
    }

    /// <summary>The analyzers know nothing of what a path says. The tool's own side may read it; the doctor reads it
    /// through the host.</summary>
    [Fact]
    public void What_works_on_labs_reads_nothing_of_proc_by_itself()
    {
        string[] may = ["Provisioning/Store", "Provisioning/Clusters", "Provisioning/Doctor"];
        var reading = Files()
            .Where(f => f.Room.Project is "Model" or "Servers" or "Provisioning" && !may.Contains(f.Room.ToString()))
            .Where(f => Comment().Replace(f.Text, "").Contains("/proc", StringComparison.Ordinal));
        Assert.Empty(reading.Select(f => f.Path));
    }

    [Fact]
    public void A_reference_upwards_is_found()
    {
        var plan = HousePlan.Parse(
            """
            ## The house
            ```
            src/PgpoolLab.Low   what is below
              Cellar   barrels
              .        the rest
            src/PgpoolLab.High  what is above
              .        a roof
            ```

            ## Rules
              Not      a room
            """
        );
        Assert.Equal(["Low/Cellar", "Low", "High"], plan.Rooms.Select(r => r.ToString()));
        var (cellar, low, high) = (plan.Rooms[0], plan.Rooms[1], plan.Rooms[2]);
        Assert.Equal("PgpoolLab.Low.Cellar", cellar.Namespace);
        Reference[] references = [new(cellar, low, "up"), new(low, high, "far up"), new(high, cellar, "down")];
        Assert.Equal(["up", "far up"], plan.Upward(references).Select(r => r.Where));
    }

    /// <summary><c>./test</c> leaves such tests out for a plain user, and says so; a test that is skipped makes it
    /// fail.</summary>
    [Fact]
    public void A_test_that_needs_root_says_so_by_its_trait() =>
        Assert.DoesNotContain(
            Directory.EnumerateFiles(
                Path.Combine(HousePlan.Repository(), "tests"),
                "*.cs",
                SearchOption.AllDirectories
            ),
            f => File.ReadAllText(f).Contains("SkipUnless(" + "Account", StringComparison.Ordinal)
        );

    private static string Source => Path.Combine(HousePlan.Repository(), "src");

    /// <summary>Programs, scripts, what builds them, and templates. Not prose, data, snapshots, or what a tool
    /// writes.</summary>
    private static IEnumerable<string> WrittenByHand()
    {
        var repository = HousePlan.Repository();
        // Pgpool-II's regression tests edit lines of these, and find them by how they are written.
        var edited = $"{repository}/templates/pgpool_setup/";
        string[] nobodys = ["/obj/", "/bin/", "/snapshots/", "/Kept/", "/__pycache__/"];
        var folders = Enumerable
            .SelectMany<string, string>(
                ["src", "templates", "tests", "bench", "samples", "packaging", ".ci"],
                f => Directory.EnumerateFiles($"{repository}/{f}", "*", SearchOption.AllDirectories)
            )
            .Where(f => !f.StartsWith(edited, StringComparison.Ordinal));
        return Directory
            .EnumerateFiles(repository)
            .Concat(folders)
            .Where(f => !nobodys.Any(n => f[repository.Length..].Contains(n, StringComparison.Ordinal)))
            .Where(f =>
                Path.GetExtension(f)
                    is ""
                        or ".cs"
                        or ".sh"
                        or ".py"
                        or ".sbn"
                        or ".conf"
                        or ".csproj"
                        or ".props"
                        or ".yaml"
                        or ".editorconfig"
                        or ".gitignore"
                || Path.GetFileName(f).StartsWith("BannedSymbols", StringComparison.Ordinal)
            );
    }

    private static bool Is(Reference reference, string from, string to) =>
        reference.From.ToString() == from && reference.To.ToString() == to;

    /// <summary>Every file of the source, the room its folder is, and its namespace.</summary>
    private static IEnumerable<(string Path, Room Room, string Namespace, string Text)> Files() =>
        from project in Plan.Projects
        let root = $"{Source}/PgpoolLab.{project}"
        from path in Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
        let folder = Path.GetRelativePath(root, Path.GetDirectoryName(path)!)
        where folder.Split('/')[0] is not ("obj" or "bin")
        let text = File.ReadAllText(path)
        select (
            Path.GetRelativePath(Source, path),
            new Room(project, folder.TrimStart('.')),
            NamespaceLine().Match(text).Groups[1].Value,
            text
        );

    private static IEnumerable<Reference> Usings() =>
        from file in Files()
        from used in UsingLine().Matches(file.Text).Select(m => RoomOf(m.Groups[1].Value))
        where used is not null
        select new Reference(file.Room, used, file.Path);

    /// <summary>The room of a namespace, or of a type that is given a name or used without its own.</summary>
    private static Room? RoomOf(string used) => Plan.Of(used) ?? Plan.Of(used[..used.LastIndexOf('.')]);

    /// <summary>Libraries that the program is no part of.</summary>
    private static readonly string[] Apart = ["Client", "Xunit"];

    private static IEnumerable<Reference> Compiled() =>
        from project in Plan.Projects.Except(Apart)
        let file = Path.Combine(
            AppContext.BaseDirectory,
            project == "Cli" ? "pgpoollab.dll" : $"PgpoolLab.{project}.dll"
        )
        from found in CompiledReferences.Read(file)
        let rooms = (From: Plan.Of(found.From), To: Plan.Of(found.To))
        where rooms is { From: not null, To: not null }
        select new Reference(rooms.From, rooms.To, found.Type);

    [GeneratedRegex("""<ProjectReference Include="\.\./PgpoolLab\.(\w+)/""")]
    private static partial Regex ProjectReference();

    [GeneratedRegex(@"(?m)//.*$")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bnew (?:Local|Remote)Host\(")]
    private static partial Regex HostMade();

    [GeneratedRegex(@"(?m)^namespace ([\w.]+);")]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"(?m)^using (?:static )?(?:\w+ = )?(PgpoolLab\.[\w.]+);")]
    private static partial Regex UsingLine();
}
