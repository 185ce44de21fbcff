using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Settings;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>Writes where the lab's servers reach each other, and notes whether that is by links.</summary>
/// <param name="From">The lab as it is.</param>
/// <param name="To">The lab as it is to be.</param>
public sealed record RewriteAddresses(Lab From, Lab To) : IStep
{
    /// <inheritdoc/>
    public string Title => To.Faults ? "Write the addresses of the links" : "Write addresses without links";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        FaultFiles
            .PathsOf(new ConfigRenderer(new TemplateStore(), ""), From, To)
            .Append(To.Paths.Manifest)
            .Select(p => $"write {Shell.Quote(p)}");

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var files = context.Host.Files;
        context.Undo.Push(
            "reload the nodes",
            ct => new Reloader(context.Host, From, context.Probes).ReloadAsync(From.OwnNodes, [], ct)
        );
        var changes = await new FaultFiles(context.Host, context.Renderer, From, To).ChangesAsync(cancellationToken);
        foreach (var change in changes)
        {
            context.Undo.Push(
                $"put back {change.Path}",
                async ct =>
                {
                    if (change.Before is { } before)
                    {
                        await files.WriteTextAsync(change.Path, before, change.Mode, ct);
                    }
                }
            );
            await files.WriteTextAsync(change.Path, change.After, change.Mode, cancellationToken);
        }

        context.Undo.Push(
            "note that it was taken back",
            _ =>
            {
                SaveLab.Save(From);
                return Task.CompletedTask;
            }
        );
        SaveLab.Save(To);
    }

    /// <summary>Equal for the same lab and the same change.</summary>
    public bool Equals(RewriteAddresses? other) =>
        other is not null
        && From.Id == other.From.Id
        && (From.Faults, To.Faults) == (other.From.Faults, other.To.Faults);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(From.Id, To.Faults);
}

/// <summary>Has nodes read their configuration again.</summary>
/// <param name="Nodes">The nodes.</param>
public sealed record ReloadNodes(ValueList<PostgresNode> Nodes) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Reload {string.Join(", ", Nodes.Select(n => $"node {n.Id}"))}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        Nodes.Select(n => $"SIGHUP to the PostgreSQL in {Shell.Quote(n.DataDirectory)}");

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        await new Reloader(context.Host, context.Lab, context.Probes).ReloadAsync(Nodes, [], cancellationToken);
    }
}
