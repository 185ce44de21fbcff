using PgpoolLab.Model;

namespace PgpoolLab.Model.Tests;

public sealed class VersionTests
{
    [Theory]
    [InlineData("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15, 18)]
    [InlineData("initdb (PostgreSQL) 18beta1", 18, 0)]
    [InlineData("postgres (PostgreSQL) 10.23", 10, 23)]
    [InlineData("postgres (PostgreSQL) 19devel", 19, 0)]
    public void It_reads_what_PostgreSQL_prints(string text, int major, int minor) =>
        Assert.Equal(new PostgresVersion(major, minor), PostgresVersion.Parse(text));

    [Theory]
    [InlineData("pgpool-II version 4.3.5 (tamahomeboshi)\n", 4, 3, 5)]
    [InlineData("pgpool-II version 4.8devel (mokomoboshi)", 4, 8, 0)]
    public void It_reads_what_Pgpool_prints(string text, int major, int minor, int patch) =>
        Assert.Equal(new PgpoolVersion(major, minor, patch), PgpoolVersion.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("bash: postgres: command not found")]
    public void What_is_no_version_is_null(string? text)
    {
        Assert.Null(PostgresVersion.Parse(text));
        Assert.Null(PgpoolVersion.Parse(text));
    }
}
