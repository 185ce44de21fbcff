using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PgpoolLab.Provisioning.Reports;

/// <summary>How a lab on the list is.</summary>
public enum LabCondition
{
    /// <summary>Setup is at work; or it was killed, and the lab is an orphan.</summary>
    Creating,

    /// <summary>Setup has finished and proved it.</summary>
    Ready,

    /// <summary>Setup failed and was told to keep what it made.</summary>
    Failed,

    /// <summary>Destroy is at work; or it was ended before it was done, and the lab is an orphan.</summary>
    Destroying,

    /// <summary>Somebody has moved its folder; it can only be moved back or destroyed.</summary>
    Moved,

    /// <summary>Somebody has copied its folder, and the lab itself is still in its place; the copy can only be
    /// destroyed.</summary>
    Copy,

    /// <summary>Its manifest cannot be understood.</summary>
    Damaged,

    /// <summary>Its manifest was written by a newer version of this program.</summary>
    Newer,

    /// <summary>It cannot be read: it is another user's, or the disk does not answer.</summary>
    Unreadable,

    /// <summary>Its folder or its manifest was deleted by hand, and something of it is left.</summary>
    Gone,
}

/// <summary>One lab.</summary>
public sealed record LabView
{
    /// <summary>What users call it.</summary>
    public required string Name { get; init; }

    /// <summary>Its folder.</summary>
    public required string Directory { get; init; }

    /// <summary>The user whose list it is on.</summary>
    public required string User { get; init; }

    /// <summary>How it is.</summary>
    public required LabCondition State { get; init; }

    /// <summary>True when nobody looks after it any more: <c>destroy --orphans</c> removes it.</summary>
    public bool Orphan { get; init; }

    /// <summary>The command that is at work on it at this moment; null when there is none.</summary>
    public string? Command { get; init; }

    /// <summary>The clustering mode, as Pgpool-II names it.</summary>
    public string? Mode { get; init; }

    /// <summary>PostgreSQL's version.</summary>
    [JsonPropertyName("postgresql")]
    public string? PostgreSql { get; init; }

    /// <summary>Pgpool-II's version.</summary>
    public string? Pgpool { get; init; }

    /// <summary>Ports of the Pgpool-IIs, by number.</summary>
    public IReadOnlyList<int> PgpoolPorts { get; init; } = [];

    /// <summary>Ports of their control protocol.</summary>
    public IReadOnlyList<int> PcpPorts { get; init; } = [];

    /// <summary>Ports of the nodes, by number.</summary>
    public IReadOnlyList<int> NodePorts { get; init; } = [];

    /// <summary>How many nodes run; null when that cannot be known, or when they are another lab's.</summary>
    public int? NodesUp { get; init; }

    /// <summary>How many Pgpool-IIs run.</summary>
    public int? PgpoolsUp { get; init; }

    /// <summary>Bytes on disk; null when counting them took too long.</summary>
    public long? Bytes { get; init; }

    /// <summary>Its hosts, when it is on several and this is where it was made; null for others.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<HostOfLab>? Hosts { get; init; }

    /// <summary>The lab itself, when its hosts are still to be asked.</summary>
    [JsonIgnore]
    internal Model.Lab? Whole { get; init; }

    /// <summary>What is wrong with it, one sentence.</summary>
    public string? Problem { get; init; }

    /// <summary>The command that ends that.</summary>
    public string? Fix { get; init; }
}

/// <summary>One of the hosts of a lab on several.</summary>
/// <param name="Name">What the user calls it.</param>
public sealed record HostOfLab(string Name)
{
    /// <summary>Whether it has said what runs there; null when it was not asked.</summary>
    public bool? Answers { get; init; }

    /// <summary>Why it has not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Problem { get; init; }
}

/// <summary>All labs of a user.</summary>
/// <param name="Labs">The labs, by name.</param>
public sealed record LabsReport(IReadOnlyList<LabView> Labs)
{
    private static readonly LabsJson Json = new(
        new JsonSerializerOptions(LabsJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
    );

    /// <summary>The report as <c>--json</c> prints it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json.LabsReport);
}

/// <summary>States by their names in small letters.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(ConditionNames)]
)]
[JsonSerializable(typeof(LabsReport))]
internal sealed partial class LabsJson : JsonSerializerContext;

/// <summary>"ready", not "Ready": as the other words of a report.</summary>
internal sealed class ConditionNames() : JsonStringEnumConverter<LabCondition>(JsonNamingPolicy.CamelCase);
