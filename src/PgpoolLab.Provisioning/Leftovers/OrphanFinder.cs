using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Leftovers;

/// <summary>What became of a lab nobody looks after any more.</summary>
public enum OrphanKind
{
    /// <summary>Its setup was killed: state creating, and no command at work.</summary>
    SetupKilled,

    /// <summary>Destroy was ended before it was done: state destroying, and no command at work.</summary>
    DestroyUnfinished,

    /// <summary>Its folder was deleted by hand.</summary>
    FolderGone,

    /// <summary>Its manifest was deleted by hand; its folder is there.</summary>
    ManifestGone,

    /// <summary>Its folder was deleted by hand, and another lab lies there now.</summary>
    Replaced,
}

/// <summary>An orphaned lab, and what is left of it outside of its folder.</summary>
/// <param name="Registration">Its place on the list.</param>
/// <param name="Kind">What became of it.</param>
/// <param name="Processes">Servers of it that run, with their children. Empty for <see cref="IsLab"/>: destroying
/// the lab finds them.</param>
/// <param name="Files">Sockets nobody listens on, their lock files, and the link that was its second name.</param>
public sealed record Orphan(
    LabRegistration Registration,
    OrphanKind Kind,
    IReadOnlyList<ProcessFacts> Processes,
    IReadOnlyList<string> Files
)
{
    /// <summary>True when its manifest is there, and it is destroyed as a lab is.</summary>
    public bool IsLab => Kind is OrphanKind.SetupKilled or OrphanKind.DestroyUnfinished;

    /// <summary>True when nothing but the entry on the list is left: it can be forgotten.</summary>
    public bool IsNothing => !IsLab && Processes.Count == 0 && Files.Count == 0;
}

/// <summary>Finds labs of killed setups, and what labs have left whose folder was deleted by hand.</summary>
/// <param name="host">Where they ran.</param>
public sealed class OrphanFinder(IHost host)
{
    /// <summary>What Linux adds to the name of a file or folder that was deleted.</summary>
    private const string Deleted = " (deleted)";

    private const string Home = "HOME";

    /// <summary>Every orphan on the lists of the current user; for root also of the users root's labs run as.</summary>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="ofAllUsers">Of every user of the machine, for root.</param>
    public async Task<IReadOnlyList<Orphan>> FindAsync(CancellationToken cancellationToken, bool ofAllUsers = false)
    {
        var registrations = LabIndex.Registrations(ofAllUsers);
        var orphans = new List<Orphan>();
        foreach (
            var registration in registrations.Concat(
                await FindUnlistedAsync(registrations, LabIndex.Users(ofAllUsers), cancellationToken)
            )
        )
        {
            if (await KindOfAsync(registration, cancellationToken) is { } kind)
            {
                orphans.Add(await FindAsync(registration, kind, registrations, cancellationToken));
            }
        }

        return orphans;
    }

    /// <summary>Labs that are on no list, whose folder was deleted, and of which servers run: they work in a deleted
    /// folder, and write to a deleted log beside it. Of another HOME there is another list, which may know
    /// them.</summary>
    /// <param name="listed">The labs that are on a list.</param>
    /// <param name="users">Whose servers count.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<IReadOnlyList<LabRegistration>> FindUnlistedAsync(
        IReadOnlyList<LabRegistration> listed,
        IReadOnlyList<SystemUser> users,
        CancellationToken cancellationToken
    )
    {
        var known = listed.Select(r => r.Entry.Root).ToHashSet(StringComparer.Ordinal);
        var found = new Dictionary<string, LabRegistration>(StringComparer.Ordinal);
        var deleted = (
            await host.Processes.FindAllAsync(new ProcessFilter { Names = LabNames.Servers }, cancellationToken)
        )
            .Where(p => FolderOf(p) is not null && users.Any(u => IsOf(p, u)))
            .ToArray();
        var roots = await RootsAsync(deleted, cancellationToken);
        ProcessFacts[] unknown = [.. deleted.Where(p => roots[FolderOf(p)!] is { } root && !known.Contains(root))];
        var origins = unknown.Length > 0 ? await host.Processes.FindOriginsAsync(unknown, Home, cancellationToken) : [];
        foreach (var (process, origin) in unknown.Zip(origins))
        {
            // Children of a server show what they do in place of their variables.
            if (
                users.FirstOrDefault(u => IsOf(process, u) && origin.Variable == u.Home) is { } user
                && IsDeletedLog(process, origin.Output)
            )
            {
                var root = roots[FolderOf(process)!]!;
                found.TryAdd(
                    root,
                    new LabRegistration(null, "", user, new LabIndexEntry("", Path.GetFileName(root), root, []))
                );
            }
        }

        return [.. found.Values.OrderBy(r => r.Entry.Root, StringComparer.Ordinal)];
    }

    /// <summary>The deleted folder that a server works in, of one Pgpool-II or of a node's the one above its data;
    /// null for every other process.</summary>
    private static string? FolderOf(ProcessFacts process)
    {
        if (process.WorkingDirectory is not { } cwd || !cwd.EndsWith(Deleted, StringComparison.Ordinal))
        {
            return null;
        }

        var folder = cwd[..^Deleted.Length];
        return process.Name == LabNames.Pgpool ? folder
            : LabNames.IsDataFolder(folder) ? folder[..folder.LastIndexOf('/')]
            : null;
    }

    /// <summary>The lab's folder of each of the folders that these work in; null for one that is there.</summary>
    private async Task<IReadOnlyDictionary<string, string?>> RootsAsync(
        IEnumerable<ProcessFacts> processes,
        CancellationToken cancellationToken
    )
    {
        var roots = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var folder in processes.Select(p => FolderOf(p)!).Distinct())
        {
            // With a watchdog each has a folder in the lab's, which is gone as well; else it is the lab's own name.
            roots[folder] =
                LabNames.IsPgpoolFolder(folder)
                && Path.GetDirectoryName(folder) is { Length: > 1 } parent
                && !await host.Files.IsFolderAsync(parent, cancellationToken)
                    ? parent
                : await host.Files.IsFolderAsync(folder, cancellationToken) ? null
                : folder;
        }

        return roots;
    }

    private static bool IsDeletedLog(ProcessFacts process, string? log) =>
        log is not null
        && log.StartsWith($"{FolderOf(process)}/log/", StringComparison.Ordinal)
        && log.EndsWith(".log" + Deleted, StringComparison.Ordinal);

    /// <summary>What became of a lab; null when it is no orphan, or when that cannot be told.</summary>
    public async Task<OrphanKind?> KindOfAsync(LabRegistration registration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(registration);
        var root = registration.Entry.Root;
        try
        {
            return LabStore.Load(root) switch
            {
                null => await host.Files.IsFolderAsync(root, cancellationToken)
                    ? OrphanKind.ManifestGone
                    : OrphanKind.FolderGone,
                { } other when other.Lab.Id != registration.Entry.Id => OrphanKind.Replaced,
                { State: LabState.Creating } when !LabLock.IsTaken(root) => OrphanKind.SetupKilled,
                { State: LabState.Destroying } when !LabLock.IsTaken(root) => OrphanKind.DestroyUnfinished,
                _ => null,
            };
        }
        catch (Exception error) when (error is LabException or IOException or UnauthorizedAccessException)
        {
            // Damaged, newer, or not ours to read: that is told by name, not taken for dead.
            return null;
        }
    }

    /// <summary>Looks for what is left of one lab.</summary>
    /// <param name="registration">The lab.</param>
    /// <param name="kind">What became of it.</param>
    /// <param name="others">Every lab there is: what is theirs is not the orphan's.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<Orphan> FindAsync(
        LabRegistration registration,
        OrphanKind kind,
        IReadOnlyList<LabRegistration> others,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(registration);
        ArgumentNullException.ThrowIfNull(others);
        if (new Orphan(registration, kind, [], []) is { IsLab: true } orphan)
        {
            return orphan;
        }

        // Where another lab lies by now, nobody can tell whose a process of that folder is.
        var processes =
            kind is OrphanKind.Replaced
                ? []
                : (await host.Processes.FindAllAsync(ProcessFilter.All, cancellationToken))
                    .Where(p => Belongs(p, registration.Entry.Root, kind) && IsOf(p, registration.User))
                    .ToArray();
        var claimed = others
            .Where(o => o.Entry.Id != registration.Entry.Id && LabStore.HasManifest(o.Entry.Root))
            .SelectMany(o => SocketsOf(o.Entry))
            .ToHashSet(StringComparer.Ordinal);
        var files = new List<string>(await LinksAsync(registration, cancellationToken));
        var bound = (await host.Ports.BoundSocketsAsync(cancellationToken)).ToHashSet(StringComparer.Ordinal);
        foreach (var socket in SocketsOf(registration.Entry).Where(s => !claimed.Contains(s)))
        {
            if (await IsStaleAsync(socket, registration, bound, cancellationToken))
            {
                files.Add(socket);
            }
        }

        return new Orphan(registration, kind, processes, files);
    }

    /// <summary>Whether a process is a server of the lab that was in this folder: by its program, and by the folder it
    /// works in.</summary>
    /// <param name="process">The process.</param>
    /// <param name="root">The lab's folder.</param>
    /// <param name="kind">What became of the lab.</param>
    /// <remarks>Linux marks a working folder that was deleted with " (deleted)". A process that works in a folder of
    /// the same name which is there is in another container, perhaps: not ours.</remarks>
    public static bool Belongs(ProcessFacts process, string root, OrphanKind kind)
    {
        ArgumentNullException.ThrowIfNull(process);
        if (!LabNames.Servers.Contains(process.Name) || kind is not (OrphanKind.FolderGone or OrphanKind.ManifestGone))
        {
            return false;
        }

        if (process.WorkingDirectory is not { } cwd)
        {
            // Where that cannot be seen, its command line tells. Its children have none, and end with it.
            return LabNames.FolderIn(process.Name, process.CommandLine) is { } named && IsItsFolder(named);
        }

        var deleted = cwd.EndsWith(Deleted, StringComparison.Ordinal);
        cwd = deleted ? cwd[..^Deleted.Length] : cwd;
        return (deleted || kind is OrphanKind.ManifestGone) && IsItsFolder(cwd);

        bool IsItsFolder(string folder) =>
            process.Name == LabNames.Pgpool
                ? LabNames.IsPgpoolFolderOf(root, folder)
                : LabNames.IsDataFolderOf(root, folder);
    }

    /// <summary>True for a socket, or the lock file beside one, that is a file of this user's and that no server
    /// has.</summary>
    private async ValueTask<bool> IsStaleAsync(
        string file,
        LabRegistration registration,
        HashSet<string> bound,
        CancellationToken cancellationToken
    )
    {
        // One of the links to a private folder says itself whose it is.
        if (
            await host.Files.LookAsync(file, cancellationToken) is not { } facts
            || facts.User != registration.User.UserId
            || (facts.LinkTarget is { } target && !SocketsOf(registration.Entry).Contains(target))
        )
        {
            return false;
        }

        var socket = LabNames.SocketOf(file);
        if (bound.Contains(socket) || await host.Ports.SocketAnswersAsync(socket, cancellationToken))
        {
            return false;
        }

        try
        {
            // PID, data folder, …: PostgreSQL says whose it is.
            return await host.Files.ReadTextAsync(socket + LabNames.SocketLock, cancellationToken) is not { } text
                || text.Split('\n') is not [_, var folder, ..]
                || IsOf(folder, registration);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Every socket of a lab, as its entry tells; an entry of an older version tells its ports.</summary>
    internal static IReadOnlyList<string> SocketsOf(LabIndexEntry entry) =>
        entry.Sockets is { Count: > 0 } sockets
            ? sockets
            : LabSockets.CommonFolders.SelectMany(f => entry.Ports.SelectMany(p => LabSockets.AllIn(f, p))).ToArray();

    /// <summary>Links that were the lab's second name.</summary>
    private async Task<IReadOnlyList<string>> LinksAsync(
        LabRegistration registration,
        CancellationToken cancellationToken
    )
    {
        if (registration.File is null)
        {
            return await LinksIntoAsync(registration.Entry.Root, cancellationToken);
        }

        var found = new List<string>();
        foreach (
            var link in StateFolder
                .Candidates(registration.User, Path.GetDirectoryName(registration.StateFolder))
                .Select(f => $"{f}/{registration.Entry.Id}")
                .Distinct()
        )
        {
            if (await host.Files.LinkTargetAsync(link, cancellationToken) == registration.Entry.Root)
            {
                found.Add(link);
            }
        }

        return found;
    }

    /// <summary>Links to sockets in a folder that is gone, which the lab had made where programs look for
    /// them.</summary>
    private async Task<IReadOnlyList<string>> LinksIntoAsync(string root, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        foreach (var folder in LabSockets.CommonFolders)
        {
            foreach (var link in (await SocketsInAsync(folder, cancellationToken)).Select(n => $"{folder}/{n}"))
            {
                if (
                    await host.Files.LinkTargetAsync(link, cancellationToken) is { } target
                    && target.StartsWith(root + "/", StringComparison.Ordinal)
                )
                {
                    found.Add(link);
                }
            }
        }

        return found;
    }

    /// <summary>Names of the sockets in a folder, in their order; none when it may not be read.</summary>
    internal async Task<IReadOnlyList<string>> SocketsInAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            return
            [
                .. (await host.Files.ListAsync(folder, cancellationToken))
                    .Where(LabNames.IsSocket)
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool IsOf(string folder, LabRegistration registration) =>
        LabNames.IsDataFolderOf(registration.Entry.Root, folder)
        || StateFolder
            .Candidates(registration.User, Path.GetDirectoryName(registration.StateFolder))
            .Any(f => LabNames.IsDataFolderOf($"{f}/{registration.Entry.Id}", folder));

    private static bool IsOf(ProcessFacts process, SystemUser user) =>
        process.UserId is { } actual ? actual == user.UserId : !OperatingSystem.IsLinux();
}
