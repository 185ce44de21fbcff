using System.Text.Json.Nodes;
using CsCheck;

namespace PgpoolLab.Testing;

/// <summary>JSON that somebody has edited, or that a program other than ours has written.</summary>
public static class AnyJson
{
    private static readonly string[] Scalars =
    [
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "2147483648",
        "99999999999999999999999",
        "1e999",
        "\"\"",
        "\"x\"",
        "\"/\"",
        "\"../../x\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"2026-02-30T25:00:00Z\"",
        "[]",
        "{}",
        "[null]",
        "[[]]",
        "{\"x\":null}",
    ];

    /// <summary>Any JSON, not very deep.</summary>
    public static Gen<string> Value { get; } =
        Gen.Recursive<string>(
            (depth, inner) =>
                depth > 3
                    ? Gen.OneOf(Scalars)
                    : Gen.OneOf(
                        Gen.OneOf(Scalars),
                        inner.Array[0, 3].Select(v => $"[{string.Join(',', v)}]"),
                        Gen.Select(Gen.OneOf("schema", "lab", "id", "Key", "files"), inner)
                            .Array[0, 3]
                            .Select(m => $"{{{string.Join(',', m.Select(p => $"\"{p.Item1}\":{p.Item2}"))}}}")
                    )
        );

    /// <summary>A JSON text of which some values are others, or gone, or there twice.</summary>
    public static Gen<string> Mutation(string original) =>
        Gen.Select(Gen.Double[0, 1], Gen.OneOf(Scalars), Gen.Int[0, 4])
            .Array[1, 3]
            .Select(changes => changes.Aggregate(original, Change));

    // What an earlier change has made of it may be no JSON any more, or none that can be walked through.
    private static string Change(string text, (double Place, string Value, int Kind) change)
    {
        try
        {
            return JsonNode.Parse(text) is { } root && Below(root).ToArray() is { Length: > 0 } all
                ? Change(root, all, change)
                : text;
        }
        catch (Exception error)
            when (error is System.Text.Json.JsonException or ArgumentException or InvalidOperationException)
        {
            return text;
        }
    }

    private static string Change(JsonNode root, JsonNode?[] all, (double Place, string Value, int Kind) change)
    {
        const string placeholder = "here-comes-something-else";
        var node = all[Math.Min(all.Length - 1, (int)(change.Place * all.Length))]!;
        switch (change.Kind)
        {
            case 0 when node.Parent is JsonObject parent:
                parent.Remove(node.GetPropertyName());
                return root.ToJsonString();
            case 1 when node.Parent is JsonObject parent:
                var name = $"\"{node.GetPropertyName()}\":";
                node.ReplaceWith(JsonValue.Create(placeholder));
                return root.ToJsonString()
                    .Replace($"\"{placeholder}\"", $"{change.Value},{name}{change.Value}", StringComparison.Ordinal);
            case 2 when node.Parent is JsonArray list:
                list.Add(node.DeepClone());
                return root.ToJsonString();
            default:
                node.ReplaceWith(JsonValue.Create(placeholder));
                return root.ToJsonString().Replace($"\"{placeholder}\"", change.Value, StringComparison.Ordinal);
        }
    }

    private static IEnumerable<JsonNode?> Below(JsonNode node) =>
        node switch
        {
            JsonObject o => o.Select(p => p.Value).OfType<JsonNode>().SelectMany(v => Below(v).Prepend(v)),
            JsonArray a => a.OfType<JsonNode>().SelectMany(v => Below(v).Prepend(v)),
            _ => [],
        };
}
