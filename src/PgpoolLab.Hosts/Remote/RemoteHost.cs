namespace PgpoolLab.Hosts.Remote;

/// <summary>Another machine, on which this program answers as an agent (<see cref="AgentService"/>). Every member is
/// one question and one answer.</summary>
/// <param name="channel">The conversation with it.</param>
public sealed class RemoteHost(AgentChannel channel) : IHost
{
    /// <inheritdoc/>
    public IPrograms Programs { get; } = new RemotePrograms(channel);

    /// <inheritdoc/>
    public IProcesses Processes { get; } = new RemoteProcesses(channel);

    /// <inheritdoc/>
    public ISharedMemory Memory { get; } = new RemoteSharedMemory(channel);

    /// <inheritdoc/>
    public IPorts Ports { get; } = new RemotePorts(channel);

    /// <inheritdoc/>
    public IFiles Files { get; } = new RemoteFiles(channel);

    /// <inheritdoc/>
    public IUsers Users { get; } = new RemoteUsers(channel);
}
