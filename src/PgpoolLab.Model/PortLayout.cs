namespace PgpoolLab.Model;

/// <summary>The ports of one Pgpool-II that takes part in a watchdog.</summary>
/// <param name="Port">TCP port of the watchdog (<c>wd_port</c>).</param>
/// <param name="Heartbeat">UDP port of its heartbeat.</param>
/// <remarks>Pgpool-II manual, "Watchdog".</remarks>
public sealed record WatchdogPorts(int Port, int Heartbeat);

/// <summary>One port of a lab.</summary>
/// <param name="Port">Its number.</param>
/// <param name="Use">What it is for: <c>PostgreSQL node 0</c>.</param>
/// <param name="IsDatagram">True when it is a port of UDP, not of TCP.</param>
public readonly record struct LabPort(int Port, string Use, bool IsDatagram = false)
{
    /// <summary>Takes it apart.</summary>
    public void Deconstruct(out int port, out string use) => (port, use) = (Port, Use);
}

/// <summary>The ports of a lab. Unix sockets carry the same numbers in their names.</summary>
/// <param name="PgpoolBase">Port of the first Pgpool-II; its pcp port is the next one. Further ones follow, four ports
/// each, as watchdog_setup lays them out.</param>
/// <param name="PgpoolCount">How many Pgpool-II there are; with more than one they have a watchdog.</param>
/// <param name="PostgresBase">Port of node 0; node K has this plus K.</param>
public sealed record PortLayout(int PgpoolBase, int PgpoolCount, int PostgresBase)
{
    /// <summary>pgpool_setup's default for Pgpool-II.</summary>
    public const int DefaultPgpool = 11000;

    /// <summary>watchdog_setup's default for the first Pgpool-II.</summary>
    public const int DefaultWatchdog = 50000;

    /// <summary>watchdog_setup's distance from the first Pgpool-II to node 0.</summary>
    public const int WatchdogToPostgres = 1000;

    private const int PortsOfOne = 2;
    private const int PortsWithWatchdog = 4;

    /// <summary>True when all Pgpool-IIs take clients at the first one's port: each is on a host of its own, and
    /// clients of the virtual IP find whichever has it. Their other ports differ all the same.</summary>
    public bool IsShared { get; init; }

    /// <summary>pgpool_setup's layout: Pgpool-II, PCP, then the nodes, unless they have a base of their own.</summary>
    public static PortLayout From(int pgpool, int count, int? postgresBase) =>
        new(pgpool, count, postgresBase ?? (pgpool + (count > 1 ? count * PortsWithWatchdog : PortsOfOne)));

    /// <summary>Where clients find one Pgpool-II.</summary>
    public int Pgpool(int index) => IsShared ? PgpoolBase : First(index);

    /// <summary>Port of one Pgpool-II's control protocol (PCP).</summary>
    public int Pcp(int index) => First(index) + 1;

    /// <summary>Ports of one Pgpool-II's watchdog; null when it is alone and has none.</summary>
    public WatchdogPorts? Watchdog(int index) =>
        PgpoolCount > 1 ? new WatchdogPorts(First(index) + 2, First(index) + 3) : null;

    private int First(int index) => PgpoolBase + (index * PortsWithWatchdog);

    /// <summary>The port of one PostgreSQL node.</summary>
    public int Postgres(int node) => PostgresBase + node;

    /// <summary>Every port of a lab with that many nodes, with what it is for.</summary>
    public IEnumerable<LabPort> All(int nodes) =>
        Enumerable.Range(0, PgpoolCount).SelectMany(OfPgpool).Concat(Enumerable.Range(0, nodes).Select(OfNode));

    /// <summary>Every port of one Pgpool-II, with what it is for.</summary>
    public IEnumerable<LabPort> OfPgpool(int index)
    {
        var which = PgpoolCount > 1 ? $" {index}" : "";
        yield return new LabPort(Pgpool(index), $"Pgpool-II{which}");
        yield return new LabPort(Pcp(index), $"pcp{which}");
        if (Watchdog(index) is { } watchdog)
        {
            yield return new LabPort(watchdog.Port, $"watchdog{which}");
            yield return new LabPort(watchdog.Heartbeat, $"heartbeat{which}", IsDatagram: true);
        }
    }

    /// <summary>The port of one PostgreSQL node, with what it is for.</summary>
    public LabPort OfNode(int node) => new(Postgres(node), $"PostgreSQL node {node}");
}
