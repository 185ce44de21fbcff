using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Store;

/// <summary>The list of a user's labs: a small file for each. It can be lost: labs are found by their folders too.</summary>
public static class LabIndex
{
    /// <summary>Adds or replaces a lab.</summary>
    public static void Register(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var folder = Directory.CreateDirectory($"{StateFolder.Open()}/labs").FullName;
        LabStore.WriteIndexEntry($"{folder}/{lab.Id}.json", new LabIndexEntry(lab.Id, lab.Name, lab.Root, lab.AllPorts.Select(p => p.Port).ToArray()));
    }

    /// <summary>Takes a lab off the list.</summary>
    public static void Remove(Lab lab)
    {
        ArgumentNullException.ThrowIfNull(lab);
        var file = $"{StateFolder.Open()}/labs/{lab.Id}.json";
        // A copy of a lab has the same id; the entry is the original's.
        if (File.Exists(file) && LabStore.ReadIndexEntry(file)?.Root is { } root && (root == lab.Root || !Directory.Exists(root)))
        {
            File.Delete(file);
        }
    }

    /// <summary>Every lab of the current user that still exists; for root also those of the user root's labs run as.</summary>
    public static IReadOnlyList<LabIndexEntry> All()
    {
        var users = new List<SystemUser> { Identity.Current };
        if (Identity.IsRoot && Identity.Find(RunAs.DefaultUser) is { } other)
        {
            users.Add(other);
        }

        var folders = users.SelectMany((u, i) => StateFolder.Candidates(u, i == 0 ? Environment.GetEnvironmentVariable("XDG_STATE_HOME") : null)).Select(f => f + "/labs");
        // Anybody can make a folder in /var/tmp: a list counts only when it is its user's own.
        return folders.Distinct().Where(f => Directory.Exists(f) && users.Any(u => Identity.OwnerOf(f)?.User == u.UserId)).SelectMany(f => Directory.EnumerateFiles(f, "*.json"))
            .Where(StillExists).Select(LabStore.ReadIndexEntry).OfType<LabIndexEntry>().ToArray();
    }

    /// <summary>Whether the lab is still there. One whose folder somebody deleted by hand is forgotten, with the link that was its second name.</summary>
    private static bool StillExists(string file)
    {
        if (LabStore.ReadIndexEntry(file) is not { } entry || File.Exists(new LabPaths(entry.Root).Manifest))
        {
            return true;
        }

        try
        {
            File.Delete(file);
            File.Delete($"{Path.GetDirectoryName(Path.GetDirectoryName(file))}/{entry.Id}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another user's list; it is not ours to mend.
        }

        return false;
    }

    /// <summary>Serializes the choice of names, which are each user's own: two setups at the same moment take different ones. Ports are all users':
    /// see <see cref="PortLeases"/>.</summary>
    /// <returns>Dispose it when the choice is registered.</returns>
    public static async Task<IDisposable> LockAsync(Probes.ProbeRunner probes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(probes);
        var file = $"{StateFolder.Open()}/lock";
        // Where nothing can be written this says why; below, only another setup can be in the way.
        var trial = $"{file}.{Environment.ProcessId}";
        await File.WriteAllTextAsync(trial, "", cancellationToken);
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
