using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Provisioning.Verbs;

/// <summary>Takes a node's port, so that no other lab gets it.</summary>
/// <param name="Node">The node.</param>
public sealed record LeaseNodePort(PostgresNode Node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Lease port {Node.Port}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => [$"a file in {PortLeases.OfThisMachine.Folder}"];

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (lab, leases) = (context.Lab, PortLeases.OfThisMachine);
        // This lab's own, for a node it does not have, is what an add-node left that was killed.
        leases.Release(lab, new HashSet<int> { Node.Port });
        using var held = leases.Begin(lab.Id, lab.Root, out var problem);
        if (held is null)
        {
            context.Note($"Port {Node.Port} cannot be leased in {leases.Folder} ({problem}).");
            return Task.CompletedTask;
        }

        if (!held.TryTakeAll([Node.Port]))
        {
            throw new PortTakenException(
                $"Port {Node.Port}, which node {Node.Id} would have, belongs to another lab.",
                [Node.Port]
            );
        }

        context.Undo.Push(
            $"give back port {Node.Port}",
            _ =>
            {
                leases.Release(lab, new HashSet<int> { Node.Port });
                return Task.CompletedTask;
            }
        );
        held.Complete();
        return Task.CompletedTask;
    }
}

/// <summary>Creates what a node has outside of its data folder.</summary>
/// <param name="Node">The node.</param>
public sealed record CreateNodeFolders(PostgresNode Node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Create the folders of node {Node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return Folders(lab, Node)
            .Select(f => $"mkdir {Shell.Quote(f)}")
            .Concat(Links(lab, Node).Select(l => $"ln -s {Shell.Quote(l.Target)} {Shell.Quote(l.Path)}"));
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var files = context.Host.Files;
        foreach (var folder in Folders(context.Lab, Node))
        {
            if (!await files.ExistsAsync(folder, cancellationToken))
            {
                context.Undo.Push(
                    $"delete {folder}",
                    ct => files.DeleteWithinAsync(context.Lab.Root, folder, ct).AsTask()
                );
                await files.CreateDirectoryAsync(folder, Modes.PrivateFolder, cancellationToken);
            }
        }

        foreach (var (path, target) in Links(context.Lab, Node))
        {
            context.Undo.Push($"delete {path}", ct => files.DeleteAsync(path, ct).AsTask());
            await files.DeleteAsync(path, cancellationToken);
            await files.CreateLinkAsync(path, target, cancellationToken);
        }
    }

    internal static bool AreNeeded(Lab lab, PostgresNode node) =>
        Folders(lab, node).Length + Links(lab, node).Length > 0;

    internal static string[] Folders(Lab lab, PostgresNode node) =>
        lab.Archives ? [.. lab.Pgpools.Select(p => p.Paths.ArchiveOf(node.Id))] : [];

    internal static (string Path, string Target)[] Links(Lab lab, PostgresNode node) =>
        [
            .. lab
                .Pgpools.Skip(1)
                .Select(p => (p.Paths.Data(node.Id), $"../{Path.GetFileName(lab.Pgpool.Folder)}/data{node.Id}")),
        ];
}

/// <summary>Statements about the replication slot of a node.</summary>
internal static class Slots
{
    internal static string Drop(PostgresNode node) =>
        $"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{node.SlotName}'";

    internal static string Create(PostgresNode node) =>
        $"SELECT pg_create_physical_replication_slot('{node.SlotName}', true)";

    internal static string CreateUnlessThere(PostgresNode node) =>
        $"{Create(node)} WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '{node.SlotName}')";

    internal static async Task RunAsync(
        StepContext context,
        PostgresNode primary,
        IEnumerable<string> statements,
        CancellationToken cancellationToken
    )
    {
        try
        {
            await using var client = await PostgresClient.ConnectAsync(
                context.Lab,
                primary.Port,
                Lab.MaintenanceDatabase,
                cancellationToken
            );
            foreach (var statement in statements)
            {
                await client.ExecuteAsync(statement, cancellationToken);
            }
        }
        catch (Exception error) when (PostgresClient.Explain(error) is { } problem)
        {
            throw new LabException(ExitCode.Failed, $"Node {primary.Id} did not do it: {problem}", error);
        }
    }
}

/// <summary>Makes a node's replication slot; one that is left from before goes.</summary>
/// <param name="Primary">Where.</param>
/// <param name="Node">Whose.</param>
public sealed record RenewSlot(PostgresNode Primary, PostgresNode Node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Create the replication slot of node {Node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        [$"{Slots.Drop(Node)}   (on node {Primary.Id})", $"{Slots.Create(Node)}   (on node {Primary.Id})"];

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Undo.Push(
            $"drop the replication slot of node {Node.Id}",
            ct => Slots.RunAsync(context, Primary, [Slots.Drop(Node)], ct)
        );
        return Slots.RunAsync(context, Primary, [Slots.Drop(Node), Slots.Create(Node)], cancellationToken);
    }
}

/// <summary>Drops a node's replication slot, which would keep WAL for ever.</summary>
/// <param name="Primary">Where.</param>
/// <param name="Node">Whose.</param>
public sealed record DropSlot(PostgresNode Primary, PostgresNode Node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Drop the replication slot of node {Node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => [$"{Slots.Drop(Node)}   (on node {Primary.Id})"];

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Undo.Push(
            $"create the replication slot of node {Node.Id} again",
            ct => Slots.RunAsync(context, Primary, [Slots.CreateUnlessThere(Node)], ct)
        );
        return Slots.RunAsync(context, Primary, [Slots.Drop(Node)], cancellationToken);
    }
}

/// <summary>Stops a Pgpool-II that is started again when this is taken back.</summary>
/// <param name="Pgpool">Which.</param>
public sealed record StopPgpoolForNow(PgpoolNode Pgpool) : IStep
{
    private ActOnPgpool Stop => new(ServerAct.Stop, Pgpool);

    /// <inheritdoc/>
    public string Title => Stop.Title;

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => Stop.Preview(lab);

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var server = new LiveLab(context.Host, context.Lab, context.Probes).Of(Pgpool);
        context.Undo.Push($"start {context.Lab.TitleOf(Pgpool)}", async ct => await server.StartAsync(ct));
        return Stop.ExecuteAsync(context, cancellationToken);
    }
}

/// <summary>Stops a node that is started again when this is taken back.</summary>
/// <param name="Node">Which.</param>
public sealed record StopNodeForNow(PostgresNode Node) : IStep
{
    private ActOnNode Stop => new(ServerAct.Stop, Node);

    /// <inheritdoc/>
    public string Title => Stop.Title;

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => Stop.Preview(lab);

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var server = new LiveLab(context.Host, context.Lab, context.Probes).Of(Node);
        if (await server.FindAsync(cancellationToken) is not null)
        {
            context.Undo.Push($"start node {Node.Id}", async ct => await server.StartAsync(ct));
        }

        await server.ResumeAsync(cancellationToken); // one that is suspended would not hear that it is to stop
        await Stop.ExecuteAsync(context, cancellationToken);
    }
}

/// <summary>Deletes what a node has: data, archives, its port.</summary>
/// <param name="Change">The lab that has had it, and the one without.</param>
/// <param name="Node">Which.</param>
public sealed record DeleteNode(NodeCount Change, PostgresNode Node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Delete node {Node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => Paths.Select(p => $"rm -r {Shell.Quote(p)}");

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        await new Orphans(context.Host, context.Probes).EndAsync([Node.DataDirectory]);
        await new SocketLinks(context.Host, Change.From).RemoveStaleAsync(null, cancellationToken);
        foreach (var path in Paths)
        {
            await (
                path.StartsWith(Change.From.Root + "/", StringComparison.Ordinal)
                    ? context.Host.Files.DeleteWithinAsync(Change.From.Root, path, CancellationToken.None)
                    : context.Host.Files.DeleteAsync(path, CancellationToken.None)
            );
        }

        PortLeases.OfThisMachine.Release(Change.From, new HashSet<int> { Node.Port });
    }

    private string[] Paths =>
        [
            .. CreateNodeFolders.Links(Change.From, Node).Select(l => l.Path),
            Node.DataDirectory,
            .. CreateNodeFolders.Folders(Change.From, Node),
        ];
}
