namespace PgpoolLab.Model;

/// <summary>How many sessions Pgpool-II may open on each node, and the room PostgreSQL has for them.</summary>
/// <remarks>Pgpool-II manual, "num_init_children" and "max_pool"; PostgreSQL manual, "max_connections".</remarks>
public static class SessionLimits
{
    /// <summary>Pgpool-II's processes (<c>num_init_children</c>), where nobody asked for another number.</summary>
    public const int Children = 32;

    /// <summary>Connections that each of them keeps to every node (<c>max_pool</c>), where nobody asked for another
    /// number.</summary>
    public const int Pool = 2;

    /// <summary>Sessions besides Pgpool-II's: of users, of its health checks, of pgpoollab.</summary>
    public const int ForOthers = 10;

    /// <summary>What initdb writes into postgresql.conf.</summary>
    private const int ByDefault = 100;

    /// <summary>PostgreSQL's own <c>superuser_reserved_connections</c>.</summary>
    private const int ReservedByDefault = 3;

    /// <summary>Senders of WAL that a lab has besides those of its standbys.</summary>
    private const int MoreSenders = 10;

    /// <summary>The <c>max_wal_senders</c> of a lab's nodes.</summary>
    public static int WalSenders(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.Nodes.Count + MoreSenders;
    }

    /// <summary>The <c>max_connections</c> that a lab's nodes need; null where PostgreSQL's own default is
    /// enough.</summary>
    public static int? MaxConnections(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var own =
            Number(lab.PgpoolSettings, "num_init_children", Children) * Number(lab.PgpoolSettings, "max_pool", Pool);
        var reserved =
            Number(lab.PostgresSettings, "superuser_reserved_connections", ReservedByDefault)
            + Number(lab.PostgresSettings, "reserved_connections", 0);
        // Before 12 they are sessions, too.
        var senders =
            lab.Tools.Postgres.Major < 12 ? Number(lab.PostgresSettings, "max_wal_senders", WalSenders(lab)) : 0;
        var needed = (own * lab.Pgpools.Count) + reserved + senders;
        return needed > ByDefault ? (int)Math.Min(needed + ForOthers, int.MaxValue) : null;
    }

    private static long Number(IReadOnlyDictionary<string, string> settings, string name, int byDefault) =>
        int.TryParse(
            settings.LastOrDefault(s => s.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value,
            out var number
        )
            ? number
            : byDefault;
}
