using PgpoolLab.Provisioning.Spread;

namespace PgpoolLab.Provisioning.Tests;

public sealed class CutRulesTests
{
    private readonly CutRules _rules = new("0f0f0f00");

    private string Make(params string[] addresses) => _rules.Make(addresses, [22, 2222], TimeSpan.FromSeconds(90.7));

    /// <summary>The kernel ends it: no process of ours has to be there for that.</summary>
    [Fact]
    public void Every_address_has_a_time_to_live() =>
        Assert.Contains(
            "elements = { 192.0.2.1 timeout 90s, 192.0.2.9 timeout 90s }",
            Make("192.0.2.1", "192.0.2.9"),
            StringComparison.Ordinal
        );

    [Fact]
    public void Addresses_of_both_kinds_are_cut_off()
    {
        var text = Make("192.0.2.1", "2001:db8::1");
        Assert.Contains(
            "type ipv4_addr; flags timeout; elements = { 192.0.2.1 timeout",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "type ipv6_addr; flags timeout; elements = { 2001:db8::1 timeout",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains("set beyond6 { type ipv6_addr; flags timeout; }", Make("192.0.2.1"), StringComparison.Ordinal);
    }

    /// <summary>Before the first drop: what comes first decides.</summary>
    [Fact]
    public void Ssh_and_the_host_itself_are_never_cut_off()
    {
        foreach (var chain in Make("192.0.2.1").Split("chain ").Skip(1))
        {
            var drop = chain.IndexOf("drop", StringComparison.Ordinal);
            foreach (
                var accept in (string[])["tcp dport { 22, 2222 } accept", "tcp sport { 22, 2222 } accept", "\"lo\""]
            )
            {
                Assert.InRange(chain.IndexOf(accept, StringComparison.Ordinal), 0, drop);
            }
        }
    }

    [Fact]
    public void It_is_a_table_of_the_labs_own_and_removes_the_one_before()
    {
        Assert.Equal("inet pgpoollab_0f0f0f00", _rules.Table);
        Assert.StartsWith(_rules.Remove(), Make("192.0.2.1"), StringComparison.Ordinal);
        // Deleting what is not there is an error; so it is made first.
        Assert.Equal("table inet pgpoollab_0f0f0f00 { }\ndelete table inet pgpoollab_0f0f0f00", _rules.Remove());
    }

    [Fact]
    public void Whether_it_lasts_is_read_from_what_nft_lists()
    {
        Assert.True(CutRules.IsInForce("elements = { 192.0.2.1 timeout 10m expires 9m59s916ms }"));
        Assert.False(CutRules.IsInForce("set beyond4 {\n type ipv4_addr\n flags timeout\n }"));
        Assert.False(CutRules.IsInForce(""));
    }
}
