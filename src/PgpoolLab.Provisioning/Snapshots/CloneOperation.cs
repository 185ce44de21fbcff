using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Planning;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Steps;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers;
using PgpoolLab.Servers.Clients;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>Makes a lab like another one beside it: the same servers with the same data, in another folder, on other
/// ports.</summary>
/// <param name="context">What it works with.</param>
public sealed class CloneOperation(OperationContext context)
{
    private readonly PortClaim _ports = new(context);

    /// <summary>Refuses labs of which there can be no other one.</summary>
    /// <exception cref="LabException">Says why.</exception>
    public static void RequireSupport(Lab source)
    {
        ArgumentNullException.ThrowIfNull(source);
        SnapshotVerbs.RequireSupport(source, "A clone");
        if (!source.Conventions.CanChangeNodes)
        {
            throw new LabException(
                ExitCode.Failed,
                "clone works on labs of this program's own conventions; this one was made by "
                    + $"{(source.HasWatchdog ? "watchdog_setup" : "pgpool_setup")}."
            )
            {
                Hints = ["Make another one:  pgpoollab setup DIR"],
            };
        }

        if (source.VirtualIp is { } address)
        {
            throw new LabException(
                ExitCode.Failed,
                $"The lab has the address {address}, which two labs cannot have at once."
            );
        }
    }

    /// <summary>Makes it.</summary>
    /// <param name="source">The other lab.</param>
    /// <param name="request">What is wanted.</param>
    /// <param name="origin">Where its folder came from, which is there, empty, and the lab's user's.</param>
    /// <param name="commandLine">The command line that asks for it.</param>
    /// <param name="cancellationToken">Ends it; nothing of it stays.</param>
    /// <exception cref="LabException">It could not be made, and nothing of it is left; or it was made, and does not
    /// start.</exception>
    public async Task<ClonedLab> ExecuteAsync(
        Lab source,
        CloneRequest request,
        FolderOrigin origin,
        IReadOnlyList<string> commandLine,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(request);
        var info = request.From is { } name ? new SnapshotStore(source.Paths).Read(name) : null;
        var undo = new UndoStack();
        undo.Push("give the folder back", _ => Task.FromResult(LabFolder.GiveBack(request.Directory, origin)));
        ClonedLab clone;
        try
        {
            clone = await MakeAsync(source, info, request, origin, commandLine, undo, cancellationToken);
        }
        catch
        {
            foreach (var failure in await undo.UnwindAsync(context.Undoing))
            {
                context.Note($"Could not undo: {failure}");
            }

            throw;
        }

        if (clone.Started)
        {
            await new StartOperation(new PlanRun(context, clone.Lab)).ExecuteAsync(cancellationToken);
        }

        return clone;
    }

    private async Task<ClonedLab> MakeAsync(
        Lab source,
        SnapshotInfo? info,
        CloneRequest request,
        FolderOrigin origin,
        IReadOnlyList<string> commandLine,
        UndoStack undo,
        CancellationToken cancellationToken
    )
    {
        using var choice = await LabIndex.LockAsync(context.Probes, cancellationToken);
        var like = info?.Lab ?? source;
        var root = Identity.RealPath(request.Directory);
        var spec = SetupOperation.WithFreeName(
            new LabSpec
            {
                Directory = request.Directory,
                Name = request.Name,
                Nodes = like.Nodes.Count,
                PgpoolNodes = like.Pgpools.Count,
                Mode = like.Mode,
                Port = request.Port,
            },
            root
        );
        if (spec.Validate() is { Count: > 0 } problems)
        {
            throw new InvalidSpecException(problems);
        }

        var id = Guid.NewGuid().ToString("n")[..8];
        context.Leases.Sweep();
        var (first, ports) = await _ports.TakeAsync(spec, id, root, cancellationToken);
        undo.Push("give the ports back", _ => Task.Run(() => ports?.Release(), CancellationToken.None));
        var lab = Like(like, id, spec.Name!, root, origin, first);
        await new HostInspector(context).RequireFreePortsAsync(
            lab.AllPorts,
            byOldCommandLine: false,
            cancellationToken
        );
        var manifest = new LabManifest
        {
            ToolVersion = context.ProgramVersion,
            CommandLine = commandLine,
            State = LabState.Creating,
            Lab = lab,
        };
        await context.Host.Files.CreateDirectoryAsync(lab.Paths.Hidden, Modes.PrivateFolder, cancellationToken);
        using var labLock = LabRemains.TakeLock(lab.Root);
        undo.Push("delete the files", _ => Task.Run(() => DeleteAll(lab), CancellationToken.None));
        LabStore.Save(manifest);
        undo.Push("take the lab off the list", _ => Task.Run(() => LabIndex.Remove(lab), CancellationToken.None));
        LabIndex.Register(lab);
        choice.Dispose();
        await context.Host.Files.CreateDirectoryAsync(lab.Paths.Log, Modes.PrivateFolder, cancellationToken);
        using var log = context.OpenLog(lab.ToolLog);
        var copy = info is null
            ? await CopyAsync(source, lab, cancellationToken)
            : await CopyAsync(source, info, lab, cancellationToken);
        await FinishFilesAsync(like, lab, cancellationToken);
        var starts = request.Start ?? (copy?.Servers ?? info!.Servers).Any(s => s.Ran);
        if (request.NewPasswords)
        {
            await SetPasswordsAsync(lab, starts, undo, log, cancellationToken);
        }

        LabStore.Save(manifest with { State = LabState.Ready });
        ports?.Dispose();
        return new ClonedLab(lab, source, copy?.Frozen, starts);
    }

    /// <summary>A lab like another one: another identity, another place, other ports.</summary>
    internal static Lab Like(Lab other, string id, string name, string root, FolderOrigin origin, int firstPort)
    {
        var layout = PortLayout.From(firstPort, other.Pgpools.Count, null);
        return (
            other with
            {
                Id = id,
                Name = name,
                Root = root,
                Folder = origin,
                SafeAlias = LabPlanner.AliasOf(other.Conventions, root, id, () => HostInspector.AliasFolder),
                Pgpools =
                [
                    .. other.Pgpools.Select(
                        (p, i) =>
                            p with
                            {
                                Port = layout.Pgpool(i),
                                PcpPort = layout.Pcp(i),
                                Watchdog = layout.Watchdog(i),
                            }
                    ),
                ],
                Nodes = [.. other.Nodes.Select((n, i) => n with { Port = layout.Postgres(i) })],
            }
        ).WithOwnFolders();
    }

    private async Task<CopiedLab?> CopyAsync(Lab source, Lab lab, CancellationToken cancellationToken)
    {
        using var held = LabLock.Take(source.Root);
        return await new LabCopy(context.Host, context.Probes, context.Time, source, context.Note).CopyAsync(
            lab.Root,
            cancellationToken
        );
    }

    private async Task<CopiedLab?> CopyAsync(
        Lab source,
        SnapshotInfo info,
        Lab lab,
        CancellationToken cancellationToken
    )
    {
        // One that is dropped meanwhile would be copied in part.
        using var held = LabLock.Take(source.Root);
        var files = new SnapshotStore(source.Paths).FilesOf(info.Name);
        LabCopy.RequireRoom([files], lab.Root, cancellationToken);
        var paths = info.Items.Select(i => new CopiedPath($"{files}/{i.Path}", $"{lab.Root}/{i.Path}")).ToArray();
        await Task.Run(() => new TreeCopier(paths, context.Time).Copy(cancellationToken), CancellationToken.None);
        return null;
    }

    /// <summary>What was copied becomes this lab's: names and ports in its files, and the folders that are not
    /// copied.</summary>
    private async Task FinishFilesAsync(Lab like, Lab lab, CancellationToken cancellationToken)
    {
        foreach (
            var folder in LabInventory
                .Of(lab)
                .MadeBy(LabItemMaker.Folders)
                .Where(i => i.Kind is LabItemKind.Folder)
                .Select(i => i.Path)
        )
        {
            if (!await context.Host.Files.ExistsAsync(folder, cancellationToken))
            {
                await context.Host.Files.CreateDirectoryAsync(folder, Modes.PrivateFolder, cancellationToken);
            }
        }

        var renderer = new ConfigRenderer(new TemplateStore(), context.ProgramVersion) { Program = context.Program };
        new RelocatedFiles(new Relocation(like, lab), renderer, lab.Root).Write();
        if (lab.SafeAlias is { } alias)
        {
            var above = Path.GetDirectoryName(alias)!;
            await context.Host.Files.CreateDirectoryAsync(above, Modes.PrivateFolder, cancellationToken);
            await context.Host.Files.CreateLinkAsync(alias, lab.Root, cancellationToken);
        }
    }

    /// <summary>The nodes are started for it: a standby must have heard of the new passwords before Pgpool-II logs in
    /// to it.</summary>
    private async Task SetPasswordsAsync(
        Lab lab,
        bool staysUp,
        UndoStack undo,
        Serilog.ILogger log,
        CancellationToken cancellationToken
    )
    {
        var secrets = new NewPasswords(lab).Write();
        if (secrets.DatabaseUsers.Count == 0)
        {
            return;
        }

        undo.Push(
            "stop the servers",
            async _ => await StopOperation.StopServersAsync(context.Host, context.Probes, lab)
        );
        var standbys = await StartOperation.FindStandbysAsync(
            new LabHistory(context.Host, lab),
            lab,
            cancellationToken
        );
        var receivers = lab.Nodes.Where(n => standbys.Contains(n.Id)).ToArray();
        var steps = new StepContext(
            context.Host,
            lab,
            new ConfigRenderer(new TemplateStore(), context.ProgramVersion),
            context.Probes,
            secrets,
            undo,
            log,
            context.Time
        );
        await using var sessions = steps.Sessions;
        var writers = lab.Nodes.Except(receivers).ToArray();
        var runner = new PlanRunner(context.Reader, context.Time);
        await RunAsync(Stage.ForEach(writers, n => [new StartNode(n), new SetPasswords(n)]));
        await RunAsync(Stage.ForEach(receivers, n => [new StartNode(n)]));
        foreach (var primary in receivers.Length > 0 ? writers : [])
        {
            await AwaitReplayAsync(lab, primary, receivers, cancellationToken);
        }

        await RunAsync(Stage.ForEach(staysUp ? [] : lab.Nodes, n => [new StopNode(n)]));

        async Task RunAsync(Stage stage) =>
            await runner.RunAsync(stage.Lanes.Count > 0 ? [stage] : [], steps, null, cancellationToken);
    }

    private async Task AwaitReplayAsync(
        Lab lab,
        PostgresNode primary,
        IReadOnlyList<PostgresNode> standbys,
        CancellationToken cancellationToken
    )
    {
        await using var client = await PostgresClient.ConnectAsync(
            lab,
            primary.Port,
            Lab.MaintenanceDatabase,
            cancellationToken
        );
        var position = (await client.RowsAsync("SELECT pg_current_wal_lsn()::text", cancellationToken))[0][0]!;
        foreach (var standby in standbys)
        {
            await context.Probes.WaitAsync(
                new HasReplayed(lab, client, primary, standby, position),
                ProbeRunner.Patience,
                cancellationToken
            );
        }
    }

    private static void DeleteAll(Lab lab)
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(lab.Root).ToArray())
        {
            if (new FileInfo(entry).LinkTarget is null && Directory.Exists(entry))
            {
                Directory.Delete(entry, recursive: true);
            }
            else
            {
                File.Delete(entry);
            }
        }

        if (lab.SafeAlias is { } alias)
        {
            File.Delete(alias);
        }
    }
}
