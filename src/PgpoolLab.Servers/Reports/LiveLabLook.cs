namespace PgpoolLab.Servers.Reports;

/// <summary>A look at the servers of a lab.</summary>
public static class LiveLabLook
{
    /// <summary>Looks at everything: asks Pgpool-II and every PostgreSQL, all at once.</summary>
    public static Task<NodesReport> LookAsync(this LiveLab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return new NodesReporter(lab.Host, lab.Probes).ReportAsync(lab.Lab, cancellationToken);
    }
}
