using PgpoolLab.Model;
using PgpoolLab.Provisioning.Clusters;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Makes the clusters of one or more nodes from a template in the cache, or makes the template
/// first.</summary>
/// <param name="nodes">The nodes.</param>
/// <param name="alike">True when they are to be one and the same cluster, as a primary and its standbys are; false when
/// each is one of its own.</param>
public sealed class CreateNodes(IReadOnlyList<PostgresNode> nodes, bool alike) : IStep
{
    /// <summary>The nodes it makes.</summary>
    public IReadOnlyList<PostgresNode> Nodes => nodes;

    /// <inheritdoc/>
    public string Title =>
        nodes.Count == 1 ? $"Create node {nodes[0].Id}" : $"Create nodes {nodes[0].Id} to {nodes[^1].Id}";

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

        foreach (var node in nodes)
        {
            yield return $"copy TEMPLATE to {Hosts.Shell.Quote(node.DataDirectory)}";
        }
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var node in nodes)
        {
            context.Undo.Push(
                $"delete {node.DataDirectory}",
                ct => context.Host.Files.DeleteAsync(node.DataDirectory, ct).AsTask()
            );
        }

        var recipe = ClusterRecipe.Of(context.Lab);
        var targets = nodes.Select(n => n.DataDirectory).ToArray();
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
            ClusterIdentity.Set(target, alike ? identifier : identifier++);
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
        var folder = $"{context.Lab.Paths.Hidden}/template";
        context.Undo.Push(
            $"delete {folder}",
            async ct =>
            {
                await new Orphans(context.Host, context.Probes).EndAsync([ClusterTemplate.DataOf(folder)]);
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

/// <summary>Copies a running node with pg_basebackup.</summary>
/// <param name="node">The node to make.</param>
/// <param name="source">The node to copy: the primary, or one of its standbys.</param>
public sealed class CopyNode(PostgresNode node, PostgresNode source) : IStep
{
    /// <summary>The node it makes.</summary>
    public PostgresNode Node => node;

    /// <inheritdoc/>
    public string Title => $"Copy node {source.Id} to node {node.Id} (pg_basebackup)";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return Command(lab).ToString();
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Undo.Push(
            $"delete {node.DataDirectory}",
            async ct =>
            {
                // It has a second process, which fetches WAL and ends a moment after the first.
                await new Orphans(context.Host, context.Probes).EndAsync([node.DataDirectory]);
                await context.Host.Files.DeleteAsync(node.DataDirectory, ct);
            }
        );
        (await context.Host.Programs.RunAsync(Command(context.Lab), cancellationToken)).OrThrow(
            $"copy node {source.Id} to node {node.Id}"
        );
    }

    private Hosts.CommandSpec Command(Lab lab) =>
        PgBaseBackup.Create(
            lab.Tools,
            LabSockets.ProbeHost(lab),
            source.Port,
            lab.Owner,
            withWal: !lab.UseSlots,
            node.DataDirectory
        );
}

/// <summary>A checkpoint on the primary, replayed by a standby: what is copied of that from now on begins to stream
/// there, and not before the switch of WAL segments at the end of its own backup, with 16 MB of zeros after
/// it.</summary>
/// <param name="primary">The primary.</param>
/// <param name="standby">The standby that is to be copied.</param>
public sealed class MoveOn(PostgresNode primary, PostgresNode standby) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Checkpoint, replayed on node {standby.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"CHECKPOINT   (on node {primary.Id})";
        yield return $"SELECT application_name FROM pg_stat_replication WHERE replay_lsn >= ...   (until {standby.ApplicationName} is among them)";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await using var client = await context.Sessions.OpenAsync(primary, "postgres", cancellationToken);
            await client.ExecuteAsync("CHECKPOINT", cancellationToken);
            var position = (await client.RowsAsync("SELECT pg_current_wal_lsn()::text", cancellationToken))[0][0];
            await context.Probes.WaitAsync(
                new HasReplayed(context.Lab, client, primary, standby, position!),
                ProbeRunner.Patience,
                cancellationToken
            );
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            var log = NodeLog.Of(context.Lab, primary);
            throw new LabException(ExitCode.Failed, $"Could not make a checkpoint on node {primary.Id}: {seen}", error)
            {
                LogFile = log,
                LogTail = await LogTail.ReadAsync(context.Host, log, cancellationToken),
            };
        }
    }
}

/// <summary>Starts one PostgreSQL and waits until it accepts connections.</summary>
/// <param name="node">The node.</param>
public sealed class StartNode(PostgresNode node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Start node {node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{PostgresCommand.Start(lab.Tools, node.DataDirectory)}   (port {node.Port})";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var servers = new LiveLab(context.Host, context.Lab, context.Probes);
        if (await servers.Of(node).FindAsync(cancellationToken) is null)
        {
            context.Undo.Push($"stop node {node.Id}", ct => servers.Of(node).StopAsync(ct));
        }

        await servers.Of(node).StartAsync(cancellationToken);
    }
}

/// <summary>Stops one PostgreSQL (fast shutdown).</summary>
/// <param name="node">The node.</param>
/// <param name="after">Those who must not take it for a failure, and are being stopped at the same time.</param>
public sealed class StopNode(PostgresNode node, params IReadOnlyList<StopPgpool> after) : IStep
{
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

/// <summary>Creates the standbys' replication slots.</summary>
/// <param name="primary">The primary.</param>
/// <param name="standbys">The standbys.</param>
public sealed class CreateSlots(PostgresNode primary, IReadOnlyList<PostgresNode> standbys) : IStep
{
    /// <inheritdoc/>
    public string Title => "Create replication slots";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        // They keep WAL from now on (true): the checkpoint of one base backup would else remove what another still
        // needs.
        standbys.Select(s => $"SELECT pg_create_physical_replication_slot('{s.SlotName}', true)");

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await using var client = await context.Sessions.OpenAsync(primary, "postgres", cancellationToken);
            await client.ExecuteAsync(string.Join(";\n", Preview(context.Lab)), cancellationToken);
        }
        catch (Npgsql.PostgresException error)
        {
            var log = NodeLog.Of(context.Lab, primary);
            throw new LabException(
                ExitCode.Failed,
                $"Could not create replication slots on node {primary.Id}: {error.MessageText}",
                error
            )
            {
                LogFile = log,
                LogTail = await LogTail.ReadAsync(context.Host, log, cancellationToken),
            };
        }
    }
}

/// <summary>Waits until every standby streams.</summary>
/// <param name="primary">The primary.</param>
/// <param name="standbys">The standbys.</param>
public sealed class AwaitStreaming(PostgresNode primary, IReadOnlyList<PostgresNode> standbys) : IStep
{
    /// <inheritdoc/>
    public string Title =>
        standbys.Count == 1
            ? $"Wait until node {standbys[0].Id} streams"
            : $"Wait until {standbys.Count} standbys stream";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"SELECT application_name, state FROM pg_stat_replication   (on node {primary.Id}, until all are 'streaming')";
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Probes.WaitAsync(
            new StandbysAreStreaming(context.Lab, context.Sessions, primary, standbys),
            ProbeRunner.Patience,
            cancellationToken
        );
    }
}

/// <summary>Publishes every table of the users' database.</summary>
/// <param name="node">The node that is written to.</param>
public sealed class Publish(PostgresNode node) : IStep
{
    internal const string Publication = "pgpoollab";

    /// <inheritdoc/>
    public string Title => $"Publish all tables of node {node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"CREATE PUBLICATION {Publication} FOR ALL TABLES   (in {Lab.Database})";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        await using var client = await PostgresClient.ConnectByTcpAsync(
            context.Lab,
            node.Port,
            Lab.Database,
            cancellationToken
        );
        await client.ExecuteAsync($"CREATE PUBLICATION {Publication} FOR ALL TABLES", cancellationToken);
    }
}

/// <summary>Subscribes a node to what another publishes.</summary>
/// <param name="node">The subscriber.</param>
/// <param name="publisher">The publisher.</param>
public sealed class Subscribe(PostgresNode node, PostgresNode publisher) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Subscribe node {node.Id} to node {publisher.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{Statement(lab)}   (in {Lab.Database})";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        await using var client = await PostgresClient.ConnectByTcpAsync(
            context.Lab,
            node.Port,
            Lab.Database,
            cancellationToken
        );
        await client.ExecuteAsync(Statement(context.Lab), cancellationToken);
    }

    internal static string NameOf(PostgresNode node) => $"pgpoollab_{node.Id}";

    private string Statement(Lab lab)
    {
        var connection =
            $"host=localhost port={publisher.Port} dbname={Lab.Database} "
            + $"user={ConfigQuoting.ConnectionValue(lab.Owner)}{(lab.Asks ? $" passfile={ConfigQuoting.ConnectionValue(new LabPaths(lab.Pgpool.ServerFolder).PgPass)}" : "")}";
        return $"CREATE SUBSCRIPTION {NameOf(node)} CONNECTION "
            + $"'{connection.Replace("'", "''", StringComparison.Ordinal)}' PUBLICATION "
            + $"{Publish.Publication}";
    }
}
