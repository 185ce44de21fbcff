namespace PgpoolLab.Hosts;

/// <summary>Tells whether another user could put something else in a path's place.</summary>
public static class TrustedPath
{
    /// <summary>True when nobody but this user and root can change what a path leads to: every folder on the way is one
    /// of theirs, and nobody else can write in it, or it is sticky. What does not exist yet does not count.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="user">Numeric id of the user.</param>
    public static bool Is(string path, int user)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        try
        {
            var existing = Path.GetFullPath(path);
            while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
            {
                existing = parent;
            }

            return Walk(Identity.RealPath(existing), user) && Walk(existing, user, links: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Looks at each folder on the way; where links are allowed, they too must be theirs.</summary>
    private static bool Walk(string path, int user, bool links = false)
    {
        var walked = "";
        foreach (var name in (string[])["", .. path.Split('/', StringSplitOptions.RemoveEmptyEntries)])
        {
            walked =
                name.Length == 0 ? "/"
                : walked == "/" ? $"/{name}"
                : $"{walked}/{name}";
            if (Posix.StatusOf(walked) is not { } status || (status.User != user && status.User != 0))
            {
                return false;
            }

            if (status.IsLink ? !links : !status.IsFolder || !IsProtected(status.Permissions))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsProtected(UnixFileMode mode) =>
        (mode & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0 || mode.HasFlag(UnixFileMode.StickyBit);
}
