using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers.Reports;

/// <summary>Looks at one host's part of a lab on several, for whoever puts all parts together.</summary>
/// <param name="host">Where the part is.</param>
/// <param name="probes">Waits.</param>
/// <param name="time">The clock; by default the system's.</param>
public sealed class PartReporter(IHost host, ProbeRunner probes, TimeProvider? time = null)
{
    /// <summary>Looks.</summary>
    /// <param name="lab">The part.</param>
    /// <param name="withDetails">True to ask for what <c>status</c> explains by, too.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<PartLook> LookAsync(Lab lab, bool withDetails, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (!withDetails)
        {
            var nodes = await new NodesReporter(host, probes, time).LookAsync(lab, cancellationToken);
            return Of(lab, nodes, nodes.Facts.Pgpool);
        }

        var (look, facts) = await new StatusReporter(host, probes, time).AskAsync(lab, cancellationToken);
        return Of(lab, look, facts.Pgpool) with { Details = facts.Details, HealthCheck = facts.HealthCheck };
    }

    private static PartLook Of(Lab lab, NodesLook look, PgpoolSays pgpool) =>
        new(look.Report with { Findings = [] }, pgpool)
        {
            Elsewhere = look.Report.Elsewhere,
            Nodes =
            [
                .. look.Answers.Select(a => new PartNode(a.Node.Id)
                {
                    StreamsAs = a.Says.StreamsAs,
                    MadeAsStandby = a.Says.MadeAsStandby,
                    LagOf = a.LagOf,
                    Synchronous = a.Synchronous,
                }),
            ],
            Shared = look.Shared,
            Owner = lab.Owner,
            PasswordFile = lab.Asks ? lab.Pgpool.Paths.PgPass : null,
            TlsAuthority = lab.UseTls ? lab.Pgpool.Paths.TlsAuthority : null,
            SocketFolder = lab.HasPrivateSockets ? lab.SocketFolder : null,
        };
}
