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

    [Theory]
    [InlineData(9, false)]
    [InlineData(10, true)]
    [InlineData(18, true)]
    [InlineData(19, false)]
    public void The_templates_know_PostgreSQL_10_to_18(int major, bool known) =>
        Assert.Equal(known, new PostgresVersion(major, 0).IsSupported);

    [Theory]
    [InlineData(3, 7, false)]
    [InlineData(4, 0, false)]
    [InlineData(4, 1, true)]
    [InlineData(4, 7, true)]
    [InlineData(4, 8, false)]
    [InlineData(5, 0, false)]
    public void The_templates_know_Pgpool_4_1_to_4_7(int major, int minor, bool known) =>
        Assert.Equal(known, new PgpoolVersion(major, minor, 9).IsSupported);

    [Fact]
    public void Versions_are_ordered_by_number_not_by_text()
    {
        Assert.Equal(
            [new(9, 6), new(10, 2), new(10, 11), new(15, 0)],
            new PostgresVersion[] { new(10, 11), new(15, 0), new(9, 6), new(10, 2) }.Order()
        );
        Assert.Equal(
            [new(4, 2, 11), new(4, 3, 5), new(4, 10, 0)],
            new PgpoolVersion[] { new(4, 10, 0), new(4, 3, 5), new(4, 2, 11) }.Order()
        );
        Assert.Equal("15.18", new PostgresVersion(15, 18).ToString());
        Assert.Equal("4.3.5", new PgpoolVersion(4, 3, 5).ToString());
    }
}
