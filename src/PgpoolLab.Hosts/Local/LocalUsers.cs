namespace PgpoolLab.Hosts.Local;

/// <summary>Users of this machine.</summary>
internal sealed class LocalUsers : IUsers
{
    /// <inheritdoc/>
    public ValueTask<SystemUser> CurrentAsync(CancellationToken cancellationToken) =>
        ValueTask.FromResult(Identity.Current);

    /// <inheritdoc/>
    public ValueTask<SystemUser?> FindAsync(string nameOrId, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Identity.Find(nameOrId));
}
