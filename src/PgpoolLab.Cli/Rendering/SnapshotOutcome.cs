using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Snapshots;

namespace PgpoolLab.Cli.Rendering;

/// <summary>What <c>snapshot save --json</c> and <c>snapshot restore --json</c> print.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="Name">The snapshot's name.</param>
/// <param name="SavedAt">The moment whose state it is.</param>
/// <param name="FrozenMilliseconds">How long the servers stood still for it; null when none ran.</param>
/// <param name="Bytes">What it takes on disk; blocks that it shares with the lab count, too.</param>
/// <param name="Files">How many files it has.</param>
/// <param name="SharedFiles">How many of them share their blocks with the lab's.</param>
/// <param name="Servers">The servers at that moment.</param>
internal sealed record SnapshotOutcome(
    string Lab,
    string Directory,
    string Name,
    DateTimeOffset SavedAt,
    double? FrozenMilliseconds,
    long Bytes,
    int Files,
    int SharedFiles,
    IReadOnlyList<SnapshotServer> Servers
)
{
    /// <summary>Whether the lab was started after a restore; null when it was saved.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? IsUp { get; init; }

    internal static SnapshotOutcome Of(Lab lab, SnapshotInfo info) =>
        new(
            lab.Name,
            lab.Root,
            info.Name,
            info.SavedAt,
            info.FrozenMilliseconds,
            info.Bytes,
            info.Files,
            info.SharedFiles,
            info.Servers
        );

    internal string ToJson() => JsonSerializer.Serialize(this, SnapshotOutcomeJson.Readable.SnapshotOutcome);
}

/// <summary>One of what <c>snapshot list --json</c> prints.</summary>
/// <param name="Name">Its name.</param>
/// <param name="SavedAt">The moment whose state it is; null for a damaged one.</param>
/// <param name="Bytes">What it takes on disk.</param>
/// <param name="FrozenMilliseconds">How long the servers stood still for it; null when none ran.</param>
/// <param name="Servers">The servers at that moment.</param>
/// <param name="PostgreSql">The version of PostgreSQL.</param>
/// <param name="Pgpool">The version of Pgpool-II.</param>
/// <param name="Problem">Why it cannot be used; null when it can.</param>
internal sealed record ListedSnapshot(
    string Name,
    DateTimeOffset? SavedAt,
    long Bytes,
    double? FrozenMilliseconds,
    IReadOnlyList<SnapshotServer> Servers,
    string? PostgreSql,
    string? Pgpool,
    string? Problem
)
{
    internal static string ToJson(IReadOnlyList<StoredSnapshot> all) =>
        JsonSerializer.Serialize(
            [
                .. all.Select(s => new ListedSnapshot(
                    s.Name,
                    s.Info?.SavedAt,
                    s.Bytes,
                    s.Info?.FrozenMilliseconds,
                    s.Info?.Servers ?? [],
                    s.Info?.Lab.Tools.Postgres.ToString(),
                    s.Info?.Lab.Tools.Pgpool.ToString(),
                    s.Problem
                )),
            ],
            SnapshotOutcomeJson.Readable.ListedSnapshotArray
        );
}

/// <summary>What <c>snapshot drop --json</c> prints.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="Dropped">The snapshot that is gone.</param>
internal sealed record DroppedSnapshot(string Lab, string Directory, string Dropped)
{
    internal string ToJson() => JsonSerializer.Serialize(this, SnapshotOutcomeJson.Readable.DroppedSnapshot);
}

/// <summary>The shapes of what these commands report, without reflection. They only grow.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SnapshotOutcome))]
[JsonSerializable(typeof(ListedSnapshot[]))]
[JsonSerializable(typeof(DroppedSnapshot))]
internal sealed partial class SnapshotOutcomeJson : JsonSerializerContext
{
    internal static SnapshotOutcomeJson Readable =>
        new(
            new JsonSerializerOptions(Default.Options)
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
