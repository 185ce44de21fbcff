using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Programs;

/// <summary>Where a server writes its log, as a plain value. Which file that is at the moment its host is asked when
/// somebody reads it, and not before.</summary>
/// <param name="File">The lab's own file.</param>
/// <param name="Folder">Where the server names files by itself: the newest of them counts, once there is one. Null for
/// a server that writes to <paramref name="File"/> alone.</param>
public sealed record ServerLog(string File, string? Folder = null)
{
    /// <summary>The log of a PostgreSQL. In a lab of pgpool_setup's conventions it lies in the data folder.</summary>
    public static ServerLog Of(Lab lab, PostgresNode node)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(node);
        return new(
            lab.ServerPaths.NodeLog(node.Id),
            lab.Conventions.NodesLogForThemselves ? $"{node.DataDirectory}/log" : null
        );
    }

    /// <summary>The log of a Pgpool-II.</summary>
    public static ServerLog Of(PgpoolNode pgpool)
    {
        ArgumentNullException.ThrowIfNull(pgpool);
        return new(pgpool.Paths.PgpoolLog);
    }

    /// <summary>The file that is written at the moment; it need not be there.</summary>
    public async ValueTask<string> FindAsync(IHost host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        return Folder is null ? File : await FindNewestAsync(host.Files, Folder, cancellationToken) ?? File;
    }

    private static async Task<string?> FindNewestAsync(IFiles files, string folder, CancellationToken cancellationToken)
    {
        try
        {
            var logs = (await files.ListAsync(folder, cancellationToken))
                .Where(n => n.EndsWith(".log", StringComparison.Ordinal))
                .Select(async n =>
                    (Path: $"{folder}/{n}", Facts: await files.LookAsync($"{folder}/{n}", cancellationToken))
                );
            return (await Task.WhenAll(logs))
                .Where(l => l.Facts?.Kind is FileKind.File)
                .OrderByDescending(l => l.Facts!.Written)
                .Select(l => l.Path)
                .FirstOrDefault();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
