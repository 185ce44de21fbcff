using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Programs;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>A checkpoint on the primary, replayed by a standby: what is copied of that from now on begins to stream
/// there, and not before the switch of WAL segments at the end of its own backup, with 16 MB of zeros after
/// it.</summary>
/// <param name="Primary">The primary.</param>
/// <param name="Standby">The standby that is to be copied.</param>
public sealed record MoveOn(PostgresNode Primary, PostgresNode Standby) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Checkpoint, replayed on node {Standby.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"CHECKPOINT   (on node {Primary.Id})";
        yield return "SELECT application_name FROM pg_stat_replication WHERE replay_lsn >= ...   (until "
            + $"{Standby.ApplicationName} is among them)";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await using var client = await context.Sessions.OpenAsync(Primary, "postgres", cancellationToken);
            await client.ExecuteAsync("CHECKPOINT", cancellationToken);
            var position = (await client.RowsAsync("SELECT pg_current_wal_lsn()::text", cancellationToken))[0][0];
            await context.Probes.WaitAsync(
                new HasReplayed(context.Lab, client, Primary, Standby, position!),
                ProbeRunner.Patience,
                cancellationToken
            );
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } seen)
        {
            throw await ServerFailure.OfAsync(
                context,
                ServerLog.Of(context.Lab, Primary),
                ExitCode.Failed,
                $"Could not make a checkpoint on node {Primary.Id}: {seen}",
                error,
                cancellationToken
            );
        }
    }
}

/// <summary>Creates the standbys' replication slots.</summary>
/// <param name="Primary">The primary.</param>
/// <param name="Standbys">The standbys.</param>
public sealed record CreateSlots(PostgresNode Primary, ValueList<PostgresNode> Standbys) : IStep
{
    /// <inheritdoc/>
    public string Title => "Create replication slots";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        // They keep WAL from now on (true): the checkpoint of one base backup would else remove what another still
        // needs.
        Standbys.Select(s => $"SELECT pg_create_physical_replication_slot('{s.SlotName}', true)");

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        try
        {
            await using var client = await context.Sessions.OpenAsync(Primary, "postgres", cancellationToken);
            await client.ExecuteAsync(string.Join(";\n", Preview(context.Lab)), cancellationToken);
        }
        catch (Npgsql.PostgresException error)
        {
            throw await ServerFailure.OfAsync(
                context,
                ServerLog.Of(context.Lab, Primary),
                ExitCode.Failed,
                $"Could not create replication slots on node {Primary.Id}: {error.MessageText}",
                error,
                cancellationToken
            );
        }
    }
}

/// <summary>Waits until every standby streams.</summary>
/// <param name="Primary">The primary.</param>
/// <param name="Standbys">The standbys.</param>
public sealed record AwaitStreaming(PostgresNode Primary, ValueList<PostgresNode> Standbys) : IStep
{
    /// <inheritdoc/>
    public string Title =>
        Standbys.Count == 1
            ? $"Wait until node {Standbys[0].Id} streams"
            : $"Wait until {Standbys.Count} standbys stream";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"SELECT application_name, state FROM pg_stat_replication   (on node {Primary.Id}, "
            + "until all are 'streaming')";
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Probes.WaitAsync(
            new StandbysAreStreaming(context.Lab, context.Sessions, Primary, Standbys),
            ProbeRunner.Patience,
            cancellationToken
        );
    }
}

/// <summary>Publishes every table of the users' database.</summary>
/// <param name="Node">The node that is written to.</param>
public sealed record Publish(PostgresNode Node) : IStep
{
    internal const string Publication = "pgpoollab";

    /// <inheritdoc/>
    public string Title => $"Publish all tables of node {Node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"CREATE PUBLICATION {Publication} FOR ALL TABLES   (in {Lab.Database})";
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return UsersDatabase.ExecuteAsync(
            context.Lab,
            Node,
            $"CREATE PUBLICATION {Publication} FOR ALL TABLES",
            cancellationToken
        );
    }
}

/// <summary>Subscribes a node to what another publishes.</summary>
/// <param name="Node">The subscriber.</param>
/// <param name="Publisher">The publisher.</param>
public sealed record Subscribe(PostgresNode Node, PostgresNode Publisher) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Subscribe node {Node.Id} to node {Publisher.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        yield return $"{Statement(lab)}   (in {Lab.Database})";
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return UsersDatabase.ExecuteAsync(context.Lab, Node, Statement(context.Lab), cancellationToken);
    }

    internal static string NameOf(PostgresNode node) => $"pgpoollab_{node.Id}";

    private string Statement(Lab lab)
    {
        var connection =
            $"host=localhost port={Publisher.Port} dbname={Lab.Database} "
            + $"user={ConfigQuoting.ConnectionValue(lab.Owner)}"
            + (
                lab.Asks
                    ? $" passfile={ConfigQuoting.ConnectionValue(new LabPaths(lab.Pgpool.ServerFolder).PgPass)}"
                    : ""
            );
        return $"CREATE SUBSCRIPTION {NameOf(Node)} CONNECTION "
            + $"'{connection.Replace("'", "''", StringComparison.Ordinal)}' PUBLICATION "
            + $"{Publish.Publication}";
    }
}

/// <summary>The database that is replicated.</summary>
internal static class UsersDatabase
{
    /// <summary>Executes a statement in it on one node.</summary>
    internal static async Task ExecuteAsync(
        Lab lab,
        PostgresNode node,
        string statement,
        CancellationToken cancellationToken
    )
    {
        await using var client = await PostgresClient.ConnectByTcpAsync(
            lab,
            node.Port,
            Lab.Database,
            cancellationToken
        );
        await client.ExecuteAsync(statement, cancellationToken);
    }
}
