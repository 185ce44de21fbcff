using System.Text.Json;
using System.Text.Json.Serialization;

namespace PgpoolLab.Provisioning.Settings;

/// <summary>The value one server has.</summary>
/// <param name="Server"><c>node 0</c>, <c>Pgpool-II</c>, or <c>Pgpool-II 1</c> of several.</param>
/// <param name="Value">The value in effect; null when the server does not run, or does not say.</param>
/// <param name="From">Where it comes from: a file and line, <c>default</c>, <c>command line</c> …</param>
/// <param name="InFile">The value that the server would have after a restart, when it is another one.</param>
/// <param name="Problem">Why there is no value.</param>
public sealed record ServerValue(string Server, string? Value, string? From, string? InFile, string? Problem);

/// <summary>One setting.</summary>
/// <param name="Program"><c>pgpool</c> or <c>postgresql</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Default">The program's own default; null when that is not known.</param>
/// <param name="Change">When a change takes effect: <c>reload</c> or <c>restart</c>; null when nobody says.</param>
/// <param name="Servers">What each server has.</param>
public sealed record SettingView(
    string Program,
    string Name,
    string? Default,
    string? Change,
    IReadOnlyList<ServerValue> Servers
);

/// <summary>Settings of a lab's servers.</summary>
/// <param name="Lab">The lab's name.</param>
/// <param name="Directory">Its folder.</param>
/// <param name="Settings">The settings.</param>
/// <param name="Problems">Servers that could not be asked, a sentence each.</param>
public sealed record SettingsReport(
    string Lab,
    string Directory,
    IReadOnlyList<SettingView> Settings,
    IReadOnlyList<string> Problems
)
{
    private static readonly SettingsJson Json = new(
        new JsonSerializerOptions(SettingsJson.Default.Options)
        {
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        }
    );

    /// <summary>For <c>--json</c>.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json.SettingsReport);
}

/// <summary>The shape of <c>--json</c>, without reflection.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SettingsReport))]
internal sealed partial class SettingsJson : JsonSerializerContext;
