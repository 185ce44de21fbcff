using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Plans;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>Saves the lab as it is.</summary>
/// <param name="Name">What the snapshot is called. One that has the name is replaced when this one is whole.</param>
/// <param name="Version">This program's version.</param>
public sealed record SaveSnapshot(string Name, string Version) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Save the snapshot '{Name}'";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return SnapshotContents
            .Of(lab)
            .Select(i => $"copy {Shell.Quote($"{lab.Root}/{i.Path}")}")
            .Append("suspend every server (SIGSTOP), copy what has changed, have them go on (SIGCONT)")
            .Append($"keep it in {Shell.Quote($"{lab.Paths.Snapshots}/{Name}")}");
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var lab = context.Lab;
        var store = new SnapshotStore(lab.Paths);
        context.Undo.Push("delete the unfinished snapshot", _ => Task.Run(store.Sweep, CancellationToken.None));
        store.Begin();
        var manifest = LabStore.Load(lab.Root)!;
        var copy = await new LabCopy(context.Host, context.Probes, context.Time, lab, context.Note).CopyAsync(
            store.UnfinishedFiles,
            cancellationToken
        );
        store.Complete(
            new SnapshotInfo
            {
                Name = Name,
                SavedAt = copy.TakenAt,
                FrozenMilliseconds = copy.Frozen?.TotalMilliseconds,
                Bytes = DiskUsage.Of(store.UnfinishedFiles, CancellationToken.None),
                Files = copy.Totals.Files,
                SharedFiles = copy.Totals.Shared,
                Servers = copy.Servers,
                Items = [.. SnapshotContents.Of(lab).Where(i => IsThere($"{store.UnfinishedFiles}/{i.Path}"))],
                Manifest = manifest with { ToolVersion = Version },
            }
        );
    }

    private static bool IsThere(string path) => Path.Exists(path) || new FileInfo(path).LinkTarget is not null;
}

/// <summary>Makes a copy of a snapshot ready, which is to take the place of the lab's files. The lab is not
/// touched.</summary>
/// <param name="Name">The snapshot.</param>
/// <param name="Manifest">The lab as it is to be.</param>
public sealed record MakeSnapshotReady(string Name, LabManifest Manifest) : IStep
{
    /// <inheritdoc/>
    public string Title => $"Copy the snapshot '{Name}'";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return [$"copy {Shell.Quote($"{lab.Paths.Snapshots}/{Name}")} to {Shell.Quote(lab.Paths.Restore)}"];
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var paths = context.Lab.Paths;
        var store = new SnapshotStore(paths);
        var info = store.Read(Name);
        context.Undo.Push(
            "delete the copy of the snapshot",
            _ => Task.Run(() => RestoreJournal.Sweep(paths), CancellationToken.None)
        );
        RestoreJournal.Sweep(paths);
        Directory.CreateDirectory(paths.Restore);
        LabCopy.RequireRoom([store.FilesOf(Name)], paths.Restore, cancellationToken);
        var ready = RestoreJournal.NewIn(paths);
        await Task.Run(
            () => new TreeCopier([new CopiedPath(store.FilesOf(Name), ready)], context.Time).Copy(cancellationToken),
            CancellationToken.None
        );
        var relocation = new Relocation(info.Lab, Manifest.Lab);
        if (info.Lab.Root != Manifest.Lab.Root || info.Lab.SafeAlias != Manifest.Lab.SafeAlias)
        {
            new RelocatedFiles(relocation, context.Renderer, ready).Write();
        }

        Directory.CreateDirectory($"{ready}/{Path.GetFileName(paths.Hidden)}");
        LabStore.WriteTo($"{ready}/{Path.GetRelativePath(paths.Root, paths.Manifest)}", Manifest);
    }
}

/// <summary>Ends every server at once: what it has is thrown away.</summary>
public sealed record EndServers : IStep
{
    /// <inheritdoc/>
    public string Title => "End the servers";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return lab
            .OwnPgpools.Select(p => $"kill every process of {lab.TitleOf(p)}")
            .Concat(lab.OwnNodes.Select(n => $"kill every process of node {n.Id}"));
    }

    /// <inheritdoc/>
    public async Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var freezer = new LabFreezer(context.Host, context.Probes, context.Lab);
        await freezer.PrepareAsync(cancellationToken);
        for (
            var running = await freezer.FindAsync(cancellationToken);
            !running.IsStopped;
            running = await freezer.FindAsync(cancellationToken)
        )
        {
            // Pgpool-II first: none is left that would take the end of the others for a failure.
            foreach (var (process, _) in running.Processes.OrderBy(p => p.Process.Name != LabNames.Pgpool))
            {
                await context.Host.Processes.SignalAsync(process, ProcessSignal.Kill, cancellationToken);
            }

            await context.Probes.PauseAsync(TimeSpan.FromMilliseconds(2), cancellationToken);
        }

        if (await StopOperation.StopServersAsync(context.Host, context.Probes, context.Lab) is { Count: > 0 } left)
        {
            throw new LabException(ExitCode.Failed, "Not all servers could be ended; nothing was restored.")
            {
                Details = left,
            };
        }
    }
}

/// <summary>Puts a snapshot that lies ready in the place of the lab's files.</summary>
/// <param name="Name">The snapshot.</param>
/// <param name="Places">What is exchanged.</param>
/// <param name="To">The lab as it is then.</param>
public sealed record PutSnapshotInPlace(string Name, ValueList<RestoredPlace> Places, Lab To) : IStep
{
    /// <inheritdoc/>
    public string Title => "Put it in the place of the lab's files";

    /// <summary>Equal when the same is put into the same places.</summary>
    public bool Equals(PutSnapshotInPlace? other) =>
        other is not null && Name == other.Name && Places.Equals(other.Places) && To.Id == other.To.Id;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Places.Count);

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab) =>
        Places.Select(p => p.IsNew ? $"exchange {Shell.Quote(p.Path)}" : $"rm -r {Shell.Quote(p.Path)}");

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (from, paths) = (context.Lab, context.Lab.Paths);
        var journal = new RestoreJournal(Name, Places);
        journal.Write(paths);
        journal.Finish(paths);
        LabIndex.Renew(To);
        var gone = from.AllPorts.Select(p => p.Port).Except(To.AllPorts.Select(p => p.Port)).ToHashSet();
        if (gone.Count > 0)
        {
            PortLeases.OfThisMachine.Release(from, gone);
        }

        return Task.CompletedTask;
    }
}

/// <summary>Deletes what was in the place of the snapshot.</summary>
public sealed record DeleteReplaced : IStep
{
    /// <inheritdoc/>
    public string Title => "Delete what was there";

    /// <inheritdoc/>
    public IEnumerable<string> Preview(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        return [$"rm -r {Shell.Quote(lab.Paths.Restore)}"];
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(StepContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Task.Run(() => RestoreJournal.Sweep(context.Lab.Paths), CancellationToken.None);
    }
}
