using System.Globalization;

namespace PgpoolLab.Provisioning.Settings;

/// <summary>In which order the nodes of streaming replication must be restarted.</summary>
public enum RestartOrder
{
    /// <summary>In any order.</summary>
    Together,

    /// <summary>The primary first, and the standbys when they have replayed that: a standby does not start with less
    /// than its primary had.</summary>
    PrimaryFirst,

    /// <summary>Some are to grow and some to shrink, which no order does at once.</summary>
    Impossible,
}

/// <summary>Decides it.</summary>
/// <remarks>PostgreSQL manual, "Hot Standby", "Administrator's Overview".</remarks>
public static class RestartOrders
{
    private static readonly string[] NotLessThanPrimary =
    [
        "max_connections",
        "max_worker_processes",
        "max_wal_senders",
        "max_prepared_transactions",
        "max_locks_per_transaction",
    ];

    /// <summary>Decides.</summary>
    /// <param name="changes">The settings that wait for the restart: what they are, and what they will be.</param>
    public static RestartOrder Of(IEnumerable<(string Name, string Now, string Then)> changes)
    {
        ArgumentNullException.ThrowIfNull(changes);
        var signs = changes
            .Where(c => NotLessThanPrimary.Contains(c.Name, StringComparer.OrdinalIgnoreCase))
            .Select(c =>
                int.TryParse(c.Now, CultureInfo.InvariantCulture, out var now)
                && int.TryParse(c.Then, CultureInfo.InvariantCulture, out var then)
                    ? Math.Sign(then - now)
                    : 0
            )
            .ToHashSet();
        return !signs.Contains(-1) ? RestartOrder.Together
            : signs.Contains(1) ? RestartOrder.Impossible
            : RestartOrder.PrimaryFirst;
    }
}
