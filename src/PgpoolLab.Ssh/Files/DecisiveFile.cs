using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Ssh.Files;

/// <summary>Files that decide where we go and whom we trust there: ssh's configuration, keys of hosts.</summary>
/// <remarks>ssh refuses its configuration in the same way: "Bad owner or permissions".</remarks>
internal static class DecisiveFile
{
    /// <summary>The most such a file can have, in bytes.</summary>
    internal const int MostBytes = 16 << 20;

    /// <summary>Reads one (UTF-8) whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="home">Whose it should be; root's are trusted, too.</param>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="LabException">Others can change it, or exchange it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static string? ReadText(string path, SshHome home)
    {
        if (RegularFile.ReadOwned(path, MostBytes) is not var (text, owner))
        {
            return null;
        }

        if (owner is not null && !owner.OnlyChangedBy(home.UserId, home.PrivateGroup))
        {
            throw Refusal(path, owner, home);
        }

        RefuseExchangeable(path, path, home);
        // A link may lead to where others can write.
        RefuseExchangeable(path, Identity.RealPath(path), home);
        return text;
    }

    private static LabException Refusal(string path, Ownership owner, SshHome home)
    {
        var isForeign = owner.User != home.UserId && owner.User != 0;
        var why = isForeign
            ? $"it belongs to {Identity.Find(owner.User.ToString())?.Name ?? $"the user {owner.User}"}"
            : $"its mode is {Convert.ToString((int)owner.Permissions, 8).PadLeft(4, '0')}";
        return new LabException(ExitCode.Usage, $"Others can change {path} ({why}), so it is not used.")
        {
            Hints =
            [
                "Look whether what it says is yours.",
                isForeign
                    ? $"Then make it yours:  chown {Shell.Quote(home.UserName)} {Shell.Quote(path)}"
                    : $"Then let nobody else write it:  chmod go-w {Shell.Quote(path)}",
            ],
        };
    }

    private static void RefuseExchangeable(string path, string way, SshHome home)
    {
        if (
            Path.GetDirectoryName(way) is not { } folder
            || TrustedPath.WhyNot(folder, home.UserId, home.PrivateGroup) is not { } distrust
        )
        {
            return;
        }

        throw new LabException(ExitCode.Usage, $"Others can exchange {path} ({distrust.Why}), so it is not used.")
        {
            Hints =
            [
                "Look whether what it says is yours.",
                distrust.Remedy is { } remedy
                    ? $"Then let nobody else write there:  {remedy}"
                    : $"Then have {home.UserName} own {distrust.Path}, or put the file elsewhere.",
            ],
        };
    }
}
