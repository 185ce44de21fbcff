using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Plans;

namespace PgpoolLab.Provisioning.Steps;

/// <summary>Creates etc, log, run and the archive's folders, for each Pgpool-II.</summary>
public sealed record CreateFolders : IStep
{
    /// <inheritdoc/>
    public string Title => "Create the folders";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return Folders(lab)
            .Select(f => $"mkdir {Shell.Quote(f)}")
            .Concat(Links(lab).Select(l => $"ln -s {Shell.Quote(l.Target)} {Shell.Quote(l.Path)}"));
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        foreach (var folder in Folders(context.Lab))
        {
            // The log folder may be there already: this program's own log is in it.
            if (!await context.Host.Files.ExistsAsync(folder, cancellationToken))
            {
                context.Undo.Push($"delete {folder}", ct => context.Host.Files.DeleteAsync(folder, ct).AsTask());
                await context.Host.Files.CreateDirectoryAsync(folder, Modes.PrivateFolder, cancellationToken);
            }
        }

        foreach (var (path, target) in Links(context.Lab))
        {
            context.Undo.Push($"delete {path}", ct => context.Host.Files.DeleteAsync(path, ct).AsTask());
            await context.Host.Files.CreateLinkAsync(path, target, cancellationToken);
        }
    }

    private static IEnumerable<string> Folders(Lab lab) => Made(lab, LabItemKind.Folder).Select(f => f.Path);

    private static IEnumerable<(string Path, string Target)> Links(Lab lab) =>
        Made(lab, LabItemKind.Link).Select(l => (l.Path, l.Target!));

    private static IEnumerable<LabItem> Made(Lab lab, LabItemKind kind) =>
        LabInventory.Of(lab).MadeBy(LabItemMaker.Folders).Where(i => i.Kind == kind);
}

/// <summary>Renders every file of the lab that is not a node's.</summary>
/// <param name="FewProcesses">True when Pgpool-II is to start few processes until the lab is handed over.</param>
public sealed record WriteLabFiles(bool FewProcesses = false) : IStep
{
    /// <inheritdoc/>
    public string Title => "Write configuration and scripts";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.WriteFiles);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return LabInventory
            .Of(lab)
            .MadeBy(LabItemMaker.Files)
            .Select(f => $"write {Shell.Quote(f.Path)}")
            .Concat(
                FewProcesses
                    ? lab.OwnPgpools.Select(p =>
                        $"{BuildingSettings.FewProcesses}, until the lab is made: in {Shell.Quote(p.Paths.PgpoolConf)}"
                    )
                    : []
            );
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var lab = context.Lab;
        foreach (var (path, template, pgpool, mode) in Files(lab))
        {
            await WriteAsync(
                path,
                await SampleScripts.ReadAsync(
                    context.Host.Files,
                    lab,
                    Path.GetFileName(template),
                    pgpool,
                    cancellationToken
                ) ?? context.Renderer.Render(template, lab, pgpool, context.Secrets),
                mode
            );
        }

        foreach (var pgpool in lab.OwnPgpools)
        {
            if (lab.Conventions is PgpoolSetupLab { Asked: var old })
            {
                var sample = old.Sample is null
                    ? ""
                    : await SampleConfiguration.ReadAsync(context.Host.Files, old.Sample, cancellationToken);
                await WriteAsync(
                    pgpool.Paths.PgpoolConf,
                    sample + context.Renderer.Render("pgpool_setup/pgpool.conf", lab, pgpool, context.Secrets),
                    Modes.PrivateFile
                );
            }

            if (lab.HasWatchdog)
            {
                await WriteAsync(pgpool.Paths.PgpoolNodeId, $"{pgpool.Id}\n", Modes.PrivateFile);
            }

            if (context.Secrets.DatabaseUsers.Count > 0)
            {
                await WriteAsync(pgpool.Paths.PoolKey, context.Secrets.PoolKey + "\n", Modes.PrivateFile);
                await WriteAsync(
                    pgpool.Paths.PgPass,
                    context.Renderer.Render("pgpool/pgpass", lab, pgpool, context.Secrets),
                    Modes.PrivateFile
                );
            }

            // pool_passwd must exist; who needs another role in it adds it with pg_enc.
            var passwords = lab.Conventions.HasRoles
                ? context.Secrets.DatabaseUsers.Select(u => u.PoolPasswdLine(context.Secrets.PoolKey))
                : context.Secrets.PcpUsers.Select(u => u.PoolPasswdLine);
            await WriteAsync(
                pgpool.Paths.PoolPasswd,
                string.Concat(passwords.Select(l => l + "\n")),
                Modes.PrivateFile
            );
        }

        async Task WriteAsync(string path, string text, UnixFileMode mode)
        {
            context.Undo.Push($"delete {path}", ct => context.Host.Files.DeleteAsync(path, ct).AsTask());
            var isPgpoolConf = lab.OwnPgpools.Any(p => p.Paths.PgpoolConf == path);
            await context.Host.Files.WriteTextAsync(
                path,
                FewProcesses && isPgpoolConf ? BuildingSettings.WithFewProcesses(text) : text,
                mode,
                cancellationToken
            );
        }
    }

    /// <summary>The files that are rendered as a whole, and their templates.</summary>
    internal static IEnumerable<(string Path, string Template, PgpoolNode Pgpool, UnixFileMode Mode)> Files(Lab lab) =>
        LabInventory
            .Of(lab)
            .MadeBy(LabItemMaker.Files)
            .Select(f =>
                (
                    f.Path,
                    Template: TemplateOf(lab, f),
                    lab.OwnPgpools.FirstOrDefault(p => p.Id == f.Number) ?? lab.Pgpool,
                    ModeOf(f)
                )
            )
            .Where(f => f.Template is not null)!;

    /// <summary>The template of a file; null for one that is put together from several.</summary>
    private static string? TemplateOf(Lab lab, LabItem file)
    {
        // The old conventions have files of their own; what they have not is the same for both.
        var conventions = lab.Conventions;
        var name = Path.GetFileName(file.Path);
        return name switch
        {
            "pgpool.conf" => conventions.HasPgpoolTemplate ? $"pgpool/{name}" : null,
            "pool_hba.conf" => conventions.TemplateOf(name),
            "pcp.conf" or "pcppass" => $"pgpool/{name}",
            "failover.sh" or "follow_primary.sh" when lab.IsSpread => $"scripts/spread_{name}",
            "failover.sh" or "follow_primary.sh" or "bashrc.ports" or "README.port" => $"scripts/{name}",
            _ when file.Use is not LabItemUse.Script => null,
            _ when file.Number is not null => conventions.TemplateOf(name),
            LabScripts.Shutdown when conventions.HasStopAll => conventions.TemplateOf("watchdog_stopall"),
            _ => conventions.TemplateOf($"watchdog_{name}"),
        };
    }

    private static UnixFileMode ModeOf(LabItem file) =>
        Path.GetFileName(file.Path) switch
        {
            "bashrc.ports" or "README.port" => Modes.Readable,
            "failover.sh" or "follow_primary.sh" => Modes.Script,
            _ => file.Use is LabItemUse.Script ? Modes.Script : Modes.PrivateFile,
        };
}

/// <summary>Adds the lab's settings to a fresh data folder, and the scripts that online recovery looks for in
/// it.</summary>
/// <param name="Node">The node.</param>
public sealed record ConfigureNode(PostgresNode Node) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Configure node {Node.Id}";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.ConfigureNode, Node.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return Scripts(lab)
            .Prepend("pg_hba.conf")
            .Select(f => $"write {Shell.Quote($"{Node.DataDirectory}/{f}")}")
            .Prepend($"add to {Shell.Quote($"{Node.DataDirectory}/postgresql.conf")}");
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (host, lab, renderer) = (context.Host, context.Lab, context.Renderer);
        var folder = lab.Conventions.PostgresTemplates;
        await host.Files.AppendTextAsync(
            $"{Node.DataDirectory}/postgresql.conf",
            renderer.RenderNode($"{folder}/postgresql.conf", lab, Node),
            cancellationToken
        );
        await host.Files.WriteTextAsync(
            $"{Node.DataDirectory}/pg_hba.conf",
            renderer.Render($"{folder}/pg_hba.conf", lab),
            Modes.PrivateFile,
            cancellationToken
        );
        foreach (var script in Scripts(lab))
        {
            await host.Files.WriteTextAsync(
                $"{Node.DataDirectory}/{script}",
                await SampleScripts.ReadAsync(host.Files, lab, script, lab.Pgpool, cancellationToken)
                    ?? renderer.Render($"scripts/{script}", lab),
                Modes.PrivateFolder,
                cancellationToken
            );
        }
    }

    /// <summary>The scripts in a data folder. Pgpool-II would have the primary run them, on its own host.</summary>
    internal static string[] Scripts(Lab lab) =>
        lab.IsSpread ? []
        : lab.Mode.WritesEverywhere() ? ["basebackup.sh", "pgpool_recovery_pitr", "pgpool_remote_start"]
        : lab.Mode.HasOnlineRecovery() ? ["basebackup.sh", "pgpool_remote_start"]
        : [];
}

/// <summary>Makes a copy of the primary its standby.</summary>
/// <param name="Node">The copy.</param>
/// <param name="Primary">Whom it replicates from.</param>
/// <param name="HasOwnSettings">False when it is a base backup, and has those of the node it was made of.</param>
public sealed record ConfigureStandby(PostgresNode Node, PostgresNode Primary, bool HasOwnSettings = false) : IStep
{
    /// <inheritdoc/>
    public string Title => HasOwnSettings ? $"Make node {Node.Id} a standby" : $"Configure node {Node.Id}";

    /// <inheritdoc/>
    public StepSubject Subject => new(StepAct.ConfigureStandby, Node.Id);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        string[] written =
        [
            RecoveryFile(lab),
            .. lab.Tools.Postgres.Major >= 12 ? ["standby.signal"] : Array.Empty<string>(),
        ];
        return
        [
            .. HasOwnSettings ? [] : (string[])[$"write {Shell.Quote($"{Node.DataDirectory}/postgresql.conf")}"],
            .. written.Select(f => $"write {Shell.Quote($"{Node.DataDirectory}/{f}")}"),
        ];
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (host, lab) = (context.Host, context.Lab);
        if (!HasOwnSettings)
        {
            // The primary's settings, whosever the copy has brought along; its own go after them, where they win.
            var settings = await host.Files.ReadTextAsync(
                $"{Primary.DataDirectory}/postgresql.conf",
                cancellationToken
            );
            await host.Files.WriteTextAsync(
                $"{Node.DataDirectory}/postgresql.conf",
                $"{settings}\n{context.Renderer.RenderNode("postgresql/_node.conf", lab, Node)}",
                Modes.PrivateFile,
                cancellationToken
            );
        }

        await host.Files.WriteTextAsync(
            $"{Node.DataDirectory}/{RecoveryFile(lab)}",
            context.Renderer.RenderStandby("postgresql/myrecovery.conf", lab, Node, Primary),
            Modes.PrivateFile,
            cancellationToken
        );
        if (lab.Tools.Postgres.Major >= 12)
        {
            await host.Files.WriteTextAsync(
                $"{Node.DataDirectory}/standby.signal",
                "",
                Modes.PrivateFile,
                cancellationToken
            );
        }
    }

    private static string RecoveryFile(Lab lab) => lab.Tools.Postgres.Major >= 12 ? "myrecovery.conf" : "recovery.conf";
}
