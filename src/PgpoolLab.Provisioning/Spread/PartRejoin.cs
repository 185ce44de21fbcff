using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>Makes a node of one host a copy of the primary on another, and attaches it: online recovery without a way
/// from host to host but PostgreSQL's own.</summary>
/// <param name="run">The call, on the part of the node's host.</param>
public sealed class PartRejoin(PlanRun run)
{
    /// <summary>Does it.</summary>
    /// <param name="node">The node; it is stopped when it runs.</param>
    /// <param name="primary">The node it is to follow.</param>
    /// <param name="cancellationToken">Ends it; until the copy is whole, the node is as it was.</param>
    /// <exception cref="LabException">The node is not on this host, or the copy failed.</exception>
    public Task ExecuteAsync(int node, int primary, CancellationToken cancellationToken)
    {
        var own = run.Lab.OwnNodes.FirstOrDefault(n => n.Id == node);
        var source = run.Lab.Nodes.FirstOrDefault(n => n.Id == primary);
        if (own is null || source is null || own == source)
        {
            throw new LabException(ExitCode.Usage, $"Node {node} cannot be made a copy of node {primary} here.");
        }

        return run.LockedAsync(
            async () =>
                StepFailure.ThrowIfAny(
                    await run.DoAsync(
                        VerbPlan.Of(
                            Stage.Of(new CopyBeside(own, source)),
                            Stage.Of(new ActOnNode(ServerAct.Stop, own)),
                            Stage.Of(new TakeCopy(own, source)),
                            Stage.Of(new StartNode(own)),
                            Stage.Of(new TellPgpool(PcpAct.Attach, own, run.Lab.Pgpool))
                        ),
                        cancellationToken
                    )
                ),
            cancellationToken
        );
    }
}

/// <summary>Copies the primary beside a node's data folder; the node is as it was.</summary>
/// <param name="Node">The node.</param>
/// <param name="Source">The primary.</param>
public sealed record CopyBeside(PostgresNode Node, PostgresNode Source) : IStep
{
    private PostgresNode Beside => Node with { DataDirectory = LabNames.CopyBeside(Node.DataDirectory) };

    /// <inheritdoc/>
    public string Title => $"Copy node {Source.Id} for node {Node.Id} (pg_basebackup)";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.CopyNode, Node.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) => new CopyNode(Beside, Source).Preview(lab);

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        // Of one that was ended half-way.
        await context.Host.Files.DeleteAsync(Beside.DataDirectory, cancellationToken);
        try
        {
            await new CopyNode(Beside, Source).CopyAsync(context, cancellationToken);
        }
        catch
        {
            await context.Host.Files.DeleteAsync(Beside.DataDirectory, CancellationToken.None);
            throw;
        }
    }
}

/// <summary>Puts the copy beside a node's data folder in its place; the node's own settings stay.</summary>
/// <param name="Node">The node, which does not run.</param>
/// <param name="Source">The primary it is to follow.</param>
public sealed record TakeCopy(PostgresNode Node, PostgresNode Source) : IStep
{
    private static readonly string[] Own = ["postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "pg_ident.conf"];

    /// <inheritdoc/>
    public string Title => $"Put the copy in the place of node {Node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"keep {string.Join(", ", Own)}";
        yield return $"replace {Shell.Quote(Node.DataDirectory)}";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var files = context.Host.Files;
        var copy = LabNames.CopyBeside(Node.DataDirectory);
        var beside = Node with { DataDirectory = copy };
        var hasSettings = await files.ExistsAsync($"{Node.DataDirectory}/{Own[0]}", cancellationToken);
        // All into the copy first: who is ended here has the old node, or a standby with its own settings.
        foreach (var name in Own)
        {
            if (await files.ReadTextAsync($"{Node.DataDirectory}/{name}", cancellationToken) is { } text)
            {
                await files.WriteTextAsync($"{copy}/{name}", text, Modes.PrivateFile, cancellationToken);
            }
        }

        if (!hasSettings)
        {
            // They went with a folder that somebody has deleted.
            await new ConfigureNode(beside).ExecuteAsync(context, cancellationToken);
        }

        await new ConfigureStandby(beside, Source, HasOwnSettings: true).ExecuteAsync(context, cancellationToken);
        await files.DeleteAsync(Node.DataDirectory, CancellationToken.None);
        await files.RenameAsync(copy, Node.DataDirectory, CancellationToken.None);
    }
}
