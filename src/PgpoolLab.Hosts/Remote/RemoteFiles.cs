namespace PgpoolLab.Hosts.Remote;

/// <summary>Files of another machine.</summary>
/// <param name="channel">The conversation with it.</param>
internal sealed class RemoteFiles(AgentChannel channel) : IFiles
{
    /// <inheritdoc/>
    public ValueTask<string> RealPathAsync(string path, CancellationToken cancellationToken) =>
        channel.AskAsync(new RealPathCall(path), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<FileFacts?> LookAsync(string path, CancellationToken cancellationToken) =>
        channel.AskAsync(new LookCall(path), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<byte[]?> ReadBytesAsync(string path, CancellationToken cancellationToken) =>
        channel.AskAsync(new ReadBytesCall(path), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> ReadTextAsync(string path, CancellationToken cancellationToken) =>
        channel.AskAsync(new ReadTextCall(path), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<(string Text, long Length)> ReadGrowthAsync(
        string path,
        long? from,
        CancellationToken cancellationToken
    )
    {
        var growth = await channel.AskAsync(new ReadGrowthCall(path, from), cancellationToken);
        return (growth.Text, growth.Length);
    }

    /// <inheritdoc/>
    public ValueTask<FilePart> ReadPartAsync(string path, long from, int limit, CancellationToken cancellationToken) =>
        channel.AskAsync(new ReadPartCall(path, from, limit), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask WriteTextAsync(
        string path,
        string text,
        UnixFileMode mode,
        CancellationToken cancellationToken
    ) => await channel.AskAsync(new WriteTextCall(path, text, mode), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask AppendTextAsync(string path, string text, CancellationToken cancellationToken) =>
        await channel.AskAsync(new AppendTextCall(path, text), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> ExistsAsync(string path, CancellationToken cancellationToken) =>
        channel.AskAsync(new ExistsCall(path), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask CreateDirectoryAsync(string path, UnixFileMode mode, CancellationToken cancellationToken) =>
        await channel.AskAsync(new CreateDirectoryCall(path, mode), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(string path, CancellationToken cancellationToken) =>
        channel.AskAsync(new ListCall(path), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask RenameAsync(string path, string newPath, CancellationToken cancellationToken) =>
        await channel.AskAsync(new RenameCall(path, newPath), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DeleteAsync(string path, CancellationToken cancellationToken) =>
        await channel.AskAsync(new DeleteCall(path), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DeleteWithinAsync(string root, string path, CancellationToken cancellationToken) =>
        await channel.AskAsync(new DeleteWithinCall(root, path), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DeleteEmptyWithinAsync(string root, string path, CancellationToken cancellationToken) =>
        await channel.AskAsync(new DeleteEmptyWithinCall(root, path), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask CreateLinkAsync(string path, string target, CancellationToken cancellationToken) =>
        await channel.AskAsync(new CreateLinkCall(path, target), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long?> FreeSpaceAsync(string path, CancellationToken cancellationToken) =>
        channel.AskAsync(new FreeSpaceCall(path), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<Volume?> VolumeAsync(string path, CancellationToken cancellationToken) =>
        channel.AskAsync(new VolumeCall(path), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> SizeOnDiskAsync(string folder, CancellationToken cancellationToken) =>
        channel.AskAsync(new SizeOnDiskCall(folder), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<int?> LockHolderAsync(string path, CancellationToken cancellationToken) =>
        channel.AskAsync(new LockHolderCall(path), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> CanWriteAsync(string directory, CancellationToken cancellationToken) =>
        channel.AskAsync(new CanWriteCall(directory), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> CanExecuteAsync(string path, CancellationToken cancellationToken) =>
        channel.AskAsync(new CanExecuteCall(path), cancellationToken);
}
