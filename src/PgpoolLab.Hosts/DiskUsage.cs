using System.IO.Enumeration;

namespace PgpoolLab.Hosts;

/// <summary>How much room files take.</summary>
public static class DiskUsage
{
    private static readonly EnumerationOptions Everything = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.None,
        IgnoreInaccessible = true,
    };

    /// <summary>Bytes on disk of a folder with all that lies in it. Links are not followed, and what vanishes meanwhile
    /// does not count.</summary>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public static long Of(string folder, CancellationToken cancellationToken)
    {
        long bytes = 0;
        try
        {
            var entries = new FileSystemEnumerable<(string Path, long Length)>(
                folder,
                (ref entry) => (entry.ToFullPath(), IsLink(ref entry) ? 0 : entry.Length),
                Everything
            )
            {
                ShouldRecursePredicate = (ref entry) => !IsLink(ref entry),
            };
            foreach (var (path, length) in entries)
            {
                cancellationToken.ThrowIfCancellationRequested();
                bytes += OperatingSystem.IsLinux() ? Posix.StatusOf(path)?.BytesOnDisk ?? 0 : length;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is being deleted at this moment.
        }

        return bytes;
    }

    private static bool IsLink(ref FileSystemEntry entry) => entry.Attributes.HasFlag(FileAttributes.ReparsePoint);
}
