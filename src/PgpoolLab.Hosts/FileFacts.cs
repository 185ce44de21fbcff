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
    )
    {
        ArgumentNullException.ThrowIfNull(files);
        var facts = await files.LookAsync(path, cancellationToken);
        return facts is { Kind: FileKind.Folder }
            || facts is { Kind: FileKind.Link }
                && await files.LookAsync(await files.RealPathAsync(path, cancellationToken), cancellationToken)
                    is { Kind: FileKind.Folder };
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
