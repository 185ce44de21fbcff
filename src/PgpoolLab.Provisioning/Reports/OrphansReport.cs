using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Provisioning.Leftovers;

namespace PgpoolLab.Provisioning.Reports;

/// <summary>What was removed of one orphaned lab.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Directory">Where it lay.</param>
/// <param name="Kind">What had become of it.</param>
/// <param name="Processes">Servers that were ended, each with its process id. Empty for a killed setup, whose lab is
/// destroyed like any other.</param>
/// <param name="Files">Sockets, lock files and links that were deleted.</param>
/// <param name="Left">What was left as it is not the lab's, or as nothing says that it is.</param>
public sealed record RemovedOrphan(
    string Name,
    string Directory,
    OrphanKind Kind,
    IReadOnlyList<EndedProcess> Processes,
    IReadOnlyList<string> Files,
    IReadOnlyList<string> Left
);

/// <summary>A process that was ended.</summary>
/// <param name="Id">Its process id.</param>
/// <param name="Command">Its command line.</param>
public sealed record EndedProcess(int Id, string Command);

/// <summary>An orphan, or a part of one, that is still there.</summary>
/// <param name="Name">The lab's name.</param>
/// <param name="Directory">Where it lay.</param>
/// <param name="Problem">Why.</param>
public sealed record KeptOrphan(string Name, string Directory, string Problem);

/// <summary>What is no lab's and could not be cleared for a user: leases of ports, or the cache.</summary>
/// <param name="User">The user's name.</param>
/// <param name="Directory">Where it lies.</param>
/// <param name="Problem">Why.</param>
public sealed record KeptRemains(string User, string Directory, string Problem);

/// <summary>What <c>destroy --orphans</c> did.</summary>
/// <param name="Removed">Labs of which nothing is left.</param>
/// <param name="CacheFolders">Database clusters in the cache that were never finished, and are deleted.</param>
/// <param name="Kept">What could not be removed.</param>
public sealed record OrphansReport(
    IReadOnlyList<RemovedOrphan> Removed,
    IReadOnlyList<string> CacheFolders,
    IReadOnlyList<KeptOrphan> Kept
)
{
    /// <summary>What is no lab's and could not be cleared.</summary>
    public IReadOnlyList<KeptRemains> Remains { get; init; } = [];

    /// <summary>True when something is left that was to be removed.</summary>
    [JsonIgnore]
    public bool IsIncomplete => Kept.Count + Remains.Count > 0;

    private static readonly OrphansJson Json = new(
        new JsonSerializerOptions(OrphansJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
    );

    /// <summary>The report as <c>--json</c> prints it.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json.OrphansReport);
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true
)]
[JsonSerializable(typeof(OrphansReport))]
internal sealed partial class OrphansJson : JsonSerializerContext;
