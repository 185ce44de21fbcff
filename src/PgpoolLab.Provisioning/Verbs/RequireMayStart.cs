using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>Looks, at the moment in which a node is to be started, whether it may: pg_rewind and pg_basebackup write
/// into its data folder while it follows a new primary or is recovered, and another node may have taken over from it
/// since the plan was made, or because it was stopped.</summary>
/// <param name="Node">The node.</param>
/// <param name="Patience">How long what is at work may take.</param>
public sealed record RequireMayStart(PostgresNode Node, TimeSpan Patience) : IStep
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <inheritdoc/>
    public string Title => $"Look whether node {Node.Id} may start";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return "wait until no failover, follow_primary or recovery works on it, at most "
            + $"{Patience.TotalSeconds:0} s";
        if (lab is { Mode: ClusteringMode.StreamingReplication, Conventions.KeepsOnePrimary: true })
        {
            yield return "do not start it if another node has taken over from it (pg_controldata, pg_wal/*.history)";
        }

        yield return RequireRecovered.Rule(Node);
    }

    /// <summary>What works on the node, or may make another one the primary; null when it may be started.</summary>
    /// <param name="report">A look.</param>
    public WorkUnderWay? Obstacle(NodesReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        // Pgpool-II looks for a primary for minutes, and there is none before a node is started.
        var nobodyElse = report.Nodes.All(n => n.Id == Node.Id || !n.Postgres.Up);
        return report.AtWork.FirstOrDefault(w =>
            w.Kind is not WorkKind.Command
            && w.Concerns(Node.Id)
            && !(nobodyElse && w is { Kind: WorkKind.Failover, Node: null })
        );
    }

    /// <summary>Why a node that was primary once is not started.</summary>
    internal static LabException Outdated(PostgresNode node) =>
        new(
            ExitCode.Failed,
            $"Node {node.Id} is not started: another node took over from it, and there would be two primaries."
        )
        {
            Hints = [$"Bring it back:  pgpoollab recover {node.Id}"],
        };

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var live = new LiveLab(context.Host, context.Lab, context.Probes);
        var inTime = context.Probes.Limit(Patience);
        NodesReport report;
        while (Obstacle(report = await live.LookAsync(cancellationToken)) is { } work)
        {
            if (!inTime())
            {
                throw new LabException(
                    ExitCode.Failed,
                    $"{work.Title}, and has not ended within {Patience.TotalSeconds:0} s: node {Node.Id} "
                        + "is not started."
                )
                {
                    Hints = ["Wait for its end:  pgpoollab wait --for healthy"],
                };
            }

            await context.Probes.PauseAsync(Interval, cancellationToken);
        }

        var history = new LabHistory(context.Host, context.Lab);
        var outdated = await history.FindOutdatedPrimariesAsync(cancellationToken);
        if (
            outdated.Any(n => n.Id == Node.Id)
            || (report.PrimaryElsewhere is not null && !await history.IsStandbyAsync(Node, cancellationToken))
        )
        {
            throw Outdated(Node);
        }

        if ((await history.FindUnfinishedAsync(outdated, cancellationToken)).Any(n => n.Id == Node.Id))
        {
            throw RequireRecovered.Unfinished(Node);
        }
    }
}
