using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Machines;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>What one host would do for a lab on several.</summary>
/// <param name="Host">The host.</param>
/// <param name="Facts">What it says of its part.</param>
/// <param name="Program">The pgpoollab that answers there; where it was copied to when it is this one.</param>
/// <param name="RequestBytes">How long the request is that it gets, without the lab's secrets.</param>
public sealed record HostPlan(LabHost Host, PartFacts Facts, string Program, int RequestBytes)
{
    /// <summary>What its Pgpool-II would run by sudo: it gives the virtual IP to the host, and takes it away.</summary>
    public IReadOnlyList<string> SudoCommands =>
        Facts.VirtualIp is { } place ? [.. VirtualIpCheck.CommandsOf(place).Select(c => string.Join(' ', c))] : [];
}

/// <summary>What every host would do for a lab on several.</summary>
/// <param name="Lab">The whole lab.</param>
/// <param name="Hosts">By number; the first makes its part first, then the others all at once.</param>
public sealed record SpreadPlan(Lab Lab, IReadOnlyList<HostPlan> Hosts)
{
    /// <summary>The ports of a host, each with the addresses its server listens on.</summary>
    /// <param name="host">The host's number.</param>
    public IEnumerable<(LabPort Port, string Addresses)> PortsOf(int host)
    {
        var address = Lab.Hosts[host].Address;
        return (Lab with { Here = host }).AllPorts.Select(p =>
            (
                p,
                p.IsDatagram || p.Use.Contains("watchdog", StringComparison.Ordinal)
                    ? "every address"
                    : $"{address} and loopback"
            )
        );
    }

    /// <summary>As a text for programs.</summary>
    public string ToJson() =>
        JsonSerializer.Serialize(
            new SpreadPlanInfo(
                Lab.Name,
                Lab.Root,
                [
                    .. Hosts.Select(h => new HostPlanInfo(
                        h.Host.Name,
                        h.Host.Address,
                        h.Facts.Root,
                        h.Facts.Owner,
                        h.Facts.Tools.Postgres.ToString(),
                        h.Facts.Tools.Pgpool.ToString(),
                        h.Program,
                        h.RequestBytes,
                        [.. PortsOf(h.Host.Id).Select(p => new HostPortInfo(p.Port.Port, p.Port.Use, p.Addresses))],
                        h.SudoCommands,
                        h.Facts.Steps
                    )),
                ]
            ),
            SpreadPlanJson.Readable.SpreadPlanInfo
        );
}

/// <summary>What <c>setup --hosts --dry-run --json</c> prints.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder on this machine.</param>
/// <param name="Hosts">By number.</param>
internal sealed record SpreadPlanInfo(string Lab, string Directory, IReadOnlyList<HostPlanInfo> Hosts);

/// <summary>What one host would do.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Where the others reach it.</param>
/// <param name="Directory">The folder of its part.</param>
/// <param name="User">Whom its servers run as.</param>
/// <param name="PostgreSql">The release.</param>
/// <param name="Pgpool">The release.</param>
/// <param name="Program">The pgpoollab that answers there.</param>
/// <param name="RequestBytes">How long the request is that it gets, without secrets.</param>
/// <param name="Ports">What is opened.</param>
/// <param name="Sudo">Commands that are run by sudo.</param>
/// <param name="Steps">What it does, in order.</param>
internal sealed record HostPlanInfo(
    string Name,
    string Address,
    string Directory,
    string User,
    string PostgreSql,
    string Pgpool,
    string Program,
    int RequestBytes,
    IReadOnlyList<HostPortInfo> Ports,
    IReadOnlyList<string> Sudo,
    IReadOnlyList<PartStep> Steps
);

/// <summary>A port that is opened on a host.</summary>
/// <param name="Port">Its number.</param>
/// <param name="Use">What it is for.</param>
/// <param name="Addresses">Where its server listens.</param>
internal sealed record HostPortInfo(int Port, string Use, string Addresses);

/// <summary>Serialization without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SpreadPlanInfo))]
internal sealed partial class SpreadPlanJson : JsonSerializerContext
{
    internal static SpreadPlanJson Readable =>
        new(
            new JsonSerializerOptions(Default.Options)
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
