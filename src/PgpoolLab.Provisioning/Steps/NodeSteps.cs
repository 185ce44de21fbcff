using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Probes;
using PgpoolLab.Provisioning.Tools;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Runs initdb for the first node.</summary>
/// <param name="node">The node.</param>
public sealed class InitializeNode(PostgresNode node) : IStep
{
    /// <summary>The folder it makes.</summary>
    public string DataDirectory => node.DataDirectory;

    /// <inheritdoc/>
    public string Title => $"Create node {node.Id} (initdb)";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return InitDb.Create(lab.Tools, node.DataDirectory, lab.Owner, lab.PgpoolSetup?.InitDbArguments).ToString();
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Undo.Push($"delete {node.DataDirectory}", ct => context.Host.DeleteAsync(node.DataDirectory, ct).AsTask());
        (await context.Host.RunAsync(InitDb.Create(context.Lab.Tools, node.DataDirectory, context.Lab.Owner, context.Lab.PgpoolSetup?.InitDbArguments), cancellationToken)).OrThrow($"create node {node.Id}");
    }
}

/// <summary>Copies the running first node with pg_basebackup.</summary>
/// <param name="node">The node to make.</param>
/// <param name="source">The first node.</param>
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
        context.Undo.Push($"delete {node.DataDirectory}", ct => context.Host.DeleteAsync(node.DataDirectory, ct).AsTask());
        (await context.Host.RunAsync(Command(context.Lab), cancellationToken)).OrThrow($"copy node {source.Id} to node {node.Id}");
    }

    private Hosts.CommandSpec Command(Lab lab) =>
        PgBaseBackup.Create(lab.Tools, source.Port, lab.Owner, lab.UseSlots ? node.SlotName : null, node.DataDirectory);
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
        yield return $"{PostgresServer.Start(lab.Tools, node.DataDirectory)}   (port {node.Port})";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var servers = new LabServers(context.Host, context.Lab, context.Probes);
        if (await servers.FindNodeAsync(node, cancellationToken) is null)
        {
            context.Undo.Push($"stop node {node.Id}", ct => servers.StopNodeAsync(node, ct));
        }

        await servers.StartNodeAsync(node, cancellationToken);
    }
}

/// <summary>Stops one PostgreSQL (fast shutdown).</summary>
/// <param name="node">The node.</param>
public sealed class StopNode(PostgresNode node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Stop node {node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"SIGINT to the postgres of {Hosts.Shell.Quote(node.DataDirectory)}, wait for its end";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        await new LabServers(context.Host, context.Lab, context.Probes).StopNodeAsync(node, cancellationToken);
    }
}

/// <summary>Creates Pgpool-II's extensions, the users' database and roles, and the standbys' slots.</summary>
/// <param name="node">The primary.</param>
public sealed class PrepareNode(PostgresNode node) : IStep
{
    /// <inheritdoc/>
    public string Title => "Create extensions and database";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        // New databases are copies of template1: what is created there first is in all of them. Pgpool-II calls its functions there too.
        foreach (var extension in (string[])["pgpool_regclass", "pgpool_recovery"])
        {
            yield return $"CREATE EXTENSION {extension}";
        }

        yield return $"CREATE DATABASE {Lab.Database}";
        if (lab.Invoker is { } invoker)
        {
            yield return $"CREATE ROLE \"{invoker.Replace("\"", "\"\"", StringComparison.Ordinal)}\" SUPERUSER LOGIN";
        }

        if (lab.UseSlots)
        {
            // They keep WAL from now on (true): the checkpoint of one base backup would else remove what another still needs.
            foreach (var standby in lab.Nodes.Where(n => n != node))
            {
                yield return $"SELECT pg_create_physical_replication_slot('{standby.SlotName}', true)";
            }
        }
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await using var client = await PostgresClient.ConnectAsync(node.Port, context.Lab.Owner, "template1", cancellationToken);
            foreach (var statement in Preview(context.Lab))
            {
                await client.ExecuteAsync(statement, cancellationToken);
            }
        }
        catch (Npgsql.PostgresException error)
        {
            var log = NodeLog.Of(context.Lab, node);
            throw new LabException(ExitCode.Failed, $"Could not prepare node {node.Id}: {error.MessageText}", error)
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
    public string Title => standbys.Count == 1 ? $"Wait until node {standbys[0].Id} streams" : $"Wait until {standbys.Count} standbys stream";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"SELECT application_name, state FROM pg_stat_replication   (on node {primary.Id}, until all are 'streaming')";
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Probes.WaitAsync(new StandbysAreStreaming(context.Lab, primary, standbys), ProbeRunner.Patience, cancellationToken);
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
        await using var client = await PostgresClient.ConnectAsync(node.Port, context.Lab.Owner, Lab.Database, cancellationToken);
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
        await using var client = await PostgresClient.ConnectAsync(node.Port, context.Lab.Owner, Lab.Database, cancellationToken);
        await client.ExecuteAsync(Statement(context.Lab), cancellationToken);
    }

    internal static string NameOf(PostgresNode node) => $"pgpoollab_{node.Id}";

    private string Statement(Lab lab)
    {
        var connection = $"host=localhost port={publisher.Port} dbname={Lab.Database} user={ConfigQuoting.ConnectionValue(lab.Owner)}";
        return $"CREATE SUBSCRIPTION {NameOf(node)} CONNECTION '{connection.Replace("'", "''", StringComparison.Ordinal)}' PUBLICATION {Publish.Publication}";
    }
}
