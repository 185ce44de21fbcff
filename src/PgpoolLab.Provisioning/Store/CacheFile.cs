using PgpoolLab.Hosts;

namespace PgpoolLab.Provisioning.Store;

/// <summary>A small file beside the cached clusters, which can be deleted at any time.</summary>
internal static class CacheFile
{
    /// <summary>Reads it.</summary>
    /// <param name="file">Its path.</param>
    /// <param name="limit">The most it can have, in bytes.</param>
    /// <returns>Null when there is none, or when it is another user's.</returns>
    /// <exception cref="IOException">It is a link or no regular file, is larger, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    internal static string? Read(string file, int limit)
    {
        using var folder = OpenFolder.TryOpen(Identity.RealPath(Path.GetDirectoryName(file)!));
        return
            folder?.ReadText(Path.GetFileName(file), limit) is var (text, owner)
            && owner?.User == Identity.Current.UserId
            ? text
            : null;
    }

    /// <summary>Writes it whole or not at all, for its owner alone. Nothing happens in a folder that others can write
    /// to.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    internal static void Write(string file, string text)
    {
        if (CacheFolder.IsOurs(Path.GetDirectoryName(file)!))
        {
            LabStore.WriteWhole(file, text);
        }
    }
}
