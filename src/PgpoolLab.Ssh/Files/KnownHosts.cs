using PgpoolLab.Model;

namespace PgpoolLab.Ssh.Files;

/// <summary>What the files say about the key that a host shows.</summary>
public enum HostKeyVerdict
{
    /// <summary>It is the host's.</summary>
    Known,

    /// <summary>They have no key of this host.</summary>
    Unknown,

    /// <summary>They have another key of this host.</summary>
    Changed,

    /// <summary>They say that nobody may trust this key any more.</summary>
    Revoked,
}

/// <summary>The answer of <see cref="KnownHosts"/>.</summary>
/// <param name="Verdict">What they say.</param>
/// <param name="Entries">The lines about this host; of a revoked key, those that revoke it.</param>
/// <param name="Notes">Lines about this host that were not used, and why.</param>
public sealed record HostKeyAnswer(
    HostKeyVerdict Verdict,
    IReadOnlyList<KnownHostsEntry> Entries,
    IReadOnlyList<string> Notes
);

/// <summary>The keys of hosts that somebody has made sure of: <c>~/.ssh/known_hosts</c> and its like.</summary>
/// <remarks>sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT".</remarks>
public sealed class KnownHosts
{
    private const int UsualPort = 22;
    private readonly IReadOnlyList<KnownHostsEntry> _entries;

    private KnownHosts(IReadOnlyList<KnownHostsEntry> entries) => _entries = entries;

    /// <summary>Reads these files. One that is not there has nothing to say.</summary>
    /// <param name="files">The files.</param>
    /// <param name="home">Whose they should be.</param>
    /// <param name="revoked">Files with keys that no host may show; these must be there.</param>
    /// <exception cref="LabException">Others can change one; or one with revoked keys cannot be used.</exception>
    /// <exception cref="IOException">One cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">One may not be read.</exception>
    public static KnownHosts Read(IEnumerable<string> files, SshHome home, IEnumerable<string>? revoked = null)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(home);
        return new KnownHosts([
            .. files.SelectMany(f => Parse(f, DecisiveFile.ReadText(f, home) ?? "")),
            .. (revoked ?? []).SelectMany(f => RevokedKeys.Read(f, home)),
        ]);
    }

    /// <summary>Reads the text of one.</summary>
    internal static KnownHosts Of(string file, string text) => new([.. Parse(file, text)]);

    private static IEnumerable<KnownHostsEntry> Parse(string file, string text) =>
        text.Split('\n')
            .Select((line, index) => KnownHostsEntry.TryParse(file, index + 1, line))
            .OfType<KnownHostsEntry>();

    /// <summary>The name under which a host is in the files.</summary>
    public static string NameOf(string host, int port)
    {
        ArgumentNullException.ThrowIfNull(host);
        var name = host.ToLowerInvariant();
        return port == UsualPort ? name : $"[{name}]:{port}";
    }

    /// <summary>The types of keys that are known of a host: another type than these would look like another
    /// key.</summary>
    /// <param name="name">From <see cref="NameOf"/>.</param>
    public IReadOnlyList<string> TypesOf(string name) =>
        [.. Plain(name).Select(e => e.Key.Type).Distinct(StringComparer.Ordinal)];

    private IEnumerable<KnownHostsEntry> Plain(string name) =>
        _entries.Where(e => e.Marker is HostKeyMarker.None && e.IsAbout(name));

    /// <summary>Compares the key that a host shows.</summary>
    /// <param name="name">From <see cref="NameOf"/>.</param>
    /// <param name="shown">The key.</param>
    public HostKeyAnswer Compare(string name, SshKey shown)
    {
        KnownHostsEntry[] revoking =
        [
            .. _entries.Where(e => e.Marker is HostKeyMarker.Revoked && e.Key.Equals(shown) && e.IsAbout(name)),
        ];
        var notes = _entries
            .Where(e => e.Marker is HostKeyMarker.CertificateAuthority && e.IsAbout(name))
            .Select(e => $"{e.Place}: @cert-authority is not used, as certificates of hosts are not supported")
            .ToArray();
        if (revoking.Length > 0)
        {
            return new HostKeyAnswer(HostKeyVerdict.Revoked, revoking, notes);
        }

        KnownHostsEntry[] known = [.. Plain(name)];
        var verdict =
            known.Length == 0 ? HostKeyVerdict.Unknown
            : known.Any(e => e.Key.Equals(shown)) ? HostKeyVerdict.Known
            : HostKeyVerdict.Changed;
        return new HostKeyAnswer(verdict, known, notes);
    }
}
