namespace PgpoolLab.Hosts;

/// <summary>Tells whether another user could put something else in a path's place.</summary>
public static class TrustedPath
{
    /// <summary>True when nobody but this user and root can change what a path leads to: every folder on the way is one
    /// of theirs, and nobody else can write in it, or it is sticky. What does not exist yet does not count.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="user">Numeric id of the user.</param>
    public static bool Is(string path, int user) => Find(path, user, null) is null;

    /// <summary>The same with the reason.</summary>
    /// <param name="path">Absolute.</param>
    /// <param name="user">Numeric id of the user.</param>
    /// <param name="ownGroup">Finds the group that has nobody but this user in it, and may write:
    /// <see cref="Identity.PrivateGroupOf"/>.</param>
    /// <returns>Null when it is trusted.</returns>
    public static Distrust? WhyNot(string path, int user, Func<int?>? ownGroup = null)
    {
        if (Find(path, user, ownGroup) is not { } found)
        {
            return null;
        }

        if (found.Owner is not { } owner)
        {
            return found.IsFolder
                ? new Distrust(found.Path, $"others can write in {found.Path}", $"chmod go-w {Shell.Quote(found.Path)}")
                : new Distrust(found.Path, $"{found.Path} cannot be looked at", null);
        }

        var name = Identity.Find(owner.ToString())?.Name ?? $"the user {owner}";
        return new Distrust(found.Path, $"{found.Path} belongs to {name}", null);
    }

    /// <summary>The first on the way that another user could exchange.</summary>
    private static Weakness? Find(string path, int user, Func<int?>? ownGroup)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        try
        {
            var existing = Path.GetFullPath(path);
            while (!Directory.Exists(existing) && Path.GetDirectoryName(existing) is { } parent)
            {
                existing = parent;
            }

            return Walk(Identity.RealPath(existing), user, ownGroup) ?? Walk(existing, user, ownGroup, links: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return new Weakness(path, null, IsFolder: false);
        }
    }

    /// <summary>Looks at each folder on the way; where links are allowed, they too must be theirs.</summary>
    private static Weakness? Walk(string path, int user, Func<int?>? ownGroup, bool links = false)
    {
        var walked = "";
        foreach (var name in (string[])["", .. path.Split('/', StringSplitOptions.RemoveEmptyEntries)])
        {
            walked =
                name.Length == 0 ? "/"
                : walked == "/" ? $"/{name}"
                : $"{walked}/{name}";
            if (Posix.StatusOf(walked) is not { } status)
            {
                return new Weakness(walked, null, IsFolder: false);
            }

            if (status.User != user && status.User != 0)
            {
                return new Weakness(walked, status.User, status.IsFolder);
            }

            if (status.IsLink ? !links : !status.IsFolder || !IsProtected(status, ownGroup))
            {
                return new Weakness(walked, null, status.IsFolder);
            }
        }

        return null;
    }

    private static bool IsProtected(FileStatus status, Func<int?>? ownGroup) =>
        status.Permissions.HasFlag(UnixFileMode.StickyBit)
        || Ownership.IsProtected(status.Permissions, status.Group, ownGroup);

    private readonly record struct Weakness(string Path, int? Owner, bool IsFolder);
}

/// <summary>Why a path is not trusted.</summary>
/// <param name="Path">What on the way another user could exchange, or exchange something in.</param>
/// <param name="Why">Why, as a clause.</param>
/// <param name="Remedy">The command that helps; null when there is none.</param>
public sealed record Distrust(string Path, string Why, string? Remedy);
