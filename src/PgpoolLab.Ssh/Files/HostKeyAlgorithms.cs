namespace PgpoolLab.Ssh.Files;

/// <summary>Which algorithms a host may prove itself with.</summary>
internal static class HostKeyAlgorithms
{
    /// <summary>Those without known weaknesses, the best first. SHA-1 and DSA are not among them.</summary>
    internal static IReadOnlyList<string> Safe { get; } =
    [
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "rsa-sha2-512",
        "rsa-sha2-256",
    ];

    /// <summary>What to ask a host for. A host that has several keys shows one: of those that are known.</summary>
    /// <param name="known">From <see cref="KnownHosts.TypesOf"/>.</param>
    internal static IReadOnlyList<string> For(IReadOnlyList<string> known)
    {
        string[] some = [.. Safe.Where(a => known.Contains(TypeOf(a)))];
        return some.Length > 0 ? some : Safe;
    }

    /// <summary>The type of key that an algorithm uses.</summary>
    internal static string TypeOf(string algorithm) =>
        algorithm.StartsWith("rsa-", StringComparison.Ordinal) ? "ssh-rsa" : algorithm;
}
