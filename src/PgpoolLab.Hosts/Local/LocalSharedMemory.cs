namespace PgpoolLab.Hosts.Local;

/// <summary>Shared memory of this machine.</summary>
internal sealed class LocalSharedMemory : ISharedMemory
{
    /// <inheritdoc/>
    public ValueTask<int> RemoveAsync(string dataDirectory, CancellationToken cancellationToken) =>
        ValueTask.FromResult(SharedMemory.RemoveOfPostgres(dataDirectory));

    /// <inheritdoc/>
    public ValueTask<int> RemoveAsync(int creator, CancellationToken cancellationToken) =>
        ValueTask.FromResult(SharedMemory.RemoveOfProcess(creator));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<int>> FindMakersAsync(
        IReadOnlyCollection<int> processes,
        CancellationToken cancellationToken
    ) => ValueTask.FromResult<IReadOnlyList<int>>(SharedMemory.MakersAmong(processes));

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<int>> FindSemaphoresAsync(int creator, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<int>>(SharedMemory.SemaphoresOf(creator));

    /// <inheritdoc/>
    public ValueTask<int> RemoveSemaphoresAsync(IReadOnlyList<int> semaphores, CancellationToken cancellationToken) =>
        ValueTask.FromResult(SharedMemory.RemoveSemaphores(semaphores));
}
