using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

/// <summary>Opens files that somebody else may have put there. A pipe, a device or a socket in a file's place is
/// refused: to read one may never end, and to open one may neither, against which no signal helps.</summary>
public static class RegularFile
{
    /// <summary>The most a text of the state, the cache or a lab can have, in bytes; logs are read in pieces.</summary>
    public const int MostText = 64 << 20;

    /// <summary>Opens a file for reading.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="IOException">It is not a regular file, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static SafeFileHandle? TryOpen(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            return Checked(Posix.OpenForReading(path), path);
        }

        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Opens a file for reading that must be there.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <inheritdoc cref="TryOpen"/>
    public static SafeFileHandle Open(string path) =>
        TryOpen(path) ?? throw new FileNotFoundException($"Could not find file '{path}'.", path);

    /// <summary>Opens a file for writing, and makes it, for its owner alone, when there is none.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="append">Whether what is in it stays, and what is written comes after that.</param>
    /// <exception cref="IOException">It is not a regular file, or cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written to.</exception>
    public static SafeFileHandle OpenToWrite(string path, bool append)
    {
        if (!OperatingSystem.IsLinux())
        {
            var handle = File.OpenHandle(
                path,
                append ? FileMode.OpenOrCreate : FileMode.Create,
                FileAccess.Write,
                FileShare.ReadWrite | FileShare.Delete
            );
            return handle;
        }

        const uint ownersAlone = 0x180;
        return Checked(Posix.OpenToWrite(path, append, !append, ownersAlone), path)!;
    }

    /// <summary>Opens a file that must be there, to write over parts of it.</summary>
    /// <exception cref="IOException">There is none, it is not a regular file, or cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written to.</exception>
    public static SafeFileHandle OpenToChange(string path) =>
        OperatingSystem.IsLinux()
            ? Checked(Posix.OpenToChange(path), path)!
            : File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>True when there is a regular file of that path; links are followed.</summary>
    public static bool Is(string path)
    {
        try
        {
            using var file = TryOpen(path);
            return file is not null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Locks a file, until what this returns is disposed: for several together, who need it to be there, or
    /// for one alone, who makes it.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="alone">Whether for one alone.</param>
    /// <returns>Null when others have locked it; or when it is not there, for several.</returns>
    /// <exception cref="IOException">It is not a regular file, or there cannot be one.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public static IDisposable? TryLock(string path, bool alone)
    {
        if (OperatingSystem.IsWindows())
        {
            return TryOpen(path);
        }

        var file = alone ? OpenToWrite(path, append: true) : TryOpen(path);
        if (file is null)
        {
            return null;
        }

        if (Posix.TryLock(file, alone) is not false)
        {
            return new FileLock(file);
        }

        file.Dispose();
        return null;
    }

    /// <summary>Unlocks before it closes: a child that is just being started has the file open, too, and would keep the
    /// lock.</summary>
    private sealed class FileLock(SafeFileHandle file) : IDisposable
    {
        public void Dispose()
        {
            if (!file.IsClosed)
            {
                Posix.Unlock(file);
            }

            file.Dispose();
        }
    }

    /// <summary>Reads a text file (UTF-8) whole.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="limit">The most it can have, in bytes.</param>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="IOException">It is not a regular file, is larger, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static string? ReadText(string path, int limit = MostText)
    {
        using var file = TryOpen(path);
        return file is null ? null : Read(file, path, limit);
    }

    /// <summary>Reads a text file (UTF-8) whole. Whose it is, is told of the very file that was read, whatever its path
    /// leads to by then.</summary>
    /// <returns>The text, and whose it is (null where that cannot be seen); null when there is none.</returns>
    /// <inheritdoc cref="ReadText"/>
    public static (string Text, Ownership? Owner)? ReadOwned(string path, int limit = MostText)
    {
        using var file = TryOpen(path);
        return file is null ? null : (Read(file, path, limit), Ownership.Of(file, path));
    }

    /// <summary>Reads a file whole.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="limit">The most it can have, in bytes.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="IOException">It is not a regular file, is larger, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static byte[] ReadBytes(string path, int limit = MostText)
    {
        using var file = Open(path);
        return Bytes(file, path, limit).ToArray();
    }

    /// <summary>Reads an open file (UTF-8) whole.</summary>
    /// <inheritdoc cref="ReadText"/>
    internal static string Read(SafeFileHandle file, string path, int limit)
    {
        var text = Bytes(file, path, limit);
        return Encoding.UTF8.GetString(
            text.StartsWith(Encoding.UTF8.Preamble) ? text[Encoding.UTF8.Preamble.Length..] : text
        );
    }

    private static ReadOnlySpan<byte> Bytes(SafeFileHandle file, string path, int limit)
    {
        // Files of /proc may come in pieces, and do not tell their length.
        var buffer = new byte[
            (int)Math.Min((long)limit + 1, Math.Clamp(RandomAccess.GetLength(file) + 1, 4096, 1 << 20))
        ];
        var length = 0;
        while (RandomAccess.Read(file, buffer.AsSpan(length), length) is > 0 and var read)
        {
            length += read;
            if (length > limit)
            {
                throw new IOException($"{path} is too large: it has more than {limit} bytes.");
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min((long)limit + 1, buffer.Length * 2L));
            }
        }

        return buffer.AsSpan(0, length);
    }

    /// <summary>Refuses what is no regular file. A folder is none at all.</summary>
    internal static SafeFileHandle? Checked(SafeFileHandle? file, string path)
    {
        if (file is null || Posix.StatusOf(file) is not { IsRegularFile: false } status)
        {
            return file;
        }

        file.Dispose();
        return status.IsFolder ? null : throw new IOException($"{path} is not a regular file.");
    }
}
