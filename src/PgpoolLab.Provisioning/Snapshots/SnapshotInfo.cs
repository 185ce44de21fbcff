using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Store;

namespace PgpoolLab.Provisioning.Snapshots;

/// <summary>One server at the time of a snapshot.</summary>
/// <param name="Server">Its name: "node 0", "Pgpool-II".</param>
/// <param name="Role">primary, standby, node (where there is none) or pgpool.</param>
/// <param name="Ran">True when it ran.</param>
public sealed record SnapshotServer(string Server, string Role, bool Ran);

/// <summary>What is known of a snapshot: its file <c>snapshot.json</c>.</summary>
public sealed record SnapshotInfo
{
    /// <summary>Version of this file's shape.</summary>
    public const int CurrentSchema = 1;

    /// <summary>The shape this file has.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>What it is called.</summary>
    public required string Name { get; init; }

    /// <summary>The moment whose state it is.</summary>
    public required DateTimeOffset SavedAt { get; init; }

    /// <summary>How long the servers stood still; null when none ran.</summary>
    public double? FrozenMilliseconds { get; init; }

    /// <summary>What it took on disk when it was saved, in bytes. Blocks that it shares with the lab count,
    /// too.</summary>
    public required long Bytes { get; init; }

    /// <summary>How many of its files share their blocks with the lab's.</summary>
    public int SharedFiles { get; init; }

    /// <summary>How many files it has.</summary>
    public int Files { get; init; }

    /// <summary>The servers: nodes, then Pgpool-IIs.</summary>
    public required IReadOnlyList<SnapshotServer> Servers { get; init; }

    /// <summary>What it holds.</summary>
    public required IReadOnlyList<SavedItem> Items { get; init; }

    /// <summary>The lab's manifest at that time.</summary>
    public required LabManifest Manifest { get; init; }

    /// <summary>The lab at that time.</summary>
    [JsonIgnore]
    public Lab Lab => Manifest.Lab;

    /// <summary>True when servers of it ran.</summary>
    [JsonIgnore]
    public bool Ran => Servers.Any(s => s.Ran);

    private static readonly SnapshotJson Json = new(
        new JsonSerializerOptions(SnapshotJson.Default.Options)
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }
    );

    internal string ToJson() => JsonSerializer.Serialize(this, Json.SnapshotInfo) + "\n";

    /// <exception cref="JsonException">It is damaged, or of a newer program.</exception>
    internal static SnapshotInfo Parse(string text)
    {
        using var document = JsonDocument.Parse(text);
        if (
            !document.RootElement.TryGetProperty("schema", out var schema)
            || !schema.TryGetInt32(out var version)
            || version > CurrentSchema
        )
        {
            throw new JsonException("A newer pgpoollab has written it.");
        }

        var info = document.RootElement.Deserialize(Json.SnapshotInfo);
        return
            info is { Manifest.Lab: { Nodes.Count: > 0, Pgpools.Count: > 0, Root: not null } lab, Items.Count: > 0 }
            && info.Items.All(i => IsBelow(i.Path))
            ? info with
            {
                Manifest = info.Manifest with { Lab = lab.WithOwnFolders() },
            }
            : throw new JsonException("A part of it is missing.");
    }

    private static bool IsBelow(string path) =>
        path.Length > 0 && !Path.IsPathRooted(path) && !path.Split('/').Any(p => p is "" or "." or "..");
}

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(SnapshotInfo))]
[JsonSerializable(typeof(FrozenProcesses))]
[JsonSerializable(typeof(RestoreJournal))]
[JsonSerializable(typeof(MoveJournal))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
