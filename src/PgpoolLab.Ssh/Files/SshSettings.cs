namespace PgpoolLab.Ssh.Files;

/// <summary>What happens with a host whose key nobody knows: <c>StrictHostKeyChecking</c>. <c>no</c> is not among them:
/// it would trust a key that has changed.</summary>
public enum UnknownHostKeys
{
    /// <summary>Somebody at a terminal is asked; without a terminal it is refused.</summary>
    Ask,

    /// <summary>It is added to the file of known hosts.</summary>
    Accept,

    /// <summary>It is refused.</summary>
    Refuse,
}

/// <summary>All that ssh's configuration says of one host.</summary>
/// <remarks>ssh_config(5).</remarks>
public sealed record SshSettings
{
    /// <summary>The name it was asked for by.</summary>
    public required string Name { get; init; }

    /// <summary>The name or address to connect to.</summary>
    public required string HostName { get; init; }

    /// <summary>The port.</summary>
    public required int Port { get; init; }

    /// <summary>Whom to log in as.</summary>
    public required string User { get; init; }

    /// <summary>The name under which its key is known, when it is another one.</summary>
    public string? HostKeyAlias { get; init; }

    /// <summary>Files with private keys, in the order in which they are tried.</summary>
    public IReadOnlyList<string> IdentityFiles { get; init; } = [];

    /// <summary>Whether of an agent's keys only those are offered that these files name.</summary>
    public bool IdentitiesOnly { get; init; }

    /// <summary>The socket of an agent; null when there is none.</summary>
    public string? AgentSocket { get; init; }

    /// <summary>The hosts on the way, the first one first.</summary>
    public IReadOnlyList<SshAddress> Jumps { get; init; } = [];

    /// <summary>Files with the keys of hosts. New ones are added to the first.</summary>
    public IReadOnlyList<string> UserKnownHosts { get; init; } = [];

    /// <summary>The system's files with the keys of hosts.</summary>
    public IReadOnlyList<string> GlobalKnownHosts { get; init; } = [];

    /// <summary>Files with keys that no host may show: <c>RevokedHostKeys</c>.</summary>
    public IReadOnlyList<string> RevokedKeys { get; init; } = [];

    /// <summary>What happens when the host's key is not known.</summary>
    public UnknownHostKeys UnknownKeys { get; init; }

    /// <summary>Whether names of hosts are hidden where they are added: <c>HashKnownHosts</c>.</summary>
    public bool HidesNames { get; init; }

    /// <summary>How long a host may take until it has shown its key.</summary>
    public TimeSpan ConnectTimeout { get; init; }

    /// <summary>What the configuration says and is not done, for people.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>The name under which the host's key is known.</summary>
    public string KeyName =>
        HostKeyAlias is { } alias ? KnownHosts.NameOf(alias, 22) : KnownHosts.NameOf(HostName, Port);

    /// <summary>user@host:port, for people.</summary>
    public string Resolved => new SshAddress(HostName, User, Port).ToString();
}
