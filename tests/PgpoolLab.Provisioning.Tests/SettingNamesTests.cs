using PgpoolLab.Hosts.Local;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Tests;

/// <summary>Names of settings are looked up in the programs that are installed.</summary>
public sealed class SettingNamesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(" it's");

    public SettingNamesTests()
    {
        File.WriteAllText(_folder["postgres"], "\u007fELF\0maintenance_work_mem\0DateStyle\0wal_keep_size\0");
        File.WriteAllText(
            _folder["pgpool"],
            "\u007fELF\0num_init_children\0write_function_list\0health_check_period\0"
        );
    }

    public void Dispose() => _folder.Dispose();

    private IReadOnlyList<string> Problems(params string[] settings) => Problems(new PgpoolVersion(4, 3, 5), settings);

    private IReadOnlyList<string> Problems(PgpoolVersion pgpool, params string[] settings)
    {
        var tools = new Toolset(_folder.Path, new PostgresVersion(15, 4), _folder["pgpool"], _folder.Path, pgpool);
        try
        {
            SettingNames
                .RequireAsync(
                    new LocalHost(TimeProvider.System),
                    new LabSpec { Directory = "/x", Settings = settings },
                    tools,
                    default
                )
                .GetAwaiter()
                .GetResult();
            return [];
        }
        catch (InvalidSpecException error)
        {
            return [.. error.Problems.Select(p => $"{p}")];
        }
    }

    [Theory]
    [InlineData("pgpool.num_init_children=4", null)]
    [InlineData("pgpool.health_check_period1=4", null)]
    [InlineData("postgresql.work_mem=1MB", null)]
    [InlineData("postgresql.datestyle=ISO", null)]
    [InlineData("postgresql.auto_explain.log_min_duration=1", null)]
    [InlineData(
        "pgpool.num_init_childen=4",
        "Settings pgpool.num_init_childen: Pgpool-II 4.3.5 has no such setting. Did you mean num_init_children?"
    )]
    [InlineData(
        "pgpool.black_function_list=f",
        "Settings pgpool.black_function_list: Pgpool-II 4.3.5 has no such setting. Did you mean write_function_list?"
    )]
    [InlineData(
        "postgresql.work_men=1MB",
        "Settings postgresql.work_men: PostgreSQL 15.4 has no such setting. Did you mean work_mem?"
    )]
    [InlineData("pgpool.TYPO=1", "Settings pgpool.TYPO: Pgpool-II 4.3.5 has no such setting.")]
    [InlineData(
        "postgresql.wal_keep_segments=8",
        "Settings postgresql.wal_keep_segments: PostgreSQL 15.4 has no such setting. Did you mean wal_keep_size?"
    )]
    public void A_setting_the_installed_program_does_not_know_is_refused_with_the_nearest_name(
        string setting,
        string? problem
    ) => Assert.Equal(problem, Problems(setting).SingleOrDefault());

    [Theory]
    [InlineData(1, "pgpool.health_check_period=5", null)]
    [InlineData(1, "pgpool.write_function_list=5min_of_it", null)]
    [InlineData(
        1,
        "pgpool.health_check_period=5min",
        "Settings pgpool.health_check_period: Pgpool-II 4.1.4 knows no units, and would read 5min as 5. "
            + "Give it as a plain number."
    )]
    [InlineData(2, "pgpool.health_check_period=5min", null)]
    [InlineData(1, "postgresql.wal_keep_size=5MB", null)]
    public void A_unit_that_an_old_Pgpool_would_not_see_is_refused(int minor, string setting, string? problem) =>
        Assert.Equal(problem, Problems(new PgpoolVersion(4, minor, 4), setting).SingleOrDefault());

    [Fact]
    public void Of_a_script_in_a_programs_place_nothing_is_known()
    {
        File.WriteAllText(_folder["pgpool"], "#!/bin/sh\n");
        Assert.Empty(Problems("pgpool.whatever=1"));
    }
}
