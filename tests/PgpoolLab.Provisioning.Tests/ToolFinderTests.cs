using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Tests;

public sealed class ToolFinderTests : IDisposable
{
    private static readonly string[] PostgresPrograms =
    [
        "initdb",
        "postgres",
        "pg_ctl",
        "pg_basebackup",
        "pg_controldata",
        "pg_rewind",
        "psql",
    ];

    private readonly TemporaryFolder _folder = new(" it's");

    public void Dispose() => _folder.Dispose();

    private void Program(string path, string body = "exit 0")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Executable.Write(path, $"#!/bin/sh\n{body}\n");
    }

    /// <summary>An installation whose pg_config knows where its extensions are.</summary>
    private string Postgres(string name, string version, string[]? without = null)
    {
        var bin = _folder[$"{name}/bin"];
        foreach (var program in PostgresPrograms.Except(without ?? []))
        {
            Program(
                $"{bin}/{program}",
                program == "postgres" ? $"echo 'postgres (PostgreSQL) {version} (Fake)'" : "exit 0"
            );
        }

        var share = _folder[$"{name}/somewhere/share"];
        Program($"{bin}/pg_config", $"[ \"$1\" = --sharedir ] && echo {Shell.Quote(share)}");
        Directory.CreateDirectory($"{share}/extension");
        foreach (var extension in new[] { "pgpool_recovery", "pgpool_regclass" }.Except(without ?? []))
        {
            File.WriteAllText($"{share}/extension/{extension}.control", "");
        }

        return bin;
    }

    private string Pgpool(string version, string bin = "bin", string pcp = "bin")
    {
        var prefix = _folder["pgpool"];
        // Pgpool-II prints its version on standard error.
        Program($"{prefix}/{bin}/pgpool", $"echo 'pgpool-II version {version} (fake)' >&2");
        Program($"{prefix}/{pcp}/pcp_recovery_node");
        Program($"{prefix}/{pcp}/pcp_attach_node");
        return prefix;
    }

    private static Task<Toolset> FindAsync(
        string? bin,
        string? pgpool,
        int? major = null,
        string? path = null,
        Platform? platform = null
    ) =>
        new ToolFinder(new LocalHost(TimeProvider.System), platform ?? new Platform("debian", 15)).FindAsync(
            new ToolRequest(major, bin, pgpool, path),
            CancellationToken.None
        );

    private static Task<ToolsMissingException> MissingAsync(string? bin, string? pgpool, Platform? platform = null) =>
        Assert.ThrowsAsync<ToolsMissingException>(() => FindAsync(bin, pgpool, platform: platform));

    [Fact]
    public async Task What_was_named_is_taken()
    {
        var (bin, prefix) = (Postgres("pg", "15.18"), Pgpool("4.3.5"));
        Assert.Equal(
            new Toolset(
                bin,
                new PostgresVersion(15, 18),
                $"{prefix}/bin/pgpool",
                $"{prefix}/bin",
                new PgpoolVersion(4, 3, 5)
            ),
            await FindAsync(bin, prefix)
        );
    }

    /// <summary>What lies on this machine says nothing of another one.</summary>
    [Fact]
    public async Task Programs_are_looked_for_on_their_host_alone()
    {
        var host = new FakeHost
        {
            Run = c => new CommandResult(
                c,
                0,
                c.Program.EndsWith("/postgres", StringComparison.Ordinal)
                    ? "postgres (PostgreSQL) 15.18\n"
                    : "pgpool-II version 4.3.5 (fake)\n",
                "",
                TimeSpan.Zero
            ),
        };
        string[] there =
        [
            .. new[] { "postgres", "initdb", "pg_ctl", "pg_basebackup", "pg_controldata", "pg_rewind", "psql" }.Select(
                p => $"/there/pg/bin/{p}"
            ),
            .. new[] { "pgpool", "pcp_recovery_node", "pcp_attach_node" }.Select(p => $"/there/pgpool/bin/{p}"),
            "/there/pg/share/extension/pgpool_recovery.control",
            "/there/pg/share/extension/pgpool_regclass.control",
        ];
        foreach (var file in there)
        {
            host.Files[file] = "";
        }

        var finder = new ToolFinder(host, new Platform("debian", 15));
        var tools = await finder.FindAsync(new ToolRequest(null, "/there/pg/bin", "/there/pgpool", null), default);
        Assert.Equal(
            ("/there/pg/bin", "/there/pgpool/bin/pgpool", "/there/pgpool/bin"),
            (tools.PostgresBin, tools.PgpoolProgram, tools.PcpBin)
        );
        var here = new ToolRequest(null, Postgres("pg", "15.18"), Pgpool("4.3.5"), null);
        var missing = await Assert.ThrowsAsync<ToolsMissingException>(() => finder.FindAsync(here, default));
        Assert.Contains(
            missing.Details,
            d => d.StartsWith("PostgreSQL: there is no postgres in ", StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData("bin")]
    [InlineData("sbin")]
    [InlineData(".")]
    public async Task Pgpools_folder_may_be_its_prefix_or_where_its_programs_are(string bin)
    {
        var prefix = Pgpool("4.6.1", bin, bin);
        Assert.Equal(
            Path.GetFullPath($"{prefix}/{bin}/pgpool"),
            (await FindAsync(Postgres("pg", "17.2"), prefix)).PgpoolProgram
        );
    }

    [Fact]
    public async Task The_pcp_programs_may_lie_elsewhere_in_the_prefix()
    {
        var prefix = Pgpool("4.6.1", "sbin", "bin");
        var tools = await FindAsync(Postgres("pg", "17.2"), prefix);
        Assert.Equal(($"{prefix}/sbin/pgpool", $"{prefix}/bin"), (tools.PgpoolProgram, tools.PcpBin));
    }

    [Fact]
    public async Task Without_pg_config_the_extensions_are_looked_for_beside_the_programs()
    {
        var bin = Postgres("pg", "15.18");
        File.Delete($"{bin}/pg_config");
        Directory.Move(_folder["pg/somewhere/share"], _folder["pg/share"]);
        Assert.Equal(bin, (await FindAsync(bin, Pgpool("4.3.5"))).PostgresBin);
    }

    [Fact]
    public async Task A_program_on_the_path_may_be_a_link_into_the_real_folder()
    {
        var bin = Postgres("pg", "10.23");
        Directory.CreateDirectory(_folder["links"]);
        File.CreateSymbolicLink(_folder["links/postgres"], $"{bin}/postgres");
        Assert.Equal(bin, (await FindAsync(_folder["links"], Pgpool("4.3.5"))).PostgresBin);
    }

    [Fact]
    public async Task Of_several_on_the_path_the_newest_that_is_complete_is_taken()
    {
        // A version no machine has, so that only what this test made is found.
        var (old, complete, newest) = (
            Postgres("a", "10.1"),
            Postgres("b", "10.91"),
            Postgres("c", "10.92", ["pgpool_recovery"])
        );
        var tools = await FindAsync(null, Pgpool("4.3.5"), major: 10, path: $"relative:{newest}:{old}::{complete}");
        Assert.Equal((complete, new PostgresVersion(10, 91)), (tools.PostgresBin, tools.Postgres));
    }

    [Theory]
    [InlineData("pg_rewind", "pg_rewind")]
    [InlineData("pg_basebackup", "pg_basebackup")]
    [InlineData("psql", "psql")]
    [InlineData("pgpool_recovery", "extension pgpool_recovery")]
    [InlineData("pgpool_regclass", "extension pgpool_regclass")]
    public async Task What_is_missing_is_named(string without, string name)
    {
        var bin = Postgres("pg", "15.18", [without]);
        var error = await MissingAsync(bin, Pgpool("4.3.5"));
        Assert.Equal([$"{name}: PostgreSQL 15.18 in {bin} lacks it."], error.Details);
        Assert.Equal(ExitCode.Missing, error.Code);
        Assert.Equal(
            [without.StartsWith("pgpool", StringComparison.Ordinal) ? "postgresql-15-pgpool2" : "postgresql-15"],
            error.Packages
        );
    }

    [Fact]
    public async Task A_program_that_may_not_be_executed_is_missing()
    {
        var bin = Postgres("pg", "15.18");
        File.SetUnixFileMode($"{bin}/pg_rewind", UnixFileMode.UserRead);
        Assert.Equal(
            [$"pg_rewind: PostgreSQL 15.18 in {bin} lacks it."],
            (await MissingAsync(bin, Pgpool("4.3.5"))).Details
        );
    }

    [Fact]
    public async Task All_that_is_missing_is_told_at_once_with_the_command_that_installs_it()
    {
        Directory.CreateDirectory(_folder["empty"]);
        var error = await MissingAsync(_folder["empty"], _folder["none"]);
        Assert.Equal(
            [
                $"PostgreSQL: there is no postgres in {_folder["empty"]}.",
                $"Pgpool-II: there is no working pgpool with its pcp programs in {_folder["none"]}/bin, "
                    + $"{_folder["none"]}/sbin or {_folder["none"]}.",
            ],
            error.Details
        );
        Assert.Equal(
            [
                "Install it:  apt-get update && apt-get install postgresql-15 pgpool2 postgresql-15-pgpool2",
                "Or say where it is:  --pg-bin DIR, --pgpool-dir DIR (or the variables PGBIN, PGPOOL_INSTALL_DIR).",
            ],
            error.Hints
        );
    }

    [Fact]
    public async Task On_a_system_whose_packages_are_not_known_no_command_is_made_up()
    {
        var error = await MissingAsync(_folder["none"], _folder["none"], new Platform("other", null));
        Assert.Null(error.Packages);
        Assert.Equal("Install PostgreSQL, Pgpool-II and Pgpool-II's extensions for that PostgreSQL.", error.Hints[0]);
    }

    [Fact]
    public async Task The_extension_to_install_is_the_one_for_the_PostgreSQL_that_is_there() =>
        Assert.Equal(
            ["postgresql-17-pgpool2"],
            (
                await MissingAsync(Postgres("pg", "17.2", ["pgpool_recovery", "pgpool_regclass"]), Pgpool("4.3.5"))
            ).Packages
        );

    [Fact]
    public async Task A_package_this_system_does_not_have_is_not_named_as_a_way_out()
    {
        // A machine without lists has what its release has.
        var platform = new Platform("debian", 15) { Apt = new AptPackages(new FakeHost(), 15) };
        var error = await MissingAsync(Postgres("pg", "17.2", ["pgpool_recovery"]), _folder["none"], platform);
        Assert.Null(error.Packages);
        Assert.Equal("Install it:  apt-get update && apt-get install pgpool2", error.Hints[0]);
        Assert.Equal(
            "This system has no package postgresql-17-pgpool2: build it from source, or choose another "
                + "PostgreSQL (--pg-version).",
            error.Hints[1]
        );
        error = await MissingAsync(Postgres("pg", "17.2", ["pgpool_recovery"]), Pgpool("4.3.5"), platform);
        Assert.StartsWith("This system has no package postgresql-17-pgpool2", error.Hints[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("9.6.24")]
    [InlineData("19devel")]
    public async Task A_PostgreSQL_the_templates_do_not_know_is_refused(string version)
    {
        var bin = Postgres("pg", version);
        var error = await Assert.ThrowsAsync<LabException>(() => FindAsync(bin, Pgpool("4.3.5")));
        Assert.Equal(ExitCode.Missing, error.Code);
        Assert.EndsWith(
            $"({bin}) was found, but the templates are written for PostgreSQL 10 to 18.",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("4.0.9")]
    [InlineData("4.8devel")]
    public async Task A_Pgpool_the_templates_do_not_know_is_refused(string version)
    {
        var error = await Assert.ThrowsAsync<LabException>(() => FindAsync(Postgres("pg", "15.18"), Pgpool(version)));
        Assert.Equal(ExitCode.Missing, error.Code);
        Assert.EndsWith(
            "was found, but the templates are written for Pgpool-II 4.1 to 4.7.",
            error.Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_Pgpool_without_its_pcp_programs_is_not_enough()
    {
        var prefix = Pgpool("4.3.5");
        File.Delete($"{prefix}/bin/pcp_attach_node");
        Assert.StartsWith(
            "Pgpool-II: there is no working pgpool with its pcp programs in",
            Assert.Single((await MissingAsync(Postgres("pg", "15.18"), prefix)).Details),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Options_win_over_variables()
    {
        var variables = new Dictionary<string, string?>
        {
            ["PGBIN"] = "/env/pg",
            ["PGPOOL_INSTALL_DIR"] = "/env/pgpool",
            ["PATH"] = "/bin",
        };
        var spec = new LabSpec { Directory = "/srv/lab" };
        Assert.Equal(
            new ToolRequest(null, "/env/pg", "/env/pgpool", "/bin"),
            ToolRequest.From(spec, variables.GetValueOrDefault)
        );
        Assert.Equal(
            new ToolRequest(null, "/opt/pg", "/opt/pgpool", "/bin"),
            ToolRequest.From(
                spec with
                {
                    PostgresBin = "/opt/pg",
                    PgpoolDirectory = "/opt/pgpool",
                },
                variables.GetValueOrDefault
            )
        );
        Assert.Equal(
            new ToolRequest(13, null, "/env/pgpool", "/bin"),
            ToolRequest.From(spec with { PostgresMajor = 13 }, variables.GetValueOrDefault)
        );
        Assert.Equal(
            new ToolRequest(null, null, null, null),
            ToolRequest.From(spec, name => name == "PATH" ? null : "")
        );
    }
}
