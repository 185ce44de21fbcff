using System.Text.Json.Serialization;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Reports;

/// <summary>Where a lab's virtual IP is.</summary>
/// <param name="Address">The address.</param>
/// <param name="Hosts">The hosts that have it: one, unless something is wrong. On one host's part, that host or
/// none.</param>
public sealed record VirtualIpView(string Address, IReadOnlyList<string> Hosts)
{
    /// <summary>In one sentence.</summary>
    [JsonIgnore]
    public string Title =>
        Hosts.Count == 0
            ? $"The virtual IP {Address} is on no host."
            : $"The virtual IP {Address} is on {(Hosts.Count == 1 ? "host" : "hosts")} {string.Join(" and ", Hosts)}.";

    /// <summary>Whether the host whose part this is has it; null where there is none to look for.</summary>
    internal static async Task<VirtualIpView?> LookAsync(IHost host, Lab lab, CancellationToken cancellationToken) =>
        VirtualAddress.Of(host, lab) is { } address
            ? new VirtualIpView(
                VirtualIp.AddressOf(lab.VirtualIp!),
                await address.IsHereAsync(cancellationToken) ? [lab.Hosts[lab.Here!.Value].Name] : []
            )
            : null;

    /// <summary>Of the whole lab, by what its hosts say.</summary>
    internal static VirtualIpView? Merge(Lab lab, IReadOnlyList<HostLook> hosts) =>
        lab.VirtualIp is { } ip
            ? new VirtualIpView(
                VirtualIp.AddressOf(ip),
                [.. hosts.Where(h => h.Part?.Report.VirtualIp is { Hosts.Count: > 0 }).Select(h => h.Host.Name)]
            )
            : null;
}
