namespace PgpoolLab.Hosts.Tests;

public sealed class NetworkTests
{
    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("0.0.0.0", true)]
    [InlineData("localhost", true)]
    [InlineData("192.0.2.1", false)] // for documents (RFC 5737)
    public void An_address_is_this_machines_or_it_is_not(string text, bool own) =>
        Assert.Equal(own, Network.Resolve(text).Any(Network.IsOwn));

    [Fact]
    public void A_name_that_means_nothing_means_nothing() => Assert.Empty(Network.Resolve("no-such-host.invalid"));
}
