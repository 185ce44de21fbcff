using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>The JSON Schema of lab files, by which editors complete and check them. It is made of the reader's own
/// table.</summary>
/// <remarks>JSON Schema, draft 2020-12.</remarks>
public static class LabFileSchema
{
    /// <summary>Every option of <c>setup</c> that a key says as well.</summary>
    public static IReadOnlyList<string> Options { get; } =
    [.. LabFileKeys.All.Select(k => k.Key.Option).OfType<string>().Distinct(StringComparer.Ordinal)];

    /// <summary>Every key with those above it: <c>postgresql.version</c>, <c>hosts.*.address</c>.</summary>
    public static IReadOnlyList<string> Keys { get; } = [.. LabFileKeys.All.Select(k => k.Path)];

    /// <summary>The schema, as a text.</summary>
    public static string Text()
    {
        var root = LabFileKeys.Root.Schema();
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "A lab of pgpoollab",
            ["description"] = "What pgpoollab setup -f makes a lab of: PostgreSQL nodes and Pgpool-II.",
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
