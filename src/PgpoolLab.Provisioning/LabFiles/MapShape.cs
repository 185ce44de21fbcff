using System.Text.Json.Nodes;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>A map with known keys.</summary>
/// <param name="keys">The keys.</param>
/// <param name="mayBeEmpty">True when nothing at all may be written.</param>
/// <param name="whole">What it is called where it is a whole file.</param>
internal sealed class MapShape(IReadOnlyList<LabFileKey> keys, bool mayBeEmpty = false, string whole = "a lab file")
    : Shape
{
    /// <summary>The keys.</summary>
    internal IReadOnlyList<LabFileKey> Keys => keys;

    internal override string Expected => $"a map with the keys {string.Join(", ", keys.Select(k => k.Name))}";

    internal override bool IsKindOf(YamlNode node) => node is YamlMap || (mayBeEmpty && IsNothing(node));

    internal override IEnumerable<(string Star, IReadOnlyList<LabFileKey> Keys)> Maps() => [("", keys)];

    internal override void Check(YamlNode node, string path, LabFileProblems problems)
    {
        if (node is not YamlMap map)
        {
            if (!mayBeEmpty || !IsNothing(node))
            {
                Refuse(node, path.Length == 0 ? whole : path, problems);
            }

            return;
        }

        foreach (var (key, value) in map.Entries.Select(e => (e.Key, e.Value)))
        {
            var full = path.Length == 0 ? key.Text : $"{path}.{key.Text}";
            if (keys.FirstOrDefault(k => k.Name == key.Text) is { } known)
            {
                known.Shape.Check(value, full, problems);
            }
            else
            {
                problems.Add(key.Place, Unknown(key.Text, path));
            }
        }

        foreach (var missing in keys.Where(k => k.IsRequired && map[k.Name] is null))
        {
            problems.Add(map.Place, $"{path} lacks its key '{missing.Name}'.");
        }
    }

    private string Unknown(string key, string path)
    {
        const string merge = "<<";
        var where = path.Length == 0 ? whole : path;
        return key == merge ? "<< merges in another map; write its keys out here."
            : Nearest(key, keys.Select(k => k.Name)) is { } near
                ? $"there is no key '{key}' in {where}. Did you mean {near}?"
            : LabFileKeys.WhereIs(key) is { } elsewhere ? $"there is no key '{key}' in {where}; it is in {elsewhere}."
            : $"there is no key '{key}' in {where}; there are {string.Join(", ", keys.Select(k => k.Name))}.";
    }

    private static bool IsNothing(YamlNode node) => node is YamlText { IsNothing: true };

    internal override JsonObject Schema()
    {
        var properties = new JsonObject();
        foreach (var key in keys)
        {
            var schema = key.Shape.Schema();
            schema["description"] = key.Description;
            properties[key.Name] = schema;
        }

        var result = new JsonObject
        {
            ["type"] = mayBeEmpty ? new JsonArray("object", "null") : "object",
            ["additionalProperties"] = false,
            ["properties"] = properties,
        };
        if (keys.Any(k => k.IsRequired))
        {
            result["required"] = new JsonArray([.. keys.Where(k => k.IsRequired).Select(k => (JsonNode)k.Name)]);
        }

        return result;
    }
}
