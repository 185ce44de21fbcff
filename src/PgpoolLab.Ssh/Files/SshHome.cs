using PgpoolLab.Hosts;

namespace PgpoolLab.Ssh.Files;

/// <summary>Whose configuration of ssh it is, and where it lies.</summary>
/// <param name="Folder">The user's home.</param>
/// <param name="UserName">The user's login name.</param>
/// <param name="UserId">The user's number.</param>
public sealed record SshHome(string Folder, string UserName, int UserId)
{
    /// <summary>The system's folder.</summary>
    public string SystemFolder { get; init; } = "/etc/ssh";

    /// <summary>The environment.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Finds another user's home; null for a user who is not known.</summary>
    public Func<string, string?> HomeOf { get; init; } = name => Identity.Find(name)?.Home;

    /// <summary>Finds the group that has nobody but this user in it, and may write what is the user's.</summary>
    public Func<int?> PrivateGroup { get; init; } = () => Identity.PrivateGroupOf(Identity.Current);

    /// <summary>A path that begins with <c>~</c> or <c>~user</c>.</summary>
    /// <returns>The path itself when it does not; null when there is no such user.</returns>
    internal string? Expand(string path)
    {
        if (!path.StartsWith('~'))
        {
            return path;
        }

        var end = path.IndexOf('/', StringComparison.Ordinal);
        var (name, rest) = end < 0 ? (path[1..], "") : (path[1..end], path[end..].TrimStart('/'));
        return (name.Length == 0 ? Folder : HomeOf(name)) is not { } home ? null
            : rest.Length == 0 ? home
            : Path.Combine(home, rest);
    }

    /// <summary>The user's own folder.</summary>
    public string UserFolder => Path.Combine(Folder, ".ssh");

    /// <summary>The user this process works as.</summary>
    public static SshHome Current
    {
        get
        {
            var user = Identity.Current;
            return new SshHome(user.Home, user.Name, user.UserId);
        }
    }
}
