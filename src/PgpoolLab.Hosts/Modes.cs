namespace PgpoolLab.Hosts;

/// <summary>Who may do what with a lab's files.</summary>
public static class Modes
{
    /// <summary>A folder for its owner alone.</summary>
    public const UnixFileMode PrivateFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>A file for its owner alone.</summary>
    public const UnixFileMode PrivateFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>A program that everybody may run.</summary>
    public const UnixFileMode Script =
        PrivateFolder
        | UnixFileMode.GroupRead
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherExecute;

    /// <summary>A file that everybody may read.</summary>
    public const UnixFileMode Readable = PrivateFile | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
}
