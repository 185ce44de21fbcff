using System.Text;
using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

/// <summary>A folder like <c>/tmp</c>: every user of the machine can put files in it, and nobody can touch another's
/// (the sticky bit).</summary>
/// <remarks>What lies in it may have been put there by anybody, on purpose: no link is followed, nothing that exists is
/// opened for writing, and no text is believed further than its consequences are harmless.</remarks>
public sealed class SharedFolder : IDisposable
{
    private const UnixFileMode ForAll =
        UnixFileMode.StickyBit
        | UnixFileMode.UserRead
        | UnixFileMode.UserWrite
        | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupWrite
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherWrite
        | UnixFileMode.OtherExecute;

    private const UnixFileMode ReadableForAll =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private readonly SafeFileHandle _folder;
    private readonly string _path;

    private SharedFolder(SafeFileHandle folder, string path) =>
        // By way of the open folder it stays the one that was looked at, whatever its name leads to later.
        (_folder, _path) = (folder, OperatingSystem.IsLinux() ? $"/proc/self/fd/{folder.DangerousGetHandle()}" : path);

    /// <summary>Opens the folder; makes it when there is none. Root takes it over and gives it its mode, whoever has
    /// made it.</summary>
    /// <param name="path">Its path, absolute. The folder above it must exist.</param>
    /// <param name="problem">Why it cannot be used; empty when it can.</param>
    /// <returns>Null when it cannot be used.</returns>
    public static SharedFolder? Open(string path, out string problem)
    {
        problem = "";
        if (OperatingSystem.IsWindows())
        {
            problem = "this system has none";
            return null;
        }

        var handle = Posix.OpenWithoutFollowing(path, folder: true, out var error);
        if (handle is null && error == Posix.NoSuchFile)
        {
            // Another process may be faster.
            _ = Posix.TryCreateFolder(path, (uint)ForAll);
            handle = Posix.OpenWithoutFollowing(path, folder: true, out error);
        }

        if (handle is null)
        {
            problem = new System.ComponentModel.Win32Exception(error).Message;
            return null;
        }

        try
        {
            if (Identity.IsRoot)
            {
                Posix.OwnByRoot(handle);
                File.SetUnixFileMode(handle, ForAll);
            }
            else if (File.GetUnixFileMode(handle) != ForAll)
            {
                // Only its owner can; and no owner but root has a reason to have it otherwise.
                File.SetUnixFileMode(handle, ForAll);
            }

            return new SharedFolder(handle, path);
        }
        catch (Exception failure)
            when (failure is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            handle.Dispose();
            problem = "it is another user's, and not for all (mode 1777)";
            return null;
        }
    }

    /// <summary>Names of what lies in it.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public IReadOnlyList<string> List() =>
        Directory.EnumerateFileSystemEntries(_path).Select(e => Path.GetFileName(e)).ToArray();

    /// <summary>Creates a file that everybody may read, locks it, and only then writes in it.</summary>
    /// <param name="name">Its name; there must be none of that name.</param>
    /// <param name="text">Its contents.</param>
    /// <exception cref="IOException">It cannot be created or locked; somebody who opened it in that very moment may be
    /// the reason.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not.</exception>
    public SharedFile Create(string name, string text)
    {
        // This never opens what exists, nor follows a link (O_EXCL).
        var handle = File.OpenHandle(
            $"{_path}/{name}",
            FileMode.CreateNew,
            FileAccess.ReadWrite,
            FileShare.ReadWrite | FileShare.Delete
        );
        var made = new SharedFile(handle);
        try
        {
            if (made.TryLock() is not true)
            {
                throw new IOException("files in it cannot be locked");
            }

            RandomAccess.Write(handle, Encoding.UTF8.GetBytes(text), 0);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(handle, ReadableForAll);
            }

            return made;
        }
        catch
        {
            made.Dispose();
            Delete(name);
            throw;
        }
    }

    /// <summary>Gives a file one more name: it is there whole, or not at all.</summary>
    /// <returns>False when something has that name already.</returns>
    /// <exception cref="IOException">It cannot be done.</exception>
    public bool TryLink(string name, string further) => Posix.TryLink($"{_path}/{name}", $"{_path}/{further}");

    /// <summary>Opens a file for reading.</summary>
    /// <returns>Null when there is none of that name, or it is no plain file or another user's secret.</returns>
    public SharedFile? TryOpen(string name) => SharedFile.TryOpen($"{_path}/{name}", out _);

    /// <summary>True when something has that name.</summary>
    public bool Has(string name) =>
        Path.Exists($"{_path}/{name}") || new FileInfo($"{_path}/{name}").LinkTarget is not null;

    /// <summary>True when a file is the current user's.</summary>
    public bool IsMine(string name) => Identity.OwnerOf($"{_path}/{name}")?.User == Identity.Current.UserId;

    /// <summary>The login name of a file's owner; null when there is no such file.</summary>
    public string? OwnerOf(string name) =>
        Identity.OwnerOf($"{_path}/{name}") is { } owner
            ? Identity.Find(owner.User.ToString())?.Name ?? $"uid {owner.User}"
            : null;

    /// <summary>Deletes a file, or a link itself.</summary>
    /// <returns>False when it could not be deleted: it is another user's.</returns>
    public bool Delete(string name)
    {
        try
        {
            File.Delete($"{_path}/{name}");
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _folder.Dispose();
}

/// <summary>An open file of a <see cref="SharedFolder"/>, or another one that somebody else may have written.</summary>
public sealed class SharedFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private bool _isLocked;

    internal SharedFile(SafeFileHandle file) => _file = file;

    /// <summary>Opens a file for reading. A link is not followed, and a pipe does not keep us waiting.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="isAbsent">True when it is certain that there is no file of that path.</param>
    /// <returns>Null when it cannot be opened.</returns>
    public static SharedFile? TryOpen(string path, out bool isAbsent)
    {
        isAbsent = false;
        if (OperatingSystem.IsWindows())
        {
            return null;
        }

        var handle = Posix.OpenWithoutFollowing(path, folder: false, out var error);
        isAbsent = error is Posix.NoSuchFile or Posix.NotAFolder;
        return handle is null ? null : new SharedFile(handle);
    }

    /// <summary>Its contents.</summary>
    /// <param name="limit">Its largest size, in bytes.</param>
    /// <returns>Null when it is larger, or cannot be read as text.</returns>
    public string? Read(int limit)
    {
        try
        {
            var buffer = new byte[limit + 1];
            var length = 0;
            while (
                length < buffer.Length && RandomAccess.Read(_file, buffer.AsSpan(length), length) is > 0 and var read
            )
            {
                length += read;
            }

            return length > limit ? null : Encoding.UTF8.GetString(buffer, 0, length);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Locks it until it is closed. The system frees the lock of a process that has ended, however it ended;
    /// who asks may be in another container: what is asked is the file, not a process number.</summary>
    /// <returns>False when somebody else has locked it; null when files cannot be locked there.</returns>
    public bool? TryLock()
    {
        var locked = Posix.TryLock(_file);
        _isLocked |= locked is true;
        return locked;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A child that is just being started has the file open, too, until it has become its program: closing alone
        // would leave the lock to it.
        if (_isLocked && !_file.IsClosed)
        {
            Posix.Unlock(_file);
        }

        _file.Dispose();
    }
}
