namespace PgpoolLab.Model;

/// <summary>Which labs can have links that can be broken.</summary>
public static class LabFaults
{
    /// <summary>How many Pgpool-IIs there are addresses for.</summary>
    public const int MostPgpools = 50;

    /// <summary>Why a lab cannot have links; null when it can.</summary>
    public static string? WhyNot(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.IsSpread
                ? "Links are for labs on one machine. Of a lab on several hosts, hosts are cut off from each other:  "
                    + "pgpoollab partition HOSTS"
            : !lab.Conventions.HasPgpoolTemplate || !lab.HasPrivateSockets
                ? "Links are for labs of this program's own conventions; this one keeps pgpool_setup's."
            : !lab.OwnsNodes ? "The nodes of this lab belong to another one."
            : WhyNotListening(lab.ListenAddresses) ?? WhyTooMany(lab.Pgpools.Count);
    }

    /// <summary>Why a request cannot have links; null when it can.</summary>
    public static string? WhyNot(LabSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return spec.Part is not null ? "a lab on several hosts has none; cut hosts off with: pgpoollab partition HOSTS"
            : !spec.Conventions.HasPgpoolTemplate ? "labs of pgpool_setup's conventions have none"
            : WhyNotListening(spec.ListenAddresses) ?? WhyTooMany(spec.PgpoolNodes);
    }

    private static string? WhyNotListening(IReadOnlyList<string> addresses) =>
        addresses.Any(a => a is "*" or "0.0.0.0" or "::")
            ? "A server that listens on all addresses of the machine (--listen) leaves none at its port for a link."
            : null;

    private static string? WhyTooMany(int pgpools) =>
        pgpools > MostPgpools ? $"There are addresses for links of {MostPgpools} Pgpool-IIs." : null;
}
