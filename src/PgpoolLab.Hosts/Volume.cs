namespace PgpoolLab.Hosts;

/// <summary>A file system.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="FreeBytes">Bytes that may still be written by whoever is not root.</param>
/// <param name="FreeFiles">How many more files it can hold (inodes); null when it has no such limit, or does not
/// tell.</param>
/// <param name="ReadOnly">True when nothing can be written.</param>
public sealed record Volume(long Bytes, long FreeBytes, long? FreeFiles, bool ReadOnly)
{
    /// <summary>True when no program that lies there can be run (mounted with <c>noexec</c>).</summary>
    public bool NoPrograms { get; init; }

    /// <summary>The file system a path lies on.</summary>
    /// <returns>Null when it cannot be seen.</returns>
    public static Volume? Of(string path)
    {
        if (OperatingSystem.IsLinux() && Environment.Is64BitProcess)
        {
            return Posix.VolumeOf(path);
        }

        try
        {
            var drive = new DriveInfo(path);
            return new Volume(drive.TotalSize, drive.AvailableFreeSpace, null, false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
