using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Servers;

/// <summary>The servers of a lab, which answer and act. Each is bound to one node and one host.</summary>
public sealed class LiveLab
{
    private readonly ServerTools _tools;

    /// <summary>Nothing is looked at yet.</summary>
    /// <param name="host">Where they run.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="probes">Waits.</param>
    public LiveLab(IHost host, Lab lab, ProbeRunner probes)
    {
        ArgumentNullException.ThrowIfNull(lab);
        _tools = new ServerTools(host, lab, probes);
        Nodes = [.. lab.OwnNodes.Select(n => new PostgresServer(_tools, n))];
        Pgpools = [.. lab.OwnPgpools.Select(p => new PgpoolServer(_tools, p))];
    }

    /// <summary>Where they run.</summary>
    internal IHost Host => _tools.Host;

    /// <summary>Waits.</summary>
    internal ProbeRunner Probes => _tools.Probes;

    /// <summary>What was made.</summary>
    public Lab Lab => _tools.Lab;

    /// <summary>Every PostgreSQL of this machine, by number.</summary>
    public IReadOnlyList<PostgresServer> Nodes { get; }

    /// <summary>Every Pgpool-II of this machine, by number.</summary>
    public IReadOnlyList<PgpoolServer> Pgpools { get; }

    /// <summary>The server of a node.</summary>
    public PostgresServer Of(PostgresNode node) =>
        Nodes.FirstOrDefault(s => s.Node == node) ?? new PostgresServer(_tools, node);

    /// <summary>The server of a Pgpool-II.</summary>
    public PgpoolServer Of(PgpoolNode pgpool) =>
        Pgpools.FirstOrDefault(s => s.Node == pgpool) ?? new PgpoolServer(_tools, pgpool);
}
