using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Reports;

namespace PgpoolLab.Provisioning.Doctor;

/// <summary>Finds what killed commands, servers and deleted labs have left on a machine, and what is wrong with labs
/// that are there.</summary>
/// <param name="host">The machine.</param>
/// <param name="finder">Finds labs that were deleted on it.</param>
internal sealed class LeftoverSurvey(IHost host, OrphanFinder finder)
{
    /// <summary>Sockets of nobody, and the lock files beside them.</summary>
    internal async Task<IReadOnlyList<string>> StaleSocketsAsync(
        SystemUser user,
        IReadOnlyList<LabRegistration> registrations,
        IReadOnlyList<Orphan> orphans,
        CancellationToken cancellationToken
    )
    {
        // /var/run is a link to /run on most systems.
        var folders = new Dictionary<string, string>(StringComparer.Ordinal);
        var owned = new HashSet<string>(StringComparer.Ordinal);
        foreach (
            var file in registrations
                .SelectMany(r => OrphanFinder.SocketsOf(r.Entry))
                .Concat(orphans.SelectMany(o => o.Files))
        )
        {
            owned.Add($"{await RealFolderAsync(Path.GetDirectoryName(file)!)}/{Path.GetFileName(file)}");
        }

        var common = new List<string>();
        foreach (var folder in LabSockets.CommonFolders)
        {
            common.Add(await RealFolderAsync(folder));
        }

        var sockets = new List<string>();
        foreach (var folder in common.Distinct())
        {
            sockets.AddRange((await finder.SocketsInAsync(folder, cancellationToken)).Select(n => $"{folder}/{n}"));
        }

        var bound = (await host.Ports.BoundSocketsAsync(cancellationToken)).ToLookup(b => Path.GetFileName(b));
        var stale = new List<string>();
        foreach (var file in sockets.Where(f => !owned.Contains(f)))
        {
            if ((await host.Files.LookAsync(file, cancellationToken))?.User != user.UserId)
            {
                continue;
            }

            var socket = LabNames.SocketOf(file);
            if (
                !owned.Contains(socket)
                && !await IsBoundAsync(socket)
                && !await host.Ports.SocketAnswersAsync(socket, cancellationToken)
            )
            {
                stale.Add(file);
            }
        }

        return stale;

        async ValueTask<string> RealFolderAsync(string folder)
        {
            if (!folders.TryGetValue(folder, out var real))
            {
                folders[folder] = real = await host.Files.RealPathAsync(folder, cancellationToken);
            }

            return real;
        }

        // A link to the folder may be the name it was bound by.
        async ValueTask<bool> IsBoundAsync(string socket)
        {
            foreach (var name in bound[Path.GetFileName(socket)])
            {
                if (await host.Files.RealPathAsync(name, cancellationToken) == socket)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Servers whose folder was deleted and that no list tells of: the list itself may have been
    /// deleted.</summary>
    internal static (int, string, string)[] Strays(
        ProcessFacts[] mine,
        IReadOnlyList<LabRegistration> registrations,
        IReadOnlyList<Orphan> orphans
    )
    {
        const string mark = " (deleted)";
        var known = orphans.SelectMany(o => o.Processes).Select(p => p.Id).ToHashSet();
        var roots = registrations.Select(r => r.Entry.Root).ToArray();
        return ProcessFacts
            .WithoutChildren([.. mine.Where(IsServer)])
            .Where(p => !known.Contains(p.Id))
            .Where(p =>
                p.WorkingDirectory is { } cwd
                && cwd.EndsWith(mark, StringComparison.Ordinal)
                && !roots.Any(r => cwd.StartsWith(r + "/", StringComparison.Ordinal))
            )
            .Select(p => (p.Id, p.Name, p.WorkingDirectory![..^mark.Length]))
            .ToArray();
    }

    /// <summary>Folders that a recovery has left which does not run any more.</summary>
    internal async Task<IReadOnlyList<string>> RecoveryFoldersAsync(
        IReadOnlyList<LabRegistration> registrations,
        IReadOnlyList<ProcessFacts> processes,
        CancellationToken cancellationToken
    )
    {
        var found = new List<string>();
        foreach (var root in registrations.Select(r => r.Entry.Root))
        {
            // A recovery that is at work names the lab's folder in its command lines.
            if (
                processes.Any(p =>
                    p.CommandLine.Contains(root, StringComparison.Ordinal)
                    && (p.Name == "pg_basebackup" || p.CommandLine.Contains("basebackup.sh", StringComparison.Ordinal))
                )
            )
            {
                continue;
            }

            try
            {
                foreach (var folder in (string[])[Lab.FolderOf(root, 0, 1), Lab.FolderOf(root, 0, 2)])
                {
                    foreach (var name in await host.Files.ListAsync(folder, cancellationToken))
                    {
                        if (
                            LabNames.IsOfRecovery(name)
                            && await host.Files.IsFolderAsync($"{folder}/{name}", cancellationToken)
                        )
                        {
                            found.Add($"{folder}/{name}");
                        }
                    }
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Another user's, or just being deleted.
            }
        }

        return [.. found.Order(StringComparer.Ordinal)];
    }

    /// <summary>Tablespaces that nodes of one lab share. Of labs that cannot be read nothing is said here.</summary>
    internal async Task<IReadOnlyList<LabTablespace>> SharedTablespacesAsync(
        IReadOnlyList<LabRegistration> registrations,
        CancellationToken cancellationToken
    )
    {
        var found = new List<LabTablespace>();
        foreach (var registration in registrations)
        {
            try
            {
                if (
                    LabStore.Load(registration.Entry.Root) is { State: LabState.Ready, Lab: { OwnsNodes: true } lab }
                    && lab.Id == registration.Entry.Id
                )
                {
                    found.AddRange(
                        (await SharedTablespaces.FindAsync(host, lab, cancellationToken)).Select(t => new LabTablespace(
                            lab.Name,
                            lab.Root,
                            t
                        ))
                    );
                }
            }
            catch (Exception error) when (error is LabException or IOException or UnauthorizedAccessException)
            {
                // Damaged, another user's, or just being deleted: list says so.
            }
        }

        return found;
    }

    internal static string Told(Orphan orphan) =>
        orphan.Kind is OrphanKind.SetupKilled
            ? $"The setup of the lab '{orphan.Registration.Entry.Name}' in {orphan.Registration.Entry.Root} was killed."
        : orphan.Kind is OrphanKind.DestroyUnfinished
            ? $"The lab '{orphan.Registration.Entry.Name}' in {orphan.Registration.Entry.Root} was destroyed in part."
        : $"The lab '{orphan.Registration.Entry.Name}' in {orphan.Registration.Entry.Root}: "
            + $"{Reports.LabsReporter.Told(orphan.Kind)}; left of it: {Reports.LabsReporter.Remains(orphan)}.";

    internal static bool IsServer(ProcessFacts process) => LabNames.Servers.Contains(process.Name);
}
