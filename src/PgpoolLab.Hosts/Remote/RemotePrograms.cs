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
    public async Task<int> StartDetachedAsync(
        CommandSpec command,
        string logFile,
        bool append,
        CancellationToken cancellationToken
    ) => await channel.AskAsync(new StartDetachedCall(command, logFile, append), cancellationToken);
}
