using PgpoolLab.Model;
using PgpoolLab.Provisioning.Clusters;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers.Programs;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Makes the clusters of one or more nodes from a template in the cache, or makes the template
/// first.</summary>
/// <param name="Nodes">The nodes.</param>
/// <param name="Alike">True when they are to be one and the same cluster, as a primary and its standbys are; false when
/// each is one of its own.</param>
public sealed record CreateNodes(ValueList<PostgresNode> Nodes, bool Alike) : IStep
{
    /// <inheritdoc/>
    public string Title =>
        Nodes.Count == 1 ? $"Create node {Nodes[0].Id}" : $"Create nodes {Nodes[0].Id} to {Nodes[^1].Id}";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.CreateNodes) { Nodes = [.. Nodes.Select(n => n.Id)] };

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var recipe = ClusterRecipe.Of(lab);
        yield return "unless the cache (pgpoollab cache list) has a cluster made like this:";
        foreach (var command in recipe.Commands("TEMPLATE"))
        {
            yield return $"  {command}";
        }

        foreach (var statement in recipe.Statements)
        {
            yield return $"    {statement}";
        }

        foreach (var node in Nodes)
        {
            yield return $"copy TEMPLATE to {Hosts.Shell.Quote(node.DataDirectory)}";
        }
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var node in Nodes)
        {
            NodeFolders.DeleteAtUndo(context, node);
        }

        var recipe = ClusterRecipe.Of(context.Lab);
        var targets = Nodes.Select(n => n.DataDirectory).ToArray();
        if (ClusterCache.Of(context.Host, context.Probes, context.Time) is { } cache)
        {
            try
            {
                var cached = await cache.CopyAsync(recipe, targets, cancellationToken);
                context.Log.Information(
                    "clusters copied from {Folder}, where their template was {How}",
                    cache.Folder,
                    cached ? "already" : "made for it"
                );
            }
            catch (CacheUnusableException error)
            {
                context.Note($"{error.Message}. The lab is made without it.");
                await CopyWithoutCacheAsync(context, recipe, targets, error.Message, cancellationToken);
            }
        }
        else
        {
            await CopyWithoutCacheAsync(
                context,
                recipe,
                targets,
                "this user has no folder for a cache (XDG_CACHE_HOME, or .cache in a home)",
                cancellationToken
            );
        }

        var identifier = ClusterIdentity.New(context.Time.GetUtcNow());
        foreach (var target in targets)
        {
            ClusterIdentity.Set(target, Alike ? identifier : identifier++);
            await BuildingSettings.AddAsync(context, target, cancellationToken);
        }
    }

    private static async Task CopyWithoutCacheAsync(
        StepContext context,
        ClusterRecipe recipe,
        string[] targets,
        string reason,
        CancellationToken cancellationToken
    )
    {
        var folder = context.Lab.Paths.Template;
        context.Undo.Push(
            $"delete {folder}",
            async ct =>
            {
                await new Orphans(context.Host, context.Probes).EndAsync([context.Lab.Paths.TemplateData]);
                await context.Host.Files.DeleteAsync(folder, ct);
            }
        );
        (await ClusterTemplate.MakeAsync(folder, recipe, context.Host, context.Time, cancellationToken)).CopyTo(
            targets,
            cancellationToken
        );
        await context.Host.Files.DeleteAsync(folder, cancellationToken);
        context.Log.Information("{Reason}: the clusters were made from scratch", reason);
    }
}

/// <summary>A node's data folder, and what online recovery makes beside it.</summary>
internal static class NodeFolders
{
    /// <summary>Has them deleted when setup is undone. A server that dies while the lab is proved makes Pgpool-II fail
    /// over, and a recovery begins; pg_basebackup has a second process, which ends a moment after the first.</summary>
    internal static void DeleteAtUndo(StepContext context, PostgresNode node) =>
        context.Undo.Push(
            $"delete {node.DataDirectory}",
            async ct =>
            {
                string[] folders =
                [
                    .. LabInventory
                        .Of(context.Lab)
                        .Items.Where(i => i is { Kind: LabItemKind.Folder, Use: LabItemUse.Data })
                        .Where(i => i.Number == node.Id)
                        .Select(i => i.Path)
                        .Append(node.DataDirectory)
                        .Distinct(),
                ];
                await new Orphans(context.Host, context.Probes).EndAsync(folders);
                foreach (var folder in folders)
                {
                    await context.Host.Files.DeleteAsync(folder, ct);
                }
            }
        );
}

/// <summary>Copies a running node with pg_basebackup.</summary>
/// <param name="Node">The node to make.</param>
/// <param name="Source">The node to copy: the primary, or one of its standbys.</param>
public sealed record CopyNode(PostgresNode Node, PostgresNode Source) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Copy node {Source.Id} to node {Node.Id} (pg_basebackup)";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.CopyNode, Node.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return Command(lab).ToString();
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        NodeFolders.DeleteAtUndo(context, Node);
        await CopyAsync(context, cancellationToken);
    }

    internal async Task CopyAsync(StepContext context, CancellationToken cancellationToken) =>
        (await context.Host.Programs.RunAsync(Command(context.Lab), cancellationToken)).OrThrow(
            $"copy node {Source.Id} to node {Node.Id}"
        );

    private Hosts.CommandSpec Command(Lab lab)
    {
        var isHere = lab.OwnNodes.Contains(Source);
        var command = PgBaseBackup.Create(
            lab.Tools,
            isHere ? LabSockets.ProbeHost(lab) : lab.AddressOf(Source.Host),
            Source.Port,
            isHere ? lab.Owner : lab.ReplicationRole,
            withWal: !lab.UseSlots,
            Node.DataDirectory
        );
        return isHere
            ? command
            : command with
            {
                Environment = new Dictionary<string, string?>(command.Environment)
                {
                    ["PGPASSFILE"] = lab.Pgpool.Paths.PgPass,
                    ["PGSSLMODE"] = "verify-full",
                    ["PGSSLROOTCERT"] = lab.Pgpool.Paths.TlsAuthority,
                    ["PGCONNECT_TIMEOUT"] = "10",
                },
            };
    }
}
