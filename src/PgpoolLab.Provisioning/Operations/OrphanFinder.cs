using System.Text.RegularExpressions;
using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Configuration;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Operations;

/// <summary>What became of a lab nobody looks after any more.</summary>
public enum OrphanKind
{
    /// <summary>Its setup was killed: state creating, and no command at work.</summary>
    SetupKilled,

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
/// <param name="Processes">Servers of it that run, with their children. Empty for <see cref="OrphanKind.SetupKilled"/>: destroying the lab finds them.</param>
/// <param name="Files">Sockets nobody listens on, their lock files, and the link that was its second name.</param>
public sealed record Orphan(LabRegistration Registration, OrphanKind Kind, IReadOnlyList<ProcessFacts> Processes, IReadOnlyList<string> Files)
{
    /// <summary>True when nothing but the entry on the list is left: it can be forgotten.</summary>
    public bool IsNothing => Kind is not OrphanKind.SetupKilled && Processes.Count == 0 && Files.Count == 0;
}

/// <summary>Finds labs of killed setups, and what labs have left whose folder was deleted by hand.</summary>
/// <param name="host">Where they ran.</param>
/// <param name="userOf">Numeric user of a process; null when that cannot be seen.</param>
public sealed partial class OrphanFinder(IHost host, Func<int, int?>? userOf = null)
{
    private readonly Func<int, int?> _userOf = userOf ?? (id => Identity.OwnerOf($"/proc/{id}")?.User);

    /// <summary>Every orphan on the lists of the current user; for root also of the user root's labs run as.</summary>
    public async Task<IReadOnlyList<Orphan>> FindAsync(CancellationToken cancellationToken)
    {
        var registrations = LabIndex.Registrations();
        var orphans = new List<Orphan>();
        foreach (var registration in registrations)
        {
            if (KindOf(registration) is { } kind)
            {
                orphans.Add(await FindAsync(registration, kind, registrations, cancellationToken));
            }
        }

        return orphans;
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
    public async Task<Orphan> FindAsync(LabRegistration registration, OrphanKind kind, IReadOnlyList<LabRegistration> others, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(registration);
        ArgumentNullException.ThrowIfNull(others);
        if (kind is OrphanKind.SetupKilled)
        {
            return new Orphan(registration, kind, [], []);
        }

        // Where another lab lies by now, nobody can tell whose a process of that folder is.
        var processes = kind is OrphanKind.Replaced ? []
            : await host.FindProcessesAsync(p => Belongs(p, registration.Entry.Root, kind) && IsOf(p, registration.User), cancellationToken);
        var claimed = others.Where(o => o.Entry.Id != registration.Entry.Id && File.Exists(new LabPaths(o.Entry.Root).Manifest)).SelectMany(o => SocketsOf(o.Entry)).ToHashSet(StringComparer.Ordinal);
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

    /// <summary>Whether a process is a server of the lab that was in this folder: by its program, and by the folder it works in.</summary>
    /// <param name="process">The process.</param>
    /// <param name="root">The lab's folder.</param>
    /// <param name="kind">What became of the lab.</param>
    /// <remarks>Linux marks a working folder that was deleted with " (deleted)". A process that works in a folder of the same name which is there is in another
    /// container, perhaps: not ours.</remarks>
    public static bool Belongs(ProcessFacts process, string root, OrphanKind kind)
    {
        ArgumentNullException.ThrowIfNull(process);
        const string mark = " (deleted)";
        var isPgpool = process.Name == "pgpool";
        if ((!isPgpool && process.Name is not ("postgres" or "postmaster")) || kind is OrphanKind.SetupKilled or OrphanKind.Replaced)
        {
            return false;
        }

        if (process.WorkingDirectory is not { } cwd)
        {
            // Where that cannot be seen, its command line tells. Its children have none, and end with it.
            return isPgpool ? PgpoolConf().Match(process.CommandLine) is { Success: true } conf && IsPgpoolFolder(conf.Groups[1].Value, root)
                : DataFolder().Match(process.CommandLine) is { Success: true } data && IsDataFolder(data.Groups[1].Value, root);
        }

        var deleted = cwd.EndsWith(mark, StringComparison.Ordinal);
        cwd = deleted ? cwd[..^mark.Length] : cwd;
        return (deleted || kind is OrphanKind.ManifestGone) && (isPgpool ? IsPgpoolFolder(cwd, root) : IsDataFolder(cwd, root));
    }

    /// <summary>True for a socket, or the lock file beside one, that is a file of this user's and that no server has.</summary>
    internal async ValueTask<bool> IsStaleAsync(string file, LabRegistration registration, IReadOnlySet<string> bound, CancellationToken cancellationToken)
    {
        const string lockFile = ".lock";
        if (Identity.OwnerOf(file)?.User != registration.User.UserId)
        {
            return false;
        }

        // One of the links to a private folder: it says itself whose it is.
        if (new FileInfo(file).LinkTarget is { } target && !SocketsOf(registration.Entry).Contains(target))
        {
            return false;
        }

        var socket = file.EndsWith(lockFile, StringComparison.Ordinal) ? file[..^lockFile.Length] : file;
        if (bound.Contains(socket) || await host.SocketAnswersAsync(socket, cancellationToken))
        {
            return false;
        }

        try
        {
            // PID, data folder, …: PostgreSQL says whose it is.
            return await host.ReadTextAsync(socket + lockFile, cancellationToken) is not { } text || text.Split('\n') is not [_, var folder, ..] || IsOf(folder, registration);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Every socket of a lab, as its entry tells; an entry of an older version tells its ports.</summary>
    internal static IReadOnlyList<string> SocketsOf(LabIndexEntry entry) => entry.Sockets is { Count: > 0 } sockets ? sockets
        : HostInspector.SocketFolders.SelectMany(f => entry.Ports.SelectMany(p => (string[])[LabSockets.Path(f, p), LabSockets.Path(f, p) + ".lock", $"{f}/.s.PGPOOLWD_CMD.{p}"])).ToArray();

    /// <summary>Links that were the lab's second name.</summary>
    private static IEnumerable<string> Links(LabRegistration registration) =>
        StateFolder.Candidates(registration.User, Path.GetDirectoryName(registration.StateFolder)).Select(f => $"{f}/{registration.Entry.Id}").Distinct().Where(l => new FileInfo(l).LinkTarget == registration.Entry.Root);

    private static bool IsOf(string folder, LabRegistration registration) =>
        IsDataFolder(folder, registration.Entry.Root) || StateFolder.Candidates(registration.User, Path.GetDirectoryName(registration.StateFolder)).Any(f => IsDataFolder(folder, $"{f}/{registration.Entry.Id}"));

    private bool IsOf(ProcessFacts process, SystemUser user) => _userOf(process.Id) is { } actual ? actual == user.UserId : !OperatingSystem.IsLinux();

    private static bool IsPgpoolFolder(string folder, string root) => folder.StartsWith(root, StringComparison.Ordinal) && PgpoolTail().IsMatch(folder.AsSpan(root.Length));

    private static bool IsDataFolder(string folder, string root) => folder.StartsWith(root, StringComparison.Ordinal) && DataTail().IsMatch(folder.AsSpan(root.Length));

    [GeneratedRegex(@"\A(/pgpool[0-9]+)?\z")]
    private static partial Regex PgpoolTail();

    [GeneratedRegex(@"\A(/pgpool[0-9]+)?/data[0-9]+\z")]
    private static partial Regex DataTail();

    [GeneratedRegex(@" -f (.+)/etc/pgpool\.conf( |\z)")]
    private static partial Regex PgpoolConf();

    [GeneratedRegex(@" -D (.+/data[0-9]+)( |\z)")]
    private static partial Regex DataFolder();
}
