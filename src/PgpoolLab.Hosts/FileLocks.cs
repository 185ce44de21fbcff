namespace PgpoolLab.Hosts;

/// <summary>Tells who has locked a file, without taking the lock for even a moment: who only looks must be in nobody's
/// way.</summary>
public static class FileLocks
{
    private const string Table = "/proc/locks";

    /// <summary>The process that has an exclusive lock on this file (flock).</summary>
    /// <returns>Its process id; null when nobody has one.</returns>
    /// <remarks>Linux manual, proc(5), "/proc/locks". Elsewhere the lock is tried for a moment, and a holder has the
    /// number 0.</remarks>
    public static int? HolderOf(string file)
    {
        if (!File.Exists(file))
        {
            return null;
        }

        if (!File.Exists(Table))
        {
            return HolderByTrial(file);
        }

        return Posix.StatusOf(file) is { } status
            ? Holders(File.ReadAllText(Table), status.Inode).FirstOrDefault(id => HasOpen(id, file))
                is > 0
                    and var holder
                ? holder
                : null
            : null;
    }

    /// <summary>Process ids of those who hold an exclusive flock on an inode, as <c>/proc/locks</c> lists them. Its
    /// device is no help: btrfs and overlay file systems show another.</summary>
    internal static IReadOnlyList<int> Holders(string locks, ulong inode)
    {
        // 1: FLOCK  ADVISORY  WRITE 3548 08:01:131104 0 EOF; who waits for a lock has "->" after the number. On NFS it
        // is a POSIX lock.
        return locks
            .Split('\n')
            .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(f =>
                f.Length >= 6
                && f[1] is "FLOCK" or "POSIX"
                && f[3] == "WRITE"
                && f[5].Split(':')[^1] == inode.ToString()
            )
            .Select(f => int.TryParse(f[4], out var id) ? id : 0)
            .Where(id => id > 0)
            .ToArray();
    }

    /// <summary>Another file system may have a file of the same number. Whose files cannot be seen is
    /// believed.</summary>
    private static bool HasOpen(int id, string file)
    {
        try
        {
            var real = Identity.RealPath(file);
            return Directory
                .EnumerateFiles($"/proc/{id}/fd")
                .Any(d =>
                    new FileInfo(d).LinkTarget is { } target && (target == real || target == real + " (deleted)")
                );
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Directory.Exists($"/proc/{id}");
        }
    }

    private static int? HolderByTrial(string file)
    {
        try
        {
            using var trial = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
