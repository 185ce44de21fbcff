using PgpoolLab.Model;

namespace PgpoolLab.Ssh.Files;

/// <summary>Keys that no host may show: <c>RevokedHostKeys</c>. A file that is not there or not understood may hold any
/// key, so that no host is connected to then; as with ssh.</summary>
/// <remarks>ssh_config(5); sshkey_check_revoked and sshkey_in_file of OpenSSH.</remarks>
internal static class RevokedKeys
{
    /// <remarks>PROTOCOL.krl of OpenSSH.</remarks>
    private const string BinaryList = "SSHKRL\n";

    private static readonly char[] Blanks = [' ', '\t', '\r'];

    /// <summary>Reads one file: a public key a line, and comments.</summary>
    /// <exception cref="LabException">It cannot be used.</exception>
    internal static IEnumerable<KnownHostsEntry> Read(string file, SshHome home)
    {
        string? text;
        try
        {
            text = DecisiveFile.ReadText(file, home);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(file, $"cannot be read: {error.Message.TrimEnd('.')}", error);
        }

        return text is null ? throw Unusable(file, "is not there") : Parse(file, text);
    }

    private static List<KnownHostsEntry> Parse(string file, string text)
    {
        if (text.StartsWith(BinaryList, StringComparison.Ordinal))
        {
            throw Unusable(file, "is a binary list (KRL), which pgpoollab does not read");
        }

        var entries = new List<KnownHostsEntry>();
        foreach (var (index, line) in text.Split('\n').Index())
        {
            var words = line.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0].StartsWith('#'))
            {
                continue;
            }

            // A certificate revokes the key in it.
            entries.Add(
                words.Length >= 2
                && !words[0].Contains("-cert-", StringComparison.Ordinal)
                && SshKey.TryParse(words[0], words[1]) is { } key
                    ? KnownHostsEntry.Revoking(file, index + 1, key)
                    : throw Unusable(file, $"has no public key in line {index + 1}")
            );
        }

        return entries;
    }

    private static LabException Unusable(string file, string why, Exception? error = null) =>
        new(
            ExitCode.Usage,
            $"RevokedHostKeys names {file}, which {why}: the key of any host may be revoked, so none is connected to.",
            error
        )
        {
            Hints =
            [
                "Make it a list of public keys, one a line, as ssh reads it, too; or name none (RevokedHostKeys none)",
            ],
        };
}
