namespace PgpoolLab.Hosts.Remote;

/// <summary>Users of another machine.</summary>
/// <param name="channel">The conversation with it.</param>
internal sealed class RemoteUsers(AgentChannel channel) : IUsers
{
    /// <inheritdoc/>
    public ValueTask<SystemUser> CurrentAsync(CancellationToken cancellationToken) =>
        channel.AskAsync(new CurrentUserCall(), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SystemUser?> FindAsync(string nameOrId, CancellationToken cancellationToken) =>
        channel.AskAsync(new FindUserCall(nameOrId), cancellationToken);
}
