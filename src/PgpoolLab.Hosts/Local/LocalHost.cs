namespace PgpoolLab.Hosts.Local;

/// <summary>The machine this program runs on. Servers need a POSIX system; the rest of the tool does not.</summary>
public sealed class LocalHost : IHost
{
    /// <summary>Nothing is looked at yet.</summary>
    /// <param name="time">The clock for durations and timeouts.</param>
    public LocalHost(TimeProvider time)
    {
        var servers = new DetachedServers();
        Programs = new LocalPrograms(time, servers);
        Processes = new LocalProcesses(servers);
    }

    /// <inheritdoc/>
    public IPrograms Programs { get; }

    /// <inheritdoc/>
    public IProcesses Processes { get; }

    /// <inheritdoc/>
    public ISharedMemory Memory { get; } = new LocalSharedMemory();

    /// <inheritdoc/>
    public IPorts Ports { get; } = new LocalPorts();

    /// <inheritdoc/>
    public IFiles Files { get; } = new LocalFiles();

    /// <inheritdoc/>
    public IUsers Users { get; } = new LocalUsers();
}
