namespace PgpoolLab.Hosts;

/// <summary>Shared memory and semaphores of System V, which outlive who has made them.</summary>
public interface ISharedMemory
{
    /// <summary>Removes the shared memory that a PostgreSQL of this data folder has left when it was killed. What
    /// anybody uses is left alone.</summary>
    /// <returns>How many pieces were removed; none where this system does not tell of them.</returns>
    ValueTask<int> RemoveAsync(string dataDirectory, CancellationToken cancellationToken);

    /// <summary>Removes the shared memory and semaphores of a process that has ended. What anybody uses is left
    /// alone.</summary>
    /// <returns>How many pieces were removed; none where this system does not tell of them.</returns>
    ValueTask<int> RemoveAsync(int creator, CancellationToken cancellationToken);

    /// <summary>Those of these processes that have made shared memory.</summary>
    ValueTask<IReadOnlyList<int>> FindMakersAsync(
        IReadOnlyCollection<int> processes,
        CancellationToken cancellationToken
    );

    /// <summary>The semaphores a process has made. One that is killed while it ends may have removed its memory
    /// already, and then nothing tells whose they are: so who tells a process to end asks before.</summary>
    /// <returns>Their numbers; none where this system does not tell of them.</returns>
    ValueTask<IReadOnlyList<int>> FindSemaphoresAsync(int creator, CancellationToken cancellationToken);

    /// <summary>Removes semaphores of a process that has ended.</summary>
    /// <returns>How many of them there still were.</returns>
    ValueTask<int> RemoveSemaphoresAsync(IReadOnlyList<int> semaphores, CancellationToken cancellationToken);
}
