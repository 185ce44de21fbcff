namespace PgpoolLab.Hosts;

/// <summary>An advisory lock on a folder itself (flock). It leaves no file behind and ends with its process.</summary>
public sealed class FolderLock : IDisposable
{
    private int _descriptor;

    private FolderLock(int descriptor) => _descriptor = descriptor;

    /// <summary>Tries to lock an existing folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="taken">True when another process has the lock.</param>
    /// <returns>The lock; null when another has it, or when this folder or this system cannot be locked.</returns>
    public static FolderLock? TryTake(string folder, out bool taken)
    {
        var descriptor = OperatingSystem.IsWindows() ? -2 : Posix.TryLockFolder(folder);
        taken = descriptor == -1;
        return descriptor >= 0 ? new FolderLock(descriptor) : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _descriptor, -1) is >= 0 and var descriptor)
        {
            Posix.UnlockFolder(descriptor);
        }
    }
}
