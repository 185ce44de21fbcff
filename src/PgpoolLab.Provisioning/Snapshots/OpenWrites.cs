using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>What a node has open.</summary>
/// <param name="Writing">Sessions in a transaction that has written.</param>
/// <param name="Working">Sessions at work on a statement, but for those that wait for a lock.</param>
internal readonly record struct OpenOnNode(int Writing, int Working);

/// <summary>Looks for a moment at which every write is on all nodes or on none, where Pgpool-II sends each to all of
/// them: it commits on one after the other, and whoever looks in between finds nodes that differ.</summary>
/// <remarks>Pgpool-II writes on its main node first and commits there last. So when as many transactions that have
/// written are open on each node, none is committed on one and open on another.</remarks>
internal sealed class OpenWrites : IAsyncDisposable
{
    private const string Question =
        "SELECT count(*) FILTER (WHERE backend_xid IS NOT NULL)::text, "
        + "count(*) FILTER (WHERE state = 'active' AND wait_event_type IS DISTINCT FROM 'Lock')::text "
        + "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

    private readonly List<PostgresClient> _nodes = [];
    private readonly Func<bool> _inTime;
    private readonly Action<string> _note;

    private OpenWrites(Func<bool> inTime, Action<string> note) => (_inTime, _note) = (inTime, note);

    /// <summary>Opens a session on each node that runs, where there is something to watch.</summary>
    internal static async Task<OpenWrites> WatchAsync(
        Lab lab,
        RunningLab running,
        Func<bool> inTime,
        Action<string> note
    )
    {
        var watch = new OpenWrites(inTime, note);
        foreach (
            var node in lab.Mode.WritesEverywhere() && running.Pgpools.Count > 0
                ? lab.OwnNodes.Where(n => running.Nodes.Contains(n.Id))
                : []
        )
        {
            try
            {
                watch._nodes.Add(
                    await PostgresClient.ConnectAsync(lab, node.Port, Lab.MaintenanceDatabase, CancellationToken.None)
                );
            }
            catch (Exception error) when (PostgresClient.Explain(error) is { } problem)
            {
                note($"Node {node.Id} does not answer ({problem}): whether all nodes have the same cannot be seen.");
                await watch.DisposeAsync();
                watch._nodes.Clear();
                break;
            }
        }

        return watch;
    }

    /// <summary>True when what the nodes have open is the same on all of them.</summary>
    internal static bool AreAlike(IReadOnlyList<OpenOnNode> open) =>
        open.All(n => n.Working == 0) && open.Select(n => n.Writing).Distinct().Count() <= 1;

    /// <summary>Looks, while every Pgpool-II stands still: what the nodes are at work on comes to its end.</summary>
    /// <returns>False to let them go on for a moment, and look again.</returns>
    internal async Task<bool> AreSettledAsync(CancellationToken cancellationToken)
    {
        if (_nodes.Count < 2)
        {
            return true;
        }

        const int looks = 10;
        for (var look = 0; look < looks; look++)
        {
            var open = new List<OpenOnNode>();
            foreach (var node in _nodes)
            {
                var row = (await node.RowsAsync(Question, cancellationToken))[0];
                open.Add(new OpenOnNode(int.Parse(row[0]!), int.Parse(row[1]!)));
            }

            if (AreAlike(open))
            {
                return true;
            }

            if (open.All(n => n.Working == 0))
            {
                break;
            }
        }

        if (_inTime())
        {
            return false;
        }

        _note(
            "There was no moment without writes that some nodes have and others not yet: nodes of a restored lab may "
                + "differ by these."
        );
        return true;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }
}
