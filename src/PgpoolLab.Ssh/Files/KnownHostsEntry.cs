namespace PgpoolLab.Ssh.Files;

/// <summary>What a line is for.</summary>
public enum HostKeyMarker
{
    /// <summary>The key of a host.</summary>
    None,

    /// <summary><c>@revoked</c>: nobody may trust it any more.</summary>
    Revoked,

    /// <summary><c>@cert-authority</c>: it signs keys of hosts.</summary>
    CertificateAuthority,
}

/// <summary>A line of a file of known hosts.</summary>
public sealed class KnownHostsEntry
{
    private static readonly char[] Blanks = [' ', '\t', '\r'];
    private readonly string _names;

    private KnownHostsEntry(string file, int line, HostKeyMarker marker, string names, SshKey key)
    {
        File = file;
        Line = line;
        Marker = marker;
        _names = names;
        Key = key;
    }

    /// <summary>The file.</summary>
    public string File { get; }

    /// <summary>Its line, from 1.</summary>
    public int Line { get; }

    /// <summary>What the line is for.</summary>
    public HostKeyMarker Marker { get; }

    /// <summary>The key.</summary>
    public SshKey Key { get; }

    /// <summary>Where it is, for people.</summary>
    public string Place => $"{File} line {Line}";

    /// <summary>A line that revokes a key, whichever host shows it.</summary>
    internal static KnownHostsEntry Revoking(string file, int line, SshKey key) =>
        new(file, line, HostKeyMarker.Revoked, "*", key);

    /// <returns>Null for an empty line, a comment, and what no program understands.</returns>
    internal static KnownHostsEntry? TryParse(string file, int number, string line)
    {
        var words = line.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length == 0 || words[0].StartsWith('#'))
        {
            return null;
        }

        HostKeyMarker? marker = words[0] switch
        {
            "@revoked" => HostKeyMarker.Revoked,
            "@cert-authority" => HostKeyMarker.CertificateAuthority,
            ['@', ..] => null,
            _ => HostKeyMarker.None,
        };
        var rest = marker is HostKeyMarker.None ? words : words[1..];
        return marker is { } known && rest.Length >= 3 && SshKey.TryParse(rest[1], rest[2]) is { } key
            ? new KnownHostsEntry(file, number, known, rest[0], key)
            : null;
    }

    /// <summary>True when the line is about a host.</summary>
    /// <param name="name">From <see cref="KnownHosts.NameOf"/>.</param>
    internal bool IsAbout(string name) =>
        _names.StartsWith('|')
            ? HashedName.Fits(_names, name)
            : SshPattern.FitsOneOf(name, _names.ToLowerInvariant().Split(','));
}
