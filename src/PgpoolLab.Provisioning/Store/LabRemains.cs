using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Store;

/// <summary>What a command leaves that is killed just before it writes a lab's manifest, or just after it has deleted
/// it: a hidden folder that only says that somebody was at work. No lab has been made yet, or none is left.</summary>
public static class LabRemains
{
    private static readonly LabPaths Paths = new("");
    private static readonly string HiddenName = Path.GetFileName(Paths.Hidden);
    private static readonly string LockName = Path.GetFileName(Paths.Lock);
    private static readonly string ManifestName = Path.GetFileName(Paths.Manifest);

    /// <summary>True when there are such remains in exactly this folder, and nobody is at work on them.</summary>
    public static bool AreIn(string root)
    {
        try
        {
            using var folder = Directory.Exists(root) ? OpenFolder.TryOpen(Identity.RealPath(root)) : null;
            using var hidden = folder?.TryOpenFolder(HiddenName);
            return hidden is not null
                && hidden.List().All(n => IsOurs(n) && hidden.HasFile(n))
                && !LabLock.IsTaken(root);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Takes the lock of a lab that is to be made; where that fails, nothing of it stays.</summary>
    /// <exception cref="LabException">Another command has it.</exception>
    internal static LabLock TakeLock(string root)
    {
        try
        {
            return LabLock.Take(root);
        }
        catch
        {
            if (AreIn(root))
            {
                Remove(root, null);
            }

            throw;
        }
    }

    /// <summary>Removes them, as the user who has made them.</summary>
    /// <param name="root">The folder.</param>
    /// <param name="process">Becomes that user, when root calls; null when the remains are our own.</param>
    /// <exception cref="LabException">They are another user's.</exception>
    public static void Remove(string root, IThisProcess? process)
    {
        using var folder = OpenFolder.TryOpen(Identity.RealPath(root));
        using var hidden = folder?.TryOpenFolder(HiddenName);
        if (hidden?.Ownership is { User: > 0 and var owner } && !Identity.IsEffective(owner))
        {
            if (process is null || !Identity.IsRoot || Identity.Find(owner.ToString()) is not { } user)
            {
                throw new LabException(
                    ExitCode.NotFound,
                    $"There is no lab in {root}, but what a killed command of another user has left."
                );
            }

            process.Become(user);
        }

        foreach (var name in hidden?.List().Where(IsOurs) ?? [])
        {
            hidden!.Delete(name);
        }

        folder?.DeleteEmpty(HiddenName);
    }

    // The lock, and a manifest that was being written (LabStore).
    private static bool IsOurs(string name) => name == LockName || UnfinishedFile.Replaces(name) == ManifestName;
}
