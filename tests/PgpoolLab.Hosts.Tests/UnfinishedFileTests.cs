namespace PgpoolLab.Hosts.Tests;

public sealed class UnfinishedFileTests
{
    [Theory]
    [InlineData("startall.1.tmp", "startall")]
    [InlineData("bashrc.ports.4711.tmp", "bashrc.ports")]
    [InlineData("startall", null)]
    [InlineData("startall.tmp", null)]
    [InlineData("startall..tmp", null)]
    [InlineData("startall.x1.tmp", null)]
    [InlineData("startall.1.tmp.1", null)]
    [InlineData("1.tmp", null)]
    [InlineData(".1.tmp", null)]
    [InlineData(".tmp", null)]
    [InlineData("", null)]
    public void The_file_it_would_have_replaced_is_in_its_name(string name, string? replaced) =>
        Assert.Equal(replaced, UnfinishedFile.Replaces(name));

    [Fact]
    public void Its_own_is_known_again() =>
        Assert.Equal(
            "pgpool.conf",
            UnfinishedFile.Replaces(Path.GetFileName(UnfinishedFile.Beside("/srv/lab/pgpool.conf")))
        );
}
