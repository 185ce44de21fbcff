namespace PgpoolLab.Hosts.Remote;

// The calls of IFiles, in its order.

internal sealed record RealPathCall(string Path) : HostCall<string>
{
    private protected override ValueTask<string> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.RealPathAsync(Path, cancellationToken);
}

internal sealed record LookCall(string Path) : HostCall<FileFacts?>
{
    private protected override ValueTask<FileFacts?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.LookAsync(Path, cancellationToken);
}

internal sealed record ReadBytesCall(string Path) : HostCall<byte[]?>
{
    private protected override ValueTask<byte[]?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.ReadBytesAsync(Path, cancellationToken);
}

internal sealed record ReadTextCall(string Path) : HostCall<string?>
{
    private protected override ValueTask<string?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.ReadTextAsync(Path, cancellationToken);
}

/// <summary>What a log has grown by, and how long it is now.</summary>
internal readonly record struct Growth(string Text, long Length);

internal sealed record ReadGrowthCall(string Path, long? From) : HostCall<Growth>
{
    private protected override async ValueTask<Growth> MakeAsync(IHost host, CancellationToken cancellationToken)
    {
        var (text, length) = await host.Files.ReadGrowthAsync(Path, From, cancellationToken);
        return new Growth(text, length);
    }
}

internal sealed record ReadPartCall(string Path, long From, int Limit) : HostCall<FilePart>
{
    private protected override ValueTask<FilePart> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.ReadPartAsync(Path, From, Limit, cancellationToken);
}

internal sealed record WriteTextCall(string Path, string Text, UnixFileMode Mode) : HostCall<Nothing>
{
    private protected override ValueTask<Nothing> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        Nothing.After(host.Files.WriteTextAsync(Path, Text, Mode, cancellationToken));

    /// <summary>The text may be a secret.</summary>
    public override string ToString() => $"{nameof(WriteTextCall)} {Path}";
}

internal sealed record AppendTextCall(string Path, string Text) : HostCall<Nothing>
{
    private protected override ValueTask<Nothing> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        Nothing.After(host.Files.AppendTextAsync(Path, Text, cancellationToken));

    /// <summary>The text may be a secret.</summary>
    public override string ToString() => $"{nameof(AppendTextCall)} {Path}";
}

internal sealed record ExistsCall(string Path) : HostCall<bool>
{
    private protected override ValueTask<bool> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.ExistsAsync(Path, cancellationToken);
}

internal sealed record CreateDirectoryCall(string Path, UnixFileMode Mode) : HostCall<Nothing>
{
    private protected override ValueTask<Nothing> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        Nothing.After(host.Files.CreateDirectoryAsync(Path, Mode, cancellationToken));
}

internal sealed record ListCall(string Path) : HostCall<IReadOnlyList<string>>
{
    private protected override ValueTask<IReadOnlyList<string>> MakeAsync(
        IHost host,
        CancellationToken cancellationToken
    ) => host.Files.ListAsync(Path, cancellationToken);
}

internal sealed record RenameCall(string Path, string NewPath) : HostCall<Nothing>
{
    private protected override ValueTask<Nothing> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        Nothing.After(host.Files.RenameAsync(Path, NewPath, cancellationToken));
}

internal sealed record DeleteCall(string Path) : HostCall<Nothing>
{
    private protected override ValueTask<Nothing> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        Nothing.After(host.Files.DeleteAsync(Path, cancellationToken));
}

internal sealed record DeleteWithinCall(string Root, string Path) : HostCall<Nothing>
{
    private protected override ValueTask<Nothing> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        Nothing.After(host.Files.DeleteWithinAsync(Root, Path, cancellationToken));
}

internal sealed record DeleteEmptyWithinCall(string Root, string Path) : HostCall<Nothing>
{
    private protected override ValueTask<Nothing> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        Nothing.After(host.Files.DeleteEmptyWithinAsync(Root, Path, cancellationToken));
}

internal sealed record CreateLinkCall(string Path, string Target) : HostCall<Nothing>
{
    private protected override ValueTask<Nothing> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        Nothing.After(host.Files.CreateLinkAsync(Path, Target, cancellationToken));
}

internal sealed record FreeSpaceCall(string Path) : HostCall<long?>
{
    private protected override ValueTask<long?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.FreeSpaceAsync(Path, cancellationToken);
}

internal sealed record VolumeCall(string Path) : HostCall<Volume?>
{
    private protected override ValueTask<Volume?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.VolumeAsync(Path, cancellationToken);
}

internal sealed record SizeOnDiskCall(string Folder) : HostCall<long>
{
    private protected override ValueTask<long> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.SizeOnDiskAsync(Folder, cancellationToken);
}

internal sealed record LockHolderCall(string Path) : HostCall<int?>
{
    private protected override ValueTask<int?> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.LockHolderAsync(Path, cancellationToken);
}

internal sealed record CanWriteCall(string Directory) : HostCall<bool>
{
    private protected override ValueTask<bool> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.CanWriteAsync(Directory, cancellationToken);
}

internal sealed record CanExecuteCall(string Path) : HostCall<bool>
{
    private protected override ValueTask<bool> MakeAsync(IHost host, CancellationToken cancellationToken) =>
        host.Files.CanExecuteAsync(Path, cancellationToken);
}
