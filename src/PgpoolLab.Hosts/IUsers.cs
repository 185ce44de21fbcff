namespace PgpoolLab.Hosts;

/// <summary>Users of a machine.</summary>
public interface IUsers
{
    /// <summary>The user with whose rights all this is done there.</summary>
    ValueTask<SystemUser> CurrentAsync(CancellationToken cancellationToken);

    /// <summary>Looks a user up by name or number.</summary>
    /// <returns>Null when there is none.</returns>
    ValueTask<SystemUser?> FindAsync(string nameOrId, CancellationToken cancellationToken);
}
