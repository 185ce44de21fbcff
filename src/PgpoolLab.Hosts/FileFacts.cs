namespace PgpoolLab.Hosts;

/// <summary>What lies at a path.</summary>
public enum FileKind
{
    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>A socket, a pipe, a device.</summary>
    Other,
}

/// <summary>What is known of a path itself; a link is not followed.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="User">Numeric owner; null where that cannot be seen.</param>
/// <param name="Length">Length in bytes.</param>
/// <param name="Written">When it was written last.</param>
/// <param name="Id">What tells it from every other file of the machine; null where that cannot be seen.</param>
/// <param name="LinkTarget">Where a link leads, as it was made; null for all else.</param>
public sealed record FileFacts(
    FileKind Kind,
    int? User,
    long Length,
    DateTimeOffset Written,
    string? Id,
    string? LinkTarget
);

/// <summary>What is asked of files again and again.</summary>
public static class FileQuestions
{
    /// <summary>True when the path is a folder, or a link to one.</summary>
    public static async ValueTask<bool> IsFolderAsync(
        this IFiles files,
        string path,
        CancellationToken cancellationToken
    ) => await KindAsync(files, path, cancellationToken) is FileKind.Folder;

    /// <summary>True when the path is a regular file, or a link to one.</summary>
    public static async ValueTask<bool> IsFileAsync(
        this IFiles files,
        string path,
        CancellationToken cancellationToken
    ) => await KindAsync(files, path, cancellationToken) is FileKind.File;

    /// <summary>What the path is, or what the link there leads to.</summary>
    private static async ValueTask<FileKind?> KindAsync(IFiles files, string path, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(files);
        return await files.LookAsync(path, cancellationToken) is not { } facts ? null
            : facts.Kind is not FileKind.Link ? facts.Kind
            : (await files.LookAsync(await files.RealPathAsync(path, cancellationToken), cancellationToken))?.Kind;
    }

    /// <summary>The first of these paths that is a regular file, or a link to one; null when none is.</summary>
    public static async ValueTask<string?> FirstFileAsync(
        this IFiles files,
        IEnumerable<string> paths,
        CancellationToken cancellationToken
    ) => (await WhereAsync(paths, p => files.IsFileAsync(p, cancellationToken))).FirstOrDefault();

    /// <summary>Those of these paths that are folders, or links to folders, in their order.</summary>
    public static ValueTask<IReadOnlyList<string>> FoldersAsync(
        this IFiles files,
        IEnumerable<string> paths,
        CancellationToken cancellationToken
    ) => WhereAsync(paths, p => files.IsFolderAsync(p, cancellationToken));

    /// <summary>Those of these paths that this program's user may execute, in their order.</summary>
    public static ValueTask<IReadOnlyList<string>> ExecutablesAsync(
        this IFiles files,
        IEnumerable<string> paths,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(files);
        return WhereAsync(paths, p => files.CanExecuteAsync(p, cancellationToken));
    }

    /// <remarks>All are asked at once: of another machine that takes as long as one question.</remarks>
    private static async ValueTask<IReadOnlyList<string>> WhereAsync(
        IEnumerable<string> paths,
        Func<string, ValueTask<bool>> holds
    )
    {
        var asked = paths.Select(p => (Path: p, Answer: holds(p).AsTask())).ToArray();
        await Task.WhenAll(asked.Select(a => a.Answer));
        return [.. asked.Where(a => a.Answer.Result).Select(a => a.Path)];
    }

    /// <summary>What a file has grown by, for who can do without.</summary>
    /// <returns>Null when it may not be read, or is no regular file: of another user, a pipe, a loop of
    /// links.</returns>
    public static async ValueTask<(string Text, long Length)?> TryReadGrowthAsync(
        this IFiles files,
        string path,
        long? from,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(files);
        try
        {
            return await files.ReadGrowthAsync(path, from, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Where a link leads, as it was made; null when there is none of that name.</summary>
    public static async ValueTask<string?> LinkTargetAsync(
        this IFiles files,
        string path,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(files);
        return (await files.LookAsync(path, cancellationToken))?.LinkTarget;
    }
}
