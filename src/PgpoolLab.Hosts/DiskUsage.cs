namespace PgpoolLab.Hosts;

/// <summary>How much room files take.</summary>
public static class DiskUsage
{
    private static readonly EnumerationOptions Everything = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = true };

    /// <summary>Bytes on disk of a folder with all that lies in it. Links are not followed, and what vanishes meanwhile does not count.</summary>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    public static long Of(string folder, CancellationToken cancellationToken)
    {
        long bytes = 0;
        try
        {
            foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", Everything))
            {
                cancellationToken.ThrowIfCancellationRequested();
                bytes += OperatingSystem.IsLinux() ? Posix.StatusOf(entry.FullName)?.BytesOnDisk ?? 0 : entry is FileInfo { LinkTarget: null } file ? file.Length : 0;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It is being deleted at this moment.
        }

        return bytes;
    }
}
