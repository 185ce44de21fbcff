using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using PgpoolLab.Provisioning.LabFiles;

namespace PgpoolLab.Provisioning.Tests.LabFiles;

/// <summary>Lab files as an editor checks them.</summary>
internal static class SchemaCheck
{
    private static readonly JsonSchema Schema = JsonSchema.FromText(LabFileSchema.Text());

    /// <summary>True when the schema has nothing against a file.</summary>
    internal static bool IsFine(string text)
    {
        var problems = new LabFileProblems("lab.yaml");
        var node = YamlReader.Read(text, problems);
        Assert.True(problems.None, string.Join('\n', problems.Lines));
        using var document = JsonDocument.Parse((node is null ? new JsonObject() : Of(node))?.ToJsonString() ?? "null");
        return Schema.Evaluate(document.RootElement).IsValid;
    }

    private static JsonNode? Of(YamlNode node) =>
        node switch
        {
            YamlMap map => new JsonObject(map.Entries.Select(e => KeyValuePair.Create(e.Key.Text, Of(e.Value)))),
            YamlList list => new JsonArray([.. list.Items.Select(Of)]),
            YamlText { IsNothing: true } => null,
            YamlText { Truth: { } truth } => JsonValue.Create(truth),
            YamlText { IsNumber: true } number => long.TryParse(number.Text, out var whole)
                ? JsonValue.Create(whole)
                : JsonValue.Create(
                    double.TryParse(number.Text, CultureInfo.InvariantCulture, out var value) ? value : 0.5
                ),
            YamlText text => JsonValue.Create(text.Text),
            _ => throw new InvalidOperationException(),
        };
}
