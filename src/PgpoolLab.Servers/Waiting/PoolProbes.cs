using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Servers.Waiting;

/// <summary>What Pgpool-II should show of one node.</summary>
/// <param name="Id">The node.</param>
/// <param name="Role">The role it should have; null when the mode has no roles that matter.</param>
/// <param name="Streams">Whether it streams from the primary; PostgreSQL itself is asked for that.</param>
public sealed record ExpectedNode(int Id, string? Role, bool Streams)
{
    /// <summary>The role of the node that is written to, as Pgpool-II calls it in streaming replication.</summary>
    public const string Primary = "primary";

    /// <summary>Every node up in the role the lab was made for.</summary>
    public static IReadOnlyList<ExpectedNode> AllOf(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab.Nodes.Select(n => Of(lab, n, n.Id == 0)).ToArray();
    }

    /// <summary>One node up.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="node">The node.</param>
    /// <param name="isPrimary">Whether it is to be the primary; of meaning in streaming replication alone: elsewhere
    /// Pgpool-II says "main" and "replica".</param>
    public static ExpectedNode Of(Lab lab, PostgresNode node, bool isPrimary)
    {
        ArgumentNullException.ThrowIfNull(lab);
        ArgumentNullException.ThrowIfNull(node);
        return new ExpectedNode(
            node.Id,
            lab.Mode is ClusteringMode.StreamingReplication
                ? isPrimary
                    ? Primary
                    : "standby"
                : null,
            lab.Mode is ClusteringMode.StreamingReplication && !isPrimary
        );
    }

    /// <inheritdoc/>
    public override string ToString() => Role is null ? $"node {Id} up" : $"node {Id} up as {Role}";
}

/// <summary>Waits until one Pgpool-II shows every node up in the role it should have.</summary>
/// <param name="Host">Where it runs.</param>
/// <param name="Lab">The lab.</param>
/// <param name="Pgpool">The Pgpool-II.</param>
/// <param name="Expected">The nodes that must be up.</param>
/// <param name="ProcessId">Pgpool-II's first process.</param>
public sealed record PgpoolShowsNodes(
    IHost Host,
    Lab Lab,
    PgpoolNode Pgpool,
    IReadOnlyList<ExpectedNode> Expected,
    int ProcessId
) : IProbe, IAsyncDisposable
{
    private SimpleQuery? _session;

    /// <inheritdoc/>
    public string Expectation => $"{Lab.TitleOf(Pgpool)} on port {Pgpool.Port} shows {string.Join(", ", Expected)}";

    /// <inheritdoc/>
    public ServerLog? Log => ServerLog.Of(Pgpool);

    /// <summary>What it showed when it was last looked at; null when it did not answer.</summary>
    internal IReadOnlyList<PoolNode>? LastSeen { get; private set; }

    /// <inheritdoc/>
    public async Task<Observation> CheckAsync(CancellationToken cancellationToken)
    {
        var (nodes, problem) = await AskAsync(cancellationToken);
        LastSeen = nodes;
        if (nodes is null)
        {
            return new Observation(false, problem ?? "no answer");
        }

        var holds = Expected.All(e =>
            nodes.Any(n => n.Id == e.Id && n.Status is ("up" or "waiting") && (e.Role is null || n.Role == e.Role))
        );
        return new Observation(holds, string.Join(", ", nodes.Select(n => $"node {n.Id} {n.Status} as {n.Role}")));
    }

    /// <inheritdoc/>
    public async Task<string?> WhySubjectIsGoneAsync(CancellationToken cancellationToken) =>
        !await Host.Processes.RunsAsync(ProcessId, startedAt: null, cancellationToken) ? "Pgpool-II has ended" : null;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_session is not null)
        {
            await _session.DisposeAsync();
            _session = null;
        }
    }

    // One session for all looks: each of its own would cost Pgpool-II a connection to every node.
    private async Task<(IReadOnlyList<PoolNode>? Nodes, string? Problem)> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            var refusal = (SimpleQuery.Answer?)null;
            if (_session is null)
            {
                (_session, refusal) = await PgpoolQuestion.OpenAsync(Host, Lab, Pgpool, cancellationToken);
            }

            return _session is not null ? await PoolNodes.AskForRolesAsync(_session, Lab, cancellationToken)
                : refusal is not null ? (null, refusal.Error)
                : await PoolNodes.AskAsync(Host, Lab, Pgpool, cancellationToken);
        }
        catch (Exception error) when (error is System.Net.Sockets.SocketException or IOException)
        {
            await DisposeAsync();
            return (null, ServerProblem.Of(error));
        }
    }
}
