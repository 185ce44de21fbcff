namespace PgpoolLab.Hosts.Remote;

/// <summary>Shared memory of another machine.</summary>
/// <param name="channel">The conversation with it.</param>
internal sealed class RemoteSharedMemory(AgentChannel channel) : ISharedMemory
{
    /// <inheritdoc/>
    public ValueTask<int> RemoveAsync(string dataDirectory, CancellationToken cancellationToken) =>
        channel.AskAsync(new RemoveMemoryOfFolderCall(dataDirectory), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> RemoveAsync(int creator, CancellationToken cancellationToken) =>
        channel.AskAsync(new RemoveMemoryOfProcessCall(creator), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<int>> FindMakersAsync(
        IReadOnlyCollection<int> processes,
        CancellationToken cancellationToken
    ) => channel.AskAsync(new FindMakersCall(processes), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<int>> FindSemaphoresAsync(int creator, CancellationToken cancellationToken) =>
        channel.AskAsync(new FindSemaphoresCall(creator), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int> RemoveSemaphoresAsync(IReadOnlyList<int> semaphores, CancellationToken cancellationToken) =>
        channel.AskAsync(new RemoveSemaphoresCall(semaphores), cancellationToken);
}
