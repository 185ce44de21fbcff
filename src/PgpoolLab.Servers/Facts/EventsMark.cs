using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Servers.Facts;

/// <summary>How long each Pgpool-II's events.jsonl was at a moment: the runs of scripts that it has grown by have ended
/// since. Nobody's clock matters for that.</summary>
public sealed class EventsMark
{
    private readonly Dictionary<string, long> _lengths = [];

    private EventsMark() { }

    /// <summary>Marks this moment. A file that cannot be read says nothing, and keeps no command from its
    /// work.</summary>
    /// <param name="host">Where the lab is.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<EventsMark> SetAsync(IHost host, Lab lab, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(lab);
        var mark = new EventsMark();
        foreach (var file in lab.OwnPgpools.Select(p => p.Paths.Events))
        {
            if (await host.Files.TryReadGrowthAsync(file, null, cancellationToken) is { Length: var length })
            {
                mark._lengths[file] = length;
            }
        }

        return mark;
    }

    /// <summary>How follow_primary.sh has ended for a node since, when it has failed and nothing has helped the node
    /// after that.</summary>
    /// <param name="host">Where the lab is.</param>
    /// <param name="lab">The lab.</param>
    /// <param name="node">The node.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Which Pgpool-II ran it, and its exit code; null when it has not failed.</returns>
    internal async Task<(PgpoolNode Pgpool, long ExitCode)?> FollowThatFailedAsync(
        IHost host,
        Lab lab,
        int node,
        CancellationToken cancellationToken
    )
    {
        foreach (var pgpool in lab.OwnPgpools)
        {
            var file = pgpool.Paths.Events;
            if (
                _lengths.TryGetValue(file, out var length)
                && await host.Files.TryReadGrowthAsync(file, length, cancellationToken) is { Text: var news }
                && StatusAsker.FollowsThatFailed(news).TryGetValue(node, out var code)
            )
            {
                return (pgpool, code);
            }
        }

        return null;
    }
}
