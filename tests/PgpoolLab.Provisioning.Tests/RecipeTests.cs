using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Clusters;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Tests that change this process' environment: no other runs at the same time.</summary>
[CollectionDefinition(nameof(ChangesEnvironment), DisableParallelization = true)]
public sealed class ChangesEnvironment;

/// <summary>What decides which template a lab is copied from, and whose cache it lies in.</summary>
[Collection(nameof(ChangesEnvironment))]
public sealed class RecipeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's");
    private readonly Dictionary<string, string?> _before = [];

    public RecipeTests()
    {
        foreach (var program in (string[])["postgres", "initdb"])
        {
            Write(_folder[$"bin/{program}"], "the program");
        }

        foreach (
            var file in (string[])
                ["postgres.bki", "extension/pgpool_recovery.control", "extension/pgpool_regclass--1.0.sql"]
        )
        {
            Write(_folder[$"share/{file}"], "some text");
        }
    }

    public void Dispose()
    {
        foreach (var (name, value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        _folder.Dispose();
    }

    private static void Write(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        File.SetLastWriteTimeUtc(file, new DateTime(2026, 11, 23, 0, 0, 0, DateTimeKind.Utc));
    }

    private void Set(string variable, string? value)
    {
        _before.TryAdd(variable, Environment.GetEnvironmentVariable(variable));
        Environment.SetEnvironmentVariable(variable, value);
    }

    private ClusterRecipe Recipe =>
        new(
            new Toolset(
                _folder["bin"],
                new PostgresVersion(99, 1),
                "/nonexistent/pgpool",
                "/nonexistent",
                new PgpoolVersion(4, 6, 0)
            ),
            "olga",
            null,
            ["CREATE DATABASE test"]
        );

    // ---- the key ----

    [Fact]
    public void A_key_is_the_same_each_time_and_the_name_of_a_folder()
    {
        Assert.Equal(Recipe.Key(), Recipe.Key());
        Assert.Matches("^[0-9a-f]{32}$", Recipe.Key());
    }

    [Fact]
    public void What_has_no_say_in_a_cluster_does_not_change_its_key()
    {
        var key = Recipe.Key();
        Set("PGPORT", "7777");
        Set("PGPOOLLAB_TEST", "1");
        Write(_folder["bin/psql"], "another program");
        Write(_folder["share/extension/hstore.control"], "another extension");
        File.SetLastAccessTimeUtc(_folder["bin/initdb"], new DateTime(2026, 12, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(key, Recipe.Key());
        Assert.Equal(
            key,
            (
                Recipe with
                {
                    Tools = Recipe.Tools with
                    {
                        PgpoolProgram = "/elsewhere/pgpool",
                        PcpBin = "/elsewhere",
                        Pgpool = new PgpoolVersion(4, 1, 0),
                    },
                }
            ).Key()
        );
    }

    [Fact]
    public void Every_part_of_a_recipe_has_a_say()
    {
        ClusterRecipe[] recipes =
        [
            Recipe,
            Recipe with
            {
                Superuser = "otto",
            },
            Recipe with
            {
                InitDbArguments = [],
            },
            Recipe with
            {
                InitDbArguments = ["--no-locale"],
            },
            Recipe with
            {
                InitDbArguments = ["--no-locale", "-k"],
            },
            Recipe with
            {
                InitDbArguments = ["--no-locale -k"],
            },
            Recipe with
            {
                Statements = [],
            },
            Recipe with
            {
                Statements = ["CREATE DATABASE test", "CREATE ROLE x"],
            },
            Recipe with
            {
                Statements = ["CREATE ROLE x", "CREATE DATABASE test"],
            },
            Recipe with
            {
                Tools = Recipe.Tools with { PostgresBin = "/elsewhere/bin" },
            },
        ];
        Assert.Equal(recipes.Length, recipes.Select(r => r.Key()).Distinct().Count());
    }

    [Theory]
    [InlineData("bin/postgres")]
    [InlineData("bin/initdb")]
    [InlineData("share/postgres.bki")]
    [InlineData("share/extension/pgpool_recovery.control")]
    public void A_program_or_file_that_was_replaced_has_a_say(string file)
    {
        var key = Recipe.Key();
        // An update may have the same length, or the same time.
        Write(_folder[file], "another length");
        var longer = Recipe.Key();
        File.SetLastWriteTimeUtc(_folder[file], new DateTime(2026, 11, 24, 0, 0, 0, DateTimeKind.Utc));
        var later = Recipe.Key();
        File.Delete(_folder[file]);
        Assert.Equal(4, new[] { key, longer, later, Recipe.Key() }.Distinct().Count());
    }

    [Fact]
    public void A_program_that_is_a_link_is_what_it_leads_to()
    {
        File.Delete(_folder["bin/postgres"]);
        Write(_folder["real/postgres"], "the program");
        File.CreateSymbolicLink(_folder["bin/postgres"], _folder["real/postgres"]);
        var key = Recipe.Key();
        Write(_folder["real/postgres"], "another program");
        Assert.NotEqual(key, Recipe.Key());
    }

    [Theory]
    [InlineData("LANG")]
    [InlineData("LC_ALL")]
    [InlineData("LC_MESSAGES")]
    [InlineData("LANGUAGE")]
    [InlineData("TZ")]
    public void The_environment_initdb_looks_at_has_a_say(string variable)
    {
        Set(variable, null);
        var without = Recipe.Key();
        Set(variable, "C");
        var one = Recipe.Key();
        Set(variable, "de_DE");
        Assert.Equal(3, new[] { without, one, Recipe.Key() }.Distinct().Count());
        Set(variable, null);
        Assert.Equal(without, Recipe.Key());
    }

    [Fact]
    public void A_labs_recipe_has_what_every_lab_needs_and_what_was_asked_for()
    {
        var lab = Labs.Fixed();
        Assert.Equal(
            [
                "CREATE EXTENSION pgpool_regclass",
                "CREATE EXTENSION pgpool_recovery",
                "CREATE DATABASE test",
                "CREATE ROLE \"repl\" REPLICATION LOGIN",
                "CREATE ROLE \"pgpool\" LOGIN IN ROLE pg_monitor",
            ],
            ClusterRecipe.Of(lab).Statements
        );
        Assert.Equal(
            "CREATE ROLE \"it\"\"s\" SUPERUSER LOGIN",
            ClusterRecipe.Of(lab with { Invoker = "it\"s" }).Statements[3]
        );
        Assert.Equal(("olga", null), (ClusterRecipe.Of(lab).Superuser, ClusterRecipe.Of(lab).InitDbArguments));
        var asked = ClusterRecipe.Of(lab with { InitDbArguments = ["--locale=de_DE.UTF-8"] });
        Assert.Equal(["--no-locale", "-E", "UTF8", "--data-checksums", "--locale=de_DE.UTF-8"], asked.InitDbArguments);
        Assert.NotEqual(ClusterRecipe.Of(lab).Key(), asked.Key());
        Assert.Equal(
            ["-k"],
            ClusterRecipe
                .Of(
                    Labs.Old() with
                    {
                        PgpoolSetup = new PgpoolSetupConventions
                        {
                            InstallDirectory = "/usr",
                            InitDbArguments = ["-k"],
                        },
                    }
                )
                .InitDbArguments
        );
    }

    // ---- whose cache ----

    private static ClusterCache? Cache()
    {
        var host = new FakeHost();
        return ClusterCache.Of(host, new ProbeRunner(host, TimeProvider.System), TimeProvider.System);
    }

    [Fact]
    public void The_cache_lies_where_XDG_CACHE_HOME_says_and_is_for_its_user_alone()
    {
        Set("XDG_CACHE_HOME", _folder["home/.cache"]);
        Assert.Equal(_folder["home/.cache/pgpoollab/clusters"], Cache()!.Folder);
        Assert.Equal(FakeClusters.PrivateFolder, File.GetUnixFileMode(Cache()!.Folder));
        // What others may only read is one's own as well.
        File.SetUnixFileMode(
            Cache()!.Folder,
            FakeClusters.PrivateFolder | UnixFileMode.GroupRead | UnixFileMode.OtherRead
        );
        Assert.NotNull(Cache());
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void A_cache_others_can_write_to_is_not_used(UnixFileMode others)
    {
        Set("XDG_CACHE_HOME", _folder.Path);
        var folder = Cache()!.Folder;
        File.SetUnixFileMode(folder, FakeClusters.PrivateFolder | others);
        Assert.Null(Cache());
    }

    [Fact]
    [Trait("Needs", "root")]
    public void A_cache_of_another_user_is_not_used()
    {
        Set("XDG_CACHE_HOME", _folder.Path);
        var folder = Cache()!.Folder;
        Identity.Own(folder, 65534, 65534);
        Assert.Null(Cache());
        Identity.Own(folder, 0, 0);
        Assert.NotNull(Cache());
    }

    [Fact]
    public void Where_there_can_be_no_folder_is_no_cache()
    {
        Write(_folder["a file"], "");
        Set("XDG_CACHE_HOME", _folder["a file"]);
        Assert.Null(Cache());
    }

    [Fact]
    public void Only_caches_that_are_there_are_listed()
    {
        Set("XDG_CACHE_HOME", _folder.Path);
        var host = new FakeHost();
        var probes = new ProbeRunner(host, TimeProvider.System);
        Assert.DoesNotContain(
            ClusterCache.Existing(host, probes, TimeProvider.System),
            c => c.Folder.StartsWith(_folder.Path, StringComparison.Ordinal)
        );
        var folder = Cache()!.Folder;
        Assert.Contains(ClusterCache.Existing(host, probes, TimeProvider.System), c => c.Folder == folder);
    }
}
