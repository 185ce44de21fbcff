using System.Text.Json.Nodes;

namespace PgpoolLab.Provisioning.LabFiles;

/// <summary>A map whose keys are names of the user's.</summary>
/// <param name="what">What it is: <c>a map of hosts</c>.</param>
/// <param name="values">What each name has.</param>
/// <param name="whyNot">Why a name cannot be used with what it has, as a clause; null when it can.</param>
/// <param name="pattern">The same as far as a regular expression of ECMAScript says it; null for none.</param>
/// <param name="least">How many there must be.</param>
internal sealed class NamedShape(
    string what,
    Shape values,
    Func<string, string, string?> whyNot,
    string? pattern = null,
    int least = 0
) : Shape
{
    internal override string Expected => what;

    internal override bool IsKindOf(YamlNode node) => node is YamlMap;

    internal override IEnumerable<(string Star, IReadOnlyList<LabFileKey> Keys)> Maps() =>
        values.Maps().Select(m => ("*." + m.Star, m.Keys));

    internal override void Check(YamlNode node, string path, LabFileProblems problems)
    {
        if (node is not YamlMap map)
        {
            Refuse(node, path, problems);
            return;
        }

        if (map.Entries.Count < least)
        {
            problems.Add(node.Place, $"{path} must be {what}; it is empty.");
        }

        foreach (var (key, value) in map.Entries.Select(e => (e.Key, e.Value)))
        {
            var full = $"{path}.{key.Text}";
            if (whyNot(key.Text, (value as YamlText)?.Text ?? "") is { } why)
            {
                problems.Add(key.Place, $"{full}: {why}");
            }

            values.Check(value, full, problems);
        }
    }

    internal override JsonObject Schema()
    {
        var schema = new JsonObject { ["type"] = "object", ["additionalProperties"] = values.Schema() };
        if (pattern is not null)
        {
            schema["propertyNames"] = new JsonObject { ["pattern"] = pattern };
        }

        if (least > 0)
        {
            schema["minProperties"] = least;
        }

        return schema;
    }
}
