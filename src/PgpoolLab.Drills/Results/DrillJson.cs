using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PgpoolLab.Drills.Results;

/// <summary>Results for programs.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(DrillResult))]
[JsonSerializable(typeof(IReadOnlyList<DrillResult>))]
internal sealed partial class DrillJson : JsonSerializerContext
{
    /// <summary>Quotes and umlauts of texts stay readable.</summary>
    internal static DrillJson Readable =>
        new(new JsonSerializerOptions(Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
