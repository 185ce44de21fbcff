using System.Text;

namespace PgpoolLab.Hosts.Local;

/// <summary>Files of this machine, within the rights of this process.</summary>
internal sealed class LocalFiles : IFiles
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <inheritdoc/>
    public ValueTask<string> RealPathAsync(string path, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Identity.RealPath(path));

    /// <inheritdoc/>
    public ValueTask<FileFacts?> LookAsync(string path, CancellationToken cancellationToken)
    {
        var file = new FileInfo(path);
        var target = file.LinkTarget;
        if (OperatingSystem.IsLinux())
        {
            return ValueTask.FromResult(
                Posix.StatusOf(path) is { } status
                    ? new FileFacts(
                        status.IsLink ? FileKind.Link
                            : status.IsFolder ? FileKind.Folder
                            : status.IsRegularFile ? FileKind.File
                            : FileKind.Other,
                        status.User,
                        status.Length,
                        file.LastWriteTimeUtc,
                        Identity.FileIdOf(path),
                        target
                    )
                    : null
            );
        }

        var folder = Directory.Exists(path);
        return ValueTask.FromResult(
            target is not null || folder || file.Exists || Path.Exists(path)
                ? new FileFacts(
                    target is not null ? FileKind.Link
                        : folder ? FileKind.Folder
                        : file.Exists ? FileKind.File
                        : FileKind.Other,
                    Identity.OwnerOf(path)?.User,
                    file.Exists ? file.Length : 0,
                    file.LastWriteTimeUtc,
                    Identity.FileIdOf(path),
                    target
                )
                : null
        );
    }

    /// <inheritdoc/>
    public ValueTask<byte[]?> ReadBytesAsync(string path, CancellationToken cancellationToken)
    {
        const int largest = 256 << 20;
        try
        {
            return ValueTask.FromResult<byte[]?>(RegularFile.ReadBytes(path, largest));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return ValueTask.FromResult<byte[]?>(null);
        }
    }

    /// <inheritdoc/>
    public ValueTask<string?> ReadTextAsync(string path, CancellationToken cancellationToken) =>
        // To read one takes less time than to have another thread do it.
        ValueTask.FromResult(SmallFile.ReadText(path));

    /// <inheritdoc/>
    public ValueTask<(string Text, long Length)> ReadGrowthAsync(
        string path,
        long? from,
        CancellationToken cancellationToken
    )
    {
        using var file = RegularFile.TryOpen(path);
        if (file is null)
        {
            return ValueTask.FromResult(("", 0L));
        }

        var length = RandomAccess.GetLength(file);
        // One that is shorter than it was has been begun anew.
        var position =
            from is { } start && start <= length ? start
            : from is null ? length
            : 0;
        if (position == length)
        {
            return ValueTask.FromResult(("", length));
        }

        using var log = new FileStream(file, FileAccess.Read, bufferSize: 0);
        log.Position = position;
        using var reader = new StreamReader(log, Utf8);
        return ValueTask.FromResult((reader.ReadToEnd(), length));
    }

    /// <inheritdoc/>
    public ValueTask<FilePart> ReadPartAsync(string path, long from, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 4);
        using var file = RegularFile.TryOpen(path);
        if (file is null)
        {
            return ValueTask.FromResult(new FilePart("", from, 0));
        }

        var length = RandomAccess.GetLength(file);
        if (from >= length)
        {
            return ValueTask.FromResult(new FilePart("", from, length));
        }

        var bytes = new byte[Math.Min(limit, length - from)];
        var read = 0;
        while (read < bytes.Length && RandomAccess.Read(file, bytes.AsSpan(read), from + read) is > 0 and var more)
        {
            read += more;
        }

        var whole = WithoutCutCharacter(bytes.AsSpan(0, read));
        return ValueTask.FromResult(new FilePart(Utf8.GetString(bytes, 0, whole), from + whole, length));
    }

    /// <summary>How much of this is whole characters of UTF-8; bytes that never become one count as such.</summary>
    private static int WithoutCutCharacter(ReadOnlySpan<byte> bytes)
    {
        const int longest = 4;
        for (var back = 1; back < longest && back <= bytes.Length; back++)
        {
            var lead = bytes[^back];
            if (lead < 0x80)
            {
                break;
            }

            if (lead >= 0xC0)
            {
                var needs =
                    lead >= 0xF0 ? 4
                    : lead >= 0xE0 ? 3
                    : 2;
                return needs > back ? bytes.Length - back : bytes.Length;
            }
        }

        return bytes.Length;
    }

    /// <inheritdoc/>
    public ValueTask WriteTextAsync(string path, string text, UnixFileMode mode, CancellationToken cancellationToken)
    {
        var temporary = UnfinishedFile.Beside(path);
        try
        {
            // Never one that is there: it may be a pipe, or a link.
            File.Delete(temporary);
            using (var stream = new FileStream(temporary, Options(FileMode.CreateNew, mode)))
            {
                stream.Write(Utf8.GetBytes(text));
            }

            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(temporary, mode);
            }

            File.Move(temporary, path, overwrite: true);
            return ValueTask.CompletedTask;
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask AppendTextAsync(string path, string text, CancellationToken cancellationToken)
    {
        using var file = new FileStream(RegularFile.OpenToWrite(path, append: true), FileAccess.Write, bufferSize: 0);
        file.Write(Utf8.GetBytes(text));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<bool> ExistsAsync(string path, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Path.Exists(path) || new FileInfo(path).LinkTarget is not null);

    /// <inheritdoc/>
    public ValueTask CreateDirectoryAsync(string path, UnixFileMode mode, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, mode);
            File.SetUnixFileMode(path, mode);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(string path, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<string>>(
            Directory.Exists(path)
                ? Directory.EnumerateFileSystemEntries(path).Select(e => Path.GetFileName(e)).ToArray()
                : []
        );

    /// <inheritdoc/>
    public ValueTask RenameAsync(string path, string newPath, CancellationToken cancellationToken)
    {
        if (new FileInfo(path).LinkTarget is null && Directory.Exists(path))
        {
            Directory.Move(path, newPath);
        }
        else
        {
            File.Move(path, newPath, overwrite: true);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string path, CancellationToken cancellationToken)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is null && Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else if (file.LinkTarget is not null || Path.Exists(path))
        {
            file.Delete();
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DeleteWithinAsync(string root, string path, CancellationToken cancellationToken)
    {
        using var above = TryOpenAbove(root, path);
        above?.Delete(Path.GetFileName(path));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DeleteEmptyWithinAsync(string root, string path, CancellationToken cancellationToken)
    {
        using var above = TryOpenAbove(root, path);
        using var folder = above?.TryOpenFolder(Path.GetFileName(path));
        if (folder?.List().Count == 0)
        {
            above!.DeleteEmpty(Path.GetFileName(path));
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Opens the folder that something lies in, below another one.</summary>
    private static OpenFolder? TryOpenAbove(string root, string path)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(path);
        if (!path.StartsWith(root + "/", StringComparison.Ordinal))
        {
            throw new ArgumentException($"{path} does not lie in {root}.", nameof(path));
        }

        using var top = OpenFolder.TryOpen(root);
        return top?.TryGoTo(Path.GetDirectoryName(path)![root.Length..]);
    }

    /// <inheritdoc/>
    public ValueTask CreateLinkAsync(string path, string target, CancellationToken cancellationToken)
    {
        File.CreateSymbolicLink(path, target);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<long?> FreeSpaceAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return ValueTask.FromResult<long?>(new DriveInfo(path).AvailableFreeSpace);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return ValueTask.FromResult<long?>(null);
        }
    }

    /// <inheritdoc/>
    public ValueTask<Volume?> VolumeAsync(string path, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Volume.Of(path));

    /// <inheritdoc/>
    public ValueTask<long> SizeOnDiskAsync(string folder, CancellationToken cancellationToken) =>
        ValueTask.FromResult(DiskUsage.Of(folder, cancellationToken));

    /// <inheritdoc/>
    public ValueTask<int?> LockHolderAsync(string path, CancellationToken cancellationToken) =>
        ValueTask.FromResult(FileLocks.HolderOf(path));

    /// <inheritdoc/>
    public ValueTask<bool> CanExecuteAsync(string path, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Identity.CanExecute(path));

    /// <inheritdoc/>
    public ValueTask<bool> CanWriteAsync(string directory, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Identity.CanEnterAndWrite(directory));

    internal static FileStreamOptions Options(FileMode create, UnixFileMode mode)
    {
        var options = new FileStreamOptions { Mode = create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        return options;
    }
}
