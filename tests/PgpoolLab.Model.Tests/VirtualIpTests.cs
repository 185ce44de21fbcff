namespace PgpoolLab.Model.Tests;

public sealed class VirtualIpTests
{
    [Theory]
    [InlineData("192.0.2.9")]
    [InlineData("192.0.2.9/24")]
    [InlineData("10.0.0.1/32")]
    public void An_address_can_be_one(string text) => Assert.Null(VirtualIp.WhyNot(text));

    [Theory]
    [InlineData("", "is no address")]
    [InlineData("host", "is no address")]
    [InlineData("1", "is no address")]
    [InlineData("192.0.2", "is no address")]
    [InlineData("192.0.2.9 ", "is no address")]
    [InlineData("192.0.2.9'", "is no address")]
    [InlineData("2001:db8::1", "is not an IPv4 address")]
    [InlineData("127.0.0.1", "no address that other machines reach")]
    [InlineData("0.0.0.0", "no address that other machines reach")]
    [InlineData("224.0.0.1", "no address that other machines reach")]
    [InlineData("192.0.2.9/", "1 to 32")]
    [InlineData("192.0.2.9/0", "1 to 32")]
    [InlineData("192.0.2.9/33", "1 to 32")]
    [InlineData("192.0.2.9/+4", "1 to 32")]
    [InlineData("192.0.2.9/24/24", "1 to 32")]
    public void What_can_be_none_is_refused(string text, string problem) =>
        Assert.Contains(problem, VirtualIp.WhyNot(text), StringComparison.Ordinal);

    [Theory]
    [InlineData("192.0.2.9/24", "192.0.2.0/24")]
    [InlineData("192.0.2.9", "192.0.2.9/32")]
    [InlineData("10.98.76.254/9", "10.0.0.0/9")]
    [InlineData("255.255.255.255/1", "128.0.0.0/1")]
    public void It_has_a_network(string text, string network) => Assert.Equal(network, VirtualIp.NetworkOf(text));

    [Fact]
    public void An_address_is_in_a_network_or_not()
    {
        Assert.True(VirtualIp.IsIn("192.0.2.9", "192.0.2.1/24"));
        Assert.True(VirtualIp.IsIn("192.0.2.9/32", "192.0.2.1/24"));
        Assert.False(VirtualIp.IsIn("192.0.3.9", "192.0.2.1/24"));
        Assert.False(VirtualIp.IsIn("192.0.2.9", "192.0.2.1/32"));
    }

    /// <summary>Whoever connects to it finds the same port, wherever it is.</summary>
    [Fact]
    public void With_one_all_Pgpool_IIs_take_clients_at_one_port()
    {
        var layout = PortLayout.From(11000, 3, null) with { IsShared = true };
        Assert.Equal([11000, 11000, 11000], Enumerable.Range(0, 3).Select(layout.Pgpool));
        var others = Enumerable.Range(0, 3).SelectMany(p => layout.OfPgpool(p).Skip(1)).Select(p => p.Port).ToArray();
        Assert.Equal(9, others.Append(11000).Append(layout.Postgres(0)).Distinct().Count() - 2);
        Assert.DoesNotContain(11000, others);
    }
}
