using System.Text;
using PgpoolLab.Hosts;

namespace PgpoolLab.Cli.Keeping;

/// <summary>Root's own copy of a file that another user can change.</summary>
internal static class OwnCopy
{
    private const int Most = 1 << 20;

    /// <summary>Copies a file of that user's; no other's, which a link may lead to.</summary>
    /// <param name="file">The file.</param>
    /// <param name="user">Its owner.</param>
    /// <param name="copy">The copy, for our user alone.</param>
    /// <returns>The copy; null when that user has no such file.</returns>
    internal static string? Make(string file, int user, string copy)
    {
        using var folder = OpenFolder.TryOpen(Identity.RealPath(Path.GetDirectoryName(file)!));
        if (folder?.ReadText(Path.GetFileName(file), Most) is not (var text, { } owner) || owner.User != user)
        {
            return null;
        }

        var unfinished = UnfinishedFile.Beside(copy);
        File.Delete(unfinished);
        // In a folder of our user's own: nobody else sees it before it is private.
        using (var stream = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write))
        {
            stream.Write(Encoding.UTF8.GetBytes(text));
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(unfinished, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        File.Move(unfinished, copy, overwrite: true);
        return copy;
    }
}
