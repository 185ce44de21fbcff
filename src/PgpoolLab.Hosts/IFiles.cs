namespace PgpoolLab.Hosts;

/// <summary>Files and folders of a machine. All paths are absolute.</summary>
public interface IFiles
{
    /// <summary>The path with every symbolic link resolved; the path itself when it does not exist.</summary>
    ValueTask<string> RealPathAsync(string path, CancellationToken cancellationToken);

    /// <summary>Looks what lies at a path; a link is not followed.</summary>
    /// <returns>Null when there is nothing, or when it may not be seen.</returns>
    ValueTask<FileFacts?> LookAsync(string path, CancellationToken cancellationToken);

    /// <summary>Reads a file whole, a program for example; null when there is none.</summary>
    ValueTask<byte[]?> ReadBytesAsync(string path, CancellationToken cancellationToken);

    /// <summary>Reads a text file; null when there is none.</summary>
    ValueTask<string?> ReadTextAsync(string path, CancellationToken cancellationToken);

    /// <summary>Reads what a log has grown by.</summary>
    /// <param name="path">The log.</param>
    /// <param name="from">How long it was, in bytes; null to learn only how long it is.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The text, and how long the log is now. There is none: empty and 0.</returns>
    ValueTask<(string Text, long Length)> ReadGrowthAsync(string path, long? from, CancellationToken cancellationToken);

    /// <summary>Reads a part of a text file. A character that is cut off at the part's end belongs to the next
    /// part.</summary>
    /// <param name="path">The file.</param>
    /// <param name="from">Where the part begins, in bytes.</param>
    /// <param name="limit">Its length at most, in bytes; at least 4.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The text, where the next part begins, and how long the file is. There is none, or it is shorter than
    /// <paramref name="from"/>: no text.</returns>
    ValueTask<FilePart> ReadPartAsync(string path, long from, int limit, CancellationToken cancellationToken);

    /// <summary>Writes a text file whole or not at all (temporary file and rename).</summary>
    ValueTask WriteTextAsync(string path, string text, UnixFileMode mode, CancellationToken cancellationToken);

    /// <summary>Appends to a text file.</summary>
    ValueTask AppendTextAsync(string path, string text, CancellationToken cancellationToken);

    /// <summary>True when the path is a file, folder, socket or link of any kind.</summary>
    ValueTask<bool> ExistsAsync(string path, CancellationToken cancellationToken);

    /// <summary>Creates a folder with exactly this mode; its parent must exist.</summary>
    ValueTask CreateDirectoryAsync(string path, UnixFileMode mode, CancellationToken cancellationToken);

    /// <summary>Names of what lies in a folder; empty when there is none.</summary>
    ValueTask<IReadOnlyList<string>> ListAsync(string path, CancellationToken cancellationToken);

    /// <summary>Gives a file another name in the same folder, in place of the file that has that name; or a folder a
    /// name that nothing has.</summary>
    ValueTask RenameAsync(string path, string newPath, CancellationToken cancellationToken);

    /// <summary>Deletes a file, link, socket or whole folder; nothing happens when there is none. Links are not
    /// followed.</summary>
    ValueTask DeleteAsync(string path, CancellationToken cancellationToken);

    /// <summary>Deletes what lies in a folder, as <see cref="DeleteAsync"/> does: no link on the way there is followed
    /// either.</summary>
    /// <param name="root">The folder, with links resolved.</param>
    /// <param name="path">What to delete, below it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    ValueTask DeleteWithinAsync(string root, string path, CancellationToken cancellationToken) =>
        DeleteAsync(path, cancellationToken);

    /// <summary>Deletes a folder that lies in another and is empty; nothing happens when it is not empty, or when there
    /// is none. No link on the way there is followed.</summary>
    /// <param name="root">The folder above, with links resolved.</param>
    /// <param name="path">What to delete, below it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    ValueTask DeleteEmptyWithinAsync(string root, string path, CancellationToken cancellationToken);

    /// <summary>Creates a symbolic link.</summary>
    ValueTask CreateLinkAsync(string path, string target, CancellationToken cancellationToken);

    /// <summary>Bytes that can still be written to the disk this path lies on; null when that cannot be
    /// known.</summary>
    ValueTask<long?> FreeSpaceAsync(string path, CancellationToken cancellationToken);

    /// <summary>The file system a path lies on; null when it cannot be seen.</summary>
    ValueTask<Volume?> VolumeAsync(string path, CancellationToken cancellationToken);

    /// <summary>Bytes on disk of a folder with all that lies in it. Links are not followed, and what vanishes meanwhile
    /// does not count.</summary>
    /// <exception cref="OperationCanceledException">It took too long.</exception>
    ValueTask<long> SizeOnDiskAsync(string folder, CancellationToken cancellationToken);

    /// <summary>The process that has locked a file (flock), without taking the lock for even a moment.</summary>
    /// <returns>Its process id, 0 when only that somebody has is known; null when nobody has.</returns>
    ValueTask<int?> LockHolderAsync(string path, CancellationToken cancellationToken);

    /// <summary>True when this program's user may create files there.</summary>
    ValueTask<bool> CanWriteAsync(string directory, CancellationToken cancellationToken);

    /// <summary>True when this program's user may execute this file.</summary>
    ValueTask<bool> CanExecuteAsync(string path, CancellationToken cancellationToken);
}

/// <summary>A part of a text file.</summary>
/// <param name="Text">The text.</param>
/// <param name="End">Where the next part begins, in bytes.</param>
/// <param name="Length">How long the file is, in bytes.</param>
public readonly record struct FilePart(string Text, long End, long Length);
