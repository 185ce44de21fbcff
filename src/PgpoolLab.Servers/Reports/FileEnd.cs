using PgpoolLab.Hosts;

namespace PgpoolLab.Servers.Reports;

/// <summary>The end of a log.</summary>
internal static class FileEnd
{
    /// <summary>Reads it.</summary>
    /// <returns>Empty when there is no such file.</returns>
    internal static async Task<string> ReadAsync(
        IHost host,
        string file,
        int bytes,
        CancellationToken cancellationToken
    )
    {
        var (_, length) = await host.Files.ReadGrowthAsync(file, null, cancellationToken);
        var end = await host.Files.ReadPartAsync(file, Math.Max(0, length - bytes), bytes, cancellationToken);
        return end.Text;
    }
}
