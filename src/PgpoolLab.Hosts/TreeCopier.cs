using System.Collections.Concurrent;
using System.IO.Enumeration;
using System.Runtime.ExceptionServices;

namespace PgpoolLab.Hosts;

/// <summary>What is copied to where: a folder with all that lies in it, a file, or a link itself.</summary>
/// <param name="From">Absolute.</param>
/// <param name="To">Absolute; the folder it lies in is made.</param>
public sealed record CopiedPath(string From, string To);

/// <summary>What a pass has copied.</summary>
/// <param name="Files">How many files.</param>
/// <param name="Bytes">Their length, in bytes.</param>
/// <param name="Shared">How many of them share their blocks with the original (reflinks), and take no room until one
/// of the two is changed.</param>
public readonly record struct CopyTotals(int Files, long Bytes, int Shared);

/// <summary>Copies folders as they are: permissions, times, links, holes. Blocks are shared where the file system can
/// do that; else the kernel copies, several files at once. A second pass copies what has changed since the first one.
/// </summary>
/// <remarks>A file that is written while it is copied is copied again by the second pass. It is known by its size, its
/// times and its number; the system's clock for times stands still for a few milliseconds, so whatever was changed just
/// before it was copied counts as changed.</remarks>
/// <param name="paths">What is copied.</param>
/// <param name="time">The clock.</param>
public sealed class TreeCopier(IReadOnlyList<CopiedPath> paths, TimeProvider time)
{
    /// <summary>More than one turn of the slowest clock that files get their times from (100 a second).</summary>
    private const long ClockTurn = 50_000_000;

    private readonly ConcurrentDictionary<string, Entry> _copied = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Entry> _folders = new(StringComparer.Ordinal);
    private volatile bool _sharesBlocks = OperatingSystem.IsLinux();
    private volatile bool _kernelCopies = OperatingSystem.IsLinux();

    /// <summary>Says of a path, relative to what is copied and without a slash at its beginning, that it is left
    /// out.</summary>
    public Func<string, bool> LeavesOut { get; init; } = _ => false;

    /// <summary>How many files are copied at once.</summary>
    public int Lanes { get; init; } = 4;

    /// <summary>Copies everything. What is to be copied may be changed meanwhile.</summary>
    /// <exception cref="IOException">It cannot be copied.</exception>
    public CopyTotals Copy(CancellationToken cancellationToken) => Pass(isFirst: true, cancellationToken);

    /// <summary>Copies what has changed since, and deletes copies of what is gone. Nothing may be changed
    /// meanwhile.</summary>
    /// <inheritdoc cref="Copy"/>
    public CopyTotals Update(CancellationToken cancellationToken) => Pass(isFirst: false, cancellationToken);

    /// <summary>Finds out whether files in a folder can share blocks.</summary>
    public static bool CanShareBlocks(string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        var (one, other) = (
            $"{folder}/.reflink-{Environment.ProcessId}",
            $"{folder}/.reflinked-{Environment.ProcessId}"
        );
        try
        {
            File.WriteAllText(one, "x");
            using var from = Posix.OpenItself(one);
            using var to = Posix.OpenEmptyFile(other);
            return Posix.TryShareBlocks(from!, to, other);
        }
        finally
        {
            File.Delete(one);
            File.Delete(other);
        }
    }

    /// <summary>Has the system write to the disk what it still has in memory of a file system.</summary>
    /// <param name="path">Something that lies on it.</param>
    public static void Flush(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            Posix.Sync(path);
        }
    }

    /// <summary>Puts a file or folder in the place of another one, which gets the first one's name: at one moment where
    /// the file system can do that.</summary>
    public static void Exchange(string one, string other)
    {
        if (OperatingSystem.IsLinux() && Posix.TryExchange(one, other))
        {
            return;
        }

        var between = one + ".exchanged";
        Directory.Move(other, between);
        Directory.Move(one, other);
        Directory.Move(between, one);
    }

    /// <summary>Gives a file another name.</summary>
    /// <returns>False when that is on another file system, or on another mount of this one.</returns>
    public static bool TryRename(string from, string to)
    {
        if (OperatingSystem.IsLinux())
        {
            return Posix.TryRename(from, to);
        }

        File.Move(from, to, overwrite: true);
        return true;
    }

    private CopyTotals Pass(bool isFirst, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, Entry>(StringComparer.Ordinal);
        var before = _folders.Keys.ToArray();
        _folders.Clear();
        foreach (var path in paths)
        {
            if (Entry.Of(path.From, path.To) is { } top)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path.To)!);
                Scan(top, "", found);
            }
        }

        if (!isFirst)
        {
            DeleteGone(found, before);
        }

        // The largest first: then no lane is left with one when the others have ended.
        var files = found.Values.Where(e => isFirst || HasChanged(e)).OrderByDescending(e => e.Length).ToArray();
        long bytes = 0;
        int copied = 0,
            shared = 0;
        InLanes(
            files,
            file =>
            {
                if (CopyOne(file) is { } done)
                {
                    Interlocked.Increment(ref copied);
                    Interlocked.Add(ref bytes, done.Length);
                    Interlocked.Add(ref shared, done.IsShared ? 1 : 0);
                }
            },
            cancellationToken
        );
        foreach (var folder in _folders.Values.Reverse())
        {
            folder.Finish();
        }

        return new CopyTotals(copied, bytes, shared);
    }

    private void Scan(Entry entry, string relative, Dictionary<string, Entry> found)
    {
        if (entry.Kind is not FileKind.Folder)
        {
            // Sockets and pipes are their servers'.
            if (entry.Kind is not FileKind.Other)
            {
                found[entry.To] = entry;
            }

            return;
        }

        _folders[entry.To] = entry;
        MakeFolder(entry.To);
        foreach (var name in Names(entry.From))
        {
            var below = relative.Length == 0 ? name : $"{relative}/{name}";
            if (!LeavesOut(below) && Entry.Of($"{entry.From}/{name}", $"{entry.To}/{name}") is { } next)
            {
                Scan(next, below, found);
            }
        }
    }

    private static void MakeFolder(string path)
    {
        if (!Directory.Exists(path) || new FileInfo(path).LinkTarget is not null)
        {
            File.Delete(path);
            Directory.CreateDirectory(path);
        }

        if (!OperatingSystem.IsWindows())
        {
            // Until it is whole; one that nobody may write in gets its permissions at the end.
            File.SetUnixFileMode(path, Modes.PrivateFolder);
        }
    }

    private static List<string> Names(string folder)
    {
        try
        {
            return
            [
                .. new FileSystemEnumerable<string>(
                    folder,
                    (ref entry) => entry.FileName.ToString(),
                    new EnumerationOptions { AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false }
                ),
            ];
        }
        catch (DirectoryNotFoundException)
        {
            // It is gone already: a temporary one.
            return [];
        }
    }

    private bool HasChanged(Entry now) =>
        !_copied.TryGetValue(now.To, out var then)
        || then.Kind != now.Kind
        || then.Length != now.Length
        || then.Modified != now.Modified
        || then.Changed != now.Changed
        || then.Inode != now.Inode
        || then.Changed >= then.SeenAt - ClockTurn;

    private void DeleteGone(Dictionary<string, Entry> found, IReadOnlyList<string> folders)
    {
        foreach (var path in _copied.Keys.Where(p => !found.ContainsKey(p)))
        {
            _copied.TryRemove(path, out _);
            // A folder may have come in its place.
            if (!_folders.ContainsKey(path))
            {
                File.Delete(path);
            }
        }

        foreach (var folder in folders.Where(f => !_folders.ContainsKey(f)).Reverse())
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private void InLanes(Entry[] files, Action<Entry> copy, CancellationToken cancellationToken)
    {
        var next = -1;
        Exception? failure = null;
        var lanes = Enumerable
            .Range(0, Math.Min(Lanes, files.Length))
            .Select(_ => new Thread(Work, maxStackSize: 256 * 1024) { IsBackground = true })
            .ToArray();
        foreach (var lane in lanes)
        {
            lane.Start();
        }

        foreach (var lane in lanes)
        {
            lane.Join();
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (failure is not null)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        void Work()
        {
            while (
                Volatile.Read(ref failure) is null
                && !cancellationToken.IsCancellationRequested
                && Interlocked.Increment(ref next) is var at
                && at < files.Length
            )
            {
                try
                {
                    copy(files[at]);
                }
                catch (Exception error)
                {
                    Interlocked.CompareExchange(ref failure, error, null);
                }
            }
        }
    }

    /// <returns>Null for what is gone already.</returns>
    private (long Length, bool IsShared)? CopyOne(Entry entry)
    {
        if (entry.Kind is FileKind.Link)
        {
            if (new FileInfo(entry.From).LinkTarget is not { } target)
            {
                return null;
            }

            File.Delete(entry.To);
            File.CreateSymbolicLink(entry.To, target);
            Remember(entry);
            return (0, false);
        }

        if (new FileInfo(entry.To).LinkTarget is not null)
        {
            File.Delete(entry.To);
        }

        return OperatingSystem.IsLinux() ? CopyOnLinux(entry) : CopyElsewhere(entry);
    }

    private void Remember(Entry entry) => _copied[entry.To] = entry with { SeenAt = Now() };

    private long Now() => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;

    private (long Length, bool IsShared)? CopyOnLinux(Entry entry)
    {
        using var from = Posix.OpenItself(entry.From);
        if (from is null || Posix.StatusOf(from) is not { IsRegularFile: true } status)
        {
            return null;
        }

        // As it is before it is read: what is written from now on makes it another one.
        entry = entry.As(status);
        Remember(entry);
        using var to = Posix.OpenEmptyFile(entry.To);
        var shared = false;
        if (status.Length > 0)
        {
            if (_sharesBlocks)
            {
                shared = Posix.TryShareBlocks(from, to, entry.To);
                _sharesBlocks = shared;
            }

            if (!shared)
            {
                CopyData(from, to, status, entry.To);
                RandomAccess.SetLength(to, status.Length);
            }
        }

        Posix.SetPermissions(to, status.Permissions, entry.To);
        Posix.SetModified(to, status.Modified, entry.To);
        return (status.Length, shared);
    }

    private void CopyData(
        Microsoft.Win32.SafeHandles.SafeFileHandle from,
        Microsoft.Win32.SafeHandles.SafeFileHandle to,
        FileStatus status,
        string path
    )
    {
        var hasHoles = status.BytesOnDisk < status.Length;
        long end;
        for (long at = 0; at < status.Length; at = end)
        {
            end = status.Length;
            if (hasHoles)
            {
                if (Posix.NextData(from, at, path) is not { } data)
                {
                    return;
                }

                at = data;
                end = Math.Min(end, Posix.NextHole(from, at) ?? end);
            }

            while (at < end)
            {
                var done = _kernelCopies ? Posix.CopyRange(from, to, at, end - at, path) : null;
                if (done is null)
                {
                    _kernelCopies = false;
                    done = CopyByHand(from, to, at, end - at);
                }

                if (done == 0)
                {
                    // It has become shorter meanwhile.
                    return;
                }

                at += done.Value;
            }
        }
    }

    private static long CopyByHand(
        Microsoft.Win32.SafeHandles.SafeFileHandle from,
        Microsoft.Win32.SafeHandles.SafeFileHandle to,
        long at,
        long length
    )
    {
        const int most = 256 * 1024;
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(most);
        try
        {
            var read = RandomAccess.Read(from, buffer.AsSpan(0, (int)Math.Min(most, length)), at);
            RandomAccess.Write(to, buffer.AsSpan(0, read), at);
            return read;
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private (long Length, bool IsShared)? CopyElsewhere(Entry entry)
    {
        try
        {
            Remember(entry);
            File.Copy(entry.From, entry.To, overwrite: true);
            return (entry.Length, false);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Something that is copied, as it was seen.</summary>
    private sealed record Entry(string From, string To, FileKind Kind, long Length, long Modified, long Changed)
    {
        internal ulong Inode { get; init; }

        internal UnixFileMode Permissions { get; init; }

        /// <summary>When it was seen so, by the system's clock.</summary>
        internal long SeenAt { get; init; }

        /// <returns>Null when there is nothing.</returns>
        internal static Entry? Of(string from, string to)
        {
            if (OperatingSystem.IsLinux())
            {
                return Posix.StatusOf(from) is { } status
                    ? new Entry(
                        from,
                        to,
                        status.IsFolder ? FileKind.Folder
                            : status.IsLink ? FileKind.Link
                            : status.IsRegularFile ? FileKind.File
                            : FileKind.Other,
                        0,
                        0,
                        0
                    ).As(status)
                    : null;
            }

            var file = new FileInfo(from);
            var folder = Directory.Exists(from);
            return file.LinkTarget is null && !folder && !file.Exists
                ? null
                : new Entry(
                    from,
                    to,
                    file.LinkTarget is not null ? FileKind.Link
                        : folder ? FileKind.Folder
                        : FileKind.File,
                    folder ? 0 : file.Length,
                    file.LastWriteTimeUtc.Ticks,
                    long.MaxValue
                )
                {
                    Permissions = OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(from),
                };
        }

        internal Entry As(FileStatus status) =>
            this with
            {
                Length = status.Length,
                Modified = status.Modified,
                Changed = status.Changed,
                Inode = status.Inode,
                Permissions = status.Permissions,
            };

        /// <summary>Gives a folder's copy its permissions and its time: last, as both change while it is
        /// filled.</summary>
        internal void Finish()
        {
            if (OperatingSystem.IsWindows() || !Directory.Exists(To))
            {
                return;
            }

            File.SetUnixFileMode(To, Permissions);
            if (OperatingSystem.IsLinux())
            {
                Posix.SetModified(To, Modified);
            }
        }
    }
}
