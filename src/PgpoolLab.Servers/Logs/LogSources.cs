using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Servers.Logs;

/// <summary>Where a lab's logs are.</summary>
public static class LogSources
{
    /// <summary>Every log there may be, in the order in which messages of one moment are shown.</summary>
    public static async Task<IReadOnlyList<LogSource>> FindAsync(
        IHost host,
        Lab lab,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(lab);
        var sources = new List<LogSource> { new(LogKind.Tool, null, "pgpoollab", lab.ToolLog) };
        foreach (var node in lab.OwnsNodes ? lab.OwnNodes : [])
        {
            var label = $"node{node.Id}";
            sources.Add(new LogSource(LogKind.Node, node.Id, label, lab.ServerPaths.NodeLog(node.Id)));
            // What a server's own logging collector writes, as in labs of pgpool_setup: a file for each day.
            var folder = $"{node.DataDirectory}/log";
            sources.AddRange(
                (await host.Files.ListAsync(folder, cancellationToken))
                    .Where(f => f.EndsWith(".log", StringComparison.Ordinal))
                    .Order(StringComparer.Ordinal)
                    .Select(f => new LogSource(LogKind.Node, node.Id, label, $"{folder}/{f}"))
            );
        }

        foreach (var pgpool in lab.OwnPgpools)
        {
            var number = lab.HasWatchdog ? $"{pgpool.Id}" : "";
            var log = pgpool.Paths.Log;
            sources.Add(
                new LogSource(LogKind.Pgpool, pgpool.Id, $"pgpool{number}", pgpool.Paths.FormerPgpoolLog)
                {
                    IsFormer = true,
                }
            );
            sources.Add(new LogSource(LogKind.Pgpool, pgpool.Id, $"pgpool{number}", pgpool.Paths.PgpoolLog));
            sources.Add(new LogSource(LogKind.Script, pgpool.Id, $"failover{number}", $"{log}/failover.log"));
            sources.Add(new LogSource(LogKind.Script, pgpool.Id, $"recovery{number}", $"{log}/recovery.log"));
            sources.Add(new LogSource(LogKind.ScriptEvents, pgpool.Id, $"scripts{number}", pgpool.Paths.Events));
        }

        return sources;
    }
}
