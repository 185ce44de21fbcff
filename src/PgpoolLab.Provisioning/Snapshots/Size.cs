using System.Globalization;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>Sizes for people.</summary>
public static class Size
{
    /// <summary>As "512 kB", "34 MB" or "1.2 GB".</summary>
    public static string Of(long bytes) =>
        bytes >= 1_000_000_000 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB")
        : bytes >= 1_000_000 ? $"{bytes / 1_000_000} MB"
        : $"{Math.Max(0, bytes) / 1000} kB";
}
