using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Planning;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Modes of the lab's files.</summary>
internal static class Modes
{
    internal const UnixFileMode PrivateFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    internal const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    internal const UnixFileMode Script = PrivateFolder | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    internal const UnixFileMode Readable = PrivateFile | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
}

/// <summary>Creates etc, log, run and the archive's folders.</summary>
public sealed class CreateFolders : IStep
{
    /// <inheritdoc/>
    public string Title => "Create the folders";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return Folders(lab).Select(f => $"mkdir {Shell.Quote(f)}").Concat(lab.SafeAlias is { } alias ? [$"ln -s {Shell.Quote(lab.Root)} {alias}"] : []);
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var folder in Folders(context.Lab))
        {
            // The log folder is there already: this program's own log is in it.
            if (!await context.Host.ExistsAsync(folder, cancellationToken))
            {
                context.Undo.Push($"delete {folder}", ct => context.Host.DeleteAsync(folder, ct).AsTask());
                await context.Host.CreateDirectoryAsync(folder, Modes.PrivateFolder, cancellationToken);
            }
        }

        if (context.Lab.SafeAlias is { } alias)
        {
            context.Undo.Push($"delete {alias}", ct => context.Host.DeleteAsync(alias, ct).AsTask());
            await context.Host.CreateLinkAsync(alias, context.Lab.Root, cancellationToken);
        }
    }

    private static IEnumerable<string> Folders(Lab lab)
    {
        var paths = lab.Paths;
        return (string[])[paths.Etc, paths.Log, paths.OidDirectory, paths.Run, .. lab.UseSlots ? [] : (string[])[paths.Archive, .. lab.Nodes.Select(n => paths.ArchiveOf(n.Id))]];
    }
}

/// <summary>Renders every file of the lab that is not a node's.</summary>
public sealed class WriteLabFiles : IStep
{
    /// <inheritdoc/>
    public string Title => "Write configuration and scripts";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return Files(lab).Select(f => $"write {Shell.Quote(f.Path)}").Append($"write {Shell.Quote(lab.Paths.PoolPasswd)}");
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var (path, template, mode) in Files(context.Lab))
        {
            await WriteAsync(path, context.Renderer.Render(template, context.Lab, context.PcpUsers), mode);
        }

        // pool_passwd must exist; who needs a password in it adds it with pg_md5 or pg_enc.
        await WriteAsync(context.Lab.Paths.PoolPasswd, "", Modes.PrivateFile);

        async Task WriteAsync(string path, string text, UnixFileMode mode)
        {
            context.Undo.Push($"delete {path}", ct => context.Host.DeleteAsync(path, ct).AsTask());
            await context.Host.WriteTextAsync(path, text, mode, cancellationToken);
        }
    }

    private static IEnumerable<(string Path, string Template, UnixFileMode Mode)> Files(Lab lab)
    {
        var paths = lab.Paths;
        return
        [
            (paths.PgpoolConf, "pgpool/pgpool.conf", Modes.PrivateFile),
            (paths.PoolHba, "pgpool/pool_hba.conf", Modes.PrivateFile),
            (paths.PcpConf, "pgpool/pcp.conf", Modes.PrivateFile),
            (paths.PcpPass, "pgpool/pcppass", Modes.PrivateFile),
            (paths.FailoverScript, "scripts/failover.sh", Modes.Script),
            (paths.FollowPrimaryScript, "scripts/follow_primary.sh", Modes.Script),
            .. LabScripts.Names.Select(n => ($"{lab.Root}/{n}", $"scripts/{n}", Modes.Script)),
            ($"{lab.Root}/bashrc.ports", "scripts/bashrc.ports", Modes.Readable),
            ($"{lab.Root}/README.port", "scripts/README.port", Modes.Readable),
        ];
    }
}

/// <summary>The scripts users call.</summary>
public static class LabScripts
{
    /// <summary>Their names in the lab's folder.</summary>
    public static IReadOnlyList<string> Names { get; } = ["startall", "stopall", "shutdownall", "pgpool_reload"];
}

/// <summary>Adds the lab's settings to a data folder, and the scripts that online recovery looks for in it.</summary>
/// <param name="node">The node.</param>
/// <param name="primary">Whom it replicates from; null when it is the primary.</param>
public sealed class ConfigureNode(PostgresNode node, PostgresNode? primary) : IStep
{
    private static readonly string[] Scripts = ["basebackup.sh", "pgpool_remote_start"];

    /// <inheritdoc/>
    public string Title => $"Configure node {node.Id}";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        // What is the same on all nodes has come with the copy of the primary.
        string[] written = primary is null ? ["pg_hba.conf", .. Scripts] : [RecoveryFile(lab), .. lab.Tools.Postgres.Major >= 12 ? ["standby.signal"] : Array.Empty<string>()];
        return written.Select(f => $"write {Shell.Quote($"{node.DataDirectory}/{f}")}").Prepend($"add to {Shell.Quote($"{node.DataDirectory}/postgresql.conf")}");
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (host, lab, renderer) = (context.Host, context.Lab, context.Renderer);
        var conf = $"{node.DataDirectory}/postgresql.conf";
        // A copy of the primary brings the primary's settings along; the node's own go after them, where they win.
        await host.AppendTextAsync(conf, primary is null
            ? renderer.RenderNode("postgresql/postgresql.conf", lab, node)
            : "\n" + renderer.RenderNode("postgresql/_node.conf", lab, node), cancellationToken);
        if (primary is null)
        {
            await host.WriteTextAsync($"{node.DataDirectory}/pg_hba.conf", renderer.Render("postgresql/pg_hba.conf", lab), Modes.PrivateFile, cancellationToken);
            foreach (var script in Scripts)
            {
                await host.WriteTextAsync($"{node.DataDirectory}/{script}", renderer.Render($"scripts/{script}", lab), Modes.PrivateFolder, cancellationToken);
            }

            return;
        }

        await host.WriteTextAsync($"{node.DataDirectory}/{RecoveryFile(lab)}", renderer.RenderStandby("postgresql/myrecovery.conf", lab, node, primary), Modes.PrivateFile, cancellationToken);
        if (lab.Tools.Postgres.Major >= 12)
        {
            await host.WriteTextAsync($"{node.DataDirectory}/standby.signal", "", Modes.PrivateFile, cancellationToken);
        }
    }

    private static string RecoveryFile(Lab lab) => lab.Tools.Postgres.Major >= 12 ? "myrecovery.conf" : "recovery.conf";
}
