using PgpoolLab.Hosts;
using PgpoolLab.Hosts.Remote;

namespace PgpoolLab.Ssh;

/// <summary>A machine that is reached by SSH. It is left when this is disposed of: what was under way there ends,
/// servers run on.</summary>
public sealed class SshHost : IHost, IAsyncDisposable
{
    private readonly RemoteHost _host;
    private readonly AgentChannel _channel;
    private readonly RemoteProgram _agent;
    private readonly SshConnection _connection;

    internal SshHost(SshConnection connection, RemoteProgram agent, AgentChannel channel)
    {
        _connection = connection;
        _agent = agent;
        _channel = channel;
        _host = new RemoteHost(channel);
    }

    /// <summary>What it is called.</summary>
    public string Name => _connection.Name;

    /// <summary>user@host:port, as ssh's configuration has it.</summary>
    public string Resolved => _connection.Settings.Resolved;

    /// <summary>The name or address it was reached at.</summary>
    public string Address => _connection.Settings.HostName;

    /// <summary>The port it was reached at.</summary>
    public int Port => _connection.Settings.Port;

    /// <summary>The version of pgpoollab that answers there.</summary>
    public string AgentVersion => _channel.AgentVersion;

    /// <summary>Where that program lies there; null when it does not say.</summary>
    public string? AgentFile => _channel.AgentFile;

    /// <summary>True when the connection has broken, or the host has said nothing for so long that it was given
    /// up.</summary>
    public bool IsLost => _channel.IsLost;

    /// <summary>How often it was asked something so far, beside whether it is there.</summary>
    public int RoundTrips => _channel.Calls;

    /// <summary>What ssh's configuration says and is not done, and the like, for people.</summary>
    public IReadOnlyList<string> Notes => _connection.Notes;

    /// <inheritdoc/>
    public IPrograms Programs => _host.Programs;

    /// <inheritdoc/>
    public IProcesses Processes => _host.Processes;

    /// <inheritdoc/>
    public ISharedMemory Memory => _host.Memory;

    /// <inheritdoc/>
    public IPorts Ports => _host.Ports;

    /// <inheritdoc/>
    public IFiles Files => _host.Files;

    /// <inheritdoc/>
    public IUsers Users => _host.Users;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
        _agent.Dispose();
    }
}
