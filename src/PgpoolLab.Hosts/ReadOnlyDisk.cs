namespace PgpoolLab.Hosts;

/// <summary>Disks that cannot be written to.</summary>
public static class ReadOnlyDisk
{
    /// <summary>Whether a file system is read-only (EROFS, on Linux, BSD and macOS alike).</summary>
    public static bool IsReasonFor(IOException error)
    {
        ArgumentNullException.ThrowIfNull(error);
        return !OperatingSystem.IsWindows() && (error.HResult & 0xFFFF) is 30;
    }
}
