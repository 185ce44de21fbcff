using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Provisioning.Tests;

public sealed class PostmasterFileTests
{
    private static string Text(string status) =>
        $"4711\n/srv/lab/data0\n1795428963\n11002\n/tmp\nlocalhost\n  11002001         7\n{status}";

    [Theory]
    [InlineData("ready   \n", "ready", true)]
    [InlineData("ready", "ready", true)]
    [InlineData("starting\n", "starting", false)]
    [InlineData("stopping\n", "stopping", false)]
    [InlineData("ready?  \n", "ready?", false)]
    [InlineData("", "", false)]
    public void PostgreSQL_says_how_far_it_is(string line, string status, bool accepts)
    {
        var file = PostmasterFile.Parse(Text(line))!;
        Assert.Equal(new PostmasterFile(4711, status), file);
        Assert.Equal(accepts, file.Accepts);
        Assert.Equal(status == "stopping", file.IsStopping);
    }

    [Theory]
    [InlineData("4711")]
    [InlineData("4711\n/srv/lab/data0\n")]
    [InlineData("4711\n/srv/ready\n1795428963\n11002\n/tmp\nlocalhost\nready\n")]
    public void Before_it_has_written_that_its_number_alone_is_known(string text) =>
        Assert.Equal(new PostmasterFile(4711, ""), PostmasterFile.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("-4711\n/srv/lab/data0\n")]
    [InlineData("0\n")]
    [InlineData("no number\n")]
    [InlineData("99999999999\n")]
    public void What_has_no_number_of_a_server_process_is_none(string text) => Assert.Null(PostmasterFile.Parse(text));

    [Fact]
    public async Task It_lies_in_the_data_folder()
    {
        var host = new FakeHost();
        Assert.Null(await PostmasterFile.ReadAsync(host, "/srv/lab/data0", CancellationToken.None));
        host.Files["/srv/lab/data0/postmaster.pid"] = Text("ready   \n");
        Assert.Equal(
            new PostmasterFile(4711, "ready"),
            await PostmasterFile.ReadAsync(host, "/srv/lab/data0", CancellationToken.None)
        );
    }
}
