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
/// <param name="userOf">Numeric user of a process; null when that cannot be seen.</param>
/// <param name="logOf">The file a process writes its standard output to; null when that cannot be seen.</param>
/// <param name="homeOf">HOME in a process's environment; null when that cannot be seen.</param>
public sealed class OrphanFinder(
    IHost host,
    Func<int, int?>? userOf = null,
    Func<int, string?>? logOf = null,
    Func<int, string?>? homeOf = null
)
{
    /// <summary>What Linux adds to the name of a file or folder that was deleted.</summary>
    private const string Deleted = " (deleted)";

    private const int LargestEnvironment = 1 << 20;

    private readonly Func<int, string?> _logOf = logOf ?? LogOf;
    private readonly Func<int, string?> _homeOf = homeOf ?? HomeOf;

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
            if (KindOf(registration) is { } kind)
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
        foreach (
            var process in await host.Processes.FindAllAsync(
                new ProcessFilter { Names = LabNames.Servers },
                cancellationToken
            )
        )
        {
            if (
                RootOf(process) is { } root
                && !known.Contains(root)
                && users.FirstOrDefault(u => IsOf(process, u) && _homeOf(process.Id) == u.Home) is { } user
                && HasDeletedLog(process)
            )
            {
                found.TryAdd(
                    root,
                    new LabRegistration(null, "", user, new LabIndexEntry("", Path.GetFileName(root), root, []))
                );
            }
        }

        return [.. found.Values.OrderBy(r => r.Entry.Root, StringComparer.Ordinal)];
    }

    /// <summary>The lab's folder of a server that works in a deleted one; null for every other process.</summary>
    private static string? RootOf(ProcessFacts process)
    {
        if (process.WorkingDirectory is not { } cwd || !cwd.EndsWith(Deleted, StringComparison.Ordinal))
        {
            return null;
        }

        var folder = cwd[..^Deleted.Length];
        if (process.Name != LabNames.Pgpool)
        {
            if (!LabNames.IsDataFolder(folder))
            {
                return null;
            }

            folder = folder[..folder.LastIndexOf('/')];
        }

        // With a watchdog each has a folder in the lab's, which is gone as well; else it is the lab's own name.
        var parent = Path.GetDirectoryName(folder);
        return LabNames.IsPgpoolFolder(folder) && parent is { Length: > 1 } && !Directory.Exists(parent) ? parent
            : Directory.Exists(folder) ? null
            : folder;
    }

    private bool HasDeletedLog(ProcessFacts process)
    {
        var folder = process.WorkingDirectory![..^Deleted.Length];
        var logs = $"{(process.Name == LabNames.Pgpool ? folder : folder[..folder.LastIndexOf('/')])}/log/";
        return _logOf(process.Id) is { } log
            && log.StartsWith(logs, StringComparison.Ordinal)
            && log.EndsWith(".log" + Deleted, StringComparison.Ordinal);
    }

    private static string? LogOf(int process)
    {
        try
        {
            return new FileInfo($"/proc/{process}/fd/1").LinkTarget;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <remarks>Children of a server show what they do in place of their environment.</remarks>
    private static string? HomeOf(int process)
    {
        const string name = "HOME=";
        using var file = SharedFile.TryOpen($"/proc/{process}/environ", out _);
        return file
            ?.Read(LargestEnvironment)
            ?.Split('\0')
            .FirstOrDefault(v => v.StartsWith(name, StringComparison.Ordinal))
            ?[name.Length..];
    }

    /// <summary>What became of a lab; null when it is no orphan, or when that cannot be told.</summary>
    public static OrphanKind? KindOf(LabRegistration registration)
    {
        ArgumentNullException.ThrowIfNull(registration);
        var root = registration.Entry.Root;
        try
        {
            return LabStore.Load(root) switch
            {
                null => Directory.Exists(root) ? OrphanKind.ManifestGone : OrphanKind.FolderGone,
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
            .Where(o => o.Entry.Id != registration.Entry.Id && File.Exists(new LabPaths(o.Entry.Root).Manifest))
            .SelectMany(o => SocketsOf(o.Entry))
            .ToHashSet(StringComparer.Ordinal);
        var files = new List<string>(Links(registration));
        var bound = UnixSockets.Bound();
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
    internal async ValueTask<bool> IsStaleAsync(
        string file,
        LabRegistration registration,
        IReadOnlySet<string> bound,
        CancellationToken cancellationToken
    )
    {
        if (Identity.OwnerOf(file)?.User != registration.User.UserId)
        {
            return false;
        }

        // One of the links to a private folder: it says itself whose it is.
        if (new FileInfo(file).LinkTarget is { } target && !SocketsOf(registration.Entry).Contains(target))
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
    private static IEnumerable<string> Links(LabRegistration registration) =>
        registration.File is null
            ? LinksInto(registration.Entry.Root)
            : StateFolder
                .Candidates(registration.User, Path.GetDirectoryName(registration.StateFolder))
                .Select(f => $"{f}/{registration.Entry.Id}")
                .Distinct()
                .Where(l => new FileInfo(l).LinkTarget == registration.Entry.Root);

    /// <summary>Links to sockets in a folder that is gone, which the lab had made where programs look for
    /// them.</summary>
    private static IEnumerable<string> LinksInto(string root) =>
        LabSockets
            .CommonFolders.Where(Directory.Exists)
            .SelectMany(f =>
                Directory.EnumerateFileSystemEntries(
                    f,
                    LabSockets.Pattern,
                    new EnumerationOptions { AttributesToSkip = FileAttributes.None }
                )
            )
            .Where(l =>
                new FileInfo(l).LinkTarget is { } target && target.StartsWith(root + "/", StringComparison.Ordinal)
            );

    private static bool IsOf(string folder, LabRegistration registration) =>
        LabNames.IsDataFolderOf(registration.Entry.Root, folder)
        || StateFolder
            .Candidates(registration.User, Path.GetDirectoryName(registration.StateFolder))
            .Any(f => LabNames.IsDataFolderOf($"{f}/{registration.Entry.Id}", folder));

    private bool IsOf(ProcessFacts process, SystemUser user) =>
        (userOf is null ? process.UserId : userOf(process.Id)) is { } actual
            ? actual == user.UserId
            : !OperatingSystem.IsLinux();
}
