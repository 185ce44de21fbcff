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
    public StepSubject Subject => new(StepAct.Start, Node.Id);

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
/// <param name="Node">The node.</param>
/// <param name="AtPgpoolsWord">True in a stage that Pgpool-II leads: it must not take this for a failure.</param>
public sealed record StopNode(PostgresNode Node, bool AtPgpoolsWord = false) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Stop node {Node.Id}";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.Stop, Node.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"SIGINT to the postgres of {Hosts.Shell.Quote(Node.DataDirectory)}"
            + (AtPgpoolsWord ? " as soon as Pgpool-II says that it ends" : "")
            + ", wait for its end";
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new LiveLab(context.Host, context.Lab, context.Probes).Of(Node).StopAsync(cancellationToken);
    }
}
