namespace PgpoolLab.Hosts.Remote;

/// <summary>Programs of another machine. A command that is cancelled, or whose connection is lost, is ended
/// there.</summary>
/// <param name="channel">The conversation with it.</param>
internal sealed class RemotePrograms(AgentChannel channel) : IPrograms
{
    /// <inheritdoc/>
    public async Task<CommandResult> RunAsync(CommandSpec command, CancellationToken cancellationToken)
    {
        var end = await channel.AskAsync(new RunCall(command), cancellationToken);
        return new CommandResult(command, end.ExitCode, end.Output, end.Error, end.Elapsed);
    }

    /// <inheritdoc/>
    public async Task<CommandResult> RunAsync(
        CommandSpec command,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(output);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var (number, stream) = channel.OpenStream();
        await using (stream)
        {
            var running = channel.AskAsync(new FollowCall(command, number), ending.Token).AsTask();
            // An agent that does not know the call, or cannot make it, sends nothing at all.
            _ = running.ContinueWith(
                _ => stream.End(null),
                CancellationToken.None,
                TaskContinuationOptions.None,
                TaskScheduler.Default
            );
            try
            {
                var buffer = new byte[32 * 1024];
                while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var count)
                {
                    await output(buffer.AsMemory(0, count), cancellationToken);
                }
            }
            catch (Exception error)
            {
                await ending.CancelAsync();
                await ((Task)running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                // That the host is lost says more than that its stream broke.
                if (error is IOException && running is { Exception.InnerException: HostLostException lost })
                {
                    throw lost;
                }

                throw;
            }

            var end = await running;
            return new CommandResult(command, end.ExitCode, "", end.Error, end.Elapsed);
        }
    }

    /// <inheritdoc/>
    public async Task<int> StartDetachedAsync(
        CommandSpec command,
        string logFile,
        bool append,
        CancellationToken cancellationToken
    ) => await channel.AskAsync(new StartDetachedCall(command, logFile, append), cancellationToken);
}
