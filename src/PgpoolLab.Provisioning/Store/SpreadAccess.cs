using PgpoolLab.Model;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Store;

/// <summary>What programs of the user's own machine need to be let in by a lab on several hosts: the password of its
/// superuser, and the certificate of its authority. They are brought from a host when they are needed first, and go
/// with the lab: docs/decisions/0061-how-the-users-machine-is-let-in.md.</summary>
public static class SpreadAccess
{
    /// <summary>The lines of a host's password file that are of use elsewhere: the superuser's, at the hosts'
    /// addresses.</summary>
    /// <param name="lab">The whole lab.</param>
    /// <param name="owner">The superuser.</param>
    /// <param name="text">The host's password file.</param>
    public static string Passwords(Lab lab, string owner, string text)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(text);
        var user = $":*:{ConfigQuoting.PasswordFileField(owner)}:";
        var hosts = lab.Hosts.Select(h => ConfigQuoting.PasswordFileField(h.Address) + ":").ToArray();
        return string.Concat(
            text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(l =>
                    l.Contains(user, StringComparison.Ordinal)
                    && hosts.Any(h => l.StartsWith(h, StringComparison.Ordinal))
                )
                .Select(l => l + "\n")
        );
    }

    /// <summary>True when it was brought here already.</summary>
    public static bool IsHere(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return (!lab.Asks || File.Exists(lab.Paths.SpreadPgPass))
            && (!lab.UseTls || File.Exists(lab.Paths.SpreadTlsAuthority));
    }

    /// <summary>Keeps it, for the lab's user alone.</summary>
    /// <param name="lab">The whole lab.</param>
    /// <param name="passwords">What <see cref="Passwords"/> gave; null where nobody is asked for one.</param>
    /// <param name="authority">The certificate, as PEM; null without TLS.</param>
    public static void Keep(Lab lab, string? passwords, string? authority)
    {
        ArgumentNullException.ThrowIfNull(lab);
        if (passwords is not null)
        {
            LabStore.WriteWhole(lab.Paths.SpreadPgPass, passwords);
        }

        if (authority is not null)
        {
            LabStore.WriteWhole(lab.Paths.SpreadTlsAuthority, authority);
        }
    }
}
