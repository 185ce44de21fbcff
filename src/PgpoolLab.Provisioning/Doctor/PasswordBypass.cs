using System.IO.Compression;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>CVE-2025-46801: with the method <c>password</c>, and a connection of that role still open, Pgpool-II takes
/// any password.</summary>
/// <remarks>docs/access.md; Pgpool-II's release notes of 4.2.22, 4.3.15, 4.4.12, 4.5.7 and 4.6.1.</remarks>
internal static class PasswordBypass
{
    internal const string Name = "CVE-2025-46801";

    /// <summary>Whether a release has it as its authors made it. 4.1 was given up without the fix.</summary>
    internal static bool IsIn(PgpoolVersion version) =>
        version.Number switch
        {
            401 => true,
            402 => version.Patch < 22,
            403 => version.Patch < 15,
            404 => version.Patch < 12,
            405 => version.Patch < 7,
            406 => version.Patch < 1,
            _ => false,
        };

    /// <summary>The programs that a distribution has fixed, by what its package says of itself.</summary>
    internal static async Task<IReadOnlyList<string>> FindFixedByDistributionAsync(
        IHost host,
        IEnumerable<PgpoolInstallation> found,
        CancellationToken cancellationToken
    )
    {
        string[] programs =
        [
            .. found
                .Where(p => p.Version is { } version && IsIn(version))
                .Select(p => p.Program)
                .Where(p => p is "/usr/sbin/pgpool" or "/usr/bin/pgpool"),
        ];
        const string changelog = "/usr/share/doc/pgpool2/changelog.Debian.gz";
        return programs.Length > 0 && await SaysFixedAsync(host, changelog, cancellationToken) ? programs : [];
    }

    private static async Task<bool> SaysFixedAsync(IHost host, string changelog, CancellationToken cancellationToken)
    {
        try
        {
            if (await host.Files.ReadBytesAsync(changelog, cancellationToken) is not { } compressed)
            {
                return false;
            }

            using var plain = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
            using var text = new StreamReader(plain);
            // The newest comes first.
            var start = new char[4 << 20];
            var read = await text.ReadBlockAsync(start, cancellationToken);
            return start.AsSpan(0, read).Contains(Name, StringComparison.Ordinal);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return false;
        }
    }
}
