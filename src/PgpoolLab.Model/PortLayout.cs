namespace PgpoolLab.Model;

/// <summary>The TCP ports of a lab. Unix sockets carry the same numbers in their names.</summary>
/// <param name="Pgpool">Pgpool-II's port; <see cref="Pcp"/> is the next one.</param>
/// <param name="PostgresBase">Port of node 0; node K has this plus K.</param>
public sealed record PortLayout(int Pgpool, int PostgresBase)
{
    /// <summary>pgpool_setup's default for Pgpool-II.</summary>
    public const int DefaultPgpool = 11000;

    /// <summary>Port of pgpool's control protocol (PCP).</summary>
    public int Pcp => Pgpool + 1;

    /// <summary>pgpool_setup's layout: Pgpool-II, PCP, then the nodes, unless they have a base of their own.</summary>
    public static PortLayout From(int pgpool, int? postgresBase) => new(pgpool, postgresBase ?? (pgpool + 2));

    /// <summary>The port of one PostgreSQL node.</summary>
    public int Postgres(int node) => PostgresBase + node;

    /// <summary>Every port of a lab with that many nodes, with what it is for.</summary>
    public IEnumerable<(int Port, string Use)> All(int nodes)
    {
        yield return (Pgpool, "Pgpool-II");
        yield return (Pcp, "pcp");
        for (var node = 0; node < nodes; node++)
        {
            yield return (Postgres(node), $"PostgreSQL node {node}");
        }
    }
}
