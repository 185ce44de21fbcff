using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Does not let a node be started whose online recovery was killed: it is neither what it was nor a standby
/// yet.</summary>
/// <param name="Node">The node.</param>
public sealed record RequireRecovered(PostgresNode Node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Look whether the online recovery of node {Node.Id} has ended";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => [Rule(Node)];

    /// <summary>What it looks for, in words.</summary>
    internal static string Rule(PostgresNode node) =>
        $"do not start it if its online recovery did not come to an end ({LabNames.KeptBeside($"data{node.Id}")})";

    /// <summary>Why such a node is not started.</summary>
    internal static LabException Unfinished(PostgresNode node) =>
        new(ExitCode.Failed, $"Node {node.Id} is not started: its online recovery did not come to an end.")
        {
            Hints = [$"Try it again:  pgpoollab recover {node.Id}"],
        };

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var server = new LiveLab(context.Host, context.Lab, context.Probes).Of(Node);
        if (await server.FindAsync(cancellationToken) is not null)
        {
            return; // as what runs is left alone
        }

        var history = new LabHistory(context.Host, context.Lab);
        var outdated = await history.FindOutdatedPrimariesAsync(cancellationToken);
        if ((await history.FindUnfinishedAsync(outdated, cancellationToken)).Any(n => n.Id == Node.Id))
        {
            throw Unfinished(Node);
        }
    }
}
