namespace PgpoolLab.Servers;

/// <summary>What every server of a lab can have done to it, PostgreSQL and Pgpool-II alike.</summary>
public interface ILabServer
{
    /// <summary>Kills all of its processes at one moment.</summary>
    /// <returns>How many there were.</returns>
    Task<int> CrashAsync(CancellationToken cancellationToken);

    /// <summary>Suspends all of its processes.</summary>
    /// <returns>How many there are.</returns>
    Task<int> SuspendAsync(CancellationToken cancellationToken);

    /// <summary>Lets them go on.</summary>
    /// <returns>How many there are.</returns>
    Task<int> ResumeAsync(CancellationToken cancellationToken);
}
