using System.Text.Json;
using System.Text.Json.Serialization;

namespace PgpoolLab.Hosts.Remote;

/// <summary>A line to the agent. It has a call, or one of the others.</summary>
internal sealed record AgentRequest
{
    /// <summary>The number of a call, which its answer has, too.</summary>
    public int? Id { get; init; }

    /// <summary>What to do.</summary>
    public HostCall? Call { get; init; }

    /// <summary>The number of a call nobody waits for any more.</summary>
    public int? Cancel { get; init; }

    /// <summary>Asks whether the agent is there.</summary>
    public bool Ping { get; init; }

    /// <summary>A part of a connection that is carried.</summary>
    public StreamPart? Part { get; init; }
}

/// <summary>A line from the agent.</summary>
internal sealed record AgentReply
{
    /// <summary>The mark it was started with, in its first line. What stands before that line is not its own: shells
    /// run what users have in their start files.</summary>
    public string? Mark { get; init; }

    /// <summary>The version of the program, in the first line.</summary>
    public string? Version { get; init; }

    /// <summary>Where the program lies, in the first line.</summary>
    public string? Program { get; init; }

    /// <summary>The call that is answered.</summary>
    public int? Id { get; init; }

    /// <summary>Its answer.</summary>
    public JsonElement? Answer { get; init; }

    /// <summary>Why there is none.</summary>
    public AgentError? Error { get; init; }

    /// <summary>It is there.</summary>
    public bool Pong { get; init; }

    /// <summary>A part of a connection that is carried.</summary>
    public StreamPart? Part { get; init; }
}

/// <summary>What one side of a carried connection has written.</summary>
/// <param name="Stream">Its number.</param>
/// <param name="Data">The bytes; null when no more will come.</param>
internal sealed record StreamPart(int Stream, byte[]? Data)
{
    /// <summary>Why no more will come; null when the other side has just closed it.</summary>
    public string? Error { get; init; }
}

/// <summary>Everything that goes over the wire.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault
)]
[JsonSerializable(typeof(AgentRequest))]
[JsonSerializable(typeof(AgentReply))]
[JsonSerializable(typeof(Nothing))]
[JsonSerializable(typeof(FileFacts))]
[JsonSerializable(typeof(byte[]))]
[JsonSerializable(typeof(Growth))]
[JsonSerializable(typeof(FilePart))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(IReadOnlyList<int>))]
[JsonSerializable(typeof(long?))]
[JsonSerializable(typeof(int?))]
[JsonSerializable(typeof(TimeSpan?))]
[JsonSerializable(typeof(Volume))]
[JsonSerializable(typeof(IReadOnlyList<ProcessFacts>))]
[JsonSerializable(typeof(IReadOnlyList<ProcessOrigin>))]
[JsonSerializable(typeof(ProgramEnd))]
[JsonSerializable(typeof(SystemUser))]
[JsonSerializable(typeof(IReadOnlyList<HostAddress>))]
[JsonSerializable(typeof(PortGreeting))]
internal sealed partial class WireJson : JsonSerializerContext;
