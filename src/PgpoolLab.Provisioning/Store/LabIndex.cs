using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Store;

/// <summary>A lab on a user's list.</summary>
/// <param name="File">The file that is the entry; null for a lab that is on no list and was found by its
/// servers.</param>
/// <param name="StateFolder">The folder of the list.</param>
/// <param name="User">Whose list it is.</param>
/// <param name="Entry">What it says.</param>
public sealed record LabRegistration(string? File, string StateFolder, SystemUser User, LabIndexEntry Entry);

/// <summary>The list of a user's labs: a small file for each. It can be lost: labs are found by their folders
/// too.</summary>
public static class LabIndex
{
    /// <summary>Adds or replaces a lab.</summary>
    public static void Register(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var file = $"{StateFolder.Open()}/{LabNames.EntryOf(lab.Id)}";
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        LabStore.WriteIndexEntry(file, EntryOf(lab));
    }

    /// <summary>Replaces the entry of a lab whose nodes have become more or fewer, in whichever list of its user it
    /// is. That is a help, and fails no command.</summary>
    public static void Renew(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        try
        {
            foreach (
                var file in StateFolder
                    .Candidates(Identity.Current, Environment.GetEnvironmentVariable("XDG_STATE_HOME"))
                    .Select(l => $"{l}/{LabNames.EntryOf(lab.Id)}")
                    .Where(f => LabStore.ReadIndexEntry(f)?.Root == lab.Root)
            )
            {
                LabStore.WriteIndexEntry(file, EntryOf(lab));
            }
        }
        catch (Exception error) when (error is LabException or IOException or UnauthorizedAccessException)
        {
            // The lab is found by its folder.
        }
    }

    /// <summary>Replaces the entry of a lab that lies in another folder now, in whichever list of its user it is;
    /// puts it on the list when it is on none. That is a help, and fails no command.</summary>
    /// <param name="lab">The lab where it is.</param>
    /// <param name="former">Where it was.</param>
    internal static void Move(Lab lab, string former)
    {
        try
        {
            var files = StateFolder
                .Candidates(Identity.Current, Environment.GetEnvironmentVariable("XDG_STATE_HOME"))
                .Select(l => $"{l}/{LabNames.EntryOf(lab.Id)}")
                .Where(f => LabStore.ReadIndexEntry(f)?.Root is { } root && (root == former || root == lab.Root))
                .ToArray();
            foreach (var file in files)
            {
                LabStore.WriteIndexEntry(file, EntryOf(lab));
            }

            if (files.Length == 0)
            {
                RegisterAgain(lab);
            }
        }
        catch (Exception error) when (error is LabException or IOException or UnauthorizedAccessException)
        {
            // The lab is found by its folder.
        }
    }

    private static LabIndexEntry EntryOf(Lab lab) =>
        new(lab.Id, lab.Name, lab.Root, lab.AllPorts.Select(p => p.Port).ToArray())
        {
            Sockets = [.. LabInventory.Of(lab).SocketFiles],
        };

    /// <summary>Takes an entry off its list, of a lab of which nothing is left.</summary>
    internal static void Forget(LabRegistration registration)
    {
        if (registration.File is { } file)
        {
            File.Delete(file);
        }
    }

    /// <summary>Puts a lab on its user's list again when its entry was lost. That is a help, and fails no
    /// command.</summary>
    public static void RegisterAgain(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        try
        {
            var user = Identity.Current;
            var lists = StateFolder.Candidates(user, Environment.GetEnvironmentVariable("XDG_STATE_HOME"));
            // An entry that names another folder is the original's, of which this is a copy. Of a lab that its user
            // made, root does not know where the list is: HOME may have been another then.
            if (
                (!Identity.HasStoodDown || IsRoots(lab))
                && !lists.Any(l => File.Exists($"{l}/{LabNames.EntryOf(lab.Id)}"))
            )
            {
                Register(lab);
            }
        }
        catch (Exception error) when (error is LabException or IOException or UnauthorizedAccessException)
        {
            // The lab is found by its folder.
        }
    }

    /// <summary>True for a lab that root has made for its user.</summary>
    private static bool IsRoots(Lab lab)
    {
        var noted = false;
        return Identity.WithOriginalRights(() =>
                noted = FolderRecords.OfThisMachine.All().Any(r => r.Folder == lab.Root)
            ) && noted;
    }

    /// <summary>Takes a lab off the list.</summary>
    public static void Remove(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var file = $"{StateFolder.Open()}/{LabNames.EntryOf(lab.Id)}";
        // A copy of a lab has the same id; the entry is the original's.
        if (
            File.Exists(file)
            && LabStore.ReadIndexEntry(file)?.Root is { } root
            && (root == lab.Root || IdOf(root) != lab.Id)
        )
        {
            File.Delete(file);
        }
    }

    /// <summary>Which lab lies there; null for none.</summary>
    private static string? IdOf(string root)
    {
        try
        {
            return LabStore.Load(root)?.Lab.Id;
        }
        catch (LabException)
        {
            return null;
        }
    }

    /// <summary>Every lab of the current user that still exists; for root also those of the user root's labs run
    /// as.</summary>
    public static IReadOnlyList<LabIndexEntry> All() =>
        Registrations().Select(r => r.Entry).Where(e => LabStore.HasManifest(e.Root)).ToArray();

    /// <summary>Everything on those lists, also what somebody has deleted by hand, which the search for orphans looks
    /// at.</summary>
    /// <param name="ofAllUsers">Of every user of the machine, for root.</param>
    public static IReadOnlyList<LabRegistration> Registrations(bool ofAllUsers = false)
    {
        var users = Users(ofAllUsers);
        // Anybody can make a folder in /var/tmp: a list counts only when it is its user's own.
        return users
            .SelectMany(
                (user, i) =>
                    StateFolder
                        .Candidates(user, i == 0 ? Environment.GetEnvironmentVariable("XDG_STATE_HOME") : null)
                        .Select(folder => (user, folder))
            )
            .DistinctBy(l => l.folder)
            .Where(l => StateFolder.IsTrusted(l.folder, l.user))
            .SelectMany(l => In(l.folder, l.user))
            .ToArray();
    }

    /// <summary>Whose labs are listed: the current user's; for root also those of the user root's labs run
    /// as.</summary>
    /// <param name="all">Every user of the machine, for root.</param>
    internal static IReadOnlyList<SystemUser> Users(bool all = false)
    {
        if (!Identity.IsRoot)
        {
            return [Identity.Current];
        }

        // Root's own notes tell whom root's labs run as.
        var others = all
            ? Identity.All()
            : FolderRecords
                .OfThisMachine.All()
                .Select(r => r.User)
                .Distinct()
                .Select(id => Identity.Find($"{id}"))
                .Prepend(Identity.Find(RunAs.DefaultUser));
        return [.. others.OfType<SystemUser>().Prepend(Identity.Current).DistinctBy(u => u.UserId)];
    }

    private static LabRegistration[] In(string folder, SystemUser user)
    {
        try
        {
            // Root reads another user's list: only files of that user's own, in a folder of that user's own.
            using var list = OpenFolder.TryOpen(Identity.RealPath($"{folder}/labs"));
            return list?.Ownership?.User != user.UserId
                ? []
                :
                [
                    .. list.List()
                        .Where(n => n.EndsWith(".json", StringComparison.Ordinal))
                        .Order(StringComparer.Ordinal)
                        .Select(n => Registration(list, n, folder, user))
                        .OfType<LabRegistration>(),
                ];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static LabRegistration? Registration(OpenFolder list, string name, string folder, SystemUser user)
    {
        try
        {
            return
                list.ReadText(name, LabStore.MostIndexEntry) is var (text, owner)
                && owner?.User == user.UserId
                && LabStore.ParseIndexEntry(text) is { } entry
                ? new LabRegistration($"{folder}/labs/{name}", folder, user, entry)
                : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Serializes the choice of names, which are each user's own: two setups at the same moment take different
    /// ones. Ports are all users': see <see cref="PortLeases"/>.</summary>
    /// <returns>Dispose it when the choice is registered.</returns>
    public static async Task<IDisposable> LockAsync(ProbeRunner probes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(probes);
        var file = $"{StateFolder.Open()}/lock";
        // Where nothing can be written this says why; below, only another setup can be in the way.
        var trial = $"{file}.{Environment.ProcessId}";
        RegularFile.OpenToWrite(trial, append: false).Dispose();
        File.Delete(trial);
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error) when (LabLock.IsTaken(error))
            {
                await probes.PauseAsync(TimeSpan.FromMilliseconds(10), cancellationToken);
            }
        }
    }
}
