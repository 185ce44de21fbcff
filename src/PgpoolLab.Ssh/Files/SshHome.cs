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
