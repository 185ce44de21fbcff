using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Configuration;

/// <summary>What setup makes up or is told, and nobody else may read. Never in the manifest, a log or on a command
/// line.</summary>
public sealed record LabSecrets
{
    /// <summary>Of a lab that exists: its files have them already.</summary>
    public static LabSecrets None { get; } = new();

    /// <summary>Users of the pcp programs.</summary>
    public IReadOnlyList<PcpUser> PcpUsers { get; init; } = [];

    /// <summary>Shared by the lab's Pgpool-IIs (<c>wd_authkey</c>); empty for none.</summary>
    public string WatchdogKey { get; init; } = "";

    /// <summary>The roles that have passwords; empty where nobody is asked for one.</summary>
    public IReadOnlyList<DatabaseUser> DatabaseUsers { get; init; } = [];

    /// <summary>The users' own roles, with their passwords; empty where nobody is asked for one.</summary>
    public IReadOnlyList<DatabaseUser> RoleUsers { get; init; } = [];

    /// <summary>What <c>.pgpoolkey</c> holds.</summary>
    public string PoolKey { get; init; } = "";

    /// <summary>Made where the lab was asked for, when it is one on several hosts; null for a lab that makes its
    /// own.</summary>
    public LabCertificates? Certificates { get; init; }

    /// <summary>A role's password as pgpool.conf may have it; empty when the role has none.</summary>
    public string Encrypted(string role) => DatabaseUsers.FirstOrDefault(u => u.Name == role)?.Encrypted(PoolKey) ?? "";

    /// <summary>Makes up what this lab needs.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="given">Passwords of users' own roles that somebody has given, by the role's name.</param>
    public static LabSecrets For(Lab lab, IReadOnlyDictionary<string, string>? given = null)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var users = ((string?[])[lab.Owner, lab.Invoker]).OfType<string>();
        if (!lab.Conventions.HasRoles)
        {
            return new LabSecrets { PcpUsers = users.Select(u => new PcpUser(u, u)).ToArray() };
        }

        var secrets = new LabSecrets
        {
            PcpUsers = users.Select(u => new PcpUser(u, PcpUser.RandomPassword())).ToArray(),
            WatchdogKey = lab.HasWatchdog ? PcpUser.RandomPassword() : "",
        };
        return lab.Auth is AuthMethod.Trust
            ? secrets
            : secrets with
            {
                DatabaseUsers = lab.LoginRoles.Select(r => new DatabaseUser(r, PcpUser.RandomPassword())).ToArray(),
                RoleUsers = lab
                    .Roles.Where(r => r.CanLogin)
                    .Select(r => new DatabaseUser(r.Name, given?.GetValueOrDefault(r.Name) ?? PcpUser.RandomPassword()))
                    .ToArray(),
                PoolKey = PcpUser.RandomPassword() + PcpUser.RandomPassword(),
            };
    }

    /// <inheritdoc/>
    public override string ToString() => nameof(LabSecrets);
}
