using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Store;

/// <summary>The folder of the cache, which can be deleted at any time.</summary>
public static class CacheFolder
{
    /// <summary>Where the current user's cache lies, or would; null when this user has no folder for such
    /// things.</summary>
    /// <remarks>freedesktop.org, "XDG Base Directory Specification".</remarks>
    public static string? OfCurrentUser() =>
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } home && Path.IsPathRooted(home)
            ? home + "/pgpoollab/clusters"
            : In(Identity.Current.Home);

    /// <summary>Where the cache lies of the user with this home; null when that is no home.</summary>
    public static string? In(string home) => home is { Length: > 1 } ? home + "/.cache/pgpoollab/clusters" : null;

    /// <summary>Makes it, for its owner alone.</summary>
    internal static void Create(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, Modes.PrivateFolder);
        }
    }

    /// <summary>What a lab is copied from must have been written by nobody else.</summary>
    internal static bool IsOurs(string folder)
    {
        try
        {
            if (Identity.IsRoot && !TrustedPath.Is(folder, 0))
            {
                return false;
            }

            Create(folder);
            return OperatingSystem.IsWindows()
                || Identity.CanEnterAndWrite(folder)
                    && Identity.OwnerOf(folder)?.User == Identity.Current.UserId
                    && (File.GetUnixFileMode(folder) & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
