using System.Text.Json.Serialization;
using PgpoolLab.Hosts;
using PgpoolLab.Model;

namespace PgpoolLab.Provisioning.Machines;

/// <summary>A machine that was reached.</summary>
/// <param name="Name">What the user calls it.</param>
/// <param name="Login">How it was reached: <c>user@host:port</c>.</param>
/// <param name="Address">The name or address it was reached at, at which the others are to reach it, too.</param>
/// <param name="Host">What answers there.</param>
public sealed record ReachedMachine(string Name, string Login, string Address, IHost Host);

/// <summary>What one of several machines is like.</summary>
/// <param name="Name">What the user calls it.</param>
public sealed record MachineView(string Name)
{
    /// <summary>How it was reached: <c>user@host:port</c>; null when it was not.</summary>
    public string? Login { get; init; }

    /// <summary>Why it was not reached, or was lost again; null when it was there to the end.</summary>
    [JsonIgnore]
    public LabException? Error { get; init; }

    /// <summary>The same in one sentence.</summary>
    public string? Problem => Error?.Message;

    /// <summary>Who was logged in.</summary>
    public string? User { get; init; }

    /// <summary>The processor, as <c>uname -m</c> has it.</summary>
    public string? Architecture { get; init; }

    /// <summary>The system, as <c>/etc/os-release</c> has it.</summary>
    public string? System { get; init; }

    /// <summary>The C library: <c>glibc 2.36</c>.</summary>
    public string? CLibrary { get; init; }

    /// <summary>The version of ICU that PostgreSQL is linked with.</summary>
    public string? Icu { get; init; }

    /// <summary>The programs a lab would use; null when some are missing.</summary>
    [JsonIgnore]
    public Toolset? Tools { get; init; }

    /// <summary>PostgreSQL's version.</summary>
    public string? PostgreSql => Tools?.Postgres.ToString();

    /// <summary>Pgpool-II's version.</summary>
    public string? Pgpool => Tools?.Pgpool.ToString();

    /// <summary>What is missing, and the command that installs it.</summary>
    [JsonIgnore]
    public LabException? Missing { get; init; }

    /// <summary>How much its clock is ahead of this machine's, in seconds; null when it does not say.</summary>
    public double? ClockAhead { get; init; }

    /// <summary>The median of the times a question and its answer took, in milliseconds.</summary>
    public double? RoundTrip { get; init; }

    /// <summary>Its user's home folder, in which labs would lie.</summary>
    public string? Home { get; init; }

    /// <summary>The file system of that folder.</summary>
    [JsonIgnore]
    public Volume? Volume { get; init; }

    /// <summary>Bytes that may still be written there.</summary>
    public long? FreeBytes => Volume?.FreeBytes;

    /// <summary>False where the user may not write in his home folder.</summary>
    [JsonIgnore]
    public bool CanWrite { get; init; } = true;

    /// <summary>Whether servers can be reached at 127.0.0.1 there.</summary>
    [JsonIgnore]
    public bool HasLoopback { get; init; } = true;

    /// <summary>Its addresses among those that its name means there; empty when none is its own.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> OwnAddresses { get; init; } = [];

    /// <summary>Where it would have the virtual IP that was asked about; null without one, and where it
    /// cannot.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public VirtualIpPlace? VirtualIp { get; init; }

    /// <summary>Why it cannot have it.</summary>
    [JsonIgnore]
    public LabException? VirtualIpProblem { get; init; }

    /// <summary>The default ports of a lab that somebody holds there, and who.</summary>
    public IReadOnlyList<string> TakenPorts { get; init; } = [];
}

/// <summary>Whether one machine reaches a port of another.</summary>
/// <param name="From">Which tries.</param>
/// <param name="To">Which listens.</param>
/// <param name="Address">Where it listens.</param>
/// <param name="Port">The TCP port.</param>
/// <param name="Problem">Why it is not reached; null when it is.</param>
public sealed record WayView(string From, string To, string Address, int Port, string? Problem);
