using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Servers.Clients;

namespace PgpoolLab.Servers.Reports;

/// <summary>What one host sees of its part of a lab on several, and judges nothing of: that takes all of
/// them.</summary>
/// <param name="Report">What <c>nodes</c> shows there, without findings.</param>
/// <param name="Pgpool">What became of the question to the Pgpool-II there.</param>
public sealed record PartLook(NodesReport Report, PgpoolSays Pgpool)
{
    /// <summary>What that Pgpool-II thinks of nodes on other hosts.</summary>
    public IReadOnlyList<PoolNode> Elsewhere { get; init; } = [];

    /// <summary>What the nodes there have said beside what is shown.</summary>
    public IReadOnlyList<PartNode> Nodes { get; init; } = [];

    /// <summary>Tablespaces whose files several nodes there write.</summary>
    public IReadOnlyList<SharedTablespace> Shared { get; init; } = [];

    /// <summary>The folder of its servers' unix sockets.</summary>
    public string? SocketFolder { get; init; }

    /// <summary>The user its servers run as, who is PostgreSQL's superuser.</summary>
    public string? Owner { get; init; }

    /// <summary>The file with the lab's passwords there; null where nobody is asked for one.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>The certificate of the lab's own authority there; null without TLS.</summary>
    public string? TlsAuthority { get; init; }

    /// <summary>What <c>status</c> explains by; null when it was not asked for.</summary>
    public StatusDetails? Details { get; init; }

    /// <summary>How its Pgpool-II notices a node that is dead; null when it was not asked for.</summary>
    public HealthCheck? HealthCheck { get; init; }

    /// <summary>As a text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, PartJson.Default.PartLook);

    /// <summary>From a text.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static PartLook FromJson(string text) =>
        JsonSerializer.Deserialize(text, PartJson.Default.PartLook) ?? throw new JsonException("There is nothing.");
}

/// <summary>What one PostgreSQL has said beside what is shown of it.</summary>
/// <param name="Id">Node number.</param>
public sealed record PartNode(int Id)
{
    /// <inheritdoc cref="PostgresSays.StreamsAs"/>
    public string? StreamsAs { get; init; }

    /// <inheritdoc cref="PostgresSays.MadeAsStandby"/>
    public bool? MadeAsStandby { get; init; }

    /// <summary>Of a primary: the standbys it sends to, by name, and by how many bytes each is behind.</summary>
    public IReadOnlyDictionary<string, long?> LagOf { get; init; } = new Dictionary<string, long?>();

    /// <summary>Of a primary: what commits on it wait for; null when they wait for nobody.</summary>
    public SynchronousCommit? Synchronous { get; init; }
}

/// <summary>The shapes that go from host to host, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(PartLook))]
internal sealed partial class PartJson : JsonSerializerContext;
