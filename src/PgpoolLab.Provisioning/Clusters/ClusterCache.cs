using PgpoolLab.Hosts;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Leftovers;
using PgpoolLab.Provisioning.Store;
using PgpoolLab.Servers.Waiting;

namespace PgpoolLab.Provisioning.Clusters;

/// <summary>Templates of database clusters, so that initdb runs once and not for every lab. It can be deleted at any
/// time.</summary>
/// <param name="folder">Where it lies.</param>
/// <param name="host">Where programs run.</param>
/// <param name="probes">Waits.</param>
/// <param name="time">The clock.</param>
/// <param name="user">Whose it is, when that is another user than the current one.</param>
public sealed class ClusterCache(
    string folder,
    IHost host,
    ProbeRunner probes,
    TimeProvider time,
    SystemUser? user = null
)
{
    /// <summary>How many bytes all templates together may take; one has about 25 MB.</summary>
    public const long MaxBytes = 400_000_000;

    /// <summary>Where it lies.</summary>
    public string Folder => folder;

    /// <summary>The current user's cache.</summary>
    /// <returns>Null when this user has no folder for such things.</returns>
    /// <remarks>freedesktop.org, "XDG Base Directory Specification".</remarks>
    public static ClusterCache? Of(IHost host, ProbeRunner probes, TimeProvider time) =>
        CacheFolder.OfCurrentUser() is { } folder && CacheFolder.IsOurs(folder)
            ? new ClusterCache(folder, host, probes, time)
            : null;

    /// <summary>The current user's cache, for who only clears it.</summary>
    /// <returns>Null when there is none, or it is not that user's alone; none is made.</returns>
    public static ClusterCache? OfThereIs(IHost host, ProbeRunner probes, TimeProvider time) =>
        In(CacheFolder.OfCurrentUser(), host, probes, time);

    /// <summary>The cache in a folder, when there is one.</summary>
    internal static ClusterCache? In(string? folder, IHost host, ProbeRunner probes, TimeProvider time) =>
        Directory.Exists(folder) && CacheFolder.IsOurs(folder) ? new ClusterCache(folder, host, probes, time) : null;

    /// <summary>The caches there are: the current user's and, for root, that of the user root's labs run as. Before one
    /// is worked on, call
    /// <see cref="TakeOnUser"/>: the current user's own comes first, as there is no way back.</summary>
    public static IReadOnlyList<ClusterCache> Existing(IHost host, ProbeRunner probes, TimeProvider time)
    {
        var other = Identity.IsRoot ? Identity.Find(RunAs.DefaultUser) : null;
        var folders = ((string? Folder, SystemUser? User)[])
            [(CacheFolder.OfCurrentUser(), null), (other is null ? null : CacheFolder.In(other.Home), other)];
        return folders
            .Where(f => Directory.Exists(f.Folder))
            .DistinctBy(f => f.Folder)
            .Where(f => f.User is not null || !Identity.IsRoot || IsRoots(f.Folder!))
            .Select(f => new ClusterCache(f.Folder!, host, probes, time, f.User))
            .ToArray();
    }

    /// <summary>Goes on as the user whose cache this is. What lies in it is that user's word: root follows no link
    /// there, and waits for no pipe.</summary>
    /// <param name="process">Becomes that user.</param>
    public ClusterCache TakeOnUser(IThisProcess process)
    {
        ArgumentNullException.ThrowIfNull(process);
        if (user is not null && Identity.IsRoot)
        {
            process.Become(user);
        }

        return this;
    }

    /// <summary>Copies a cluster of this recipe to new folders: from its template, which is made first when there is
    /// none or when it is damaged.</summary>
    /// <param name="recipe">What the cluster is to be like.</param>
    /// <param name="targets">Data folders to make.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>True when a template was there already.</returns>
    /// <exception cref="CacheUnusableException">The folder cannot take a template; the targets are
    /// untouched.</exception>
    public async Task<bool> CopyAsync(
        ClusterRecipe recipe,
        IReadOnlyList<string> targets,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(targets);
        var key = recipe.Key();
        using (var shared = Lock(key, FileAccess.Read))
        {
            if (shared is not null && TryCopy(key, targets, cancellationToken))
            {
                return true;
            }
        }

        // Only one makes it. Whoever waited finds it made.
        using var alone = await UsableAsync(() => LockAloneAsync(key, cancellationToken));
        if (TryCopy(key, targets, cancellationToken))
        {
            return true;
        }

        await UsableAsync(async () =>
        {
            await MakeAsync(key, recipe, cancellationToken);
            return true;
        });
        if (!TryCopy(key, targets, cancellationToken))
        {
            throw new LabException(ExitCode.Failed, $"The template that was just made in {folder} cannot be read.");
        }

        await TrimAsync(key);
        return false;
    }

    /// <summary>A full or read-only disk under the cache says nothing of the disk the lab is to lie on.</summary>
    private async Task<T> UsableAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CacheUnusableException(folder, error.Message, error);
        }
        catch (CommandFailedException error) when (error.Words.FirstOrDefault(IsOfTheDisk) is { } word)
        {
            throw new CacheUnusableException(folder, word, error);
        }
    }

    private static bool IsOfTheDisk(string line) =>
        (
            (string[])
                [
                    "No space left on device",
                    "Check free disk space",
                    "Disk quota exceeded",
                    "Read-only file system",
                    "Permission denied",
                    "Input/output error",
                ]
        ).Any(e => line.Contains(e, StringComparison.Ordinal));

    /// <summary>Every template, the last used first.</summary>
    public IReadOnlyList<CachedTemplate> List() =>
        Keys()
            .Select(key =>
            {
                var path = $"{folder}/{key}";
                var used = new DateTimeOffset(File.GetLastWriteTimeUtc(LockOf(key)), TimeSpan.Zero);
                try
                {
                    return ClusterTemplate.Find(path) is { } t
                        ? new CachedTemplate(
                            key,
                            path,
                            t.Manifest.PostgreSql,
                            t.Manifest.Superuser,
                            t.Bytes,
                            t.Manifest.Created,
                            used
                        )
                        : new CachedTemplate(key, path, null, null, 0, null, used);
                }
                catch (TemplateDamagedException)
                {
                    return new CachedTemplate(key, path, null, null, 0, null, used);
                }
            })
            .OrderByDescending(t => t.LastUsed)
            .ToArray();

    /// <summary>Deletes every template nobody is copying at this moment.</summary>
    /// <returns>How many were deleted.</returns>
    public async Task<int> ClearAsync()
    {
        var deleted = 0;
        foreach (var key in Keys().Concat(Abandoned()).Distinct())
        {
            deleted += await DeleteAsync(key) ? 1 : 0;
        }

        return deleted;
    }

    /// <summary>Deletes templates that were never finished, as whoever made them was killed, and ends what is still at
    /// work on them.</summary>
    /// <returns>Their folders.</returns>
    public async Task<IReadOnlyList<string>> ClearUnfinishedAsync()
    {
        var cleared = new List<string>();
        foreach (var key in Abandoned().Distinct())
        {
            if (await RemoveUnfinishedAsync(key))
            {
                cleared.Add(Unfinished(key));
            }
        }

        return cleared;
    }

    /// <summary>Templates that were never finished, or are being made at this moment.</summary>
    public IReadOnlyList<string> ListUnfinished() =>
        Abandoned().Distinct().Select(Unfinished).Where(Directory.Exists).ToArray();

    private async Task<bool> RemoveUnfinishedAsync(string key)
    {
        if (!Directory.Exists(Unfinished(key)))
        {
            return false;
        }

        using var alone = Lock(key, FileAccess.ReadWrite);
        if (alone is null || !Directory.Exists(Unfinished(key)))
        {
            return false;
        }

        await RemoveWithProgramsAsync(Unfinished(key));
        if (!Directory.Exists($"{folder}/{key}"))
        {
            File.Delete(LockOf(key));
        }

        return true;
    }

    private bool TryCopy(string key, IReadOnlyList<string> targets, CancellationToken cancellationToken)
    {
        try
        {
            if (ClusterTemplate.Find($"{folder}/{key}") is not { } template || template.Manifest.Key != key)
            {
                return false;
            }

            template.CopyTo(targets, cancellationToken);
            RememberUse(key);
            return true;
        }
        catch (TemplateDamagedException)
        {
            foreach (var target in targets.Where(Directory.Exists))
            {
                Directory.Delete(target, recursive: true);
            }

            return false;
        }
    }

    private void RememberUse(string key)
    {
        try
        {
            File.SetLastWriteTimeUtc(LockOf(key), time.GetUtcNow().UtcDateTime);
        }
        catch (IOException)
        {
            // Somebody has deleted the cache meanwhile. The copy is complete.
        }
    }

    /// <summary>Makes a template beside its place, then moves it there: nobody ever sees half of one.</summary>
    private async Task MakeAsync(string key, ClusterRecipe recipe, CancellationToken cancellationToken)
    {
        var unfinished = Unfinished(key);
        // What is there was left by a program that was killed, or is damaged: the lock is ours. What that program had
        // started may still be at it.
        await RemoveWithProgramsAsync(unfinished);
        Remove($"{folder}/{key}");
        try
        {
            await ClusterTemplate.MakeAsync(unfinished, recipe, host, time, cancellationToken);
            Directory.Move(unfinished, $"{folder}/{key}");
        }
        catch
        {
            await RemoveWithProgramsAsync(unfinished);
            throw;
        }
    }

    /// <summary>Removes what is unfinished. An initdb that a killed setup had started would go on, and make it
    /// again.</summary>
    private async Task RemoveWithProgramsAsync(string unfinished)
    {
        await new Orphans(host, probes).EndAsync([ClusterTemplate.DataOf(unfinished)]);
        Remove(unfinished);
    }

    /// <summary>Deletes what was not used for longest, until the rest is small enough.</summary>
    private async Task TrimAsync(string keep)
    {
        long bytes = 0;
        foreach (var template in List())
        {
            bytes += template.Bytes;
            if (bytes > MaxBytes && template.Key != keep)
            {
                await DeleteAsync(template.Key);
            }
        }
    }

    private async Task<bool> DeleteAsync(string key)
    {
        using var alone = Lock(key, FileAccess.ReadWrite);
        if (alone is null)
        {
            return false;
        }

        var any = Directory.Exists($"{folder}/{key}") || Directory.Exists(Unfinished(key));
        await RemoveWithProgramsAsync(Unfinished(key));
        Remove($"{folder}/{key}");
        File.Delete(LockOf(key));
        return any;
    }

    private async Task<IDisposable> LockAloneAsync(string key, CancellationToken cancellationToken)
    {
        while (true)
        {
            // It may have been deleted since we looked.
            CacheFolder.Create(folder);
            if (Lock(key, FileAccess.ReadWrite) is { } alone)
            {
                // Whoever deleted the template has deleted this file, too: then others have another one.
                if (File.Exists(LockOf(key)))
                {
                    return alone;
                }

                alone.Dispose();
            }

            await probes.PauseAsync(TimeSpan.FromMilliseconds(5), cancellationToken);
        }
    }

    /// <summary>Several may read a template, one may make or delete it.</summary>
    /// <returns>Null when another has the lock, or when there is nothing to read.</returns>
    /// <exception cref="IOException">There cannot be a lock: the disk is full, say. Who waited for that to change would
    /// wait for ever.</exception>
    private IDisposable? Lock(string key, FileAccess access)
    {
        try
        {
            return RegularFile.TryLock(LockOf(key), alone: access is not FileAccess.Read);
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
    }

    private string LockOf(string key) => $"{folder}/{key}.lock";

    private string Unfinished(string key) => $"{folder}/{key}.unfinished";

    private string[] Keys() =>
        Directory.Exists(folder)
            ? Directory.EnumerateDirectories(folder).Select(d => Path.GetFileName(d)).Where(IsKey).ToArray()
            : [];

    private string[] Abandoned() =>
        Directory.Exists(folder)
            ? Directory
                .EnumerateFileSystemEntries(folder)
                .Select(e => Path.GetFileName(e).Split('.')[0])
                .Where(IsKey)
                .ToArray()
            : [];

    private static bool IsKey(string name) => name.Length == 32 && name.All(char.IsAsciiHexDigit);

    private static void Remove(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    private static bool IsRoots(string folder) => TrustedPath.Is(folder, 0) && Identity.OwnerOf(folder)?.User == 0;
}
