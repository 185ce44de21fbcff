using System.Globalization;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>The rules by which the kernel of a host lets nothing through from and to others: a table of nftables of the
/// lab's own. The addresses are in a set in which they have a time to live, so the kernel itself lets them through
/// again when that is over, whatever has become of this program and of the host. Pure.</summary>
/// <param name="labId">The lab's id.</param>
/// <remarks>nft(8), "Sets": flags timeout.</remarks>
public sealed class CutRules(string labId)
{
    /// <summary>The table, with its family.</summary>
    public string Table { get; } = $"inet pgpoollab_{labId}";

    /// <summary>What makes it, in the place of one there may be.</summary>
    /// <param name="addresses">The hosts beyond.</param>
    /// <param name="sshPorts">Ports that are never cut off.</param>
    /// <param name="patience">When it ends by itself; whole seconds count.</param>
    public string Make(IReadOnlyList<string> addresses, IReadOnlyList<int> sshPorts, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        ArgumentNullException.ThrowIfNull(sshPorts);
        var seconds = ((long)patience.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var ssh = string.Join(", ", sshPorts.Append(ReachedHost.DefaultSshPort).Distinct().Order());
        return $$"""
            {{Remove()}}
            table {{Table}} {
                {{SetOf("beyond4", "ipv4_addr", addresses.Where(a => !IsIp6(a)))}}
                {{SetOf("beyond6", "ipv6_addr", addresses.Where(IsIp6))}}
                chain from {
                    type filter hook input priority -10; policy accept;
                    iif "lo" accept
                    tcp dport { {{ssh}} } accept
                    tcp sport { {{ssh}} } accept
                    ip saddr @beyond4 drop
                    ip6 saddr @beyond6 drop
                }
                chain to {
                    type filter hook output priority -10; policy accept;
                    oif "lo" accept
                    tcp dport { {{ssh}} } accept
                    tcp sport { {{ssh}} } accept
                    ip daddr @beyond4 drop
                    ip6 daddr @beyond6 drop
                }
            }

            """;

        string SetOf(string name, string type, IEnumerable<string> elements)
        {
            var all = string.Join(", ", elements.Select(e => $"{e} timeout {seconds}s"));
            return $"set {name} {{ type {type}; flags timeout; {(all.Length > 0 ? $"elements = {{ {all} }}; " : "")}}}";
        }
    }

    /// <summary>What removes it, also when there is none.</summary>
    public string Remove() => $"table {Table} {{ }}\ndelete table {Table}";

    /// <summary>True when something is cut off still, by what <c>nft list table</c> prints.</summary>
    public static bool IsInForce(string listed)
    {
        ArgumentNullException.ThrowIfNull(listed);
        return listed.Contains(" expires ", StringComparison.Ordinal);
    }

    private static bool IsIp6(string address) => address.Contains(':', StringComparison.Ordinal);
}
