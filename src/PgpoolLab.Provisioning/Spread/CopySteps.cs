using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;

namespace PgpoolLab.Provisioning.Spread;

/// <summary>What in a data folder is a node's own, whatever it is a copy of.</summary>
internal static class OwnFiles
{
    internal static readonly string[] Names =
    [
        "postgresql.conf",
        "postgresql.auto.conf",
        "pg_hba.conf",
        "pg_ident.conf",
    ];

    /// <summary>Copies them from one folder to another.</summary>
    internal static async Task CopyAsync(IFiles files, string from, string to, CancellationToken cancellationToken)
    {
        foreach (var name in Names)
        {
            if (await files.ReadTextAsync($"{from}/{name}", cancellationToken) is { } text)
            {
                await files.WriteTextAsync($"{to}/{name}", text, Modes.PrivateFile, cancellationToken);
            }
        }
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
    /// <inheritdoc/>
    public string Title => $"Put the copy in the place of node {Node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        yield return $"keep {string.Join(", ", OwnFiles.Names)}";
        yield return $"replace {Shell.Quote(Node.DataDirectory)}";
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var files = context.Host.Files;
        var copy = LabNames.CopyBeside(Node.DataDirectory);
        var beside = Node with { DataDirectory = copy };
        var hasSettings = await files.ExistsAsync($"{Node.DataDirectory}/{OwnFiles.Names[0]}", cancellationToken);
        // All into the copy first: who is ended here has the old node, or a standby with its own settings.
        await OwnFiles.CopyAsync(files, Node.DataDirectory, copy, cancellationToken);

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
