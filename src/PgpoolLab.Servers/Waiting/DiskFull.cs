using PgpoolLab.Hosts;

namespace PgpoolLab.Servers.Waiting;

/// <summary>A disk with no room left. Servers say so in their logs, or fail in other words and cannot even log
/// it.</summary>
public static class DiskFull
{
    /// <summary>The system's words (ENOSPC) in every program's messages.</summary>
    public const string Words = "No space left on device";

    /// <summary>Less than one segment of a WAL file would need, and more than what a full disk has when the servers on
    /// it have died.</summary>
    private const long AlmostNothing = 2_000_000;

    /// <summary>Looks at the disk a folder lies on.</summary>
    /// <returns>What to say of it; null when it has room.</returns>
    public static async Task<string?> SeenAsync(IHost host, string folder, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        return await host.Files.FreeSpaceAsync(folder, cancellationToken) < AlmostNothing
            ? $"The disk under {folder} is full ({Words})."
            : null;
    }
}
