namespace PgpoolLab.Hosts;

/// <summary>What the system knows of a file.</summary>
/// <param name="User">Numeric owner.</param>
/// <param name="Group">Numeric group.</param>
/// <param name="Inode">Its number on its file system.</param>
/// <param name="BytesOnDisk">Bytes it takes on disk, which is less than its length where it has holes.</param>
internal readonly record struct FileStatus(int User, int Group, ulong Inode, long BytesOnDisk)
{
    private const int TypeBits = 0xf000;
    private const int PermissionBits = 0xfff;

    /// <summary>Type and permissions, as stat has them.</summary>
    internal int Mode { get; init; }

    /// <summary>Length in bytes.</summary>
    internal long Length { get; init; }

    /// <summary>When it was made; the same for all where the file system does not tell.</summary>
    internal string Birth { get; init; } = "";

    /// <summary>When its contents were changed last, in nanoseconds since 1970.</summary>
    internal long Modified { get; init; }

    /// <summary>When anything of it was changed last, its name or its permissions too, in nanoseconds since 1970. No
    /// program can set it.</summary>
    internal long Changed { get; init; }

    /// <summary>The number of its file system: 32 bits of its kind, 32 of its device.</summary>
    internal ulong Device { get; init; }

    internal bool IsRegularFile => (Mode & TypeBits) == 0x8000;

    internal bool IsFolder => (Mode & TypeBits) == 0x4000;

    internal bool IsLink => (Mode & TypeBits) == 0xa000;

    internal UnixFileMode Permissions => (UnixFileMode)(Mode & PermissionBits);

    /// <summary>What tells it from every other that has had its path. (The number of its file system may be another
    /// after the machine was started again.)</summary>
    internal string Id => $"{Inode:x}-{Birth}";
}
