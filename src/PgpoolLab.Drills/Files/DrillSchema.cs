using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PgpoolLab.Drills.Files;

/// <summary>The JSON Schema of drill files, by which editors complete and check them. It is made of the reader's own
/// table.</summary>
/// <remarks>JSON Schema, draft 2020-12.</remarks>
public static class DrillSchema
{
    /// <summary>The schema, as a text.</summary>
    public static string Text()
    {
        var root = DrillKeys.Root.Schema();
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "A drill of pgpoollab",
            ["description"] = "What pgpoollab drill does to a lab under load, and what it expects.",
        };
        foreach (var (name, value) in root.ToArray())
        {
            root.Remove(name);
            schema[name] = value;
        }

        using var stream = new MemoryStream();
        using (
            var writer = new Utf8JsonWriter(
                stream,
                new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
            )
        )
        {
            schema.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
