using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Store;

/// <summary>Decides which user a lab's servers run as when root calls: PostgreSQL refuses to run as root.</summary>
public static class RunAs
{
    /// <summary>The user Debian's, Ubuntu's and PGDG's packages make for PostgreSQL.</summary>
    public const string DefaultUser = "postgres";

    private const string RefusesRoot = "PostgreSQL refuses to run as root";

    /// <summary>Chooses.</summary>
    /// <param name="users">The machine's users.</param>
    /// <param name="asked"><c>--run-as</c>; null when not given.</param>
    /// <param name="folderOwner">Numeric owner of the lab's folder; null when the folder does not exist.</param>
    /// <param name="isRoot">Whether this process is root.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The user to become; null when the current one will do.</returns>
    /// <exception cref="LabException">There is no such user, or it would be root.</exception>
    public static async ValueTask<SystemUser?> ChooseAsync(
        IUsers users,
        string? asked,
        int? folderOwner,
        bool isRoot,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(users);
        if (!isRoot)
        {
            return asked is null || (await users.FindAsync(asked, cancellationToken))?.UserId == Identity.Current.UserId
                ? null
                : throw new InvalidSpecException(
                    ExitCode.Usage,
                    new($"{SpecField.RunAs} {asked}: only root can run servers as another user.")
                );
        }

        var user =
            asked is not null
                ? await users.FindAsync(asked, cancellationToken)
                    ?? throw new InvalidSpecException(
                        ExitCode.Usage,
                        new($"{SpecField.RunAs} {asked}: this machine has no such user.")
                    )
            : folderOwner is > 0 ? await users.FindAsync(folderOwner.Value.ToString(), cancellationToken)
            : null;
        user ??=
            await users.FindAsync(DefaultUser, cancellationToken)
            ?? throw new InvalidSpecException(
                ExitCode.Missing,
                new($"{RefusesRoot}, and this machine has no user {DefaultUser}; name another with {SpecField.RunAs}.")
            );
        return user.UserId != 0
            ? user
            : throw new InvalidSpecException(
                ExitCode.Usage,
                new($"{RefusesRoot}; name another user with {SpecField.RunAs}.")
            );
    }
}
