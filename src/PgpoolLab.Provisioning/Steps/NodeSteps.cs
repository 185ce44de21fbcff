using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Starts one PostgreSQL and waits until it accepts connections.</summary>
/// <param name="Node">The node.</param>
public sealed record StartNode(PostgresNode Node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Start node {Node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{PostgresCommand.Start(lab.Tools, Node.DataDirectory)}   (port {Node.Port})";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var servers = new LiveLab(context.Host, context.Lab, context.Probes);
        if (await servers.Of(Node).FindAsync(cancellationToken) is null)
        {
            context.Undo.Push($"stop node {Node.Id}", ct => servers.Of(Node).StopAsync(ct));
        }

        await servers.Of(Node).StartAsync(cancellationToken);
    }
}

/// <summary>Stops one PostgreSQL (fast shutdown).</summary>
/// <param name="node">The node.</param>
/// <param name="after">Those who must not take it for a failure, and are being stopped at the same time.</param>
public sealed class StopNode(PostgresNode node, params IReadOnlyList<StopPgpool> after) : IStep, IEquatable<StopNode>
{
    private PostgresNode Node => node;

    private IReadOnlyList<StopPgpool> After => after;

    /// <summary>Equal when they stop the same.</summary>
    public bool Equals(StopNode? other) => other?.Node == node && after.SequenceEqual(other.After);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as StopNode);

    /// <inheritdoc/>
    public override int GetHashCode() => node.GetHashCode();

    /// <inheritdoc/>
    public string Title => $"Stop node {node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"SIGINT to the postgres of {Hosts.Shell.Quote(node.DataDirectory)}{(after.Count > 0 ? " as soon as Pgpool-II says that it ends" : "")}, wait for its end";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        await Task.WhenAll(after.Select(p => p.Leaving)).WaitAsync(cancellationToken);
        await new LiveLab(context.Host, context.Lab, context.Probes).Of(node).StopAsync(cancellationToken);
    }
}
