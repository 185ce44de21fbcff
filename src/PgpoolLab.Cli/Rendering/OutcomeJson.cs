using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using PgpoolLab.Model;
using PgpoolLab.Provisioning.Export;
using PgpoolLab.Provisioning.Operations;
using PgpoolLab.Provisioning.Settings;

namespace PgpoolLab.Cli.Rendering;

/// <summary>What <c>lag --json</c> prints.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="Node">The standby.</param>
/// <param name="Delay">How much later it replays; null for not at all.</param>
internal sealed record LagInfo(string Lab, string Directory, int Node, string? Delay)
{
    internal static LagInfo Of(Lab lab, PostgresNode node, string delay) =>
        new(lab.Name, lab.Root, node.Id, delay == "0" ? null : delay);

    internal string ToJson() => JsonSerializer.Serialize(this, OutcomeJson.Readable.LagInfo);
}

/// <summary>What <c>sync --json</c> prints.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="On">True when commits wait for a standby.</param>
/// <param name="Apply">True when they wait until it has replayed them.</param>
/// <param name="Primary">The primary; null when there is none.</param>
/// <param name="Standbys">The synchronous standbys, by name.</param>
/// <param name="Warning">What follows from it that is easily missed; null for nothing.</param>
internal sealed record SyncInfo(
    string Lab,
    string Directory,
    bool On,
    bool Apply,
    int? Primary,
    IReadOnlyList<string> Standbys,
    string? Warning
)
{
    internal static SyncInfo Of(
        Lab lab,
        SyncChoice choice,
        bool apply,
        PostgresNode? primary,
        IReadOnlyList<string> standbys,
        string? warning
    ) => new(lab.Name, lab.Root, choice.On, choice.On && apply, primary?.Id, standbys, warning);

    internal string ToJson() => JsonSerializer.Serialize(this, OutcomeJson.Readable.SyncInfo);

    /// <exception cref="JsonException">It is none.</exception>
    internal static SyncInfo FromJson(string text) =>
        JsonSerializer.Deserialize(text, OutcomeJson.Readable.SyncInfo) ?? throw new JsonException("There is nothing.");
}

/// <summary>What <c>config set --json</c> prints.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="Settings">What became of each setting.</param>
internal sealed record ConfigSetInfo(string Lab, string Directory, IReadOnlyList<SetSetting> Settings)
{
    internal static ConfigSetInfo Of(Lab lab, IReadOnlyList<SettingOutcome> outcomes) =>
        new(
            lab.Name,
            lab.Root,
            [.. outcomes.Select(o => new SetSetting(o.Setting.Program, o.Setting.Name, o.Setting.Value, o.Servers))]
        );

    internal string ToJson() => JsonSerializer.Serialize(this, OutcomeJson.Readable.ConfigSetInfo);
}

/// <summary>One setting of <see cref="ConfigSetInfo"/>.</summary>
internal sealed record SetSetting(string Program, string Name, string Value, IReadOnlyList<ServerOutcome> Servers);

/// <summary>What <c>reload --json</c> prints.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="Reloaded">The servers that have read their files again.</param>
/// <param name="NotRunning">Those that do not run.</param>
/// <param name="Waiting">What waits for a restart.</param>
/// <param name="NotTaken">What a server did not take, a sentence each.</param>
internal sealed record ReloadInfo(
    string Lab,
    string Directory,
    IReadOnlyList<string> Reloaded,
    IReadOnlyList<string> NotRunning,
    IReadOnlyList<WaitingSetting> Waiting,
    IReadOnlyList<string> NotTaken
)
{
    internal static ReloadInfo Of(Lab lab, ReloadResult result) =>
        new(lab.Name, lab.Root, result.Reloaded, result.NotRunning, result.Waiting, result.NotTaken);

    internal string ToJson() => JsonSerializer.Serialize(this, OutcomeJson.Readable.ReloadInfo);
}

/// <summary>What <c>destroy --json</c> prints.</summary>
/// <param name="Lab">The lab's name; null for what a killed command has left.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="FolderIsGone">True when the folder is gone, too.</param>
/// <param name="Left">What lies in it still, as it is not the lab's.</param>
internal sealed record DestroyedInfo(string? Lab, string Directory, bool FolderIsGone, IReadOnlyList<string> Left)
{
    internal string ToJson() => JsonSerializer.Serialize(this, OutcomeJson.Readable.DestroyedInfo);
}

/// <summary>What <c>cache clear --json</c> prints.</summary>
/// <param name="Deleted">How many clusters were deleted.</param>
/// <param name="InUse">How many are in use at this moment, and stay.</param>
internal sealed record CacheClearedInfo(int Deleted, int InUse)
{
    internal string ToJson() => JsonSerializer.Serialize(this, OutcomeJson.Readable.CacheClearedInfo);
}

/// <summary>What <c>export --json</c> prints.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="To">The engine, as after <c>--to</c>.</param>
/// <param name="Output">The folder that was written to.</param>
/// <param name="Files">What was written, by its place in that folder.</param>
/// <param name="Kept">Secrets that were there already, and stay.</param>
/// <param name="Differences">What is there, but not as in the lab; a sentence each.</param>
internal sealed record ExportInfo(
    string Lab,
    string Directory,
    string To,
    string Output,
    IReadOnlyList<string> Files,
    IReadOnlyList<string> Kept,
    IReadOnlyList<string> Differences
)
{
    internal static ExportInfo Of(ExportRequest request, ExportedLab exported, ExportOutcome files) =>
        new(
            exported.Lab.Name,
            exported.Lab.Root,
            request.Target.Name(),
            request.Folder,
            files.Written,
            files.Kept,
            exported.Differences
        );

    internal string ToJson() => JsonSerializer.Serialize(this, OutcomeJson.Readable.ExportInfo);
}

/// <summary>The shapes of what commands report, without reflection. They only grow.</summary>
[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    Converters = [typeof(SettingStateNames)]
)]
[JsonSerializable(typeof(LagInfo))]
[JsonSerializable(typeof(SyncInfo))]
[JsonSerializable(typeof(ConfigSetInfo))]
[JsonSerializable(typeof(ReloadInfo))]
[JsonSerializable(typeof(DestroyedInfo))]
[JsonSerializable(typeof(CacheClearedInfo))]
[JsonSerializable(typeof(ExportInfo))]
internal sealed partial class OutcomeJson : JsonSerializerContext
{
    internal static OutcomeJson Readable =>
        new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}

/// <summary>"inEffect", not "InEffect": as the other words of a report.</summary>
internal sealed class SettingStateNames() : JsonStringEnumConverter<SettingState>(JsonNamingPolicy.CamelCase);
