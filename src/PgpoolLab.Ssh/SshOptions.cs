using System.Net;
using PgpoolLab.Ssh.Files;
using PgpoolLab.Ssh.Keys;

namespace PgpoolLab.Ssh;

/// <summary>How hosts are reached: the same for all hosts of a command.</summary>
/// <param name="Agent">The program that answers there.</param>
public sealed record SshOptions(AgentProgram Agent)
{
    /// <summary>Whose configuration of ssh is read.</summary>
    public SshHome Home { get; init; } = SshHome.Current;

    /// <summary>Asks a person.</summary>
    public ISshQuestions Questions { get; init; } = new NoQuestions();

    /// <summary>Whether keys of hosts that nobody knows are added to the known ones: <c>--accept-new</c>. One that has
    /// changed is refused all the same.</summary>
    public bool AcceptNew { get; init; }

    /// <summary>For how long a host may take until it has shown its key; null for what ssh's configuration says, or ten
    /// seconds.</summary>
    public TimeSpan? ConnectTimeout { get; init; }

    /// <summary>For how long a host may take with each step after that: to let somebody in, to begin a
    /// program.</summary>
    public TimeSpan StepTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Finds the addresses of a name.</summary>
    internal Func<string, CancellationToken, Task<IPAddress[]>> Resolve { get; init; } = Dns.GetHostAddressesAsync;

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>A host that is to be reached, and what is known of it beside ssh's configuration.</summary>
/// <param name="Address">How it is asked for: its name in <c>~/.ssh/config</c>, or its address.</param>
public sealed record SshRequest(SshAddress Address)
{
    /// <summary>What it is called in messages; null for what it is asked for by.</summary>
    public string? Name { get; init; }

    /// <summary>A file with a private key, which is tried before all others.</summary>
    public string? IdentityFile { get; init; }

    /// <summary>The hosts on the way; null for what ssh's configuration says.</summary>
    public IReadOnlyList<SshAddress>? Jumps { get; init; }
}
