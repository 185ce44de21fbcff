using Microsoft.Win32.SafeHandles;

namespace PgpoolLab.Hosts;

/// <summary>Whose a file or folder is, and who may write it: what the system says of the open one, whatever its path
/// leads to by then.</summary>
/// <param name="User">Numeric owner.</param>
/// <param name="Group">Numeric group.</param>
/// <param name="Permissions">Its permissions.</param>
/// <param name="Id">What tells it from every other that has had its path.</param>
public sealed record Ownership(int User, int Group, UnixFileMode Permissions, string Id)
{
    /// <summary>True when nobody but its owner, and root, can write it.</summary>
    public bool OnlyOwnerWrites => (Permissions & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) == 0;

    /// <summary>True when it is this user's or root's, and nobody else can write it.</summary>
    /// <param name="user">Numeric id of the user.</param>
    /// <param name="ownGroup">Finds the group that has nobody but this user in it:
    /// <see cref="Identity.PrivateGroupOf"/>.</param>
    public bool OnlyChangedBy(int user, Func<int?>? ownGroup = null) =>
        (User == user || User == 0) && IsProtected(Permissions, Group, ownGroup);

    /// <summary>True when those of a group and all others cannot write.</summary>
    internal static bool IsProtected(UnixFileMode mode, int group, Func<int?>? ownGroup) =>
        !mode.HasFlag(UnixFileMode.OtherWrite)
        && (!mode.HasFlag(UnixFileMode.GroupWrite) || ownGroup?.Invoke() == group);

    /// <summary>Whose an open file is.</summary>
    internal static Ownership? Of(SafeFileHandle file, string path) => Of(Posix.StatusOf(file)) ?? Of(path);

    internal static Ownership? Of(FileStatus? status) =>
        status is { } s ? new Ownership(s.User, s.Group, s.Permissions, s.Id) : null;

    /// <summary>The same by a path, where the system has nothing better.</summary>
    internal static Ownership? Of(string path) =>
        OperatingSystem.IsWindows() || Identity.OwnerOf(path) is not { } owner
            ? null
            : new Ownership(owner.User, owner.Group, File.GetUnixFileMode(path), Identity.RealPath(path));
}

/// <summary>A folder that is held open. It was reached without following a link, and what is done in it is done in
/// exactly this folder, whatever its path leads to by then: so another user cannot have root work elsewhere by
/// exchanging a folder for a link.</summary>
/// <remarks>Linux; elsewhere it works by paths, looking for links first. There root has no way back once it has become
/// another user.</remarks>
public sealed class OpenFolder : IDisposable
{
    private readonly SafeFileHandle? _handle;

    private OpenFolder(SafeFileHandle? handle, string path) => (_handle, Path) = (handle, path);

    /// <summary>The path it was reached by.</summary>
    public string Path { get; }

    /// <summary>The open folder; null where it works by paths.</summary>
    internal SafeFileHandle? Handle => _handle;

    /// <summary>Opens a folder by its path, one name after the other.</summary>
    /// <param name="path">Absolute, without links: see <see cref="Identity.RealPath"/>.</param>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="IOException">A link is in the way, or a file.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not pass.</exception>
    public static OpenFolder? TryOpen(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!OperatingSystem.IsLinux())
        {
            return Directory.Exists(path) ? new OpenFolder(null, path) : null;
        }

        using var top = new OpenFolder(Posix.OpenTop(), "/");
        return top.TryGoTo(path);
    }

    /// <summary>Opens a folder below this one, one name after the other.</summary>
    /// <param name="path">Relative.</param>
    /// <inheritdoc cref="TryOpen"/>
    public OpenFolder? TryGoTo(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var folder = new OpenFolder(_handle is null ? null : Posix.Reference(_handle), Path);
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            using var above = folder;
            if (above.TryOpenFolder(name) is not { } next)
            {
                return null;
            }

            folder = next;
        }

        return folder;
    }

    /// <summary>Opens a folder in this one.</summary>
    /// <inheritdoc cref="TryOpen"/>
    public OpenFolder? TryOpenFolder(string name)
    {
        var path = In(name);
        if (_handle is not null)
        {
            return Posix.OpenFolderIn(_handle, name, path) is { } handle ? new OpenFolder(handle, path) : null;
        }

        return new FileInfo(path).LinkTarget is not null || File.Exists(path)
                ? throw new IOException($"{path} is a link, or not what it must be; links are not followed there.")
            : Directory.Exists(path) ? new OpenFolder(null, path)
            : null;
    }

    /// <summary>Whose it is; null where that cannot be seen.</summary>
    public Ownership? Ownership => _handle is null ? Ownership.Of(Path) : Ownership.Of(_handle, Path);

    /// <summary>Whose a file in it is; of a link itself.</summary>
    /// <returns>Null when there is none of that name.</returns>
    public Ownership? OwnershipOf(string name) =>
        _handle is null ? Ownership.Of(In(name)) : Ownership.Of(Posix.StatusIn(_handle, name));

    /// <summary>True when something has that name; a link that leads nowhere counts.</summary>
    public bool Has(string name) =>
        _handle is null
            ? System.IO.Path.Exists(In(name)) || new FileInfo(In(name)).LinkTarget is not null
            : Posix.StatusIn(_handle, name) is not null;

    /// <summary>True for a regular file of that name; a link is none.</summary>
    public bool HasFile(string name) =>
        _handle is null
            ? new FileInfo(In(name)) is { Exists: true, LinkTarget: null }
            : Posix.StatusIn(_handle, name) is { IsRegularFile: true };

    /// <summary>Names of what lies in it.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public IReadOnlyList<string> List() =>
        _handle is null
            ? [.. Directory.EnumerateFileSystemEntries(Path).Select(e => System.IO.Path.GetFileName(e))]
            : Posix.NamesIn(_handle, Path);

    /// <summary>Reads a text file (UTF-8) in it whole. What it is, whose it is and what it says are told of one and the
    /// same open file.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="limit">The most it can have, in bytes.</param>
    /// <returns>The text, and whose the file is; null when there is none of that name.</returns>
    /// <exception cref="IOException">It is a link or no regular file, is larger, or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public (string Text, Ownership? Owner)? ReadText(string name, int limit)
    {
        var path = In(name);
        if (_handle is null)
        {
            return new FileInfo(path).LinkTarget is not null
                    ? throw new IOException($"{path} is a link, or not what it must be; links are not followed there.")
                : RegularFile.ReadText(path, limit) is { } text ? (text, Ownership.Of(path))
                : null;
        }

        using var file = RegularFile.Checked(Posix.OpenFileIn(_handle, name, path), path);
        return file is null ? null : (RegularFile.Read(file, path, limit), Ownership.Of(file, path));
    }

    /// <summary>Makes a folder in it, and opens that.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="mode">Its permissions, whatever the umask.</param>
    /// <returns>Null when there is something of that name.</returns>
    public OpenFolder? TryMake(string name, UnixFileMode mode)
    {
        var path = In(name);
        if (_handle is null)
        {
            if (System.IO.Path.Exists(path))
            {
                return null;
            }

            Directory.CreateDirectory(path);
            var made = new OpenFolder(null, path);
            made.SetMode(mode);
            return made;
        }

        if (
            !Posix.MakeFolderIn(
                _handle,
                name,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute,
                path
            )
        )
        {
            return null;
        }

        var folder = TryOpenFolder(name) ?? throw new IOException($"{path} was deleted in the moment it was made.");
        // Who may write in the folder above could have exchanged it already.
        if (folder.Ownership?.User != Posix.EffectiveUserId())
        {
            folder.Dispose();
            throw new IOException($"{path} was exchanged for another in the moment it was made.");
        }

        folder.SetMode(mode);
        return folder;
    }

    /// <summary>Gives it these permissions.</summary>
    public void SetMode(UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        if (_handle is null)
        {
            File.SetUnixFileMode(Path, mode);
            return;
        }

        using var own = Posix.Reopen(_handle, Path);
        File.SetUnixFileMode(own, mode);
    }

    /// <summary>Gives it to a user. Needs root.</summary>
    public void Own(int user, int group)
    {
        if (_handle is null)
        {
            Identity.Own(Path, user, group);
            return;
        }

        using var own = Posix.Reopen(_handle, Path);
        Posix.Own(own, user, group);
    }

    /// <summary>Makes it this process's current folder.</summary>
    public void Enter()
    {
        if (_handle is null)
        {
            Environment.CurrentDirectory = Path;
        }
        else
        {
            Posix.Enter(_handle);
        }
    }

    /// <summary>Writes a file in it whole or not at all.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="text">What it says.</param>
    /// <param name="mode">Its permissions, whatever the umask; until it is whole it is its owner's alone. Null for
    /// those that a new file has.</param>
    public void WriteText(string name, string text, UnixFileMode? mode = null)
    {
        // By way of the open folder; the name of the unfinished one is nobody else's, or it is refused.
        var temporary = UnfinishedFile.Beside(name);
        Delete(temporary);
        try
        {
            using (var file = new FileStream(ByHandle(temporary), OptionsFor(mode)))
            {
                RandomAccess.Write(file.SafeFileHandle, System.Text.Encoding.UTF8.GetBytes(text), 0);
                if (mode is { } wanted && !OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(file.SafeFileHandle, wanted);
                }
            }

            File.Move(ByHandle(temporary), ByHandle(name), overwrite: true);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    private static FileStreamOptions OptionsFor(UnixFileMode? mode)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            BufferSize = 0,
        };
        if (mode is not null && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = Modes.PrivateFile;
        }

        return options;
    }

    private void TryDelete(string name)
    {
        try
        {
            Delete(name);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Why it could not be written is reported.
        }
    }

    /// <summary>Gives a file in it these permissions; a link is none.</summary>
    /// <exception cref="IOException">It is no regular file, or not there.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read, or is another user's.</exception>
    public void SetModeOf(string name, UnixFileMode mode)
    {
        var path = In(name);
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        if (_handle is null)
        {
            File.SetUnixFileMode(path, mode);
            return;
        }

        using var file =
            RegularFile.Checked(Posix.OpenFileIn(_handle, name, path), path)
            ?? throw new FileNotFoundException($"Could not find file '{path}'.", path);
        File.SetUnixFileMode(file, mode);
    }

    /// <summary>Deletes a file, a link itself, or a folder with all that is in it. Nothing happens when there is
    /// none.</summary>
    /// <exception cref="IOException">It cannot be deleted.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be deleted.</exception>
    public void Delete(string name)
    {
        var path = In(name);
        if (_handle is null)
        {
            var file = new FileInfo(path);
            if (file.LinkTarget is null && Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
            else if (file.LinkTarget is not null || System.IO.Path.Exists(path))
            {
                file.Delete();
            }

            return;
        }

        if (Posix.StatusIn(_handle, name) is not { IsFolder: true })
        {
            Posix.RemoveIn(_handle, name, isFolder: false, path);
            return;
        }

        using (var folder = TryOpenFolder(name))
        {
            foreach (var entry in folder?.List() ?? [])
            {
                folder!.Delete(entry);
            }
        }

        Posix.RemoveIn(_handle, name, isFolder: true, path);
    }

    /// <summary>Deletes a folder in it that is empty.</summary>
    /// <exception cref="IOException">It is not empty, or no folder.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be deleted.</exception>
    public void DeleteEmpty(string name)
    {
        if (_handle is null)
        {
            Directory.Delete(In(name));
        }
        else
        {
            Posix.RemoveIn(_handle, name, isFolder: true, In(name));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _handle?.Dispose();

    /// <summary>The path of what has a name in it.</summary>
    internal string In(string name) =>
        name is "" or "." or ".." || name.Contains('/', StringComparison.Ordinal)
            ? throw new IOException($"'{name}' is not the name of a file.")
        : Path == "/" ? $"/{name}"
        : $"{Path}/{name}";

    private string ByHandle(string name) =>
        _handle is null ? In(name) : $"/proc/self/fd/{_handle.DangerousGetHandle()}/{name}";
}
