namespace PgpoolLab.Client.Tests;

/// <summary>Which program is taken.</summary>
public sealed class ProgramFileTests
{
    [Theory]
    [InlineData("/opt/own", "/usr/bin:/opt/bin", "/opt/own")]
    [InlineData(null, "/usr/bin:bin:/opt/bin/", "/opt/bin/pgpoollab")]
    [InlineData("", "", "/app/pgpoollab")]
    public void The_one_that_is_named_comes_before_that_on_PATH_and_that_before_the_one_beside(
        string? named,
        string path,
        string expected
    ) =>
        Assert.Equal(
            expected,
            ProgramFile.Find(
                named,
                path,
                "/app",
                f => f is "/opt/own" or "/opt/bin/pgpoollab" or "bin/pgpoollab" or "/app/pgpoollab"
            )
        );

    [Fact]
    public void The_one_in_the_package_is_that_of_this_platform()
    {
        var found = ProgramFile.Find(null, "", "/app", f => f.StartsWith("/app/runtimes/", StringComparison.Ordinal));
        Assert.Matches("^/app/runtimes/linux-(x64|arm64)/native/pgpoollab$", found);
    }

    [Fact]
    public void A_name_of_nothing_is_an_error_and_not_passed_over()
    {
        var error = Assert.Throws<PgpoolLabException>(() => ProgramFile.Find("/none", "/bin", "/app", _ => false));
        Assert.Equal((3, "PGPOOLLAB names /none, and there is no such program."), (error.Code, error.Message));
    }

    [Fact]
    public void Where_there_is_none_it_is_said_how_to_get_it() =>
        Assert.Contains(
            "dotnet tool install --global PgpoolLab",
            Assert.Throws<PgpoolLabException>(() => ProgramFile.Find(null, "/bin", "/app", _ => false)).Message,
            StringComparison.Ordinal
        );
}
