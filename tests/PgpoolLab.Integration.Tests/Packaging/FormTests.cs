using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace PgpoolLab.Integration.Tests;

/// <summary>
/// Every form of the program does the same. Ahead-of-time compilation breaks in silence what works by reflection:
/// templates lose members, log lines say ToString, JSON comes out empty. So each form is held against the
/// framework-dependent one, which is not compiled ahead of time.
/// </summary>
public abstract class FormTests
{
    protected static Task HoldNativeAgainstFrameworkDependentAsync(Func<FormRun, Task> story) =>
        HoldAgainstEachOtherAsync([Forms.FrameworkDependent, Forms.Native], story);

    protected static async Task HoldAgainstEachOtherAsync(string[] forms, Func<FormRun, Task> story)
    {
        var runs = forms.Select(f => new FormRun(f)).ToArray();
        try
        {
            await Task.WhenAll(runs.Select(story));
            Assert.All(runs.Skip(1), r => r.AssertSame(runs[0]));
        }
        finally
        {
            Array.ForEach(runs, r => r.Dispose());
        }
    }
}

/// <summary>What needs no server.</summary>
public sealed class FormWordsTests : FormTests
{
    [Fact]
    public Task Every_form_says_and_plans_the_same() =>
        HoldAgainstEachOtherAsync(
            Forms.All,
            async run =>
            {
                (await run.SayAsync("pgpoollab --help; pgpoollab setup --help; pgpoollab pgpool_setup --help")).Ok();
                (await run.SayAsync("pgpoollab version; pgpoollab version --json")).Ok();
                await run.SayAsync("pgpoollab setup --nods 2");
                await run.SayAsync("pgpoollab nodes");
                foreach (
                    var options in (string[])
                        [
                            "-s -r -n 3",
                            "--watchdog 3",
                            "-m r",
                            "-m l",
                            InstalledPgpool.Is42 ? "-m i --standbys clone" : "-m r --standbys clone",
                        ]
                )
                {
                    (await run.SayAsync($"pgpoollab setup --dry-run --port {run.Ports()} {options}")).Ok();
                }

                // By links of their names it is the old programs, also as a dotnet tool.
                (
                    await run.SayAsync(
                        "pgpoollab install-links ../links; ../links/pgpool_setup --help; ../links/watchdog_setup --help"
                    )
                ).Ok();
                (await run.SayAsync("pgpoollab templates export ../templates")).Ok();
                Assert.Equal(
                    TemplatesIn(Path.Combine(Sandbox.RepositoryRoot(), "templates")),
                    TemplatesIn(Path.Combine(run.Sandbox.Labs, "templates"))
                );
            }
        );

    private static SortedDictionary<string, string> TemplatesIn(string folder) =>
        new(
            Directory
                .EnumerateFiles(folder, "*.sbn", SearchOption.AllDirectories)
                .ToDictionary(f => Path.GetRelativePath(folder, f), File.ReadAllText),
            StringComparer.Ordinal
        );
}

/// <summary>A plain user's first steps, with real servers.</summary>
public sealed class FormFirstStepsTests : FormTests
{
    [Fact]
    public Task A_lab_goes_up_answers_in_JSON_and_goes_away_without_a_trace() =>
        HoldAgainstEachOtherAsync(
            Forms.All,
            async run =>
            {
                (await run.SayAsync("pgpoollab up -s -r --port auto --json")).Ok();
                run.KeepFiles();
                (await run.SayAsync("pgpoollab env; pgpoollab env --json")).Ok();
                // Pgpool-II asks the primary only now and then who streams from it.
                await run.Sandbox.UntilNodesShowAsync(
                    "both nodes are up, and Pgpool-II knows that one streams from the other",
                    n =>
                        n.Select(x => x.GetProperty("pgpool"))
                            .All(x =>
                                x.GetProperty("status").GetString() == "up"
                                && (
                                    x.GetProperty("role").GetString() == "primary"
                                    || x.GetProperty("replicationState").GetString() == "streaming"
                                )
                            )
                );
                (
                    await run.SayAsync(
                        "pgpoollab nodes --json | sed -E "
                            + "'s/\"(walPosition|lagBytes|delay|selectCount|processId|pgpoolProcessId|sessions)\": "
                            + "[^,]*/\"\\1\": N/'"
                    )
                ).Ok();
                (await run.SayAsync("pgpoollab psql 1 -- -Atc 'SELECT pg_is_in_recovery()'; pgpoollab stopall")).Ok();
                (await run.SayAsync("pgpoollab nodes; pgpoollab nodes --json")).Ok();
                (await run.SayAsync("pgpoollab destroy")).Ok();
                Assert.Empty(Directory.EnumerateFileSystemEntries(run.Sandbox.Lab));
                Directory.Delete(run.Sandbox.Lab);
                run.Sandbox.AssertNothingIsLeft();
            }
        );
}

/// <summary>Between them these labs have a file of every template.</summary>
public sealed class FormFilesTests : FormTests
{
    [Theory]
    [InlineData("pgpoollab setup --port auto -n 2 --watchdog 2")]
    [InlineData("pgpoollab setup --port auto -n 2 -m r")]
    [InlineData("pgpoollab setup --port auto -n 2 -m l --standbys clone")]
    [InlineData(
        "pgpoollab setup --port auto -n 2 -m n --set 'pgpool.num_init_children=7' --set "
            + "\"postgresql.cluster_name=it's here\""
    )]
    [InlineData("../links/pgpool_setup -n 2 -p PORT -pg PORT+2")]
    [InlineData("../links/pgpool_setup -m r -n 1 -p PORT -pg PORT+2")]
    [InlineData("../links/watchdog_setup -wn 2 -n 1 -wp PORT -pg PORT+20")]
    public Task The_native_program_writes_every_file_as_the_framework_dependent_one_does(string command) =>
        HoldNativeAgainstFrameworkDependentAsync(async run =>
        {
            var script = command;
            if (command.Contains("PORT", StringComparison.Ordinal))
            {
                var port = run.Ports();
                script = command
                    .Replace("PORT+20", $"{port + 20}", StringComparison.Ordinal)
                    .Replace("PORT+2", $"{port + 2}", StringComparison.Ordinal)
                    .Replace("PORT", $"{port}", StringComparison.Ordinal);
                (await run.SayAsync("pgpoollab install-links ../links")).Ok();
            }

            (await run.SayAsync(script)).Ok();
            run.KeepFiles();
        });

    /// <summary>Our templates use few of the language's functions, users' own may use any: <c>every-function.sbn</c>
    /// does.</summary>
    [Fact]
    public Task Templates_of_the_users_own_can_do_the_same() =>
        HoldNativeAgainstFrameworkDependentAsync(async run =>
        {
            foreach (
                var (folder, template) in (ReadOnlySpan<(string, string)>)
                    [
                        (
                            "own",
                            File.ReadAllText(
                                Path.Combine(
                                    Sandbox.RepositoryRoot(),
                                    "tests/PgpoolLab.Integration.Tests/Packaging/every-function.sbn"
                                )
                            )
                        ),
                        ("broken", "{{ lab.naem }}"),
                    ]
            )
            {
                File.WriteAllText(
                    Path.Combine(
                        Directory.CreateDirectory(run.Sandbox[$"{folder}/scripts"]).FullName,
                        "README.port.sbn"
                    ),
                    template
                );
            }

            (await run.SayAsync("pgpoollab setup --port auto -n 1 --templates ../../own")).Ok();
            run.KeepFiles();
            (await run.SayAsync("pgpoollab destroy")).Ok();
            (await run.SayAsync("pgpoollab setup --port auto -n 1 --templates ../../broken")).FailedWith(1);
        });

    [Fact]
    public Task A_setup_that_fails_says_and_logs_the_same() =>
        HoldNativeAgainstFrameworkDependentAsync(async run =>
        {
            (
                await run.SayAsync($"pgpoollab setup --port {run.Ports()} -n 1 --set postgresql.shared_buffers=much")
            ).FailedWith(5);
            run.KeepFiles();
        });
}

/// <summary>Root, for whom the lab's servers run as another user.</summary>
public sealed class FormRootTests
{
    /// <summary>Root's own tools lie where only root may look, and root becomes another user half-way.</summary>
    [Fact]
    [Trait("Needs", "root")]
    public async Task The_framework_dependent_program_works_where_only_root_may_read_it_and_leaves_no_sockets()
    {
        using var sandbox = new Sandbox(Account.Root);
        Directory.CreateDirectory(
            sandbox["private"],
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        );
        Directory.CreateDirectory(sandbox["tmp"]);
        File.SetUnixFileMode(sandbox["tmp"], (UnixFileMode)Convert.ToInt32("1777", 8));
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(Forms.Program(Forms.FrameworkDependent))!))
        {
            File.Copy(file, Path.Combine(sandbox["private"], Path.GetFileName(file)));
        }

        (
            await sandbox.ShellAsync(
                $"""
                unset DOTNET_EnableDiagnostics
                export TMPDIR='{sandbox["tmp"]}' PATH='{sandbox["private"]}':$PATH
                pgpoollab up -s --port auto lab
                cd lab
                pgpoollab nodes --json
                pgpoollab destroy
                """
            )
        ).Ok();
        Assert.Empty(Directory.EnumerateFileSystemEntries(sandbox["tmp"]));
        sandbox.AssertNothingIsLeft();
    }
}

/// <summary>What is in the packages.</summary>
public sealed class FormPackageTests
{
    private static readonly string ThisSystem =
        $"PgpoolLab.linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    public static TheoryData<string> Packages => ["PgpoolLab", "PgpoolLab.any", ThisSystem];

    [Theory]
    [MemberData(nameof(Packages))]
    public void A_package_says_what_it_is(string name)
    {
        using var package = ZipFile.OpenRead(Forms.Package(name));
        var about = XDocument.Parse(Text(package, $"{name}.nuspec")).Root!.Elements().Single();
        string Value(string element) => about.Elements().Single(e => e.Name.LocalName == element).Value;
        Assert.Equal(name, Value("id"));
        Assert.Equal("MIT", Value("license"));
        Assert.Contains("PostgreSQL and Pgpool-II", Value("description"), StringComparison.Ordinal);
        Assert.Equal(
            name == "PgpoolLab" ? "DotnetTool" : "DotnetToolRidPackage",
            about.Descendants().Single(e => e.Name.LocalName == "packageType").Attribute("name")!.Value
        );
        Assert.Contains(
            "dotnet tool install --global PgpoolLab",
            Text(package, Value("readme")),
            StringComparison.Ordinal
        );
        Assert.DoesNotContain(
            package.Entries,
            e => e.Name.EndsWith(".pdb", StringComparison.Ordinal) || e.Name.EndsWith(".dbg", StringComparison.Ordinal)
        );
    }

    [Fact]
    public void Every_library_inside_is_named_in_the_notices()
    {
        using var package = ZipFile.OpenRead(Forms.Package("PgpoolLab.any"));
        var notices = Text(package, "THIRD-PARTY-NOTICES.txt")
            .Replace(
                "Microsoft.Extensions.*.Abstractions",
                "Microsoft.Extensions.Logging.Abstractions Microsoft.Extensions.DependencyInjection.Abstractions",
                StringComparison.Ordinal
            );
        var libraries = package
            .Entries.Select(e => e.Name)
            .Where(n =>
                n.EndsWith(".dll", StringComparison.Ordinal)
                && !n.StartsWith("pgpoollab", StringComparison.OrdinalIgnoreCase)
            )
            .Select(n => Path.GetFileNameWithoutExtension(n))
            .ToArray();
        Assert.Contains("Scriban.Signed", libraries);
        Assert.All(libraries, l => Assert.Matches($@"(^|[\s(]){Regex.Escape(l)}[\s,)]", notices));
    }

    [Fact]
    public void The_tools_native_package_holds_the_very_program_that_all_other_tests_have_tried()
    {
        using var package = ZipFile.OpenRead(Forms.Package(ThisSystem));
        using var packed = package
            .Entries.Single(e => e.FullName.EndsWith("/pgpoollab", StringComparison.Ordinal))
            .Open();
        using var built = File.OpenRead(Path.Combine(Forms.Artifacts, "pgpoollab"));
        Assert.Equal(SHA256.HashData(built), SHA256.HashData(packed));
    }

    /// <summary>Else it would unpack its tables at every start: docs/decisions/0027-fixed-address.md.</summary>
    [Fact]
    public void The_native_program_is_linked_for_a_fixed_address()
    {
        const int typeAt = 16; // e_type, man 5 elf
        const byte fixedAddress = 2; // ET_EXEC
        using var program = File.OpenRead(Path.Combine(Forms.Artifacts, "pgpoollab"));
        program.Position = typeAt;
        Assert.Equal(fixedAddress, program.ReadByte());
    }

    private static string Text(ZipArchive package, string entry)
    {
        using var reader = new StreamReader(package.GetEntry(entry)!.Open());
        return reader.ReadToEnd();
    }
}
