using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Store;

/// <summary>Where this program keeps what belongs to a user rather than to a lab.</summary>
/// <remarks>freedesktop.org, "XDG Base Directory Specification".</remarks>
public static class StateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Candidates in order of preference; the last always works, also for a user without a home.</summary>
    public static IReadOnlyList<string> Candidates(SystemUser user, string? stateHome)
    {
        ArgumentNullException.ThrowIfNull(user);
        return (
            (string?[])
                [
                    string.IsNullOrEmpty(stateHome) ? null : stateHome + "/pgpoollab",
                    $"{user.Home}/.local/state/pgpoollab",
                    $"/var/tmp/pgpoollab-{user.UserId}",
                ]
        )
            .OfType<string>()
            .ToArray();
    }

    /// <summary>The current user's folder; created when it does not exist.</summary>
    /// <param name="suits">Further wishes for its path; the last candidate is taken without.</param>
    public static string Open(Func<string, bool>? suits = null)
    {
        var user = Identity.Current;
        var candidates = Candidates(user, Environment.GetEnvironmentVariable("XDG_STATE_HOME"));
        return candidates.SkipLast(1).FirstOrDefault(c => (suits is null || suits(c)) && TryCreate(c, user))
            ?? Last(candidates[^1], user);
    }

    /// <summary>Root's own folder must lie where nobody else can put another in its place; another user's is worked in
    /// with that user's rights.</summary>
    internal static bool IsTrusted(string folder, SystemUser user)
    {
        ArgumentNullException.ThrowIfNull(user);
        return user.UserId != 0 || TrustedPath.Is(folder, 0);
    }

    private static bool TryCreate(string folder, SystemUser user)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(folder);
                return true;
            }

            if (!IsTrusted(folder, user))
            {
                return false;
            }

            Directory.CreateDirectory(folder, OwnerOnly);
            return Identity.CanEnterAndWrite(folder) && Identity.OwnerOf(folder)?.User == user.UserId;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string Last(string folder, SystemUser user) =>
        TryCreate(folder, user)
            ? folder
            : throw new Model.LabException(
                Model.ExitCode.Failed,
                $"There is no folder to keep the list of labs in: {folder} cannot be used."
            )
            {
                Hints = ["Set XDG_STATE_HOME to a folder of your own."],
            };
}
